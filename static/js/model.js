// The picture's state: snapshot + batches → state. Pure: nothing here reads the DOM, the clock or the network,
// and no state handed in is changed. `touched` of the answer names the regions that look different now.

import { addLine } from './lines.js';

const REQUESTS_MAX = 12;
const MARKS_MAX = 300;
export const HISTORY = 300; // virtual seconds the time bar keeps

const EVERYTHING = ['etcd', 'apiserver', 'controllers', 'scheduler', 'nodes', 'workloads', 'services', 'story', 'time', 'top'];

// what people ask for; what another of these makes (a Deployment its ReplicaSet, a CronJob its Job) is not shown beside it
export const WORKLOADS = ['deployments.apps', 'statefulsets.apps', 'daemonsets.apps', 'replicasets.apps', 'replicationcontrollers', 'cronjobs.batch', 'jobs.batch'];

const REGIONS = {
  pods: ['nodes', 'scheduler'],
  nodes: ['nodes'],
  'leases.coordination.k8s.io': ['nodes'],
  services: ['services', 'nodes'],
  'endpointslices.discovery.k8s.io': ['services'],
  ...Object.fromEntries(WORKLOADS.map((name) => [name, ['workloads']])),
};

/** The state a snapshot describes. `wall` is the browser's clock in milliseconds when it came. */
export function fromSnapshot(snapshot, wall) {
  const tables = Object.fromEntries(Object.entries(snapshot.objects).map(([name, columns]) => [name, rows(columns)]));
  const state = {
    at: [...snapshot.at], statusAt: snapshot.status_at ?? snapshot.at, floor: snapshot.at[0], revisions: new Map(), number: null, now: snapshot.now, wall, started: snapshot.started,
    ...fromStatus(snapshot.status),
    tables, placed: place(tables.pods ?? new Map()),
    loops: new Map(snapshot.loops.map((name) => [name, { key: '', note: '', writes: 0, at: 0, wall: 0 }])),
    requests: [], rate: [], decision: null, stages: new Map(), runtime: new Map(), proxies: new Map(),
    story: [], marks: [], counts: new Map(snapshot.counts), touched: new Set(EVERYTHING),
  };
  for (const entry of [...snapshot.journal].sort((a, b) => a.at - b.at)) take(state, entry, 0);
  return state;
}

/**
 * The state after a batch. Everything in it carries its number: entries and objects the state has already are dropped (a
 * resumed socket repeats a few), and so are objects and a status that are older than those it has.
 */
export function reduce(before, batch, wall) {
  const state = { ...before, touched: new Set(), wall, now: batch.now ?? virtualNow(before, wall) };
  if (batch.n !== undefined) state.number = batch.n;
  const [revision, seq] = before.at;
  if (batch.objects?.length) applyObjects(state, batch.objects);
  if (batch.journal?.length) {
    for (const name of ['loops', 'stages', 'runtime', 'proxies']) state[name] = new Map(state[name]);
    for (const name of ['marks', 'requests', 'rate']) state[name] = [...state[name]];
    for (const entry of batch.journal) if (entry.s > (entry.k === 'event' ? revision : seq)) take(state, entry, wall);
  }
  if (batch.more?.event) take(state, leftOut(state, batch.more.event), wall);
  if (batch.counts) addCounts(state, batch.counts);
  if (batch.more?.request) state.rate = [...state.rate, [state.now, batch.more.request]];
  if (batch.status && !isOlder(batch.status_at, state.statusAt)) {
    Object.assign(state, fromStatus(batch.status), { statusAt: batch.status_at ?? state.statusAt });
    for (const part in batch.status) touch(state, ...(SHOWN_IN[part] ?? []));
  }
  if (batch.at) state.at = [Math.max(revision, batch.at[0]), Math.max(seq, batch.at[1])];
  return state;
}

/** A line for the Events that were too many to be told one by one: without it the counts beside them would be false. */
function leftOut(state, count) {
  const say = `${count} more Event${count === 1 ? '' : 's'} came at once, too many to tell one by one`;
  return { k: 'more', s: `${state.at[0]}-${state.now}`, at: state.now, say };
}

/** Whether position `at` (revision, number of the journal entry) lies before `than`; both numbers only grow. */
const isOlder = (at, than) => at !== undefined && (at[0] < than[0] || at[1] < than[1]);

/** The workloads somebody asked for: [{resource, key, ...compact}]; those that are not as wanted first when asked to. */
export function workloads(state) {
  return WORKLOADS.flatMap((resource) => [...(state.tables[resource] ?? [])].filter(([, value]) => !value.owner).map(([key, value]) => ({ resource, key, ...value })));
}

/** Whom a target is cut off from. */
export function cutFrom(state, target) {
  const ends = state.faults.filter((fault) => fault.kind === 'partition' && (fault.target === target || fault.peer === target));
  return ends.map((fault) => (fault.target === target ? fault.peer : fault.target));
}

/** The cluster's time at the browser's time `wall`, without asking anybody. */
export function virtualNow(state, wall) {
  return state.paused ? state.now : state.now + ((wall - state.wall) / 1000) * state.speed;
}

