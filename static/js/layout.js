// Where everything stands: state + size of the stage → coordinates. Pure; drawing only reads this.
import { workloads } from './model.js';
import { clamp } from './words.js';

const PAD = 20;
const GAP = 14;

/** Pixels a node gives to what runs on it: as boxes with a note each, as dots with a name, or nothing. */
const PARTS = { boxes: 53, dots: 20, none: 0 };

/** A pod's size [least, most]: it takes the room there is. Squares stay square. */
const CARDS = { w: [74, 124], h: [37, 62], gap: 6 };
const CHIPS = { w: [62, 124], h: [21, 30], gap: 5 };
const SQUARES = { w: [13, 24], h: [13, 24], gap: 4, square: true };

/** How richly a node is drawn, the richest first; `least` is the narrowest a node may then be. */
export const MODES = [
  { name: 'full', least: 396, head: 40, parts: 'boxes', pod: CARDS, widest: 2, side: 16 },
  { name: 'medium', least: 220, head: 38, parts: 'dots', pod: CARDS, widest: 4, side: 12 },
  { name: 'chips', least: 220, head: 38, parts: 'dots', pod: CHIPS, widest: 4, side: 12 },
  { name: 'crowd', least: 396, head: 40, parts: 'boxes', pod: SQUARES, widest: 2, side: 16 },
  { name: 'dense', least: 220, head: 38, parts: 'dots', pod: SQUARES, widest: 4, side: 12 },
  { name: 'small', least: 96, head: 34, parts: 'none', pod: SQUARES, widest: 12, side: 10 },
];
const NAMED_PODS = 40; // above this many pods on one node, squares
const FOOT = 8;

const DRAWN_FOR = { width: 1072, height: 740, nodes: 12, many: { width: 1600, height: 940 } };
const LEAST = { width: 880, height: 640 };
const BIG = 1.28; // how much larger big type is, as far as the rooms allow

/**
 * How much larger everything is drawn on a large screen: a few nodes fill a projector, many get its room instead. On a
 * screen too small for the rooms everything is drawn smaller.
 */
export function scale(state, width, height, big = false) {
  const fits = Math.min(width / LEAST.width, height / LEAST.height);
  if (fits < 1) return Math.max(0.4, fits);
  const drawn = nodeNames(state).length <= DRAWN_FOR.nodes ? DRAWN_FOR : DRAWN_FOR.many;
  const plain = clamp(Math.min(width / drawn.width, height / drawn.height), 1, 2);
  return big ? Math.min(plain * BIG, fits) : plain;
}

export function layout(state, width, height) {
  const inner = { w: width - 2 * PAD, h: height - 2 * PAD };
  const leftWidth = clamp(Math.round(inner.w * 0.475), 430, 700);
  const left = { x: PAD, w: leftWidth };
  const right = { x: PAD + leftWidth + 34, w: inner.w - leftWidth - 34 };
  const apiHeight = clamp(Math.round(inner.h * 0.19), 124, 168);
  const bottomHeight = clamp(Math.round(inner.h * 0.38), 220, 372);
  const etcdHeight = inner.h - apiHeight - bottomHeight - 2 * GAP - 8;
  const etcd = box(left.x, PAD, left.w, etcdHeight);
  const apiserver = box(left.x, etcd.y + etcd.h + GAP + 4, left.w, apiHeight);
  const below = apiserver.y + apiserver.h + GAP + 4;
  const schedulerWidth = clamp(Math.round(left.w * 0.37), 158, 250);
  const controllers = box(left.x, below, left.w - schedulerWidth - GAP, bottomHeight);
  const scheduler = box(left.x + controllers.w + GAP, below, schedulerWidth, bottomHeight);
  const shelfRows = Math.max(workloads(state).length, state.tables.services?.size ?? 0);
  const shelfHeight = clamp(44 + shelfRows * 25 + 8, 94, Math.max(118, Math.round(inner.h * 0.26)));
  const shelf = height - PAD - shelfHeight;
  const half = Math.round((right.w - GAP) / 2);
  const wanted = box(right.x, shelf, half, shelfHeight);
  const services = box(right.x + half + GAP, shelf, right.w - half - GAP, shelfHeight);
  const area = box(right.x, PAD, right.w, shelf - PAD - GAP);
  const nodes = layoutNodes(state, area);
  return {
    width, height, etcd, apiserver, controllers, scheduler, workloads: wanted, services, area,
    ring: layoutRing(state.members, etcd), stages: layoutStages(apiserver), nodes: nodes.boxes, mode: nodes.mode, parts: nodes.parts,
  };
}

const box = (x, y, w, h) => ({ x, y, w, h });

const LABEL = 110; // what a member's words and log tail need beside it

