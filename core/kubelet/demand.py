"""What a pod asks of its node, in the units the node counts in: millicores of cpu, bytes of memory, pieces of the rest."""

from core.kube.objects import Obj
from core.kube.pods import resources_of
from core.kube.quantities import Quantity, milli, whole

Amounts = dict[str, int]


def amount(resource: str, quantity: Quantity) -> int:
    """A quantity in the unit of its resource, rounded up."""
    return milli(quantity) if resource == "cpu" else whole(quantity)


def requests_of(pod: Obj) -> Amounts:
    """What the pod takes, all containers together (see `kube.pods.resources_of`)."""
    asked = resources_of(pod["spec"])
    return {name: -int((-value * (1000 if name == "cpu" else 1)).__floor__()) for name, value in asked.items()}
