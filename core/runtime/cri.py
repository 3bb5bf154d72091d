"""The container runtime's verbs, as the kubelet calls them over CRI: RuntimeService and ImageService.

A call writes records to the node's disk and answers at once; what takes time carries the virtual moment it is done
(`ready_at`, `started_at`, `exits_at`), so what state a thing is in is a question of the record and the clock. A process
that dies and comes back finds everything where it was.

Records (JSON, well under 1 KB each):

sandbox    id, pod, pod_uid, attempt, ip, boot, created_at, ready_at, stopped_at; notes (the kubelet's annotations)
container  id, sandbox_id, pod, pod_uid, name, attempt, image, image_id, boot, created_at, started_at, exits_at, code,
           reason, message, command, args, env (what the process reads of it), world (what else it finds), notes
image      name, id, size, started_at, done_at, layers: [digest, size, done_at]

Simplified: pulls run side by side, however many; an image's layers come one after the other; a pod's address is given by
the caller, which asks the network plug-in.
"""

import hashlib
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from core.runtime.disk import Disk, Record
from core.runtime.images import Image, full_name, resolve
from core.runtime.latencies import PROFILES
from core.runtime.workloads import SIGKILLED, Behaviour, behaviour, command_line, world_of

Note = Callable[[str, str, str], None]

COMPLETED, ERROR, UNKNOWN = "Completed", "Error", "Unknown"
UNKNOWN_CODE = 255  # containerd's answer for a process it finds no trace of


class State(StrEnum):
    """A container's state, as CRI names it without its prefix CONTAINER_."""

    CREATED = "created"
    RUNNING = "running"
    EXITED = "exited"


def state_of(container: Record, now: float) -> State:
    if container["exits_at"] is not None and container["exits_at"] <= now:
        return State.EXITED
    if container["started_at"] is None or container["started_at"] > now:
        return State.CREATED
    return State.RUNNING


def is_ready(sandbox: Record, now: float) -> bool:
    return sandbox["stopped_at"] is None and sandbox["ready_at"] <= now


