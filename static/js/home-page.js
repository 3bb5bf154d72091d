// Home: deleting a cluster is asked about first. The cards are renewed under the hand, so the question stands apart from them.
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

question.addEventListener('click', (event) => {
  if (event.target.closest('[data-keep]')) question.close();
  if (!event.target.closest('[data-sure]')) return;
  const form = question.querySelector('form');
  form.action = asked;
  form.submit();
});
