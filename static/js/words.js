// Numbers and times as people read them. Pure.

export const clamp = (value, low, high) => Math.max(low, Math.min(high, value));

/** 1284 → "1 284", with a thin space that does not break. */
export const grouped = (number) => String(number ?? 0).replace(/\B(?=(\d{3})+(?!\d))/g, '\u202f');

/** Seconds as a span: "3 s", "4 min 48 s", "2 h 5 min". */
export function span(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole} s`;
  const [rest, low, high] = whole < 3600 ? [whole % 60, 's', 'min'] : [Math.floor((whole % 3600) / 60), 'min', 'h'];
  const first = whole < 3600 ? Math.floor(whole / 60) : Math.floor(whole / 3600);
  return rest ? `${first} ${high} ${rest} ${low}` : `${first} ${high}`;
}

/** Seconds since the cluster began, as the clock shows them: "00:04:12.3". */
export function clock(seconds, digits = 1) {
  const value = Math.max(0, seconds);
  const whole = Math.floor(value);
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60].map((part) => String(part).padStart(2, '0'));
  const tail = digits ? `.${Math.floor((value - whole) * 10 ** digits).toString().padStart(digits, '0')}` : '';
  return parts.join(':') + tail;
}

/** Cut to what fits into `width` pixels at about `per` pixels a letter. */
export function fit(text, width, per = 6.6) {
  const most = Math.max(1, Math.floor(width / per));
  return text.length <= most ? text : `${text.slice(0, Math.max(1, most - 1))}…`;
}

// The letters that names are drawn from (k8s.io/apimachinery/pkg/util/rand): no vowels, so that no words come out.
const RANDOM = '[bcdfghjklmnpqrstvwxz2456789]';
const DRAWN = new RegExp(`^(.+?)(?:-${RANDOM}{8,10})?-(${RANDOM}{5})$`);

/**
 * A pod's name as [what it is, which one]: "web-7c9f8d-x2k4p" of ReplicaSet/web-7c9f8d → ["web", "x2k4p"].
 * Without its owner it is told from the letters.
 */
export function podName(name, owner) {
  const [kind, of] = (owner || '').split('/');
  if (of && name.startsWith(`${of}-`)) {
    return [kind === 'ReplicaSet' ? of.replace(/-[a-z0-9]{5,10}$/, '') : of, name.slice(of.length + 1)];
  }
  const drawn = owner ? null : DRAWN.exec(name);
  return drawn ? [drawn[1], drawn[2]] : [name, ''];
}

/** Who a username is, as a short word: "system:node:worker-1" → "worker-1". */
export function who(actor) {
  if (!actor) return 'someone';
  const last = actor.split(':').at(-1);
  return last.replace(/^kube-/, '') || actor;
}

export const memory = (bytes) => (bytes >= 2 ** 30 ? `${(bytes / 2 ** 30).toFixed(1)} GiB` : `${Math.round(bytes / 2 ** 20)} MiB`);

// What stands in a member's disc (the home page's cards have the same): no two roles share a sign.
const LETTERS = { leader: 'L', follower: 'F', candidate: 'C', 'pre-candidate': 'P', learner: '∅' };
const STATES = { stopped: '✕', paused: 'Ⅱ' };

/** The sign of a member: what it is, or that it is not there. */
export const letter = (member) => STATES[member.state] ?? LETTERS[member.role] ?? '?';
