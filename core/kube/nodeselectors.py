"""Which nodes a pod may go to by its own wish: `nodeSelector` and node affinity, compiled once.

Many pods of one template share them, and the scheduler asks them of every node; the DaemonSet controller asks the same of
each node before it makes a pod for it. Reference: component-helpers `scheduling/corev1/nodeaffinity`.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from core.kube.objects import Obj, labels_of
from core.kube.remembering import remembered
from core.kube.selectors import REQUIREMENTS, Labels, LabelTest, integer, requirement

SELECTOR_MAX = 8_192  # bytes of JSON of a selector that is kept compiled


def _compares(key: str, values: Collection[str], greater: bool) -> LabelTest:
    bounds = [integer(value) for value in values]

    def test(labels: Labels) -> bool:
        actual = integer(labels.get(key, ""))
        if actual is None or len(bounds) != 1 or bounds[0] is None:
            return False
        return actual > bounds[0] if greater else actual < bounds[0]

    return test


# A node selector may also compare whole numbers.
OPERATORS: dict[str, Callable[[str, frozenset[str]], LabelTest]] = REQUIREMENTS | {
    "Gt": lambda key, values: _compares(key, values, greater=True),
    "Lt": lambda key, values: _compares(key, values, greater=False),
}


@dataclass(frozen=True, slots=True)
class NodeTerm:
    """One term of a node selector: tests of labels, and tests of fields (only `metadata.name` exists)."""

    labels: tuple[LabelTest, ...]
    fields: tuple[LabelTest, ...]
    weight: int = 0
    names: frozenset[str] | None = None  # of the only nodes it can match, when it names them (as DaemonSets do)

    def matches(self, labels: Labels, name: str) -> bool:
        if not self.labels and not self.fields:
            return False  # an empty term selects nothing
        return all(test(labels) for test in self.labels) and all(test({"metadata.name": name}) for test in self.fields)


def node_terms(terms: Iterable[Mapping[str, Any]]) -> tuple[NodeTerm, ...]:
    """The compiled terms of a NodeSelector (`nodeSelectorTerms`): one of them must match."""
    return _node_terms(orjson.dumps(list(terms), option=orjson.OPT_SORT_KEYS))


@remembered(2048, SELECTOR_MAX)
def _node_terms(text: bytes) -> tuple[NodeTerm, ...]:
    return tuple(_node_term(term) for term in orjson.loads(text))


def preferred_node_terms(preferences: Iterable[Mapping[str, Any]]) -> tuple[NodeTerm, ...]:
    return tuple(_node_term(each["preference"], each["weight"]) for each in preferences if each["weight"])


def _node_term(term: Mapping[str, Any], weight: int = 0) -> NodeTerm:
    fields = term.get("matchFields") or ()
    named = [
        frozenset(each.get("values") or ())
        for each in fields
        if each.get("key") == "metadata.name" and each.get("operator") == "In"
    ]
    return NodeTerm(
        tuple(requirement(each, OPERATORS) for each in term.get("matchExpressions") or ()),
        tuple(requirement(each, OPERATORS) for each in fields),
        weight,
        frozenset.intersection(*named) if named else None,
    )


def is_wanted_node(spec: Obj, node: Obj) -> bool:
    """Whether `node` meets the nodeSelector of a pod's `spec` and one of its required terms."""
    labels = labels_of(node)
    if not (spec.get("nodeSelector") or {}).items() <= labels.items():
        return False
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    return required is None or any(
        term.matches(labels, node["metadata"]["name"]) for term in node_terms(required["nodeSelectorTerms"])
    )
