"""Objects as the picture needs them."""

from typing import Any

import pytest

from core.dashboard.feed.compact import columns, compact
from core.dashboard.feed.pods import dots_of, tone_of, word_of


def pod(phase: str = "Running", *states: dict[str, Any], **meta: Any) -> dict[str, Any]:
    containers = [{"name": f"c{i}"} for i in range(max(1, len(states)))]
    statuses = [{"name": f"c{i}", **state} for i, state in enumerate(states)]
    return {
        "metadata": {"name": "p", "namespace": "default", **meta},
        "spec": {"containers": containers},
        "status": {"phase": phase, "containerStatuses": statuses},
    }


RUNNING = {"state": {"running": {}}, "ready": True}
WAITING = {"state": {"waiting": {"reason": "CrashLoopBackOff"}}}
CREATING = {"state": {"waiting": {"reason": "ContainerCreating"}}}
FAILED = {"state": {"terminated": {"exitCode": 1, "reason": "Error"}}}
DONE = {"state": {"terminated": {"exitCode": 0, "reason": "Completed"}}}

WORDS = {
    "running": (pod("Running", RUNNING), "Running", "ok", "r"),
    "pending": (pod("Pending"), "Pending", "wait", "w"),
    "creating": (pod("Pending", CREATING), "ContainerCreating", "make", "w"),
    "crashing": (pod("Running", WAITING), "CrashLoopBackOff", "bad", "x"),
    "one of two failed": (pod("Running", RUNNING, FAILED), "Error", "bad", "rx"),
    "done": (pod("Succeeded", DONE), "Completed", "done", "d"),
    "being deleted": (pod("Running", RUNNING, deletionTimestamp="2026-01-01T00:00:00Z"), "Terminating", "gone", "r"),
}


@pytest.mark.parametrize(("obj", "word", "tone", "dots"), WORDS.values(), ids=WORDS)
def test_pod_has_kubectls_word_and_a_tone(obj: Any, word: str, tone: str, dots: str) -> None:
    assert (word_of(obj), tone_of(word), dots_of(obj)) == (word, tone, dots)


def test_requests_are_summed_over_containers() -> None:
    obj = pod("Running", RUNNING, RUNNING)
    for container in obj["spec"]["containers"]:
        container["resources"] = {"requests": {"cpu": "250m", "memory": "64Mi"}}
    state = compact("pods", obj)
    assert state is not None
    assert (state["cpu"], state["mem"]) == (500, 128 * 2**20)


def test_what_is_not_drawn_is_not_sent() -> None:
    assert compact("secrets", {"metadata": {"name": "s"}}) is None
    assert compact("leases.coordination.k8s.io", {"metadata": {"name": "l", "namespace": "kube-system"}}) is None


def test_rows_travel_as_columns() -> None:
    assert columns({"a": {"x": 1}, "b": {"x": 2}}) == {"key": ["a", "b"], "x": [1, 2]}
    assert columns({}) == {"key": []}
