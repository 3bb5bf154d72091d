import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chosen } from '../../../static/js/draw/shelf.js';
import { MODES, anchor, layout, podBox, route, scale } from '../../../static/js/layout.js';
import { fromSnapshot } from '../../../static/js/model.js';
import { pod, snapshot } from './pictures.mjs';

const SIZES = [[880, 640], [940, 658], [1072, 758], [1500, 938]];
const plan = (options, [width, height] = SIZES[1]) => layout(fromSnapshot(snapshot(options), 0), width, height);
const podsOn = (count, nodes = 3) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`default/p-${i}`, pod(`worker-${(i % nodes) + 1}`)]));
const apart = (a, b) => a.x + a.w <= b.x + 0.5 || b.x + b.w <= a.x + 0.5 || a.y + a.h <= b.y + 0.5 || b.y + b.h <= a.y + 0.5;

for (const size of SIZES) {
  test(`rooms stay inside the stage and apart at ${size}`, () => {
    const p = plan({}, size);
    const rooms = [p.etcd, p.apiserver, p.controllers, p.scheduler, p.workloads, p.services, ...p.nodes];
    for (const room of rooms) assert.ok(room.x >= 0 && room.y >= 0 && room.x + room.w <= size[0] + 0.5 && room.y + room.h <= size[1] + 0.5);
    rooms.forEach((a, i) => rooms.slice(i + 1).forEach((b) => assert.ok(apart(a, b))));
  });

  for (const count of [1, 3, 5, 7]) {
    test(`${count} members do not touch one another at ${size}`, () => {
      const { ring, etcd } = plan({ members: count }, size);
      ring.spots.forEach((a, i) => {
        assert.ok(a.y - a.r >= etcd.y && a.y + a.r <= etcd.y + etcd.h - 16);
        ring.spots.slice(i + 1).forEach((b) => assert.ok(Math.hypot(a.x - b.x, a.y - b.y) > a.r + b.r));
      });
    });
  }
}

const densities = [[3, 6, 'full'], [3, 36, 'full'], [3, 60, 'chips'], [3, 150, 'crowd'], [12, 60, 'dense'], [12, 200, 'dense'], [30, 90, 'small'], [100, 1000, 'tile'], [1000, 10000, 'tile']];
for (const [nodes, pods, mode] of densities) {
  test(`${pods} pods on ${nodes} nodes are drawn as ${mode}, all inside their nodes`, () => {
    const p = plan({ nodes, pods: podsOn(pods, nodes) }, [1072, 858]);
    assert.equal(p.mode, mode);
    for (const node of p.nodes) {
      assert.ok(node.y + node.h <= p.area.y + p.area.h + 0.5);
      for (const spot of node.pods) assert.ok(spot.x + spot.w <= node.x + node.w && spot.y + spot.h <= node.y + node.h);
    }
  });
}

const boxes = [
  ['few pods are as large as they may be', [474, 90, 3], { w: 124, h: 62, per: 3 }],
  ['more pods share the line before they need a second one', [474, 62, 5], { w: 90, h: 62, per: 5 }],
  ['two lines share the height', [474, 100, 8], { w: 114, h: 47, per: 4 }],
];
for (const [name, [wide, tall, most], { w, h, per }] of boxes) {
  test(name, () => assert.deepEqual(podBox(MODES[0].pod, wide, tall, most), { w, h, gap: 6, per }));
}
test('pods that do not fit have no size', () => assert.equal(podBox(MODES[0].pod, 474, 40, 20), null));

test('a picture is drawn smaller on a tablet and larger on a projector', () => {
  const state = fromSnapshot(snapshot(), 0);
  assert.ok(scale(state, 700, 600) < 1);
  assert.equal(scale(state, 955, 658), 1);
  assert.ok(scale(state, 1900, 1300) > 1.5);
  assert.ok(scale(state, 1072, 758, true) > 1.15);
  assert.equal(scale(state, 880, 640, true), 1);
});

test('when not all workloads fit, those that lack something are shown', () => {
  const rows = [{ key: 'a', lacks: false }, { key: 'b', lacks: false }, { key: 'c', lacks: true }];
  assert.deepEqual(chosen(rows, 2, (row) => row.lacks).map((row) => row.key), ['c', 'a']);
  assert.deepEqual(chosen(rows, 3, (row) => row.lacks), rows);
});

test('pods of one node never overlap', () => {
  const { pods } = plan({ nodes: 1, pods: podsOn(30, 1) }).nodes[0];
  pods.forEach((a, i) => pods.slice(i + 1).forEach((b) => assert.ok(apart(a, b))));
});

test('the same state has the same layout', () => assert.deepEqual(plan({ pods: podsOn(20) }), plan({ pods: podsOn(20) })));

test('a way there and the way back are two ways', () => {
  const p = plan({});
  assert.notDeepEqual(route(p, 'etcd-0', 'etcd-1').slice(2, 6), route(p, 'etcd-1', 'etcd-0').slice(2, 6).reverse());
});

test('what is not in the picture has no place', () => {
  assert.equal(anchor(plan({}), 'node/worker-99'), null);
  assert.equal(route(plan({}), 'client', 'node/worker-99'), null);
});
