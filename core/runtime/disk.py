"""A node's local disk and kernel: records by kind and key, which survive the death of any process.

The engine loads a disk before the node's components start, and writes what changed in the same transaction as the API
requests that go with it. A record is a JSON dict; change one by putting it again. Sandboxes and containers carry the
pod they belong to (`pod`: namespace/name), and are found by it without looking at those of other pods.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

Record = dict[str, Any]
KINDS = ("sandbox", "container", "image", "kernel")
OF_PODS = ("sandbox", "container")


@dataclass(slots=True)
class Disk:
    """Records of one node. `boot` counts the node's boots: a process recorded under another boot is dead.

    `serving`: whether the container runtime's daemon runs; while it does not, containers go on but nobody can be told to
    start or stop one.
    """

    node: str
    boot: int = 1
    serving: bool = True
    records: dict[str, dict[str, Record]] = field(default_factory=lambda: {kind: {} for kind in KINDS})
    changed: dict[tuple[str, str], Record | None] = field(default_factory=dict)
    _of_pod: dict[tuple[str, str], dict[str, None]] | None = None  # (kind, pod) → keys in order; built when first asked

    def get(self, kind: str, key: str) -> Record | None:
        return self.records[kind].get(key)

    def all(self, kind: str) -> Iterable[Record]:
        return self.records[kind].values()

    def of_pod(self, kind: str, pod: str) -> list[Record]:
        """The records of `kind` (sandbox, container) of the pod `namespace/name`, oldest first."""
        if self._of_pod is None:
            self._of_pod = {}
            for each in OF_PODS:
                for key, record in self.records[each].items():
                    self._of_pod.setdefault((each, record["pod"]), {})[key] = None
        records = self.records[kind]
        return [records[key] for key in self._of_pod.get((kind, pod), ())]

    def put(self, kind: str, key: str, record: Record) -> None:
        if self._of_pod is not None and kind in OF_PODS:
            self._of_pod.setdefault((kind, record["pod"]), {})[key] = None
        self.records[kind][key] = record
        self.changed[kind, key] = record

    def delete(self, kind: str, key: str) -> None:
        record = self.records[kind].pop(key, None)
        if record is None:
            return
        self.changed[kind, key] = None
        if self._of_pod is not None and kind in OF_PODS:
            keys = self._of_pod[kind, record["pod"]]
            del keys[key]
            if not keys:
                del self._of_pod[kind, record["pod"]]

    def take_changes(self) -> dict[tuple[str, str], Record | None]:
        """What was put (a record) or deleted (None) since the last call."""
        taken, self.changed = self.changed, {}
        return taken
