"""The verbs of breaking and healing, as a table: what each does to which kind of target.

Every act is one transaction under the cluster's lock that bumps `Cluster.topology`, journals a `fault` entry, and is
announced, so that the picture and the drivers follow. It asks nothing of the cluster's API, which may be down.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Q, QuerySet

from core.etcd import Group, Transaction
from core.etcd.members import Member, State
from core.etcd.raft import needed
from core.etcd.status import PARTITION
from core.faults import wordings
from core.journal import Announcement, announce
from core.models import Cluster, ClusterObject, Component, Fault

POD = "pod"
APISERVER = "apiserver"
KILL = "kill"  # the kind of the row that asks the nodes' driver to kill a pod


class UnknownTarget(LookupError):
    """There is no such target; `valid` names those there are."""

    def __init__(self, target: str, valid: list[str]) -> None:
        super().__init__(f"there is no target {target!r}; there are: {', '.join(valid)}")
        self.valid = valid


class NothingToDo(ValueError):
    """The target is already so (killing what is dead); nothing changed. The message says it."""


@dataclass(frozen=True, slots=True)
class Done:
    """What an act did, as a sentence for a person: `etcd-0 was killed: 2 of 3 members run, a quorum needs 2 …`."""

    message: str


@dataclass(frozen=True, slots=True)
class Act:
    """One wish to break or heal, and the section it happens in."""

    section: Transaction
    verb: str
    target: str
    peer: str

    @property
    def cluster(self) -> Cluster:
        return self.section.cluster

    def refuse(self, text: str) -> NothingToDo:
        return NothingToDo(text.format(target=self.target, peer=self.peer))


class Turn(NamedTuple):
    """From which states a verb leads to which."""

    sources: frozenset[str]
    result: State


TURNS = {
    "kill": Turn(frozenset({State.RUNNING, State.PAUSED}), State.STOPPED),
    "restart": Turn(frozenset({State.STOPPED, State.PAUSED}), State.RUNNING),
    "pause": Turn(frozenset({State.RUNNING}), State.PAUSED),
    "resume": Turn(frozenset({State.PAUSED}), State.RUNNING),
}


def act(
    cluster: Cluster, verb: str, target: str, peer: str = "", *, by: str = "", now: Callable[[Cluster], float]
) -> Done:
    """Do `verb` (kill, restart, pause, resume, wipe, partition, heal) to `target`. Raises UnknownTarget, NothingToDo."""
    if target == APISERVER and peer:
        target, peer = peer, target  # a wire has two ends; its fault is kept with the node
    with Group(cluster.pk, now).transaction() as section:
        kind = _kind(section.cluster, target)
        handler = TABLE[kind].get(verb)
        if handler is None:
            raise NothingToDo(f"a {kind} cannot {verb}; it can: {', '.join(TABLE[kind])}")
        message = handler(Act(section, verb, target, peer))
        section.cluster.topology += 1
        Cluster.objects.filter(pk=cluster.pk).update(topology=section.cluster.topology)
        section.record("fault", by, verb=verb, target=target, peer=peer, by=by, message=message)
        section.on_commit.append(
            lambda: announce(
                Announcement(
                    cluster.pk, section.revision, section.cluster.journal_seq, resources_of(section), topology=True
                )
            )
        )
    cluster.refresh_from_db()
    return Done(message)


def targets(cluster: Cluster) -> list[str]:
    """Every target a fault can name now: etcd members and components; pods are named `pod/NAMESPACE/NAME`."""
    members = cluster.members.order_by("node_id").values_list("name", flat=True)
    return [*members, *cluster.components.order_by("id").values_list("target", flat=True)]


def resources_of(section: Transaction) -> frozenset[str]:
    """What a change of members let through: entries that had waited for a majority."""
    return frozenset(key.split("/")[2] for key in (change.key for change in section.changes) if key.count("/") > 2)


def _kind(cluster: Cluster, target: str) -> str:
    if cluster.members.filter(name=target).exists():
        return "member"
    if target.startswith(f"{POD}/"):
        _, _, rest = target.partition("/")
        namespace, _, name = rest.partition("/")
        if ClusterObject.objects.filter(cluster=cluster, resource="pods", namespace=namespace, name=name).exists():
            return POD
        pods = ClusterObject.objects.filter(cluster=cluster, resource="pods").order_by("key")[:20]
        raise UnknownTarget(target, [f"{POD}/{pod.namespace}/{pod.name}" for pod in pods] or targets(cluster))
    component = Component.objects.filter(cluster=cluster, target=target).first()
    if component is None:
        raise UnknownTarget(target, targets(cluster))
    return "node" if component.kind == "node" else "component"


# -- etcd members -----------------------------------------------------------------------------------------------------


def turn_member(act: Act) -> str:
    member = _member(act)
    turn = TURNS[act.verb]
    if member.state not in turn.sources:
        raise act.refuse(wordings.ALREADY[act.verb])
    if act.verb == "restart" and member.state == State.PAUSED:
        act.section.set_state(member, State.STOPPED)
    act.section.set_state(member, turn.result)
    act.section.record("component", act.target, target=act.target, state=str(turn.result))
    return _said(act)


def wipe_member(act: Act) -> str:
    member = _member(act)
    if member.state != State.STOPPED:
        raise act.refuse(wordings.ALREADY["wipe"])
    others = [other for other in act.section.members if other is not member and not other.blank]
    if len(others) < needed(len(act.section.members)):
        raise act.refuse(wordings.LAST_COPIES)
    member.wipe()
    return _said(act)


def _member(act: Act) -> Member:
    member = act.section.member(act.target)
    assert member is not None
    return member


def _said(act: Act) -> str:
    left = wordings.members_left(act.section.verdict())
    return f"{act.target} {wordings.PAST[act.verb]}: {left}"


# -- Components, nodes and pods -----------------------------------------------------------------------------------------


def turn_component(act: Act) -> str:
    row = Component.objects.get(cluster=act.cluster, target=act.target)
    turn = TURNS[act.verb]
    if row.state not in turn.sources:
        raise act.refuse(wordings.ALREADY[act.verb])
    row.state, row.since = turn.result, act.section.now
    if act.verb == "restart":
        row.starts += 1
    row.save(update_fields=["state", "since", "starts"])
    act.section.record("component", act.target, target=act.target, state=str(turn.result))
    return f"{act.target} {wordings.PAST[act.verb]}"


def kill_pod(act: Act) -> str:
    """The node's driver kills its processes; the kubelet notices, and restarts them as its policy says."""
    if Fault.objects.filter(cluster=act.cluster, kind=KILL, target=act.target, healed=None).exists():
        raise act.refuse("{target} is being killed already")
    Fault.objects.create(cluster=act.cluster, kind=KILL, target=act.target, since=act.section.now)
    return f"the processes of {act.target.removeprefix('pod/')} were killed; its kubelet will notice"


