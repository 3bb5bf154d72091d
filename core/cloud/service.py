"""The service controller: a load balancer of the cloud for every Service that asks for one.

Watches Services. Desired: whatever is of type LoadBalancer, names no other implementation (`loadBalancerClass`) and is
not being deleted has an address in `status.loadBalancer.ingress`; actual: its status. The finalizer comes first: as long
as it stands the Service cannot vanish, so no load balancer is ever left behind that somebody pays for. kube-proxy does the
rest on the nodes: it takes what arrives for that address as it takes a node port (`KUBE-EXT-…`).

Behaves like the real one's `cloud-provider/controllers/service/controller.go`. Simplified: the load balancer has every
node behind it, so nothing happens here when nodes come and go. An order to the cloud is remembered in memory only: a
controller that dies while it waits orders anew, as the real one does, because asking twice for the same is harmless.
"""

from dataclasses import dataclass

from core.client import Context, Reconciler, Result, again
from core.cloud.provider import DELAYS, ProviderError, allot
from core.kube.objects import Obj, is_deleting
from core.kube.requests import service_account

FINALIZER = "service.kubernetes.io/load-balancer-cleanup"
RETRY = 5.0  # seconds until the cloud is asked again after it refused

ENSURING = ("EnsuringLoadBalancer", "Ensuring load balancer")
ENSURED = ("EnsuredLoadBalancer", "Ensured load balancer")
DELETING = ("DeletingLoadBalancer", "Deleting load balancer")
DELETED = ("DeletedLoadBalancer", "Deleted load balancer")
FAILED = ("SyncLoadBalancerFailed", "Error syncing load balancer: failed to ensure load balancer: {why}")


@dataclass(frozen=True, slots=True)
class Order:
    """What the cloud is at work on for one Service; without an address it takes a load balancer down."""

    due: float
    address: str = ""


class ServiceController(Reconciler):
    name = "service"
    user = service_account("kube-system", "service-controller")

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.delays = DELAYS[context.profile]
        self.orders: dict[str, Order] = {}  # by the key of the Service

    def start(self) -> None:
        self.services = self.watch("services")

    async def reconcile(self, key: str) -> Result | None:
        service: Obj | None = self.services.by_key(key)
        if service is None:
            self.orders.pop(key, None)
        elif wants_load_balancer(service):
            return await self._ensure(key, service)
        elif FINALIZER in finalizers_of(service):
            return await self._clean_up(key, service)
        return None

    async def _ensure(self, key: str, service: Obj) -> Result | None:
        has_finalizer = FINALIZER in finalizers_of(service)
        if has_finalizer and addresses_of(service):
            return None
        order = self.orders.get(key)
        if order is None or not order.address:
            self.events.normal(service, *ENSURING)
            try:
                address = allot(self._in_use(), service["spec"].get("loadBalancerIP") or "")
            except ProviderError as error:
                reason, text = FAILED
                self.events.warning(service, reason, text.format(why=error))
                return again(RETRY, "the cloud refused")
            order = self.orders[key] = Order(self.now + self.delays.create, address)
        if not has_finalizer:
            service = await self._set_finalizers(service, [*finalizers_of(service), FINALIZER])
        if order.due > self.now:
            return again(order.due - self.now, "the cloud is at work")
        await self._set_ingress(service, {"ingress": [{"ip": order.address, "ipMode": "VIP"}]})
        del self.orders[key]
        self.events.normal(service, *ENSURED)
        return Result(note=f"got {order.address}")

    async def _clean_up(self, key: str, service: Obj) -> Result | None:
        order = self.orders.get(key)
        if order is None or order.address:
            self.events.normal(service, *DELETING)
            order = self.orders[key] = Order(self.now + self.delays.delete)
        if order.due > self.now:
            return again(order.due - self.now, "the cloud is at work")
        if addresses_of(service) and not is_deleting(service):
            service = await self._set_ingress(service, {})
        await self._set_finalizers(service, [name for name in finalizers_of(service) if name != FINALIZER])
        del self.orders[key]
        self.events.normal(service, *DELETED)
        return None

    def _in_use(self) -> set[str]:
        """Addresses that Services have, and those that are ordered for one."""
        given = {address for service in self.services for address in addresses_of(service)}
        return given | {order.address for order in self.orders.values()}

    async def _set_finalizers(self, service: Obj, finalizers: list[str]) -> Obj:
        meta = service["metadata"]
        patch = {"metadata": {"resourceVersion": meta["resourceVersion"], "finalizers": finalizers or None}}
        return await self.client.patch("services", meta["namespace"], meta["name"], patch)

    async def _set_ingress(self, service: Obj, load_balancer: Obj) -> Obj:
        status = (service.get("status") or {}) | {"loadBalancer": load_balancer}
        return await self.client.update_status("services", {**service, "status": status})


def wants_load_balancer(service: Obj) -> bool:
    """Whether the Service is to have a load balancer of this cloud."""
    spec = service["spec"]
    return spec.get("type") == "LoadBalancer" and not spec.get("loadBalancerClass") and not is_deleting(service)


def finalizers_of(service: Obj) -> list[str]:
    return service["metadata"].get("finalizers") or []


def addresses_of(service: Obj) -> list[str]:
    """The addresses under which the cloud serves it."""
    ingress = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    return [each["ip"] for each in ingress if each.get("ip")]
