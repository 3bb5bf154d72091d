"""The garbage collector: deletes what its owners left behind. Works on every resource.

Watches everything. Desired: no object outlives all of its owners; actual: the owner references of each object. The owner
graph is not a structure of its own: it is the informers' index of objects by owner uid. Three ways to delete an owner:

- Background: it goes at once; each dependent is then found to have no owner left and is deleted in turn.
- Foreground: it waits, with the finalizer `foregroundDeletion`, until its dependents with `blockOwnerDeletion` are gone. In
  a circle of owners the one that closes it stops blocking.
- Orphan: it waits, with the finalizer `orphan`, until its dependents' references to it are taken off.

An object with several owners loses the references to those that are gone, and stays. Every deletion carries the uid as a
precondition, so a new object of the same name is safe. The real one (`pkg/controller/garbagecollector`) asks the API server
about each missing owner, because its informers are not at one revision; ours are, so what they do not show does not exist,
except while they are listed anew: so an owner that was not seen to go is asked for once.
"""

from typing import Any, NamedTuple

from core.client import Informer, Reconciler, Result
from core.client.calls import deletion
from core.client.transport import WatchEvent
from core.kube.errors import ApiError, Conflict, NotFound
from core.kube.objects import Key, Obj, is_deleting
from core.kube.requests import PatchType, Request, service_account
from core.kube.resources import REGISTRY, Resource

ORPHAN, FOREGROUND = "orphan", "foregroundDeletion"
IGNORED = frozenset({"events"})
"""Events have no owners, and there are many."""

REMEMBERED_MAX = 10_000
WRONG_NAMESPACE = (
    "ownerRef [{kind}, namespace: {namespace}, name: {name}, uid: {uid}] does not exist in namespace {quoted}"
)


class Owners(NamedTuple):
    """The owner references of one object, by what became of the owner."""

    solid: list[Obj]
    gone: list[Obj]
    waiting: list[Obj]  # in foreground deletion: they wait for the object to go


