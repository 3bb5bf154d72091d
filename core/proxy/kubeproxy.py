"""kube-proxy, one on each node: keeps the node's iptables as the cluster's Services and EndpointSlices want them.

No packet ever passes through it: it writes rules, and the node's kernel applies them, also while kube-proxy is stopped, to
endpoints that may be long gone. Changes that come in quick succession are written once, at most every second
(`--iptables-min-sync-period`). The kernel's tables live on the node's disk record `kernel/iptables`: they outlive the
process, but not a reboot.

The historical userspace mode, in which every connection went through the process, has no counterpart here.
"""

from core.client import DONE, Reconciler, Result
from core.kube.requests import User
from core.proxy.rulebook import rulebook_of

SYNC_PERIOD_MIN = 1.0  # seconds

KERNEL, IPTABLES = "kernel", "iptables"


class KubeProxy(Reconciler):
    name = "kube-proxy"
    user = User("system:kube-proxy", ("system:authenticated",))

    @property
    def component(self) -> str:
        return self.name

    def start(self) -> None:
        self.node = self.context.node
        self.next_sync = self.now
        self.book = rulebook_of(self.informers)
        self.listen(lambda: self.book.subscribe(self._wake))
        self.enqueue(self.node)

    async def reconcile(self, key: str) -> Result | None:
        """Write the whole table if it differs from what the kernel has; `iptables-restore` is atomic."""
        self.next_sync = self.now + SYNC_PERIOD_MIN
        table, disk = self.book.table(self.node, self._wake), self.context.extras
        known = disk.get(KERNEL, IPTABLES)
        if known is not None and known["boot"] == disk.boot and known["text"] == table.text:
            return DONE
        disk.put(
            KERNEL,
            IPTABLES,
            {
                "text": table.text,
                "rules": table.rules,
                "services": table.services,
                "boot": disk.boot,
                "synced": self.now,
            },
        )
        return Result(note=f"wrote {table.rules} rules for {table.services} services")

    def _wake(self, revision: int) -> None:
        self.queue.add_after(self.node, max(self.next_sync - self.now, 0.0), revision)
