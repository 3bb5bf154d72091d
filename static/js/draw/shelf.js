// The two rooms below the nodes: workloads (wanted against there) and services (addresses and who is behind them).
import { WORKLOADS } from '../model.js';
import { clamp, fit } from '../words.js';

const KINDS = { 'deployments.apps': 'deployment', 'statefulsets.apps': 'stateful set', 'daemonsets.apps': 'daemon set', 'jobs.batch': 'job' };
const BLOCKS_MAX = 8;

const named = (key) => key.split('/').at(-1).length * 7.4; // pixels its name takes

export function drawWorkloads(pen, state, plan) {
  const rows = WORKLOADS.flatMap((resource) => [...(state.tables[resource] ?? [])].map(([key, value]) => ({ resource, key, ...value })));
  const room = shelfRoom(pen, plan.workloads, 'WORKLOADS', 'ctl', rows.length, 'nothing deployed: kubectl create deployment web --image=nginx');
  rows.slice(0, room.fits).forEach((row, i) => {
    const y = room.top + i * 25;
    const tone = row.ready >= row.want ? 'ok' : 'wait';
    pen.button(`row-${row.resource}-${row.key}`, `object/${row.resource}/${row.key}`, `${KINDS[row.resource]} ${row.key}, ${row.ready} of ${row.want} ready`, 'row', (inside) => {
      inside.rect('area', room.x - 8, y - 16, room.w + 16, 24, 7, 'area');
      inside.text('name', room.x, y, fit(row.key.split('/').at(-1), room.w - 110, 6.9), 'strong');
      const count = `${row.ready} / ${row.want}`;
      const taken = Math.max(48, 10 + count.length * 6.4);
      drawBlocks(inside, room.x + room.w - taken, y, row.ready, row.want, 'ctl', room.w - taken - 12 - named(row.key));
      inside.text('count', room.x + room.w, y, count, `small end tone-${tone === 'ok' ? 'mute' : tone}`);
    });
  });
}

export function drawServices(pen, state, plan) {
  const behind = new Map();
  for (const [key, slice] of state.tables['endpointslices.discovery.k8s.io'] ?? []) {
    const name = `${key.split('/')[0]}/${slice.service}`;
    const sum = behind.get(name) ?? { ready: 0, total: 0 };
    behind.set(name, { ready: sum.ready + slice.ready, total: sum.total + slice.total });
  }
  const rows = [...(state.tables.services ?? [])];
  const room = shelfRoom(pen, plan.services, 'SERVICES', 'net', rows.length, 'no service yet');
  rows.slice(0, room.fits).forEach(([key, service], i) => {
    const y = room.top + i * 25;
    const { ready, total } = behind.get(key) ?? { ready: 0, total: 0 };
    const address = `${service.ip}${service.ports.length ? `:${service.ports.join(',')}` : ''}`;
    pen.button(`row-${key}`, `service/${key}`, `service ${key}, ${address}, ${ready} of ${total} endpoints ready`, 'row', (inside) => {
      inside.rect('area', room.x - 8, y - 16, room.w + 16, 24, 7, 'area');
      const wide = room.w > 300;
      inside.text('name', room.x, y, fit(key.split('/')[1], wide ? 84 : room.w - 52 - Math.min(8, Math.max(total, 1)) * 13, 6.9), 'strong');
      const count = total ? `${ready} / ${total}` : 'none';
      const taken = Math.max(36, 8 + count.length * 6.4);
      const blocks = taken + 18 + (total > BLOCKS_MAX ? 76 : total * 13);
      if (wide && address.length * 6.8 < room.w - 92 - blocks) inside.text('ip', room.x + 92, y, address, 'mono tiny mute');
      drawBlocks(inside, room.x + room.w - taken, y, ready, total, 'net', room.w - taken - 12 - named(key));
      inside.text('count', room.x + room.w, y, count, `small end ${ready ? 'tone-mute' : 'tone-wait'}`);
    });
  });
}

function shelfRoom(pen, box, label, tone, count, empty) {
  pen.rect('room', box.x, box.y, box.w, box.h, 16, 'room');
  pen.text('label', box.x + 18, box.y + 26, label, `label ${tone}`);
  const fits = Math.max(1, Math.floor((box.h - 44) / 25));
  if (!count) pen.text('empty', box.x + 18, box.y + 54, fit(empty, box.w - 30, 6.2), 'small mute');
  if (count > fits) pen.text('more', box.x + box.w - 18, box.y + 26, `${fits} of ${count}`, 'tiny mute end');
  return { x: box.x + 18, w: box.w - 36, top: box.y + 54, fits };
}

/** Wanted as outlines, there as filled blocks; a bar when there are too many to count at a glance. */
function drawBlocks(pen, right, y, have, want, tone, space) {
  if (want > BLOCKS_MAX || have > want || want * 13 + 12 > space) {
    const wide = clamp(space - 18, 20, 76);
    pen.rect('track', right - 12 - wide, y - 9, wide, 8, 4, 'track');
    pen.rect('fill', right - 12 - wide, y - 9, wide * Math.min(1, have / Math.max(1, want)), 8, 4, `fill ${tone}`);
    return;
  }
  for (let i = 0; i < want; i += 1) pen.rect(`block-${i}`, right - 12 - (want - i) * 13, y - 10, 10.5, 10.5, 3, i < have ? `fill ${tone}` : 'hollow');
}
