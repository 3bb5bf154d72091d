// The worker nodes: what runs on each, and its pods by phase, as richly as there is room for.
import { componentState, virtualNow } from '../model.js';
import { fit, podName, span } from '../words.js';

const PARTS = [['kubelet', 'kubelet'], ['runtime', 'containerd'], ['kube-proxy', 'kube-proxy']];
const CORNERS = { full: 12, cards: 8, medium: 8, small: 3 };
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
  const [words, tone] = condition(node, machine, now, beat);
  return { node, machine, words, tone, pods, cpu: node?.cpu ? cpu / node.cpu : 0, mem: node?.mem ? mem / node.mem : 0 };
}

function condition(node, machine, now, beat) {
  if (!node) return [machine === 'running' ? 'not registered yet' : machine, 'wait'];
  const off = machine === 'running' ? '' : ` · machine ${machine}`;
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
  pen.rect('room', x, y, w, h, plan.mode === 'small' ? 11 : 16, facts.tone === 'bad' ? 'room broken' : 'room');
  pen.button('open', `node/${spot.name}`, `node ${spot.name}, ${facts.words}, ${facts.pods.length} pods`, 'head', (inside) => {
    inside.rect('area', x + 6, y + 6, w - 12, 28, 8, 'area');
    const size = plan.mode === 'small' ? 6.9 : 7.9;
    inside.text('label', x + spot.side + 2, y + 25, fit(spot.name.toUpperCase(), w - 30, size), `label ${facts.tone === 'bad' ? 'bad' : 'node'}`);
    if (plan.mode === 'small') {
      inside.text('sign', x + w - 10, y + 25, facts.tone === 'ok' ? String(facts.pods.length) : SIGNS[facts.tone] ?? '', `tiny end tone-${facts.tone}`);
      return;
    }
    const after = x + spot.side + 12 + spot.name.length * 8.6;
    const bars = isRoomy(plan) ? 204 : 0;
    const space = x + w - spot.side - bars - after;
    const words = facts.words.length * 6 > space ? facts.words.replace('heartbeat ', '').replace(' · machine', ',') : facts.words;
    inside.text('words', after, y + 25, fit(words, space, 5.9), `small ${facts.tone === 'ok' ? 'mute' : `tone-${facts.tone}`}`);
    if (bars) drawBars(inside, x + w - spot.side, y, facts);
  });
  if (isRoomy(plan)) drawParts(pen, state, spot, facts);
  if (plan.mode === 'medium') drawPartDots(pen, state, spot, facts);
  for (const place of spot.pods) drawPod(pen, state, plan, place, facts);
  if (!spot.pods.length && isRoomy(plan)) pen.text('empty', x + 18, y + 122, 'no pods', 'small mute');
}

/** Whether there is room for the node's components as boxes. */
const isRoomy = (plan) => plan.mode === 'full' || plan.mode === 'cards';

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
    const up = facts.machine === 'running' ? componentState(state, target) : facts.machine;
    const x = spot.x + spot.side + i * (width + gap);
    const y = spot.y + 42;
    const note = up === 'running' ? partNote(state, kind, spot.name, facts) : up === 'paused' ? 'paused: no answer' : 'stopped';
    pen.button(kind, `component/${target}`, `${word} on ${spot.name}, ${up}`, `part ${kind} ${up}`, (inside) => {
      inside.rect('card', x, y, width, 42, 10, 'card');
      inside.rect('mark', x, y + 9, 3, 24, 1.5, 'mark');
      inside.text('name', x + 13, y + 18, word, 'small strong');
      inside.text('note', x + 13, y + 34, fit(note, width - 20, 5.9), 'tiny mute');
    });
  });
}

function drawPartDots(pen, state, spot, facts) {
  PARTS.forEach(([kind, word], i) => {
    const up = facts.machine === 'running' ? componentState(state, `${kind}/${spot.name}`) : facts.machine;
    const x = spot.x + spot.side + 4 + i * ((spot.w - 2 * spot.side) / 3);
    pen.button(kind, `component/${kind}/${spot.name}`, `${word} on ${spot.name}, ${up}`, `part ${kind} ${up}`, (inside) => {
      inside.rect('area', x - 4, spot.y + 35, (spot.w - 2 * spot.side) / 3 - 4, 18, 5, 'area');
      inside.circle('mark', x + 3, spot.y + 44, 3.2, 'mark');
      inside.text('name', x + 11, spot.y + 48, up === 'running' ? word : `${word} ${up}`, `tiny ${up === 'running' ? 'mute' : 'tone-bad'}`);
    });
  });
}

