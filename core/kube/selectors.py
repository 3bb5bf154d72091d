"""Label and field selectors, compiled to predicates.

Reference: apimachinery `pkg/labels/selector.go`, `pkg/fields/selector.go`, and the field labels each resource's
conversion functions register. A label selector's parser is a lexer and a table of operators, as the real one's.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from core.kube.errors import BadRequest
from core.kube.objects import Obj

Labels = Mapping[str, str]
LabelTest = Callable[[Labels], bool]
ObjectTest = Callable[[Obj], bool]

FOUND_EXPECTED = "unable to parse requirement: found '{found}', expected: {expected}"
FIELD_UNSUPPORTED = "field label not supported: {label}"
BAD_FIELD_SELECTOR = "invalid selector: '{text}'; can't understand '{term}'"
BAD_LABEL = "unable to parse requirement: {what}: Invalid value: {text!r}"

TOKEN = re.compile(r"\s*(?:(==|!=|=|!|,|\(|\)|<|>)|([^\s=!,()<>]+))")
NAME = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)\Z")
OPERATORS = "in, notin, =, ==, !=, gt, lt"
"""What a key may be followed by, as the real parser lists it."""


def label_selector(text: str) -> LabelTest:
    """Compile `app=web,tier in (a,b),!canary`. Raises BadRequest with the real parser's words."""
    return all_of(_Parser(text).requirements())


def all_of(tests: list[LabelTest]) -> LabelTest:
    if len(tests) == 1:
        return tests[0]
    return lambda labels: all(test(labels) for test in tests)


class _Parser:
    """Reads a label selector left to right; each requirement becomes a test."""

    def __init__(self, text: str) -> None:
        self.tokens = [(op or "", word or "") for op, word in TOKEN.findall(text)]
        self.at = 0

    def requirements(self) -> list[LabelTest]:
        tests: list[LabelTest] = []
        while self.at < len(self.tokens):
            tests.append(self._requirement())
            if self.at < len(self.tokens):
                self._expect(",", "',' or 'end of string'")
        return tests

    def _next(self) -> tuple[str, str]:
        token = self.tokens[self.at] if self.at < len(self.tokens) else ("", "")
        self.at += 1
        return token

    def _expect(self, sign: str, expected: str) -> None:
        op, word = self._next()
        if op != sign:
            raise BadRequest(FOUND_EXPECTED.format(found=op or word, expected=expected))

    def _requirement(self) -> LabelTest:
        op, word = self._next()
        absent = op == "!"
        if absent:
            op, word = self._next()
        if not word:
            raise BadRequest(FOUND_EXPECTED.format(found=op, expected="!, identifier, or ','"))
        key = _checked_key(word)
        if absent:
            return lambda labels: key not in labels
        op, word = self._next()
        if op in ("", ",") and not word:
            self.at -= 1
            return lambda labels: key in labels
        if op in ("=", "=="):
            value = self._value()
            return lambda labels: labels.get(key) == value
        if op == "!=":
            value = self._value()
            return lambda labels: labels.get(key) != value
        if op in ("<", ">"):
            return _compare(key, op, self._value())
        if word in ("in", "notin"):
            values = self._values()
            if word == "in":
                return lambda labels: labels.get(key) in values
            return lambda labels: labels.get(key) not in values
        raise BadRequest(FOUND_EXPECTED.format(found=op or word, expected=OPERATORS))

    def _value(self) -> str:
        op, word = self._next()
        if op in ("", ","):
            self.at -= op == ","
            return _checked_value(word)
        raise BadRequest(FOUND_EXPECTED.format(found=op, expected="identifier"))

    def _values(self) -> frozenset[str]:
        self._expect("(", "'('")
        values: list[str] = []
        while True:
            op, word = self._next()
            if op == ")" and values:
                return frozenset(values)
            if not word and op != ")":
                raise BadRequest(FOUND_EXPECTED.format(found=op, expected="',', ')' or identifier"))
            values.append(_checked_value(word))
            if op == ")":
                return frozenset(values)
            op, word = self._next()
            if op == ")":
                return frozenset(values)
            if op != ",":
                raise BadRequest(FOUND_EXPECTED.format(found=op or word, expected="',' or ')'"))


def _checked_key(key: str) -> str:
    prefix, slash, name = key.rpartition("/")
    if not NAME.match(name) or len(name) > 63 or (slash and not NAME.match(prefix)) or len(prefix) > 253:
        raise BadRequest(BAD_LABEL.format(what="prefix part" if slash else "key", text=key))
    return key


def _checked_value(value: str) -> str:
    if value and (not NAME.match(value) or len(value) > 63):
        raise BadRequest(BAD_LABEL.format(what="values[0]", text=value))
    return value


def _compare(key: str, op: str, value: str) -> LabelTest:
    number = integer(value)
    if number is None:
        raise BadRequest(BAD_LABEL.format(what="values[0]", text=value))

    def test(labels: Labels) -> bool:
        have = integer(labels.get(key, ""))
        return have is not None and (have > number if op == ">" else have < number)

    return test


def integer(text: str) -> int | None:
    """An int64 in ASCII digits; None for anything else."""
    if re.fullmatch(r"[+-]?[0-9]{1,19}", text, re.ASCII):
        return int(text)
    return None


