"""A pod's volumes: a name each, and one source. Those that are well-formed are what containers can mount.

Reference: `pkg/apis/core/validation` (ValidateVolumes, validateVolumeSource, validateProjectionSources).
"""

from collections.abc import Iterator
from typing import Any

from core.kube import formats
from core.kube.causes import Cause, duplicate, forbidden, invalid_value, required
from core.kube.objects import Obj
from core.kube.quantities import parse
from core.kube.validation import claims
from core.kube.validation.common import formatted, one_of
from core.kube.validation.pods.environment import VOLUME_FIELDS, object_field, resource_field
from core.kube.validation.pods.mounts import Volumes, file_path
from core.kube.validation.volumesources import MANY_SOURCES, NO_SOURCE, csi_driver_name, shared_source

PULL_POLICIES = ("Always", "IfNotPresent", "Never")
KINDS = (
    # in the order in which the real server looks for them: the first counts, the others are too many
    "emptyDir",
    "hostPath",
    "gitRepo",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "secret",
    "nfs",
    "iscsi",
    "glusterfs",
    "flocker",
    "persistentVolumeClaim",
    "rbd",
    "cinder",
    "cephfs",
    "quobyte",
    "downwardAPI",
    "fc",
    "flexVolume",
    "configMap",
    "azureFile",
    "vsphereVolume",
    "photonPersistentDisk",
    "portworxVolume",
    "azureDisk",
    "storageos",
    "projected",
    "scaleIO",
    "csi",
    "ephemeral",
    "image",
)
FORBIDDEN_AS = {"cephfs": "cephFS", "downwardAPI": "downwarAPI"}  # as the real server spells them
TOKEN_SECONDS_MIN, TOKEN_SECONDS_MAX = 600, 1 << 32

FILE_MODE = "must be a number between 0 and 0777 (octal), both inclusive"
BAD_SIZE = "SizeLimit field must be a valid resource quantity"
TWO_REFS = "fieldRef and resourceFieldRef can not be specified simultaneously"
ONE_REF = "one of fieldRef and resourceFieldRef is required"
SAME_PATH = "conflicting duplicate paths"
TOKEN_SHORT = "may not specify a duration less than 10 minutes"
TOKEN_LONG = "may not specify a duration larger than 2^32 seconds"
ONE_PROJECTION = "may not specify more than 1 volume type per source"
CREATED_CLAIM = "must not reference a PVC that gets created for an ephemeral volume"
CLAIM_NAME = 'PVC name "{name}": {why}'
NO_ACCOUNT = "must not be specified when serviceAccountName is not set"
NO_BUNDLE = "either name or signerName must be specified"
TWO_BUNDLES = "only one of name and signerName may be used"


def volumes(entries: list[Obj], field: str, pod_name: str, found: Volumes) -> Iterator[Cause]:
    """The causes; the volumes that can be mounted are put into `found`. `pod_name` is empty for a template."""
    made = {f"{pod_name}-{each.get('name', '')}" for each in entries if pod_name and "ephemeral" in each}
    for index, volume in enumerate(entries):
        path, name = f"{field}[{index}]", volume.get("name", "")
        faults = list(_volume(volume, path, name, pod_name))
        if name in found:
            faults.append(duplicate(f"{path}.name", name))
        if faults:
            yield from faults
        else:
            found[name] = volume
        claim = (volume.get("persistentVolumeClaim") or {}).get("claimName") if made else None
        if claim is not None and claim in made:
            yield invalid_value(f"{path}.persistentVolumeClaim.claimName", claim, CREATED_CLAIM)


def _volume(volume: Obj, path: str, name: str, pod_name: str) -> Iterator[Cause]:
    # A name and one source is what nearly all have.
    kinds = [kind for kind in (volume if len(volume) == 2 else KINDS) if kind != "name" and kind in volume]
    if kinds:
        yield from _source(kinds[0], volume[kinds[0]], path, name, pod_name)
        for kind in kinds[1:]:
            yield forbidden(f"{path}.{FORBIDDEN_AS.get(kind, kind)}", MANY_SOURCES)
    else:
        yield required(path, NO_SOURCE)
    yield from formatted(f"{path}.name", name, formats.dns_label)


def _source(kind: str, source: Obj, path: str, name: str, pod_name: str) -> Iterator[Cause]:
    if kind == "emptyDir":
        if "sizeLimit" in source and parse(source["sizeLimit"]) < 0:
            yield forbidden(f"{path}.emptyDir.sizeLimit", BAD_SIZE)
    elif kind == "projected":
        yield from _mode(f"{path}.projected.defaultMode", source.get("defaultMode"))
        yield from _projections(source.get("sources") or (), f"{path}.projected")
    elif kind in ("configMap", "secret"):
        key = "name" if kind == "configMap" else "secretName"
        if not source.get(key):
            yield required(f"{path}.{kind}.{key}")
        yield from _mode(f"{path}.{kind}.defaultMode", source.get("defaultMode"))
        for index, item in enumerate(source.get("items") or ()):
            yield from _item(item, f"{path}.{kind}.items[{index}]")
    elif kind == "downwardAPI":
        yield from _mode(f"{path}.downwardAPI.defaultMode", source.get("defaultMode"))
        for item in source.get("items") or ():
            yield from _file(item, f"{path}.downwardAPI")
    elif kind == "csi":
        yield from csi_driver_name(f"{path}.csi.driver", source.get("driver", ""))
        if "nodePublishSecretRef" in source:
            secret = source["nodePublishSecretRef"].get("name", "")
            yield from formatted(f"{path}.csi.nodePublishSecretRef.name", secret, formats.dns_subdomain)
    elif kind == "ephemeral":
        yield from _ephemeral(source, path, name, pod_name)
    elif kind == "image":
        if pod_name and not source.get("reference"):
            yield required(f"{path}.image.reference")
        yield from one_of(f"{path}.image.pullPolicy", source.get("pullPolicy"), PULL_POLICIES)
    else:
        yield from shared_source(kind, source, path)


