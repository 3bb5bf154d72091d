// The stage: joins the feed, the model and the drawing. State lives in one place, here.
import './commands.js';
import { Stage } from './draw/stage.js';
import { flights } from './flights.js';
import { Inspector } from './inspector.js';
import { listenEverywhere, listenInPicture, rove } from './keys.js';
import { keep, kept } from './memory.js';
import { fromSnapshot, reduce } from './model.js';
import { Overlay } from './overlay.js';
import { scale } from './layout.js';
import { Feed } from './socket.js';
import { Story } from './story.js';
import { Teller } from './teller.js';
import { TimeBar } from './timebar.js';
import { TopBar } from './topbar.js';

const page = document.body;
const { fault, snapshot, socket, panels } = page.dataset;
const main = document.getElementById('stage');
const stage = new Stage(document.getElementById('picture'));
const overlay = new Overlay(document.getElementById('overlay'));
const inspector = new Inspector(document.getElementById('side'), panels);
const story = new Story(document.getElementById('story-list'));
const timebar = new TimeBar(document.getElementById('timeline'));
const topbar = new TopBar(document, fault);

let state = null;
let dirty = new Set();
let frame = null;
let size = null;

const isLive = () => page.dataset.link === 'live';
const known = () => feed.pulse.known(performance.now(), isLive()); // while nothing is heard no time passes in the picture

function schedule(regions) {
  for (const region of regions) dirty.add(region);
  if (frame === null) frame = requestAnimationFrame(paint);
}

function paint() {
  frame = null;
  if (!state) return;
  const wall = known();
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
  if (!regions || regions.has('time')) timebar.draw(state, wall, isLive(), teller.behind(performance.now()));
  topbar.draw(state, wall);
  rove(stage.svg);
  inspector.mark();
  dirty = new Set();
}

const still = matchMedia('(prefers-reduced-motion: reduce)');
const teller = new Teller();
let timer = null;

/** Tell what is due, and come back when the next is: the only clock by which the picture changes. */
function tell() {
  clearTimeout(timer);
  for (const { batch, arrived, flies } of teller.take(performance.now())) {
    if (flies) {
      overlay.launch(flights(flies, standing(flies)), stage.plan);
      topbar.count(flies);
    }
    apply(batch, arrived);
  }
  const wait = teller.wait(performance.now());
  if (wait !== null) timer = setTimeout(tell, wait);
}

/** The state with what a batch says of who is at work: nothing shall fly to those it tells are dead. */
const standing = ({ status, status_at }) => (status ? reduce(state, { status, status_at }, performance.now()) : state);

function apply(batch, arrived) {
  const wall = performance.now();
  const passed = state.paused ? 0 : ((wall - arrived) / 1000) * state.speed; // the clock did not wait
  state = reduce(state, batch.now === undefined ? batch : { ...batch, now: batch.now + passed }, wall);
  schedule(state.touched);
  inspector.refresh();
}

const feed = new Feed(snapshot, socket, {
  snapshot(json) {
    state = fromSnapshot(json, performance.now());
    overlay.clear();
    teller.clear();
    page.dataset.link = 'live';
    page.dataset.drawn = 'true';
    schedule(['everything']);
    inspector.refresh();
  },
  batch(batch) {
    teller.hear(batch, performance.now(), still.matches);
    tell();
  },
  link(link) {
    if (page.dataset.link === link) return;
    page.dataset.link = link;
    schedule(['time', 'nodes', 'apiserver', 'controllers', 'top']);
  },
});

// What only time changes: the clock ten times a second, heartbeats and lamps that go out.
let ticks = 0;
setInterval(() => {
  feed.check(performance.now());
  if (!state || document.hidden || !isLive()) return;
  ticks += 1;
  topbar.draw(state, performance.now());
  if (ticks % 20 === 0) inspector.refresh(); // it says how long ago things were
  const slow = ticks % 10 === 0 ? ['nodes', 'time', 'top'] : [];
  if (!state.paused || ticks % 10 === 0) schedule(ticks % 3 === 0 ? ['apiserver', 'controllers', ...slow] : slow);
}, 100);

const open = (subject, opener) => inspector.open(subject, opener);
listenInPicture(stage.svg, open);
// A command's answer is the panel it was given from; somebody may have opened another meanwhile.
document.addEventListener('htmx:before:swap', (event) => {
  const { ctx } = event.detail;
  if (ctx.request.method === 'POST' && ctx.request.body.get('here') !== inspector.subject) event.preventDefault();
});
document.addEventListener('htmx:finally:request', (event) => {
  const { ctx } = event.detail;
  if (ctx.request.method === 'POST' && !ctx.request.body.get('here')) inspector.refresh(0); // from elsewhere on the page
});
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
  ' ': () => press(state?.paused ? 'resume' : 'pause'),
  '.': () => press('step'),
  '?': () => document.getElementById('help').showModal(),
  b: big,
  t: () => { location.href = page.dataset.text; },
  Escape: escape,
});
/** As a click on the clock's button, also while it is disabled: the answer says why. */
function press(action) {
  window.htmx.trigger(document.querySelector(`#pace [data-clock="${action}"]`), 'click');
}
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
