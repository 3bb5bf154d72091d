// The story: what happened, newest first.
import { chapters, counted } from './lines.js';
import { clock } from './words.js';

export { chapters, lines, shared, shorten, subjectOf, subjectOfTarget } from './lines.js';

const SHOWN = 60; // lines

export class Story {
  constructor(list) {
    this.list = list;
    this.kept = new Map();
    this.turned = new Map(); // chapters that somebody folded or unfolded by hand
  }

  draw(state) {
    const told = chapters(state.story.slice(-SHOWN));
    const newest = told.find((line) => line.kind === 'write')?.id;
    const keep = new Map();
    told.forEach((line, i) => {
      const words = JSON.stringify([line.at, line.names, line.tails, line.many, line.after.map((one) => [one.id, one.many, one.names.length])]);
      let item = this.kept.get(line.id);
      if (!item || item.dataset.words !== words) {
        const fresh = line.kind === 'write' ? this.chapter(line, state) : this.item(line, state);
        fresh.dataset.words = words;
        item?.replaceWith(fresh);
        item = fresh;
      }
      if (line.kind === 'write') this.unfold(item, line.id, line.id === newest);
      keep.set(line.id, item);
      if (this.list.children[i] !== item) this.list.insertBefore(item, this.list.children[i] ?? null);
    });
    for (const [id, item] of this.kept) if (!keep.has(id)) item.remove();
    for (const id of this.turned.keys()) if (!keep.has(id)) this.turned.delete(id);
    this.kept = keep;
  }

  /** What a person wrote, and folded under it what came of it. */
  chapter(line, state) {
    const item = this.item(line, state);
    if (!line.after.length) return item;
    const fold = document.createElement('button');
    fold.type = 'button';
    fold.className = 'fold';
    fold.addEventListener('click', () => {
      const open = fold.getAttribute('aria-expanded') !== 'true';
      this.turned.set(line.id, open);
      this.unfold(item, line.id, open);
    });
    const after = document.createElement('ul');
    after.append(...line.after.map((one) => this.item(one, state)));
    item.append(fold, after);
    return item;
  }

  /** Open as the hand last turned it, else the newest chapter only. */
  unfold(item, id, isNewest) {
    const open = this.turned.get(id) ?? isNewest;
    const fold = item.querySelector('.fold');
    if (!fold) return;
    const count = item.querySelector('ul').childElementCount;
    fold.setAttribute('aria-expanded', String(open));
    fold.textContent = open ? 'what came of it' : `what came of it: ${count} line${count === 1 ? '' : 's'}`;
    item.querySelector('ul').hidden = !open;
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
    const [which, often] = counted(line);
    if (line.about) {
      const about = document.createElement('b');
      about.textContent = line.about;
      const times = document.createElement('span');
      times.className = 'times';
      times.textContent = ` ${which} `;
      words.append(about, times);
    }
    const tails = line.tails.length > 3 ? `${line.tails.length} nodes` : line.tails.join(', ');
    words.append([line.text, tails].filter(Boolean).join(' ') + often);
    item.append(time, words);
    return item;
  }
}

/** Seconds as the story writes them: tenths in the first hour, then there is no room for them. Pure. */
export const moment = (seconds) => (seconds < 3600 ? clock(seconds, 1).slice(3) : clock(seconds, 0).replace(/^0/, ''));
