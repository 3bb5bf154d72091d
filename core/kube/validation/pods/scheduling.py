"""What a pod asks of the scheduler: nodes, other pods, spread, tolerations, gates.

Reference: `pkg/apis/core/validation` (validateAffinity, validateTopologySpreadConstraints, ValidateTolerations).
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from core.kube import formats
from core.kube.causes import Cause, duplicate, forbidden, invalid_value, not_supported, required
from core.kube.objects import Obj
from core.kube.validation.common import (
    ABOVE_ZERO,
    BAD_OPERATOR,
    VALUES_FORBIDDEN,
    VALUES_NEEDED,
    checked,
    label_selector,
    optional_one_of,
)

EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
TOLERATION_OPERATORS = ("Equal", "Exists")
UNSATISFIABLE = ("DoNotSchedule", "ScheduleAnyway")
INCLUSIONS = ("Honor", "Ignore")
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"

KEY_NEEDS_EXISTS = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
VALUE_WITH_EXISTS = "value must be empty when `operator` is 'Exists'"
SECONDS_WITH_EFFECT = "effect must be 'NoExecute' when `tolerationSeconds` is set"
TERM_NEEDED = "must have at least one node selector term"
ONE_VALUE = "must be specified single value when `operator` is 'Lt' or 'Gt'"
ONE_NAME = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
NO_FIELD = "not a valid field selector key"
BAD_WEIGHT = "must be in the range 1-100"
NOT_EMPTY = "can not be empty"
DOMAINS_NEED_RULE = "can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}"
NO_SELECTOR = "must not be specified when labelSelector is not set"
KEY_TWICE = "exists in both matchLabelKeys and labelSelector"
KEY_BOTH = "exists in both matchLabelKeys and mismatchLabelKeys"


def tolerations(entries: Iterable[Obj], field: str) -> Iterator[Cause]:
    for index, toleration in enumerate(entries):
        key, operator, effect = toleration.get("key"), toleration.get("operator") or "", toleration.get("effect")
        if key:
            fault = formats.qualified_name(key)
            if fault:
                yield invalid_value(f"{field}[{index}].key", key, fault)
        elif operator != "Exists":
            yield invalid_value(f"{field}[{index}].operator", operator, KEY_NEEDS_EXISTS)
        if "tolerationSeconds" in toleration and effect != "NoExecute":
            yield invalid_value(f"{field}[{index}].effect", effect or "", SECONDS_WITH_EFFECT)
        value = toleration.get("value", "")
        if operator == "Exists":
            if value:
                yield invalid_value(f"{field}[{index}].operator", value, VALUE_WITH_EXISTS)
        elif operator not in ("", "Equal"):
            yield not_supported(f"{field}[{index}].operator", operator, TOLERATION_OPERATORS)
        elif value:
            fault = formats.label_value(value)
            if fault:
                yield invalid_value(f"{field}[{index}].operator", value, fault)
        if effect and effect not in EFFECTS:
            yield not_supported(f"{field}[{index}].effect", effect, EFFECTS)


def affinity(affinity: Obj, field: str) -> Iterator[Cause]:
    node = affinity.get("nodeAffinity") or {}
    if REQUIRED in node:
        yield from node_selector(node[REQUIRED], f"{field}.nodeAffinity.{REQUIRED}")
    for index, entry in enumerate(node.get(PREFERRED) or ()):
        path = f"{field}.nodeAffinity.{PREFERRED}[{index}]"
        yield from _weight(entry, path)
        yield from _node_term(entry.get("preference") or {}, f"{path}.preference", checks_values=False)
    for kind in ("podAffinity", "podAntiAffinity"):
        pods = affinity.get(kind) or {}
        for index, term in enumerate(pods.get(REQUIRED) or ()):
            yield from _pod_term(term, f"{field}.{kind}.{REQUIRED}[{index}]")
        for index, entry in enumerate(pods.get(PREFERRED) or ()):
            path = f"{field}.{kind}.{PREFERRED}[{index}]"
            yield from _weight(entry, path)
            yield from _pod_term(entry.get("podAffinityTerm") or {}, f"{path}.podAffinityTerm")


def _weight(entry: Obj, field: str) -> Iterator[Cause]:
    if not 1 <= entry.get("weight", 0) <= 100:
        yield invalid_value(f"{field}.weight", entry.get("weight", 0), BAD_WEIGHT)


def node_selector(selector: Obj, field: str) -> Iterator[Cause]:
    """Terms of which one must match; PersistentVolumes have them too."""
    terms = selector.get("nodeSelectorTerms")
    if not terms:
        yield required(f"{field}.nodeSelectorTerms", TERM_NEEDED)
    for index, term in enumerate(terms or ()):
        yield from _node_term(term, f"{field}.nodeSelectorTerms[{index}]", checks_values=True)


def _node_term(term: Obj, field: str, *, checks_values: bool) -> Iterator[Cause]:
    for index, entry in enumerate(term.get("matchExpressions") or ()):
        path, operator = f"{field}.matchExpressions[{index}]", entry.get("operator", "")
        values = entry.get("values") or ()
        if operator in ("In", "NotIn"):
            if not values:
                yield required(f"{path}.values", VALUES_NEEDED)
        elif operator in ("Exists", "DoesNotExist"):
            if values:
                yield forbidden(f"{path}.values", VALUES_FORBIDDEN)
        elif operator in ("Gt", "Lt"):
            if len(values) != 1:
                yield required(f"{path}.values", ONE_VALUE)
        else:
            yield invalid_value(f"{path}.operator", operator, BAD_OPERATOR)
        yield from checked(f"{path}.key", entry.get("key", ""), formats.qualified_name)
        for number, value in enumerate(values if checks_values else ()):
            yield from checked(f"{path}.values[{number}]", value, formats.label_value)
    for index, entry in enumerate(term.get("matchFields") or ()):
        path = f"{field}.matchFields[{index}]"
        if entry.get("operator") not in ("In", "NotIn"):
            yield invalid_value(f"{path}.operator", entry.get("operator", ""), BAD_OPERATOR)
        elif len(entry.get("values") or ()) != 1:
            yield required(f"{path}.values", ONE_NAME)
        if entry.get("key") != "metadata.name":
            yield invalid_value(f"{path}.key", entry.get("key", ""), NO_FIELD)
        else:
            for number, value in enumerate(entry.get("values") or ()):
                yield from checked(f"{path}.values[{number}]", value, formats.dns_subdomain)


def _pod_term(term: Obj, field: str) -> Iterator[Cause]:
    for name in ("labelSelector", "namespaceSelector"):
        if name in term:
            yield from label_selector(f"{field}.{name}", term[name])
    for namespace in term.get("namespaces") or ():
        yield from checked(f"{field}.namespace", namespace, formats.dns_label)
    if "matchLabelKeys" in term or "mismatchLabelKeys" in term:
        yield from _label_keys(term, field)
    key = term.get("topologyKey", "")
    if not key:
        yield required(f"{field}.topologyKey", NOT_EMPTY)
    yield from checked(f"{field}.topologyKey", key, formats.qualified_name)


def _label_keys(term: Obj, field: str) -> Iterator[Cause]:
    """Keys whose values are the pod's own. The API server has put them into the selector already, once."""
    selector = term.get("labelSelector")
    keys, others = term.get("matchLabelKeys") or [], term.get("mismatchLabelKeys") or []
    for name, listed in (("matchLabelKeys", keys), ("mismatchLabelKeys", others)):
        if listed and selector is None:
            yield forbidden(f"{field}.{name}", NO_SELECTOR)
        else:
            for index, key in enumerate(listed):
                yield from checked(f"{field}.{name}[{index}]", key, formats.qualified_name)
    if selector is not None:
        seen = set(selector.get("matchLabels") or ())
        for entry in selector.get("matchExpressions") or ():
            key = entry.get("key", "")
            if key in keys and key in seen:
                yield invalid_value(f"{field}[{keys.index(key)}]", key, KEY_TWICE)
            seen.add(key)
    for index, key in enumerate(keys):
        if key in others:
            yield invalid_value(f"{field}.matchLabelKeys[{index}]", key, KEY_BOTH)


