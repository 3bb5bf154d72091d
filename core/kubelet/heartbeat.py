"""The kubelet's word about its node: registration, the Lease every 10 s, the status every 5 minutes and when it changed.

One key, the node's name. The Lease is the cheap sign of life that the node controller watches (KEP-589); the status is
large, so it is compared every ten seconds and written only when something but its heartbeat times is new, or five minutes
have passed. Simplified: renewals fall on full tens of seconds of virtual time without jitter, so that the Leases of all
nodes are one transaction, and an idle cluster idles.
"""

from typing import ClassVar

from core.client import Context, Reconciler, Result, again
from core.kube.errors import AlreadyExists, ApiError, Conflict, NotFound
from core.kube.objects import Obj, condition
from core.kube.requests import User
from core.kube.times import micro_timestamp, parse_timestamp
from core.kubelet.node import CONDITIONS, new_csi_node, new_lease, new_node, node_status
from core.runtime.disk import Disk
from core.runtime.latencies import PROFILES

LEASE_EVERY = 10.0  # seconds; a quarter of leaseDurationSeconds
STATUS_EVERY = 300.0  # seconds; nodeStatusReportFrequency
STATUS_TRIES = 5  # nodeStatusUpdateRetry
MOMENT = 1e-3  # seconds; times are written in microseconds
LEASES = "leases.coordination.k8s.io"
NOTE = "kubelet"  # the disk's record of the newest start
RETRY_MAX = 7.0  # seconds; the longest pause between attempts while the API server does not answer


def node_user(node: str) -> User:
    """A kubelet's identity: what the Node authorizer knows it by."""
    return User(f"system:node:{node}", ("system:nodes", "system:authenticated"))


