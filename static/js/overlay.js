// The moving dots: one canvas over the picture. Only what `flights` names moves; positions are computed, never sent.
import { WAY } from './flights.js';
import { route } from './layout.js';

const FADE = 140;
const BESIDE = 12; // pixels a label stands beside the middle of its way
const APART = 900; // milliseconds between two labels on one way: more could not be read

export class Overlay {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext('2d');
    this.flying = [];
    this.worded = new Map(); // way → when its last label started
    this.colours = {};
    this.still = matchMedia('(prefers-reduced-motion: reduce)');
    this.frame = null;
  }

  resize(width, height, zoom) {
    const ratio = devicePixelRatio || 1;
    this.canvas.width = Math.round(width * zoom * ratio);
    this.canvas.height = Math.round(height * zoom * ratio);
    this.context.setTransform(ratio * zoom, 0, 0, ratio * zoom, 0, 0);
    this.size = [width, height];
    this.readColours();
  }

  readColours() {
    for (const tone of ['etcd', 'api', 'bad', 'watch', 'panel']) {
      this.canvas.style.color = `var(--dot-${tone})`;
      this.colours[tone] = plainColour(getComputedStyle(this.canvas).color); // a canvas knows no custom properties
    }
  }

  /** Let these fly along the plan of now. With reduced motion nothing flies: the counts at the edges tell it. */
  launch(list, plan) {
    if (this.still.matches || document.hidden) return;
    const now = performance.now();
    for (const flight of list) {
      const curve = route(plan, flight.from, flight.to);
      if (!curve) continue;
      const label = this.word(flight, now + flight.delay, plan.ring.spots.length);
      const spot = label ? beside(curve, label.length, plan.ring.spots) : null;
      this.flying.push({ ...flight, label, curve, spot, start: now + flight.delay });
    }
    if (this.flying.length > 400) this.flying.splice(0, this.flying.length - 400);
    if (this.flying.length && this.frame === null) this.frame = requestAnimationFrame(() => this.paint());
  }

  /** The label, unless its way had one a moment ago, or with many members any way. What has its turn, as in an election, keeps its word. */
  word({ label, from, to, told }, start, members) {
    if (!label || told) return label;
    const way = members > 3 ? '' : `${from} ${to}`;
    if (start - (this.worded.get(way) ?? -Infinity) < APART) return '';
    this.worded.set(way, start);
    return label;
  }

  clear() {
    this.flying = [];
  }

  paint() {
    this.frame = null;
    const now = performance.now();
    const { context } = this;
    context.clearRect(0, 0, ...this.size);
    this.flying = this.flying.filter((flight) => now < flight.start + WAY + FADE);
    for (const flight of this.flying) if (now >= flight.start) this.paintOne(flight, (now - flight.start) / WAY);
    if (this.flying.length) this.frame = requestAnimationFrame(() => this.paint());
  }

  paintOne(flight, progress) {
    const { context } = this;
    const t = ease(Math.min(1, progress)) * (flight.lost ? 0.55 : 1); // what never arrives ends on its way
    const [x, y] = point(flight.curve, t);
    const [tailX, tailY] = point(flight.curve, Math.max(0, t - 0.13));
    context.globalAlpha = progress > 1 ? Math.max(0, 1 - ((progress - 1) * WAY) / FADE) : Math.min(1, progress * 8);
    const colour = this.colours[flight.tone];
    context.strokeStyle = colour;
    context.lineWidth = 3;
    context.lineCap = 'round';
    const trail = context.createLinearGradient(tailX, tailY, x, y);
    trail.addColorStop(0, `${colour}00`);
    trail.addColorStop(1, colour);
    context.strokeStyle = trail;
    context.beginPath();
    context.moveTo(tailX, tailY);
    context.lineTo(x, y);
    context.stroke();
    context.fillStyle = colour;
    context.beginPath();
    context.arc(x, y, flight.tone === 'watch' ? 3.6 : 4.8, 0, Math.PI * 2);
    context.fill();
    if (flight.spot) this.paintLabel(flight.label, flight.spot, colour);
    context.globalAlpha = 1;
  }

  /** The label stands still while its dot passes: it can be read, and covers neither end. */
  paintLabel(label, { x, y, align }, colour) {
    const { context } = this;
    context.textAlign = align;
    context.font = '500 11px "JetBrains Mono", monospace';
    context.lineWidth = 3.5;
    context.strokeStyle = this.colours.panel;
    context.strokeText(label, x, y);
    context.fillStyle = colour;
    context.fillText(label, x, y);
  }
}

/** Any colour the browser can paint as #rrggbb, also those a gradient's parser would refuse. */
function plainColour(colour) {
  const dot = new OffscreenCanvas(1, 1).getContext('2d');
  dot.fillStyle = colour;
  dot.fillRect(0, 0, 1, 1);
  const [red, green, blue] = dot.getImageData(0, 0, 1, 1).data;
  return `#${[red, green, blue].map((part) => part.toString(16).padStart(2, '0')).join('')}`;
}

const ease = (t) => (t < 0.5 ? 2 * t * t : 1 - (2 - 2 * t) ** 2 / 2);

/**
 * Where a label of so many letters stands: at the middle of the way, outside the bend; inside it, or nearer to either end, where
 * it would cover a member (`discs`: {x, y, r}); null where there is no such place. Pure.
 */
export function beside(curve, letters = 0, discs = []) {
  const places = [0.5, 0.36, 0.64, 0.22, 0.78].flatMap((t) => [BESIDE, -BESIDE, 2 * BESIDE, -2 * BESIDE].map((off) => placed(curve, t, off)));
  return places.find((place) => discs.every((disc) => !covers(place, letters, disc))) ?? null;
}

function placed(curve, t, off) {
  const [x, y] = point(curve, t);
  const [midX, midY] = point(curve, 0.5);
  const [dx, dy] = [midX - (curve[0] + curve[6]) / 2, midY - (curve[1] + curve[7]) / 2];
  const length = (Math.hypot(dx, dy) || 1) * Math.sign(off);
  const [nx, ny] = [dx / length, dy / length];
  return { x: x + nx * Math.abs(off), y: y + ny * Math.abs(off) + 4, align: nx > 0.4 ? 'left' : nx < -0.4 ? 'right' : 'center' };
}

const LETTER = 6.7; // pixels of a letter of a label
const RISE = 9; // and what it takes above its line

function covers({ x, y, align }, letters, disc) {
  const w = letters * LETTER;
  const left = align === 'left' ? x : align === 'right' ? x - w : x - w / 2;
  const nearX = Math.max(left, Math.min(disc.x, left + w));
  const nearY = Math.max(y - RISE, Math.min(disc.y, y));
  return Math.hypot(disc.x - nearX, disc.y - nearY) < disc.r + 2;
}

export function point([x0, y0, x1, y1, x2, y2, x3, y3], t) {
  const u = 1 - t;
  const [a, b, c, d] = [u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t];
  return [a * x0 + b * x1 + c * x2 + d * x3, a * y0 + b * y1 + c * y2 + d * y3];
}
