// The miniature of a starting point: which frame shows when, and where its things are.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { frameAt, position, scene, told } from '../../../static/js/miniature.js';

const folder = new URL('../../../static/gallery/', import.meta.url);
const recordings = readdirSync(folder).map((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')));
const frame = { t: 0, m: 'LFX', n: '+x-', p: ['ok ok', '', 'gone', ''] };

test('the last frame that had begun shows', () => {
  const recording = { frames: [{ t: 0 }, { t: 2 }, { t: 5 }] };
  assert.deepEqual([0, 1.9, 2, 4, 60].map((at) => frameAt(recording, at).t), [0, 0, 2, 2, 5]);
});

test('it plays at its pace, rests at its end, and begins again', () => {
  const recording = { seconds: 20, pace: 10 };
  assert.deepEqual([0, 1, 2, 3, 3.5, 4.5].map((wall) => position(recording, wall)), [0, 10, 20, 20, 0, 10]);
});

test('members and nodes are named by their state, never by colour alone', () => {
  const picture = scene(frame);
  assert.deepEqual(picture.members.map((member) => [member.name, member.sign]), [['leader', 'L'], ['follower', 'F'], ['down', '✕']]);
  assert.deepEqual(picture.nodes.map((node) => node.name), ['', 'dead', 'not']);
  assert.equal(picture.dots.length, 3);
});

test('a frame is told in a sentence', () => {
  assert.equal(told(frame), '3 members, 1 down, one leads; 3 nodes; 2 of 3 pods running');
});

test('every recorded run stays within the miniature', () => {
  for (const recording of recordings)
    for (const one of recording.frames)
      for (const { x, y } of [...scene(one).members, ...scene(one).nodes, ...scene(one).dots]) assert.ok(x >= 0 && x <= 339 && y >= 0 && y <= 107, `${x} ${y}`);
});
