"""The admission plugins there are, in the order they are asked."""

from core.apiserver.admission.alwayspullimages import AlwaysPullImages
from core.apiserver.admission.base import Plugin
from core.apiserver.admission.defaultstorageclass import DefaultStorageClass
from core.apiserver.admission.defaulttolerationseconds import DefaultTolerationSeconds
from core.apiserver.admission.escalation import RbacEscalation
from core.apiserver.admission.limitranger import LimitRanger
from core.apiserver.admission.namespacelifecycle import NamespaceLifecycle
from core.apiserver.admission.noderestriction import NodeRestriction
from core.apiserver.admission.priority import Priority
from core.apiserver.admission.resourcequota import ResourceQuota
from core.apiserver.admission.runtimeclass import RuntimeClass
from core.apiserver.admission.serviceaccount import ServiceAccount
from core.apiserver.admission.taintnodesbycondition import TaintNodesByCondition

PLUGINS: tuple[type[Plugin], ...] = (
    NamespaceLifecycle,
    LimitRanger,
    ServiceAccount,
    NodeRestriction,
    TaintNodesByCondition,
    AlwaysPullImages,
    Priority,
    DefaultTolerationSeconds,
    DefaultStorageClass,
    RuntimeClass,
    RbacEscalation,
    ResourceQuota,
)
