// The control plane below etcd: API server with its stages, controllers, scheduler.
import { requestLine } from '../flights.js';
import { componentState, failureOf, isWaiting, requestRate, unplaced, virtualNow } from '../model.js';
import { clamp, fit, podName, span } from '../words.js';

const LIT = 900; // milliseconds a stage or a loop stays lit after it worked
const TALL = 27; // pixels a control loop needs for two lines

export function drawApiserver(pen, state, plan, wall) {
  const room = plan.apiserver;
  const up = componentState(state, 'apiserver');
  pen.rect('room', room.x, room.y, room.w, room.h, 16, up === 'running' ? 'room' : 'room broken');
  pen.button('open', 'apiserver/', up, 'head', (inside) => {
    inside.rect('area', room.x + 10, room.y + 8, 110, 26, 8, 'area');
    inside.text('label', room.x + 18, room.y + 26, 'API SERVER', 'label api');
  });
  const rate = requestRate(state, virtualNow(state, wall));
  const stuck = up === 'running' && (!state.quorum || !state.leader);
  const line = up !== 'running' ? `${up}: nobody is answered`
    : !state.quorum ? 'no quorum: writes hang until they time out'
      : !state.leader ? 'no leader: writes wait for the election'
        : state.paused ? 'the clock stands: it still answers'
          : `${rate >= 10 ? Math.round(rate) : rate.toFixed(1)} requests/s`;
  pen.text('rate', room.x + room.w - 74, room.y + 26, fit(line, room.w - 200, 6), up === 'running' && !stuck ? 'mute end' : 'small end tone-bad');
  pen.rect('client', room.x + room.w - 64, room.y + 13, 50, 19, 9.5, 'chip');
  pen.text('client-word', room.x + room.w - 39, room.y + 26.5, 'clients', 'tiny middle');
  plan.stages.forEach((stage, i) => {
    if (i) pen.path(`link-${i}`, `M${stage.x - 6} ${stage.y + 16}h6`, 'wire');
    const what = state.stages.get(stage.name);
    const fresh = what && wall - what.wall < LIT;
    const wrong = (fresh && !what.ok) || (stuck && stage.name === 'etcd');
    pen.rect(`stage-${stage.name}`, stage.x, stage.y, stage.w, stage.h, 9, `stage${i === 5 ? ' last' : ''}${fresh ? ' lit' : ''}${wrong ? ' wrong' : ''}`);
    pen.text(`word-${stage.name}`, stage.x + stage.w / 2, stage.y + 20, stage.word, 'tiny middle');
  });
  const lines = Math.max(1, Math.floor((room.h - 84) / 18));
  const recent = state.requests.slice(-lines).reverse();
  recent.forEach((entry, i) => drawRequest(pen, state, entry, room, i, virtualNow(state, wall)));
  if (!recent.length) pen.text('quiet', room.x + 18, room.y + 92, 'no request was noted yet', 'mute');
}

function drawRequest(pen, state, entry, room, i, now) {
  const { verb, subject, who, code, failed } = requestLine(entry);
  const y = room.y + 92 + i * 18;
  const waits = isWaiting(state, entry, now);
  const tone = failed ? ' tone-bad' : waits ? ' tone-wait' : '';
  const note = waits ? `waits for ${entry.waits}, ${span(now - entry.at)}` : entry.waited >= 0.1 ? `after ${span(entry.waited)} · ${who}` : who;
  pen.text(`req-verb-${i}`, room.x + 18, y, verb, `mono small${tone}`);
  pen.text(`req-what-${i}`, room.x + 74, y, fit(subject, room.w - 74 - 190, 6.2), 'small');
  pen.text(`req-who-${i}`, room.x + room.w - 58, y, fit(note, 124, 6), waits ? 'small end tone-wait' : 'small mute end');
  pen.text(`req-code-${i}`, room.x + room.w - 18, y, entry.waits && !waits ? '–' : String(code), `mono small end${tone}`);
}

