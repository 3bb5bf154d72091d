// The worker nodes: what runs on each, and its pods by phase, as richly as there is room for.
import { componentState, cutFrom, failureOf, virtualNow } from '../model.js';
import { fit, podName, span } from '../words.js';

const PARTS = [['kubelet', 'kubelet'], ['runtime', 'containerd'], ['kube-proxy', 'kube-proxy']];
const LATELY = 20; // virtual seconds a deed is the news of a component
const CALLS = { PullImage: 'pulling for', RunPodSandbox: 'sandbox for', CreateContainer: 'creating', StartContainer: 'started', StopContainer: 'stopping', RemoveContainer: 'removed', StopPodSandbox: 'ending', RemovePodSandbox: 'removed' };
// what does not fit on a small card, as people say it
const BRIEF = { ContainerCreating: 'Creating', PodInitializing: 'Initializing', CrashLoopBackOff: 'CrashLoop', ImagePullBackOff: 'ImagePull', ErrImagePull: 'PullError', CreateContainerError: 'CreateError' };
const SIGNS = { ok: '●', make: '◐', wait: '○', bad: '✕', gone: '–', done: '✓' };

export function drawNode(pen, state, plan, spot, wall) {
  const facts = factsOf(state, spot.name, wall);
  if (plan.mode === 'tile') drawTile(pen, state, spot, facts);
  else drawRoom(pen, state, plan, spot, facts);
}

/** What is known of a node: the machine (out of band) and what the cluster believes of it (its object and lease). */
export function factsOf(state, name, wall) {
  const node = state.tables.nodes?.get(name);
  const machine = componentState(state, `node/${name}`);
  const now = virtualNow(state, wall);
  const renewed = state.tables['leases.coordination.k8s.io']?.get(`kube-node-lease/${name}`)?.renewed;
  const pods = state.placed.get(name) ?? [];
  let cpu = 0;
  let mem = 0;
  for (const key of pods) {
    const pod = state.tables.pods.get(key);
    if (pod && pod.tone !== 'done') [cpu, mem] = [cpu + pod.cpu, mem + pod.mem];
  }
  const beat = renewed ? Math.max(0, now - renewed) : null;
  const [words, tone] = condition(node, machine, now, beat, cutFrom(state, `node/${name}`));
  return { node, machine, words, tone, pods, now, cpu: node?.cpu ? cpu / node.cpu : 0, mem: node?.mem ? mem / node.mem : 0 };
}

function condition(node, machine, now, beat, cut) {
  if (!node) return [machine === 'running' ? 'not registered yet' : machine, 'wait'];
  const off = machine !== 'running' ? ` · machine ${machine}` : cut.length ? ` · cut off from ${cut.map((one) => one.replace('node/', '')).join(', ')}` : '';
  if (node.ready === 'True') {
    const extra = node.cordoned ? ' · cordoned' : node.pressed.length ? ` · ${node.pressed.join(', ')}` : '';
    const said = beat === null || off || extra ? '' : ` · heartbeat ${span(beat)} ago`;
    return [`Ready${said}${extra}${off}`, off || extra ? 'wait' : 'ok'];
  }
  const since = node.since ? ` for ${span(now - node.since)}` : '';
  return [`NotReady${since}${off}`, 'bad'];
}

