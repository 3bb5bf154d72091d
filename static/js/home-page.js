// Home: deleting a cluster is asked about first. The cards are renewed under the hand, so the question stands apart from them.
import './commands.js';

const question = document.getElementById('question');
let asked = null;

document.addEventListener('submit', (event) => {
  const form = event.target.closest('form[data-delete]');
  if (!form) return;
  event.preventDefault();
  asked = form.action;
  question.querySelector('[data-name]').textContent = form.dataset.delete;
  question.showModal();
});

question.addEventListener('submit', (event) => {
  event.preventDefault();
  question.close();
  window.htmx.ajax('POST', asked, { source: question.querySelector('form'), target: '#clusters', swap: 'innerMorph' });
});

question.addEventListener('click', (event) => {
  if (event.target.closest('[data-keep]')) question.close();
});
