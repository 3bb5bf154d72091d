"""An etcd member: why it is what it is, its log and who else holds each entry, its peers, and what can be done to it."""

from typing import Any

from core.dashboard.inspect.view import Act, NothingThere, Panel, View, lifecycle
from core.models import Revision

LOG_SHOWN = 9


def member(view: View, name: str) -> Panel:
    members = view.status["etcd"]["members"]
    found = next((one for one in members if one["name"] == name), None)
    if found is None:
        raise NothingThere(f"there is no etcd member {name}; there are: {', '.join(one['name'] for one in members)}")
    role = found["role"] or found["state"]
    facts = [
        ("term", found["term"]),
        ("voted for", voted_for(found, members)),
        ("commit", found["commit"]),
        ("applied", found["applied"]),
        ("last index", found.get("last_index", "")),
        ("revision", revision_at(view, found["applied"])),
    ]
    return Panel(
        kick="etcd member",
        title=f"{name} · {role}",
        tone="etcd",
        why=why(view, found),
        wrong=found["state"] != "running" or not view.status["etcd"]["quorum"],
        facts=facts,
        acts=acts(view, found),
        commands=[
            f"etcdctl --endpoints={found.get('client_url') or name} endpoint status -w table",
            "etcdctl member list -w table",
        ],
        template="dashboard/inspect/member.html",
        more={"log": log(found, members), "peers": [peer(view, found, one) for one in members if one is not found]},
    )


def revision_at(view: View, index: int) -> int:
    """The member's own revision, as `etcdctl endpoint status` shows it: what it has applied, not what the others have."""
    applied = Revision.objects.filter(cluster=view.cluster, index__lte=index, revision__isnull=False).order_by("-index")
    return applied.values_list("revision", flat=True).first() or 0


def voted_for(found: dict[str, Any], members: list[dict[str, Any]]) -> str:
    """The member's vote by name; Raft ids count from 1 in the order of the members."""
    vote = found.get("vote")
    if isinstance(vote, int):
        return members[vote - 1]["name"] if 0 < vote <= len(members) else "nobody"
    return vote or "nobody"


def why(view: View, found: dict[str, Any]) -> str:
    """One or two sentences, from what it hears now and from the votes and role changes that led here."""
    if found["state"] == "stopped":
        return why_stopped(view, found)
    if found["state"] == "paused":
        return (
            "Why does it not answer? Its process is paused: alive, but it neither hears nor speaks. The others "
            "take it for dead."
        )
    if found["blank"]:
        return (
            "Why does it not vote? Its disk was replaced and is still empty: it has forgotten what it once confirmed, so it "
            "neither stands nor votes until a leader has sent it everything."
        )
    return (why_leader if found["role"] == "leader" else why_other)(view, found)


def why_stopped(view: View, found: dict[str, Any]) -> str:
    fault = view.journal(["fault"], 1, target=found["name"], verb="kill")
    when = f" {view.ago(fault[0].time)}" if fault else ""
    if found["blank"]:
        return (
            f"Why does it not answer? It was stopped{when} and its disk was wiped: after a restart it is empty and has no "
            "vote until a leader has sent it everything."
        )
    return (
        f"Why does it not answer? It was stopped{when}. Its disk is kept: after a restart it catches up from the log of "
        "the leader, if there is one then."
    )


def why_leader(view: View, found: dict[str, Any]) -> str:
    """Who voted for it; and whether it still reaches those it leads."""
    name, term, etcd = found["name"], found["term"], view.status["etcd"]
    total, reached = len(etcd["members"]), len(found["hears"])
    if reached < etcd["needed"] or name != etcd["leader"]:
        return (
            f"Why is it still leader? Only in its own eyes: of {total} members it reaches {reached}, itself included, and "
            f"{etcd['needed']} must confirm a write. It can commit nothing, and steps down when it has missed a majority "
            "for as long as an election takes, or hears of a newer term."
        )
    votes = [
        entry.data["member"]
        for entry in view.journal(["raft.vote"], 40, candidate=name, term=term)
        if entry.data.get("granted") and not entry.data.get("pre")
    ]
    voters = sorted({name, *votes})
    became = view.journal(["raft.role"], 1, member=name, term=term, role="leader")
    when = f", {view.ago(became[0].time)}" if became else ""
    if len(voters) < etcd["needed"]:
        return f"Why is it leader? It won term {term}; who voted then is no longer remembered. Every write goes through it."
    return (
        f"Why is it leader? It asked for votes in term {term} and got {len(voters)} of {total}{when}: "
        f"{', '.join(voters)}. Every write goes through it."
    )