/** The members on an ellipse, the first on top; names stand outside, left and right of it. */
export function layoutRing(members, room) {
  const count = members.length;
  const size = Math.min(room.w / 16, room.h / 10);
  const r = Math.round(count <= 3 ? clamp(size, 27, 40) : count <= 5 ? clamp(size * 0.8, 22, 32) : clamp(size * 0.6, 17, 25));
  const angles = members.map((_, i) => -Math.PI / 2 + (2 * Math.PI * i) / count);
  const heights = angles.map(Math.sin);
  const [top, bottom] = [Math.min(...heights), Math.max(...heights)];
  const inner = { y: room.y + 44 + r, h: room.h - 88 - 2 * r };
  const rx = count === 1 ? 0 : clamp((room.w / 2 - r - LABEL - 27) / (count === 3 ? 0.866 : 1), 62, 190);
  const ry = count === 1 ? 0 : Math.max(28, inner.h / (bottom - top));
  const centre = { x: room.x + room.w / 2, y: count === 1 ? inner.y + inner.h / 2 : inner.y - top * ry };
  const spots = members.map((member, i) => {
    const x = centre.x + rx * Math.cos(angles[i]);
    const y = centre.y + ry * heights[i];
    const side = x < centre.x - 1 ? -1 : 1;
    // With many members there is no room for three lines beside each; at the top of five neither.
    const tight = count >= 6 || (count >= 5 && i === 0);
    return { name: member.name, x, y, r, side, labelX: x + side * (r + 13), labelY: y - (count >= 6 ? (i ? -1 : 19) : 9), tight };
  });
  return { centre, rx, ry, r, spots };
}

export const STAGES = [
  ['authentication', 'authenticate'], ['authorization', 'authorize'], ['mutating', 'mutate'],
  ['validation', 'validate'], ['admission', 'admit'], ['etcd', 'store'],
];

/** Boxes as wide as their words need, in one row. */
export function layoutStages(room) {
  const gap = 6;
  const weights = STAGES.map(([, word]) => word.length + 4);
  const unit = (room.w - 32 - gap * (STAGES.length - 1)) / weights.reduce((sum, weight) => sum + weight, 0);
  let x = room.x + 16;
  return STAGES.map(([name, word], i) => {
    const stage = { name, word, x, y: room.y + 38, w: weights[i] * unit, h: 32 };
    x += stage.w + gap;
    return stage;
  });
}

/** The nodes in the richest mode in which every pod has its place. */
export function layoutNodes(state, area) {
  const names = nodeNames(state);
  const most = Math.max(1, ...names.map((name) => state.placed.get(name)?.length ?? 0));
  for (const mode of MODES) {
    if (!mode.pod.square && most > NAMED_PODS) continue;
    if (names.length > 60) break;
    for (let columns = 1; columns <= mode.widest; columns += 1) {
      const w = (area.w - GAP * (columns - 1)) / columns;
      if (w < mode.least && columns > 1) break;
      const lines = Math.ceil(names.length / columns);
      const h = (area.h - GAP * (lines - 1)) / lines;
      const top = mode.head + PARTS[mode.parts];
      const pods = podBox(mode.pod, w - 2 * mode.side, h - top - FOOT, most);
      if (!pods) continue;
      const need = top + Math.ceil(most / pods.per) * (pods.h + pods.gap) + FOOT;
      const boxes = grid(names, area, { columns, w, h: Math.min(h, Math.max(need + 30, 300)), top, pods, mode }, state);
      return { mode: mode.name, parts: mode.parts, boxes };
    }
  }
  return { mode: 'tile', parts: 'none', boxes: tiles(names, area, state) };
}

/** The size at which `most` pods fill `wide` × `tall` best, and how many stand in a line; null when they do not fit. Pure. */
export function podBox({ w: [least, widest], h: [low, high], gap, square }, wide, tall, most) {
  const fits = (room, size) => Math.floor((room + gap) / (size + gap));
  if (square) {
    for (let size = widest; size >= least; size -= 1) {
      const per = fits(wide, size);
      if (per * fits(tall, size) >= most) return { w: size, h: size, gap, per };
    }
    return null;
  }
  const lines = fits(tall, low);
  if (fits(wide, least) * lines < most) return null;
  const per = Math.max(fits(wide, widest), Math.ceil(most / lines), 1);
  const used = Math.ceil(most / per);
  return { w: Math.min(widest, Math.floor((wide + gap) / per) - gap), h: Math.min(high, Math.floor((tall + gap) / used) - gap), gap, per };
}

/** Every node there is or should be: the machines, then nodes somebody only wrote down. */
export function nodeNames(state) {
  const names = state.machines;
  const known = new Set(names);
  return [...names, ...[...(state.tables.nodes?.keys() ?? [])].filter((name) => !known.has(name))];
}

function grid(names, area, { columns, w, h, top, pods, mode }, state) {
  return names.map((name, i) => {
    const x = area.x + (i % columns) * (w + GAP);
    const y = area.y + Math.floor(i / columns) * (h + GAP);
    const spots = (state.placed.get(name) ?? []).map((key, k) => ({
      key, w: pods.w, h: pods.h, x: x + mode.side + (k % pods.per) * (pods.w + pods.gap), y: y + top + Math.floor(k / pods.per) * (pods.h + pods.gap),
    }));
    return { name, x, y, w, h, head: mode.head, side: mode.side, pods: spots };
  });
}

