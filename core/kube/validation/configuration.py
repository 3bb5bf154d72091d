"""ConfigMaps and Secrets: keys that can be file names, what each type of Secret holds, and what is frozen.

Reference: kubernetes `pkg/apis/core/validation` (ValidateConfigMap, ValidateSecret).
"""

import base64
import json
from collections.abc import Iterator

from core.kube import formats
from core.kube.causes import Cause, forbidden, invalid_value, required, too_long
from core.kube.objects import Obj
from core.kube.validation.common import checked, immutable

DATA_BYTES_MAX = 1024 * 1024
ACCOUNT_ANNOTATION = "kubernetes.io/service-account.name"
DOCKER_KEYS = {
    "kubernetes.io/dockercfg": ".dockercfg",
    "kubernetes.io/dockerconfigjson": ".dockerconfigjson",
}
REDACTED = "<secret contents redacted>"

FROZEN = "field is immutable when `immutable` is set"
IN_BOTH = "duplicate of key present in binaryData"
NO_JSON = "invalid character '{letter}' looking for beginning of value"
JSON_ENDS = "unexpected end of JSON input"
NO_OBJECT = "json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}"


def configmap(obj: Obj) -> Iterator[Cause]:
    size = 0
    for part in ("data", "binaryData"):
        for key, value in (obj.get(part) or {}).items():
            yield from checked(f"{part}[{key}]", key, formats.config_key)
            if part == "data" and key in (obj.get("binaryData") or {}):
                yield invalid_value(f"data[{key}]", key, IN_BOTH)
            size += len(value) if part == "data" else len(value) * 3 // 4
    if size > DATA_BYTES_MAX:
        yield too_long("[]", DATA_BYTES_MAX)  # how Go writes the path of a field without a name


def configmap_update(new: Obj, old: Obj) -> Iterator[Cause]:
    yield from _frozen(new, old, ("data", "binaryData"))


def secret(obj: Obj) -> Iterator[Cause]:
    data, kind = obj.get("data") or {}, obj.get("type", "")
    size = 0
    for key, value in data.items():
        yield from checked(f"data[{key}]", key, formats.config_key)
        size += len(value) * 3 // 4
    if size > DATA_BYTES_MAX:
        yield too_long("data", DATA_BYTES_MAX)
    if kind == "kubernetes.io/service-account-token":
        if not (obj["metadata"].get("annotations") or {}).get(ACCOUNT_ANNOTATION):
            yield required(f"metadata.annotations[{ACCOUNT_ANNOTATION}]")
    elif kind in DOCKER_KEYS:
        yield from _registry_access(data, DOCKER_KEYS[kind])
    elif kind == "kubernetes.io/basic-auth":
        if "username" not in data and "password" not in data:
            yield required("data[username]")
            yield required("data[password]")
    elif kind == "kubernetes.io/ssh-auth":
        if not data.get("ssh-privatekey"):
            yield required("data[ssh-privatekey]")
    elif kind == "kubernetes.io/tls":
        for key in ("tls.crt", "tls.key"):
            if key not in data:
                yield required(f"data[{key}]")


def _registry_access(data: dict[str, str], key: str) -> Iterator[Cause]:
    """Names and passwords of registries: a JSON object."""
    if key not in data:
        yield required(f"data[{key}]")
        return
    try:
        found = json.loads(base64.b64decode(data[key]))
    except (ValueError, RecursionError):
        yield invalid_value(f"data[{key}]", REDACTED, _json_fault(base64.b64decode(data[key]).decode(errors="replace")))
        return
    if not isinstance(found, dict) and found is not None:
        kinds = {list: "array", str: "string", bool: "bool"}
        yield invalid_value(f"data[{key}]", REDACTED, NO_OBJECT.format(kind=kinds.get(type(found), "number")))


def _json_fault(text: str) -> str:
    start = text.lstrip()[:1]
    return NO_JSON.format(letter=start) if start and start not in '{["-0123456789tfn' else JSON_ENDS


def secret_update(new: Obj, old: Obj) -> Iterator[Cause]:
    yield from immutable("type", new.get("type"), old.get("type"))
    yield from _frozen(new, old, ("data",))


def _frozen(new: Obj, old: Obj, parts: tuple[str, ...]) -> Iterator[Cause]:
    if not old.get("immutable"):
        return
    if not new.get("immutable"):
        yield forbidden("immutable", FROZEN)
    for part in parts:
        if (new.get(part) or {}) != (old.get(part) or {}):
            yield forbidden(part, FROZEN)
