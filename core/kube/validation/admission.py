"""Webhooks and policies that may refuse or change what is written: stored here, and so checked.

The expressions of policies are not compiled. Reference: kubernetes `pkg/apis/admissionregistration/validation`.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from core.kube import formats
from core.kube.causes import Cause, duplicate, forbidden, invalid_value, not_supported, required
from core.kube.objects import Obj
from core.kube.validation.common import checked, label_selector, optional_one_of

OPERATIONS = ("*", "CONNECT", "CREATE", "DELETE", "UPDATE")
SCOPES = ("*", "Cluster", "Namespaced")
FAILURE_POLICIES = ("Fail", "Ignore")
MATCH_POLICIES = ("Equivalent", "Exact")
SIDE_EFFECTS = ("None", "NoneOnDryRun")
REINVOCATIONS = ("IfNeeded", "Never")
ACTIONS = ("Audit", "Deny", "Warn")
REVIEW_VERSIONS = ("v1", "v1beta1")
SECONDS_MAX = 30

ALONE = {
    "operations": "if '*' is present, must not specify other operations",
    "apiGroups": "if '*' is present, must not specify other API groups",
    "apiVersions": "if '*' is present, must not specify other API versions",
}
ANY_RESOURCE = "if '*/*' is present, must not specify other resources"
ANY_PLAIN = "if '*' is present, must not specify other resources without subresources"
ANY_PART = "if '{name}/*' is present, must not specify {resource}"
TIMEOUT = f"the timeout value must be between 1 and {SECONDS_MAX} seconds"
VERSIONS_NEEDED = f"must specify one of {', '.join(REVIEW_VERSIONS)}"
VERSION_UNKNOWN = f"must include at least one of {', '.join(REVIEW_VERSIONS)}"
EFFECTS_NEEDED = f"must specify one of {', '.join(SIDE_EFFECTS)}"
ONE_CLIENT = "exactly one of url or service is required"
ONLY_HTTPS = "'https' is the only allowed URL scheme; desired format: https://host[/path]"
HOST_NEEDED = "host must be specified; desired format: https://host[/path]"
NO_USER = "user information is not permitted in the URL"
NO_FRAGMENT = "fragments are not permitted in the URL"
NO_QUERY = "query parameters are not permitted in the URL"
PATH_SLASH = "must start with a '/'"
SERVICE_NAME, SERVICE_NAMESPACE = "service name is required", "service namespace is required"
CHECKS_NEEDED = "validations or auditAnnotations must be non-empty; a policy must have at least one rule"
EXPRESSION_NEEDED = "expression is not specified"
NAME_OR_SELECTOR = "one of name or selector must be specified"
DENY_AND_WARN = "must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)"  # noqa: E501


def validating(obj: Obj) -> Iterator[Cause]:
    yield from _hooks(obj, is_mutating=False)


def mutating(obj: Obj) -> Iterator[Cause]:
    yield from _hooks(obj, is_mutating=True)


def _hooks(obj: Obj, *, is_mutating: bool) -> Iterator[Cause]:
    names: set[str] = set()
    for index, hook in enumerate(obj.get("webhooks") or ()):
        path, name = f"webhooks[{index}]", hook.get("name", "")
        yield from _hook(hook, path)
        if is_mutating:
            yield from optional_one_of(f"{path}.reinvocationPolicy", hook.get("reinvocationPolicy"), REINVOCATIONS)
        versions = hook.get("admissionReviewVersions") or []
        yield from _versions(versions, f"{path}.admissionReviewVersions")
        if name in names:
            yield duplicate(f"{path}.name", name)
        names.add(name)


def _versions(versions: list[str], field: str) -> Iterator[Cause]:
    if not versions:
        yield required(field, VERSIONS_NEEDED)
        return
    for index, version in enumerate(versions):
        if version in versions[:index]:
            yield invalid_value(f"{field}[{index}]", version, "duplicate version")
        yield from checked(f"{field}[{index}]", version, formats.dns_1035_label)
    if not any(version in REVIEW_VERSIONS for version in versions):
        yield invalid_value(field, versions, VERSION_UNKNOWN)


def _hook(hook: Obj, field: str) -> Iterator[Cause]:
    yield from _full_name(hook.get("name", ""), f"{field}.name")
    for index, rule in enumerate(hook.get("rules") or ()):
        yield from _rule(rule, f"{field}.rules[{index}]")
    yield from optional_one_of(f"{field}.failurePolicy", hook.get("failurePolicy"), FAILURE_POLICIES)
    yield from optional_one_of(f"{field}.matchPolicy", hook.get("matchPolicy"), MATCH_POLICIES)
    effects = hook.get("sideEffects")
    if effects is None:
        yield required(f"{field}.sideEffects", EFFECTS_NEEDED)
    elif effects not in SIDE_EFFECTS:
        yield not_supported(f"{field}.sideEffects", effects, SIDE_EFFECTS)
    seconds = hook.get("timeoutSeconds")
    if seconds is not None and not 1 <= seconds <= SECONDS_MAX:
        yield invalid_value(f"{field}.timeoutSeconds", seconds, TIMEOUT)
    for name in ("namespaceSelector", "objectSelector"):
        if name in hook:
            yield from label_selector(f"{field}.{name}", hook[name])
    yield from _client(hook.get("clientConfig") or {}, f"{field}.clientConfig")


def _full_name(name: str, field: str) -> Iterator[Cause]:
    if not name:
        yield required(field)
        return
    yield from checked(field, name, formats.dns_subdomain)
    if len(name.split(".")) < 3:
        yield invalid_value(field, name, formats.THREE_SEGMENTS)


def _rule(rule: Obj, field: str) -> Iterator[Cause]:
    yield from _listed(rule, "apiGroups", field)
    yield from _listed(rule, "apiVersions", field, needs_text=True)
    resources = rule.get("resources") or []
    if not resources:
        yield required(f"{field}.resources")
    yield from _resources(resources, f"{field}.resources")
    yield from optional_one_of(f"{field}.scope", rule.get("scope"), SCOPES)
    yield from _listed(rule, "operations", field)
    for index, operation in enumerate(rule.get("operations") or ()):
        if operation not in OPERATIONS:
            yield not_supported(f"{field}.operations[{index}]", operation, OPERATIONS)


def _listed(rule: Obj, name: str, field: str, *, needs_text: bool = False) -> Iterator[Cause]:
    values = rule.get(name) or []
    if not values:
        yield required(f"{field}.{name}")
    if len(values) > 1 and "*" in values:
        yield invalid_value(f"{field}.{name}", values, ALONE[name])
    for index, value in enumerate(values if needs_text else ()):
        if not value:
            yield required(f"{field}.{name}[{index}]")


def _resources(resources: list[str], field: str) -> Iterator[Cause]:
    """`pods`, `pods/status`, `pods/*`, `*/status`, `*`, `*/*`: none that another covers."""
    if len(resources) > 1 and "*/*" in resources:
        yield invalid_value(field, resources, ANY_RESOURCE)
    plain = [name for name in resources if "/" not in name]
    if "*" in resources and len(plain) > 1:
        yield invalid_value(field, resources, ANY_PLAIN)
    for index, resource in enumerate(resources):
        if not resource:
            yield required(f"{field}[{index}]")
        name, _, part = resource.partition("/")
        if part and part != "*" and f"{name}/*" in resources:
            yield invalid_value(f"{field}[{index}]", resource, ANY_PART.format(name=name, resource=resource))
        if part and name != "*" and f"*/{part}" in resources:
            why = f"if '*/{part}' is present, must not specify {resource}"
            yield invalid_value(f"{field}[{index}]", resource, why)


def _client(client: Obj, field: str) -> Iterator[Cause]:
    url, service = client.get("url"), client.get("service")
    if (url is None) == (service is None):
        yield required(field, ONE_CLIENT)
    elif url is not None:
        yield from _url(url, f"{field}.url")
    else:
        yield from _service(service or {}, f"{field}.service")


def _url(text: str, field: str) -> Iterator[Cause]:
    parts = urlsplit(text)
    if parts.scheme != "https":
        yield invalid_value(field, parts.scheme, ONLY_HTTPS)
    if not parts.netloc:
        yield invalid_value(field, parts.netloc, HOST_NEEDED)
    if parts.username is not None:
        yield invalid_value(field, parts.netloc.rpartition("@")[0], NO_USER)
    if parts.fragment:
        yield invalid_value(field, parts.fragment, NO_FRAGMENT)
    if parts.query:
        yield invalid_value(field, parts.query, NO_QUERY)


def _service(service: Obj, field: str) -> Iterator[Cause]:
    for name, why in (("name", SERVICE_NAME), ("namespace", SERVICE_NAMESPACE)):
        if not service.get(name):
            yield required(f"{field}.{name}", why)
    if formats.port_number(service.get("port", 443)):
        yield invalid_value(f"{field}.port", service["port"], f"port is not valid: {formats.PORT_RANGE}")
    path = service.get("path")
    if path and not path.startswith("/"):
        yield invalid_value(f"{field}.path", path, PATH_SLASH)


def policy(obj: Obj) -> Iterator[Cause]:
    spec: Obj = obj.get("spec") or {}
    yield from optional_one_of("spec.failurePolicy", spec.get("failurePolicy"), FAILURE_POLICIES)
    kind = spec.get("paramKind")
    if kind is not None:
        for name in ("apiVersion", "kind"):
            if not kind.get(name):
                yield required(f"spec.paramKind.{name}")
    constraints = spec.get("matchConstraints")
    if constraints is None:
        yield required("spec.matchConstraints")
    else:
        yield from _matching(constraints, "spec.matchConstraints", needs_rules=True)
    checks, notes = spec.get("validations") or [], spec.get("auditAnnotations") or []
    if not checks and not notes:
        for name in ("validations", "auditAnnotations"):
            yield required(f"spec.{name}", CHECKS_NEEDED)
    for index, check in enumerate(checks):
        if not check.get("expression", "").strip():
            yield required(f"spec.validations[{index}].expression", EXPRESSION_NEEDED)


def _matching(match: Obj, field: str, *, needs_rules: bool) -> Iterator[Cause]:
    rules = match.get("resourceRules") or []
    if needs_rules and not rules:
        yield required(f"{field}.resourceRules")
    yield from optional_one_of(f"{field}.matchPolicy", match.get("matchPolicy"), MATCH_POLICIES)
    for name in ("namespaceSelector", "objectSelector"):
        if name in match:
            yield from label_selector(f"{field}.{name}", match[name])
    for part in ("resourceRules", "excludeResourceRules"):
        for index, rule in enumerate(match.get(part) or ()):
            yield from _rule(rule, f"{field}.{part}[{index}]")


def policybinding(obj: Obj) -> Iterator[Cause]:
    spec: Obj = obj.get("spec") or {}
    if not spec.get("policyName"):
        yield required("spec.policyName")
    else:
        yield from checked("spec.policyName", spec["policyName"], formats.dns_subdomain)
    if "paramRef" in spec:
        yield from _parameter(spec["paramRef"], "spec.paramRef")
    if "matchResources" in spec:
        yield from _matching(spec["matchResources"], "spec.matchResources", needs_rules=False)


def validatingbinding(obj: Obj) -> Iterator[Cause]:
    yield from policybinding(obj)
    actions: list[Any] = (obj.get("spec") or {}).get("validationActions") or []
    if not actions:
        yield required("spec.validationActions")
    for index, action in enumerate(actions):
        if action not in ACTIONS:
            yield not_supported(f"spec.validationActions[{index}]", action, ACTIONS)
        if action in actions[:index]:
            yield duplicate(f"spec.validationActions[{index}]", action)
    if "Deny" in actions and "Warn" in actions:
        yield invalid_value("spec.validationActions", actions, DENY_AND_WARN)


def _parameter(reference: Obj, field: str) -> Iterator[Cause]:
    name, selector = reference.get("name"), reference.get("selector")
    if name and selector is not None:
        yield forbidden(f"{field}.name", "name and selector are mutually exclusive")
    if not name and selector is None:
        yield required(field, NAME_OR_SELECTOR)
    if selector is not None:
        yield from label_selector(f"{field}.selector", selector)
    if "parameterNotFoundAction" not in reference:
        yield required(f"{field}.parameterNotFoundAction")
    else:
        action = reference["parameterNotFoundAction"]
        yield from optional_one_of(f"{field}.parameterNotFoundAction", action, ("Allow", "Deny"))