function partNote(state, kind, node, facts) {
  if (kind === 'kubelet') return `${facts.pods.length} pod${facts.pods.length === 1 ? '' : 's'}`;
  if (kind === 'runtime') {
    const last = state.runtime.get(node);
    if (last) return `${CALLS[last.call] ?? last.call} ${which(last.subject)}`;
    const up = facts.pods.reduce((sum, key) => sum + [...(state.tables.pods.get(key)?.dots ?? '')].filter((dot) => dot === 'r' || dot === 'u').length, 0);
    return `${up} container${up === 1 ? '' : 's'} up`;
  }
  const wrote = state.proxies.get(node);
  if (wrote) return wrote.split(' for ')[0];
  const services = [...(state.tables.services?.values() ?? [])].filter((service) => service.ip && service.ip !== 'None').length;
  return `${services} service${services === 1 ? '' : 's'}`;
}

/** `default/web-7c9f8d-x2k4p/nginx` as people point at it: `web x2k4p`. */
function which(subject) {
  const name = (subject ?? '').split('/')[1] ?? subject ?? '';
  return podName(name).filter(Boolean).join(' ');
}

function drawPod(pen, state, plan, place, facts) {
  const pod = state.tables.pods.get(place.key);
  if (!pod) return;
  const off = facts.machine === 'stopped'; // nobody can tell how its containers are: there are none
  const lost = off && pod.tone === 'ok';
  const tone = lost ? 'gone' : pod.tone;
  const word = lost ? 'no answer' : pod.word;
  const [namespace, full] = place.key.split('/');
  const [base, which] = podName(full, pod.owner);
  const { x, y, w, h } = place;
  pen.button(`pod-${place.key}`, `pod/${place.key}`, `pod ${place.key}, ${word}`, `pod ${tone} born`, (inside) => {
    inside.rect('card', x, y, w, h, CORNERS[plan.mode], 'card');
    if (plan.mode === 'small') {
      if (tone === 'bad' || tone === 'gone') inside.text('sign', x + w / 2, y + h - 3, SIGNS[tone], 'sign-small middle');
      return;
    }
    if (plan.mode !== 'full') {
      inside.text('name', x + 8, y + 16, fit(base, w - 12, 6.4), 'small strong');
      inside.text('word', x + 8, y + 30, fit(BRIEF[word] ?? word, w - 12, 5.7), 'tiny word');
      return;
    }
    inside.text('name', x + 11, y + 18, fit(base, w - 18, 6.9), 'strong');
    inside.text('word', x + 11, y + 34, fit(word, w - 16, word.length > 15 ? 5.1 : 5.5), `${word.length > 15 ? 'nano' : 'tiny'} word`);
    [...(pod.dots || 'w')].slice(0, 5).forEach((dot, i) => inside.circle(`dot-${i}`, x + 16 + i * 13, y + 49, 4.6, `container c-${off ? 'w' : dot}`));
    inside.text('which', x + w - 10, y + 53, fit(which || (namespace === 'default' ? '' : namespace), w - 32, 6), 'mono nano mute end');
  });
}

function drawTile(pen, state, spot, facts) {
  const { x, y, w, h } = spot;
  pen.button('open', `node/${spot.name}`, `node ${spot.name}, ${facts.words}, ${facts.pods.length} pods`, `tile ${facts.tone}`, (inside) => {
    inside.rect('card', x, y, w, h, Math.min(6, h / 4), facts.tone === 'bad' ? 'room broken' : 'room');
    if (w > 62 && h > 30) inside.text('name', x + 7, y + 15, spot.name.length * 6 > w - 30 ? fit(spot.name.split('-').at(-1), w - 30, 6) : spot.name, 'tiny');
    if (w > 62 && h > 30) inside.text('count', x + w - 7, y + 15, `${facts.pods.length}${w > 90 ? ' pods' : ''}`, 'tiny mute end');
    drawPhases(inside, state, spot, facts);
  });
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
