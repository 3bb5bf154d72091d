// Commands to the control API, and the line that says what came of them.

const token = () => document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] ?? '';

export function say(message, tone = 'ok') {
  const line = document.getElementById('said');
  line.textContent = message;
  line.dataset.tone = tone;
  line.classList.remove('fresh');
  requestAnimationFrame(() => line.classList.add('fresh'));
}

export async function command(path, body = {}) {
  try {
    const answer = await fetch(path, {
      method: 'POST', body: JSON.stringify(body),
      headers: { 'Content-Type': 'application/json', 'X-CSRFToken': token() },
    });
    const said = await answer.json();
    say(said.error ?? said.message ?? 'done', answer.ok ? 'ok' : answer.status === 409 ? 'wait' : 'bad');
    return answer.ok ? said : null;
  } catch {
    say('the server does not answer; nothing is known of the command', 'bad');
    return null;
  }
}

/** Every button with data-verb breaks or heals its data-target; those with data-clock move the clock. */
export function listen(api, after) {
  document.addEventListener('click', async (event) => {
    const button = event.target.closest('button[data-verb], button[data-clock]');
    if (!button) return;
    const { verb, target, peer, clock, speed } = button.dataset;
    button.setAttribute('aria-busy', 'true');
    if (verb) await command(`${api}/faults`, { verb, target, peer: peer ?? '' });
    else await command(`${api}/clock/${clock}`, speed ? { speed: Number(speed) } : {});
    button.removeAttribute('aria-busy');
    after();
  });
}
