"""Selectors and pod affinity terms, compiled once: many pods of one template share them, and every cycle asks them.

A compiled selector is compared by its canonical text, so that counts of matching pods (`tallies.py`) can be shared by all
that ask for the same selector.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from core.kube.remembering import remembered
from core.kube.selectors import Labels, LabelTest, object_selector

SELECTOR_MAX = 8_192  # bytes of JSON of what is kept compiled


@dataclass(frozen=True, slots=True)
class Selector:
    """A compiled label selector. Equal when `text` is."""

    text: str
    matches: LabelTest = field(compare=False, repr=False)


EVERYTHING = Selector("everything", object_selector({}))
NOTHING = Selector("nothing", object_selector(None))


def label_selector(selector: Mapping[str, Any] | None) -> Selector:
    """metav1.LabelSelector: null selects nothing, an empty one everything."""
    if selector is None:
        return NOTHING
    return _compiled(orjson.dumps(selector, option=orjson.OPT_SORT_KEYS))


@remembered(4096, SELECTOR_MAX)
def _compiled(text: bytes) -> Selector:
    selector = orjson.loads(text)
    if not selector.get("matchLabels") and not selector.get("matchExpressions"):
        return EVERYTHING
    return Selector(text.decode(), object_selector(selector))


@dataclass(frozen=True, slots=True)
class Term:
    """A pod (anti-)affinity term: pods that `selector` matches in some namespaces, counted by `topology_key`."""

    topology_key: str
    namespaces: frozenset[str]
    namespace_selector: Selector
    selector: Selector
    weight: int = 0  # of a preferred term

    def matches(self, namespace: str, namespace_labels: Labels, labels: Labels) -> bool:
        """Whether a pod with `labels` in `namespace` is one of those the term is about."""
        if namespace not in self.namespaces and not self.namespace_selector.matches(namespace_labels):
            return False
        return self.selector.matches(labels)


@dataclass(frozen=True, slots=True)
class PodAffinity:
    """`spec.affinity.podAffinity` and `podAntiAffinity` of one template in one namespace. Equal when `text` is."""

    text: str
    required: tuple[Term, ...] = field(compare=False)
    anti_required: tuple[Term, ...] = field(compare=False)
    preferred: tuple[Term, ...] = field(compare=False)  # anti-affinity with a negative weight


def pod_affinity(namespace: str, affinity: Mapping[str, Any] | None) -> PodAffinity | None:
    """None when there is neither affinity nor anti-affinity to other pods."""
    if not affinity or not (affinity.get("podAffinity") or affinity.get("podAntiAffinity")):
        return None
    parts = {name: affinity.get(name) for name in ("podAffinity", "podAntiAffinity")}
    return _pod_affinity(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS), namespace)


@remembered(2048, SELECTOR_MAX)
def _pod_affinity(text: bytes, namespace: str) -> PodAffinity:
    parts = orjson.loads(text)
    near, apart = parts["podAffinity"] or {}, parts["podAntiAffinity"] or {}
    required, preferred = (
        "requiredDuringSchedulingIgnoredDuringExecution",
        "preferredDuringSchedulingIgnoredDuringExecution",
    )
    return PodAffinity(
        f"{namespace} {text.decode()}",
        tuple(_term(namespace, term) for term in near.get(required) or ()),
        tuple(_term(namespace, term) for term in apart.get(required) or ()),
        tuple(
            _term(namespace, each["podAffinityTerm"], sign * each["weight"])
            for sign, terms in ((1, near.get(preferred)), (-1, apart.get(preferred)))
            for each in terms or ()
        ),
    )


def _term(namespace: str, term: Mapping[str, Any], weight: int = 0) -> Term:
    # Neither namespaces nor a selector of namespaces: the pod's own namespace.
    named = frozenset(term.get("namespaces") or ())
    if not named and term.get("namespaceSelector") is None:
        named = frozenset((namespace,))
    return Term(
        term["topologyKey"],
        named,
        label_selector(term.get("namespaceSelector")),
        label_selector(term.get("labelSelector")),
        weight,
    )
