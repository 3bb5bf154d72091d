"""`/statusz` and `/flagz`: what this server is and how it was set up, for people to read (KEP-4827, KEP-4828).

Plain text by default; a client that names the type (`application/json;v=v1beta1;g=config.k8s.io;as=Statusz`) gets an object.
The flags are those of the real server's that mean something here, with what holds here.
"""

import time

from core.apiserver.bootstrap import API_SERVER_ADDRESS, API_SERVER_PORT
from core.apiserver.http.directory import Entry
from core.apiserver.http.negotiation import JSON, Form
from core.apiserver.http.responses import TEXT, Response, of_object
from core.apiserver.strategies.services import CLUSTER_IPS, NODE_PORTS
from core.apiserver.tokens import ISSUER
from core.kube.errors import NotAcceptable
from core.kube.objects import Obj
from core.kube.times import timestamp
from core.models import Component

COMPONENT = "kube-apiserver"
GROUP, VERSIONS = "config.k8s.io", ("v1alpha1", "v1beta1")
HEAD = (
    "\n{component} {page}\nWarning: This endpoint is not meant to be machine parseable, has no formatting compatibility"
    " guarantees and is for debugging purposes only.\n"
)
UNACCEPTABLE = "406: Not Acceptable\n\nAvailable representations: text/plain, application/json;g=config.k8s.io"
PATHS = ("/flagz", "/healthz", "/livez", "/metrics", "/readyz", "/statusz", "/version")

FLAGS = {
    "advertise-address": API_SERVER_ADDRESS,
    "authorization-mode": "[Node,RBAC]",
    "max-requests-inflight": "400",
    "secure-port": str(API_SERVER_PORT),
    "service-account-issuer": f"[{ISSUER}]",
    "service-cluster-ip-range": str(CLUSTER_IPS),
    "service-node-port-range": f"{NODE_PORTS[0]}-{NODE_PORTS[-1]}",
}


def statusz(entry: Entry, accept: str, version: dict[str, str]) -> Response:
    """Since when the server runs, in the cluster's time, and as which version. Raises NotAcceptable."""
    row = Component.objects.filter(cluster_id=entry.cluster.pk, target="apiserver").first()
    now = entry.server.now(entry.cluster)
    since = row.since if row is not None else now
    up = max(0, int(now - since))
    binary = version["gitVersion"].removeprefix("v")
    emulated = f"{version['emulationMajor']}.{version['emulationMinor']}"
    if api_version := _wanted("Statusz", accept):
        return _structured(
            "Statusz",
            api_version,
            {
                "startTime": timestamp(since),
                "uptimeSeconds": up,
                "goVersion": version["goVersion"],
                "binaryVersion": binary,
                "emulationVersion": emulated,
                "paths": list(PATHS),
            },
        )
    lines = [
        HEAD.format(component=COMPONENT, page="statusz"),
        f"Started: {time.strftime('%a %b %e %H:%M:%S UTC %Y', time.gmtime(since))}",
        f"Up: {up // 3600} hr {up // 60 % 60:02} min {up % 60:02} sec",
        f"Go version: {version['goVersion']}",
        f"Binary version: {binary}",
        f"Emulation version: {emulated}",
        f"Paths: {' '.join(PATHS)}",
        "",
    ]
    return Response(200, "\n".join(lines).encode(), TEXT)


def flagz(entry: Entry, accept: str) -> Response:
    """How the server was set up. Raises NotAcceptable."""
    if api_version := _wanted("Flagz", accept):
        return _structured("Flagz", api_version, {"flags": FLAGS})
    lines = [HEAD.format(component=COMPONENT, page="flagz"), *(f"{name}={value}" for name, value in FLAGS.items()), ""]
    return Response(200, "\n".join(lines).encode(), TEXT)


def _wanted(kind: str, accept: str) -> str:
    """The API version of the object that is asked for; empty if plain text will do. Raises NotAcceptable."""
    for clause in accept.split(",") if accept else ["*/*"]:
        media_type, *rest = (part.strip() for part in clause.split(";"))
        asked = dict(part.split("=", 1) for part in rest if "=" in part)
        if media_type in ("*/*", "text/plain", "text/*"):
            return ""
        if media_type == JSON and (asked.get("g"), asked.get("as")) == (GROUP, kind) and asked.get("v") in VERSIONS:
            return f"{GROUP}/{asked['v']}"
    raise NotAcceptable(UNACCEPTABLE)


def _structured(kind: str, api_version: str, content: Obj) -> Response:
    return of_object({"kind": kind, "apiVersion": api_version, "metadata": {"name": COMPONENT}, **content}, Form())
