"""The cluster's DNS as functions: what a name means, and which names a pod's resolver tries.

`web.shop.svc.cluster.local` is the virtual IP of the Service `web` in namespace `shop`, or, of a headless one, the addresses
of its ready pods; `db-0.db.shop.svc.cluster.local` is one pod by its hostname; `_http._tcp.web.…` asks for a port (SRV).
A pod's resolver adds the search domains of its namespace to names with fewer than five dots (`ndots:5`), so plain `web`
finds the Service next door. As the CoreDNS plugin `kubernetes` answers; names outside the cluster are not resolved.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from core.kube.objects import Obj

DOMAIN = "cluster.local"
NDOTS = 5
SERVICE_NAME_LABEL = "kubernetes.io/service-name"


@dataclass(frozen=True, slots=True)
class Answer:
    """`name` is the full name that was found. `addresses` are A records, `ports` SRV targets, `alias` a CNAME."""

    name: str
    addresses: tuple[str, ...] = ()
    ports: tuple[tuple[str, int], ...] = ()
    alias: str = ""


def search_domains(namespace: str) -> tuple[str, ...]:
    """What the kubelet writes behind `search` in the pod's resolv.conf."""
    return (f"{namespace}.svc.{DOMAIN}", f"svc.{DOMAIN}", DOMAIN)


def resolv_conf(namespace: str, server: str) -> str:
    return f"search {' '.join(search_domains(namespace))}\nnameserver {server}\noptions ndots:{NDOTS}\n"


def names_tried(name: str, namespace: str) -> Iterator[str]:
    """The full names a resolver asks for, in order. A dot at the end means: exactly this one."""
    if name.endswith("."):
        yield name[:-1]
        return
    searched = [f"{name}.{domain}" for domain in search_domains(namespace)]
    yield from (name, *searched) if name.count(".") >= NDOTS else (*searched, name)


def resolve(name: str, namespace: str, services: Iterable[Obj], slices: Iterable[Obj]) -> Answer | None:
    """What a pod in `namespace` gets for `name`; None is NXDOMAIN for each name tried."""
    by_key = {(each["metadata"]["namespace"], each["metadata"]["name"]): each for each in services}
    listed = list(slices)
    for full in names_tried(name, namespace):
        answer = _lookup(full, by_key, listed)
        if answer is not None:
            return answer
    return None


def _lookup(full: str, services: dict[tuple[str, str], Obj], slices: list[Obj]) -> Answer | None:
    suffix = f".svc.{DOMAIN}"
    if not full.endswith(suffix):
        return None
    labels = full.removesuffix(suffix).split(".")
    if len(labels) < 2:
        return None
    *front, service_name, namespace = labels
    service = services.get((namespace, service_name))
    if service is None:
        return None
    spec = service["spec"]
    own = [each for each in slices if _belongs(each, namespace, service_name)]
    is_headless = spec.get("clusterIP") == "None"
    if spec.get("type") == "ExternalName":
        return None if front else Answer(full, alias=spec["externalName"])
    match front:
        case []:
            addresses = tuple(_ready(own, spec)) if is_headless else (spec["clusterIP"],)
            return Answer(full, addresses) if addresses else None
        case [hostname] if is_headless:
            named = tuple(
                endpoint["addresses"][0]
                for each in own
                for endpoint in each.get("endpoints") or ()
                if endpoint.get("hostname") == hostname and _is_published(endpoint, spec)
            )
            return Answer(full, named) if named else None
        case [port, protocol] if port.startswith("_") and protocol.startswith("_"):
            ports = tuple(
                (f"{service_name}.{namespace}{suffix}", entry["port"])
                for entry in spec.get("ports") or ()
                if entry.get("name") == port[1:] and entry.get("protocol", "TCP").lower() == protocol[1:]
            )
            return Answer(full, ports=ports) if ports else None
    return None


def _belongs(each: Obj, namespace: str, service: str) -> bool:
    meta = each["metadata"]
    return meta["namespace"] == namespace and (meta.get("labels") or {}).get(SERVICE_NAME_LABEL) == service


def _is_published(endpoint: Obj, spec: Obj) -> bool:
    return bool(spec.get("publishNotReadyAddresses")) or (endpoint.get("conditions") or {}).get("ready") is not False


def _ready(slices: Iterable[Obj], spec: Obj) -> Iterator[str]:
    for each in slices:
        for endpoint in each.get("endpoints") or ():
            if _is_published(endpoint, spec):
                yield from endpoint["addresses"]