def why_other(view: View, found: dict[str, Any]) -> str:
    """A follower, a candidate, or one that hears nobody. What it believes is its own; what it hears is so."""
    name, term, etcd = found["name"], found["term"], view.status["etcd"]
    follows, hears = found["follows"], [peer for peer in found["hears"] if peer != name]
    leader = next((one for one in etcd["members"] if one["name"] == follows), None)
    if leader and follows in hears and (leader["role"], leader["term"]) == ("leader", term):
        return f"Why does it follow? It hears from {follows}, leader of term {term}, and holds what it is sent."
    heard = f"It hears only {', '.join(hears)}" if hears else "It hears nobody"
    last = f", and last followed {follows} in term {term}" if follows else f"; its own newest term is {term}"
    elsewhere = f" {etcd['leader']} leads elsewhere." if etcd["leader"] not in (None, name, *hears) else ""
    if len(hears) + 1 < etcd["needed"]:
        return (
            f"Why does it follow nobody? {heard}{last}: too few to elect a leader, so it asks in vain.{elsewhere} What the "
            "others wrote since is not here."
        )
    if not etcd["quorum"]:
        return (
            "Why is there no leader? Fewer than a majority of the members that remember answer each other: nobody can win "
            f"a term after {term}, and nothing can be written."
        )
    if etcd["leader"] in hears:
        return f"Why does it not follow yet? {heard}; {etcd['leader']} leads, and its next message makes it follow."
    return f"Why is it {found['role']}? It has heard no leader in time, and an election is under way (term {term})."


def acts(view: View, found: dict[str, Any]) -> list[Act]:
    name = found["name"]
    cut = {
        frozenset((fault["target"], fault["peer"])) for fault in view.status["faults"] if fault["kind"] == "partition"
    }
    wires = []
    for other in view.status["etcd"]["members"]:
        if other is not found and other["name"] != name:
            verb, word = (
                ("heal", "Join wire to") if frozenset((name, other["name"])) in cut else ("partition", "Cut wire to")
            )
            wires.append(Act(verb, name, other["name"], f"{word} {other['name']}"))
    wipe = [Act("wipe", name, label="Wipe disk")] if found["state"] == "stopped" else []
    return [*lifecycle(name, found["state"]), *wipe, *wires]


def log(found: dict[str, Any], members: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The newest entries, newest first, each with the members that hold it."""
    shown = []
    for index, term, key, *_ in reversed((found.get("log") or [])[-LOG_SHOWN:]):
        held = [one["name"] for one in members if holds(one, index, term)]
        path = (key or "").removeprefix("/registry/")
        shown.append(
            {
                "index": index,
                "term": term,
                "key": path or "no-op (new term)",
                "committed": index <= found["commit"],
                "held": held,
                "of": len(members),
            }
        )
    return shown


def holds(member: dict[str, Any], index: int, term: int) -> bool:
    """Whether the member has entry (index, term): named in its tail, or older than the tail it shows."""
    tail = member.get("log") or []
    if any(entry[0] == index and entry[1] == term for entry in tail):
        return True
    return bool(tail) and index < tail[0][0] and index <= member.get("last_index", 0)


def peer(view: View, found: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    match = found.get("match")
    index = match.get(other["name"]) if isinstance(match, dict) else other.get("last_index")
    return {
        "name": other["name"],
        "match": index,
        "role": other["role"] or other["state"],
        "state": other["state"],
        "term": other["term"],
    }
