// Who is told of a change by a watch: which component watches what, and which of them can hear. Pure.
//
// A table, until the journal itself says who was told. Whoever is stopped or paused, stands on a machine that does not run
// or behind a wire that is cut, is told nothing: it finds the change when it is back.
import { componentState, cutFrom } from './model.js';

const EVERYWHERE = Symbol('one on each node');
const AT_HOME = Symbol('the one on its own node');

// component → the resources it watches, and where it stands in the picture
const WATCHERS = [
  {
    process: 'controller-manager', place: 'controllers', resources: [
      'pods', 'nodes', 'services', 'endpointslices.discovery.k8s.io', 'deployments.apps', 'statefulsets.apps', 'daemonsets.apps',
      'replicasets.apps', 'replicationcontrollers', 'cronjobs.batch', 'jobs.batch',
    ],
  },
  { process: 'cloud-controller-manager', place: 'controllers', resources: ['services'] },
  { process: 'scheduler', place: 'scheduler', resources: ['pods', 'nodes'] },
  { process: 'kubelet', where: EVERYWHERE, resources: ['services'] },
  { process: 'kubelet', where: AT_HOME, resources: ['pods', 'nodes'] },
  { process: 'kube-proxy', where: EVERYWHERE, resources: ['services', 'endpointslices.discovery.k8s.io'] },
];

/** Whether a component on a node hears the API server now: it runs, on a machine that runs, over a wire that is whole. */
function hears(state, process, node) {
  return componentState(state, `${process}/${node}`) === 'running' && componentState(state, `node/${node}`) === 'running'
    && !cutFrom(state, `node/${node}`).includes('apiserver');
}

/** The node an object is at home on; of a pod that is gone, the one it was on. */
function homeOf(state, resource, key, value) {
  if (resource === 'nodes') return key;
  if (resource !== 'pods') return '';
  return value?.node || state.tables.pods?.get(key)?.node || '';
}

function listeners(state, { process, place, where }, resource, key, value) {
  if (place) return componentState(state, process) === 'running' ? [place] : [];
  const nodes = where === EVERYWHERE ? state.machines : [homeOf(state, resource, key, value)].filter(Boolean);
  return nodes.filter((node) => hears(state, process, node)).map((node) => `node/${node}`);
}

/** The places in the picture that are told of these changes [resource, key, value], each once, in order. */
export function toldOf(state, objects) {
  if (componentState(state, 'apiserver') !== 'running') return [];
  const told = new Set();
  for (const [resource, key, value] of objects) {
    for (const watcher of WATCHERS) {
      if (watcher.resources.includes(resource)) for (const place of listeners(state, watcher, resource, key, value)) told.add(place);
    }
  }
  return [...told];
}
