"""Which completions of an Indexed Job are done: sets of numbers, as the status writes them (`0,2-4`). Pure functions.

Reference: `pkg/controller/job/{indexed_job_utils,success_policy}.go`.
"""

from collections.abc import Collection, Iterable
from typing import Any

SUCCESS_POLICY = ("SuccessPolicy", "Matched rules at index {rule}")


def parse_indexes(text: str, completions: int) -> set[int]:
    """The numbers of `0,2-4` below `completions`."""
    found: set[int] = set()
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        found.update(range(int(first), min(int(last or first) + 1, completions)))
    return {index for index in found if index < completions}


def format_indexes(indexes: Iterable[int]) -> str:
    """`0,2-4`: neighbours of three and more are written as a range, two of them with a comma."""
    runs: list[list[int]] = []
    for index in sorted(indexes):
        if runs and runs[-1][-1] == index - 1:
            runs[-1].append(index)
        else:
            runs.append([index])
    return ",".join(
        str(run[0]) if len(run) == 1 else f"{run[0]},{run[1]}" if len(run) == 2 else f"{run[0]}-{run[-1]}"
        for run in runs
    )


def pending_indexes(completions: int, settled: Collection[int]) -> list[int]:
    """The indexes that are neither done, nor failed for good, nor at work."""
    return [index for index in range(completions) if index not in settled]


def met_policy(spec: dict[str, Any], done: set[int]) -> tuple[str, str] | None:
    """Reason and message of the first rule of `successPolicy` that is met."""
    for number, rule in enumerate((spec.get("successPolicy") or {}).get("rules") or ()):
        wanted = rule.get("succeededIndexes")
        counting = done if wanted is None else done & parse_indexes(wanted, spec["completions"])
        enough = rule.get("succeededCount")
        if enough is None:
            enough = len(parse_indexes(wanted or "", spec["completions"]))
        if len(counting) >= enough:
            reason, message = SUCCESS_POLICY
            return reason, message.format(rule=number)
    return None
