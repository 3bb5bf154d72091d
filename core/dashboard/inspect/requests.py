"""Requests as rows: each once, from when it began to wait until it is answered, with the stages it went through.

The time that is told is the cluster's own: how long a client waited. How much CPU a request took here is a footnote.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from core.dashboard.feed.happenings import Entry
from core.dashboard.inspect.view import View

LOOKED_AT = 4  # times as many entries as rows: a request that waited has two
MARGIN = 3.0  # wall seconds after which a request that waits too long is taken for never answered


def last_requests(view: View, most: int) -> list[dict[str, Any]]:
    """The newest `most` requests, newest first."""
    entries = each_once(view.journal(["request"], most * LOOKED_AT))
    return [request_row(view, entry) for entry in entries[:most]]


def each_once(entries: Iterable[Entry]) -> list[Entry]:
    """Without the entries that told that a request waits, where another tells what it was answered."""
    found = list(entries)
    answered = {entry.data["of"] for entry in found if "of" in entry.data}
    return [entry for entry in found if not (entry.data.get("waits") and entry.seq in answered)]


def waterfall(lines: Sequence[Sequence[Any]], total: int) -> list[dict[str, Any]]:
    """The stages of a request, each with when it began and how long it took, in µs and as a share of the whole.

    A line of the journal is (stage, verdict, who said so, µs since the line before); an admission stage has a line for
    each plugin that spoke.
    """
    rows: list[dict[str, Any]] = []
    begun = 0
    for stage, run in groupby(lines, key=lambda line: str(line[0])):
        spoken = list(run)
        micros = sum(line[3] for line in spoken if len(line) > 3)
        verdicts = [str(line[1]) for line in spoken]
        rows.append(
            {
                "stage": stage,
                "verdict": "; ".join(verdicts),
                "who": "; ".join(str(line[2]) for line in spoken if len(line) > 2 and line[2]),
                "refused": any(verdict.startswith(("refused", "denied", "invalid")) for verdict in verdicts),
                "micros": micros,
                "left": round(100 * begun / max(1, total), 2),
                "share": round(100 * micros / max(1, total), 2),
            }
        )
        begun += micros
    return rows


def request_row(view: View, entry: Entry) -> dict[str, Any]:
    data = entry.data
    subject = "/".join(filter(None, (data.get("namespace"), data.get("name"))))
    resource = data.get("resource", "") + (f"/{data['subresource']}" if data.get("subresource") else "")
    waits = bool(data.get("waits"))
    code = data.get("code", 0)
    return {
        "verb": data.get("verb"),
        "resource": resource,
        "subject": subject,
        "waits": waits,
        "code": "…" if waits else code,
        "failed": not waits and code >= 400,
        "actor": entry.actor,
        "message": "" if waits else data.get("message", ""),
        "took": waiting_words(view, entry) if waits else took_words(data),
        "stages": waterfall(data.get("stages") or (), data.get("micros", 0)),
        "millis": data.get("micros", 0) / 1000,
        "ago": "" if waits else view.ago(entry.time),
    }


def took_words(data: dict[str, Any]) -> str:
    """`answered at once`, `answered after 7.0 s`"""
    waited = data.get("waited")
    return "answered at once" if waited is None else f"answered after {waited:.1f} s"


def waiting_words(view: View, entry: Entry) -> str:
    """`waits for etcd, 3.2 of 7 s`. The patience of a client is its own time, which is the cluster's only at speed 1."""
    what, patience = entry.data["waits"], entry.data.get("patience") or 0.0
    passed = max(0.0, view.now - entry.time)
    clock = view.status["clock"]
    so_far = f"waits for {what}, {passed:.1f} s so far"
    if not patience:
        return f"{so_far}: who asks keeps trying"
    if clock["paused"]:
        return f"{so_far}: the clock stands, its client does not"
    if passed > (patience + MARGIN) * clock["speed"]:
        return f"waited for {what}; an answer was not recorded"
    if clock["speed"] == 1:
        return f"waits for {what}, {passed:.1f} of {patience:g} s"
    return f"{so_far}; after {patience:g} s of its own time its client is answered"