function drawRoom(pen, state, plan, spot, facts) {
  const { x, y, w, h } = spot;
  pen.rect('room', x, y, w, h, plan.parts === 'none' ? 11 : 16, facts.tone === 'bad' ? 'room broken' : 'room');
  pen.button('open', `node/${spot.name}`, `node, ${plan.parts === 'none' ? `${facts.words}, ` : ''}${facts.pods.length} pods`, 'head', (inside) => {
    inside.rect('area', x + 6, y + 6, w - 12, 28, 8, 'area');
    const size = plan.parts === 'none' ? 6.9 : 7.9;
    inside.text('label', x + spot.side + 2, y + 25, fit(spot.name.toUpperCase(), w - 30, size), `label ${facts.tone === 'bad' ? 'bad' : 'node'}`);
    if (plan.parts === 'none') {
      inside.text('sign', x + w - 10, y + 25, facts.tone === 'ok' ? String(facts.pods.length) : SIGNS[facts.tone] ?? '', `tiny end tone-${facts.tone}`);
      return;
    }
    const after = x + spot.side + 12 + spot.name.length * 8.6;
    const bars = plan.parts === 'boxes' ? 204 : 0;
    const space = x + w - spot.side - bars - after;
    const words = facts.words.length * 6 > space ? facts.words.replace('heartbeat ', '').replace(' · machine', ',') : facts.words;
    inside.text('words', after, y + 25, fit(words, space, 5.9), `small ${facts.tone === 'ok' ? 'mute' : `tone-${facts.tone}`}`);
    if (bars) drawBars(inside, x + w - spot.side, y, facts);
  });
  if (plan.parts === 'boxes') drawParts(pen, state, spot, facts);
  if (plan.parts === 'dots') drawPartDots(pen, state, spot, facts);
  for (const place of spot.pods) drawPod(pen, state, place, facts);
  if (!spot.pods.length && plan.parts === 'boxes') pen.text('empty', x + 18, y + 118, 'no pods', 'small mute');
}

function drawBars(pen, right, y, facts) {
  [['cpu', facts.cpu], ['mem', facts.mem]].forEach(([name, share], i) => {
    const x = right - (2 - i) * 104 + 14;
    const full = share > 0.95;
    pen.text(`${name}-word`, x + 24, y + 25, name, 'tiny mute end');
    pen.rect(`${name}-track`, x + 29, y + 18, 34, 6, 3, 'track');
    pen.rect(`${name}-fill`, x + 29, y + 18, share ? Math.max(4, 34 * Math.min(1, share)) : 0, 6, 3, `fill ${full ? 'bad' : 'node'}`);
    pen.text(`${name}-share`, x + 90, y + 25, `${Math.round(100 * share)}%`, `tiny end ${full ? 'tone-bad' : 'mute'}`);
  });
}

function drawParts(pen, state, spot, facts) {
  const gap = 10;
  const width = (spot.w - 2 * spot.side - 2 * gap) / 3;
  PARTS.forEach(([kind, word], i) => {
    const target = `${kind}/${spot.name}`;
    const up = facts.machine === 'running' ? partState(state, kind, spot.name) : facts.machine;
    const x = spot.x + spot.side + i * (width + gap);
    const y = spot.y + 42;
    const note = up === 'running' ? partNote(state, kind, spot.name, facts) : PART_WORDS[up];
    pen.button(kind, `component/${target}`, `on ${spot.name}, ${up}`, `part ${kind} ${up}`, (inside) => {
      inside.rect('card', x, y, width, 42, 10, 'card');
      inside.rect('mark', x, y + 9, 3, 24, 1.5, 'mark');
      inside.text('name', x + 13, y + 18, word, 'small strong');
      inside.text('note', x + 13, y + 34, fit(note, width - 20, 5.9), 'tiny mute');
    });
  });
}

function drawPartDots(pen, state, spot, facts) {
  PARTS.forEach(([kind, word], i) => {
    const up = facts.machine === 'running' ? partState(state, kind, spot.name) : facts.machine;
    const width = (spot.w - 2 * spot.side) / 3;
    const x = spot.x + spot.side + 4 + i * width;
    const sign = up === 'paused' ? 'Ⅱ' : '✕';
    const words = up !== 'running' && `${word} ${up}`.length * 6 < width - 16 ? `${word} ${up}` : word;
    pen.button(kind, `component/${kind}/${spot.name}`, `on ${spot.name}, ${up}`, `part ${kind} ${up}`, (inside) => {
      inside.rect('area', x - 4, spot.y + 35, width - 4, 18, 5, 'area');
      if (up === 'running') inside.circle('mark', x + 3, spot.y + 44, 3.2, 'mark');
      else inside.text('sign', x + 3, spot.y + 48, sign, 'tiny middle tone-bad');
      inside.text('name', x + 11, spot.y + 48, words, `tiny ${up === 'running' ? 'mute' : 'tone-bad'}`);
    });
  });
}