class NodeHeartbeat(Reconciler):
    """Keeps its own Node and Lease. Memory that may be lost: the lease as last answered, when the status was last sent.

    A start of the kubelet reports and renews at once. Driven on by another of our processes it has not started: it finds in
    the Node and the Lease when it last did, and waits for the next time.
    """

    name: ClassVar[str] = "heartbeat"
    component = "kubelet"

    def __init__(self, context: Context) -> None:
        self.node = context.node
        self.user = node_user(context.node)
        super().__init__(context)
        self.disk: Disk = context.extras
        self.started, self.announced = self._start_of_process(context.starts)
        self.reported: float | None = None if self.announced else 0.0  # None: the Node says when
        self.renews_at_once = not self.announced
        self.failures = 0
        self.lease: Obj | None = None
        self.has_csi_node = False
        self.reference = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": self.node}}
        """Its Node as Events name it: the kubelet speaks of itself before it knows the object."""

    def _start_of_process(self, starts: int) -> tuple[float, bool]:
        """When this start of the kubelet was, and whether it was told of: on the disk, since the simulated process does
        not start again when another of our processes goes on driving it."""
        noted = self.disk.get("kernel", NOTE)
        if noted is not None and noted["starts"] == starts:
            return noted["at"], True
        self.disk.put("kernel", NOTE, {"starts": starts, "at": self.now})
        return self.now, False

    def start(self) -> None:
        self.nodes = self.informers("nodes")
        self.enqueue(self.node)

    async def reconcile(self, key: str) -> Result | None:
        ready_at = self.started + PROFILES[self.context.profile].node
        try:
            node = self.nodes.get("", key) or await self._register()
            if not self.announced:
                self._announce(node)
            is_up = self.now >= ready_at  # as told; when the writes have been answered it may be later than that
            await self._report(node, ready=is_up and self.disk.serving)
            await self._renew(node)
            await self._describe_storage(node)
        except ApiError as error:
            self.failures += 1
            return again(min(0.2 * 2**self.failures, RETRY_MAX), error.message)
        self.failures = 0
        if not is_up:
            return again(max(0.0, ready_at - self.now))
        return again(LEASE_EVERY - self.now % LEASE_EVERY)

    async def _register(self) -> Obj:
        """Create the Node. As in life this happens at the kubelet's start; a Node deleted later comes back with the
        next heartbeat here, where a real kubelet waits for its restart."""
        try:
            return await self.client.create("nodes", new_node(self.node))
        except AlreadyExists:
            return await self.client.get("nodes", "", self.node)

    async def _describe_storage(self, node: Obj) -> None:
        """Say at each start which storage drivers the node has: none, since volumes of drivers are not simulated."""
        if not self.has_csi_node:
            try:
                await self.client.get("csinodes.storage.k8s.io", "", self.node)
            except NotFound:
                await self.client.create("csinodes.storage.k8s.io", new_csi_node(node))
            self.has_csi_node = True

    def _announce(self, node: Obj) -> None:
        self.announced = True
        self.events.normal(self.reference, "Starting", "Starting kubelet.")
        known_boot = ((node.get("status") or {}).get("nodeInfo") or {}).get("bootID")
        if not known_boot:
            for *_, reason in CONDITIONS:
                self.events.normal(self.reference, reason, f"Node {self.node} status is now: {reason}")
            self.events.normal(self.reference, "NodeAllocatableEnforced", "Updated Node Allocatable limit across pods")
            return
        boot = node_status(self.node, self.disk, {}, self.now, ready=True)["nodeInfo"]["bootID"]
        if known_boot != boot:
            self.events.warning(self.reference, "Rebooted", f"Node {self.node} has been rebooted, boot id: {boot}")

    async def _report(self, node: Obj, *, ready: bool) -> None:
        """Tell the status if it is news. Somebody else's write in between (a taint, a label) is read, and the news told
        again at once: waiting for the next heartbeat would leave a new node NotReady for up to ten seconds."""
        for _ in range(STATUS_TRIES - 1):
            try:
                return await self._tell(node, ready=ready)
            except Conflict:
                node = await self.client.get("nodes", "", self.node)
        return await self._tell(node, ready=ready)

    async def _tell(self, node: Obj, *, ready: bool) -> None:
        old = node.get("status") or {}
        told = node_status(self.node, self.disk, old, self.now, ready=ready)
        new = {**{name: value for name, value in old.items() if name != "images"}, **told}
        if self.reported is None:
            beat = (condition(node, "Ready") or {}).get("lastHeartbeatTime")
            self.reported = parse_timestamp(beat) if beat else 0.0
        due = self.now - self.reported >= STATUS_EVERY
        if not due and _without_heartbeats(old) == _without_heartbeats(new):
            return
        await self.client.update_status("nodes", {**node, "status": new})
        self.reported = self.now
        was = condition(node, "Ready")
        if ready and (was is None or was["status"] != "True"):
            self.events.normal(self.reference, "NodeReady", f"Node {self.node} status is now: NodeReady")
        elif not ready and was is not None and was["status"] == "True":
            self.events.normal(self.reference, "NodeNotReady", f"Node {self.node} status is now: NodeNotReady")

    async def _renew(self, node: Obj) -> None:
        moment = micro_timestamp(self.now)
        if self.lease is None:
            try:
                self.lease = await self.client.get(LEASES, "kube-node-lease", self.node)
            except NotFound:
                self.lease = await self.client.create(LEASES, new_lease(node, moment))
        if not self.renews_at_once and self._is_renewed(self.lease):
            return
        fresh = {**self.lease, "spec": {**(self.lease.get("spec") or {}), "renewTime": moment}}
        try:
            if (self.lease.get("spec") or {}).get("renewTime") != moment:
                self.lease = await self.client.update(LEASES, fresh)
        except (Conflict, NotFound):
            self.lease = None  # somebody changed or deleted it: the retry reads or creates it
            raise
        self.renews_at_once = False

    def _is_renewed(self, lease: Obj) -> bool:
        """Whether it was renewed since the last full ten seconds."""
        renewed = (lease.get("spec") or {}).get("renewTime")
        return renewed is not None and self.now - parse_timestamp(renewed) < self.now % LEASE_EVERY + MOMENT


def _without_heartbeats(status: Obj) -> Obj:
    conditions = [
        {name: value for name, value in each.items() if name != "lastHeartbeatTime"}
        for each in status.get("conditions", ())
    ]
    return {**status, "conditions": conditions}
