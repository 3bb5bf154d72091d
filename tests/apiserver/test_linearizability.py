"""Clients of several API servers, and faults of etcd between them: every answer is one that a single store could give.

In virtual time, so seeds repeat; `make soak` tries more of them. The watchers are judged by the same log: no gap, no
repeat, in order, resumable, and 410 once what they want is compacted (etcd's checks of watches).
"""

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from core.apiserver.server import ApiServer
from core.apiserver.watch import Watch
from core.engine import clusters
from core.engine.clock import ManualClock
from core.etcd.mvcc import changes_since
from core.faults import NothingToDo, act
from core.kube.errors import ApiError, StoreTimeout
from core.kube.requests import Request
from tests.apiserver.history import Entry, NotLinearizable, Op, check
from tests.world import START

pytestmark = [pytest.mark.search, pytest.mark.django_db(transaction=True)]

SEEDS = range(max(6, int(os.environ.get("SEEDS", "0")) // 100))
STEPS = 250
KEYS = ("a", "b", "c", "d")
WINDOW = 40  # changes a server remembers for watchers, so that some come too late
FAULTS = ("kill", "kill", "restart", "restart", "pause", "resume", "partition", "heal", "heal", "wipe")


class Watcher:
    """A client that follows the ConfigMaps and comes back after its connection broke or it was told 410."""

    def __init__(self, server: ApiServer, start: int) -> None:
        self.seen: list[tuple[str, Entry]] = []
        self.begun = start
        self.revision = start
        self.expired = 0
        self.open(server)

    def open(self, server: ApiServer) -> None:
        self.server = server
        options = {"resourceVersion": str(self.revision), "allowWatchBookmarks": True}
        self.watch: Watch = server.watch(
            Request("watch", "configmaps", "default", options=options, user=clusters.ADMIN)
        )

    def poll(self) -> bool:
        """Whether it may go on; False: 410, and a new one has to list."""
        self.server.cache.catch_up()
        for event in self.watch.poll():
            if event["type"] == "ERROR":
                assert event["object"]["code"] == 410
                return False
            self.take(event)
        mark = int(self.watch.bookmark()["object"]["metadata"]["resourceVersion"])
        assert mark >= self.revision, "a bookmark never lies before what was told"
        self.revision = mark
        return True

    def take(self, event: dict[str, Any]) -> None:
        meta = event["object"]["metadata"]
        revision = int(meta["resourceVersion"])
        assert revision > self.revision, "in order, and nothing twice"
        self.revision = revision
        value = None if event["type"] == "DELETED" else event["object"]["data"]["v"]
        self.seen.append((event["type"], Entry(revision, meta["name"], value)))


class Run:
    """One seed: what clients did and were told, what was committed, what watchers saw."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.clock = ManualClock(START)
        members = self.random.choice((1, 3, 3, 5))
        self.cluster = clusters.create("lin", members=members, workers=0, seed=seed, start=START, clock=self.clock)
        self.servers = [ApiServer(self.cluster.pk, self.clock.now, window=WINDOW) for _ in range(3)]
        self.time = self.written = 0
        self.ops: list[Op] = []
        self.log: list[Entry] = []
        self.logged = self.cluster.revision
        self.told: dict[str, int] = {}  # key → the revision some client was told last
        self.watchers = [Watcher(server, self.logged) for server in self.servers]
        self.lost: list[Watcher] = []

    def go(self) -> "Run":
        for _ in range(STEPS):
            draw = self.random.random()
            if draw < 0.60:
                self.write()
            elif draw < 0.75:
                self.read()
            elif draw < 0.83:
                self.fault()
            elif draw < 0.93:
                self.clock.time += self.random.choice((0.1, 0.5, 2.0, 4.0))
            elif draw < 0.95:
                self.compact()
            else:
                self.follow()
        self.heal()
        self.follow(everybody=True)
        return self

    # -- Clients ------------------------------------------------------------------------------------------------------

    def write(self) -> None:
        """A few requests in one batch: they begin together."""
        batch = [self.wish() for _ in range(self.random.choice((1, 1, 2, 5)))]
        with self.period() as (begin, server):
            answers = server.execute([request for request, _ in batch])
        for (request, expected), answer in zip(batch, answers, strict=True):
            op = Op("written", request.name, begin, self.time, self.newest, expected=expected)
            if request.verb != "delete":
                op.value = request.body["data"]["v"]
            self.judge(op, request.verb, answer)
            self.ops.append(op)

    def wish(self) -> tuple[Request, int | None]:
        """A request, and the revision its key must have for it to succeed."""
        key, told = self.random.choice(KEYS), self.told
        self.written += 1
        obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": key}, "data": {"v": f"v{self.written}"}}
        verb = self.random.choice(("create", "update", "update", "compare", "compare", "delete"))
        if verb == "delete":
            return Request("delete", "configmaps", "default", key, user=clusters.ADMIN), None
        expected = {"create": 0, "update": None, "compare": told.get(key)}[verb]
        if expected:
            obj["metadata"]["resourceVersion"] = str(expected)
        verb = "create" if verb == "create" else "update"
        return Request(verb, "configmaps", "default", key, body=obj, user=clusters.ADMIN), expected

    def judge(self, op: Op, verb: str, answer: Any) -> None:
        """What the answer says about the write."""
        if isinstance(answer, StoreTimeout):
            op.did = "untouched" if answer.is_untouched else "unknown"
        elif isinstance(answer, ApiError):
            op.did = "refused"
            assert answer.code in (404, 409), answer.message
            if answer.code == 404:  # it was not there, so not at any revision either
                op.did, op.value, op.revision = "read", None, None
        elif verb == "delete":
            op.revision = None  # its answer does not say
        else:
            op.revision = self.told[op.key] = int(answer["metadata"]["resourceVersion"])

    def read(self) -> None:
        key = self.random.choice((*KEYS, ""))
        request = Request("get" if key else "list", "configmaps", "default", key, user=clusters.ADMIN)
        with self.period() as (begin, server):
            answer = server.read(request)
        op = Op("read" if key else "listed", key, begin, self.time, self.newest)
        if isinstance(answer, StoreTimeout):
            return
        if not key:
            op.revision = int(answer["metadata"]["resourceVersion"])
            # The cluster itself keeps one more in each namespace, kube-root-ca.crt.
            op.items = {
                name: (item["data"]["v"], int(item["metadata"]["resourceVersion"]))
                for item in answer["items"]
                if (name := item["metadata"]["name"]) in KEYS
            }
        elif not isinstance(answer, ApiError):
            op.value, op.revision = answer["data"]["v"], int(answer["metadata"]["resourceVersion"])
            self.told[key] = op.revision
        self.ops.append(op)

    @contextmanager
    def period(self) -> Iterator[tuple[int, ApiServer]]:
        self.time += 1
        yield self.time, self.random.choice(self.servers)
        self.time += 1
        self.follow_log()

    def follow_log(self) -> None:
        for change in changes_since(self.cluster.pk, self.logged):
            assert change.revision == self.logged + 1, "revisions have no gaps"
            self.logged = change.revision
            name = change.key.rpartition("/")[2]
            if change.key.startswith("/registry/configmaps/default/") and name in KEYS:
                value = change.value.decode().partition('"v":"')[2].partition('"')[0] if change.value else None
                self.log.append(Entry(change.revision, name, value))

    @property
    def newest(self) -> int:
        return self.logged

    # -- Faults -------------------------------------------------------------------------------------------------------

    def fault(self) -> None:
        names = list(self.cluster.members.order_by("node_id").values_list("name", flat=True))
        verb, target = self.random.choice(FAULTS), self.random.choice(names)
        peer = self.random.choice(names) if verb == "partition" else ""
        with suppress(NothingToDo):
            act(self.cluster, verb, target, peer, now=self.clock.now)
        self.follow_log()

    def compact(self) -> None:
        server = self.servers[0]
        with server.group.transaction() as section, suppress(LookupError):
            section.compact(max(1, section.revision - self.random.choice((0, 5, 30))))
        self.follow_log()

    def heal(self) -> None:
        for member in self.cluster.members.all():
            for verb in ("restart", "heal"):
                with suppress(NothingToDo):
                    act(self.cluster, verb, member.name, now=self.clock.now)
        for _ in range(3):
            self.clock.time += 4.0
            self.write()
        late = [op for op in self.ops if op.end == self.time]
        assert not [op for op in late if op.did in ("unknown", "untouched")], "it goes on by itself"

    # -- Watchers -----------------------------------------------------------------------------------------------------

    def follow(self, *, everybody: bool = False) -> None:
        for position, watcher in enumerate(self.watchers):
            if everybody or self.random.random() < 0.4:
                server = self.random.choice(self.servers)
                if not watcher.poll():
                    self.lost.append(watcher)
                    server.cache.catch_up()
                    self.watchers[position] = Watcher(server, server.cache.revision)
                elif self.random.random() < 0.3:
                    watcher.open(server)  # its connection broke; it resumes, at another server

    def check_watchers(self) -> None:
        for watcher in (*self.watchers, *self.lost):
            seen = [entry for _, entry in watcher.seen if entry.key in KEYS]
            assert seen == [entry for entry in self.log if watcher.begun < entry.revision <= watcher.revision]
            there = {entry.key for entry in self.log_until(watcher.begun) if entry.value is not None}
            for kind, entry in watcher.seen:
                wanted = "DELETED" if entry.value is None else "MODIFIED" if entry.key in there else "ADDED"
                assert kind == wanted, entry
                there = there - {entry.key} if entry.value is None else there | {entry.key}

    def log_until(self, revision: int) -> list[Entry]:
        newest = {entry.key: entry for entry in self.log if entry.revision <= revision}
        return list(newest.values())


@pytest.mark.parametrize("seed", SEEDS)
def test_every_answer_is_one_that_a_single_store_could_give(seed: int) -> None:
    run = Run(seed).go()
    check(run.ops, run.log)
    run.check_watchers()


def test_the_runs_are_eventful() -> None:
    """Otherwise the checks above are idle: there are unknown writes, refusals, reads, and watchers told to list anew."""
    run = Run(1).go()
    assert {op.did for op in run.ops} == {"written", "refused", "unknown", "untouched", "read", "listed"}
    assert run.lost, "a watcher came too late"
    assert len(run.log) > 50


# -- The checker is not blind: histories known to be bad ---------------------------------------------------------------


def log(*values: str | None, key: str = "a") -> list[Entry]:
    return [Entry(revision, key, value) for revision, value in enumerate(values, 1)]


def wrote(value: str | None, revision: int | None, begin: int, **more: Any) -> Op:
    return Op("written", "a", begin, more.pop("end", begin + 1), value=value, revision=revision, **more)


def read(value: str | None, revision: int | None, begin: int, **more: Any) -> Op:
    return Op("read", "a", begin, more.pop("end", begin + 1), value=value, revision=revision, **more)


ONE_TWO = [wrote("1", 1, 1), wrote("2", 2, 3)]


@pytest.mark.parametrize(
    ("ops", "entries"),
    [
        pytest.param([*ONE_TWO, read("1", 1, 5)], log("1", "2"), id="stale read"),
        pytest.param([*ONE_TWO, read(None, None, 5)], log("1", "2"), id="read of nothing"),
        pytest.param(ONE_TWO, log("1"), id="lost write"),
        pytest.param(ONE_TWO, log("2", "1"), id="another order than in real time"),
        pytest.param([wrote("1", 1, 1), wrote("1", 2, 3)], log("1", "1"), id="one write twice"),
        pytest.param(
            [wrote("1", 1, 1), wrote("2", 2, 3, expected=1), wrote("3", 3, 3, expected=1)],
            log("1", "2", "3"),
            id="two compare-and-puts of one revision",
        ),
        pytest.param([*ONE_TWO, read("3", 3, 5)], log("1", "2"), id="read of what was not committed"),
        pytest.param([*ONE_TWO, read("2", 1, 5)], log("1", "2"), id="value of another revision"),
        pytest.param([*ONE_TWO, read("3", 3, 5, newest=2), wrote("3", 3, 9)], log("1", "2", "3"), id="read of the future"),
        pytest.param(
            [*ONE_TWO, Op("untouched", "a", 5, 6, value="3")], log("1", "2", "3"), id="a failed write is there"
        ),
        pytest.param([*ONE_TWO, Op("refused", "a", 5, 6, expected=2)], log("1", "2"), id="refused without a reason"),
        pytest.param([*ONE_TWO, Op("refused", "a", 5, 6, expected=2, value="3")], log("1", "2", "3"), id="half there"),
        pytest.param(
            [*ONE_TWO, Op("listed", "", 5, 6, revision=1, items={"a": ("1", 1)})], log("1", "2"), id="stale list"
        ),
        pytest.param(
            [*ONE_TWO, Op("listed", "", 5, 6, revision=2, items={})], log("1", "2"), id="list with a gap"
        ),
    ],
)  # fmt: skip
def test_a_bad_history_is_seen(ops: list[Op], entries: list[Entry]) -> None:
    with pytest.raises(NotLinearizable):
        check(ops, entries)


@pytest.mark.parametrize(
    ("ops", "entries"),
    [
        pytest.param([*ONE_TWO, read("2", 2, 5)], log("1", "2"), id="newest"),
        pytest.param([*ONE_TWO, read("1", 1, 2)], log("1", "2"), id="while the second is written"),
        pytest.param([ONE_TWO[0], Op("unknown", "a", 3, 4, value="2")], log("1"), id="unknown, never there"),
        pytest.param([ONE_TWO[0], Op("unknown", "a", 3, 4, value="2"), read("1", 1, 5, newest=1)], log("1", "2"), id="late"),
        pytest.param([*ONE_TWO, Op("refused", "a", 3, 4, expected=1)], log("1", "2"), id="refused by who was faster"),
    ],
)  # fmt: skip
def test_a_good_history_is_let_pass(ops: list[Op], entries: list[Entry]) -> None:
    check(ops, entries)
