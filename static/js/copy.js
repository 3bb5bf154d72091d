// Every button with data-copy puts that text on the clipboard by one click, and says so.
const SAID = 1800; // milliseconds

const voice = document.body.appendChild(document.createElement('span'));
voice.className = 'visually-hidden';
voice.setAttribute('role', 'status');

document.addEventListener('click', async (event) => {
  const button = event.target.closest('button[data-copy]');
  if (!button) return;
  const text = button.dataset.copy;
  if (!(await write(text)) && !select(text)) {
    window.prompt('Copy this line:', text);
    return;
  }
  voice.textContent = `copied: ${text}`;
  button.dataset.copied = 'true';
  setTimeout(() => { delete button.dataset.copied; voice.textContent = ''; }, SAID);
});

/** As browsers want it: needs a permission, and a page from this machine or over TLS. */
async function write(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** As it was before: needs no permission. */
function select(text) {
  const area = document.body.appendChild(document.createElement('textarea'));
  area.className = 'visually-hidden';
  area.value = text;
  area.select();
  const done = document.execCommand('copy');
  area.remove();
  return done;
}
