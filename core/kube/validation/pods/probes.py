"""Probes and lifecycle hooks: one handler each, and numbers that make sense.

Reference: `pkg/apis/core/validation` (validateProbe, validateHandler, validateLifecycle).
"""

from collections.abc import Iterator
from typing import Any

from core.kube import formats
from core.kube.causes import Cause, forbidden, invalid_value, not_supported, required
from core.kube.objects import Obj
from core.kube.validation.common import NOT_NEGATIVE, POSITIVE

SCHEMES = ("HTTP", "HTTPS")
PROBE_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc")
HOOK_HANDLERS = ("exec", "httpGet", "tcpSocket", "sleep")
PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
NUMBERS = ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold")

NO_HANDLER = "must specify a handler type"
MANY_HANDLERS = "may not specify more than 1 handler type"
ONCE = "must be 1"
NO_GRACE = "must not be set for readinessProbes"
TOO_LONG_SLEEP = "must be non-negative and less than terminationGracePeriodSeconds ({grace})"


def probe(probe: Obj, field: str, kind: str) -> Iterator[Cause]:
    yield from handler(probe, field, PROBE_HANDLERS)
    for name in NUMBERS:
        if probe.get(name, 0) < 0:
            yield invalid_value(f"{field}.{name}", probe[name], NOT_NEGATIVE)
    grace = probe.get("terminationGracePeriodSeconds")
    if grace is not None and grace <= 0:
        yield invalid_value(f"{field}.terminationGracePeriodSeconds", grace, POSITIVE)
    if kind != "readinessProbe":
        if probe.get("successThreshold", 1) != 1:
            yield invalid_value(f"{field}.successThreshold", probe["successThreshold"], ONCE)
    elif grace is not None:
        yield invalid_value(f"{field}.terminationGracePeriodSeconds", grace, NO_GRACE)


def lifecycle(hooks: Obj, field: str, grace: int) -> Iterator[Cause]:
    for kind in ("postStart", "preStop"):
        if kind in hooks:
            yield from handler(hooks[kind], f"{field}.{kind}", HOOK_HANDLERS, grace)


def handler(holder: Obj, field: str, kinds: tuple[str, ...], grace: int = 0) -> Iterator[Cause]:
    found = [kind for kind in kinds if kind in holder]
    if found:
        kind = found[0]
        yield from _action(kind, holder[kind], f"{field}.{kind}", grace)
        for other in found[1:]:
            yield forbidden(f"{field}.{other}", MANY_HANDLERS)
    else:
        yield required(field, NO_HANDLER)


def _action(kind: str, action: Obj, field: str, grace: int) -> Iterator[Cause]:
    if kind == "exec":
        if not action.get("command"):
            yield required(f"{field}.command")
    elif kind == "sleep":
        seconds = action.get("seconds", 0)
        if seconds < 0 or seconds > grace:
            yield invalid_value(field, seconds, TOO_LONG_SLEEP.format(grace=grace))
    else:
        if kind == "httpGet" and not action.get("path"):
            yield required(f"{field}.path")
        yield from port(action.get("port", 0), f"{field}.port")
        if kind == "httpGet":
            if action.get("scheme") not in SCHEMES:
                yield not_supported(f"{field}.scheme", action.get("scheme", ""), SCHEMES)
            for header in action.get("httpHeaders") or ():
                fault = formats.http_header(header.get("name", ""))
                if fault:
                    yield invalid_value(f"{field}.httpHeaders", header.get("name", ""), fault)


def port(port: Any, field: str) -> Iterator[Cause]:
    """A number, or the name of one."""
    fault = formats.port_name(port) if isinstance(port, str) else formats.port_number(port)
    if fault:
        yield invalid_value(field, port, fault)
