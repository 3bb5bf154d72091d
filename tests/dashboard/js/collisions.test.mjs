// Words do not cover one another, nor what they stand beside.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tileWords } from '../../../static/js/draw/nodes.js';
import { layoutRing } from '../../../static/js/layout.js';
import { tickEvery } from '../../../static/js/timebar.js';

globalThis.matchMedia ??= () => ({ matches: false });
const { beside, point } = await import('../../../static/js/overlay.js');

const LETTER = 6.2;

test('name and count share a tile of any width without touching', () => {
  for (let w = 20; w < 220; w += 3)
    for (const name of ['worker-1', 'worker-100', 'worker-1000', 'a-node-with-a-long-name-7'])
      for (const pods of [0, 7, 110]) {
        const { name: said, count } = tileWords(name, pods, w, 40);
        assert.ok((said.length + (count ? count.length + 2 : 0)) * LETTER <= w - 14 || (!said && !count), `${w} ${said} ${count}`);
        if (w > 50) assert.ok(said, `${name} has no name at ${w}`);
      }
});

test('a low tile has no words', () => assert.deepEqual(tileWords('worker-1', 3, 120, 20), { name: '', count: '' }));

const members = (count) => Array.from({ length: count }, (_, i) => ({ name: `etcd-${i}` }));
const ring = (count) => layoutRing(members(count), { x: 20, y: 20, w: 434, h: 224 }).spots;

/** The curve of a message between two members, as layout draws it. */
function way(a, b) {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const length = Math.hypot(dx, dy);
  const bend = Math.min(18, length * 0.1);
  const [nx, ny] = [(-dy / length) * bend, (dx / length) * bend];
  return [a.x, a.y, a.x + dx / 3 + nx, a.y + dy / 3 + ny, a.x + (dx * 2) / 3 + nx, a.y + (dy * 2) / 3 + ny, b.x, b.y];
}

test('no label of a message stands on a member, with three and five of them', () => {
  for (const count of [3, 5])
    for (const a of ring(count))
      for (const b of ring(count)) {
        if (a.name === b.name) continue;
        const third = ring(count).filter((spot) => spot.name !== a.name && spot.name !== b.name);
        const place = beside(way(a, b), 10, ring(count));
        if (!place) {
          assert.equal(count, 5, 'three members have room for every label');
          continue;
        }
        const { x, y, align } = place;
        const w = 10 * 6.7;
        const left = align === 'left' ? x : align === 'right' ? x - w : x - w / 2;
        for (const spot of third) {
          const near = Math.hypot(spot.x - Math.max(left, Math.min(spot.x, left + w)), spot.y - Math.max(y - 9, Math.min(spot.y, y)));
          assert.ok(near >= spot.r, `${count}: ${a.name} → ${b.name} covers ${spot.name}`);
        }
      }
});

test('a label stands near its way', () => {
  const [a, b] = ring(3);
  const { x, y } = beside(way(a, b), 10, ring(3));
  assert.ok([0.22, 0.36, 0.5, 0.64, 0.78].some((t) => Math.hypot(point(way(a, b), t)[0] - x, point(way(a, b), t)[1] - y) < 32));
});

test('ticks are as fine as their words allow', () => assert.deepEqual([[60, 1200], [120, 300], [300, 1200], [300, 200]].map(([span, wide]) => tickEvery(span, wide)), [10, 60, 20, 120]));
