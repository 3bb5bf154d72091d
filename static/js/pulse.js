// Whether the server still speaks. A socket that is open says nothing of that: the server may be frozen, or a cable pulled.
// So it sends a tick every second in which it has nothing else to say, and who hears none of them for a while knows.
// Pure: the time is handed in, in milliseconds.

export const SILENT_AFTER = 4500; // four ticks missed: what is drawn is how it was
export const HANG_UP_AFTER = 15_000; // then the line is given up, and another is tried

export class Pulse {
  constructor(now, silentAfter = SILENT_AFTER) {
    this.heard = now;
    this.silentAfter = silentAfter;
  }

  /** Something came. */
  hear(now) {
    this.heard = now;
  }

  /** 'live', 'silent', or 'dead' when it is time to hang up. */
  state(now) {
    const silence = now - this.heard;
    return silence < this.silentAfter ? 'live' : silence < HANG_UP_AFTER ? 'silent' : 'dead';
  }

  /** The time up to which anything is known: the picture's clock stands there while nothing is heard. */
  known(now, isLive) {
    return isLive ? now : Math.min(now, this.heard);
  }
}
