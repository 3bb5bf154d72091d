"""Two views of one stored object: an Event of events.k8s.io is a core Event under other field names.

Rows with `stored_as` are such views. What a client writes through the view becomes the stored object with `to_stored`, what
it reads is made from the stored one with `from_stored`. Neither changes its argument; unknown fields pass through.
"""

from core.kube.objects import Obj
from core.kube.resources import REGISTRY, Resource

# Field of the view → field of the stored object.
RENAMED: dict[str, dict[str, str]] = {
    "events.events.k8s.io": {
        "regarding": "involvedObject",
        "note": "message",
        "reportingController": "reportingComponent",
        "deprecatedSource": "source",
        "deprecatedFirstTimestamp": "firstTimestamp",
        "deprecatedLastTimestamp": "lastTimestamp",
        "deprecatedCount": "count",
    }
}


def to_stored(view: Resource, obj: Obj) -> Obj:
    """The object as the row that stores it has it."""
    if not view.stored_as:
        return obj
    names = RENAMED[view.name]
    renamed = {names.get(name, name): value for name, value in obj.items()}
    return renamed | {"apiVersion": REGISTRY[view.stored_as].api_version}


def from_stored(view: Resource, obj: Obj) -> Obj:
    """A stored object as the view shows it."""
    if not view.stored_as:
        return obj
    names = {stored: shown for shown, stored in RENAMED[view.name].items()}
    renamed = {names.get(name, name): value for name, value in obj.items()}
    return renamed | {"apiVersion": view.api_version}
