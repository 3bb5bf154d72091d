// The story: what happened, newest first.
import { counted } from './lines.js';
import { clock } from './words.js';

export { lines, shared, shorten, subjectOf, subjectOfTarget } from './lines.js';

const SHOWN = 60; // lines

export class Story {
  constructor(list) {
    this.list = list;
    this.kept = new Map();
  }

  draw(state) {
    const told = state.story.slice(-SHOWN).reverse();
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
