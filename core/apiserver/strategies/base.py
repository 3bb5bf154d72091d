"""The default strategy: status apart from spec, everything else as the client wrote it."""

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from core.apiserver.batch import Batch
from core.kube.objects import Obj

Prepare = Callable[[Obj, Obj, Batch], None]
"""Changes the first object, the new one, so that only what may differ from the second, the old one, does."""


class Strategy:
    """Override what differs."""

    returns_deleted: ClassVar[bool] = False
    """Whether an immediate deletion answers the object instead of a Status."""
    unconditional_update: ClassVar[bool] = True
    """Whether an update without resourceVersion is taken."""

    def __init__(self, *, has_generation: bool = False, has_status: bool = True) -> None:
        self.has_generation = has_generation
        self.has_status = has_status

    def prepare_create(self, obj: Obj, batch: Batch) -> None:
        """Fill what the server decides."""
        if self.has_status:
            obj.pop("status", None)

    def prepare_update(self, new: Obj, old: Obj, batch: Batch) -> None:
        """An update of the object itself leaves its status alone."""
        if not self.has_status:
            return
        if "status" in old:
            new["status"] = old["status"]
        else:
            new.pop("status", None)

    kept_by_status: ClassVar[tuple[str, ...]] = ()
    """Fields of the metadata that an update of the status leaves alone."""

    def prepare_status(self, new: Obj, old: Obj, batch: Batch) -> None:
        """An update of the status subresource leaves everything but status and metadata alone.

        Labels, annotations, finalizers and owners may be written with it; `kept_by_status` says which may not.
        Reference: the status strategies of pkg/registry.
        """
        meta, status = new["metadata"], new.get("status")
        new.clear()
        new.update(old)
        new["metadata"] = meta
        keep(meta, old["metadata"], self.kept_by_status)
        if status is not None:
            new["status"] = status

    def part(self, subresource: str) -> Prepare | None:
        """How an update of the part `subresource` is prepared."""
        return self.prepare_status if subresource in ("status", "approval") else None

    def content(self, obj: Obj) -> Any:
        """What, when it differs, counts as a new generation."""
        return {name: value for name, value in obj.items() if name not in ("metadata", "status")}

    def grace_seconds(self, obj: Obj, options: dict[str, Any]) -> int:
        """Seconds between the wish to delete and the removal."""
        return 0

    def prepare_delete(self, obj: Obj) -> None:
        """The object stays for a while, marked for deletion."""


def keep(new: Obj, old: Obj, names: Iterable[str]) -> None:
    """Make the fields `names` of `new` what they are in `old`, absence included."""
    for name in names:
        if name in old:
            new[name] = old[name]
        else:
            new.pop(name, None)
