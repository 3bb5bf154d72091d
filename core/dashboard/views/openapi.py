"""The control API's own description: what `/api/openapi.json` answers and `/api/docs` shows."""

from typing import Any

from core.faults import VERBS
from core.models import Cluster

Schema = dict[str, Any]


def fields(required: tuple[str, ...] = (), **properties: Schema) -> Schema:
    return {"type": "object", "additionalProperties": False, "required": list(required), "properties": properties}


def text(about: str, **more: Any) -> Schema:
    return {"type": "string", "description": about, **more}


def whole(about: str, low: int, high: int, default: int) -> Schema:
    return {"type": "integer", "description": about, "minimum": low, "maximum": high, "default": default}


NEW_CLUSTER = fields(
    ("name",),
    name=text("letters, digits and dashes", maxLength=63),
    members=whole("etcd members", 1, 7, 3),
    workers=whole("worker nodes", 0, 5000, 3),
    profile=text("how long things take", enum=list(Cluster.Profile.values), default="classroom"),
    seed={"type": "integer", "description": "what chance is drawn from", "default": 0},
)
FAULT = fields(
    ("verb", "target"),
    verb=text("what to do", enum=list(VERBS)),
    target=text("etcd-0, node/worker-1, apiserver, scheduler, kubelet/worker-1, pod/NAMESPACE/NAME …"),
    peer=text("the other end, for partition and heal; heal without one joins all wires of the target"),
)
SPEED = fields(speed={"type": "number", "minimum": 0.05, "maximum": 100, "description": "virtual seconds a second"})
ERROR = fields(("error",), error=text("what is wrong, and what there is instead"))

NAME = {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}
ACTION = {
    "name": "action",
    "in": "path",
    "required": True,
    "schema": text("", enum=["pause", "resume", "step", "speed"]),
}

# (method, path, summary, request body, {status: meaning}, example body)
OPERATIONS: tuple[tuple[str, str, str, Schema | None, dict[str, str], str], ...] = (
    ("get", "/api/clusters", "List the clusters", None, {"200": "their names and clocks"}, ""),
    (
        "post",
        "/api/clusters",
        "Make a cluster",
        NEW_CLUSTER,
        {"201": "made", "400": "why it cannot be"},
        '{"name": "lab", "members": 5}',
    ),
    (
        "get",
        "/api/clusters/{name}",
        "One cluster",
        None,
        {"200": "its clock and links", "404": "names those there are"},
        "",
    ),
    (
        "delete",
        "/api/clusters/{name}",
        "Delete a cluster",
        None,
        {"200": "deleted", "404": "names those there are"},
        "",
    ),
    (
        "get",
        "/api/clusters/{name}/status",
        "Clock, etcd, components, nodes at one glance",
        None,
        {"200": "as `status --json`"},
        "",
    ),
    (
        "get",
        "/api/clusters/{name}/faults",
        "What is broken now, and what can be",
        None,
        {"200": "broken, verbs, targets"},
        "",
    ),
    (
        "post",
        "/api/clusters/{name}/faults",
        "Break or heal something",
        FAULT,
        {"200": "what was done", "404": "names the valid targets", "409": "it is so already: nothing changed"},
        '{"verb": "kill", "target": "etcd-0"}',
    ),
    (
        "post",
        "/api/clusters/{name}/clock/{action}",
        "Pause, resume, step the clock, or set its speed",
        SPEED,
        {"200": "the clock as it is now", "400": "no such speed", "409": "only a paused clock can be stepped"},
        '{"speed": 0.25}',
    ),
)


def document() -> dict[str, Any]:
    """OpenAPI 3.1."""
    paths: dict[str, dict[str, Any]] = {}
    for method, path, summary, body, answers, example in OPERATIONS:
        parameters = [NAME] * ("{name}" in path) + [ACTION] * ("{action}" in path)
        operation: dict[str, Any] = {
            "summary": summary,
            "responses": {code: response(code, about) for code, about in answers.items()},
        }
        if parameters:
            operation["parameters"] = parameters
        if body:
            content: dict[str, Any] = {"schema": body}
            if example:
                content["example"] = example
            operation["requestBody"] = {"content": {"application/json": content}}
        paths.setdefault(path, {})[method] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "cluster-viz control API",
            "version": "1",
            "description": "Clusters, faults and clocks, out of band: it answers while a cluster's own API does not.",
        },
        "paths": paths,
    }


def response(code: str, about: str) -> Schema:
    schema = ERROR if code >= "400" else {"type": "object"}
    return {"description": about, "content": {"application/json": {"schema": schema}}}
