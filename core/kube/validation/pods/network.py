"""A pod's place in the network: names, name servers, host aliases, the host's own network.

Reference: `pkg/apis/core/validation` (validatePodDNSConfig, ValidateHostAliases, validatePodHostNetworkDeps).
"""

from collections.abc import Iterator

from core.kube import formats
from core.kube.causes import Cause, invalid_value, required
from core.kube.objects import Obj
from core.kube.validation.common import checked

NAMESERVERS_MAX, SEARCHES_MAX, SEARCH_LETTERS_MAX = 3, 32, 2048

CONFIG_NEEDED = "must provide `dnsConfig` when `dnsPolicy` is None"
SERVER_NEEDED = "must provide at least one DNS nameserver when `dnsPolicy` is None"
MANY_SERVERS = f"must not have more than {NAMESERVERS_MAX} nameservers"
MANY_SEARCHES = f"must not have more than {SEARCHES_MAX} search paths"
LONG_SEARCHES = f"must not have more than {SEARCH_LETTERS_MAX} characters (including spaces) in the search list"
EMPTY_OPTION = "must not be empty"
SAME_PORT = "must match `containerPort` when `hostNetwork` is true"


def dns(config: Obj | None, policy: str | None, field: str) -> Iterator[Cause]:
    if policy == "None":
        if config is None:
            yield required(field, CONFIG_NEEDED)
            return
        if not config.get("nameservers"):
            yield required(f"{field}.nameservers", SERVER_NEEDED)
            return
    if config is None:
        return
    servers, searches = config.get("nameservers") or [], config.get("searches") or []
    if len(servers) > NAMESERVERS_MAX:
        yield invalid_value(f"{field}.nameservers", servers, MANY_SERVERS)
    for index, server in enumerate(servers):
        yield from checked(f"{field}.nameservers[{index}]", server, formats.ip_address)
    if len(searches) > SEARCHES_MAX:
        yield invalid_value(f"{field}.searches", searches, MANY_SEARCHES)
    if len(" ".join(searches)) > SEARCH_LETTERS_MAX:
        yield invalid_value(f"{field}.searches", searches, LONG_SEARCHES)
    for index, search in enumerate(searches):
        if search != ".":
            yield from checked(f"{field}.searches[{index}]", search.removesuffix("."), formats.search_domain)
    for index, option in enumerate(config.get("options") or ()):
        if not option.get("name"):
            yield required(f"{field}.options[{index}]", EMPTY_OPTION)


def host_aliases(aliases: list[Obj], field: str) -> Iterator[Cause]:
    for index, alias in enumerate(aliases):
        yield from checked(f"{field}[{index}].ip", alias.get("ip", ""), formats.ip_address)
        for number, name in enumerate(alias.get("hostnames") or ()):
            yield from checked(f"{field}[{index}].hostnames[{number}]", name, formats.dns_subdomain)


def host_network(spec: Obj, field: str, *, is_pod: bool) -> Iterator[Cause]:
    """In the host's network a container's port is the host's; a template leaves it to be filled in."""
    for index, container in enumerate(spec.get("containers") or ()):
        for number, port in enumerate(container.get("ports") or ()):
            wanted, given = port.get("containerPort", 0), port.get("hostPort", 0)
            if (is_pod or given) and given != wanted:
                yield invalid_value(f"{field}.containers[{index}].ports[{number}].hostPort", given, SAME_PORT)
