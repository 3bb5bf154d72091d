// The first minutes: what can be tried in a fresh cluster, and, on the very first visit, three pointers at what matters.
import { keep, kept } from './memory.js';

const SEEN = 'cluster-viz.pointers';
const GAP = 14;
const EDGE = 8; // from the window's edge at least
const FAR = 300; // down a high box at most

/**
 * Where a pointer of width w and height h stands beside the box it points at, within a window: below what is at the top, else
 * to the right, else to the left, else below. {x, y, side}, the side of the box. Pure.
 */
export function beside(box, w, h, width, height) {
  const within = (value, most) => Math.min(Math.max(EDGE, value), most - EDGE);
  const x = within(box.left + (box.right - box.left) / 2 - w / 2, width - w);
  const y = within(box.top + Math.min((box.bottom - box.top) / 2, FAR) - h / 2, height - h);
  const isTop = box.bottom < 2 * EDGE + h;
  if (!isTop && box.right + GAP + w <= width) return { x: box.right + GAP, y, side: 'right' };
  if (!isTop && box.left - GAP - w >= 0) return { x: box.left - GAP - w, y, side: 'left' };
  return { x, y: Math.min(box.bottom + GAP, height - h - EDGE), side: 'below' };
}

const TARGETS = {
  ring: () => document.querySelector('#picture [data-inspect="member/etcd-1"], #picture [data-inspect^="member/"]'),
  pace: () => document.getElementById('pace'),
  side: () => document.getElementById('side'),
};

function place(pointers) {
  for (const pointer of pointers.querySelectorAll('[data-at]')) {
    const target = TARGETS[pointer.dataset.at]();
    pointer.hidden = !target;
    if (!target) continue;
    const box = target.getBoundingClientRect();
    const at = beside(box, pointer.offsetWidth, pointer.offsetHeight, innerWidth, innerHeight);
    pointer.dataset.side = at.side;
    pointer.style.setProperty('translate', `${at.x}px ${at.y}px`);
  }
}

/** Show the three pointers once in the life of a browser. */
function point() {
  const pointers = document.getElementById('pointers');
  if (!pointers || kept(SEEN)) return;
  const again = () => place(pointers);
  const close = () => {
    keep(SEEN, 'yes');
    pointers.hidden = true;
    removeEventListener('resize', again);
    removeEventListener('keydown', escape, true);
  };
  const escape = (event) => {
    if (event.key === 'Escape') close();
  };
  pointers.hidden = false;
  again();
  addEventListener('resize', again);
  addEventListener('keydown', escape, true);
  pointers.querySelector('[data-seen]').addEventListener('click', close, { once: true });
}

// The picture says when it is there for the first time; a frame later it is laid out.
new MutationObserver((_, observer) => {
  if (!document.body.dataset.drawn) return;
  observer.disconnect();
  requestAnimationFrame(() => requestAnimationFrame(point));
}).observe(document.body, { attributeFilter: ['data-drawn'] });

document.addEventListener('click', (event) => {
  const done = event.target.closest('[data-close-tries]');
  if (!done) return;
  document.getElementById('tries').remove();
  const address = new URL(location);
  address.searchParams.delete('start');
  history.replaceState(history.state, '', address);
});