def spread(constraints: list[Obj], field: str) -> Iterator[Cause]:
    for index, constraint in enumerate(constraints):
        path, key = f"{field}[{index}]", constraint.get("topologyKey", "")
        action = constraint.get("whenUnsatisfiable", "")
        if constraint.get("maxSkew", 0) <= 0:
            yield invalid_value(f"{path}.maxSkew", constraint.get("maxSkew", 0), ABOVE_ZERO)
        if not key:
            yield required(f"{path}.topologyKey", NOT_EMPTY)
        if action not in UNSATISFIABLE:
            yield not_supported(f"{path}.whenUnsatisfiable", action, UNSATISFIABLE)
        rest = constraints[index + 1 :]
        if any((other.get("topologyKey", ""), other.get("whenUnsatisfiable", "")) == (key, action) for other in rest):
            yield duplicate(f"{path}.{{topologyKey, whenUnsatisfiable}}", f"{{{key}, {action}}}")
        if "minDomains" in constraint:
            yield from _min_domains(constraint["minDomains"], action, f"{path}.minDomains")
        for name in ("nodeAffinityPolicy", "nodeTaintsPolicy"):
            yield from optional_one_of(f"{path}.{name}", constraint.get(name), INCLUSIONS)
        if constraint.get("matchLabelKeys"):
            yield from _spread_keys(constraint, f"{path}.matchLabelKeys")
        if "labelSelector" in constraint:
            yield from label_selector(f"{path}.labelSelector", constraint["labelSelector"])


