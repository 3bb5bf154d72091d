"""The subresources of stored objects, one row each: (name, verb) → handler.

Some stand for a part of the object (status, finalize, resize …): which, the resource's strategy says. The others are
small objects of their own: Scale, Binding, Eviction, TokenRequest.
"""

from collections.abc import Callable

from core.apiserver import decoding
from core.apiserver.batch import Batch
from core.apiserver.eviction import evict
from core.apiserver.reviews import request_token
from core.apiserver.scale import get_scale, patch_scale, update_scale
from core.apiserver.strategies import strategy_of
from core.apiserver.verbs.reading import find, get
from core.apiserver.verbs.writing import check_preconditions, patched, replace
from core.kube.errors import BadRequest, Conflict, MethodNotAllowed
from core.kube.objects import Obj, clone
from core.kube.requests import Request
from core.kube.resources import Resource
from core.kube.times import timestamp

ASSIGNED = 'pod {name} is already assigned to node "{node}"'
IS_DELETED = "pod {name} is being deleted, cannot be assigned to a host"
NO_METHOD = "the server does not allow this method on the requested resource"
NO_TARGET = "target.name: Required value"
NOT_A_NODE = 'target.kind: Unsupported value: "{kind}": supported values: "Node", "<empty>"'
IS_GATED = "pod {name} has non-empty .spec.schedulingGates"


def write_part(row: Resource, request: Request, batch: Batch) -> Obj:
    """Update or patch the part of the object that the subresource stands for; everything else stays as it is."""
    prepare = strategy_of(row.name).part(request.subresource)
    if prepare is None:
        raise MethodNotAllowed(NO_METHOD)
    old = find(row, request, batch)
    new = patched(row, request, old, batch) if request.verb == "patch" else decoding.decode(row, request)
    check_preconditions(row, request, new, old)
    return replace(row, request, batch, old, new, prepare)


def bind(row: Resource, request: Request, batch: Batch) -> Obj:
    """Assign a pod to a node, once: what the scheduler ends with."""
    binding = request.body if isinstance(request.body, dict) else {}
    node = (binding.get("target") or {}).get("name") if isinstance(binding.get("target"), dict) else None
    if not node or not isinstance(node, str):
        raise BadRequest(NO_TARGET)
    kind = binding["target"].get("kind", "")
    if kind not in ("", "Node"):
        raise BadRequest(NOT_A_NODE.format(kind=kind))
    old = find(row, request, batch)
    meta = binding.get("metadata") or {}
    if meta.get("uid", old["metadata"]["uid"]) != old["metadata"]["uid"]:
        check_preconditions(row, request, {"metadata": {"uid": meta["uid"]}}, old)
    name = request.name
    if "deletionTimestamp" in old["metadata"]:
        raise _binding_conflict(name, IS_DELETED.format(name=name))
    if old["spec"].get("nodeName"):
        raise _binding_conflict(name, ASSIGNED.format(name=name, node=old["spec"]["nodeName"]))
    if old["spec"].get("schedulingGates"):
        raise _binding_conflict(name, IS_GATED.format(name=name))
    new = clone(old)
    new["spec"]["nodeName"] = node
    new["metadata"].setdefault("annotations", {}).update(meta.get("annotations") or {})
    if not new["metadata"]["annotations"]:
        del new["metadata"]["annotations"]
    status = new.setdefault("status", {})
    conditions = [entry for entry in status.get("conditions") or () if entry["type"] != "PodScheduled"]
    conditions.append(
        {"type": "PodScheduled", "status": "True", "lastProbeTime": None, "lastTransitionTime": timestamp(batch.now)}
    )
    status["conditions"] = conditions
    status.pop("nominatedNodeName", None)  # it has been kept (KEP-5278)
    if not request.options.get("dryRun"):
        batch.put(row, new, old, request)
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}


def _binding_conflict(name: str, why: str) -> Conflict:
    return Conflict(
        f'Operation cannot be fulfilled on pods/binding "{name}": {why}', details={"name": name, "kind": "pods/binding"}
    )


Handler = Callable[[Resource, Request, Batch], Obj]

SUBRESOURCES: dict[tuple[str, str], Handler] = {
    ("binding", "create"): bind,
    ("eviction", "create"): evict,
    ("scale", "get"): get_scale,
    ("scale", "update"): update_scale,
    ("scale", "patch"): patch_scale,
    ("token", "create"): request_token,
}
PARTS = ("approval", "ephemeralcontainers", "finalize", "resize", "status")
SUBRESOURCES |= {(part, "get"): get for part in PARTS}
SUBRESOURCES |= {(part, verb): write_part for part in PARTS for verb in ("update", "patch")}
