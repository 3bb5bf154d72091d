// What this browser remembers of its person. A browser may forbid it: then nothing is kept, and nothing fails.

export function kept(name) {
  try { return localStorage.getItem(name); } catch { return null; }
}

export function keep(name, value) {
  try { localStorage.setItem(name, value); } catch { /* it is asked or shown again */ }
}
