// Light, dark, or as the system has it; kept in this browser. Loaded first, so that a page never flashes.
const root = document.documentElement;
const order = ['auto', 'light', 'dark'];
const read = () => {
  try {
    return localStorage.getItem('theme') ?? 'auto';
  } catch {
    return 'auto';
  }
};
const apply = (theme) => {
  root.dataset.theme = theme;
};
apply(read());
document.addEventListener('click', (event) => {
  if (!event.target.closest('[data-theme-button]')) return;
  const next = order[(order.indexOf(root.dataset.theme) + 1) % order.length];
  try {
    localStorage.setItem('theme', next);
  } catch {
    // a browser that keeps nothing still changes for this page
  }
  apply(next);
  document.dispatchEvent(new Event('themechange'));
});
