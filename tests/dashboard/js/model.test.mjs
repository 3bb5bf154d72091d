import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requestLine } from '../../../static/js/flights.js';
import { cutFrom, failureOf, fromSnapshot, isWaiting, markOf, passed, quorum, reduce, requestRate, unplaced, virtualNow, workloads } from '../../../static/js/model.js';
import { brokenThings } from '../../../static/js/topbar.js';
import { letter } from '../../../static/js/words.js';
import { pod, snapshot } from './pictures.mjs';

const start = (options) => fromSnapshot(snapshot(options), 0);
const batch = (more) => ({ t: 'batch', n: 1, at: [11, 6], now: 1001, objects: [], journal: [], ...more });

test('columns become rows by key', () => {
  const state = start({ pods: { 'default/a': pod('worker-1') } });
  assert.equal(state.tables.pods.get('default/a').node, 'worker-1');
  assert.deepEqual(state.placed.get('worker-1'), ['default/a']);
});

test('a batch leaves the state before it untouched', () => {
  const before = start({ pods: { 'default/a': pod('worker-1') } });
  const after = reduce(before, batch({ objects: [['pods', 'default/a', null, '']] }), 10);
  assert.equal(before.tables.pods.size, 1);
  assert.equal(after.tables.pods.size, 0);
});

test('a pod that gets a node moves out of the waiting ones', () => {
  const before = start({ pods: { 'default/a': pod('') } });
  assert.deepEqual(unplaced(before), ['default/a']);
  const after = reduce(before, batch({ objects: [['pods', 'default/a', pod('worker-2'), 'system:kube-scheduler']] }), 10);
  assert.deepEqual(unplaced(after), []);
  assert.ok(after.touched.has('nodes') && after.touched.has('scheduler') && !after.touched.has('etcd'));
});

test('a change of role shows before the next status comes, and nobody else changes', () => {
  const entry = { k: 'raft.role', s: 6, at: 1001, member: 'etcd-1', role: 'leader', term: 3, say: 'etcd-1 became leader of term 3' };
  const after = reduce(start(), batch({ journal: [entry] }), 10);
  assert.deepEqual(after.members.map((member) => member.role), ['leader', 'leader', 'follower']);
  assert.equal(after.leader, 'etcd-1');
  assert.equal(after.marks.at(-1).say, 'election · term 3');
});

test('entries the state has already are dropped when a socket resumes', () => {
  const entry = { k: 'schedule', s: 5, at: 1001, pod: 'default/a', winner: 'worker-1', say: 'bound' };
  assert.equal(reduce(start(), batch({ journal: [entry] }), 10).story.length, 0);
  assert.equal(reduce(start(), batch({ journal: [{ ...entry, s: 6 }] }), 10).story.length, 1);
});

test('the quorum gauge says what the server judged, whatever the members look like', () => {
  const etcd = { ...snapshot().status.etcd, quorum: false, say: '2 of 3 alive, 1 without a vote: writes stop, 2 are needed', tone: 'bad', together: 2 };
  const after = reduce(start(), batch({ status: { etcd } }), 10);
  assert.deepEqual(quorum(after), { say: etcd.say, tone: 'bad', together: 2, needed: 2, total: 3 });
});

test('no two roles share a sign', () => {
  const roles = ['leader', 'follower', 'candidate', 'pre-candidate', 'learner'];
  const signs = [...roles.map((role) => letter({ state: 'running', role })), letter({ state: 'stopped' }), letter({ state: 'paused' })];
  assert.equal(new Set(signs).size, signs.length);
  assert.ok(!signs.includes('?'));
});

const requests = [
  ['a stored write passes all', { verb: 'create', code: 201, stages: [['authentication', 'authenticated'], ['mutating admission', 'admitted']] }, { authentication: true, mutating: true, validation: true, etcd: true }],
  ['a forbidden one stops at authorization', { verb: 'create', code: 403, stages: [['authentication', 'authenticated'], ['authorization', 'denied']] }, { authentication: true, authorization: false }],
  ['an invalid one stops at validation', { verb: 'create', code: 422, stages: [] }, { validation: false }],
  ['a refusal in admission is shown there', { verb: 'create', code: 403, stages: [['mutating admission', 'refused: no such namespace']] }, { mutating: false }],
  ['a conflict stops at the store', { verb: 'update', code: 409, stages: [] }, { etcd: false }],
  ['a read touches no store', { verb: 'get', code: 200, stages: [] }, {}],
];
for (const [name, entry, expected] of requests) test(`stages: ${name}`, () => assert.deepEqual(Object.fromEntries(passed(entry)), expected));

