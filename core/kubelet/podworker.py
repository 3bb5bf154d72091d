"""The pod workers of one kubelet: for each pod bound to the node, what the API server wants meets what the runtime has.

A key is a pod's `namespace/name`. One look (`reconcile`) admits the pod, brings it forward (`containers.py`) or nearer to
its end (`termination.py`), and writes one status if it differs; then the worker sleeps until the next moment at which
anything can change by itself. State lives in two places only, the API server and the runtime's records on the node's disk,
so a kubelet that is killed anywhere goes on where it was. Its memory (who holds what of the node, which addresses are
given, what was told) is rebuilt from the disk.

Reference: kubelet `kubelet.go` SyncPod / SyncTerminatingPod / SyncTerminatedPod. Simplified: static pods, volumes that have
to be attached, and pressure eviction are later work. Of volumes, missing ConfigMaps and Secrets hold a pod back.
"""

from typing import ClassVar

from core.client import Context, Reconciler, Result, again
from core.client.calls import deletion, replacement
from core.client.transport import WatchEvent
from core.kube.errors import ApiError, Conflict, NotFound
from core.kube.objects import Obj, is_deleting, key_of
from core.kube.times import parse_timestamp
from core.kubelet.admission import REJECTED, Occupancy, admit
from core.kubelet.containers import PodSync
from core.kubelet.environment import environment
from core.kubelet.heartbeat import node_user
from core.kubelet.node import capacity, internal_ip, pod_range
from core.kubelet.status import TERMINAL, pod_status, rejected_status
from core.kubelet.termination import terminate
from core.kubelet.volumes import Find, missing_volume, retry_delay
from core.network.addresses import allocate
from core.runtime.cri import Runtime, is_ready
from core.runtime.disk import Disk

RETRY = 2.0  # seconds until the next attempt while the API server does not answer
REJECT_AFTER = 1.0
"""Seconds of age before a pod is rejected. A set whose template names a node it does not fit on makes the next pod at once,
as in life; there each takes its time on the way, here the moment would never end."""
EXPIRED, EXPIRED_MESSAGE = "DeadlineExceeded", "Pod was active on the node longer than the specified deadline"
TOLD_MAX = 10_000  # things already said that are remembered
BY_NODE = "kubelet"


def by_node(pod: Obj) -> list[str]:
    """Index function: the node a pod is bound to."""
    node = pod["spec"].get("nodeName")
    return [node] if node else []


