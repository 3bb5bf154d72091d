"""`/metrics`: what the server knows about itself, in the Prometheus text format and under the real names."""

from collections import Counter

from core.apiserver.http import health
from core.apiserver.http.directory import Entry

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def text(entry: Entry) -> bytes:
    """Requests are counted over those this process still remembers (its last few hundred), so the counter is a gauge."""
    server = entry.server
    lines = [
        "# HELP apiserver_storage_objects Number of stored objects at the time of last check split by kind.",
        "# TYPE apiserver_storage_objects gauge",
    ]
    for resource, objects in sorted(server.cache.objects.items()):
        lines.append(f'apiserver_storage_objects{{resource="{resource}"}} {len(objects)}')
    lines += [
        "# HELP apiserver_recent_requests Requests among the last that were answered, by verb, resource and code.",
        "# TYPE apiserver_recent_requests gauge",
    ]
    counted = Counter((trace.request.verb, trace.request.resource, trace.code) for trace in tuple(server.traces))
    for (verb, resource, code), number in sorted(counted.items()):
        lines.append(f'apiserver_recent_requests{{code="{code}",resource="{resource}",verb="{verb.upper()}"}} {number}')
    lines += [
        "# HELP etcd_revision The newest revision this server has seen.",
        "# TYPE etcd_revision gauge",
        f"etcd_revision {server.cache.revision}",
        "",
    ]
    return "\n".join(lines).encode()


def slis(entry: Entry) -> bytes:
    """`/metrics/slis`: what each check of health says now. How often it said so is not counted."""
    lines = [
        "# HELP kubernetes_healthcheck [STABLE] This metric records the result of a single healthcheck.",
        "# TYPE kubernetes_healthcheck gauge",
    ]
    said = {name: int(not check(entry)) for name, check in health.CHECKS.items()}
    for endpoint, names in health.ENDPOINTS.items():
        lines += [f'kubernetes_healthcheck{{name="{name}",type="{endpoint}"}} {said[name]}' for name in names]
    return "\n".join([*lines, ""]).encode()
