// Builders for the tests: a snapshot as the server sends it.

export function member(name, more = {}) {
  return { name, role: 'follower', term: 2, commit: 10, applied: 10, last_index: 10, state: 'running', log: [], ...more };
}

export function columns(rows) {
  const names = Object.keys(Object.values(rows)[0] ?? {});
  return { key: Object.keys(rows), ...Object.fromEntries(names.map((name) => [name, Object.values(rows).map((row) => row[name])])) };
}

export function pod(node, more = {}) {
  return { node, word: 'Running', tone: 'ok', dots: 'r', ip: '10.244.1.2', restarts: 0, cpu: 100, mem: 2 ** 20, owner: '', ...more };
}

export function node(more = {}) {
  return { ready: 'True', since: 0, cordoned: false, pressed: [], cpu: 4000, mem: 2 ** 33, pods: 110, ...more };
}

export function snapshot({ members = 3, nodes = 3, pods = {}, journal = [], faults = [], failures = [], broken = {} } = {}) {
  const names = Array.from({ length: nodes }, (_, i) => `worker-${i + 1}`);
  return {
    t: 'snapshot', at: [10, 5], now: 1000, started: 900,
    status: {
      profile: 'classroom', clock: { speed: 1, paused: false },
      etcd: { quorum: true, needed: 2, alive: members, together: members, say: `${members} of ${members} alive: one may fail`, tone: 'ok', leader: 'etcd-0', members: Array.from({ length: members }, (_, i) => member(`etcd-${i}`, i ? {} : { role: 'leader' })) },
      components: ['apiserver', 'scheduler', 'controller-manager', 'cloud-controller-manager', ...names.flatMap((name) => [`node/${name}`, `kubelet/${name}`, `kube-proxy/${name}`])].map((name) => ({ name, state: broken[name] ?? 'running' })),
      faults, failures,
    },
    loops: ['deployment', 'replicaset'],
    objects: {
      pods: columns(pods), nodes: columns(Object.fromEntries(names.map((name) => [name, node()]))),
      'deployments.apps': columns({}), services: columns({}), 'endpointslices.discovery.k8s.io': columns({}), 'leases.coordination.k8s.io': columns({}),
    },
    journal, counts: [[990, 3]],
  };
}
