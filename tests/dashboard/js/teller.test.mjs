import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromSnapshot, reduce } from '../../../static/js/model.js';
import { BEHIND_MAX, LINE_MAX, Teller } from '../../../static/js/teller.js';
import { pod, snapshot } from './pictures.mjs';

const message = (s, from, to) => ({ k: 'raft.message', s, type: 'MsgVote', from, to, term: 3 });
const role = (s, member, name) => ({ k: 'raft.role', s, member, role: name, term: 3, at: 1 });
const election = (s, member = 'etcd-1') => ({ journal: [role(s, member, 'candidate'), message(s + 1, member, 'etcd-2'), role(s + 2, member, 'leader')], at: [10, s + 2] });
const word = (n) => ({ n, journal: [], at: [10, 100 + n] });
const numbers = (tellings) => tellings.map(({ batch }) => batch.n).filter(Boolean);

test('what is no election is told at once', () => {
  const teller = new Teller();
  teller.hear(word(1), 50);
  assert.deepEqual(numbers(teller.take(50)), [1]);
  assert.equal(teller.wait(50), null);
});

test('what comes while an election is told waits for its end, to the millisecond', () => {
  const teller = new Teller();
  teller.hear(election(10), 0);
  const end = teller.free;
  teller.hear(word(1), end - 0.4);
  const told = teller.take(end);
  assert.equal(told.at(-1).batch.n, 1);
  assert.deepEqual(told.at(-2).batch.at, [10, 12]);
});

test('two elections are told one after the other', () => {
  const teller = new Teller();
  teller.hear(election(10), 0);
  const first = teller.free;
  teller.hear(election(20, 'etcd-2'), 100);
  assert.ok(teller.take(first - 1).every(({ batch }) => batch.journal.every((entry) => entry.s < 20)));
  assert.ok(teller.free > first);
});

test('due times never go back', () => {
  const teller = new Teller();
  for (let i = 0; i < 30; i += 1) teller.hear(i % 3 ? word(i) : election(10 * i), i * 120);
  const due = teller.line.map((telling) => telling.due);
  assert.deepEqual(due, [...due].sort((a, b) => a - b));
});

test('who falls too far behind is told the rest at once', () => {
  const teller = new Teller();
  for (let i = 0; teller.free <= BEHIND_MAX; i += 1) teller.hear(election(10 * i), 0);
  teller.hear(word(1), 0);
  assert.equal(teller.take(0).at(-1).batch.n, 1);
  assert.equal(teller.wait(0), null);
});

test('a flood does not wait', () => {
  const teller = new Teller();
  teller.hear(election(10), 0);
  for (let i = 1; i <= LINE_MAX + 1; i += 1) teller.hear(word(i), 1);
  assert.ok(numbers(teller.take(1)).length > LINE_MAX);
});

test('where nothing shall move nothing waits', () => {
  const teller = new Teller();
  teller.hear(election(10), 0, true);
  assert.equal(teller.take(0).length, 1);
});

test('a picture that was replaced is told nothing that was meant for the old one', () => {
  const teller = new Teller();
  teller.hear(election(10), 0);
  teller.clear();
  assert.deepEqual([teller.take(1e9), teller.wait(0)], [[], null]);
});

test('an older status is refused, a newer one is taken', () => {
  const before = fromSnapshot({ ...snapshot(), status_at: [10, 5] }, 0);
  const faults = (name) => ({ faults: [{ kind: 'partition', target: name, peer: 'apiserver' }] });
  const newer = reduce(before, { status: faults('node/worker-1'), status_at: [12, 9] }, 1);
  const older = reduce(newer, { status: faults('node/worker-2'), status_at: [11, 7] }, 2);
  assert.equal(older.faults[0].target, 'node/worker-1');
  assert.equal(reduce(older, { status: faults('node/worker-3'), status_at: [12, 10] }, 3).faults[0].target, 'node/worker-3');
});

test('an older object is refused, also where the newer change was its end', () => {
  const before = fromSnapshot(snapshot({ pods: { 'default/a': pod('worker-1') } }), 0);
  const gone = reduce(before, { objects: [['pods', 'default/a', null, '', 20]] }, 1);
  const after = reduce(gone, { objects: [['pods', 'default/a', pod('worker-2'), '', 19], ['pods', 'default/b', pod('worker-2'), '', 9]] }, 2);
  assert.equal(after.tables.pods.size, 0);
  assert.equal(reduce(after, { objects: [['pods', 'default/a', pod('worker-3'), '', 21]] }, 3).tables.pods.get('default/a').node, 'worker-3');
});

test('what a newer status has said is not undone by the telling of how it came', () => {
  const before = fromSnapshot({ ...snapshot(), status_at: [10, 50] }, 0);
  const after = reduce(before, { journal: [{ ...role(20, 'etcd-1', 'leader'), say: 'etcd-1 became leader of term 3' }] }, 1);
  assert.equal(after.leader, 'etcd-0');
  assert.equal(after.story.length, 1);
});

test('it knows how far behind the telling is', () => {
  const teller = new Teller();
  teller.hear(election(10), 0);
  teller.take(0);
  assert.deepEqual([teller.behind(300), (teller.take(1e9), teller.behind(1e9))], [300, 0]);
});
