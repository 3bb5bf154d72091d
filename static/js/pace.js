// The pace of an election. A whole election may be over within one batch, even at a quarter of the speed: its messages
// take the cluster no time. So that the eye can follow, what a batch tells of Raft is shown in the order of cause and
// effect: a member speaks after it was spoken to, and takes its new role when the messages before that have arrived.
// Pure: a batch in, delays out. Nothing is invented, and nothing is left out; it is only told one thing after the other.

export const HOP = 460; // milliseconds one message is shown under way
const ROLE = 260; // between two changes of role
const MOST = 3600; // an election with many rounds is told faster rather than longer

const STEPPED = new Set(['raft.role', 'raft.vote']);

/** Whether a batch tells of an election: then it is told step by step. */
export const isElection = (batch) => (batch.journal ?? []).some((entry) => entry.k === 'raft.role');

/** Milliseconds to wait before each Raft entry of the journal, by its number. */
export function delays(journal) {
  const free = new Map(); // member → when it has heard what it was sent
  const found = new Map();
  let end = 0;
  for (const entry of journal) {
    if (entry.k === 'raft.message') {
      const start = free.get(entry.from) ?? 0;
      found.set(entry.s, start);
      if (!entry.lost) free.set(entry.to, Math.max(free.get(entry.to) ?? 0, start + HOP));
      end = Math.max(end, start + HOP);
    } else if (entry.k === 'raft.vote') {
      found.set(entry.s, free.get(entry.member) ?? 0);
    } else if (entry.k === 'raft.role') {
      const start = free.get(entry.member) ?? 0;
      found.set(entry.s, start);
      free.set(entry.member, start + (entry.role === 'follower' ? 0 : ROLE));
      end = Math.max(end, start);
    }
  }
  const scale = end > MOST ? MOST / end : 1;
  for (const [seq, delay] of found) found.set(seq, delay * scale);
  return { found, end: end * scale };
}

/**
 * A batch as steps [{delay, batch}], and when all is told: what came before the election at once, then each vote and each
 * change of role in its turn, at last everything that came after it. What is no election is one step.
 */
export function steps(batch) {
  if (!isElection(batch)) return { told: [{ delay: 0, batch }], end: 0 };
  const { found, end } = delays(batch.journal);
  const first = batch.journal.findIndex((entry) => STEPPED.has(entry.k));
  const told = first > 0 ? [{ delay: 0, batch: { journal: batch.journal.slice(0, first) } }] : [];
  const rest = batch.journal.slice(first);
  for (const entry of rest) if (STEPPED.has(entry.k)) told.push({ delay: found.get(entry.s), batch: { journal: [entry] } });
  told.sort((a, b) => a.delay - b.delay);
  told.push({ delay: end, batch: { ...batch, journal: rest.filter((entry) => !STEPPED.has(entry.k)) } });
  return { told, end };
}
