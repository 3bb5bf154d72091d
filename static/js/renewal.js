// Whether a page that htmx renews is still renewed: when no answer comes, it says that this is how it was.
import { Pulse } from './pulse.js';

/** `note` is shown while `target` has not been renewed for three times `every` milliseconds. */
export function watchRenewal(target, note, every) {
  const pulse = new Pulse(performance.now(), 3 * every);
  target.addEventListener('htmx:after:swap', () => pulse.hear(performance.now()));
  setInterval(() => { note.hidden = document.hidden || pulse.state(performance.now()) === 'live'; }, 500);
}
