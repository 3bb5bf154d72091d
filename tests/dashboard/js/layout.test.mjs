import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anchor, layout, route } from '../../../static/js/layout.js';
import { fromSnapshot } from '../../../static/js/model.js';
import { pod, snapshot } from './pictures.mjs';

const SIZES = [[940, 658], [1072, 758], [1500, 938]];
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
        assert.ok(a.y - a.r >= etcd.y && a.y + a.r <= etcd.y + etcd.h);
        ring.spots.slice(i + 1).forEach((b) => assert.ok(Math.hypot(a.x - b.x, a.y - b.y) > a.r + b.r));
      });
    });
  }
}

const densities = [[3, 6, 'full'], [3, 36, 'cards'], [3, 150, 'small'], [12, 200, 'small'], [100, 1000, 'tile'], [1000, 10000, 'tile']];
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
