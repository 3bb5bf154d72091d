"""RbacEscalation: nobody grants what he does not have.

Whoever writes a role needs every right in it, whoever writes a binding every right of the role it refers to, unless the
verbs `escalate` or `bind` say otherwise. In the real server this is part of the storage of roles and cannot be switched
off either (pkg/registry/rbac/{role,rolebinding}/policybased/storage.go).
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import orjson

from core.apiserver.admission.base import Attempt, Plugin
from core.apiserver.authorization import (
    BINDINGS,
    CLUSTER_BINDINGS,
    CLUSTER_ROLES,
    GROUP,
    MASTERS,
    ROLES,
    Attributes,
    Rule,
    compiled,
)

if TYPE_CHECKING:
    from core.apiserver.batch import Batch

NOT_HELD = 'user "{user}" (groups=[{groups}]) is attempting to grant RBAC permissions not currently held:\n{rules}'
SHOWN = (
    # field of a rule → how the refusal names it
    ("apiGroups", "APIGroups"),
    ("nonResourceURLs", "NonResourceURLs"),
    ("resources", "Resources"),
    ("resourceNames", "ResourceNames"),
    ("verbs", "Verbs"),
)


class RbacEscalation(Plugin):
    name = "RbacEscalation"
    resources = frozenset({ROLES, CLUSTER_ROLES, BINDINGS, CLUSTER_BINDINGS})
    verbs = frozenset({"create", "update"})

    def validate(self, attempt: Attempt, batch: "Batch") -> str | None:
        obj, old, user = attempt.obj, attempt.old, attempt.user
        assert obj is not None
        if MASTERS in user.groups:
            return "system:masters may grant anything"
        content = ("rules", "aggregationRule", "roleRef", "subjects")
        if old is not None and all(obj.get(name) == old.get(name) for name in content):
            return None
        authorizer = batch.authorizer
        if attempt.row.name in (ROLES, CLUSTER_ROLES):
            right = Attributes("escalate", GROUP, attempt.row.plural, "", attempt.namespace, attempt.name)
            granted = compiled(obj.get("rules"))
            if obj.get("aggregationRule") and attempt.row.name == CLUSTER_ROLES:
                everything = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
                granted = (*granted, *compiled([everything]))
        else:
            role = obj.get("roleRef") or {}
            plural = "clusterroles" if role.get("kind") == "ClusterRole" else "roles"
            right = Attributes("bind", GROUP, plural, "", attempt.namespace, str(role.get("name", "")))
            granted = authorizer.role_rules(role, attempt.namespace)
        if authorizer.decide(user, right).allowed:
            return f"may {right.verb}"
        held = list(authorizer.rules(user, attempt.namespace))
        missing = [rule for rule in granted if not _is_covered(rule, held)]
        if missing:
            groups = " ".join(f'"{group}"' for group in user.groups)
            rules = "\n".join(_shown(rule) for rule in missing)
            raise attempt.forbidden(NOT_HELD.format(user=user.name, groups=groups, rules=rules))
        return "grants nothing new"


def _is_covered(rule: Rule, held: Iterable[Rule]) -> bool:
    """Whether every single right of `rule` is covered by one of the rules `held`."""
    held = list(held)
    return all(any(_covers(mine, *right) for mine in held) for right in _rights(rule))


def _rights(rule: Rule) -> Iterator[tuple[str, str, str, str, str]]:
    """A rule as single rights: (verb, group, resource, name, url)."""
    for verb in sorted(rule.verbs):
        for url in rule.urls:
            yield verb, "", "", "", url
        for group in sorted(rule.groups):
            for resource in sorted(rule.resources):
                for name in sorted(rule.names) or [""]:
                    yield verb, group, resource, name, ""


def _covers(mine: Rule, verb: str, group: str, resource: str, name: str, url: str) -> bool:
    if url:
        return (verb in mine.verbs or "*" in mine.verbs) and any(
            own == url or (own.endswith("*") and url.startswith(own[:-1])) for own in mine.urls
        )
    plural, _, subresource = resource.partition("/")
    return mine.allows_resource(verb, group, plural, subresource) and (not mine.names or name in mine.names)


def _shown(rule: Rule) -> str:
    parts = [f"{label}:{orjson.dumps(rule.source[name]).decode()}" for name, label in SHOWN if rule.source.get(name)]
    return "{" + ", ".join(parts).replace('","', '", "') + "}"
