"""Every field of a kind by its path, out of the schema that the API validates with, and objects with one field set.

A path is a tuple of names; `[]` is an item of a list, `{}` the value of a map. Where a field lies in parts that the sample
does not have, the parts are made of what the schema requires, and of a few hints where rules ask for more than the schema.
"""

from collections.abc import Iterator
from typing import Any

from core.kube.definitions import REFERENCE, Definition, definition_name, definitions, resolve
from core.kube.objects import Obj, clone
from core.kube.resources import Resource
from core.kube.schema import INT_OR_STRING, QUANTITY, RAW, TIMES

Path = tuple[str, ...]
ITEM, VALUE = "[]", "{}"
KIND_OF: dict[str, str] = {QUANTITY: "quantity", INT_OR_STRING: "integer or text", RAW: "anything"} | dict.fromkeys(
    TIMES, "time"
)
TEMPLATE = "io.k8s.api.core.v1.PodSpec"
CORE = "io.k8s.api.core.v1."
HINTS: dict[str, Any] = {
    # what a part needs to be accepted, beyond what its schema requires
    f"{CORE}Probe": {"httpGet": {"port": 80}},
    f"{CORE}LifecycleHandler": {"exec": {"command": ["true"]}},
    f"{CORE}EnvVar": {"name": "A"},
    f"{CORE}Container": {"name": "d", "image": "busybox", "command": ["sleep", "5"]},
    f"{CORE}EphemeralContainer": {"name": "e", "image": "busybox"},
    f"{CORE}Volume": {"name": "v"},
    f"{CORE}Toleration": {"key": "x", "operator": "Exists", "effect": "NoExecute"},
    f"{CORE}Taint": {"key": "x", "effect": "NoExecute"},
    f"{CORE}TopologySpreadConstraint": {"maxSkew": 1, "topologyKey": "x", "whenUnsatisfiable": "ScheduleAnyway"},
    f"{CORE}LimitRangeItem": {"type": "Container"},
    f"{CORE}ServicePort": {"name": "p", "port": 81},
    f"{CORE}PreferredSchedulingTerm": {
        "weight": 1,
        "preference": {"matchExpressions": [{"key": "a", "operator": "Exists"}]},
    },
    f"{CORE}WeightedPodAffinityTerm": {"weight": 1, "podAffinityTerm": {"topologyKey": "x"}},
    f"{CORE}ContainerStatus": {"name": "c", "image": "nginx", "imageID": "", "ready": True, "restartCount": 0},
}


def fields(row: Resource) -> Iterator[tuple[Path, str]]:
    """(path, type) of every scalar of the kind: integer, number, string, boolean, or a name of KIND_OF."""
    yield from _fields({"$ref": REFERENCE + definition_name(row)}, (), ())


def _fields(schema: Definition, path: Path, above: tuple[str, ...]) -> Iterator[tuple[Path, str]]:
    name = schema.get("$ref", "").removeprefix(REFERENCE)
    if name in KIND_OF:
        yield path, KIND_OF[name]
        return
    if name and name in above:
        return
    above = (*above, name) if name else above
    known = definitions()[name] if name else schema
    if "properties" in known:
        for field, below in known["properties"].items():
            if path or field not in ("apiVersion", "kind"):
                yield from _fields(below, (*path, field), above)
    elif isinstance(known.get("items"), dict):
        yield from _fields(known["items"], (*path, ITEM), above)
    elif isinstance(known.get("additionalProperties"), dict):
        yield from _fields(known["additionalProperties"], (*path, VALUE), above)
    else:
        yield path, _type(known)


def _type(schema: Definition) -> str:
    kind = schema.get("type", "anything")
    kind = kind if isinstance(kind, str) else next(each for each in kind if each != "null")
    return "anything" if kind == "object" else kind


def placed(row: Resource, sample: Obj, path: Path, value: Any) -> Obj:
    """A copy of `sample` with `value` at `path`."""
    made = clone(sample)
    _place(made, {"$ref": REFERENCE + definition_name(row)}, path, value)
    return made


def _place(node: Any, schema: Definition, path: Path, value: Any) -> None:
    here, below = path[0], path[1:]
    known = resolve(schema)
    if here == ITEM:
        inner, key = known["items"], 0
    elif here == VALUE:
        inner, key = known["additionalProperties"], "cpu"
    else:
        inner, key = known["properties"][here], here
    if not below:
        if here == ITEM:
            node[:] = [value]
        else:
            node[key] = value
        return
    if here == ITEM and not node:
        node.append(skeleton(inner))
    elif here != ITEM and key not in node:
        node[key] = [] if below[0] == ITEM else skeleton(inner)
    _place(node[key], inner, below, value)


def skeleton(schema: Definition) -> Any:
    """The least that the schema takes, helped by the hints."""
    name = schema.get("$ref", "").removeprefix(REFERENCE)
    if name in HINTS:
        return clone(HINTS[name])
    if name in TIMES:
        return "2026-01-01T00:00:00Z"
    if name in KIND_OF:
        return 1
    known = resolve(schema)
    match _type(known) if "properties" not in known else "object":
        case "object":
            return {field: skeleton(known["properties"][field]) for field in known.get("required", ())}
        case "array":
            return [skeleton(known["items"])] if isinstance(known.get("items"), dict) else []
        case "integer" | "number":
            return 1
        case "boolean":
            return True
        case "anything":
            return {}
    return known["enum"][0] if known.get("enum") else "a"
