// The whole picture: which rooms there are, and which of them a change makes draw again.
import { Scene } from '../scene.js';
import { layout, route } from '../layout.js';
import { cutFrom } from '../model.js';
import { bezier, drawEtcd } from './etcd.js';
import { drawApiserver, drawControllers, drawScheduler } from './control.js';
import { drawNode } from './nodes.js';
import { drawServices, drawWorkloads } from './shelf.js';

const WIRED_MAX = 12; // nodes that get a wire of their own

export class Stage {
  constructor(svg) {
    this.svg = svg;
    this.scene = new Scene(svg);
    this.plan = null;
    this.drawnNodes = new Map();
  }

  /** Draw `state` at the size the stage has; `regions` are those that changed, null for all. */
  draw(state, width, height, wall, regions = null) {
    const plan = layout(state, width, height);
    const moved = !this.plan || signature(plan) !== signature(this.plan);
    this.plan = plan;
    const wants = (name) => moved || regions === null || regions.has(name);
    if (moved) this.svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
    if (moved || wants('nodes')) this.scene.region('wires', (pen) => drawWires(pen, state, plan));
    if (wants('etcd')) this.scene.region('etcd', (pen) => drawEtcd(pen, state, plan));
    if (wants('apiserver')) this.scene.region('apiserver', (pen) => drawApiserver(pen, state, plan, wall));
    if (wants('controllers')) this.scene.region('controllers', (pen) => drawControllers(pen, state, plan, wall));
    if (wants('scheduler')) this.scene.region('scheduler', (pen) => drawScheduler(pen, state, plan));
    if (wants('nodes')) {
      this.scene.region('nodes', (pen) => {
        for (const spot of plan.nodes) pen.group(spot.name, { role: 'group', 'aria-label': `node ${spot.name}` }, (inside) => drawNode(inside, state, plan, spot, wall));
        if (!plan.nodes.length) pen.text('none', plan.area.x + plan.area.w / 2, plan.area.y + plan.area.h / 2, 'no worker nodes: every pod waits for one', 'mute middle');
      });
    }
    if (wants('workloads')) this.scene.region('workloads', (pen) => drawWorkloads(pen, state, plan));
    if (wants('services')) this.scene.region('services', (pen) => drawServices(pen, state, plan));
  }
}

const signature = (plan) => JSON.stringify([plan.width, plan.height, plan.mode, plan.workloads, plan.etcd, plan.nodes.length, plan.ring.spots.length]);

function drawWires(pen, state, plan) {
  const wires = [['api-top', 'etcd-door', 'etcd'], ['api-down', 'controllers', 'api'], ['api-down-right', 'scheduler', 'api']];
  for (const [from, to, tone] of wires) pen.path(to, bezier(route(plan, from, to)), `wire trunk ${tone}`);
  if (plan.mode === 'tile' || plan.nodes.length > WIRED_MAX) {
    const { x, y, h } = plan.area;
    pen.path('bus', `M${plan.apiserver.x + plan.apiserver.w} ${plan.apiserver.y + plan.apiserver.h / 2}H${x - 14}M${x - 14} ${y}v${h}`, 'wire trunk api');
    return;
  }
  const firstColumn = plan.area.x;
  for (const node of plan.nodes) {
    if (node.x > firstColumn + 1) continue;
    const target = `node/${node.name}`;
    const down = state.components.get(target)?.state === 'stopped' || cutFrom(state, target).includes('apiserver');
    pen.path(`node-${node.name}`, bezier(route(plan, 'api-out', target)), `wire trunk ${down ? 'cut' : 'api'}`);
  }
}
