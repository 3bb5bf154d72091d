// What happened, as lines: what happens to many alike is one line that says of how many. Pure.
//
// A line is made as its entries come, and keeps count of all of them: what was kept is never taken for what happened.
import { podName } from './words.js';

const KEPT = 120; // lines
const TOGETHER = 4; // virtual seconds within which the like is told together
const LOOK_BACK = 8; // lines

/** The lines, oldest first, after one more entry; those handed in are not changed. */
export function addLine(list, entry) {
  const line = lineOf(entry);
  if (!line) return list;
  const at = list.findLastIndex((one, i) => i >= list.length - LOOK_BACK && one.key && one.key === line.key && line.at - one.at <= TOGETHER);
  return at < 0 ? [...list, line].slice(-KEPT) : list.with(at, merged(list[at], line));
}

/**
 * Entries as lines, newest first: {at, kind, warn, subject, about, things, names, many, text, tails}. Entries of one kind
 * about pods of one name, close together, become one line: `things` are what it is about, `many` how often it happened,
 * `names` what tells the things apart and `tails` what else differs between them.
 */
export const lines = (entries) => entries.reduce(addLine, []).reverse();

const union = (some, more) => [...some, ...more.filter((one) => !some.includes(one))];

function merged(like, line) {
  return {
    ...like, names: union(like.names, line.names), tails: union(like.tails, line.tails), things: union(like.things, line.things),
    many: like.many + 1, subject: line.subject, about: like.about === line.about ? like.about : shared(like.about, line.about),
  };
}

/** How many a line is about, or how often it happened to the one: ["×3", ""], ["x2k4p", " (3 times)"]. */
export function counted(line) {
  if (line.things.length > 1) return [`×${line.things.length}`, ''];
  return [line.names.join(''), line.many > 1 ? ` (${line.many} times)` : ''];
}

/** What two names have in common, for a line about both: worker-1, worker-12 → worker. Pure. */
export function shared(a, b) {
  let end = 0;
  while (end < a.length && a[end] === b[end]) end += 1;
  return a.slice(0, end).replace(/[-.\d]+$/, '') || 'several';
}

function lineOf(entry) {
  if (entry.k === 'event' && entry.gist === '') return null;
  if (entry.k === 'component') return null; // its fault, told beside it, says more
  const line = { id: `${entry.k}-${entry.s}-${entry.name ?? ''}`, at: entry.at, kind: entry.k, warn: entry.warn, subject: subjectOf(entry), about: '', names: [], things: [], text: entry.say, tails: [], key: '', many: 1 };
  if (entry.k === 'schedule') {
    const text = entry.winner ? 'bound to' : shorten(entry.message ?? 'no node fits');
    return ofPod(line, entry.pod, text, entry.winner ? [entry.winner] : []);
  }
  if (entry.k === 'event' && entry.kind === 'Pod') return ofPod(line, `${entry.namespace ?? ''}/${entry.name}`, shorten(entry.gist ?? entry.say), []);
  if (entry.k === 'event' && entry.kind === 'Node') {
    const text = shorten(entry.gist ?? entry.say).replace(`Node ${entry.name} `, '').replaceAll(entry.name, 'it');
    return { ...line, about: entry.name, things: [entry.name], text, key: `node ${entry.reason} ${text}` };
  }
  if (entry.k === 'event') return { ...line, about: entry.name, things: [entry.name], text: shorten(entry.gist ?? entry.say), key: `${entry.reason} ${entry.name} ${entry.gist}` };
  return line;
}

function ofPod(line, pod, text, tails) {
  const [about, which] = podName(pod.split('/').at(-1));
  return { ...line, about, names: which ? [which] : [], things: [pod], text, tails, key: `${line.kind} ${about} ${text}` };
}

/** The first sentence, not longer than two lines of the panel. */
export function shorten(text, most = 84) {
  const first = text.split(/(?<=[.;])\s/)[0].replace(/\.$/, '');
  return first.length > most ? `${first.slice(0, most - 1)}…` : first;
}

/** What a sentence is about, as the inspector names it. Pure. */
export function subjectOf(entry) {
  if (entry.k.startsWith('raft.')) return `member/${entry.member}`;
  if (entry.k === 'schedule') return `pod/${entry.pod}`;
  if (entry.k === 'fault' || entry.k === 'component') return subjectOfTarget(entry.target ?? '');
  if (entry.k === 'event' && entry.kind === 'Pod') return `pod/${entry.namespace}/${entry.name}`;
  if (entry.k === 'event' && entry.kind === 'Node') return `node/${entry.name}`;
  return '';
}

export function subjectOfTarget(target) {
  if (target.startsWith('etcd-')) return `member/${target}`;
  if (target.startsWith('node/') || target.startsWith('pod/')) return target;
  const rooms = { apiserver: 'apiserver/', scheduler: 'scheduler/', 'controller-manager': 'controllers/' };
  return rooms[target] ?? `component/${target}`;
}
