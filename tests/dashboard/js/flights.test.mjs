import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flights, MOST, placeOf } from '../../../static/js/flights.js';
import { fromSnapshot, passed } from '../../../static/js/model.js';
import { beside, point } from '../../../static/js/overlay.js';
import { bars, placeMarks } from '../../../static/js/timebar.js';
import { nearest } from '../../../static/js/keys.js';
import { lines, moment, shared, subjectOf } from '../../../static/js/story.js';
import { clock, fit, podName, span } from '../../../static/js/words.js';
import { pod, snapshot } from './pictures.mjs';

const state = fromSnapshot(snapshot(), 0);
const request = (more) => ({ k: 'request', s: 6, actor: 'system:node:worker-1', verb: 'update', resource: 'pods', code: 200, ...more });
const ways = (batch) => flights(batch, state).map(({ from, to }) => `${from} > ${to}`);

test('nothing happened, nothing flies', () => assert.deepEqual(flights({ objects: [], journal: [] }, state), []));

test('a write goes to the API server and on to the leader', () => assert.deepEqual(ways({ journal: [request()] }), ['node/worker-1 > api-in', 'api-top > etcd-0']));

test('a read goes to the API server only', () => assert.deepEqual(ways({ journal: [request({ verb: 'get' })] }), ['node/worker-1 > api-in']));

test('a refused write never reaches etcd, and is seen to be refused', () => {
  const [only, ...rest] = flights({ journal: [request({ code: 403 })] }, state);
  assert.deepEqual([only.tone, rest.length], ['bad', 0]);
});

test('messages fly after the write that caused them, replies after what they answer', () => {
  const journal = [
    { k: 'raft.message', s: 6, type: 'MsgAppend', from: 'etcd-0', to: 'etcd-1', entries: 1, index: 11 },
    { k: 'raft.message', s: 7, type: 'MsgAppendResponse', from: 'etcd-1', to: 'etcd-0' },
    request({ s: 8 }),
  ];
  assert.deepEqual(ways({ journal }), ['node/worker-1 > api-in', 'api-top > etcd-0', 'etcd-0 > etcd-1', 'etcd-1 > etcd-0']);
  assert.equal(flights({ journal }, state)[2].label, 'append 11');
});

test('a bound pod is told to its node once, however many pods there are', () => {
  const objects = [1, 2, 3].map((i) => ['pods', `default/p-${i}`, { node: 'worker-2' }, '']);
  assert.deepEqual(ways({ objects }).toSorted(), ['api-down > controllers', 'api-down-right > scheduler', 'api-out > node/worker-2']);
});

const POD = (node) => ['pods', 'default/p', { node }, ''];
const SERVICE = ['services', 'default/web', { ip: '10.96.0.9' }, ''];
const SLICE = ['endpointslices.discovery.k8s.io', 'default/web-abc', { service: 'web' }, ''];
const NODES = ['node/worker-1', 'node/worker-2', 'node/worker-3'];
const CUT = [{ kind: 'partition', target: 'node/worker-1', peer: 'apiserver' }];
const all = (how) => Object.fromEntries(how.map((target) => [target, 'stopped']));
const watches = [
  ['a Service is told to every kube-proxy', {}, SERVICE, ['controllers', ...NODES]],
  ['so are its endpoints', {}, SLICE, ['controllers', ...NODES]],
  ['a dead kube-proxy is told nothing of endpoints', { broken: { 'kube-proxy/worker-1': 'stopped' } }, SLICE, ['controllers', ...NODES.slice(1)]],
  ['nor one on a machine that is off', { broken: { 'node/worker-1': 'stopped' } }, SERVICE, ['controllers', ...NODES.slice(1)]],
  ['nor one behind a wire that is cut', { faults: CUT }, SERVICE, ['controllers', ...NODES.slice(1)]],
  ['a new pod is told to the scheduler', {}, POD(''), ['controllers', 'scheduler']],
  ['not to a dead scheduler', { broken: { scheduler: 'stopped' } }, POD(''), ['controllers']],
  ['nor to one that is paused', { broken: { scheduler: 'paused' } }, POD(''), ['controllers']],
  ['nor to dead controllers', { broken: all(['controller-manager', 'cloud-controller-manager', 'scheduler']) }, POD(''), []],
  ['a pod pinned to a dead machine flies nowhere', { broken: { 'node/worker-2': 'stopped', ...all(['controller-manager', 'scheduler']) } }, POD('worker-2'), []],
  ['a pod of a dead kubelet is not told to its node', { broken: { 'kubelet/worker-2': 'stopped' } }, POD('worker-2'), ['controllers', 'scheduler']],
  ['nor over a cut wire', { faults: CUT }, POD('worker-1'), ['controllers', 'scheduler']],
  ['a dead API server tells nobody', { broken: { apiserver: 'stopped' } }, SERVICE, []],
  ['a heartbeat is not drawn', {}, ['leases.coordination.k8s.io', 'kube-node-lease/worker-1', {}, ''], []],
];
for (const [name, options, change, told] of watches) {
  test(`watches: ${name}`, () => assert.deepEqual(flights({ objects: [change] }, fromSnapshot(snapshot(options), 0)).map((flight) => flight.to).toSorted(), told));
}