REQUIREMENTS: dict[str, Callable[[str, frozenset[str]], LabelTest]] = {
    "In": lambda key, values: lambda labels: labels.get(key) in values,
    "NotIn": lambda key, values: lambda labels: labels.get(key) not in values,
    "Exists": lambda key, values: lambda labels: key in labels,
    "DoesNotExist": lambda key, values: lambda labels: key not in labels,
}


def requirement(
    expression: Mapping[str, Any], operators: Mapping[str, Callable[[str, frozenset[str]], LabelTest]]
) -> LabelTest:
    """One `{key, operator, values}`. What is not understood matches nothing: not all selectors are checked before."""
    operator = operators.get(expression.get("operator", ""))
    if operator is None:
        return lambda labels: False
    return operator(expression.get("key", ""), frozenset(expression.get("values") or ()))


def object_selector(selector: Mapping[str, Any] | None) -> LabelTest:
    """Compile a LabelSelector object (`matchLabels`, `matchExpressions`). None selects nothing, an empty one everything."""
    if selector is None:
        return lambda labels: False
    wanted = dict(selector.get("matchLabels") or {})
    tests: list[LabelTest] = [
        requirement(expression, REQUIREMENTS) for expression in selector.get("matchExpressions") or ()
    ]
    if wanted:
        tests.append(set_selector(wanted))
    return all_of(tests)


def set_selector(wanted: Labels) -> LabelTest:
    """Every label of `wanted`, as in a Service's or a ReplicationController's selector."""
    pairs = tuple(wanted.items())
    return lambda labels: all(labels.get(key) == value for key, value in pairs)


def matches(selector: Mapping[str, Any] | None, labels: Labels) -> bool:
    """Whether a LabelSelector object selects `labels`."""
    return object_selector(selector)(labels)


def path(*names: str) -> Callable[[Obj], str]:
    """Reads a text field of an object; absent ones read as empty, booleans and numbers as Go prints them."""

    def read(obj: Obj) -> str:
        value: Any = obj
        for name in names:
            value = (value or {}).get(name)
        if isinstance(value, bool):
            return "true" if value else "false"
        return "" if value is None else str(value)

    return read


EVERYWHERE = {"metadata.name": path("metadata", "name"), "metadata.namespace": path("metadata", "namespace")}
_INVOLVED = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
_EVENT_FIELDS = {
    **{f"involvedObject.{name}": path("involvedObject", name) for name in _INVOLVED},
    "reason": path("reason"),
    "type": path("type"),
    "source": path("source", "component"),
    "reportingComponent": path("reportingComponent"),
}
FIELDS: dict[str, dict[str, Callable[[Obj], str]]] = {
    # resource → the fields one may select by, besides name and namespace
    "pods": {
        "spec.nodeName": path("spec", "nodeName"),
        "spec.restartPolicy": path("spec", "restartPolicy"),
        "spec.schedulerName": path("spec", "schedulerName"),
        "spec.serviceAccountName": path("spec", "serviceAccountName"),
        "spec.hostNetwork": lambda obj: "true" if obj["spec"].get("hostNetwork") else "false",
        "status.phase": path("status", "phase"),
        "status.podIP": path("status", "podIP"),
        "status.nominatedNodeName": path("status", "nominatedNodeName"),
    },
    "nodes": {"spec.unschedulable": lambda obj: "true" if obj["spec"].get("unschedulable") else "false"},
    "namespaces": {"status.phase": path("status", "phase")},
    "secrets": {"type": path("type")},
    "events": _EVENT_FIELDS,
    "events.events.k8s.io": _EVENT_FIELDS,
    "replicationcontrollers": {"status.replicas": lambda obj: path("status", "replicas")(obj) or "0"},
    "replicasets.apps": {"status.replicas": lambda obj: path("status", "replicas")(obj) or "0"},
    "jobs.batch": {"status.successful": lambda obj: path("status", "succeeded")(obj) or "0"},
    "services": {"spec.clusterIP": path("spec", "clusterIP"), "spec.type": path("spec", "type")},
}


def field_selector(text: str, resource: str) -> ObjectTest:
    """Compile `metadata.name=x,status.phase!=Succeeded` for a resource. Raises BadRequest."""
    known = EVERYWHERE | FIELDS.get(resource, {})
    tests: list[ObjectTest] = []
    for term in filter(None, text.split(",")):
        found = re.fullmatch(r"\s*([^=!]+?)\s*(==|!=|=)\s*(.*?)\s*", term)
        if found is None:
            raise BadRequest(BAD_FIELD_SELECTOR.format(text=text, term=term))
        label, operator, value = found.groups()
        read = known.get(label)
        if read is None:
            raise BadRequest(FIELD_UNSUPPORTED.format(label=label))
        tests.append(_field_test(read, value, wanted=operator != "!="))
    if len(tests) == 1:
        return tests[0]
    return lambda obj: all(test(obj) for test in tests)


def _field_test(read: Callable[[Obj], str], value: str, *, wanted: bool) -> ObjectTest:
    return lambda obj: (read(obj) == value) is wanted