/** What the quorum gauge says, as the server judged it: {say, tone, together, needed, total}. Nothing is counted here. */
export const quorum = (state) => state.verdict;

/** The pods no node was found for yet. */
export const unplaced = (state) => state.placed.get('') ?? [];

export const componentState = (state, target) => state.components.get(target)?.state ?? 'running';

/** What fails of a process (or of one loop of it): a control loop of ours, or the whole role that the process is driven by. */
export function failureOf(state, component, node = '', loop = '') {
  return (state.failures ?? []).find((row) => (row.loop
    ? row.component === component && row.node === node && (!loop || row.loop === loop)
    : row.component === (node ? 'nodes' : 'control-plane')));
}

/** Whether a request still waits, as far as one can know: nobody tells that a server ended before it answered. */
export function isWaiting(state, entry, now) {
  const most = entry.patience ? (entry.patience + 3) * Math.max(1, state.speed) : state.quorum && state.leader ? 60 : Infinity;
  return Boolean(entry.waits) && now - entry.at <= most;
}

/** Requests a second over the last `window` virtual seconds. */
export function requestRate(state, now, window = 10) {
  const recent = state.rate.filter(([at]) => at > now - window);
  return recent.reduce((sum, [, count]) => sum + count, 0) / window;
}

/** What a status says, as parts of the state; a batch carries only those parts that changed. */
const STATUS = {
  clock: (clock) => ({ speed: clock.speed, paused: clock.paused }),
  etcd: ({ members, quorum: has, leader, say, tone, together, needed }) => ({ members, quorum: has, leader, verdict: { say, tone, together, needed, total: members.length } }),
  components: (list) => ({
    components: new Map(list.map((row) => [row.name, row])),
    machines: list.filter((row) => row.name.startsWith('node/')).map((row) => row.name.slice(5)),
  }),
  faults: (faults) => ({ faults }),
  failures: (failures) => ({ failures }),
};
const SHOWN_IN = {
  clock: ['top', 'time', 'apiserver'],
  etcd: ['etcd', 'apiserver', 'top'],
  components: ['apiserver', 'controllers', 'scheduler', 'nodes', 'top'],
  faults: ['etcd', 'nodes', 'top'],
  failures: ['controllers', 'scheduler', 'nodes', 'top'],
};

function fromStatus(status) {
  return Object.assign({}, ...Object.keys(STATUS).filter((part) => part in status).map((part) => STATUS[part](status[part])));
}

function rows(columns) {
  const names = Object.keys(columns).filter((name) => name !== 'key');
  return new Map(columns.key.map((key, i) => [key, Object.fromEntries(names.map((name) => [name, columns[name][i]]))]));
}

const REMEMBERED = 4000; // objects whose revision is kept; then the oldest are forgotten, and the floor rises

/** Whether this is news of the object; if so it is remembered. What was never heard of is as old as the snapshot. */
function isNews(state, resource, key, revision) {
  if (revision === undefined) return true;
  const name = `${resource} ${key}`;
  if (revision < (state.revisions.get(name) ?? state.floor)) return false;
  state.revisions.set(name, revision);
  return true;
}

function forgetOldest(state) {
  if (state.revisions.size <= REMEMBERED) return;
  const newest = [...state.revisions].sort((a, b) => b[1] - a[1]).slice(0, REMEMBERED / 2);
  state.floor = newest.at(-1)[1];
  state.revisions = new Map(newest);
}

function applyObjects(state, objects) {
  const fresh = new Map();
  state.revisions = new Map(state.revisions);
  for (const [resource, key, value, , revision] of objects) {
    if (!isNews(state, resource, key, revision)) continue;
    if (!fresh.has(resource)) fresh.set(resource, new Map(state.tables[resource]));
    if (value === null) fresh.get(resource).delete(key);
    else fresh.get(resource).set(key, value);
    touch(state, ...(REGIONS[resource] ?? []));
  }
  state.tables = { ...state.tables, ...Object.fromEntries(fresh) };
  if (fresh.has('pods')) state.placed = place(fresh.get('pods'));
  forgetOldest(state);
}

/** Pod names by node, in a steady order: pods keep their places while others come and go around them. */
function place(pods) {
  const placed = new Map();
  for (const [key, pod] of pods) {
    if (!placed.has(pod.node)) placed.set(pod.node, []);
    placed.get(pod.node).push(key);
  }
  return placed;
}

const IN_STATUS = new Set(['raft.role', 'raft.commit', 'etcd.quorum']); // a newer status has said what came of these

function take(state, entry, wall) {
  const handler = TAKE[entry.k];
  if (handler && !(IN_STATUS.has(entry.k) && entry.s <= state.statusAt[1])) handler(state, entry, wall);
  if (entry.say) {
    state.story = addLine(state.story, entry);
    touch(state, 'story');
  }
  const mark = markOf(entry);
  if (mark) {
    state.marks.push(mark);
    if (state.marks.length > MARKS_MAX) state.marks.shift();
    touch(state, 'time');
  }
}

