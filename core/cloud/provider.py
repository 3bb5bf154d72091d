"""The simulated cloud: a pool of public addresses, and the time that its work takes.

A real provider keeps its machines and load balancers outside the cluster, behind an API of its own, and the controllers
ask it for what exists. Here what exists can be read off the cluster: a load balancer is there as long as its Service has
the clean-up finalizer, and its address is the one in the Service's status. So nothing of the cloud can be lost, and
nothing can be left over. Addresses are those reserved for documentation (TEST-NET-3, RFC 5737): they lead nowhere.
"""

from collections.abc import Collection
from dataclasses import dataclass

NETWORK, FIRST, LAST = "203.0.113", 1, 254
EXHAUSTED = f"no address of {NETWORK}.0/24 is free"
NOT_OURS = "the address {address} does not belong to this cloud"
TAKEN = "the address {address} is in use"


class ProviderError(Exception):
    """The cloud refuses; the message says why."""


@dataclass(frozen=True, slots=True)
class Delays:
    """Virtual seconds from an order to its fulfilment."""

    create: float
    delete: float


DELAYS = {
    "instant": Delays(create=0, delete=0),
    "classroom": Delays(create=2, delete=1),
    "realistic": Delays(create=35, delete=20),
}


def allot(in_use: Collection[str], wish: str = "") -> str:
    """An address for a new load balancer: the one wished for, or the lowest that is free. Raises ProviderError."""
    pool = [f"{NETWORK}.{number}" for number in range(FIRST, LAST + 1)]
    if wish:
        if wish not in pool:
            raise ProviderError(NOT_OURS.format(address=wish))
        if wish in in_use:
            raise ProviderError(TAKEN.format(address=wish))
        return wish
    for address in pool:
        if address not in in_use:
            return address
    raise ProviderError(EXHAUSTED)
