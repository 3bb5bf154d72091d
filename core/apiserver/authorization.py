"""Authorization: may this user do that? RBAC, evaluated on the roles and bindings in the watch cache.

The members of `system:masters` may do everything. For everybody else the roles bound to them, as a user, a service account
or through a group, are added up: there are no denials in RBAC. Decisions are remembered until a role or binding changes.
Simplified against the real server: the Node authorizer is the plain binding of `system:nodes` to `system:node`, and an
aggregated ClusterRole is added up here when it is read instead of by a controller that writes its rules.
Reference: plugin/pkg/auth/authorizer/rbac, pkg/registry/rbac/validation/rule.go.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from core.apiserver.watchcache import WatchCache
from core.kube.errors import NotAuthorized
from core.kube.objects import Obj, labels_of
from core.kube.requests import Request, User
from core.kube.resources import REGISTRY

GROUP = "rbac.authorization.k8s.io"
ROLES, CLUSTER_ROLES = f"roles.{GROUP}", f"clusterroles.{GROUP}"
BINDINGS, CLUSTER_BINDINGS = f"rolebindings.{GROUP}", f"clusterrolebindings.{GROUP}"
SOURCES = (ROLES, CLUSTER_ROLES, BINDINGS, CLUSTER_BINDINGS)

MASTERS = "system:masters"
ANONYMOUS = User("system:anonymous", ("system:unauthenticated",))
REMEMBERED_MAX = 20_000  # decisions, and
QUESTION_MAX = 512  # characters of a question whose decision is remembered: a review asks about any user there could be

CANNOT = 'User "{user}" cannot {verb} resource "{resource}" in API group "{group}" '
AT_CLUSTER_SCOPE, IN_NAMESPACE = "at the cluster scope", 'in the namespace "{namespace}"'
CANNOT_PATH = 'forbidden: User "{user}" cannot {verb} path "{path}"'


class Attributes(NamedTuple):
    """What is asked for: a resource (`group`, `resource` as the plural …) or a path."""

    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""


class Decision(NamedTuple):
    allowed: bool
    reason: str = ""


class Rule(NamedTuple):
    """A PolicyRule, ready to be matched."""

    verbs: frozenset[str]
    groups: frozenset[str]
    resources: frozenset[str]
    names: frozenset[str]
    urls: tuple[str, ...]
    source: Obj

    def allows_resource(self, verb: str, group: str, resource: str, subresource: str) -> bool:
        """Whether the rule covers this, leaving names aside."""
        return (
            (verb in self.verbs or "*" in self.verbs)
            and (group in self.groups or "*" in self.groups)
            and (
                "*" in self.resources
                or (f"{resource}/{subresource}" if subresource else resource) in self.resources
                or (bool(subresource) and f"*/{subresource}" in self.resources)
            )
        )

    def allows_path(self, verb: str, path: str) -> bool:
        return (verb in self.verbs or "*" in self.verbs) and any(
            url in ("*", path) or (url.endswith("*") and path.startswith(url[:-1])) for url in self.urls
        )


class Grant(NamedTuple):
    """Rules that a binding gives to a subject, in `namespace` or, if that is empty, everywhere."""

    namespace: str
    rules: tuple[Rule, ...]
    reason: str


Subject = tuple[str, str]  # ("User" or "Group", name)


class Authorizer:
    """Evaluates the RBAC objects of one cluster."""

    def __init__(self, cache: WatchCache) -> None:
        self.cache = cache
        self._version: tuple[int, ...] = ()
        self._grants: dict[Subject, list[Grant]] = {}
        self._remembered: dict[tuple[Any, ...], tuple[Decision | None, dict[str, str]]] = {}

    def decide(self, user: User, attributes: Attributes) -> Decision:
        if MASTERS in user.groups:
            return Decision(True, "")
        self._refresh()
        if attributes.path:
            return self._decide_path(user, attributes)
        key = (user.name, user.groups, attributes[:5])
        found = self._remembered.get(key)
        if found is None:
            found = self._evaluate(user, attributes)
            if len(self._remembered) >= REMEMBERED_MAX:
                self._remembered.clear()
            if sum(map(len, (user.name, *user.groups, *attributes[:5]))) <= QUESTION_MAX:
                self._remembered[key] = found
        decision, by_name = found
        if decision is not None:
            return decision
        reason = by_name.get(attributes.name) if attributes.name else None
        return Decision(reason is not None, reason or "")

    def rules(self, user: User, namespace: str) -> Iterator[Rule]:
        """Every rule the user has in `namespace`; only cluster-wide ones if it is empty."""
        self._refresh()
        for grant in self._grants_of(user):
            if not grant.namespace or grant.namespace == namespace:
                yield from grant.rules

    def role_rules(self, reference: Obj, namespace: str) -> tuple[Rule, ...]:
        """The rules of the role that a binding in `namespace` refers to."""
        if reference.get("kind") == "ClusterRole":
            role = self.cache.get(CLUSTER_ROLES, "", reference.get("name", ""))
            return self._cluster_role(role) if role else ()
        role = self.cache.get(ROLES, namespace, reference.get("name", ""))
        return compiled(role.get("rules")) if role else ()

    def _evaluate(self, user: User, attributes: Attributes) -> tuple[Decision | None, dict[str, str]]:
        """The decision for every name alike; or, where names matter, None and the reason by name."""
        verb, group, resource, subresource, namespace = attributes[:5]
        by_name: dict[str, str] = {}
        for grant in self._grants_of(user):
            if grant.namespace and grant.namespace != namespace:
                continue
            for rule in grant.rules:
                if rule.allows_resource(verb, group, resource, subresource):
                    if not rule.names:
                        return Decision(True, grant.reason), {}
                    by_name.update(dict.fromkeys(rule.names, grant.reason))
        return (None, by_name) if by_name else (Decision(False), {})

    def _decide_path(self, user: User, attributes: Attributes) -> Decision:
        for grant in self._grants_of(user):
            if not grant.namespace and any(rule.allows_path(attributes.verb, attributes.path) for rule in grant.rules):
                return Decision(True, grant.reason)
        return Decision(False)

    def _grants_of(self, user: User) -> Iterator[Grant]:
        yield from self._grants.get(("User", user.name), ())
        for group in user.groups:
            yield from self._grants.get(("Group", group), ())

    def _refresh(self) -> None:
        """Read the bindings anew if a role or binding changed."""
        versions = self.cache.versions
        version = tuple(versions.get(source, 0) for source in SOURCES)
        if version == self._version:
            return
        with self.cache.lock:
            self._remembered.clear()
            self._grants = {}
            for binding in self.cache.all(CLUSTER_BINDINGS):
                self._bind(binding, "", f'ClusterRoleBinding "{binding["metadata"]["name"]}"')
            for binding in self.cache.all(BINDINGS):
                meta = binding["metadata"]
                self._bind(binding, meta["namespace"], f'RoleBinding "{meta["name"]}/{meta["namespace"]}"')
            self._version = version

    def _bind(self, binding: Obj, namespace: str, title: str) -> None:
        role = binding.get("roleRef") or {}
        rules = self.role_rules(role, namespace)
        for subject in binding.get("subjects") or ():
            kind, name = subject.get("kind"), subject.get("name", "")
            shown = f'{kind} "{name}"'
            if kind == "ServiceAccount":
                home = subject.get("namespace") or namespace
                kind, name, shown = "User", f"system:serviceaccount:{home}:{name}", f'{kind} "{name}/{home}"'
            reason = f'RBAC: allowed by {title} of {role.get("kind")} "{role.get("name")}" to {shown}'
            self._grants.setdefault((kind, name), []).append(Grant(namespace, rules, reason))

    def _cluster_role(self, role: Obj) -> tuple[Rule, ...]:
        """A ClusterRole's rules, with those of the roles it aggregates."""
        rules = compiled(role.get("rules"))
        for selector in (role.get("aggregationRule") or {}).get("clusterRoleSelectors") or ():
            wanted = (selector.get("matchLabels") or {}).items()
            for other in self.cache.all(CLUSTER_ROLES):
                if other is not role and wanted and wanted <= labels_of(other).items():
                    rules += self._cluster_role(other)
        return rules


