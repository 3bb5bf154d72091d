"""Liveness, readiness and startup probes of a container, as a function of time.

A prober looks every `periodSeconds`, from the container's start and after `initialDelaySeconds`; the result turns after
`failureThreshold` or `successThreshold` equal answers in a row. What the process answers is known from its behaviour and
changes at known moments, so the state after any number of looks is computed at once instead of looking ten times a minute
for ever: an idle cluster of a thousand probed pods costs nothing. The next moment at which something will happen (the
result turns, or a look fails and has to be told) is part of the answer.

Reference: kubelet `prober/worker.go`, whose rules about the first look and about thresholds these are.
"""

import math
from dataclasses import dataclass
from typing import Any

from core.kube.objects import Obj
from core.runtime.workloads import Behaviour, Executed

PERIOD, SUCCESS_THRESHOLD, FAILURE_THRESHOLD = 10, 1, 3


@dataclass(frozen=True, slots=True)
class Verdict:
    """`success` is the prober's settled result; None before there is one.

    failures    how many looks have failed in a row by now, and at what time the last of them was
    turned_at   when the settled result became what it is
    next_at     the next time anything will be different; None: never
    """

    success: bool | None
    failures: int = 0
    failed_at: float | None = None
    turned_at: float = 0.0
    next_at: float | None = None


def judge(
    probe: dict[str, Any], does: Behaviour, ports: dict[str, int], begun: float, started: float, now: float
) -> Verdict:
    """The prober's state at `now`.

    begun    when the prober began: the container's start, or for liveness and readiness the startup probe's success
    started  the container's start, from which `initialDelaySeconds` and the behaviour count
    """
    period = max(probe.get("periodSeconds", PERIOD), 1)
    needed = {
        True: probe.get("successThreshold", SUCCESS_THRESHOLD),
        False: probe.get("failureThreshold", FAILURE_THRESHOLD),
    }
    first = begun + max(0.0, math.ceil((started + probe.get("initialDelaySeconds", 0) - begun) / period) * period)
    success: bool | None = None
    streak_answer, streak, failed_at, turned_at = True, 0, None, begun
    boundaries = [started + offset for offset in does.changes()]
    tick = 0  # the number of the next look
    while True:
        look = first + tick * period
        if look > now:
            break
        answer = answers(probe, does, ports, look - started)
        following = [moment for moment in boundaries if moment > look]
        # Looks up to the next change of behaviour, or up to now, all get the same answer.
        last = math.floor((now - first) / period)
        if following:
            last = min(last, math.ceil((following[0] - first) / period) - 1)
        count = max(last - tick + 1, 1)
        streak = streak + count if answer is streak_answer else count
        before = streak - count
        streak_answer = answer
        if not answer:
            failed_at = first + (tick + count - 1) * period
        if streak >= needed[answer] and success is not answer:
            success, turned_at = answer, first + (tick + max(needed[answer] - before, 1) - 1) * period
        tick += count
    failures = streak if streak and not streak_answer else 0
    return Verdict(
        success, failures, failed_at, turned_at, _next(probe, does, ports, first, period, tick, started, success)
    )


def answers(probe: dict[str, Any], does: Behaviour, ports: dict[str, int], offset: float) -> bool:
    """What one look at `offset` seconds after the container's start finds."""
    if "exec" in probe:
        return _executed(probe, does, offset).ok
    for kind in ("httpGet", "tcpSocket", "grpc"):
        if kind in probe:
            port = probe[kind].get("port")
            return does.serves(offset, ports.get(port) if isinstance(port, str) else port)
    return True


REFUSED, SILENT, BAD_STATUS = "refused", "silent", "status"

FAILED = {
    # what the event Unhealthy says, after "Readiness probe failed: "
    ("httpGet", REFUSED): 'Get "{scheme}://{ip}:{port}{path}": dial tcp {ip}:{port}: connect: connection refused',
    ("httpGet", SILENT): 'Get "{scheme}://{ip}:{port}{path}": context deadline exceeded '
    "(Client.Timeout exceeded while awaiting headers)",
    ("httpGet", BAD_STATUS): "HTTP probe failed with statuscode: {status}",
    ("tcpSocket", REFUSED): "dial tcp {ip}:{port}: connect: connection refused",
    ("tcpSocket", SILENT): "dial tcp {ip}:{port}: i/o timeout",
    ("grpc", REFUSED): 'timeout: failed to connect service "{ip}:{port}" within {timeout}s: context deadline exceeded',
    ("grpc", SILENT): "timeout: health rpc did not complete within {timeout}s: context deadline exceeded",
}


def failure_text(probe: dict[str, Any], does: Behaviour, ports: dict[str, int], ip: str, offset: float) -> str:
    """Why a look at `offset` failed, as the real kubelet words it."""
    kind = next((kind for kind in ("exec", "httpGet", "tcpSocket", "grpc") if kind in probe), "exec")
    if kind == "exec":
        return _executed(probe, does, offset).output
    action = probe[kind]
    port = action.get("port")
    number = ports.get(port, port) if isinstance(port, str) else port
    how = SILENT if offset >= does.serves_until and (does.ports is None or number in does.ports) else REFUSED
    if how is SILENT and does.http_error and kind == "httpGet":
        how = BAD_STATUS
    return FAILED[kind, how].format(
        scheme=action.get("scheme", "HTTP").lower(),
        ip=action.get("host") or ip,
        port=number,
        path=action.get("path", "/"),
        status=does.http_error,
        timeout=probe.get("timeoutSeconds", 1),
    )


def _executed(probe: dict[str, Any], does: Behaviour, offset: float) -> Executed:
    return does.executes(tuple(probe["exec"].get("command") or ()), offset, probe.get("timeoutSeconds", 1))


def named_ports(container: Obj) -> dict[str, int]:
    """The container's ports by name."""
    return {port["name"]: port["containerPort"] for port in container.get("ports") or () if "name" in port}


def _next(
    probe: dict[str, Any],
    does: Behaviour,
    ports: dict[str, int],
    first: float,
    period: float,
    tick: int,
    started: float,
    success: bool | None,
) -> float | None:
    """The next look that may tell something new: the very next unless all is well, then the first that may fail."""
    upcoming = first + tick * period
    moments = [started + offset for offset in does.changes() if started + offset > upcoming]
    if success is not True or not answers(probe, does, ports, upcoming - started):
        return upcoming
    for moment in moments:
        look = first + math.ceil((moment - first) / period) * period
        if not answers(probe, does, ports, look - started):
            return look
    return None
