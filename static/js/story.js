// The story: what happened, newest first. What happens to many alike is one line with a count.
import { clock, podName } from './words.js';

const SHOWN = 60; // lines
const TOGETHER = 4; // virtual seconds within which the like is told together
const LOOK_BACK = 8; // lines

/**
 * Entries as lines, newest first: {at, kind, warn, subject, about, names, text, tails}. Entries of one kind about
 * pods of one name, close together, become one line: `names` are the pods, `tails` what differs between them. Pure.
 */
export function lines(entries) {
  const list = [];
  for (const entry of entries) {
    const line = lineOf(entry);
    if (!line) continue;
    const like = list.slice(-LOOK_BACK).find((one) => one.key && one.key === line.key && line.at - one.at <= TOGETHER);
    if (!like) list.push(line);
    else merge(like, line);
  }
  return list.slice(-SHOWN).reverse();
}

function merge(like, line) {
  for (const name of line.names) if (!like.names.includes(name)) like.names.push(name);
  for (const tail of line.tails) if (!like.tails.includes(tail)) like.tails.push(tail);
  like.many += 1;
  like.subject = line.subject;
  if (like.about !== line.about) like.about = shared(like.about, line.about);
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
  const line = { id: `${entry.k}-${entry.s}-${entry.name ?? ''}`, at: entry.at, kind: entry.k, warn: entry.warn, subject: subjectOf(entry), about: '', names: [], text: entry.say, tails: [], key: '', many: 1 };
  if (entry.k === 'schedule') {
    const text = entry.winner ? 'bound to' : shorten(entry.message ?? 'no node fits');
    return ofPod(line, entry.pod.split('/').at(-1), text, entry.winner ? [entry.winner] : []);
  }
  if (entry.k === 'event' && entry.kind === 'Pod') return ofPod(line, entry.name, shorten(entry.gist ?? entry.say), []);
  if (entry.k === 'event' && entry.kind === 'Node') {
    const text = shorten(entry.gist ?? entry.say).replace(`Node ${entry.name} `, '').replaceAll(entry.name, 'it');
    return { ...line, about: entry.name, names: [], text, tails: [], key: `node ${entry.reason} ${text}` };
  }
  if (entry.k === 'event') return { ...line, about: entry.name, text: shorten(entry.gist ?? entry.say), key: `${entry.reason} ${entry.name} ${entry.gist}` };
  return line;
}

function ofPod(line, name, text, tails) {
  const [about, which] = podName(name);
  return { ...line, about, names: which ? [which] : [], text, tails, key: `${line.kind} ${about} ${text}` };
}

/** The first sentence, not longer than two lines of the panel. */
export function shorten(text, most = 84) {
  const first = text.split(/(?<=[.;])\s/)[0].replace(/\.$/, '');
  return first.length > most ? `${first.slice(0, most - 1)}…` : first;
}

export class Story {
  constructor(list) {
    this.list = list;
    this.kept = new Map();
  }

  draw(state) {
    const told = lines(state.story);
    const keep = new Map();
    told.forEach((line, i) => {
      const words = JSON.stringify([line.at, line.names, line.tails, line.many]);
      let item = this.kept.get(line.id);
      if (!item || item.dataset.words !== words) {
        const fresh = this.item(line, state);
        fresh.dataset.words = words;
        item?.replaceWith(fresh);
        item = fresh;
      }
      keep.set(line.id, item);
      if (this.list.children[i] !== item) this.list.insertBefore(item, this.list.children[i] ?? null);
    });
    for (const [id, item] of this.kept) if (!keep.has(id)) item.remove();
    this.kept = keep;
  }

  item(line, state) {
    const item = document.createElement('li');
    item.className = `story-${line.kind.replace('.', '-')}${line.warn ? ' warn' : ''}`;
    const time = document.createElement('time');
    time.textContent = moment(line.at - state.started);
    const words = document.createElement(line.subject ? 'button' : 'span');
    if (line.subject) {
      words.type = 'button';
      words.dataset.inspect = line.subject;
    }
    if (line.about) {
      const about = document.createElement('b');
      about.textContent = line.about;
      const times = document.createElement('span');
      times.className = 'times';
      times.textContent = line.many > 1 ? ` ×${line.many} ` : ` ${line.names.join('')} `;
      words.append(about, times);
    }
    const tails = line.tails.length > 3 ? `${line.tails.length} nodes` : line.tails.join(', ');
    words.append([line.text, tails].filter(Boolean).join(' '));
    item.append(time, words);
    return item;
  }
}

/** Seconds as the story writes them: tenths in the first hour, then there is no room for them. Pure. */
export const moment = (seconds) => (seconds < 3600 ? clock(seconds, 1).slice(3) : clock(seconds, 0).replace(/^0/, ''));

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
