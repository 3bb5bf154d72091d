"""Roles and their bindings. Reference: kubernetes `pkg/apis/rbac/validation`."""

from collections.abc import Iterator

from core.kube import formats
from core.kube.causes import Cause, invalid_value, not_supported, required
from core.kube.objects import Obj
from core.kube.validation.common import checked, label_selector
from core.kube.validation.golang import struct

GROUP = "rbac.authorization.k8s.io"
SUBJECT_KINDS = ("ServiceAccount", "User", "Group")

VERBS_NEEDED = "verbs must contain at least one value"
NO_URLS_HERE = "namespaced rules cannot apply to non-resource URLs"
BOTH_SORTS = "rules cannot apply to both regular resources and non-resource URLs"
GROUPS_NEEDED = "resource rules must supply at least one api group"
RESOURCES_NEEDED = "resource rules must supply at least one resource"
SELECTOR_NEEDED = "at least one clusterRoleSelector required if aggregationRule is non-nil"
REFERENCE_FIXED = "cannot change roleRef"


def role(obj: Obj) -> Iterator[Cause]:
    yield from _rules(obj, is_namespaced=True)


def clusterrole(obj: Obj) -> Iterator[Cause]:
    yield from _rules(obj, is_namespaced=False)
    if "aggregationRule" in obj:
        selectors = obj["aggregationRule"].get("clusterRoleSelectors") or []
        if not selectors:
            yield required("aggregationRule.clusterRoleSelectors", SELECTOR_NEEDED)
        for index, selector in enumerate(selectors):
            yield from label_selector(f"aggregationRule.clusterRoleSelectors[{index}]", selector)


def _rules(obj: Obj, *, is_namespaced: bool) -> Iterator[Cause]:
    for index, rule in enumerate(obj.get("rules") or ()):
        path, urls = f"rules[{index}]", rule.get("nonResourceURLs")
        if not rule.get("verbs"):
            yield required(f"{path}.verbs", VERBS_NEEDED)
        if urls:
            if is_namespaced:
                yield invalid_value(f"{path}.nonResourceURLs", urls, NO_URLS_HERE)
            if rule.get("apiGroups") or rule.get("resources") or rule.get("resourceNames"):
                yield invalid_value(f"{path}.nonResourceURLs", urls, BOTH_SORTS)
            continue
        if not rule.get("apiGroups"):
            yield required(f"{path}.apiGroups", GROUPS_NEEDED)
        if not rule.get("resources"):
            yield required(f"{path}.resources", RESOURCES_NEEDED)


def rolebinding(obj: Obj) -> Iterator[Cause]:
    yield from _binding(obj, ("Role", "ClusterRole"), is_namespaced=True)


def clusterrolebinding(obj: Obj) -> Iterator[Cause]:
    yield from _binding(obj, ("ClusterRole",), is_namespaced=False)


def _binding(obj: Obj, kinds: tuple[str, ...], *, is_namespaced: bool) -> Iterator[Cause]:
    reference = obj.get("roleRef") or {}
    if reference.get("apiGroup") != GROUP:
        yield not_supported("roleRef.apiGroup", reference.get("apiGroup", ""), (GROUP,))
    if reference.get("kind") not in kinds:
        yield not_supported("roleRef.kind", reference.get("kind", ""), sorted(kinds))
    if not reference.get("name"):
        yield required("roleRef.name")
    else:
        yield from checked("roleRef.name", reference["name"], formats.path_segment)
    for index, subject in enumerate(obj.get("subjects") or ()):
        yield from _subject(subject, f"subjects[{index}]", is_namespaced=is_namespaced)


def _subject(subject: Obj, field: str, *, is_namespaced: bool) -> Iterator[Cause]:
    kind, name, group = subject.get("kind", ""), subject.get("name", ""), subject.get("apiGroup", "")
    if not name:
        yield required(f"{field}.name")
    if kind not in SUBJECT_KINDS:
        yield not_supported(f"{field}.kind", kind, sorted(SUBJECT_KINDS))
    elif kind != "ServiceAccount":
        if group != GROUP:
            yield not_supported(f"{field}.apiGroup", group, (GROUP,))
    else:
        if name:
            yield from checked(f"{field}.name", name, formats.dns_subdomain)
        if group:
            yield not_supported(f"{field}.apiGroup", group, ("",))
        if not is_namespaced and not subject.get("namespace"):
            yield required(f"{field}.namespace")


def binding_update(new: Obj, old: Obj) -> Iterator[Cause]:
    if new.get("roleRef") != old.get("roleRef"):
        yield invalid_value("roleRef", struct("RoleRef", new.get("roleRef") or {}), REFERENCE_FIXED)
