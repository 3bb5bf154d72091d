import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HOP, delays, steps } from '../../../static/js/pace.js';
import { lines, shorten } from '../../../static/js/story.js';

const message = (s, type, from, to, more) => ({ k: 'raft.message', s, type, from, to, term: 2, ...more });
const role = (s, member, name) => ({ k: 'raft.role', s, member, role: name, term: 2, at: 1 });
const election = [
  { k: 'fault', s: 1, verb: 'kill', target: 'etcd-0' },
  role(2, 'etcd-1', 'candidate'),
  message(3, 'MsgVote', 'etcd-1', 'etcd-2'),
  message(4, 'MsgVote', 'etcd-1', 'etcd-0', { lost: true }),
  message(5, 'MsgVoteResp', 'etcd-2', 'etcd-1'),
  role(6, 'etcd-1', 'leader'),
  { k: 'request', s: 7, verb: 'update', code: 200 },
];

test('an answer starts when what it answers has arrived', () => {
  const { found } = delays(election);
  assert.equal(found.get(3), found.get(4));
  assert.equal(found.get(5) - found.get(3), HOP);
});

test('a member becomes leader when the votes have arrived', () => {
  const { found, end } = delays(election);
  assert.ok(found.get(6) >= found.get(5) + HOP);
  assert.ok(end >= found.get(6));
});

test('what came before an election is told before it, what came after it after it', () => {
  const { told, end } = steps({ journal: election, status: { etcd: {} }, objects: [] });
  assert.deepEqual(told.map((step) => step.batch.journal.map((entry) => entry.s)), [[1], [2], [6], [3, 4, 5, 7]]);
  assert.equal(told.at(-1).delay, end);
  assert.ok(told.at(-1).batch.status && !told[0].batch.status);
});

test('a batch without an election is one step', () => assert.equal(steps({ journal: [message(1, 'MsgApp', 'a', 'b')] }).told.length, 1));

const started = (name, at = 1, s = 1) => ({ k: 'event', s, at, kind: 'Pod', namespace: 'default', name, reason: 'Started', gist: 'container started', say: '' });

test('what happens to many alike is one line with a count', () => {
  const told = lines([started('web-7c9f8d5b4-x2k4p'), started('web-7c9f8d5b4-zz2b4', 2, 2), started('api-7c9f8d5b4-qqqqq', 2, 3)]);
  assert.deepEqual(told.map((line) => [line.about, line.many]), [['api', 1], ['web', 2]]);
});

test('what happens much later is a line of its own', () => assert.equal(lines([started('web-7c9f8d5b4-x2k4p'), started('web-7c9f8d5b4-zz2b4', 60, 2)]).length, 2));

test('pods bound to several nodes name each node once', () => {
  const bound = (name, winner, s) => ({ k: 'schedule', s, at: 1, pod: `default/web-7c9f8d5b4-${name}`, winner });
  const [line] = lines([bound('x2k4p', 'worker-1', 1), bound('zz2b4', 'worker-2', 2), bound('qqqqq', 'worker-1', 3)]);
  assert.deepEqual([line.many, line.tails], [3, ['worker-1', 'worker-2']]);
});

test('an Event another entry tells is left out', () => assert.equal(lines([{ ...started('a'), gist: '' }]).length, 0));
test('a long text is cut at its first sentence', () => assert.equal(shorten('It is so. And more.'), 'It is so'));
