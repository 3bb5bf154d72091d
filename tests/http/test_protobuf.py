"""Bodies in Kubernetes' protobuf, as the Go clients write them."""

import pytest

from core.apiserver.http.protobuf import (
    MAGIC,
    MEDIA_TYPE,
    SCALARS,
    SPECIAL,
    decode,
    definition_of,
    table_of,
)
from core.kube.errors import BadRequest
from core.kube.gotypes import EMBEDDED, facts
from core.kube.resources import TABLE
from tests.http.client import Client


def varint(number: int) -> bytes:
    out = b""
    while number > 0x7F:
        out += bytes((number & 0x7F | 0x80,))
        number >>= 7
    return out + bytes((number,))


def field(number: int, value: bytes | str | int) -> bytes:
    """One field on the wire: a number, or bytes with their length."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value & 2**64 - 1)
    raw = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(raw)) + raw


def message(api_version: str, kind: str, raw: bytes) -> bytes:
    return MAGIC + field(1, field(1, api_version) + field(2, kind)) + field(2, raw) + field(3, "") + field(4, "")


# ObjectMeta as Go writes it: what is not a pointer is always there, empty or not.
META = field(1, "web") + field(2, "") + field(3, "") + field(5, "") + field(7, 0) + field(8, b"")


def test_deployment_is_what_its_json_would_be() -> None:
    labels = field(11, field(1, "app") + field(2, "web"))
    container = field(1, "c") + field(2, "nginx") + field(5, "") + field(8, b"") + field(16, 0)
    port = field(6, field(1, "") + field(2, 0) + field(3, 80) + field(4, "TCP"))
    template = field(1, labels) + field(2, field(2, container + port) + field(3, "") + field(11, 0))
    spec = field(1, 0) + field(3, template) + field(4, field(1, "")) + field(5, 0) + field(7, 0)
    found = decode(message("apps/v1", "Deployment", field(1, META + labels) + field(2, spec) + field(3, field(1, 0))))
    assert found == {
        "kind": "Deployment",
        "apiVersion": "apps/v1",
        "metadata": {"name": "web", "labels": {"app": "web"}},
        "spec": {
            "replicas": 0,  # a pointer: zero was said
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {
                    "containers": [
                        {
                            "name": "c",
                            "image": "nginx",
                            "resources": {},  # not a pointer: Go writes it, empty or not
                            "ports": [{"containerPort": 80, "protocol": "TCP"}],
                        }
                    ]
                },
            },
            "strategy": {},
        },
        "status": {},
    }


def test_bytes_become_base64() -> None:
    found = decode(message("v1", "Secret", field(1, META) + field(2, field(1, "p") + field(2, b"\x00\x01"))))
    assert found["data"] == {"p": "AAE="}


def test_embedded_sources_belong_to_the_volume() -> None:
    source = field(19, field(1, field(1, "cm")))
    volume = field(1, field(1, "v") + field(2, source))
    found = decode(message("v1", "Pod", field(1, META) + field(2, volume)))
    assert found["spec"]["volumes"] == [{"name": "v", "configMap": {"name": "cm"}}]


def test_fields_from_the_future_are_skipped() -> None:
    assert decode(message("v1", "ConfigMap", field(1, META) + field(99, "?") + field(98, 7)))["metadata"] == {
        "name": "web"
    }


def test_negative_numbers_are_ten_bytes() -> None:
    found = decode(message("autoscaling/v1", "Scale", field(1, META) + field(2, field(1, -1))))
    assert found["spec"] == {"replicas": -1}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"{}", id="json"),
        pytest.param(MAGIC, id="nothing"),
        pytest.param(message("v1", "Nope", b""), id="unknown kind"),
        pytest.param(message("v1", "Pod", b"\x0a\x7f"), id="cut short"),
        pytest.param(message("v1", "Pod", b"\xff" * 12), id="endless number"),
        pytest.param(message("v1", "Pod", field(1, 5)), id="number for a message"),
        pytest.param(message("v1", "Pod", b"\x0b"), id="group"),
        pytest.param(message("v1", "Pod", field(1, field(1, b"\xff"))), id="not utf-8"),
        pytest.param(message("v1", "Pod", field(1, field(1, "a\0"))), id="NUL"),
    ],
)
def test_malformed_body_is_a_400(body: bytes) -> None:
    with pytest.raises(BadRequest):
        decode(body)


def names_of(message_name: str, within: str = "") -> set[str]:
    """The fields of a message and of those embedded in it."""
    found = set()
    for entry in table_of(message_name, within).values():
        if entry.sign == EMBEDDED:
            found |= names_of(entry.type, within or message_name)
        else:
            found.add(entry.name)
    return found


EMBEDDED_ONLY = {
    entry.split(EMBEDDED)[1] for fields in facts().messages.values() for entry in fields.split() if EMBEDDED in entry
}


TYPE_META = {"apiVersion", "kind"}


def test_every_message_has_the_fields_of_the_schema() -> None:
    """Not one by one: they are 400, and a missing number would lose what a client writes, in silence."""
    missing = {name: _difference(name) for name in facts().messages if name not in EMBEDDED_ONLY}
    assert {name: fields for name, fields in missing.items() if fields} == {}


def _difference(name: str) -> set[str]:
    known = set(definition_of(name).get("properties", {}))
    return (names_of(name) ^ known) - TYPE_META


def test_every_type_can_be_read() -> None:
    used = {entry.type for name in facts().messages if name not in EMBEDDED_ONLY for entry in table_of(name).values()}
    assert used | set(facts().kinds.values()) <= set(facts().messages) | set(SCALARS) | set(SPECIAL)


WIRE = [
    (
        "a zero that Go always writes",
        "storage.k8s.io/v1",
        "VolumeAttachment",
        field(3, field(1, 0)),
        {"attached": False},
    ),
    ("an empty message", "storage.k8s.io/v1", "CSINode", field(2, b""), {}),
    ("a zero that means absence", "v1", "Service", field(2, field(4, "")), {}),
    ("a pointer to zero", "apps/v1", "ReplicaSet", field(2, field(1, 0)), {"replicas": 0}),
]


@pytest.mark.parametrize(("api_version", "kind", "raw", "part"), [pytest.param(*row[1:], id=row[0]) for row in WIRE])
def test_zeros_are_what_go_would_write_as_json(
    api_version: str, kind: str, raw: bytes, part: dict[str, object]
) -> None:
    found = decode(message(api_version, kind, field(1, META) + raw))
    assert found.get("status" if kind == "VolumeAttachment" else "spec") == part


def test_year_one_is_no_time() -> None:
    year_one = field(1, -62135596800) + field(2, 0)
    found = decode(message("coordination.k8s.io/v1", "Lease", field(1, META) + field(2, field(4, year_one))))
    assert found["spec"] == {}


def test_field_whose_proto_name_differs_is_read() -> None:
    webhooks = field(1, META) + field(2, field(1, "a.example.com"))
    found = decode(message("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", webhooks))
    assert found["webhooks"][0]["name"] == "a.example.com"


def test_every_kind_can_be_sent() -> None:
    assert {f"{row.api_version}/{row.kind}" for row in TABLE} <= set(facts().kinds)


def test_object_can_be_created_from_it(api: Client) -> None:
    body = message("v1", "ConfigMap", field(1, META) + field(2, field(1, "a") + field(2, "1")))
    reply = api.request("POST", "/api/v1/namespaces/default/configmaps", body, {"content-type": MEDIA_TYPE})
    assert (reply.code, reply.json["data"]) == (201, {"a": "1"})
    assert reply.header("content-type") == "application/json"
