// Plays recordings of the feed to the teller and the reducer on a clock of their own, and prints the pictures they end in.
// stdin: [{snapshot, batches: [{ms, batch}]}]; stdout: [{picture, disorder}].
import { readFileSync } from 'node:fs';
import { fromSnapshot, reduce } from '../../../static/js/model.js';
import { Teller } from '../../../static/js/teller.js';

function play({ snapshot, batches }) {
  let state = fromSnapshot(snapshot, 0);
  const teller = new Teller();
  const disorder = [];
  let last = 0;
  const until = (ms) => {
    for (let wait = teller.wait(last); wait !== null && last + wait <= ms; wait = teller.wait(last)) {
      last += wait;
      for (const { batch } of teller.take(last)) {
        const before = state;
        state = reduce(state, batch, last);
        if (before.at[0] > state.at[0] || before.at[1] > state.at[1]) disorder.push(['at', before.at, state.at]);
        if (before.statusAt[0] > state.statusAt[0] || before.statusAt[1] > state.statusAt[1]) disorder.push(['status', before.statusAt, state.statusAt]);
      }
    }
    last = Math.max(last, ms);
  };
  let behind = 0;
  for (const { ms, batch } of batches) {
    until(ms);
    teller.hear(batch, ms);
    behind = Math.max(behind, teller.free - ms);
  }
  until(last + 60_000);
  const members = state.members.map(({ name, role, state: how, term }) => ({ name, role, state: how, term }));
  return { picture: { members, leader: state.leader, quorum: state.quorum, say: state.verdict.say, faults: state.faults.length, at: state.at }, disorder, behind };
}

process.stdout.write(JSON.stringify(JSON.parse(readFileSync(0, 'utf8')).map(play)));
