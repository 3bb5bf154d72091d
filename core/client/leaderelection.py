"""Leader election: the Lease by which the one working instance of a component is known (`kubectl get leases -n
kube-system`).

The holder renews it every ten seconds; whoever waits may take it when fifteen have passed without. A start of the
process is an identity of its own, so a restart shows as another holder and one transition more. Behaves like client-go
`tools/leaderelection`.

Simplified: there is one instance of each component here, so the election has one candidate. It takes the Lease at once,
as if its predecessor had given it up at its end, and its loops do not wait for it. Renewals fall on full tens of
seconds of virtual time, where the real ones come every two, so that those of all components and nodes are few
transactions: an idle cluster idles.
"""

import uuid
from typing import ClassVar

from core.client.reconciler import Context, Reconciler, Result, again
from core.kube.errors import ApiError, NotFound
from core.kube.objects import Obj
from core.kube.times import is_timestamp, micro_timestamp, parse_timestamp

LEASES, NAMESPACE = "leases.coordination.k8s.io", "kube-system"
LEASE_SECONDS = 15  # --leader-elect-lease-duration
RENEW_EVERY = 10.0  # seconds; --leader-elect-renew-deadline of the real one, which tries every 2
RETRY = 2.0  # seconds; --leader-elect-retry-period
HOST = "control-plane"


class LeaderElection(Reconciler):
    """Keeps the Lease `lease_name`. Memory that may be lost: the Lease as last answered."""

    lease_name: ClassVar[str]

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.identity = f"{HOST}_{uuid.UUID(int=self.random.getrandbits(128), version=4)}"
        self.lease: Obj | None = None

    def start(self) -> None:
        self.enqueue(self.lease_name)

    async def reconcile(self, key: str) -> Result | None:
        try:
            await self._hold()
        except ApiError as error:
            self.lease = None  # somebody changed or deleted it, or nobody answers: the next attempt reads it again
            return again(RETRY, error.message)
        return again(RENEW_EVERY - self.now % RENEW_EVERY)

    async def _hold(self) -> None:
        now = micro_timestamp(self.now)
        if self.lease is None:
            try:
                self.lease = await self.client.get(LEASES, NAMESPACE, self.lease_name)
            except NotFound:
                return await self._create(now)
        spec = self.lease["spec"]
        if spec.get("holderIdentity") != self.identity:
            transitions = spec.get("leaseTransitions", 0) + 1
            spec = spec | {"holderIdentity": self.identity, "acquireTime": now, "leaseTransitions": transitions}
        elif self._is_fresh(spec.get("renewTime") or ""):
            return None
        self.lease = await self.client.update(LEASES, self.lease | {"spec": spec | {"renewTime": now}})
        return None

    def _is_fresh(self, renewed: str) -> bool:
        """Whether it was renewed in these ten seconds already: whoever takes the driving over goes on where it stands."""
        return is_timestamp(renewed) and parse_timestamp(renewed) >= self.now - self.now % RENEW_EVERY

    async def _create(self, now: str) -> None:
        lease: Obj = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": self.lease_name, "namespace": NAMESPACE},
            "spec": {
                "holderIdentity": self.identity,
                "leaseDurationSeconds": LEASE_SECONDS,
                "acquireTime": now,
                "renewTime": now,
                "leaseTransitions": 0,
            },
        }
        self.lease = await self.client.create(LEASES, lease)
