"""`/metrics`: what the server knows about itself, in the Prometheus text format and under the real names."""

from collections import Counter

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