const PART_WORDS = { paused: 'paused: no answer', stopped: 'stopped', failed: 'failed' };

/** A part that runs may have a control loop that does not. */
function partState(state, kind, node) {
  const up = componentState(state, `${kind}/${node}`);
  return up === 'running' && kind !== 'runtime' && failureOf(state, kind, node) ? 'failed' : up;
}

/** What a component did just now, or else what it holds. */
function partNote(state, kind, node, facts) {
  if (kind === 'kubelet') return `${facts.pods.length} pod${facts.pods.length === 1 ? '' : 's'}`;
  if (kind === 'runtime') {
    const last = state.runtime.get(node);
    if (last && facts.now - last.at < LATELY) return `${CALLS[last.call] ?? last.call} ${which(last.subject)}`;
    const up = facts.pods.reduce((sum, key) => sum + [...(state.tables.pods.get(key)?.dots ?? '')].filter((dot) => dot === 'r' || dot === 'u').length, 0);
    return `${up} container${up === 1 ? '' : 's'} up`;
  }
  return proxied(state, node);
}

/** How many services a kube-proxy has rules for: as it said itself, or as many as there are for it to hear of. */
export function proxied(state, node) {
  const said = / for (\d+) services/.exec(state.proxies.get(node) ?? '');
  const services = said ? Number(said[1]) : [...(state.tables.services?.values() ?? [])].filter((service) => service.ip && service.ip !== 'None').length;
  return `${services} service${services === 1 ? '' : 's'}`;
}

/** `default/web-7c9f8d-x2k4p/nginx` as people point at it: `web x2k4p`. */
function which(subject) {
  const name = (subject ?? '').split('/')[1] ?? subject ?? '';
  return podName(name).filter(Boolean).join(' ');
}

function drawPod(pen, state, place, facts) {
  const pod = state.tables.pods.get(place.key);
  if (!pod) return;
  const off = facts.machine === 'stopped'; // nobody can tell how its containers are: there are none
  const lost = off && pod.tone === 'ok';
  const tone = lost ? 'gone' : pod.tone;
  const word = lost ? 'no answer' : pod.word;
  const [namespace, full] = place.key.split('/');
  const [base, which] = podName(full, pod.owner);
  const ordinal = /^\d+$/.test(which);
  const { x, y, w, h } = place;
  const shape = SHAPES.find((one) => w >= one.w && h >= one.h);
  pen.button(`pod-${place.key}`, `pod/${place.key}`, `pod ${place.key}${shape.tells ? '' : `, ${word}`}`, `pod ${tone} born`, (inside) => {
    inside.rect('card', x, y, w, h, shape.corner, 'card');
    shape.draw(inside, place, { pod, tone, word, off, name: ordinal ? full : base, which: ordinal ? '' : which || (namespace === 'default' ? '' : namespace) });
  });
}

const nameOf = (pen, { x, w }, y, name) => pen.text('name', x + 8, y, fit(name, w - 11, 6.9), 'small strong');

function drawRichPod(pen, place, { pod, word, off, name, which }) {
  const { x, y, w, h } = place;
  const side = w > 100 ? 11 : 8;
  const dots = [...(pod.dots || 'w')].slice(0, w > 100 ? 5 : 3);
  pen.text('name', x + side, y + 18, fit(name, w - side - 5, w > 100 ? 7.2 : 6.9), w > 100 ? 'strong' : 'small strong');
  const said = word.length * 5.6 > w - 16 ? BRIEF[word] ?? word : word;
  pen.text('word', x + side, y + 33, fit(said, w - side - 4, 5.6), 'tiny word');
  dots.forEach((dot, i) => pen.circle(`dot-${i}`, x + side + 5 + i * 13, y + h - 13, 4.6, `container c-${off ? 'w' : dot}`));
  pen.text('which', x + w - side + 2, y + h - 9, fit(which, w - side - 8 - dots.length * 13, 6), 'mono nano mute end');
}

