"""Tables of rules: a valid object, what is changed about it, and everything a real server then says.

A row is `name: ({path: value, …}, cause, …)`; a row without causes is accepted. A path is that of messages,
`spec.containers[0].image`; the value GONE takes the field away.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from core.kube import schema
from core.kube.defaults import apply_defaults
from core.kube.objects import Obj, clone
from core.kube.resources import REGISTRY
from core.kube.validation import validate_create, validate_update

GONE = object()
PART = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
Row = tuple[Any, ...]
Table = dict[str, Row]


def changed(obj: Obj, changes: dict[str, Any]) -> Obj:
    result = clone(obj)
    for path, value in changes.items():
        parts: list[Any] = [int(index) if index else name for name, index in PART.findall(path)]
        holder: Any = result
        for part in parts[:-1]:
            holder = holder[part] if isinstance(part, int) else holder.setdefault(part, {})
        if value is GONE:
            del holder[parts[-1]]
        elif isinstance(parts[-1], int) and parts[-1] == len(holder):
            holder.append(value)
        else:
            holder[parts[-1]] = clone(value) if isinstance(value, dict) else value
    return result


def prepared(name: str, obj: Obj) -> Obj:
    result, row = clone(obj), REGISTRY[name]
    schema.conform(row, result)
    apply_defaults(row, result)
    return result


def created(name: str, obj: Obj) -> list[str]:
    return list(map(str, validate_create(REGISTRY[name], prepared(name, obj))))


def updated(name: str, old: Obj, changes: dict[str, Any], subresource: str = "") -> list[str]:
    before = prepared(name, old)
    after = prepared(name, changed(before, changes))
    return list(map(str, validate_update(REGISTRY[name], after, before, subresource)))


def rows(**tables: tuple[str, Obj, Table]) -> Iterator[Any]:
    """For `pytest.mark.parametrize`: resource, object, changes, causes."""
    for word, (name, obj, table) in tables.items():
        for title, (changes, *causes) in table.items():
            yield pytest.param(name, obj, changes, causes, id=f"{word}: {title}")


def container(**more: Any) -> Obj:
    return {"name": "c", "image": "i", **more}


def pod(**spec: Any) -> Obj:
    return {"metadata": {"name": "p", "namespace": "default"}, "spec": {"containers": [container()], **spec}}


def workload(**spec: Any) -> Obj:
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container()]}}
    return {
        "metadata": {"name": "web"},
        "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": template, **spec},
    }
