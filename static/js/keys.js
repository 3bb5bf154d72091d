// The keyboard: one tab stop a room, arrows within it by where things stand, and a key for what is done often.

const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** The nearest of `spots` from `here` in a direction; sideways distance counts double. Pure. */
export function nearest(here, spots, [dx, dy]) {
  let best = null;
  let least = Infinity;
  for (const spot of spots) {
    const x = spot.x - here.x;
    const y = spot.y - here.y;
    const ahead = x * dx + y * dy;
    if (ahead <= 1) continue;
    const cost = ahead + 2 * Math.abs(x * dy + y * dx);
    if (cost < least) [best, least] = [spot, cost];
  }
  return best;
}

const centre = (element) => {
  const { x, y, width, height } = element.getBoundingClientRect();
  return { x: x + width / 2, y: y + height / 2, element };
};

/** Exactly one tab stop in each region: the one last focused, or the first. */
export function rove(svg) {
  for (const region of svg.querySelectorAll('[data-region]')) {
    const stops = region.querySelectorAll('.hit[tabindex="0"]');
    if (stops.length === 1) continue;
    for (const stop of [...stops].slice(1)) stop.setAttribute('tabindex', '-1');
    if (!stops.length) region.querySelector('.hit')?.setAttribute('tabindex', '0');
  }
}

export function listenInPicture(svg, open) {
  svg.addEventListener('click', (event) => {
    const hit = event.target.closest('.hit');
    if (hit) open(hit.dataset.inspect, hit);
  });
  svg.addEventListener('focusin', (event) => {
    const hit = event.target.closest('.hit');
    const region = hit?.closest('[data-region]');
    if (!region) return;
    for (const other of region.querySelectorAll('.hit[tabindex="0"]')) if (other !== hit) other.setAttribute('tabindex', '-1');
    hit.setAttribute('tabindex', '0');
  });
  svg.addEventListener('keydown', (event) => {
    const hit = event.target.closest('.hit');
    if (!hit) return;
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      event.stopPropagation();
      open(hit.dataset.inspect, hit);
    } else if (DIRECTIONS[event.key]) {
      event.preventDefault();
      const others = [...svg.querySelectorAll('.hit')].filter((one) => one !== hit).map(centre);
      nearest(centre(hit), others, DIRECTIONS[event.key])?.element.focus();
    }
  });
}

/** `bindings`: key → function, anywhere but in a field. */
export function listenEverywhere(bindings) {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest('input, textarea, select, dialog[open]')) return;
    if (event.key === ' ' && event.target.closest('button, a, summary')) return;
    const action = bindings[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
}