class Runtime:
    """containerd of one node. `note(call, subject, detail)` hears of every call that changes something."""

    def __init__(self, disk: Disk, profile: str, note: Note) -> None:
        self.disk = disk
        self.latencies = PROFILES[profile]
        self.note = note

    def recover(self, now: float) -> None:
        """After the node's reboot: what ran under an older boot is dead, and nobody saw how it ended."""
        boot = self.disk.boot
        for sandbox in list(self.disk.all("sandbox")):
            if sandbox["boot"] != boot and sandbox["stopped_at"] is None:
                self.disk.put("sandbox", sandbox["id"], sandbox | {"stopped_at": now})
        for container in list(self.disk.all("container")):
            if container["boot"] != boot and not container["notes"].get("seen") and container["reason"] != UNKNOWN:
                dead = {"exits_at": now, "code": UNKNOWN_CODE, "reason": UNKNOWN}
                self.disk.put("container", container["id"], container | dead)

    # RuntimeService: sandboxes

    def run_pod_sandbox(self, pod: str, uid: str, ip: str, now: float, notes: Mapping[str, Any]) -> Record:
        """Namespaces for a pod, held open by the pause container, with a network of their own."""
        attempt = 1 + max(
            (each["attempt"] for each in self.disk.of_pod("sandbox", pod) if each["pod_uid"] == uid), default=-1
        )
        sandbox: Record = {
            "id": _id(uid, "", attempt),
            "pod": pod,
            "pod_uid": uid,
            "attempt": attempt,
            "ip": ip,
            "boot": self.disk.boot,
            "created_at": now,
            "ready_at": now + self.latencies.sandbox,
            "stopped_at": None,
            "notes": dict(notes),
        }
        self.disk.put("sandbox", sandbox["id"], sandbox)
        self.note("RunPodSandbox", pod, ip)
        return sandbox

    def stop_pod_sandbox(self, sandbox: Record, now: float) -> None:
        """End the pause container and take the network down. Stopping what is stopped changes nothing."""
        if sandbox["stopped_at"] is None:
            sandbox["stopped_at"] = now
            self.disk.put("sandbox", sandbox["id"], sandbox)
            self.note("StopPodSandbox", sandbox["pod"], "")

    def remove_pod_sandbox(self, sandbox: Record) -> None:
        """Forget a sandbox and its containers."""
        for container in self.disk.of_pod("container", sandbox["pod"]):
            if container["sandbox_id"] == sandbox["id"]:
                self.remove_container(container)
        self.disk.delete("sandbox", sandbox["id"])
        self.note("RemovePodSandbox", sandbox["pod"], "")

    def list_pod_sandboxes(self, pod: str) -> list[Record]:
        return self.disk.of_pod("sandbox", pod)

    # RuntimeService: containers

    def create_container(
        self,
        sandbox: Record,
        name: str,
        attempt: int,
        image: str,
        now: float,
        *,
        command: tuple[str, ...] = (),
        args: tuple[str, ...] = (),
        env: Mapping[str, str] | None = None,
        world: Mapping[str, Any] | None = None,
        notes: Mapping[str, Any] | None = None,
    ) -> Record:
        """A snapshot on top of the image's layers and a bundle with its `config.json`; nothing runs yet."""
        named = full_name(image)
        container: Record = {
            "id": _id(sandbox["pod_uid"], name, attempt),
            "sandbox_id": sandbox["id"],
            "pod": sandbox["pod"],
            "pod_uid": sandbox["pod_uid"],
            "name": name,
            "attempt": attempt,
            "image": named,
            "image_id": resolve(named).id,
            "boot": self.disk.boot,
            "created_at": now,
            "started_at": None,
            "exits_at": None,
            "code": None,
            "reason": "",
            "notes": dict(notes or {}),
        }
        if command:
            container["command"] = list(command)
        if args:
            container["args"] = list(args)
        if env:
            container["env"] = dict(env)
        if world:
            container["world"] = dict(world)
        self.disk.put("container", container["id"], container)
        self.note("CreateContainer", f"{sandbox['pod']}/{name}", named)
        return container

    def start_container(self, container: Record, does: Behaviour, now: float) -> None:
        """Run the process; what it `does` settles when and how it ends by itself."""
        container["started_at"] = now + self.latencies.start
        self.plan_container(container, does, now)
        self.note("StartContainer", f"{container['pod']}/{container['name']}", "")

    def plan_container(self, container: Record, does: Behaviour, now: float) -> None:
        """Settle when and how a started process ends by itself: not before `now`, or never."""
        ends = does.ends_after is not None
        container["exits_at"] = max(now, container["started_at"] + does.ends_after) if ends else None
        container["code"] = does.code if ends else None
        container["reason"] = (does.reason or (ERROR if does.code else COMPLETED)) if ends else ""
        container["message"] = does.message if ends else ""
        self.disk.put("container", container["id"], container)

    def stop_container(self, container: Record, does: Behaviour, now: float, grace: float, hook: float = 0.0) -> None:
        """SIGTERM once its preStop hook (`hook` seconds) is through, SIGKILL when `grace` seconds are over.

        Called again with less grace it only brings the end forward.
        """
        killed = now + max(grace, 0.0)
        ends, code = killed, SIGKILLED
        if does.stop_code is not None and grace > 0:
            ends, code = now + hook + self.latencies.stop, does.stop_code
            if ends > killed:
                ends, code = killed, SIGKILLED
        before = container["exits_at"]
        if before is None or ends < before:
            container["exits_at"], container["code"] = ends, code
            container["reason"] = ERROR if code else COMPLETED
        if container["started_at"] is None:
            container["started_at"] = container["exits_at"]
        container["notes"]["stopping"] = now
        self.disk.put("container", container["id"], container)
        self.note("StopContainer", f"{container['pod']}/{container['name']}", f"grace {grace:g} s")

    def remove_container(self, container: Record) -> None:
        self.disk.delete("container", container["id"])
        self.note("RemoveContainer", f"{container['pod']}/{container['name']}", "")

    def list_containers(self, pod: str) -> list[Record]:
        return self.disk.of_pod("container", pod)

    # ImageService

    def image_status(self, image: str, now: float) -> Record | None:
        """The image's record if it is on the node. Raises PullError (InvalidImageName)."""
        record = self.disk.get("image", full_name(image))
        return record if record is not None and record["done_at"] <= now else None

    def pull_image(self, image: str, now: float) -> Record:
        """Begin a pull, or join the one under way; the record's `done_at` tells when it is through. Raises PullError.

        Only layers that no image on the node has are fetched, one after the other.
        """
        wanted = resolve(full_name(image))
        known = self.disk.get("image", wanted.name)
        if known is not None:
            return known
        present = {layer[0]: layer[2] for record in self.disk.all("image") for layer in record["layers"]}
        done, layers = now + self.latencies.resolve, []
        for layer in wanted.layers:
            there = present.get(layer.digest)
            if there is not None:
                done = max(done, there)
            elif self.latencies.bandwidth:
                done += layer.size / self.latencies.bandwidth
            layers.append([layer.digest, layer.size, done if there is None else there])
        record: Record = {
            "name": wanted.name,
            "id": wanted.id,
            "size": wanted.size,
            "started_at": now,
            "done_at": done,
            "layers": layers,
        }
        self.disk.put("image", wanted.name, record)
        self.note("PullImage", wanted.name, f"{len(layers)} layers, {wanted.size} bytes")
        return record

    def list_images(self, now: float) -> list[Record]:
        return [record for record in self.disk.all("image") if record["done_at"] <= now]


def progress(image: Record, now: float) -> list[tuple[str, int, float]]:
    """How far a pull is: each layer's digest, size in bytes, and the fraction fetched."""
    result, began = [], image["started_at"]
    for digest, size, done in image["layers"]:
        span = done - began
        fraction = 1.0 if now >= done else max(0.0, (now - began) / span) if span > 0 else 0.0
        result.append((digest, size, fraction))
        began = max(began, done)
    return result


def kill_pod(disk: Disk, pod_uid: str, now: float) -> list[str]:
    """A fault: every process of the pod's containers is killed (SIGKILL). Answers the names of those that ran.

    The pod's `namespace/name` must then be enqueued at its node's kubelet, which restarts them as the policy says.
    """
    killed = []
    for container in list(disk.all("container")):
        if container["pod_uid"] == pod_uid and state_of(container, now) is State.RUNNING:
            dead = {"exits_at": now, "code": SIGKILLED, "reason": ERROR}
            disk.put("container", container["id"], container | dead)
            killed.append(container["name"])
    return killed


def behaviour_of(container: Record, *, started: float | None = None, **of_pod: Any) -> Behaviour:
    """What a recorded container's process does; `of_pod`: completes, stdin, settings and so on (see `workloads`).

    started   when it starts, if its record does not say yet
    """
    image = image_of(container)
    command, args = tuple(container.get("command", ())), tuple(container.get("args", ()))
    begins = container["started_at"] if started is None else started
    world = world_of(container, command_line(image, command, args), begins or container["created_at"])
    return behaviour(image, command, args, world=world, **of_pod)


def image_of(container: Record) -> Image:
    return resolve(container["image"])


def _id(uid: str, name: str, attempt: int) -> str:
    return hashlib.sha256(f"{uid}/{name}/{attempt}".encode()).hexdigest()
