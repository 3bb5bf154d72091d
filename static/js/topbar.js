// The top bar: quorum, clock and its buttons, what is broken, and the counters that stand for dots that did not fly.
import { quorum, virtualNow } from './model.js';
import { clock } from './words.js';

const FORGET = 2500; // milliseconds a counter stays

export class TopBar {
  /** `fault`: where what breaks or heals is sent. */
  constructor(root, fault) {
    this.fault = fault;
    this.quorum = root.getElementById('quorum');
    this.clock = root.getElementById('clock');
    this.pace = root.getElementById('pace');
    this.faults = root.getElementById('faults');
    this.list = root.getElementById('fault-list');
    this.counter = root.getElementById('counter');
    this.still = matchMedia('(prefers-reduced-motion: reduce)');
    this.drawn = '';
  }

  draw(state, wall) {
    this.clock.textContent = clock(virtualNow(state, wall) - state.started);
    if (this.counter.textContent && wall - this.counted > FORGET) this.counter.textContent = '';
    const broken = brokenThings(state);
    const signature = JSON.stringify([quorum(state), state.paused, state.speed, broken]);
    if (signature === this.drawn) return;
    this.drawn = signature;
    const gauge = quorum(state);
    this.quorum.dataset.tone = gauge.tone;
    this.quorum.lastElementChild.textContent = `etcd ${gauge.say}`;
    this.quorum.title = gauge.say; // where there is no room for all of it
    for (const button of this.pace.querySelectorAll('button')) {
      const { clock: action, speed } = button.dataset;
      if (action === 'pause' || action === 'resume') button.hidden = (action === 'pause') === state.paused;
      if (action === 'step') button.disabled = !state.paused;
      if (speed) button.setAttribute('aria-pressed', String(Number(speed) === state.speed));
    }
    const other = this.pace.querySelector('[data-other]'); // a speed set from elsewhere
    other.hidden = this.pace.querySelector(`[data-speed="${state.speed}"]`) !== null;
    other.textContent = `${state.speed}×`;
    this.faults.firstElementChild.textContent = broken.length ? `Broken · ${broken.length}` : 'All well';
    this.faults.dataset.tone = broken.length ? 'bad' : 'ok';
    this.list.replaceChildren(...broken.map((thing) => faultItem(thing, this.fault)));
    window.htmx?.process(this.list);
    if (!broken.length) this.list.textContent = 'Nothing is broken. Click a member, a node or a component to break it.';
  }

  /** What happened but was too much to let fly, or may not fly with reduced motion. */
  count(batch) {
    const more = Object.entries(batch.more ?? {}).map(([kind, count]) => `+${count} ${kind.replace('raft.message', 'raft messages')}`);
    const moved = this.still.matches ? (batch.journal ?? []).filter((entry) => entry.k === 'raft.message' || entry.k === 'request').length : 0;
    if (moved) more.push(`${moved} messages`);
    if (!more.length) return;
    this.counter.title = more.join(' · ');
    this.counter.textContent = more.length > 1 ? `${more[0]} · …` : more[0];
    this.counted = performance.now();
  }
}

/** Everything that is not as it should be: stopped or paused parts, cut wires, each with what heals it. Pure. */
export function brokenThings(state) {
  const parts = [...state.members.map((member) => [member.name, member.state]), ...[...state.components].map(([name, row]) => [name, row.state])];
  const list = parts.filter(([, how]) => how !== 'running').map(([target, how]) => ({ target, how, verb: how === 'paused' ? 'resume' : 'restart', peer: '' }));
  const cuts = state.faults.filter((fault) => fault.kind === 'partition').map((fault) => ({ target: fault.target, how: `cut off from ${fault.peer}`, verb: 'heal', peer: fault.peer }));
  return [...list, ...cuts, ...(state.failures ?? []).map(failedThing)];
}

/** A control loop of ours that fails: nothing heals it but itself, so it has no button. */
function failedThing({ component, node, loop, key, error }) {
  const target = [component, node, loop].filter(Boolean).join('/');
  return { target, how: `failed${key ? ` on ${key}` : ''}: ${error}`, verb: '', peer: '' };
}

function faultItem({ target, how, verb, peer }, fault) {
  const item = document.createElement('li');
  const words = document.createElement('span');
  words.textContent = `${target} · ${how}`;
  item.append(words);
  if (!verb) return item;
  const button = document.createElement('button');
  Object.assign(button.dataset, { verb, target, peer });
  button.type = 'button';
  button.setAttribute('hx-post', fault);
  button.setAttribute('hx-swap', 'none');
  button.className = 'button small';
  button.textContent = verb;
  item.append(button);
  return item;
}