def _min_domains(value: int, action: str, field: str) -> Iterator[Cause]:
    if value <= 0:
        yield invalid_value(field, value, ABOVE_ZERO)
    if action != "DoNotSchedule":
        yield invalid_value(field, value, DOMAINS_NEED_RULE.format(action=action))


def _spread_keys(constraint: Obj, field: str) -> Iterator[Cause]:
    selector = constraint.get("labelSelector")
    if selector is None:
        yield forbidden(field, NO_SELECTOR)
    chosen = set((selector or {}).get("matchLabels") or ())
    # A key that was merged into the selector stands there once, as an expression; twice means the client wrote it too.
    merged = [entry.get("key", "") for entry in (selector or {}).get("matchExpressions") or ()]
    for index, key in enumerate(constraint["matchLabelKeys"]):
        yield from checked(f"{field}[{index}]", key, formats.qualified_name)
        if key in chosen or merged.count(key) > 1:
            yield invalid_value(f"{field}[{index}]", key, KEY_TWICE)


def gates(entries: list[Obj], field: str) -> Iterator[Cause]:
    seen: set[str] = set()
    for index, gate in enumerate(entries):
        name = gate.get("name", "")
        yield from checked(f"{field}[{index}]", name, formats.qualified_name)
        if name in seen:
            yield duplicate(f"{field}[{index}]", name)
        seen.add(name)


DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
BAD_COST = "must be a 32bit integer"


def deletion_cost(annotations: dict[str, Any], field: str) -> Iterator[Cause]:
    """Which pods a ReplicaSet would rather lose: a whole number, as text."""
    value = annotations.get(DELETION_COST)
    if value is None:
        return
    is_number = re.fullmatch(r"-?[0-9]{1,11}", value) and not re.match(r"0.", value)
    if not is_number or not -(2**31) <= int(value) < 2**31:
        yield invalid_value(f"{field}[{DELETION_COST}]", value, BAD_COST)