export function drawControllers(pen, state, plan, wall) {
  const room = plan.controllers;
  const up = componentState(state, 'controller-manager');
  pen.rect('room', room.x, room.y, room.w, room.h, 16, up === 'running' ? 'room' : 'room broken');
  pen.button('open', 'controllers/', `controller manager, ${up}`, 'head', (inside) => {
    inside.rect('area', room.x + 10, room.y + 8, room.w - 78, 26, 8, 'area');
    inside.text('label', room.x + 18, room.y + 26, 'CONTROLLERS', 'label ctl');
    if (up !== 'running') inside.text('state', room.x + room.w - 18, room.y + 26, up, 'mute end tone-bad');
  });
  drawCloud(pen, state, room, up);
  const loops = [...state.loops];
  const per = Math.ceil(loops.length / 2);
  const tall = (room.h - 52) / Math.max(1, per) >= TALL; // room for each loop's last deed below its name
  const space = room.h - (tall ? 50 : 84);
  const step = clamp(space / Math.max(1, per), 13, 34);
  const wide = (room.w - 28) / 2;
  loops.forEach(([name, loop], i) => {
    const spot = { x: room.x + 18 + Math.floor(i / per) * wide, y: room.y + 50 + (i % per) * step, w: wide - 6, h: step };
    drawLoop(pen, name, loop, spot, tall, wall, up, failureOf(state, 'controller-manager', '', name));
  });
  if (!tall) drawLastDeed(pen, loops, room);
}

/** The cloud's controllers run in a process of their own. */
function drawCloud(pen, state, room, up) {
  const target = 'cloud-controller-manager';
  const how = componentState(state, target) === 'running' && failureOf(state, target) ? 'failed' : componentState(state, target);
  const right = room.x + room.w - (up === 'running' ? 12 : 74);
  pen.button('cloud', `component/${target}`, `controller manager, ${how}`, `cloud ${how}`, (inside) => {
    inside.rect('chip', right - 50, room.y + 13, 50, 19, 9.5, 'chip');
    inside.text('word', right - 25, room.y + 26.5, how === 'running' ? 'cloud' : 'cloud ✕', `tiny middle${how === 'running' ? '' : ' tone-bad'}`);
  });
}

function drawLoop(pen, name, loop, { x, y, w, h }, tall, wall, up, failure) {
  const fresh = loop.wall && wall - loop.wall < LIT;
  const deed = failure ? failure.error : loop.key ? `${deedOf(loop)} · ${loop.key.split('/').at(-1)}` : '';
  pen.button(`loop-${name}`, `controller/${name}`, `controller${failure ? `, failed: ${failure.error}` : tall && deed ? '' : `, ${loop.note || 'idle'}`}`, `loop${fresh ? ' lit' : ''}${failure ? ' failed' : ''}${up === 'running' ? '' : ' down'}`, (inside) => {
    inside.rect('area', x - 6, y - 13, w + 4, h, 6, 'area');
    inside.circle('dot', x + 3, y - 4, 3.4, 'dot');
    inside.text('name', x + 12, y, fit(name, w - (failure ? 46 : 8), 5.6), 'tiny');
    if (failure) inside.text('count', x + w - 8, y, 'failed', 'nano end tone-bad');
    if (tall && deed) inside.text('deed', x + 12, y + 13, fit(deed, w - 18, 5.1), `nano mute${failure ? ' tone-bad' : loop.retry ? ' tone-wait' : ''}`);
  });
}

/** What a control loop did: it says so, or else it wrote something. */
const deedOf = (loop) => loop.note || (loop.writes ? `wrote ${loop.writes} change${loop.writes === 1 ? '' : 's'}` : 'looked, nothing to change');

/** One line for all loops, when there is no room for one each. */
function drawLastDeed(pen, loops, room) {
  const last = loops.filter(([, loop]) => loop.key).sort((a, b) => b[1].at - a[1].at)[0];
  const y = room.y + room.h - 28;
  pen.path('rule', `M${room.x + 18} ${y - 17}h${room.w - 36}`, 'rule');
  pen.text('last-key', room.x + 18, y, last ? fit(`${last[0]} · ${last[1].key}`, room.w - 34, 5.9) : 'nothing was noted yet', 'tiny');
  pen.text('last-note', room.x + 18, y + 15, last ? fit(deedOf(last[1]), room.w - 34, 5.7) : '', `tiny mute${last?.[1].retry ? ' tone-wait' : ''}`);
}

