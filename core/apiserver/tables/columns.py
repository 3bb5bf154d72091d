"""What a table is made of: columns that know how to print one object.

A column is a row of data with one function, so that a resource's table is a tuple of columns, nothing more. Columns of
priority 1 are those that `kubectl get -o wide` adds.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from core.apiserver.tables.durations import since
from core.kube.objects import Obj

NONE = "<none>"
UNSET = "<unset>"
WIDE = 1

Cell = Callable[[Obj, float], Any]
"""(object, now) → what stands in the cell: a string, a number, a boolean or None."""


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    cell: Cell
    type: str = "string"
    priority: int = 0
    description: str = ""
    format: str = ""

    @property
    def definition(self) -> Obj:
        return {
            "name": self.name,
            "type": self.type,
            "format": self.format,
            "description": self.description,
            "priority": self.priority,
        }


def at(obj: Any, *path: str, default: Any = None) -> Any:
    """What lies at `path`, or `default` where the way there is missing or null."""
    for step in path:
        if not isinstance(obj, dict):
            return default
        obj = obj.get(step)
    return default if obj is None else obj


def field(*path: str, default: Any = "") -> Cell:
    return lambda obj, now: at(obj, *path, default=default)


def text(name: str, *path: str, default: Any = "", priority: int = 0, description: str = "") -> Column:
    """A column that shows the string at `path`."""
    return Column(name, field(*path, default=default), priority=priority, description=description)


def number(name: str, *path: str, description: str = "") -> Column:
    """A column that shows the number at `path`, 0 where there is none."""
    return Column(name, field(*path, default=0), "integer", description=description)


def count(name: str, *paths: tuple[str, ...], type: str = "string", description: str = "") -> Column:
    """A column that shows how many entries the lists or maps at `paths` have together."""
    return Column(
        name, lambda obj, now: sum(len(at(obj, *path, default=())) for path in paths), type, description=description
    )


def yes_no(name: str, *path: str, type: str = "string", description: str = "") -> Column:
    """A column that shows a boolean as kubectl prints pointers to booleans."""
    return Column(name, lambda obj, now: str(bool(at(obj, *path))), type, description=description)


def joined(values: Iterable[Any], separator: str = ",", empty: str = NONE) -> str:
    return separator.join(str(value) for value in values) or empty


def first_of(values: list[str], limit: int = 3, separator: str = ",") -> str:
    """The first `limit` values and how many more there are."""
    shown = separator.join(values[:limit]) or NONE
    return shown if len(values) <= limit else f"{shown} + {len(values) - limit} more..."


def labels_text(labels: Any) -> str:
    """A map of labels as `a=1,b=2`."""
    return joined(f"{key}={value}" for key, value in sorted(labels.items())) if labels else NONE


OPERATORS = {"In": "in", "NotIn": "notin"}


def selector_text(selector: Mapping[str, Any] | None) -> str:
    """A label selector as one line, as `kubectl get` prints it: `a=1,b in (x,y),!c`."""
    parts = [f"{key}={value}" for key, value in sorted(at(selector, "matchLabels", default={}).items())]
    for rule in at(selector, "matchExpressions", default=()):
        key, values = rule["key"], ",".join(sorted(rule.get("values") or ()))
        match rule["operator"]:
            case "Exists":
                parts.append(key)
            case "DoesNotExist":
                parts.append(f"!{key}")
            case operator:
                parts.append(f"{key} {OPERATORS[operator]} ({values})")
    return joined(parts)


NAME = Column("Name", field("metadata", "name"), format="name", description="Name must be unique within a namespace.")
AGE = Column(
    "Age",
    lambda obj, now: since(at(obj, "metadata", "creationTimestamp"), now),
    description="The time since this object was created, on the cluster's clock.",
)
CREATED_AT = Column(
    "Created At",
    field("metadata", "creationTimestamp"),
    "date",
    description="The server time when this object was created.",
)


def containers_of(*path: str) -> tuple[Column, Column]:
    """The wide columns Containers and Images of a pod template whose containers lie at `path`."""

    def listed(key: str) -> Cell:
        return lambda obj, now: ",".join(container.get(key, "") for container in at(obj, *path, default=()))

    return (
        Column("Containers", listed("name"), priority=WIDE, description="Names of each container in the template."),
        Column("Images", listed("image"), priority=WIDE, description="Images of each container in the template."),
    )


TEMPLATE = containers_of("spec", "template", "spec", "containers")
SELECTOR = Column(
    "Selector",
    lambda obj, now: selector_text(at(obj, "spec", "selector")),
    priority=WIDE,
    description="Label selector for pods.",
)
