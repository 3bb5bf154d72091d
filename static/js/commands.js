// Commands go by htmx, which puts what changed into the page; here is what all of them share: the token, what a button says
// of itself, that it is busy, and the line that tells what came of it. The server says that as an event of its answer.

const token = () => document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] ?? '';
const WORDS = ['verb', 'target', 'peer', 'speed']; // of a button's data: the words of its command

export function say(message, tone = 'ok') {
  const line = document.getElementById('said');
  line.textContent = message;
  line.dataset.tone = tone;
  line.classList.remove('fresh');
  requestAnimationFrame(() => line.classList.add('fresh'));
}

const commands = (event) => event.detail.ctx?.request?.method === 'POST';

document.addEventListener('htmx:config:request', (event) => {
  if (!commands(event)) return;
  const { ctx } = event.detail;
  const button = ctx.sourceElement;
  ctx.request.headers['X-CSRFToken'] = token();
  for (const word of WORDS) if (button.dataset[word]) ctx.request.body.set(word, button.dataset[word]);
  ctx.request.body.set('here', button.closest('[data-here]')?.dataset.here ?? '');
  button.setAttribute('aria-busy', 'true');
});

document.addEventListener('htmx:finally:request', (event) => {
  if (commands(event)) event.detail.ctx.sourceElement.removeAttribute('aria-busy');
});

document.addEventListener('htmx:response:error', (event) => {
  const { ctx } = event.detail;
  if (!commands(event) || ctx.hx?.trigger) return; // it says itself why not
  say(ctx.response.status === 403 ? 'nothing was done: this page is too old; open it again' : 'the server failed at this; its log says why', 'bad');
});

document.addEventListener('htmx:error', (event) => {
  if (commands(event)) say('the server does not answer; nothing is known of the command', 'bad');
});

document.addEventListener('said', (event) => say(event.detail.message, event.detail.tone));
