"""Pod addresses: each node owns a range (`node.spec.podCIDR`, 10.244.N.0/24) and gives its pods addresses out of it.

As the CNI plugins `bridge` and `host-local` do it: the first address of the range is the bridge `cni0`, the pods' default
gateway; pods get the following ones in turn, so that an address freed a moment ago is the last to be given again and a
late packet for the old pod does not reach a new one.
"""

from collections.abc import Container
from functools import lru_cache
from ipaddress import IPv4Network


class Exhausted(Exception):
    """No address of the range is free; the message is the one host-local gives."""


@lru_cache(maxsize=8192)
def range_of(cidr: str) -> IPv4Network:
    return IPv4Network(cidr)


def gateway(cidr: str) -> str:
    """The address of the node's bridge, which its pods route through."""
    return str(range_of(cidr)[1])


def allocate(cidr: str, used: Container[str], after: str = "") -> str:
    """The next free address of `cidr` behind `after` (the one given last), going round. Raises Exhausted."""
    network = range_of(cidr)
    first, last = int(network.network_address) + 2, int(network.broadcast_address) - 1
    size = last - first + 1
    start = _number(after) + 1 - first if after else 0
    for offset in range(size):
        address = _text(first + (start + offset) % size)
        if address not in used:
            return address
    raise Exhausted(f"no IP addresses available in network: {cidr}")


def _number(address: str) -> int:
    a, b, c, d = address.split(".")
    return int(a) << 24 | int(b) << 16 | int(c) << 8 | int(d)


def _text(number: int) -> str:
    return f"{number >> 24}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