class PodWorkers(Reconciler):
    """The pods of one node."""

    name: ClassVar[str] = "pod-workers"
    component = "kubelet"

    def __init__(self, context: Context) -> None:
        self.node = context.node
        self.user = node_user(context.node)
        super().__init__(context)
        self.disk: Disk = context.extras
        self.runtime = Runtime(self.disk, context.profile, self._note)
        self.host_ip = internal_ip(self.node)
        self.cidr = pod_range(self.node)
        self.capacity = capacity(self.node)
        self.occupancy = Occupancy()
        self.told: dict[tuple[str, str], float] = {}
        self.mounts: dict[str, tuple[int, float]] = {}  # pod's uid → failed mounts in a row, when the next is due
        self.addresses: set[str] = set()
        self.last_address = ""

    def start(self) -> None:
        self.runtime.recover(self.now)
        for sandbox in sorted(self.disk.all("sandbox"), key=lambda record: record["created_at"]):
            if sandbox["ip"] != self.host_ip:
                self.last_address = sandbox["ip"]
                if sandbox["stopped_at"] is None:
                    self.addresses.add(sandbox["ip"])
        self.nodes = self.informers("nodes")
        self.pods = self.watch("pods", self._on_pod, among=(BY_NODE, self.node), **{BY_NODE: by_node})
        for pod in self.pods.indexed(BY_NODE, self.node):
            if self.disk.of_pod("sandbox", str(key_of(pod))) and not self._is_over(pod):
                self.occupancy.take(pod)
        for sandbox in list(self.disk.all("sandbox")):
            self.enqueue(sandbox["pod"])  # those whose pods are gone are swept

    async def reconcile(self, key: str) -> Result | None:
        if not self.disk.serving:
            return again(RETRY, "the container runtime does not answer")
        pod = self.pods.by_key(key)
        if pod is not None and pod["spec"].get("nodeName") != self.node:
            pod = None
        self._sweep(key, pod["metadata"]["uid"] if pod is not None else "")
        if pod is None:
            return None
        try:
            if is_deleting(pod):
                return await self._end(pod, key)
            if self._is_over(pod):
                return None
            return await self._sync(pod)
        except (Conflict, NotFound):
            raise  # the cache has the newer state by the time of the retry
        except ApiError as error:
            return again(RETRY, error.message)

    async def _sync(self, pod: Obj) -> Result | None:
        sync = PodSync(self, pod, self.now)
        if sync.sandbox is None and pod["metadata"]["uid"] not in self.occupancy.pods:
            rejection = admit(pod, self.nodes.get("", self.node), self.capacity, self.occupancy)
            if rejection is not None:
                age = self.now - parse_timestamp(pod["metadata"]["creationTimestamp"])
                if age < REJECT_AFTER:
                    return again(REJECT_AFTER - age)
                self.events.warning(pod, rejection.reason, rejection.message)
                status = rejected_status(pod, rejection.reason, REJECTED + rejection.message, self.now)
                await self.client.update_status("pods", {**pod, "status": status})
                return None
        self.occupancy.take(pod)
        if sync.sandbox is None and (missing := missing_volume(pod, self._finder(pod))):
            sync.wake(self._mount_again(pod["metadata"]["uid"], pod, missing))
        elif (expires := _expires(pod, self.now)) is not None and expires <= self.now:
            return await self._expire(pod, sync)
        else:
            sync.run()
            if expires is not None and not sync.done:
                sync.wake(expires)
        if sync.done:
            self._release(pod, sync)
        await self._write(pod, sync)
        return None if sync.due is None else again(sync.due - self.now)

    async def _expire(self, pod: Obj, sync: PodSync) -> Result | None:
        """The pod's active deadline has passed: its containers are stopped, and it has failed."""
        sync.done = terminate(sync)
        if sync.done:
            self._release(pod, sync)
            status = self._status(pod, sync, failure=(EXPIRED, EXPIRED_MESSAGE))
            self.events.normal(pod, EXPIRED, EXPIRED_MESSAGE)
            await self.client.update_status("pods", {**pod, "status": status})
            return None
        await self._write(pod, sync)
        return None if sync.due is None else again(sync.due - self.now)

    async def _write(self, pod: Obj, sync: PodSync) -> None:
        status = self._status(pod, sync)
        if status != pod.get("status"):
            await self.client.update_status("pods", {**pod, "status": status})

    async def _end(self, pod: Obj, key: str) -> Result | None:
        sync = PodSync(self, pod, self.now)
        if sync.sandbox is None:
            self.occupancy.release(pod["metadata"]["uid"])
            return await self._delete(pod, None)
        if not terminate(sync):
            await self._write(pod, sync)
            return None if sync.due is None else again(sync.due - self.now)
        sync.done = True
        self._release(pod, sync)
        status = None if self._is_over(pod) else self._status(pod, sync)
        self._sweep(key, "")
        return await self._delete(pod, status)

    async def _delete(self, pod: Obj, status: Obj | None) -> Result | None:
        """The final status and the object's removal; a finalizer may still hold it, then this was our part."""
        meta = pod["metadata"]
        requests = []
        if status is not None and status != pod.get("status"):
            unconditional = {name: value for name, value in meta.items() if name != "resourceVersion"}
            requests.append(replacement("pods", {**pod, "metadata": unconditional, "status": status}, "status"))
        if meta.get("deletionGracePeriodSeconds") != 0 or not meta.get("finalizers"):
            precondition = {"uid": meta["uid"]}
            requests.append(
                deletion("pods", meta["namespace"], meta["name"], gracePeriodSeconds=0, preconditions=precondition)
            )
        if not requests:
            return None
        for answer in await self.client.batch(requests):
            if isinstance(answer, ApiError) and not isinstance(answer, NotFound):
                raise answer
        return None

    def _status(self, pod: Obj, sync: PodSync, failure: tuple[str, str] | None = None) -> Obj:
        sandbox = sync.sandbox
        ready = sandbox is not None and is_ready(sandbox, self.now)
        ip = (sandbox["ip"] if ready and sandbox is not None else "") or (pod.get("status") or {}).get("podIP", "")
        return pod_status(
            pod,
            sync.slots,
            self.now,
            ephemerals=sync.ephemerals,
            ip=ip,
            host_ip=self.host_ip,
            sandbox_ready=ready,
            done=sync.done,
            failure=failure,
        )

    def _release(self, pod: Obj, sync: PodSync) -> None:
        """The pod holds nothing of the node any more."""
        self.mounts.pop(pod["metadata"]["uid"], None)
        self.occupancy.release(pod["metadata"]["uid"])
        if sync.sandbox is not None:
            self.addresses.discard(sync.sandbox["ip"])
            self.runtime.stop_pod_sandbox(sync.sandbox, self.now)

    def _sweep(self, key: str, uid: str) -> None:
        """Remove what the node has of pods named `key` other than `uid`: force-deleted, or replaced by a namesake."""
        self.occupancy.release_others(key, uid)
        for sandbox in self.runtime.list_pod_sandboxes(key):
            if sandbox["pod_uid"] != uid:
                self.addresses.discard(sandbox["ip"])
                self.occupancy.release(sandbox["pod_uid"])
                self.runtime.stop_pod_sandbox(sandbox, self.now)
                self.runtime.remove_pod_sandbox(sandbox)
        for container in self.runtime.list_containers(key):
            if container["pod_uid"] != uid:
                self.runtime.remove_container(container)
        if len(self.told) > TOLD_MAX:
            self.told.clear()
        if len(self.mounts) > TOLD_MAX:
            self.mounts.clear()

    def _is_over(self, pod: Obj) -> bool:
        return (pod.get("status") or {}).get("phase") in TERMINAL

    def _on_pod(self, event: WatchEvent) -> None:
        # What this kubelet wrote itself tells it nothing new.
        if event.actor != self.user.name:
            self.enqueue(event.key, event.revision)

    def _mount_again(self, uid: str, pod: Obj, why: str) -> float:
        """When the mount is tried next; at the moment of a try, what failed is told."""
        failures, due = self.mounts.get(uid, (0, self.now))
        if self.now >= due:
            self.events.warning(pod, "FailedMount", why)
            failures, due = failures + 1, self.now + retry_delay(failures + 1)
            self.mounts[uid] = failures, due
        return due

    def _finder(self, pod: Obj) -> Find:
        namespace = pod["metadata"]["namespace"]
        return lambda resource, name: self.informers(resource).get(namespace, name)

    # What a PodSync asks of its kubelet

    def say(self, kind: str, pod: Obj, reason: str, message: str, path: str = "") -> None:
        """An Event about the pod, or about the part of it that `path` names."""
        (self.events.warning if kind == "Warning" else self.events.normal)(pod, reason, message, path)

    def new_address(self, pod: Obj) -> str:
        if pod["spec"].get("hostNetwork"):
            return self.host_ip
        ip = allocate(self.cidr, self.addresses, self.last_address)
        self.addresses.add(ip)
        self.last_address = ip
        return ip

    def environment_of(self, pod: Obj, container: Obj, ip: str) -> dict[str, str]:
        services = self.informers("services")
        return environment(pod, container, self._finder(pod), ip=ip, host_ip=self.host_ip, services=services)

    def _note(self, call: str, subject: str, detail: str) -> None:
        self.context.record(
            "runtime", f"containerd/{self.node}", node=self.node, call=call, subject=subject, detail=detail
        )


def _expires(pod: Obj, now: float) -> float | None:
    """When the pod's activeDeadlineSeconds end, counted from its start, which is `now` while it has not been told."""
    limit, started = pod["spec"].get("activeDeadlineSeconds"), (pod.get("status") or {}).get("startTime")
    if limit is None:
        return None
    return (parse_timestamp(started) if started else now) + float(limit)
