"""What a panel says of a control loop of our own that fails: which error, since when, when it is tried again."""

from typing import Any

from core.dashboard.inspect.view import View, span

Failure = dict[str, Any]
"""A row of the status, see `core.engine.status.FAILURE`."""


def failures_of(view: View, component: str, node: str = "", loop: str = "") -> list[Failure]:
    """What fails of a process, or of one loop of it; what fails of the whole role it belongs to counts for it too."""
    return [failure for failure in view.status["failures"] if concerns(failure, component, node, loop)]


def concerns(failure: Failure, component: str, node: str, loop: str) -> bool:
    if not failure["loop"]:
        return bool(failure["component"] == ("nodes" if node else "control-plane"))
    if loop and failure["loop"] != loop:
        return False
    return (failure["component"], failure["node"]) == (component, node)


def why_failed(view: View, failures: list[Failure]) -> str:
    """The sentence on top of a panel about the first of `failures`; empty when nothing fails."""
    if not failures:
        return ""
    failure, more = failures[0], len(failures) - 1
    since = span(view.now - failure["since"])
    if not failure["loop"]:
        subject = f"Nothing of the {failure['component']} has been driven for {since}"
    elif failure["key"]:
        others = f" and {failure['keys'] - 1} more" if failure["keys"] > 1 else ""
        subject = (
            f"The loop {failure['loop']} has failed on {failure['key']}{others} for {since}; it works on the others"
        )
    else:
        subject = f"The loop {failure['loop']} has not run for {since}; the loops beside it do"
    left = failure["next_try"] - view.now
    again = f"in {span(left)}" if left > 0 else "now"
    besides = f" {more} more loop{'s fail' if more > 1 else ' fails'} besides." if more else ""
    return (
        f"Why does it fail? {subject}: {failure['error']}. This is a fault of the simulator itself, not of the cluster. "
        f"It was tried {failure['tries']}×, and is tried again {again}.{besides}"
    )
