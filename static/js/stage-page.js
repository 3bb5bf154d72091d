// The stage: joins the feed, the model and the drawing. State lives in one place, here.
import { command, listen } from './commands.js';
import { Stage } from './draw/stage.js';
import { flights } from './flights.js';
import { Inspector } from './inspector.js';
import { listenEverywhere, listenInPicture, rove } from './keys.js';
import { keep, kept } from './memory.js';
import { fromSnapshot, reduce } from './model.js';
import { Overlay } from './overlay.js';
import { scale } from './layout.js';
import { steps } from './pace.js';
import { Feed } from './socket.js';
import { Story } from './story.js';
import { TimeBar } from './timebar.js';
import { TopBar } from './topbar.js';

const page = document.body;
const { api, snapshot, socket, panels } = page.dataset;
const main = document.getElementById('stage');
const stage = new Stage(document.getElementById('picture'));
const overlay = new Overlay(document.getElementById('overlay'));
const inspector = new Inspector(document.getElementById('side'), panels);
const story = new Story(document.getElementById('story-list'));
const timebar = new TimeBar(document.getElementById('timeline'));
const topbar = new TopBar(document);

const HELD_MAX = 80; // batches held back at most: four seconds

let state = null;
let dirty = new Set();
let frame = null;
let size = null;

const isLive = () => page.dataset.link === 'live';

function schedule(regions) {
  for (const region of regions) dirty.add(region);
  if (frame === null) frame = requestAnimationFrame(paint);
}

function paint() {
  frame = null;
  if (!state) return;
  const wall = performance.now();
  const { width, height } = main.getBoundingClientRect();
  const zoom = scale(state, width, height, page.dataset.big === 'true');
  const fresh = [Math.round(width / zoom), Math.round(height / zoom), zoom];
  if (String(fresh) !== String(size)) {
    size = fresh;
    overlay.resize(...fresh);
    dirty = new Set(['everything']);
  }
  const regions = dirty.has('everything') ? null : dirty;
  stage.draw(state, size[0], size[1], wall, regions);
  if (!regions || regions.has('story')) story.draw(state);
  if (!regions || regions.has('time')) timebar.draw(state, wall, isLive());
  topbar.draw(state, wall);
  rove(stage.svg);
  inspector.mark();
  dirty = new Set();
}

const still = matchMedia('(prefers-reduced-motion: reduce)');
let told = 0; // when the election that is being told will be over
let epoch = 0; // what was held back for a picture that was replaced is dropped
let held = []; // batches that came meanwhile, in order

/** While an election is told what comes after it waits, so that the picture stays in order; a flood does not wait. */
function receive(batch, arrived) {
  const now = performance.now();
  if (held.length || (now < told && !still.matches)) {
    if (!held.length) setTimeout(release, told - now, epoch);
    held.push([batch, arrived]);
    if (held.length > HELD_MAX) release(epoch);
    return;
  }
  overlay.launch(flights(batch, state), stage.plan);
  topbar.count(batch);
  const { told: list, end } = still.matches ? { told: [{ delay: 0, batch }], end: 0 } : steps(batch);
  told = now + end;
  for (const { delay, batch: step } of list) {
    if (delay) setTimeout((mine) => mine === epoch && apply(step, arrived, true), delay, epoch);
    else apply(step, arrived);
  }
}

function release(mine) {
  if (mine !== epoch) return;
  const waiting = held;
  held = [];
  if (waiting.length > HELD_MAX) told = 0;
  for (const [batch, arrived] of waiting) receive(batch, arrived);
}

function apply(batch, arrived, late = false) {
  const wall = performance.now();
  const passed = state.paused ? 0 : ((wall - arrived) / 1000) * state.speed; // the clock did not wait
  state = reduce(state, batch.now === undefined ? batch : { ...batch, now: batch.now + passed }, wall, late);
  schedule(state.touched);
  inspector.refresh();
}

const feed = new Feed(snapshot, socket, {
  snapshot(json) {
    state = fromSnapshot(json, performance.now());
    overlay.clear();
    epoch += 1;
    told = 0;
    held = [];
    page.dataset.link = 'live';
    page.dataset.drawn = 'true';
    schedule(['everything']);
    inspector.refresh();
  },
  batch(batch) {
    receive(batch, performance.now());
  },
  link(link) {
    if (page.dataset.link === link) return;
    page.dataset.link = link;
    schedule(['time']);
  },
});

// What only time changes: the clock ten times a second, heartbeats and lamps that go out.
let ticks = 0;
setInterval(() => {
  if (!state || document.hidden || !isLive()) return;
  ticks += 1;
  topbar.draw(state, performance.now());
  if (ticks % 20 === 0) inspector.refresh(); // it says how long ago things were
  const slow = ticks % 10 === 0 ? ['nodes', 'time', 'top'] : [];
  if (!state.paused || ticks % 10 === 0) schedule(ticks % 3 === 0 ? ['apiserver', 'controllers', ...slow] : slow);
}, 100);

const open = (subject, opener) => inspector.open(subject, opener);
listenInPicture(stage.svg, open);
listen(api, () => inspector.refresh(0));
const menu = document.querySelector('.menu');
document.addEventListener('click', (event) => {
  if (!event.target.closest('.menu')) menu.open = false;
  const link = event.target.closest('[data-inspect]');
  if (link && !link.closest('#picture')) open(link.dataset.inspect, link);
  if (event.target.closest('[data-close]')) inspector.close();
  if (event.target.closest('[data-help]')) document.getElementById('help').showModal();
  if (event.target.closest('[data-big-button]')) big();
  if (event.target.closest('dialog [data-done]')) event.target.closest('dialog').close();
});
listenEverywhere({
  ' ': () => command(`${api}/clock/${state?.paused ? 'resume' : 'pause'}`),
  '.': () => command(`${api}/clock/step`),
  '?': () => document.getElementById('help').showModal(),
  b: big,
  t: () => { location.href = page.dataset.text; },
  Escape: escape,
});
/** Closes what is on top: the menu, then the inspector. */
function escape() {
  if (!menu.open) return inspector.subject && inspector.close();
  menu.open = false;
  return menu.querySelector('summary').focus();
}
function big() {
  page.dataset.big = page.dataset.big === 'true' ? 'false' : 'true';
  keep('cluster-viz.big', page.dataset.big);
  schedule(['everything']);
}
page.dataset.big = kept('cluster-viz.big') ?? 'false'; // a projector stays one when the page is opened anew
document.addEventListener('themechange', () => overlay.readColours());
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => overlay.readColours());
new ResizeObserver(() => schedule(['everything'])).observe(main);
document.fonts?.ready.then(() => schedule(['everything']));

feed.start();
inspector.follow();