const STAGE_OF = { authentication: 'authentication', authorization: 'authorization', 'mutating admission': 'mutating', validation: 'validation', 'validating admission': 'admission' };
const WRITES = new Set(['create', 'update', 'patch', 'delete', 'deletecollection']);

/** The stages a request went through as [stage, whether it passed]. What no plugin spoke about follows from the answer. */
export function passed(entry) {
  const through = new Map();
  if (entry.waits === 'etcd') through.set('etcd', false);
  for (const [stage, verdict] of entry.stages ?? []) {
    const name = STAGE_OF[stage];
    if (name) through.set(name, (through.get(name) ?? true) && !/^(refused|denied)/.test(verdict ?? ''));
  }
  if (entry.waits) return through;
  if (entry.code === 401) through.set('authentication', false);
  if (entry.code === 403 && !through.has('mutating')) through.set('authorization', false);
  if (entry.code === 422) through.set('validation', false);
  const stored = !(entry.stages ?? []).some(([stage]) => stage === 'validation') || entry.stages.some(([stage]) => stage === 'etcd');
  if (entry.code < 300 && WRITES.has(entry.verb)) through.set('validation', true);
  if (entry.code < 300 && WRITES.has(entry.verb) && stored) through.set('etcd', true);
  if (WRITES.has(entry.verb) && (entry.code === 409 || entry.code >= 500)) through.set('etcd', false);
  return through;
}

const TAKE = {
  'raft.role'(state, entry) {
    // only who spoke changes: a leader that was cut off leads on in its own eyes until it says otherwise
    state.members = state.members.map((member) => {
      if (member.name !== entry.member) return member;
      const role = member.role === 'learner' && entry.role === 'follower' ? 'learner' : entry.role;
      return { ...member, role, term: entry.term };
    });
    if (entry.role === 'leader') state.leader = entry.member;
    touch(state, 'etcd', 'top');
  },
  'raft.commit'(state, entry) {
    state.members = state.members.map((member) => {
      if (member.name !== entry.member || entry.commit <= (member.commit ?? 0)) return member;
      return { ...member, commit: entry.commit, last_index: Math.max(entry.commit, member.last_index ?? 0) };
    });
    touch(state, 'etcd');
  },
  'etcd.quorum'(state, entry) {
    state.quorum = entry.has;
    touch(state, 'etcd', 'top');
  },
  request(state, entry, wall) {
    const open = state.requests.findIndex((one) => one.s === entry.of);
    if (open >= 0) state.requests[open] = entry; // it waited: this is its answer, not another request
    else state.requests.push(entry);
    if (state.requests.length > REQUESTS_MAX) state.requests.shift();
    if (entry.of === undefined) state.rate.push([entry.at, 1]);
    while (state.rate.length && state.rate[0][0] < entry.at - 30) state.rate.shift();
    for (const [stage, ok] of passed(entry)) state.stages.set(stage, { ok, wall });
    touch(state, 'apiserver', 'top');
  },
  reconcile(state, entry, wall) {
    if (entry.loop === 'kube-proxy') {
      if (entry.note) state.proxies.set(entry.key, entry.note.replace(/^wrote /, ''));
      touch(state, 'nodes');
    }
    if (!state.loops.has(entry.loop)) return;
    state.loops.set(entry.loop, { key: entry.key, note: entry.note ?? '', writes: entry.writes ?? 0, at: entry.at, wall, retry: entry.retry_after });
    touch(state, 'controllers');
  },
  schedule(state, entry) {
    state.decision = entry;
    touch(state, 'scheduler');
  },
  runtime(state, entry) {
    state.runtime.set(entry.node, entry);
    touch(state, 'nodes');
  },
};

const DONE = { kill: 'killed', restart: 'back', pause: 'paused', resume: 'resumed', wipe: 'wiped', partition: 'cut off', heal: 'joined again' };

/** What the time bar marks: elections won, faults, a quorum lost or found, the clock stopped. */
export function markOf(entry) {
  const at = entry.at;
  if (entry.k === 'raft.role' && entry.role === 'leader') return { at, s: entry.s, sign: '▲', tone: 'etcd', say: `election · term ${entry.term}`, full: entry.say };
  if (entry.k === 'etcd.quorum') return { at, s: entry.s, sign: entry.has ? '●' : '○', tone: entry.has ? 'ok' : 'bad', say: entry.has ? 'quorum again' : 'quorum lost', full: entry.say };
  if (entry.k === 'fault') {
    const heals = ['restart', 'resume', 'heal'].includes(entry.verb);
    return { at, s: entry.s, sign: heals ? '+' : '✕', tone: heals ? 'ok' : 'bad', say: `${entry.target.replace(/^node\//, '')} ${DONE[entry.verb] ?? entry.verb}`, full: entry.say };
  }
  return null;
}

function addCounts(state, counts) {
  state.counts = new Map(state.counts);
  for (const [second, count] of counts) state.counts.set(second, (state.counts.get(second) ?? 0) + count);
  const oldest = state.now - HISTORY - 10;
  for (const second of state.counts.keys()) if (second < oldest) state.counts.delete(second);
  touch(state, 'time');
}

function touch(state, ...regions) {
  for (const region of regions) state.touched.add(region);
}
