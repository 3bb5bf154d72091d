"""A cluster as a card with a miniature of its picture: the etcd ring, the nodes, a dot for each pod."""

import math
from typing import Any

from core.dashboard.feed.pods import tone_of, word_of
from core.engine.kubeconfigs import export_line
from core.engine.servers import server_of
from core.engine.status import cluster_status
from core.models import Cluster

NODES_MAX = 12
# the same signs as on the stage (`static/js/words.js`): no two roles share one
LETTERS = {"leader": "L", "follower": "F", "candidate": "C", "pre-candidate": "P", "learner": "∅"}
SIGNS = {"stopped": "✕", "paused": "Ⅱ"}


def card_of(cluster: Cluster) -> dict[str, Any]:
    status = cluster_status(cluster)
    cache = server_of(cluster.pk).cache
    cache.catch_up()
    tones: dict[str, list[str]] = {}
    for pod in cache.all("pods"):
        tones.setdefault(pod.get("spec", {}).get("nodeName", ""), []).append(tone_of(word_of(pod)))
    members = status["etcd"]["members"]
    nodes = status["nodes"]
    pods = sum(map(len, tones.values()))
    return {
        "cluster": cluster,
        "kubectl": export_line(cluster.name),
        "status": status,
        "members": [
            {**member, **position, "letter": letter(member)}
            for member, position in zip(members, ring(len(members)), strict=True)
        ],
        "nodes": [
            node_tile(number, len(nodes), node, tones.get(node["name"], []))
            for number, node in enumerate(nodes[:NODES_MAX])
        ],
        "more_nodes": max(0, len(nodes) - NODES_MAX),
        "pods": pods,
        "running": sum(tone == "ok" for found in tones.values() for tone in found),
        "ready_nodes": sum(node["ready"] for node in nodes),
        "alive": status["etcd"]["alive"],
    }


def letter(member: dict[str, Any]) -> str:
    return SIGNS.get(member["state"]) or LETTERS.get(member["role"], "?")


def ring(count: int) -> list[dict[str, float]]:
    """Where `count` members stand on the card."""
    angles = [2 * math.pi * number / count - math.pi / 2 for number in range(count)]
    radius = 0.0 if count == 1 else 30.0
    return [{"x": round(56 + radius * math.cos(a), 1), "y": round(56 + radius * math.sin(a), 1)} for a in angles]


def node_tile(number: int, count: int, node: dict[str, Any], tones: list[str]) -> dict[str, Any]:
    columns = 1 if count <= 3 else 2 if count <= 6 else 4
    width, per = 224 // columns - 6, (224 // columns - 14) // 7
    x, y = 112 + (number % columns) * (width + 6), 8 + (number // columns) * 33
    dots = [
        {"x": x + 6 + (i % per) * 7, "y": y + 5 + (i // per) * 7, "tone": tone}
        for i, tone in enumerate(sorted(tones)[: 3 * per])
    ]
    return {**node, "x": x, "y": y, "width": width, "dots": dots}
