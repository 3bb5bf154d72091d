"""The workers: which process drives which role of which cluster, what it waits for, and what becomes of it when killed.

Facts come from `core.engine.crew`; this module puts them into words. The commands are the real ones: it is the machine that
runs the clusters which is killed here, not a part that is simulated.
"""

import socket
from typing import Any, NamedTuple

from cluster_viz.beat import SWEEP_EVERY
from core.controllers.nodelifecycle import GRACE
from core.dashboard.feed.tail import POLL_SECONDS
from core.dashboard.inspect.view import Panel, View, counted, span
from core.engine.clock import WallClock
from core.engine.crew import Broker, Post, ask_redis, crew, is_running, posts
from core.engine.supervisor import RESTART_PAUSE
from core.engine.tasks import LOOKAHEAD, SLICE

SOON, LATE = RESTART_PAUSE
RESTARTED = f"The supervisor starts it again after {SOON:g} s, or up to {LATE:g} s if it keeps dying."
NOT_RESTARTED = "It has no supervisor here: whoever started it must start it again."


class About(NamedTuple):
    what: str
    killed: str


PROCESSES = {
    # process → what it is, and what follows when it is killed
    "control-plane": About(
        "a Celery worker: controllers, scheduler, cloud, etcd's ticks",
        "Nothing converges until it is back; what runs, runs on. The next process claims the role with a new epoch, reads "
        "everything from the database and goes on.",
    ),
    "nodes": About(
        "a Celery worker: kubelets, container runtimes, kube-proxies",
        f"No heartbeats until it is back; after {GRACE:g} s of the cluster's time without one, nodes become "
        "NotReady. Containers are rows of the database: they run on.",
    ),
    "web": About(
        "daphne with these pages, uvicorn with the Kubernetes API, in one process",
        "Nobody answers until it is back; pages come back by themselves, kubectl's watches end. The workers go on.",
    ),
    "beat": About(
        f"Celery's beat: asks for a sweep every {SWEEP_EVERY:g} s",
        f"Timers more than {LOOKAHEAD:g} s away, and wake-ups that were lost, wait until it is back.",
    ),
    "redis": About(
        "Celery's broker, the wake-ups, Channels' layer",
        f"Nobody is woken until it is back; then the workers begin afresh. Writes are answered, and pictures look once in "
        f"{POLL_SECONDS:g} s. It holds nothing that matters.",
    ),
}


def workers(view: View, subject: str) -> Panel:
    broker = ask_redis(view.cluster.pk)
    rows = role_rows(view, others=True)
    return Panel(
        kick="Celery",
        title="The workers",
        tone="ctl",
        why=why(view, [row for row in rows if row["own"]], broker),
        wrong=broker is None or any(row["wrong"] for row in rows if row["own"]),
        facts=broker_facts(broker, WallClock().wall()),
        commands=["kubectl -n kube-system get pods -o wide", "kubectl -n kube-system get leases"],
        template="dashboard/inspect/workers.html",
        more={"rows": rows, "queues": queue_rows(broker), "processes": process_rows(rows, broker)},
    )


def why(view: View, rows: list[dict[str, Any]], broker: Broker | None) -> str:
    gone = [row for row in rows if row["wrong"]]
    if broker is None:
        return "Why does nothing move? Redis does not answer, so nobody can be woken. Writes are answered all the same."
    if gone:
        return f"Why does nothing move? Nobody drives the {gone[0]['role']}: {gone[0]['worker']}."
    if view.cluster.paused:
        return "What are they doing? They rest: the clock stands. A step drives both roles from where it is asked for."
    return (
        "What are they doing? One Celery worker drives each role of this cluster: it is woken by a commit or a timer, works "
        f"in slices of {SLICE:g} s, and sleeps. It holds nothing that matters, so it may be killed at any instruction."
    )


def role_rows(view: View, *, others: bool) -> list[dict[str, Any]]:
    """The roles of this cluster, and with `others` of all, each with its worker in words."""
    wall = WallClock().wall()
    found = posts(view.cluster, wall)
    return [role_row(post, wall, view.cluster.name) for post in found if others or post.cluster == view.cluster.name]


def role_row(post: Post, wall: float, own: str) -> dict[str, Any]:
    running = None if post.pid is None else is_running(post.host, post.pid, post.role)
    return {
        "cluster": post.cluster,
        "own": post.cluster == own,
        "role": post.role,
        "worker": worker_words(post, running),
        "wrong": running is False,
        "pid": post.pid if running else None,
        "epoch": post.epoch,
        "since": f"{span(wall - post.since)} ago" if post.since else "not noted",
        "driven": f"{span(wall - post.driven)} ago" if post.driven else "never",
        "due": due_words(post.due),
    }


def worker_words(post: Post, running: bool | None) -> str:
    if post.pid is None:
        return "stepped by hand" if post.host == "stepper" else "nobody yet"
    if running is False:
        return f"process {post.pid} is not there any more"
    return post.worker + ("" if running else f" (on {post.host}, not seen from {socket.gethostname()})")


def due_words(due: float | None) -> str:
    """`due`: wall seconds from now; None: only an event wakes it; infinite: the clock stands."""
    if due is None:
        return "when something changes"
    if due == float("inf"):
        return "when the clock runs"
    return f"in {span(due)}" if due >= 1 else "now"


def broker_facts(broker: Broker | None, wall: float) -> list[tuple[str, Any]]:
    if broker is None:
        return [("Redis", "does not answer")]
    sweep = "not seen" if broker.swept is None else f"{span(wall - broker.swept)} ago"
    return [("Redis", f"{broker.version}, for {span(broker.uptime)}"), ("last sweep", sweep)]


def queue_rows(broker: Broker | None) -> list[dict[str, Any]]:
    """Each queue with what waits in it, and whose wake-ups go there."""
    if broker is None:
        return []
    return [
        {
            "name": queue,
            "waiting": counted(length, "task"),
            "note": ", ".join(
                f"{role} of this cluster goes here" + (", woken just now" if role in broker.woken else "")
                for role, at in broker.homes.items()
                if at == queue
            ),
        }
        for queue, length in sorted(broker.queues.items())
    ]


def process_rows(rows: list[dict[str, Any]], broker: Broker | None) -> list[dict[str, Any]]:
    """What each process is, the command that kills it, and what then happens. Only processes of this machine have one."""
    watched = crew()
    known = {row["role"]: row["pid"] for row in rows if row["own"] and row["pid"]}
    if broker is not None and "redis" in watched:
        known["redis"] = broker.pid
    pids = known | watched
    return [
        {
            "name": name,
            "what": about.what,
            "command": f"kill -9 {pids[name]}" if name in pids else "",
            "killed": f"{about.killed} {RESTARTED if name in watched else NOT_RESTARTED}" if name in pids else "",
        }
        for name, about in PROCESSES.items()
    ]