# -- Wires ------------------------------------------------------------------------------------------------------------


def cut_wire(act: Act) -> str:
    _check_wire(act)
    if _cut(act).exists():
        raise act.refuse(wordings.CUT_ALREADY)
    Fault.objects.create(cluster=act.cluster, kind=PARTITION, target=act.target, peer=act.peer, since=act.section.now)
    return _rewired(act, f"the wire between {act.target} and {act.peer} was cut")


def join_wire(act: Act) -> str:
    """Without a peer, all cut wires of the target are joined."""
    if act.peer:
        _check_wire(act)
    found = _cut(act)
    if not found.update(healed=act.section.now):
        raise act.refuse(wordings.NOT_CUT if act.peer else wordings.NOTHING_CUT)
    whole = (
        f"the wire between {act.target} and {act.peer} is whole again"
        if act.peer
        else f"all wires of {act.target} are whole again"
    )
    return _rewired(act, whole)


def _check_wire(act: Act) -> None:
    if not act.peer:
        raise act.refuse(wordings.NO_PEER)
    kinds = {_kind(act.cluster, act.target), _kind(act.cluster, act.peer)}
    if act.target == act.peer or (
        kinds != {"member"} and kinds != {"node"} and not (kinds == {"node", "component"} and act.peer == APISERVER)
    ):
        raise act.refuse(wordings.NO_WIRE)


def _cut(act: Act) -> QuerySet[Fault]:
    here = Fault.objects.filter(cluster=act.cluster, kind=PARTITION, healed=None)
    if not act.peer:
        return here.filter(Q(target=act.target) | Q(peer=act.target))
    return here.filter(Q(target=act.target, peer=act.peer) | Q(target=act.peer, peer=act.target))


def _rewired(act: Act, text: str) -> str:
    if act.section.member(act.target) is None:
        return text
    act.section.wires_changed()
    return f"{text}: {wordings.members_left(act.section.verdict())}"


Handler = Callable[[Act], str]

TABLE: dict[str, dict[str, Handler]] = {
    "member": {
        **dict.fromkeys(TURNS, turn_member),
        "wipe": wipe_member,
        "partition": cut_wire,
        "heal": join_wire,
    },
    "component": dict.fromkeys(TURNS, turn_component),
    "node": {**dict.fromkeys(TURNS, turn_component), "partition": cut_wire, "heal": join_wire},
    POD: {KILL: kill_pod},
}
VERBS = tuple(dict.fromkeys(verb for handlers in TABLE.values() for verb in handlers))