def compiled(rules: Iterable[Obj] | None) -> tuple[Rule, ...]:
    return tuple(
        Rule(
            frozenset(rule.get("verbs") or ()),
            frozenset(rule.get("apiGroups") or ()),
            frozenset(rule.get("resources") or ()),
            frozenset(rule.get("resourceNames") or ()),
            tuple(rule.get("nonResourceURLs") or ()),
            rule,
        )
        for rule in rules or ()
    )


def attributes_of(request: Request) -> Attributes:
    """What a request asks for. A create has no name yet, unless it is of a subresource."""
    row = REGISTRY[request.resource]
    name = "" if request.verb == "create" and not request.subresource else request.name
    namespace = request.name if row.name == "namespaces" else request.namespace
    return Attributes(request.verb, row.group, row.plural, request.subresource, namespace, name)


def forbidden(user: User, attributes: Attributes) -> NotAuthorized:
    """The error in the real server's words."""
    if attributes.path:
        return NotAuthorized(CANNOT_PATH.format(user=user.name, verb=attributes.verb, path=attributes.path))
    group, resource, name = attributes.group, attributes.resource, attributes.name
    title = f"{resource}.{group}" if group else resource
    shown = f"{resource}/{attributes.subresource}" if attributes.subresource else resource
    text = CANNOT.format(user=user.name, verb=attributes.verb, resource=shown, group=group)
    text += IN_NAMESPACE.format(namespace=attributes.namespace) if attributes.namespace else AT_CLUSTER_SCOPE
    details = ({"name": name} if name else {}) | ({"group": group} if group else {}) | {"kind": resource}
    return NotAuthorized(
        f'{title} "{name}" is forbidden: {text}' if name else f"{title} is forbidden: {text}", details=details
    )


def authorize(authorizer: Authorizer, user: User, attributes: Attributes) -> Decision:
    """The stage's entry point. Raises NotAuthorized."""
    decision = authorizer.decide(user, attributes)
    if not decision.allowed:
        raise forbidden(user, attributes)
    return decision