test('time stands still while paused and follows the speed otherwise', () => {
  const state = start();
  assert.equal(virtualNow(state, 2000), 1002);
  assert.equal(virtualNow({ ...state, speed: 10 }, 2000), 1020);
  assert.equal(virtualNow({ ...state, paused: true }, 2000), 1000);
});

test('requests that were left out still count', () => {
  const entry = { k: 'request', s: 6, at: 1001, verb: 'get', resource: 'pods', code: 200, stages: [] };
  const after = reduce(start(), batch({ journal: [entry], more: { request: 99 } }), 10);
  assert.equal(requestRate(after, 1001), 10);
});

test('only what matters is marked on the time bar', () => {
  assert.equal(markOf({ k: 'raft.role', role: 'follower', at: 1 }), null);
  assert.equal(markOf({ k: 'fault', verb: 'kill', target: 'etcd-0', at: 1, s: 1 }).sign, '✕');
  assert.equal(markOf({ k: 'fault', verb: 'restart', target: 'etcd-0', at: 1, s: 1 }).tone, 'ok');
});

test('a commit that was told moves a member on before the next status comes', () => {
  const state = reduce(start(), batch({ journal: [{ k: 'raft.commit', s: 6, at: 1001, member: 'etcd-1', commit: 99 }] }), 50);
  assert.equal(state.members.find((member) => member.name === 'etcd-1').commit, 99);
});

test('a status that names only what changed leaves the rest as it was', () => {
  const before = start();
  const after = reduce(before, batch({ status: { faults: [{ kind: 'partition', target: 'node/worker-1', peer: 'apiserver' }] } }), 10);
  assert.equal(after.components, before.components);
  assert.deepEqual(cutFrom(after, 'node/worker-1'), ['apiserver']);
  assert.deepEqual(cutFrom(after, 'apiserver'), ['node/worker-1']);
  assert.ok(after.touched.has('nodes') && !after.touched.has('controllers'));
});

test('a loop that fails is known by its process, node and name; a role that fails is the failure of all it drives', () => {
  const row = (component, node, loop) => ({ component, node, loop, error: 'KeyError' });
  const state = reduce(start(), batch({ status: { failures: [row('controller-manager', '', 'deployment'), row('nodes', '', '')] } }), 10);
  assert.ok(failureOf(state, 'controller-manager', '', 'deployment'));
  assert.ok(failureOf(state, 'kubelet', 'worker-1'));
  assert.equal(failureOf(state, 'controller-manager', '', 'replicaset'), undefined);
  assert.equal(failureOf(state, 'scheduler'), undefined);
  assert.ok(state.touched.has('controllers') && state.touched.has('nodes'));
  assert.deepEqual(brokenThings(state).map((thing) => thing.target), ['controller-manager/deployment', 'nodes']);
});

test('a replica set of a deployment is not shown beside it, one of its own is', () => {
  const set = (owner) => ({ want: 1, have: 1, ready: 1, updated: 1, owner });
  const after = reduce(start(), batch({ objects: [['replicasets.apps', 'default/web-1', set('Deployment/web'), ''], ['replicasets.apps', 'default/lone', set(''), '']] }), 10);
  assert.deepEqual(workloads(after).map((row) => row.key), ['default/lone']);
  assert.ok(after.touched.has('workloads'));
});

const write = (more) => ({ k: 'request', at: 1001, actor: 'kubernetes-admin', verb: 'create', resource: 'configmaps', stages: [], code: 500, ...more });

test('a request that waits is one row, open until its answer comes, and counts once', () => {
  const waits = reduce(start(), batch({ journal: [write({ s: 6, code: 0, waits: 'etcd', patience: 7 })] }), 10);
  assert.deepEqual([waits.requests.length, isWaiting(waits, waits.requests[0], 1004), requestLine(waits.requests[0]).code], [1, true, '…']);
  const answered = reduce(waits, batch({ at: [11, 9], journal: [write({ s: 9, of: 6, waited: 7, at: 1008 })] }), 20);
  assert.deepEqual([answered.requests.length, answered.requests[0].code, answered.rate.length], [1, 500, 1]);
});

test('a request whose answer was never told does not wait for ever', () => {
  const entry = write({ s: 6, waits: 'etcd', patience: 7 });
  const state = start();
  assert.deepEqual([isWaiting(state, entry, 1008), isWaiting(state, entry, 1012), isWaiting({ ...state, speed: 60 }, entry, 1012)], [true, false, true]);
});

test('a request that waits stands at etcd and has passed nothing behind it', () => assert.deepEqual(Object.fromEntries(passed(write({ waits: 'etcd' }))), { etcd: false }));
