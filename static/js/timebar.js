// The time bar: how much changed when, with marks for elections and faults. It shows the cluster's own time.
import { Scene } from './scene.js';
import { HISTORY, virtualNow } from './model.js';
import { clamp, clock } from './words.js';

const LAGS = 1000; // milliseconds behind from which it is said
const SIGN = 12; // pixels a mark's sign takes
const SPANS = [60, 120, HISTORY]; // virtual seconds shown, the shortest that holds the cluster's life

/** The bars: [{x, h, now}] for each second of the span. Pure. */
export function bars(counts, from, to, width, height) {
  const first = Math.ceil(from);
  const step = width / (to - from);
  const most = Math.max(8, ...[...counts].filter(([second]) => second >= from).map(([, count]) => count));
  const list = [];
  for (let second = first; second <= to; second += 1) {
    const count = counts.get(second) ?? 0;
    const h = count ? 3 + (height - 3) * Math.sqrt(count / most) : 1.5;
    list.push({ x: (second - from) * step, w: Math.max(1, step - 1.5), h, busy: count > 0, second });
  }
  return list;
}

/** Marks side by side, with their words where these cover nothing else; the newest first choose. Pure. */
export function placeMarks(marks, from, to, width) {
  const scale = width / (to - from);
  let last = Infinity;
  const spots = [...marks].filter((one) => one.at >= from).reverse().map((mark) => {
    last = Math.max(0, Math.min((mark.at - from) * scale, last - SIGN));
    return { ...mark, x: last };
  });
  const taken = spots.map((spot) => [spot.x - SIGN / 2, spot.x + SIGN / 2]);
  for (const spot of spots) {
    const room = spot.say.length * 6 + 18;
    const ways = [[spot.x + SIGN / 2, spot.x + room, false], [spot.x - room, spot.x - SIGN / 2, true]];
    const way = ways.find(([left, right]) => left >= 0 && right <= width && taken.every(([a, b]) => right <= a || b <= left));
    spot.worded = way !== undefined;
    spot.end = way?.[2] ?? false;
    if (way) taken.push([way[0], way[1] + 4]);
  }
  return spots.reverse();
}

const TICKS = [10, 20, 60, 120, 300]; // virtual seconds from one tick to the next
const TICK_WIDE = 62; // pixels that a tick's time takes with the room around it

/** The finest ticks whose times do not touch. Pure. */
export const tickEvery = (span, width) => TICKS.find((every) => (every * width) / span >= TICK_WIDE) ?? TICKS.at(-1);

export class TimeBar {
  constructor(svg) {
    this.svg = svg;
    this.scene = new Scene(svg);
  }

  /** `live` is false while the server does not answer: then this is how it was. `behind`: milliseconds the telling lags. */
  draw(state, wall, live = true, behind = 0) {
    const { width, height } = this.svg.getBoundingClientRect();
    if (!width) return;
    this.svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
    const now = virtualNow(state, wall);
    const life = now - state.started;
    const span = SPANS.find((one) => life < one * 0.92) ?? HISTORY;
    const left = 20;
    const wide = width - 40 - 52;
    const from = Math.max(state.started, now - span);
    const to = from + span;
    const base = height - 22;
    this.scene.region('time', (pen) => {
      pen.path('base', `M${left} ${base + 0.5}H${left + wide}`, 'rule');
      for (const bar of bars(state.counts, from, to, wide, base - 26)) {
        if (bar.second > now) break;
        const w = Math.min(bar.w, Math.max(1, ((now - bar.second) * wide) / span)); // the present second is not over
        pen.rect(`bar-${bar.second}`, left + bar.x, base - bar.h, w, bar.h, Math.min(1.5, w / 2), bar.busy ? 'bar' : 'bar idle');
      }
      const every = tickEvery(span, wide);
      for (let tick = Math.ceil((from - state.started) / every) * every; tick < to - state.started - every / 4; tick += every) {
        pen.text(`tick-${tick}`, left + ((tick + state.started - from) / span) * wide, height - 6, clock(tick, 0).replace(/^00:/, ''), tick + state.started - from < 2 ? 'tiny mute' : 'tiny mute middle');
      }
      for (const mark of placeMarks(state.marks, from, to, wide)) {
        pen.group(`mark-${mark.s}`, { class: `mark ${mark.tone}` }, (inside) => {
          inside.el('title', 'title', {}, mark.full ?? mark.say);
          inside.path('line', `M${left + mark.x} 19V${base}`, 'mark-line');
          inside.text('sign', left + mark.x, 14, mark.sign, 'mark-sign middle');
          if (mark.worded) inside.text('word', left + mark.x + (mark.end ? -11 : 11), 13.5, mark.say, `tiny mute${mark.end ? ' end' : ''}`);
        });
      }
      const x = left + clamp(((now - from) / span) * wide, 0, wide);
      pen.path('hand', `M${x} 20V${base + 5}`, 'hand');
      pen.circle('knob', x, base, 5, 'knob');
      const [word, tone] = !live ? ['AS IT WAS', 'bad'] : state.paused ? ['PAUSED', 'wait'] : behind >= LAGS ? [`LIVE · told ${Math.round(behind / 1000)} s late`, 'wait'] : ['LIVE', 'ok'];
      pen.text('live', x + 10, base - 5, word, `tiny strong tone-${tone}`);
    });
  }
}
