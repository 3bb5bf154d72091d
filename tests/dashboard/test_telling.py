"""However fast faults follow each other, the picture ends as the cluster is: the feed is recorded and played to the page's
own teller and reducer."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from core.dashboard.feed.batches import Position
from core.dashboard.feed.reading import read_batch, snapshot, status_at, status_of
from core.faults import act
from core.models import Cluster
from tests.world import World

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

REPLAY = Path(__file__).parent / "js" / "replay.mjs"
EVERY = 0.1  # wall seconds between two batches
AFTERWARDS = 3.0  # wall seconds after the second kill
GAPS = (0.3, 0.7, 1.3, 2.5, 3.5)  # wall seconds between a new leader and its end


class Recorder:
    """What a browser would be sent of a world whose clock runs at `speed`."""

    def __init__(self, world: World, speed: float) -> None:
        self.world, self.speed = world, speed
        self.server = world.host.server
        Cluster.objects.filter(pk=world.cluster.pk).update(watched_until=world.now + 1e6)
        self.snapshot = snapshot(self.server)
        self.at, self.status = Position(*self.snapshot["at"]), self.snapshot["status"]
        self.ms = 0
        self.batches: list[dict[str, Any]] = []

    def run(self, wall: float) -> None:
        for _ in range(round(wall / EVERY)):
            self.world.run(EVERY * self.speed)
            self.ms += round(EVERY * 1000)
            self.read()

    def read(self) -> None:
        made = read_batch(self.server, self.at)
        self.at = Position(*made["at"])
        cluster = Cluster.objects.get(pk=self.world.cluster.pk)
        status = status_of(cluster)
        if changed := {part: value for part, value in status.items() if value != self.status[part]}:
            self.status, made["status"], made["status_at"] = status, changed, list(status_at(cluster))
        if made["objects"] or made["journal"] or "status" in made:
            self.batches.append({"ms": self.ms, "batch": made})

    def kill_leader(self) -> None:
        """Wait for one, and end it."""
        while self.leader is None:
            self.run(EVERY)
        act(self.world.cluster, "kill", self.leader, now=lambda cluster: self.world.now)
        self.read()

    @property
    def leader(self) -> str | None:
        found: str | None = self.status["etcd"]["leader"]
        return found if found and self._is_alive(found) else None

    def _is_alive(self, name: str) -> bool:
        return any(one["name"] == name and one["state"] == "running" for one in self.status["etcd"]["members"])

    def picture(self) -> dict[str, Any]:
        etcd = self.status["etcd"]
        members = [{key: one[key] for key in ("name", "role", "state", "term")} for one in etcd["members"]]
        return {
            "members": members,
            "leader": etcd["leader"],
            "quorum": etcd["quorum"],
            "say": etcd["say"],
            "faults": len(self.status["faults"]),
            "at": list(self.at),
        }


def recording(gap: float, speed: float) -> Recorder:
    recorder = Recorder(World(f"lab-{gap}-{speed}".replace(".", "-"), workers=1), speed)
    recorder.kill_leader()
    while recorder.leader is None:
        recorder.run(EVERY)
    recorder.run(gap)
    recorder.kill_leader()
    recorder.run(AFTERWARDS)
    return recorder


@pytest.mark.parametrize("speed", [1.0, 60.0])
def test_two_leaders_killed_one_after_the_other_end_in_the_true_picture(speed: float) -> None:
    node = shutil.which("node")
    assert node, "node is needed to test the front end"
    made = [recording(gap, speed) for gap in GAPS]
    told = json.dumps([{"snapshot": one.snapshot, "batches": one.batches} for one in made])
    done = subprocess.run([node, str(REPLAY)], input=told, capture_output=True, text=True, timeout=60, check=True)
    for one, played in zip(made, json.loads(done.stdout), strict=True):
        assert played["picture"] == json.loads(json.dumps(one.picture()))
        assert not played["picture"]["quorum"]
        assert played["disorder"] == []
        assert played["behind"] < 8_500  # an election is told in 3.6 s, and is begun at most 4 s late