/** Many nodes: a field of tiles, each with a bar of its pods' phases; their pods are reached through the inspector. */
function tiles(names, area, state) {
  const gap = names.length > 300 ? 3 : 6;
  const columns = Math.max(1, Math.ceil(Math.sqrt((names.length * area.w) / Math.max(1, area.h) / 2.2)));
  const lines = Math.ceil(names.length / columns);
  const w = (area.w - gap * (columns - 1)) / columns;
  const h = Math.min(54, (area.h - gap * (lines - 1)) / lines);
  return names.map((name, i) => ({
    name, x: area.x + (i % columns) * (w + gap), y: area.y + Math.floor(i / columns) * (h + gap), w, h,
    head: 0, side: 4, pods: [], keys: state.placed.get(name) ?? [],
  }));
}

/** The point a message starts or ends at; null for a party that is not in the picture. */
export function anchor(plan, name) {
  const spot = plan.ring.spots.find((one) => one.name === name);
  if (spot) return { x: spot.x, y: spot.y, r: spot.r };
  const middle = (room, fx = 0.5, fy = 0.5) => ({ x: room.x + room.w * fx, y: room.y + room.h * fy });
  if (name.startsWith('node/')) {
    const node = plan.nodes.find((one) => one.name === name.slice(5));
    return node ? { x: node.x, y: node.y + Math.min(node.h / 2, 66) } : null;
  }
  switch (name) {
    case 'api-top': return { x: plan.ring.centre.x, y: plan.apiserver.y };
    case 'etcd-door': return { x: plan.ring.centre.x, y: plan.etcd.y + plan.etcd.h };
    case 'api-store': return { x: plan.stages.at(-1).x + plan.stages.at(-1).w / 2, y: plan.stages[0].y };
    case 'api-in': return { x: plan.apiserver.x + plan.apiserver.w, y: plan.stages[0].y + 16 };
    case 'api-out': return { x: plan.apiserver.x + plan.apiserver.w, y: plan.apiserver.y + plan.apiserver.h - 26 };
    case 'api-down': return { x: middle(plan.controllers).x, y: plan.apiserver.y + plan.apiserver.h };
    case 'api-down-right': return { x: middle(plan.scheduler).x, y: plan.apiserver.y + plan.apiserver.h };
    case 'controllers': return { x: middle(plan.controllers).x, y: plan.controllers.y };
    case 'scheduler': return { x: middle(plan.scheduler).x, y: plan.scheduler.y };
    case 'client': return { x: plan.apiserver.x + plan.apiserver.w - 34, y: plan.apiserver.y + 20 };
    default: return null;
  }
}

/** The way from one anchor to another as a cubic curve [x0, y0, x1, y1, x2, y2, x3, y3]. */
export function route(plan, from, to) {
  const a = anchor(plan, from);
  const b = anchor(plan, to);
  if (!a || !b) return null;
  if (a.r && b.r) return ringRoute(a, b);
  if (b.r) return doorRoute(a, b);
  if (Math.abs(a.x - b.x) > Math.abs(a.y - b.y) || from.startsWith('node/') || to.startsWith('node/')) {
    const middle = (a.x + b.x) / 2;
    return [a.x, a.y, middle, a.y, middle, b.y, b.x, b.y];
  }
  const middle = (a.y + b.y) / 2;
  return [a.x, a.y, a.x, middle, b.x, middle, b.x, b.y];
}

/** From the door below into the ring, up through its middle, to the rim of a member. */
function doorRoute(a, b) {
  const bend = { x: a.x, y: Math.min(a.y - 40, b.y + (a.y - b.y) * 0.35) };
  const [dx, dy] = [bend.x - b.x, bend.y - b.y];
  const length = Math.hypot(dx, dy) || 1;
  return [a.x, a.y, bend.x, bend.y, bend.x, bend.y, b.x + (dx / length) * b.r, b.y + (dy / length) * b.r];
}

/** Between members: from rim to rim, bent a little to the right, so that there and back are two ways. */
function ringRoute(a, b) {
  const dx = b.x - a.x;
  const dy = b.y - a.y;
  const length = Math.hypot(dx, dy) || 1;
  const [ux, uy] = [dx / length, dy / length];
  const bend = Math.min(18, length * 0.1);
  const [nx, ny] = [-uy * bend, ux * bend];
  const [x0, y0] = [a.x + ux * a.r, a.y + uy * a.r];
  const [x3, y3] = [b.x - ux * b.r, b.y - uy * b.r];
  return [x0, y0, x0 + (x3 - x0) / 3 + nx, y0 + (y3 - y0) / 3 + ny, x0 + ((x3 - x0) * 2) / 3 + nx, y0 + ((y3 - y0) * 2) / 3 + ny, x3, y3];
}
