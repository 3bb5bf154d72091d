"""What `kubectl logs` asks for: PodLogOptions, and which container of a pod is meant.

Reference: kubernetes `pkg/registry/core/pod/strategy.go` (LogLocation), `pkg/apis/core/validation` (ValidatePodLogOptions).
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

from core.kube.causes import Cause, forbidden, invalid, invalid_value
from core.kube.errors import BadRequest
from core.kube.objects import Obj
from core.kube.pods import containers_of
from core.kube.times import parse_timestamp

AT_LEAST = {
    "limitBytes": (1, "must be greater than 0"),
    "sinceSeconds": (1, "must be greater than 0"),
    "tailLines": (0, "must be greater than or equal to 0"),
}
ONE_SINCE = "at most one of `sinceTime` or `sinceSeconds` may be specified"
NOT_NAMED = "a container name must be specified for pod {pod}, choose one of: [{names}]"
NOT_VALID = "container {name} is not valid for pod {pod}"


@dataclass(frozen=True, slots=True)
class LogOptions:
    """`tail`: only so many of the last lines. `since`: a virtual time. `previous`: of the attempt before this one."""

    previous: bool = False
    timestamps: bool = False
    tail: int | None = None
    limit_bytes: int | None = None
    since: float = 0.0


class LogPiece(NamedTuple):
    """What was printed up to the virtual time `until`; `ended`: nothing more will come."""

    text: str
    until: float
    ended: bool


def log_options(pod: str, options: dict[str, Any], now: float) -> LogOptions:
    """The options of a request, checked. Raises Invalid, BadRequest."""
    causes: list[Cause] = []
    for name, (least, why) in AT_LEAST.items():
        if name in options and options[name] < least:
            causes.append(invalid_value(name, options[name], why))
    if "sinceSeconds" in options and "sinceTime" in options:
        causes.append(forbidden("", ONE_SINCE))
    if causes:
        raise invalid("PodLogOptions", pod, causes)
    since = now - options["sinceSeconds"] if "sinceSeconds" in options else 0.0
    if "sinceTime" in options:
        try:
            since = parse_timestamp(options["sinceTime"])
        except (ValueError, IndexError) as error:
            raise BadRequest(str(error)) from None
    return LogOptions(
        bool(options.get("previous")),
        bool(options.get("timestamps")),
        options.get("tailLines"),
        options.get("limitBytes"),
        since,
    )


def container_meant(pod: Obj, wish: str) -> str:
    """The container of `pod` that is called `wish`, or the only one if nothing is wished. Raises BadRequest."""
    spec, name = pod["spec"], pod["metadata"]["name"]
    names = [each["name"] for each in (*containers_of(spec), *(spec.get("ephemeralContainers") or ()))]
    if wish:
        if wish not in names:
            raise BadRequest(NOT_VALID.format(name=wish, pod=name))
        return wish
    if len(spec["containers"]) == 1:
        return str(spec["containers"][0]["name"])
    raise BadRequest(NOT_NAMED.format(pod=name, names=" ".join(names)))
