// Which dots a batch lets fly, and when: happenings → flights. Pure.
//
// Every flight stands for something that happened: a request that was answered, a Raft message that was sent, a change
// that a watch delivered. One batch tells of milliseconds; so that the eye can follow, its flights start in the order of
// cause and effect: to the API server, on to etcd, among the members, then out to those who watch.
import { delays, isElection } from './pace.js';
import { toldOf } from './watchers.js';
import { who } from './words.js';

export const WAY = 420; // milliseconds a dot is under way
const STORE = 360;
const RAFT = 640;
const REPLY = 330;
const APART = 300; // labels on one way
const WATCH = 1060;
export const MOST = 60; // dots of one batch

const WRITES = new Set(['create', 'update', 'patch', 'delete', 'deletecollection']);

/** flights: [{from, to, delay, tone, label}] in the order they start. `quiet` holds what the eye would not follow. */
export function flights(batch, state) {
  const list = [];
  const journal = batch.journal ?? [];
  const writes = journal.some((entry) => entry.k === 'request' && WRITES.has(entry.verb));
  const { found: told, end } = isElection(batch) ? delays(journal) : { found: null, end: 0 };
  journal.forEach((entry, i) => {
    const stagger = end + Math.min(i * 16, 260);
    if (entry.k === 'request') list.push(...ofRequest(entry, state, stagger));
    else if (entry.k === 'raft.message') list.push(told ? ofElection(entry, told.get(entry.s)) : ofRaft(entry, writes ? RAFT : 0, stagger));
  });
  list.push(...ofWatches(batch.objects ?? [], state, writes || list.length ? end + WATCH : 0));
  return joined(list.sort((a, b) => a.delay - b.delay)).slice(0, MOST);
}

/** Where the client with this username stands in the picture. */
export function placeOf(actor) {
  const [system, kind, ...rest] = (actor ?? '').split(':');
  if (system !== 'system') return 'client';
  if (kind === 'node') return `node/${rest[0]}`;
  if (kind === 'kube-scheduler') return 'scheduler';
  if (kind === 'kube-controller-manager' || (kind === 'serviceaccount' && rest[0] === 'kube-system')) return 'controllers';
  return 'client';
}

const ENTRANCE = { controllers: 'api-down', scheduler: 'api-down-right' };
const entrance = (place) => ENTRANCE[place] ?? 'api-in';

function ofRequest(entry, state, stagger) {
  const place = placeOf(entry.actor);
  const failed = entry.code >= 400;
  const asked = { from: place, to: entrance(place), delay: stagger, tone: failed ? 'bad' : 'api', label: '' };
  const found = entry.of === undefined ? [asked] : []; // who waited asked long ago
  const stored = !entry.stages?.length || entry.stages.some(([stage]) => stage === 'etcd'); // a dry run stores nothing
  if (!failed && !entry.waits && stored && WRITES.has(entry.verb) && state.leader) {
    found.push({ from: 'api-top', to: state.leader, delay: stagger + STORE, tone: 'etcd', label: '' });
  }
  return found;
}

const isReply = (type) => /resp|reply/i.test(type ?? '');

function ofRaft(entry, base, stagger) {
  const reply = isReply(entry.type);
  const tone = entry.reject || entry.lost ? 'bad' : 'etcd';
  return { from: entry.from, to: entry.to, delay: base + (reply ? REPLY : 0) + stagger / 4, tone, label: raftLabel(entry, reply), lost: entry.lost };
}

/** In an election every message has its turn and its word, the answers too. */
function ofElection(entry, delay) {
  return { ...ofRaft(entry, 0, 0), delay, label: raftLabel(entry, false), told: true };
}

/** Dots that fly the same way close together share one label: what the eye could not read is not written. */
function joined(list) {
  const spoken = new Map();
  return list.map((flight) => {
    if (!flight.label) return flight;
    const way = `${flight.from} ${flight.to}`;
    const before = spoken.get(way);
    if (before !== undefined && flight.delay - before < APART) return { ...flight, label: '' };
    spoken.set(way, flight.delay);
    return flight;
  });
}

function raftLabel(entry, reply) {
  if (reply) return '';
  const type = (entry.type ?? '').toLowerCase();
  if (type.includes('vote')) {
    const answers = isReply(type) ? (entry.reject ? 'no to ' : 'yes to ') : '';
    return `${answers}${type.includes('pre') ? 'pre-vote' : 'vote'} ${entry.term ?? ''}`.trim();
  }
  if (isReply(type)) return '';
  return entry.entries ? `append ${entry.index ?? ''}`.trim() : '';
}

/** One dot to each place that was told something, however many changes it was told. */
function ofWatches(objects, state, delay) {
  return toldOf(state, objects).map((to) => ({ from: to.startsWith('node/') ? 'api-out' : entrance(to), to, delay, tone: 'watch', label: '' }));
}

/** The line the API server's room shows for a request. */
export function requestLine(entry) {
  const subject = [entry.resource.split('.')[0], entry.subresource].filter(Boolean).join('/');
  const name = entry.name ? ` ${entry.name}` : '';
  return { verb: entry.verb, subject: `${subject}${name}`, who: who(entry.actor), code: entry.waits ? '…' : entry.code, failed: entry.code >= 400 };
}