export function drawScheduler(pen, state, plan) {
  const room = plan.scheduler;
  const running = componentState(state, 'scheduler');
  const up = running === 'running' && failureOf(state, 'scheduler') ? 'failed' : running;
  const waiting = unplaced(state);
  pen.rect('room', room.x, room.y, room.w, room.h, 16, up === 'running' ? 'room' : 'room broken');
  pen.button('open', 'scheduler/', `${up}, ${waiting.length} without a node`, 'head', (inside) => {
    inside.rect('area', room.x + 10, room.y + 8, room.w - 20, 26, 8, 'area');
    inside.text('label', room.x + 18, room.y + 26, 'SCHEDULER', 'label sch');
  });
  // The room may be too narrow for its state beside its name.
  const idle = waiting.length ? 'without a node' : 'no pod waits';
  pen.text('waiting', room.x + 18, room.y + 50, up === 'running' ? idle : `${up}${waiting.length ? ', none placed' : ''}`, up === 'running' ? 'small mute' : 'small tone-bad');
  if (waiting.length) pen.text('waiting-count', room.x + room.w - 18, room.y + 50, String(waiting.length), 'strong end tone-wait');
  const per = Math.floor((room.w - 32) / 16);
  waiting.slice(0, per * 2).forEach((key, i) => {
    const x = room.x + 18 + (i % per) * 16;
    const y = room.y + 58 + Math.floor(i / per) * 16;
    pen.button(`pod-${key}`, `pod/${key}`, `pod ${key}, waits for a node`, 'pod wait tiny-pod', (inside) => inside.rect('card', x, y, 12, 12, 3, 'card'));
  });
  drawDecision(pen, state, room, waiting.length ? room.y + 62 + Math.min(2, Math.ceil(waiting.length / per)) * 16 : room.y + 62);
}

// filter plugin → why it says no, in the little room there is
const REFUSALS = {
  TaintToleration: 'tainted', NodeUnschedulable: 'cordoned', NodeResourcesFit: 'too full', NodeAffinity: 'affinity', NodeName: 'not named',
  NodePorts: 'port taken', PodTopologySpread: 'spread', InterPodAffinity: 'pod affinity', VolumeBinding: 'volume',
};
const refusal = (why) => REFUSALS[(why ?? '').split(':')[0]] ?? 'does not fit';

function drawDecision(pen, state, room, top) {
  const decision = state.decision;
  if (!decision) {
    pen.text('none', room.x + 18, top + 16, 'no decision remembered', 'small mute');
    return;
  }
  const [base, which] = podName((decision.pod ?? '').split('/').at(-1));
  pen.path('rule', `M${room.x + 18} ${top}h${room.w - 36}`, 'rule');
  pen.text('last', room.x + 18, top + 18, 'last decision', 'small mute');
  pen.text('pod', room.x + 18, top + 36, fit(base, room.w - 44 - which.length * 6.4, 7.2), 'small strong');
  pen.text('which', room.x + room.w - 16, top + 36, which, 'mono tiny mute end');
  const rows = (decision.nodes ?? []).slice(0, Math.max(1, Math.floor((room.y + room.h - top - 64) / 19)));
  const best = Math.max(1, ...rows.map((row) => row[1] ?? 0));
  rows.forEach(([node, score, why], i) => {
    const y = top + 57 + i * 19;
    const won = node === decision.winner;
    pen.text(`node-${i}`, room.x + 18, y, fit(node, 76, 6.3), `small${won ? ' tone-sch strong' : score === null ? ' mute' : ''}`);
    const x = room.x + 88;
    const w = room.w - 88 - 56;
    pen.rect(`bar-${i}`, x, y - 8, score === null ? 0 : w, 6, 3, 'track');
    pen.rect(`fill-${i}`, x, y - 8, score === null ? 0 : Math.max(2, (w * score) / best), 6, 3, won ? 'fill sch' : 'fill pale');
    pen.text(`score-${i}`, room.x + room.w - 16, y, score === null ? (why ? refusal(why) : 'only one ◂') : `${Math.round(score)}${won ? ' ◂' : ''}`, `mono tiny end${won ? ' tone-sch strong' : ' mute'}`);
  });
  if (!rows.length) pen.text('message', room.x + 18, top + 56, fit(decision.message || (decision.winner ? `bound to ${decision.winner}` : ''), room.w - 34, 6), 'small mute');
}

