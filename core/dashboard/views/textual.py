"""The text twin: everything the picture says, as tables and a log. Same words, no colours needed."""

from typing import Any

from core.dashboard.feed.compact import endpoints_behind
from core.dashboard.feed.happenings import Entry
from core.dashboard.feed.pods import dots_of, restarts_of, tone_of, word_of
from core.dashboard.feed.sentences import SENTENCES, cluster_event, sentence
from core.dashboard.inspect.control import last_deeds
from core.dashboard.inspect.lists import workload_rows
from core.dashboard.inspect.nodes import heartbeat
from core.dashboard.inspect.requests import last_requests
from core.dashboard.inspect.view import Act, View, lifecycle, moment
from core.dashboard.inspect.workers import role_rows
from core.engine.status import failure_text
from core.kube.objects import Obj, condition, key_of
from core.kube.times import parse_timestamp
from core.models import Cluster

LOG = 40
REQUESTS = 8
PODS = 300


def text_picture(cluster: Cluster) -> dict[str, Any]:
    view = View(cluster)
    etcd = view.status["etcd"]
    pods = view.all("pods")
    return {
        "status": view.status,
        "time": moment(view.now - view.started),
        "quorum": etcd["say"],
        "cuts": [
            {"ends": f"{row['target']} – {row['peer']}", "acts": [Act("heal", row["target"], row["peer"])]}
            for row in view.status["faults"]
            if row["kind"] == "partition"
        ],
        "failures": [failure_text(failure) for failure in view.status["failures"]],
        "loops": last_deeds(view),
        "workers": role_rows(view, others=False),
        "requests": last_requests(view, REQUESTS),
        "members": [{**member, "acts": lifecycle(member["name"], member["state"])} for member in etcd["members"]],
        "components": [
            {**row, "acts": lifecycle(row["name"], row["state"])}
            for row in view.status["components"]
            if not row["node"]
        ],
        "nodes": [node_row(view, node, pods) for node in view.status["nodes"]],
        "workloads": workload_rows(view),
        "pods": [pod_row(pod) for pod in pods[:PODS]],
        "more_pods": max(0, len(pods) - PODS),
        "services": service_rows(view),
        "log": spoken_log(view),
    }


def node_row(view: View, node: dict[str, Any], pods: list[Obj]) -> dict[str, Any]:
    obj = view.cache.get("nodes", "", node["name"])
    ready = condition(obj, "Ready") if obj else None
    word = "not registered" if ready is None else "Ready" if ready["status"] == "True" else "NotReady"
    parts = [
        f"{row['kind']} {row['state']}"
        for row in view.status["components"]
        if row["node"] == node["name"] and row["kind"] != "node" and row["state"] != "running"
    ]
    target = f"node/{node['name']}"
    return {
        **node,
        "word": word,
        "beat": view.ago(heartbeat(view, node["name"])),
        "broken": ", ".join(parts),
        "pods": sum(pod.get("spec", {}).get("nodeName") == node["name"] for pod in pods),
        "acts": lifecycle(target, node["state"]),
    }


def pod_row(pod: Obj) -> dict[str, Any]:
    word = word_of(pod)
    return {
        "name": str(key_of(pod)),
        "word": word,
        "tone": tone_of(word),
        "node": pod.get("spec", {}).get("nodeName", ""),
        "ready": f"{dots_of(pod).count('r')}/{len(dots_of(pod))}",
        "restarts": restarts_of(pod),
        "ip": pod.get("status", {}).get("podIP", ""),
    }


def service_rows(view: View) -> list[dict[str, Any]]:
    behind = endpoints_behind(view.all("endpointslices.discovery.k8s.io"))
    rows = []
    for obj in view.all("services"):
        spec = obj.get("spec", {})
        ready, total = behind.get(str(key_of(obj)), (0, 0))
        ports = ", ".join(str(port["port"]) for port in spec.get("ports") or ())
        rows.append(
            {"name": str(key_of(obj)), "ip": spec.get("clusterIP", ""), "ports": ports, "ready": ready, "total": total}
        )
    return rows


def spoken_log(view: View) -> list[dict[str, Any]]:
    """What happened, newest first: the journal's sentences and the cluster's Events in one line of time.

    The times are the cluster's own: what a screen reader has read must not change under it."""
    told = [(entry.time, sentence(entry.kind, entry.actor, entry.data)) for entry in journal(view)]
    for event in view.all("events"):
        stamp = event.get("lastTimestamp") or event.get("eventTime") or event["metadata"].get("creationTimestamp")
        told.append((parse_timestamp(stamp) if stamp else 0.0, cluster_event(event)))
    told.sort(key=lambda row: row[0], reverse=True)
    return [{"at": moment(time - view.started), "say": say} for time, say in told[:LOG]]


def journal(view: View) -> list[Entry]:
    return view.journal(SENTENCES, LOG)
