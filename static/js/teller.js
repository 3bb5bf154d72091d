// The teller: when the picture is told what the server said, and in which order. Pure: the time is handed in.
//
// An election is told step by step, and takes longer to tell than it took. What comes meanwhile stands in line behind it:
// there is one line with one clock, so that nothing older can ever be laid over what is newer. Who falls too far behind
// is told the rest at once, for a late picture is a false one too.
import { steps } from './pace.js';

export const BEHIND_MAX = 4000; // milliseconds that what is told may be older than what was heard
export const LINE_MAX = 120; // tellings in line

export class Teller {
  constructor() {
    this.clear();
  }

  /** Forget what stands in line: the picture it was meant for was replaced. */
  clear() {
    this.line = []; // {due, arrived, batch, flies}, in the order they are told; due times never go back
    this.free = 0; // when all of it will have been told
  }

  /** Put a batch that came `now` (milliseconds) at the end of the line; `still`: without steps, nothing shall move. */
  hear(batch, now, still = false) {
    const late = this.free - now > BEHIND_MAX || this.line.length > LINE_MAX;
    if (late) this.hurry(now);
    const start = Math.max(now, this.free);
    const { told, end } = still || late ? { told: [{ delay: 0, batch }], end: 0 } : steps(batch);
    told.forEach(({ delay, batch: step }, i) => this.line.push({ due: start + delay, arrived: now, batch: step, flies: i ? null : batch }));
    this.free = start + end;
  }

  /** What is due `now`, in order: it is told by whoever takes it. `flies` is the whole batch whose dots start with it. */
  take(now) {
    let count = 0;
    while (count < this.line.length && this.line[count].due <= now) count += 1;
    return this.line.splice(0, count);
  }

  /** Milliseconds until something is due; null when nothing stands in line. */
  wait(now) {
    return this.line.length ? Math.max(0, this.line[0].due - now) : null;
  }

  /** Milliseconds that what is shown is behind what was heard; 0 when nothing stands in line. */
  behind(now) {
    return this.line.length ? now - this.line[0].arrived : 0;
  }

  /** All that stands in line is due at once. */
  hurry(now) {
    for (const telling of this.line) telling.due = Math.min(telling.due, now);
    this.free = now;
  }
}