class GarbageCollector(Reconciler):
    """Keys are `resource namespace/name`."""

    name = "garbagecollector"
    user = service_account("kube-system", "generic-garbage-collector")
    in_flight_max = 400  # the real one has 20 workers; here what is in flight shares one transaction

    def start(self) -> None:
        self.gone: dict[str, None] = {}  # uids that were seen to go, oldest first
        self.kinds: dict[tuple[str, str], Resource] = {}
        self.graph: dict[str, Informer] = {}
        for resource in REGISTRY.values():
            self.kinds[(resource.api_version, resource.kind)] = resource
            if resource.name not in IGNORED and "delete" in resource.verbs and not resource.stored_as:
                self.graph[resource.name] = self.watch(resource.name, self.on_change, owner_uid=by_owner_uid)

    @property
    def component(self) -> str:
        return "garbage-collector-controller"

    def on_change(self, event: WatchEvent) -> None:
        obj, meta = event.object, event.object["metadata"]
        if event.type == "DELETED":
            self._remember(meta.get("uid", ""))
            for resource, dependent in self._dependents(meta.get("uid", "")):
                self._enqueue(resource, dependent, event.revision)
            self._wake_waiting_owners(obj, event.revision)
            return
        finalizers = meta.get("finalizers")
        if is_deleting(obj) and finalizers and (ORPHAN in finalizers or FOREGROUND in finalizers):
            self._enqueue(event.resource, obj, event.revision)
        references = meta.get("ownerReferences")
        before = event.old["metadata"].get("ownerReferences") if event.old else None
        if references != before or (references and event.old is obj):
            if event.old and before:
                self._wake_waiting_owners(event.old, event.revision)
            if references and any(not self._is_there(obj, reference) for reference in references):
                self._enqueue(event.resource, obj, event.revision)

    async def reconcile(self, key: str) -> Result | None:
        resource, _, name = key.partition(" ")
        obj = self.graph[resource].by_key(name)
        if obj is None:
            return None
        finalizers = obj["metadata"].get("finalizers") or []
        if is_deleting(obj):
            if ORPHAN in finalizers:
                return await self._orphan_dependents(resource, obj)
            if FOREGROUND in finalizers:
                return await self._delete_dependents(resource, obj)
            return None
        owners = await self._owners(obj)
        if owners.solid:
            if owners.gone or owners.waiting:
                await self._set_owners(resource, obj, owners.solid)
            return None
        if not owners.gone and not owners.waiting:
            return None
        dependents = self._dependents(obj["metadata"]["uid"])
        if owners.waiting and dependents:
            if any(is_deleting(dependent) and _waits(dependent) for _, dependent in dependents):
                # Its owner waits for it, and it would wait for what waits already: a circle, as far as can be seen from
                # here. Somebody has to go first, so it no longer holds its owners up.
                await self._stop_blocking(resource, obj)
            policy = "Foreground"
        elif ORPHAN in finalizers:
            policy = "Orphan"
        else:
            policy = "Foreground" if FOREGROUND in finalizers else "Background"
        await self._delete(resource, obj, policy)
        return Result(note=f"deleted, its owner is gone ({policy})")

    # The graph.

    def _dependents(self, uid: str) -> list[tuple[str, Obj]]:
        return [(name, obj) for name, informer in self.graph.items() for obj in informer.indexed("owner_uid", uid)]

    def _owner(self, obj: Obj, reference: Obj) -> Obj | None:
        """The owner that a reference names, if it is there; a namesake with another uid is not the owner."""
        resource = self.kinds.get((reference["apiVersion"], reference["kind"]))
        if resource is None or resource.name not in self.graph:
            return None
        namespace = obj["metadata"].get("namespace", "") if resource.namespaced else ""
        owner = self.graph[resource.name].get(namespace, reference["name"])
        return owner if owner is not None and owner["metadata"]["uid"] == reference["uid"] else None

    def _is_there(self, obj: Obj, reference: Obj) -> bool:
        owner = self._owner(obj, reference)
        return owner is not None and not (is_deleting(owner) and _waits(owner))

    async def _owners(self, obj: Obj) -> Owners:
        found = Owners([], [], [])
        for reference in obj["metadata"].get("ownerReferences") or ():
            owner = self._owner(obj, reference)
            if owner is not None:
                (found.waiting if is_deleting(owner) and _waits(owner) else found.solid).append(reference)
            elif self._is_unresolvable(obj, reference) or not await self._is_gone(obj, reference):
                found.solid.append(reference)
            else:
                found.gone.append(reference)
        return found

    def _is_unresolvable(self, obj: Obj, reference: Obj) -> bool:
        """An unknown kind, or a namespaced owner of a cluster-scoped object: nothing can be said, so nothing is done."""
        resource = self.kinds.get((reference["apiVersion"], reference["kind"]))
        return resource is None or (resource.namespaced and not obj["metadata"].get("namespace"))

    async def _is_gone(self, obj: Obj, reference: Obj) -> bool:
        uid = reference["uid"]
        if uid in self.gone:
            return True
        resource = self.kinds[(reference["apiVersion"], reference["kind"])]
        namespace = obj["metadata"].get("namespace", "") if resource.namespaced else ""
        try:
            owner = await self.client.get(resource.name, namespace, reference["name"])
        except NotFound:
            owner = None
        if owner is not None and owner["metadata"]["uid"] == uid:
            return False
        if owner is None and resource.namespaced:
            self._warn_of_namespace(obj, reference, namespace)
        self._remember(uid)
        return True

    def _warn_of_namespace(self, obj: Obj, reference: Obj, namespace: str) -> None:
        """An owner of that uid that lives in another namespace is a mistake worth telling."""
        resource = self.kinds[(reference["apiVersion"], reference["kind"])]
        namesakes = (other for key, other in self.graph[resource.name].objects.items() if key.name == reference["name"])
        if any(other["metadata"]["uid"] == reference["uid"] for other in namesakes):
            text = WRONG_NAMESPACE.format(
                kind=f"{reference['apiVersion']}/{reference['kind']}",
                namespace=namespace,
                name=reference["name"],
                uid=reference["uid"],
                quoted=f'"{namespace}"',
            )
            self.events.warning(obj, "OwnerRefInvalidNamespace", text)

    def _wake_waiting_owners(self, obj: Obj, revision: int) -> None:
        for reference in obj["metadata"].get("ownerReferences") or ():
            resource = self.kinds.get((reference["apiVersion"], reference["kind"]))
            owner = self._owner(obj, reference)
            if resource is not None and owner is not None and is_deleting(owner) and _waits(owner):
                self._enqueue(resource.name, owner, revision)

    def _enqueue(self, resource: str, obj: Obj, revision: int) -> None:
        meta = obj["metadata"]
        self.enqueue(f"{resource} {Key(meta.get('namespace', ''), meta['name'])}", revision)

    def _remember(self, uid: str) -> None:
        self.gone[uid] = None
        if len(self.gone) > REMEMBERED_MAX:
            del self.gone[next(iter(self.gone))]

    # What is done.

    async def _orphan_dependents(self, resource: str, owner: Obj) -> Result | None:
        """Take the references to `owner` off, then let it go."""
        uid = owner["metadata"]["uid"]
        requests = []
        for name, dependent in self._dependents(uid):
            others = [entry for entry in dependent["metadata"]["ownerReferences"] if entry["uid"] != uid]
            requests.append(owners_patch(name, dependent, others))
        for answer in await self.client.batch(requests) if requests else ():
            if isinstance(answer, ApiError) and not isinstance(answer, NotFound):
                raise answer
        await self._remove_finalizer(resource, owner, ORPHAN)
        return Result(note=f"orphaned {len(requests)} dependents")

    async def _delete_dependents(self, resource: str, owner: Obj) -> Result | None:
        """Set all dependents going; let the owner go when none is left that blocks it."""
        uid = owner["metadata"]["uid"]
        dependents = self._dependents(uid)
        blocking = [pair for pair in dependents if _blocks(pair[1], uid)]
        if not blocking:
            await self._remove_finalizer(resource, owner, FOREGROUND)
            return Result(note="its dependents are gone")
        for name, dependent in blocking:
            if not is_deleting(dependent):
                self._enqueue(name, dependent, 0)
        return None

    async def _remove_finalizer(self, resource: str, owner: Obj, finalizer: str) -> None:
        meta = owner["metadata"]
        left = [entry for entry in meta.get("finalizers") or () if entry != finalizer]
        patch = {"metadata": {"resourceVersion": meta["resourceVersion"], "finalizers": left or None}}
        try:
            await self.client.patch(resource, meta.get("namespace", ""), meta["name"], patch)
        except NotFound:
            return

    async def _stop_blocking(self, resource: str, obj: Obj) -> None:
        owners = [entry | {"blockOwnerDeletion": False} for entry in obj["metadata"]["ownerReferences"]]
        if owners != obj["metadata"]["ownerReferences"]:
            await self._set_owners(resource, obj, owners)

    async def _set_owners(self, resource: str, obj: Obj, owners: list[Obj]) -> None:
        (answer,) = await self.client.batch([owners_patch(resource, obj, owners)])
        if isinstance(answer, ApiError) and not isinstance(answer, NotFound):
            raise answer

    async def _delete(self, resource: str, obj: Obj, policy: str) -> None:
        meta = obj["metadata"]
        options: dict[str, Any] = {"propagationPolicy": policy, "preconditions": {"uid": meta["uid"]}}
        (answer,) = await self.client.batch([deletion(resource, meta.get("namespace", ""), meta["name"], **options)])
        if isinstance(answer, ApiError) and not isinstance(answer, NotFound | Conflict):
            raise answer  # a conflict is a namesake with another uid: not ours to delete


def owners_patch(resource: str, obj: Obj, owners: list[Obj]) -> Request:
    meta = obj["metadata"]
    precondition = {"uid": meta["uid"], "resourceVersion": meta["resourceVersion"]}
    patch = {"metadata": precondition | {"ownerReferences": owners or None}}
    namespace = meta.get("namespace", "")
    return Request("patch", resource, namespace, meta["name"], body=patch, patch_type=PatchType.MERGE)


def by_owner_uid(obj: Obj) -> list[str]:
    """Index function: the uids of all owners."""
    return [reference["uid"] for reference in obj["metadata"].get("ownerReferences") or ()]


def _waits(owner: Obj) -> bool:
    return FOREGROUND in (owner["metadata"].get("finalizers") or ())


def _blocks(dependent: Obj, uid: str) -> bool:
    references = dependent["metadata"].get("ownerReferences") or ()
    return any(entry["uid"] == uid and entry.get("blockOwnerDeletion") for entry in references)
