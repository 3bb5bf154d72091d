// The miniature of a starting point: a recorded run, played on its card. What a frame is, tests/scenarios/recording.py says.

const RING = { x: 56, y: 56, radius: 30, disc: 11 };
const NODES = { x: 112, y: 8, width: 224, gap: 6, height: 28, row: 33 };
const DOT = { size: 5, step: 7, x: 6, y: 5 };
const ROLES = { L: 'leader', F: 'follower', V: 'candidate', X: 'down', '?': 'unknown' };
const SIGNS = { L: 'L', F: 'F', V: 'V', X: '✕', '?': '?' };
const STATES = { '+': '', x: 'dead', '-': 'not' };

/** The frame that shows at `seconds` of the recording: the last one that had begun. Pure. */
export function frameAt(recording, seconds) {
  let found = recording.frames[0];
  for (const frame of recording.frames) if (frame.t <= seconds) found = frame;
  return found;
}

/** Where in the recording one is after `wall` seconds of playing, over and over, with a rest at the end. Pure. */
export function position(recording, wall, rest = 1.5) {
  const length = recording.seconds / recording.pace;
  const within = wall % (length + rest);
  return Math.min(within, length) * recording.pace;
}

/** What a frame looks like: {ring, members, nodes, dots} with coordinates and class names, as on the cards of clusters. Pure. */
export function scene(frame) {
  const count = frame.m.length;
  const radius = count === 1 ? 0 : RING.radius;
  const members = [...frame.m].map((letter, i) => {
    const angle = (2 * Math.PI * i) / count - Math.PI / 2;
    return { x: RING.x + radius * Math.cos(angle), y: RING.y + radius * Math.sin(angle), name: ROLES[letter], sign: SIGNS[letter] };
  });
  const columns = frame.n.length <= 3 ? 1 : frame.n.length <= 6 ? 2 : 4;
  const width = Math.floor(NODES.width / columns) - NODES.gap;
  const nodes = [...frame.n].map((sign, i) => ({
    x: NODES.x + (i % columns) * (width + NODES.gap),
    y: NODES.y + Math.floor(i / columns) * NODES.row,
    width,
    name: STATES[sign],
  }));
  const dots = nodes.flatMap((node, i) => row(frame.p[i], node));
  return { ring: count > 1, members, nodes, dots };
}

function row(tones, node) {
  return (tones ? tones.split(' ') : []).map((tone, k) => ({ x: node.x + DOT.x + k * DOT.step, y: node.y + DOT.y, name: tone }));
}

/** One sentence about a frame, for those who do not see it. Pure. */
export function told(frame) {
  const leads = frame.m.includes('L') ? 'one leads' : 'no leader';
  const down = [...frame.m].filter((letter) => letter === 'X').length;
  const pods = frame.p.join(' ').split(' ').filter(Boolean);
  const running = pods.filter((tone) => tone === 'ok').length;
  return `${frame.m.length} members, ${down ? `${down} down, ` : ''}${leads}; ${frame.n.length} nodes; ${running} of ${pods.length} pods running`;
}

const SVG = 'http://www.w3.org/2000/svg';

function shape(parent, tag, attributes, text = '') {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.textContent = text;
  parent.append(node);
}

/** Draw a frame into an SVG of viewBox 344 × 112. */
export function draw(svg, frame) {
  svg.replaceChildren();
  const picture = scene(frame);
  if (picture.ring) shape(svg, 'circle', { class: 'ring', cx: RING.x, cy: RING.y, r: RING.radius });
  for (const member of picture.members) {
    shape(svg, 'circle', { class: `m ${member.name}`, cx: member.x, cy: member.y, r: RING.disc });
    shape(svg, 'text', { class: member.name, x: member.x, y: member.y, dy: 3.5 }, member.sign);
  }
  for (const node of picture.nodes) shape(svg, 'rect', { class: `n ${node.name}`, x: node.x, y: node.y, width: node.width, height: NODES.height, rx: 6 });
  for (const dot of picture.dots) shape(svg, 'rect', { class: `d ${dot.name}`, x: dot.x, y: dot.y, width: DOT.size, height: DOT.size, rx: 1.5 });
}
