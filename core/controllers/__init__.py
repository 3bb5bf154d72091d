"""The controllers of kube-controller-manager, one file each; `REGISTRY` is the one place to see what exists. They meet
the rest only through the API server. May import `client` and `kube`. Start with `replicaset.py`.
"""

from core.client import Reconciler
from core.controllers.cronjob import CronJobController
from core.controllers.daemonset import DaemonSetController
from core.controllers.deployment import DeploymentController
from core.controllers.disruption import DisruptionController
from core.controllers.endpoints import EndpointsController
from core.controllers.endpointslice import EndpointSliceController
from core.controllers.garbagecollector import GarbageCollector
from core.controllers.job import JobController
from core.controllers.leaderelection import ControllerManagerLease
from core.controllers.namespace import NamespaceController
from core.controllers.nodelifecycle import NodeLifecycleController
from core.controllers.nodettl import NodeTTLController
from core.controllers.persistentvolume import PersistentVolumeController
from core.controllers.podgc import PodGCController
from core.controllers.replicaset import ReplicaSetController
from core.controllers.replicationcontroller import ReplicationControllerController
from core.controllers.resourcequota import ResourceQuotaController
from core.controllers.rootca import RootCAPublisher
from core.controllers.serviceaccount import ServiceAccountController
from core.controllers.statefulset import StatefulSetController
from core.controllers.tainteviction import TaintEvictionController
from core.controllers.ttlafterfinished import TTLAfterFinishedController

REGISTRY: dict[str, type[Reconciler]] = {
    "namespace": NamespaceController,
    "serviceaccount": ServiceAccountController,
    "root-ca-certificate-publisher": RootCAPublisher,
    "resourcequota": ResourceQuotaController,
    "replicaset": ReplicaSetController,
    "replicationcontroller": ReplicationControllerController,
    "deployment": DeploymentController,
    "daemonset": DaemonSetController,
    "statefulset": StatefulSetController,
    "job": JobController,
    "cronjob": CronJobController,
    "ttl-after-finished": TTLAfterFinishedController,
    "endpoints": EndpointsController,
    "endpointslice": EndpointSliceController,
    "node": NodeLifecycleController,
    "ttl": NodeTTLController,
    "taint-eviction": TaintEvictionController,
    "disruption": DisruptionController,
    "persistentvolume": PersistentVolumeController,
    "podgc": PodGCController,
    "garbagecollector": GarbageCollector,
    "leader-election": ControllerManagerLease,
}