test('the end of a pod is told to the node it was on', () => {
  const before = fromSnapshot(snapshot({ pods: { 'default/p': pod('worker-3') } }), 0);
  assert.ok(flights({ objects: [['pods', 'default/p', null, '']] }, before).some((flight) => flight.to === 'node/worker-3'));
});

test('a flood is cut', () => assert.equal(flights({ journal: Array.from({ length: 500 }, () => request()) }, state).length, MOST));

const places = [['kubernetes-admin', 'client'], ['system:node:worker-3', 'node/worker-3'], ['system:kube-scheduler', 'scheduler'], ['system:serviceaccount:kube-system:deployment-controller', 'controllers'], ['', 'client']];
for (const [actor, place] of places) test(`${actor || 'nobody'} stands at ${place}`, () => assert.equal(placeOf(actor), place));

test('a dot starts and ends where its way does', () => {
  const curve = [0, 0, 10, 0, 10, 20, 20, 20];
  assert.deepEqual([point(curve, 0), point(curve, 1)], [[0, 0], [20, 20]]);
});

test('labels of a way there and of the way back stand on different sides', () => {
  const there = beside([0, 0, 30, 10, 60, 10, 90, 0]);
  const back = beside([90, 0, 60, -10, 30, -10, 0, 0]);
  assert.ok(there.y > 10 && back.y < -6);
  assert.deepEqual([there.align, back.align], ['center', 'center']);
  assert.equal(beside([0, 0, 10, 30, 10, 60, 0, 90]).align, 'left');
});

test('every second has a bar, and a silent one is flat', () => {
  const list = bars(new Map([[5, 9]]), 0, 10, 100, 30);
  assert.equal(list.length, 11);
  assert.deepEqual(list.filter((bar) => bar.busy).map((bar) => bar.second), [5]);
});

test('words of marks never cover one another', () => {
  const marks = [10, 11, 60].map((at, s) => ({ at, s, say: 'kill etcd-0', tone: 'bad', sign: '✕' }));
  assert.deepEqual(placeMarks(marks, 0, 100, 400).map((mark) => mark.worded), [false, true, true]);
});

test('arrows go to the nearest thing in their direction', () => {
  const spots = [{ x: 10, y: 0, name: 'right' }, { x: 0, y: 10, name: 'below' }, { x: 50, y: 2, name: 'far' }];
  assert.equal(nearest({ x: 0, y: 0 }, spots, [1, 0]).name, 'right');
  assert.equal(nearest({ x: 0, y: 0 }, spots, [0, 1]).name, 'below');
  assert.equal(nearest({ x: 0, y: 0 }, spots, [0, -1]), null);
});

test('a sentence knows what it is about', () => {
  assert.equal(subjectOf({ k: 'raft.role', member: 'etcd-1' }), 'member/etcd-1');
  assert.equal(subjectOf({ k: 'fault', target: 'kubelet/worker-1' }), 'component/kubelet/worker-1');
  assert.equal(subjectOf({ k: 'event', kind: 'Pod', namespace: 'default', name: 'a' }), 'pod/default/a');
});

test('the like of several nodes is one line', () => {
  const ready = (name, s) => ({ k: 'event', s, at: 1, kind: 'Node', name, reason: 'NodeReady', gist: 'is ready', say: '' });
  const [line, ...rest] = lines([ready('worker-1', 1), ready('worker-2', 2), ready('worker-12', 3)]);
  assert.deepEqual([line.about, line.many, rest.length], ['worker', 3, 0]);
  assert.equal(shared('alpha', 'beta'), 'several');
});

test('words', () => {
  assert.equal(span(288), '4 min 48 s');
  assert.equal(clock(252.38), '00:04:12.3');
  assert.deepEqual([252.38, 4509.8, 36000].map(moment), ['04:12.3', '1:15:09', '10:00:00']);
  assert.equal(fit('controller', 40, 8), 'cont…');
  assert.deepEqual(podName('web-7c9f8d5b4-x2k4p', 'ReplicaSet/web-7c9f8d5b4'), ['web', 'x2k4p']);
  assert.deepEqual(podName('db-0', 'StatefulSet/db'), ['db', '0']);
});

test('a write that stored nothing does not fly to etcd, nor does etcd light up for it', () => {
  const dry = request({ stages: [['authentication', 'authenticated'], ['validation', 'valid']] });
  assert.deepEqual(ways({ journal: [dry] }), ['node/worker-1 > api-in']);
  assert.equal(passed(dry).get('etcd'), undefined);
  assert.equal(passed(request({ stages: [['validation', 'valid'], ['etcd', 'put', '/registry/pods/a']] })).get('etcd'), true);
});
