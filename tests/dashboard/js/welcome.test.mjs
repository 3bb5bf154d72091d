// Where the pointers of a first visit stand.
import assert from 'node:assert/strict';
import { test } from 'node:test';

globalThis.document = { addEventListener() {}, body: {} };
globalThis.MutationObserver = class { observe() {} };
const { beside } = await import('../../../static/js/welcome.js');

const box = (left, top, width, height) => ({ left, top, right: left + width, bottom: top + height });
const rows = [
  ['what is at the top is pointed at from below', box(650, 12, 250, 32), { x: 660, y: 58, side: 'below' }],
  ['what has room to its right, from there', box(210, 120, 50, 50), { x: 274, y: 115, side: 'right' }],
  ['what is at the right edge, from the left', box(955, 100, 325, 600), { x: 711, y: 370, side: 'left' }],
];

for (const [name, target, wanted] of rows) test(name, () => assert.deepEqual(beside(target, 230, 60, 1280, 800), wanted));

test('it never leaves the window', () => {
  for (let left = 0; left < 1240; left += 40)
    for (let top = 0; top < 760; top += 40) {
      const { x, y } = beside(box(left, top, 40, 40), 230, 60, 1280, 800);
      assert.ok(x >= 0 && x + 230 <= 1280 && y >= 0 && y + 60 <= 800, `${left} ${top} → ${x} ${y}`);
    }
});
