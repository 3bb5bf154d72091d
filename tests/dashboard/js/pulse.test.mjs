import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { HANG_UP_AFTER, Pulse, SILENT_AFTER } from '../../../static/js/pulse.js';
import { Feed } from '../../../static/js/socket.js';

const moments = [
  ['just heard', 0, 'live'],
  ['three ticks missed', 3100, 'live'],
  ['silent', SILENT_AFTER, 'silent'],
  ['long silent', HANG_UP_AFTER - 1, 'silent'],
  ['given up', HANG_UP_AFTER, 'dead'],
];
for (const [name, after, state] of moments) test(`the pulse: ${name}`, () => assert.equal(new Pulse(1000).state(1000 + after), state));

test('what is heard makes it live again', () => {
  const pulse = new Pulse(0);
  assert.equal(pulse.state(60_000), 'dead');
  pulse.hear(60_000);
  assert.equal(pulse.state(60_100), 'live');
});

test('while nothing is heard no time passes in the picture', () => {
  const pulse = new Pulse(1000);
  assert.equal(pulse.known(1400, true), 1400);
  assert.equal(pulse.known(48_000, false), 1000);
});

// A feed on a clock and a socket of the test's own.
let now = 0;
let sockets = [];
const real = { performance: globalThis.performance, WebSocket: globalThis.WebSocket, location: globalThis.location };
beforeEach(() => {
  now = 0;
  sockets = [];
  Object.defineProperty(globalThis, 'performance', { value: { now: () => now }, configurable: true });
  globalThis.location = { protocol: 'http:', host: 'here' };
  globalThis.WebSocket = class {
    constructor(url) { this.url = url; this.isClosed = false; sockets.push(this); }
    close() { this.isClosed = true; }
  };
});
afterEach(() => {
  Object.defineProperty(globalThis, 'performance', { value: real.performance, configurable: true });
  Object.assign(globalThis, { WebSocket: real.WebSocket, location: real.location });
});

function openFeed() {
  const links = [];
  const feed = new Feed('/snapshot', '/ws/', { snapshot() {}, batch() {}, link: (link) => links.push(link) });
  feed.at = [10, 5];
  feed.again = (what) => what(); // at once
  feed.connect();
  return { feed, links };
}
const say = (message) => sockets.at(-1).onmessage({ data: JSON.stringify(message) });

test('an open socket on which nothing comes is silent, and a tick makes it live', () => {
  const { feed, links } = openFeed();
  say({ t: 'tick' });
  now = 4000;
  feed.check(now);
  assert.deepEqual(links, ['live']);
  now = 5000;
  feed.check(now);
  say({ t: 'tick' });
  feed.check(now);
  assert.deepEqual(links, ['live', 'silent', 'live']);
});

test('a line that stays silent is given up, and the next one is given its time', () => {
  const { feed } = openFeed();
  now = HANG_UP_AFTER + 1;
  feed.check(now);
  assert.deepEqual([sockets.length, sockets[0].isClosed], [2, true]);
  now += 1000;
  feed.check(now);
  assert.equal(sockets.length, 2);
  say({ t: 'batch', n: 1, at: [10, 6] });
  assert.equal(feed.pulse.state(now), 'live');
});
