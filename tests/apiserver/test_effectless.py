"""Nothing is accepted and ignored without saying so: the table of what has no effect is complete and true."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.apiserver.effectless import KINDS, TABLE, TEMPLATES, rows_of, said, shown
from core.kube.definitions import REFERENCE, definition_name, definitions
from core.kube.objects import Obj
from core.kube.resources import REGISTRY
from tests.builders import make_pod

CORE = Path(__file__).parents[2] / "core"
READERS = ("controllers", "scheduler", "kubelet", "runtime", "proxy", "network", "cloud", "engine", "apiserver", "kube")
VOCABULARY = {"validation", "defaults", "tables", "patches", "fields", "effectless.py", "gotypes.py", "conversion.py"}
SOURCE = "".join(
    path.read_text()
    for package in READERS
    for path in (CORE / package).rglob("*.py")
    if not VOCABULARY & set(path.relative_to(CORE).parts)
)
WORDS = set(re.findall(r"[A-Za-z]\w*", SOURCE))

ELSEWHERE = {
    # field → why it is neither read by name nor without effect
    "livenessProbe": "read as <kind>Probe",
    "readinessProbe": "read as <kind>Probe",
    "startupProbe": "read as <kind>Probe",
    "resizePolicy": "the restart it asks for is the kubelet's next",
    "dnsPolicy": "every pod resolves as ClusterFirst says: docs/kubernetes-api.md",
    "emptyDir": "a directory that is there",
    "hostPath": "a directory that is there",
    "acquireTime": "leases are for those who hold them",
    "leaseTransitions": "leases are for those who hold them",
    "preferredHolder": "leases are for those who hold them",
    "providerID": "said by the cloud, read by people",
    "externalID": "deprecated, read by nobody in a real cluster either",
    "httpHeaders": "there is no server in a simulated container that would look",
    "ephemeralContainers": "refused or run as a whole",
    "terminationMessagePath": "docs/workloads.md says what of it is simulated",
    "terminationMessagePolicy": "docs/workloads.md says what of it is simulated",
    "defaultUser": "files of volumes have no owners yet",
    "volumeClaimTemplate": "made into a claim, which waits and says so",
    "volumeClaimTemplates": "made into claims, which wait and say so",
    "clusterTrustBundle": "simulated containers see no files of volumes yet",
    "podCertificate": "simulated containers see no files of volumes yet",
    "windowsOptions": "for templates of containers, as for pods",
    "runtimeClassName": "admission's",
}
SPECS = [
    name
    for name, row in REGISTRY.items()
    if "get" in row.verbs
    and not row.stored_as
    and name not in {"persistentvolumeclaims", *(kind.resource for kind in KINDS)}
]


def unread(definition: str, path: tuple[str, ...], covered: set[tuple[str, ...]]) -> Iterator[str]:
    """Fields at and below a definition that no component's code names and no row of the table covers."""
    for name, schema in definitions()[definition].get("properties", {}).items():
        below = (*path, name, "*") if "items" in schema else (*path, name)
        here = (*path, name)
        if here in covered or below in covered or name in ELSEWHERE:
            continue
        if name not in WORDS:
            yield shown(here)
            continue
        part = schema.get("items") or schema
        if isinstance(part.get("additionalProperties"), dict):
            part = part["additionalProperties"]
        target = part.get("$ref", "").removeprefix(REFERENCE)
        if target.startswith("io.k8s.api.") and path.count(name) < 1:
            yield from unread(target, below, covered)


@pytest.mark.parametrize("resource", SPECS)
def test_every_field_of_a_spec_is_read_or_said_to_be_silent(resource: str) -> None:
    schema = definitions()[definition_name(REGISTRY[resource])]["properties"].get("spec", {})
    if "$ref" not in schema:
        return
    covered = {row.path for row in rows_of(resource)}
    assert list(unread(schema["$ref"].removeprefix(REFERENCE), ("spec",), covered)) == []


@pytest.mark.parametrize(
    "row", [row for row in TABLE if row.path and row.path[0] == "spec"], ids=lambda row: shown(row.path)
)
def test_row_names_a_field_that_exists(row) -> None:
    current = {"$ref": REFERENCE + definition_name(REGISTRY[row.resource])}
    for step in row.path:
        definition = definitions()[current["$ref"].removeprefix(REFERENCE)] if "$ref" in current else current
        current = definition["items"] if step == "*" else definition["properties"][step]


def test_documentation_has_every_row() -> None:
    text = (CORE.parent / "docs" / "kubernetes-api.md").read_text()
    told = re.findall(r"^\| `([^`]+)` \| (?:`([^`]+)`|the whole kind) \| (.+) \|$", text, re.MULTILINE)
    assert told == [(row.resource, shown(row.path), row.why) for row in TABLE]


def pod(**spec: object) -> Obj:
    found = make_pod().obj()
    found["spec"] |= spec
    return found


def test_only_what_is_new_is_said() -> None:
    before, after = pod(), pod(hostAliases=[{"ip": "1.2.3.4"}])
    assert said("pods", before, None) == []
    assert said("pods", after, before) == [
        "spec.hostAliases is stored, without effect here: the simulated resolver knows the cluster's names only"
    ]
    assert said("pods", after, after) == []


@pytest.mark.parametrize("resource", TEMPLATES)
def test_templates_are_looked_into(resource: str) -> None:
    obj: Obj = {"kind": "X"}
    part = obj
    for step in TEMPLATES[resource]:
        part = part.setdefault(step, {})
    part["spec"] = {"hostAliases": []}
    assert len(said(resource, obj, None)) == 1
