// The wire: first a snapshot by HTTP, then numbered batches over the socket; after a break it resumes where it was.
import { HANG_UP_AFTER, Pulse } from './pulse.js';

const RETRY = [400, 800, 1600, 3000, 5000];

export class Feed {
  /** `on`: {snapshot(json), batch(json), link(state)} with state 'live', 'silent', 'lost', 'gone'. */
  constructor(snapshotUrl, socketPath, on) {
    this.snapshotUrl = snapshotUrl;
    this.socketPath = socketPath;
    this.on = on;
    this.failures = 0;
    this.at = null;
    this.closed = false;
    this.socket = null;
    this.pulse = new Pulse(performance.now());
  }

  async start() {
    try {
      const answer = await fetch(this.snapshotUrl, { headers: { Accept: 'application/json' } });
      if (answer.status === 404) return this.end();
      if (!answer.ok) throw new Error(`${answer.status}`);
      const snapshot = await answer.json();
      this.at = snapshot.at;
      this.pulse.hear(performance.now());
      this.on.snapshot(snapshot);
      this.connect();
    } catch {
      this.again(() => this.start());
    }
  }

  connect() {
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    this.number = null;
    this.dialled = performance.now();
    this.socket = new WebSocket(`${scheme}://${location.host}${this.socketPath}?since=${this.at.join('.')}`);
    this.socket.onmessage = (event) => this.receive(JSON.parse(event.data));
    this.socket.onclose = () => this.again(() => this.connect());
  }

  receive(message) {
    if (message.t === 'gone') return this.end();
    if (message.t === 'reset') return this.restart();
    this.pulse.hear(performance.now());
    if (message.t === 'tick') return this.on.link('live');
    if (this.number !== null && message.n > this.number + 1) return this.restart(); // something was lost on the way
    this.number = message.n;
    this.at = [Math.max(this.at[0], message.at[0]), Math.max(this.at[1], message.at[1])];
    this.failures = 0;
    this.on.link('live');
    this.on.batch(message);
  }

  /** Look whether anything was heard lately; called often. A line that has been silent for long is given up. */
  check(now) {
    if (this.closed || !this.socket) return;
    const state = this.pulse.state(now);
    if (state === 'silent') this.on.link('silent');
    if (state === 'dead' && now - this.dialled > HANG_UP_AFTER) {
      this.hangUp();
      this.again(() => this.connect());
    }
  }

  restart() {
    this.hangUp();
    this.again(() => this.start());
  }

  end() {
    this.hangUp();
    this.closed = true;
    this.on.link('gone');
  }

  hangUp() {
    if (!this.socket) return;
    this.socket.onclose = null;
    this.socket.onmessage = null;
    this.socket.close();
    this.socket = null;
  }

  again(what) {
    if (this.closed) return;
    this.on.link('lost');
    const wait = RETRY[Math.min(this.failures, RETRY.length - 1)];
    this.failures += 1;
    setTimeout(what, wait);
  }
}
