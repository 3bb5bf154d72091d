"""The plugins, one file each, and the registry: every plugin of the default profile in the order they are called, and the
weight of those that score. Adding a plugin is adding a file and a row.
"""

from collections.abc import Callable

from core.scheduler.framework import Plugin
from core.scheduler.handle import Handle
from core.scheduler.plugins.defaultbinder import DefaultBinder
from core.scheduler.plugins.defaultpreemption import DefaultPreemption
from core.scheduler.plugins.dynamicresources import DynamicResources
from core.scheduler.plugins.imagelocality import ImageLocality
from core.scheduler.plugins.interpodaffinity import InterPodAffinity
from core.scheduler.plugins.nodeaffinity import NodeAffinity
from core.scheduler.plugins.nodename import NodeName
from core.scheduler.plugins.nodeports import NodePorts
from core.scheduler.plugins.noderesources import NodeResourcesBalancedAllocation, NodeResourcesFit
from core.scheduler.plugins.nodeunschedulable import NodeUnschedulable
from core.scheduler.plugins.podtopologyspread import PodTopologySpread
from core.scheduler.plugins.prioritysort import PrioritySort
from core.scheduler.plugins.schedulinggates import SchedulingGates
from core.scheduler.plugins.tainttoleration import TaintToleration
from core.scheduler.plugins.volumebinding import VolumeBinding

REGISTRY: dict[Callable[[Handle], Plugin], int] = {
    SchedulingGates: 0,
    PrioritySort: 0,
    NodeUnschedulable: 0,
    NodeName: 0,
    TaintToleration: 3,  # a soft taint outweighs everything else
    NodeAffinity: 2,
    NodePorts: 0,
    NodeResourcesFit: 1,
    VolumeBinding: 0,
    PodTopologySpread: 2,  # what the user asked for outweighs what is merely good
    InterPodAffinity: 2,
    DynamicResources: 0,
    DefaultPreemption: 0,
    NodeResourcesBalancedAllocation: 1,
    ImageLocality: 1,
    DefaultBinder: 0,
}
