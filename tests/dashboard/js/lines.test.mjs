import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addLine, counted, lines } from '../../../static/js/lines.js';
import { fromSnapshot, reduce } from '../../../static/js/model.js';
import { proxied } from '../../../static/js/draw/nodes.js';
import { columns, snapshot } from './pictures.mjs';

const LETTERS = 'bcdfghjklmnpqrstvwxz';
const nameOf = (i) => `web-7c9f8d5b4-${[i % 20, Math.floor(i / 20) % 20, 0, 1, 2].map((n) => LETTERS[n]).join('')}`;
const started = (s, name, more) => ({ k: 'event', s, at: 1, kind: 'Pod', namespace: 'default', name, reason: 'Started', gist: 'container started', say: 'pod: Started', ...more });

test('the count is of all that happened, however little is kept', () => {
  const [line] = lines(Array.from({ length: 390 }, (_, i) => started(i, nameOf(i))));
  assert.deepEqual(counted(line), ['×390', '']);
});

const counts = [
  ['several things count as things, not as what happened to them', [nameOf(1), nameOf(1), nameOf(2), nameOf(2)], ['×2', '']],
  ['what happened several times to one thing says so', [nameOf(1), nameOf(1), nameOf(1)], ['cbbcd', ' (3 times)']],
  ['once is not counted', [nameOf(1)], ['cbbcd', '']],
];
for (const [name, pods, expected] of counts) test(name, () => assert.deepEqual(counted(lines(pods.map((pod, s) => started(s, pod)))[0]), expected));

test('nodes are counted once each, however often they said it', () => {
  const ready = (s, name) => ({ k: 'event', s, at: 1, kind: 'Node', name, reason: 'NodeReady', gist: 'is ready', say: 'ready' });
  const [line] = lines([ready(1, 'worker-1'), ready(2, 'worker-2'), ready(3, 'worker-1')]);
  assert.deepEqual([line.about, ...counted(line)], ['worker', '×2', '']);
});

test('adding a line changes none that was handed in', () => {
  const before = addLine([], started(1, nameOf(1)));
  const copy = structuredClone(before);
  addLine(before, started(2, nameOf(2)));
  assert.deepEqual(before, copy);
});

test('Events that were left out of a batch are told as a number', () => {
  const after = reduce(fromSnapshot(snapshot(), 0), { at: [60, 5], now: 1001, journal: [], objects: [], more: { event: 560 } }, 10);
  assert.match(after.story.at(-1).text, /^560 more Events came at once/);
});

test('a kube-proxy tells how many services it serves, before and after it wrote its rules', () => {
  const state = fromSnapshot({ ...snapshot(), objects: { ...snapshot().objects, services: columns({ 'default/web': { ip: '10.96.0.9' }, 'default/kubernetes': { ip: '10.96.0.1' } }) } }, 0);
  assert.equal(proxied(state, 'worker-1'), '2 services');
  state.proxies.set('worker-1', '36 rules for 2 services');
  assert.equal(proxied(state, 'worker-1'), '2 services');
});
