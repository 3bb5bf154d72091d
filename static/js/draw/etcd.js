// The etcd room: the ring of members, their log tails, and the quorum gauge.
import { quorum } from '../model.js';
import { route } from '../layout.js';
import { fit, grouped, letter } from '../words.js';

const BLOCKS = 10; // newest log positions shown of each member

export function drawEtcd(pen, state, plan) {
  const room = plan.etcd;
  const { centre, rx, ry, spots } = plan.ring;
  const gauge = quorum(state);
  pen.rect('room', room.x, room.y, room.w, room.h, 16, gauge.tone === 'bad' ? 'room broken' : 'room');
  pen.text('label', room.x + 18, room.y + 26, 'ETCD', 'label etcd');
  drawGauge(pen, room, gauge);
  if (rx) pen.el('ring', 'ellipse', { cx: centre.x, cy: centre.y, rx, ry, class: 'ring' });
  drawWires(pen, state, plan);
  drawSum(pen, state, room);
  const newest = Math.max(0, ...state.members.map((member) => member.last_index ?? member.commit ?? 0));
  state.members.forEach((member, i) => drawMember(pen, state, member, spots[i], newest, room));
}

function drawGauge(pen, room, gauge) {
  const right = room.x + room.w - 18;
  const width = 17;
  for (let i = 0; i < gauge.total; i += 1) {
    const x = right - (gauge.total - i) * (width + 4) + 4;
    pen.rect(`gauge-${i}`, x, room.y + 17, width, 9, 3, `gauge ${i < gauge.together ? gauge.tone : 'none'}`);
  }
  const needed = right - (gauge.total - gauge.needed) * (width + 4) + 2;
  pen.path('needed', `M${needed} ${room.y + 13}v17`, 'needed');
  const space = room.w - 100 - gauge.total * (width + 4);
  const say = gauge.say.length * 6.6 > space ? gauge.say.split(':')[0] : gauge.say;
  pen.text('quorum', right - gauge.total * (width + 4) - 6, room.y + 26, say, `mute end tone-${gauge.tone}`);
}

/** What the group as a whole has agreed on. */
function drawSum(pen, state, room) {
  const leader = state.members.find((member) => member.name === state.leader);
  const term = Math.max(0, ...state.members.map((member) => member.term ?? 0));
  const commit = leader?.commit ?? Math.max(0, ...state.members.map((member) => member.commit ?? 0));
  const y = room.y + room.h - 16;
  pen.text('term', room.x + 18, y, `term ${term}`, 'strong');
  pen.text('leader', room.x + 32 + `term ${term}`.length * 7, y, leader ? `${leader.name} leads` : 'no leader', leader ? 'mute' : 'tone-bad');
  pen.text('commit', room.x + room.w - 18, y, `commit ${grouped(commit)} · revision ${grouped(state.at[0])}`, 'mute end');
}

/** Quiet lines from the leader to its followers; a cut wire is broken and says so. */
function drawWires(pen, state, plan) {
  const cut = new Set(state.faults.filter((fault) => fault.kind === 'partition').flatMap((fault) => [`${fault.target} ${fault.peer}`, `${fault.peer} ${fault.target}`]));
  const members = state.members;
  for (let i = 0; i < members.length; i += 1) {
    for (let k = i + 1; k < members.length; k += 1) {
      const [a, b] = [members[i].name, members[k].name];
      const isCut = cut.has(`${a} ${b}`);
      const follows = [a, b].includes(state.leader) && members[i].state === 'running' && members[k].state === 'running';
      if (!isCut && !follows) continue;
      const from = b === state.leader ? b : a;
      const curve = route(plan, from, from === a ? b : a);
      pen.path(`wire-${a}-${b}`, bezier(curve), isCut ? 'wire cut' : 'wire raft');
      if (isCut) pen.text(`cut-${a}-${b}`, (curve[2] + curve[4]) / 2, (curve[3] + curve[5]) / 2 + 4, '✕', 'sign middle tone-bad');
    }
  }
}

export const bezier = ([x0, y0, x1, y1, x2, y2, x3, y3]) => `M${x0} ${y0}C${x1} ${y1} ${x2} ${y2} ${x3} ${y3}`;

function drawMember(pen, state, member, spot, newest, room) {
  const up = member.state === 'running';
  const role = up ? member.role ?? 'starting' : member.state;
  const behind = up && role !== 'learner' && member.term < Math.max(...state.members.map((one) => one.term ?? 0));
  const alone = role === 'leader' && member.name !== state.leader; // it does not know yet that others moved on
  const words = `${role === 'learner' ? 'empty disk, no vote' : alone ? 'leads nobody' : role}${behind ? ` · term ${member.term}` : ''}`;
  const end = spot.side < 0 ? ' end' : '';
  const space = (spot.side < 0 ? spot.labelX - room.x : room.x + room.w - spot.labelX) - 14;
  pen.button(member.name, `member/${member.name}`, `etcd member${words === role ? '' : `, ${role}`}`, `member ${up ? role : 'down'} ${member.state}`, (inside) => {
    const reach = spot.side < 0 ? spot.labelX - space : spot.x - spot.r - 7;
    if (state.members.length <= 3) inside.rect('area', reach, spot.y - spot.r - 7, spot.r * 2 + 20 + space, spot.r * 2 + 14, 14, 'area');
    if (role === 'leader') inside.circle('halo', spot.x, spot.y, spot.r + 7, 'halo');
    inside.circle('disc', spot.x, spot.y, spot.r, 'disc');
    inside.text('letter', spot.x, spot.y + 5.5, letter(member), 'letter middle');
    inside.text('name', spot.labelX, spot.labelY, member.name, `strong${end}`);
    inside.text('role', spot.labelX + (spot.tight ? spot.side * 48 : 0), spot.labelY + (spot.tight ? 0 : 16), fit(words, space - (spot.tight ? 48 : 0), 6.1), `mute${end}${up ? '' : ' tone-bad'}`);
    drawLog(inside, state, member, spot, newest, space);
  });
}

/** The newest positions of the log: pale when committed, strong while it waits for a quorum, empty when not held. */
function drawLog(pen, state, member, spot, newest, space) {
  const y = spot.tight ? spot.labelY + 6 : spot.labelY + 24;
  const step = spot.tight ? 5 : Math.min(state.members.length > 3 ? 7.5 : 12, (space - 2) / BLOCKS);
  const first = Math.max(1, newest - BLOCKS + 1);
  const last = member.last_index ?? member.commit ?? 0;
  const x0 = spot.side < 0 ? spot.labelX - BLOCKS * step : spot.labelX;
  for (let i = 0; i < BLOCKS; i += 1) {
    const index = first + i;
    const kind = index > last || index > newest ? 'empty' : index <= (member.commit ?? 0) ? 'committed' : 'waiting';
    pen.rect(`log-${i}`, x0 + i * step, y, step - (spot.tight ? 1.5 : 2.5), 8, spot.tight ? 1 : 2, `block ${kind}`);
  }
}
