// The gallery on the home page: each card plays the recording of its start. They can be stopped, and rest for those who want no motion.
import { draw, frameAt, position, told } from './miniature.js';

const still = matchMedia('(prefers-reduced-motion: reduce)');

class Player {
  constructor(svg, recording) {
    this.svg = svg;
    this.recording = recording;
    this.shown = null;
  }

  show(frame) {
    if (frame === this.shown) return;
    this.shown = frame;
    draw(this.svg, frame);
  }

  at(wall) {
    this.show(frameAt(this.recording, position(this.recording, wall)));
  }

  /** The picture of one who does not move: the moment in the middle, when something is the matter. */
  rest() {
    const frames = this.recording.frames;
    this.show(frames[Math.floor(frames.length / 2)]);
    this.svg.setAttribute('aria-label', `Recorded run, for example: ${told(this.shown)}`);
  }
}

export async function play(section) {
  const players = await Promise.all(
    [...section.querySelectorAll('svg[data-recording]')].map(async (svg) => new Player(svg, await (await fetch(svg.dataset.recording)).json())),
  );
  const button = section.querySelector('[data-play]');
  let playing = !still.matches;
  let played = 0; // seconds shown so far: a pause goes on where it stopped
  let last = 0;
  const frame = (now) => {
    if (!playing) return;
    if (last && !document.hidden) played += Math.min(0.25, (now - last) / 1000);
    last = now;
    for (const player of players) player.at(played);
    requestAnimationFrame(frame);
  };
  const turn = (on) => {
    playing = on;
    last = 0;
    button.textContent = on ? 'Stop the pictures' : 'Play the pictures';
    if (on) requestAnimationFrame(frame);
  };
  for (const player of players) player.rest();
  button.hidden = false;
  button.addEventListener('click', () => turn(!playing));
  turn(playing);
}

const section = document.getElementById('gallery');
if (section) play(section);