function drawCardPod(pen, place, { pod, word, off, name }) {
  const { x, y, w, h } = place;
  const dots = w < 100 ? [] : [...(pod.dots || 'w')].slice(0, 3);
  dots.forEach((dot, i) => pen.circle(`dot-${i}`, x + w - 12 - i * 10, y + h / 2 + 7.5, 3.6, `container c-${off ? 'w' : dot}`));
  nameOf(pen, place, y + h / 2 - 2.5, name);
  pen.text('word', x + 8, y + h / 2 + 11.5, fit(BRIEF[word] ?? word, w - 12, 5.7), 'tiny word');
}

function drawChipPod(pen, place, { tone, name }) {
  const { x, y, w, h } = place;
  nameOf(pen, { x, w: w - (tone === 'ok' ? 0 : 14) }, y + h / 2 + 4, name);
  if (tone !== 'ok') pen.text('sign', x + w - 7, y + h / 2 + 4, SIGNS[tone], 'sign-small end');
}

function drawSquarePod(pen, { x, y, w, h }, { tone }) {
  if (tone !== 'ok') pen.text('sign', x + w / 2, y + h / 2 + 3.5, SIGNS[tone], 'sign-small middle');
}

/** From the richest to the poorest; `tells` says whether the pod's word is written on it. */
const SHAPES = [
  { w: 74, h: 56, corner: 11, tells: true, draw: drawRichPod },
  { w: 62, h: 34, corner: 8, tells: true, draw: drawCardPod },
  { w: 50, h: 20, corner: 7, tells: false, draw: drawChipPod },
  { w: 0, h: 0, corner: 4, tells: false, draw: drawSquarePod },
];

function drawTile(pen, state, spot, facts) {
  const { x, y, w, h } = spot;
  pen.button('open', `node/${spot.name}`, `node ${spot.name}, ${facts.words}, ${facts.pods.length} pods`, `tile ${facts.tone}`, (inside) => {
    inside.rect('card', x, y, w, h, Math.min(6, h / 4), facts.tone === 'bad' ? 'room broken' : 'room');
    const { name, count } = tileWords(spot.name, facts.pods.length, w, h);
    if (name) inside.text('name', x + 7, y + 15, name, 'tiny');
    if (count) inside.text('count', x + w - 7, y + 15, count, 'tiny mute end');
    drawPhases(inside, state, spot, facts);
  });
}

const TILE_LETTER = 6.2; // pixels of a letter at the size of a tile's words

/** What is written on a tile of w × h: the node's name, at least its number, then the count of its pods if there is room. Pure. */
export function tileWords(name, pods, w, h) {
  if (h < 26) return { name: '', count: '' };
  const room = w - 14;
  const fits = (text) => text.length * TILE_LETTER <= room;
  const number = name.split('-').at(-1);
  const names = [name, number].filter(fits);
  const counts = [`${pods} pods`, String(pods)];
  for (const one of names) {
    const count = counts.find((text) => fits(`${one}  ${text}`));
    if (count) return { name: one, count };
  }
  return { name: names[0] ?? '', count: '' };
}

/** The pods of a tile as one bar: each phase its share. */
function drawPhases(pen, state, spot, facts) {
  const tones = { ok: 0, make: 0, wait: 0, bad: 0, gone: 0, done: 0 };
  for (const key of facts.pods) tones[state.tables.pods.get(key)?.tone ?? 'wait'] += 1;
  const total = Math.max(1, facts.pods.length);
  const wide = spot.w - 2 * spot.side;
  let x = spot.x + spot.side;
  for (const [tone, count] of Object.entries(tones)) {
    const w = (wide * count) / total;
    pen.rect(`phase-${tone}`, x, spot.y + spot.h - Math.min(14, spot.h - 4), w, Math.min(9, spot.h - 8), 2, `phase ${tone}`);
    x += w;
  }
}
