// The two rooms below the nodes: workloads (wanted against there) and services (addresses and who is behind them).
import { workloads } from '../model.js';
import { clamp, fit } from '../words.js';

const KINDS = {
  'deployments.apps': 'deployment', 'statefulsets.apps': 'stateful set', 'daemonsets.apps': 'daemon set', 'replicasets.apps': 'replica set',
  replicationcontrollers: 'replication controller', 'cronjobs.batch': 'cron job', 'jobs.batch': 'job',
};
const BLOCKS_MAX = 8;
const ROW = 25;

const called = (key) => key.replace(/^default\//, ''); // what is elsewhere is told with its namespace
const named = (key) => called(key).length * 7.4; // pixels its name takes

export function drawWorkloads(pen, state, plan) {
  const rows = workloads(state);
  const short = (row) => row.ready < row.want;
  const room = shelfRoom(pen, plan.workloads, 'WORKLOADS', 'workloads/', 'ctl', rows.length, 'nothing is deployed yet');
  chosen(rows, room.fits, short).forEach((row, i) => {
    const y = room.top + i * ROW;
    const count = row.schedule ? (row.have ? `${row.have} active` : row.schedule) : `${row.ready} / ${row.want}`;
    pen.button(`row-${row.resource}-${row.key}`, `object/${row.resource}/${row.key}`, `${KINDS[row.resource]} ${row.key}${row.schedule ? '' : ', ready of wanted'}`, 'row', (inside) => {
      inside.rect('area', room.x - 8, y - 16, room.w + 16, 24, 7, 'area');
      const taken = Math.max(row.schedule ? 0 : 48, 10 + count.length * 6.4);
      inside.text('name', room.x, y, fit(called(row.key), room.w - taken - 26, 6.9), 'strong');
      if (!row.schedule) drawBlocks(inside, room.x + room.w - taken, y, row.ready, row.want, 'ctl', room.w - taken - 12 - named(row.key));
      inside.text('count', room.x + room.w, y, count, `small end tone-${short(row) ? 'wait' : 'mute'}`);
    });
  });
}

/** The rows there is room for, in their order; when there is not for all, those that lack something come first. Pure. */
export function chosen(rows, fits, lacks) {
  if (rows.length <= fits) return rows;
  return [...rows.filter(lacks), ...rows.filter((row) => !lacks(row))].slice(0, fits);
}

export function drawServices(pen, state, plan) {
  const behind = new Map();
  for (const [key, slice] of state.tables['endpointslices.discovery.k8s.io'] ?? []) {
    const name = `${key.split('/')[0]}/${slice.service}`;
    const sum = behind.get(name) ?? { ready: 0, total: 0 };
    behind.set(name, { ready: sum.ready + slice.ready, total: sum.total + slice.total });
  }
  const rows = [...(state.tables.services ?? [])];
  const room = shelfRoom(pen, plan.services, 'SERVICES', 'services/', 'net', rows.length, 'no service yet');
  const lacks = ([key]) => !behind.get(key)?.ready;
  chosen(rows, room.fits, lacks).forEach(([key, service], i) => {
    const y = room.top + i * ROW;
    const { ready, total } = behind.get(key) ?? { ready: 0, total: 0 };
    const address = `${service.ip}${service.ports.length ? `:${service.ports.join(',')}` : ''}`;
    pen.button(`row-${key}`, `service/${key}`, `service ${key}, ${address}, endpoints ready`, 'row', (inside) => {
      inside.rect('area', room.x - 8, y - 16, room.w + 16, 24, 7, 'area');
      const count = total ? `${ready} / ${total}` : 'none';
      const taken = Math.max(36, 8 + count.length * 6.4);
      inside.text('name', room.x, y, fit(called(key), room.w - taken - 26, 6.9), 'strong');
      const blocks = taken + 18 + (total > BLOCKS_MAX ? 76 : total * 13);
      if (room.w > 300 && Math.max(92, named(key) + 14) + address.length * 6.8 < room.w - blocks) inside.text('ip', room.x + Math.max(92, named(key) + 14), y, address, 'mono tiny mute');
      drawBlocks(inside, room.x + room.w - taken, y, ready, total, 'net', room.w - taken - 12 - named(key));
      inside.text('count', room.x + room.w, y, count, `small end ${ready ? 'tone-mute' : 'tone-wait'}`);
    });
  });
}

function shelfRoom(pen, box, label, subject, tone, count, empty) {
  const fits = Math.max(1, Math.floor((box.h - 44) / ROW));
  pen.rect('room', box.x, box.y, box.w, box.h, 16, 'room');
  pen.button('open', subject, `all ${count}`, 'head', (inside) => {
    inside.rect('area', box.x + 10, box.y + 8, box.w - 20, 26, 8, 'area');
    inside.text('label', box.x + 18, box.y + 26, label, `label ${tone}`);
    if (count > fits) inside.text('more', box.x + box.w - 18, box.y + 26, `${fits} of ${count}`, 'tiny mute end');
  });
  if (!count) pen.text('empty', box.x + 18, box.y + 54, fit(empty, box.w - 30, 6.2), 'small mute');
  return { x: box.x + 18, w: box.w - 36, top: box.y + 54, fits };
}

/** Wanted as outlines, there as filled blocks; a bar when there are too many to count at a glance. */
function drawBlocks(pen, right, y, have, want, tone, space) {
  if (want > BLOCKS_MAX || have > want || want * 13 + 12 > space) {
    if (space < 34) return;
    const wide = clamp(space - 18, 16, 76);
    pen.rect('track', right - 12 - wide, y - 9, wide, 8, 4, 'track');
    pen.rect('fill', right - 12 - wide, y - 9, wide * Math.min(1, have / Math.max(1, want)), 8, 4, `fill ${tone}`);
    return;
  }
  for (let i = 0; i < want; i += 1) pen.rect(`block-${i}`, right - 12 - (want - i) * 13, y - 10, 10.5, 10.5, 3, i < have ? `fill ${tone}` : 'hollow');
}