def _ephemeral(source: Obj, path: str, name: str, pod_name: str) -> Iterator[Cause]:
    template = source.get("volumeClaimTemplate")
    if template is None:
        yield required(f"{path}.ephemeral.volumeClaimTemplate")
    else:
        yield from claims.template(template, f"{path}.ephemeral.volumeClaimTemplate")
    if pod_name and name:
        fault = formats.dns_subdomain(f"{pod_name}-{name}")
        if fault:
            yield invalid_value(f"{path}.name", name, CLAIM_NAME.format(name=f"{pod_name}-{name}", why=fault))


def _mode(field: str, mode: Any) -> Iterator[Cause]:
    if mode is not None and not 0 <= mode <= 0o777:
        yield invalid_value(field, mode, FILE_MODE)


def _item(item: Obj, path: str) -> Iterator[Cause]:
    """A key, and the file it becomes."""
    for name in ("key", "path"):
        if not item.get(name):
            yield required(f"{path}.{name}")
    yield from file_path(f"{path}.path", item.get("path", ""))
    if "mode" in item:
        yield from _mode(f"{path}.mode", item["mode"])


def _file(item: Obj, path: str) -> Iterator[Cause]:
    """A file with a field of the pod. Its path lacks the index, as in the real server."""
    if not item.get("path"):
        yield required(f"{path}.path")
    yield from file_path(f"{path}.path", item.get("path", ""))
    if "fieldRef" in item:
        yield from object_field(item["fieldRef"], f"{path}.fieldRef", VOLUME_FIELDS)
        if "resourceFieldRef" in item:
            yield invalid_value(path, "resource", TWO_REFS)
    elif "resourceFieldRef" in item:
        yield from resource_field(item["resourceFieldRef"], f"{path}.resourceFieldRef", of_volume=True)
    else:
        yield required(path, ONE_REF)
    if "mode" in item:
        yield from _mode(f"{path}.mode", item["mode"])


def _projections(sources: Any, field: str) -> Iterator[Cause]:
    """Several sources in one folder, whose files must not meet."""
    paths: set[str] = set()
    for index, source in enumerate(sources):
        path = f"{field}.sources[{index}]"
        for kind, projected in source.items():
            yield from _projection(kind, projected, path, field, paths)
        if len(source) > 1:
            yield forbidden(path, ONE_PROJECTION)


def _projection(kind: str, source: Obj, path: str, field: str, paths: set[str]) -> Iterator[Cause]:
    if kind in ("configMap", "secret"):
        name = source.get("name", "")
        if not name:
            yield required(f"{path}.{kind}.name")
        for index, item in enumerate(source.get("items") or ()):
            yield from _item(item, f"{path}.{kind}.items[{index}]")
            yield from _once(item.get("path"), paths, field, name)
    elif kind == "downwardAPI":
        for item in source.get("items") or ():
            yield from _file(item, f"{path}.downwardAPI")
            yield from _once(item.get("path"), paths, field, item.get("path"))
    elif kind == "serviceAccountToken":
        seconds = source.get("expirationSeconds", TOKEN_SECONDS_MIN)
        if seconds < TOKEN_SECONDS_MIN:
            yield invalid_value(f"{path}.serviceAccountToken.expirationSeconds", seconds, TOKEN_SHORT)
        if seconds > TOKEN_SECONDS_MAX:
            yield invalid_value(f"{path}.serviceAccountToken.expirationSeconds", seconds, TOKEN_LONG)
        if not source.get("path"):
            yield required(f"{field}.path")
        else:
            yield from file_path(f"{field}.path", source["path"])
    elif kind == "clusterTrustBundle":
        yield from _trust_bundle(source, f"{path}.clusterTrustBundle")
        yield from _once(source.get("path"), paths, field, source.get("path"))


def _once(path: str | None, paths: set[str], field: str, told: Any) -> Iterator[Cause]:
    if path:
        if path in paths:
            yield invalid_value(field, told, SAME_PATH)
        paths.add(path)


def _trust_bundle(source: Obj, field: str) -> Iterator[Cause]:
    if "name" in source and "signerName" in source:
        yield invalid_value(field, source, TWO_BUNDLES)
    elif "name" not in source and "signerName" not in source:
        yield required(field, NO_BUNDLE)
    elif source.get("name") == "":
        yield required(f"{field}.name", "must be a valid object name")
    if not source.get("path"):
        yield required(f"{field}.path")
    yield from file_path(f"{field}.path", source.get("path", ""))


def needs_account(spec: Obj, field: str) -> Iterator[Cause]:
    """A token is somebody's: who asks for one says whose, once admission has seen the pod."""
    if spec.get("serviceAccountName"):
        return
    for index, volume in enumerate(spec.get("volumes") or ()):
        for number, source in enumerate((volume.get("projected") or {}).get("sources") or ()):
            if "serviceAccountToken" in source:
                path = f"{field}.volumes[{index}].projected.sources[{number}].serviceAccountToken"
                yield forbidden(path, NO_ACCOUNT)
