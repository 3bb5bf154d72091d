"""Loading and saving node disks: the tables behind `core.runtime.Disk`.

Saving is on the path of every started container, so it is plain SQL: through the ORM it took a third of a pod's cost.
"""

from typing import NamedTuple

import orjson
from django.db import connection

from core.models import Container, Image, KernelTable, Sandbox
from core.runtime import Disk


class Table(NamedTuple):
    """Where the records of a kind live: the column that is the record's key, and columns copied from it for look-ups."""

    name: str
    key: str
    columns: tuple[str, ...] = ()

    @property
    def upsert(self) -> str:
        columns = ("cluster_id", "node", self.key, *self.columns, "data")
        updates = ", ".join(f"{column} = excluded.{column}" for column in (*self.columns, "data"))
        return (
            f"INSERT INTO {self.name} ({', '.join(columns)}) VALUES ({', '.join(['%s'] * len(columns))})"
            f" ON CONFLICT (cluster_id, node, {self.key}) DO UPDATE SET {updates}"
        )


TABLES = {
    "sandbox": Table(Sandbox._meta.db_table, "sandbox_id", ("pod_uid",)),
    "container": Table(Container._meta.db_table, "container_id", ("sandbox_id", "name")),
    "image": Table(Image._meta.db_table, "reference"),
    "kernel": Table(KernelTable._meta.db_table, "name"),
}


def load_disk(cluster_id: int, node: str) -> Disk:
    disk = Disk(node)
    with connection.cursor() as cursor:
        for kind, table in TABLES.items():
            cursor.execute(
                f"SELECT {table.key}, data FROM {table.name} WHERE cluster_id = %s AND node = %s ORDER BY id",
                [cluster_id, node],
            )
            disk.records[kind] = {
                key: orjson.loads(data) if isinstance(data, str | bytes) else data for key, data in cursor.fetchall()
            }
    return disk


def load_container(cluster_id: int, node: str, container_id: str) -> Disk:
    """The node's disk as far as one container goes: enough to answer what it printed."""
    disk = Disk(node)
    rows = Container.objects.filter(cluster_id=cluster_id, node=node, container_id=container_id)
    disk.records["container"] = dict(rows.values_list("container_id", "data"))
    return disk


def save_changes(cluster_id: int, disk: Disk) -> None:
    """Write what changed; called inside the transaction of the batch it belongs to."""
    changes = disk.take_changes()
    with connection.cursor() as cursor:
        for kind, table in TABLES.items():
            mine = [(key, record) for (of_kind, key), record in changes.items() if of_kind == kind]
            gone = [(cluster_id, disk.node, key) for key, record in mine if record is None]
            if gone:
                cursor.executemany(
                    f"DELETE FROM {table.name} WHERE cluster_id = %s AND node = %s AND {table.key} = %s", gone
                )
            rows = [
                (
                    cluster_id,
                    disk.node,
                    key,
                    *(record.get(column, "") for column in table.columns),
                    orjson.dumps(record).decode(),
                )
                for key, record in mine
                if record is not None
            ]
            if rows:
                cursor.executemany(table.upsert, rows)
