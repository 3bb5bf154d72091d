"""What keeps a pod's volumes from being mounted: ConfigMaps and Secrets, and keys of them, that are not there. Pure.

Reference: kubelet `volume/{configmap,secret,projected}`. Their files are later work; so is what has to be attached.
"""

from collections.abc import Callable, Iterator
from typing import Any

from core.kube.objects import Obj

Find = Callable[[str, str], Obj | None]  # (resource, name) → the object in the pod's namespace

FAILED_MOUNT = 'MountVolume.SetUp failed for volume "{volume}" : {why}'
NOT_FOUND = '{kind} "{name}" not found'
NO_KEY = {
    "configMap": "configmap references non-existent config key: {key}",
    "secret": "references non-existent secret key: {key}",
}
SOURCES = {
    # kind of volume → resource, and the field that names the object: of a volume, of a projected source
    "configMap": ("configmaps", "name", "name"),
    "secret": ("secrets", "secretName", "name"),
}

RETRY, RETRY_MAX = 0.5, 122.0  # seconds; nestedpendingoperations' exponential back-off


def missing_volume(pod: Obj, find: Find) -> str:
    """Why the first volume that cannot be mounted cannot; empty when all can."""
    for volume in pod["spec"].get("volumes") or ():
        why = [*_missing_in(volume, find, 1)]
        for source in (volume.get("projected") or {}).get("sources") or ():
            why += _missing_in(source, find, 2)
        if why:
            return FAILED_MOUNT.format(volume=volume["name"], why=why[0] if len(why) == 1 else f"[{', '.join(why)}]")
    return ""


def retry_delay(failures: int) -> float:
    """Seconds to the next attempt, after `failures` in a row."""
    return float(min(RETRY * 2 ** min(failures - 1, 10), RETRY_MAX))


def _missing_in(volume: dict[str, Any], find: Find, naming: int) -> Iterator[str]:
    for kind, fields in SOURCES.items():
        source = volume.get(kind)
        if source is None or source.get("optional"):
            continue
        name = source.get(fields[naming], "")
        found = find(fields[0], name)
        if found is None:
            yield NOT_FOUND.format(kind=kind.lower(), name=name)
            continue
        keys = {*(found.get("data") or ()), *(found.get("binaryData") or ())}
        for item in source.get("items") or ():
            if item["key"] not in keys:
                yield NO_KEY[kind].format(key=item["key"])
                break
