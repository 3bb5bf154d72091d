"""Random objects that are nearly right: a sample, of which some fields say what the schema lets them say."""

from typing import Any

from hypothesis import strategies as st

from core.kube.objects import Obj
from core.kube.resources import Resource
from tests.hostile.fields import Path, fields, placed
from tests.hostile.lives import EXTREMES
from tests.hostile.samples import STORED, sample

WORDS = (
    "a",
    "web",
    "",
    "Running",
    "True",
    "False",
    "Unknown",
    "Ready",
    "10.96.0.9",
    "worker-1",
    "x" * 300,
    "a/b",
    "<b>&'\"",
)
ODD = (
    "²",
    "٣",
    "é\u0301",
    "\u202e",
    "🐙",
    "\ufeff",
    "a\nb",
    "\t",
    "%s%n{0}",
    "../..",
    "null",
    "-",
    "9" * 4301,
    "default/a",
)
TEXT = st.sampled_from(WORDS + ODD) | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
NOTHING: tuple[Any, ...] = (None, [], {}, "")
VALUES: dict[str, st.SearchStrategy[Any]] = {
    **{kind: st.sampled_from(values) for kind, values in EXTREMES.items()},
    "string": TEXT,
    "boolean": st.booleans(),
    "anything": st.sampled_from([None, {}, [], 0, "a", {"a": {"b": [1, None]}}, 10**30, -1.5]),
}
FIELDS: dict[str, list[tuple[Path, str]]] = {
    name: [(path, kind) for path, kind in fields(row) if path[0] != "metadata" or path[1] in ("labels", "annotations")]
    for name, row in STORED.items()
}


@st.composite
def stored_objects(draw: st.DrawFn, resource: str, name: str = "a", only: str = "") -> tuple[Obj, Obj]:
    """(an object to create, the status to report of it afterwards); `only` one part is random, such as `status`."""
    row, obj = STORED[resource], sample(resource, name)
    known = [field for field in FIELDS[resource] if not only or field[0][0] == only]
    for path, kind in draw(st.lists(st.sampled_from(known), max_size=5)) if known else ():
        cut = draw(st.integers(2 if path[0] == "metadata" else 1, len(path)))
        whole = cut == len(path) or draw(st.booleans())
        value = draw(VALUES[kind]) if whole else draw(st.sampled_from(NOTHING))
        obj = _with(row, obj, path if whole else path[:cut], value)
    return obj, obj.pop("status", None) or {}


def _with(row: Resource, obj: Obj, path: Path, value: Any) -> Obj:
    try:
        return placed(row, obj, path, value)
    except (KeyError, TypeError, AttributeError):
        return obj  # an earlier field took away what this one would lie in
