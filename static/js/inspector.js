// The right side: the story, or what was clicked. Fragments come from the server; a change that concerns the open
// one asks for it again, at most once a second.

const EVERY = 1000;

export class Inspector {
  constructor(side, base) {
    this.side = side;
    this.panel = side.querySelector('#inspector');
    this.base = base;
    this.subject = '';
    this.opener = null;
    this.due = null;
    addEventListener('hashchange', () => this.follow());
  }

  /** Open what the address names: every inspected thing has a link, and the back button works. */
  follow() {
    const subject = decodeURIComponent(location.hash.slice(1));
    if (subject === this.subject) return;
    if (subject) this.show(subject);
    else this.hide();
  }

  open(subject, opener = null) {
    this.opener = opener;
    location.hash = subject;
  }

  close() {
    history.pushState(null, '', location.pathname);
    this.hide();
    this.opener?.focus?.();
  }

  show(subject) {
    this.subject = subject;
    this.side.dataset.open = 'true';
    this.panel.dataset.here = subject; // what a command from here is answered with
    this.mark();
    this.load('innerHTML', 'replace').then(() => this.panel.querySelector('h2')?.focus());
  }

  hide() {
    this.subject = '';
    delete this.side.dataset.open;
    this.panel.replaceChildren();
    this.mark();
  }

  /** The clicked thing stays outlined while it is open. */
  mark() {
    for (const element of document.querySelectorAll('.hit.open')) element.classList.remove('open');
    if (!this.subject) return;
    for (const element of document.querySelectorAll(`[data-inspect="${CSS.escape(this.subject)}"]`)) element.classList.add('open');
  }

  /** What is opened replaces what is still being asked for; a refresh waits for it. An older answer never comes last. */
  async load(swap = 'innerMorph', sync = 'queue last') {
    const subject = this.subject;
    this.panel.setAttribute('hx-sync', sync);
    const path = subject.split('/').map(encodeURIComponent).join('/');
    try {
      await window.htmx.ajax('GET', `${this.base}${path}`, { source: this.panel, target: this.panel, swap });
    } catch {
      if (subject === this.subject && !this.panel.children.length) this.panel.textContent = 'no answer from the server; trying again';
    }
  }

  /** Something changed: ask again soon; at once (0) for the answer to one's own command. */
  refresh(delay = EVERY) {
    if (!this.subject || (this.due && delay)) return;
    clearTimeout(this.due);
    this.due = setTimeout(() => {
      this.due = null;
      if (this.subject && !document.hidden) this.load();
    }, delay);
  }
}
