"""What strangers send: every hostile body ends as a 4xx, and honest ones as the real server reads them."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.kube import decode, plainyaml
from core.kube.decode import decode_body
from core.kube.errors import ApiError, BadRequest, TooLarge, UnsupportedMediaType

JSON, YAML, MERGE = "application/json", "application/yaml", "application/merge-patch+json"

HOSTILE = {
    "truncated": b'{"apiVersion":"v1","kind":"Pod",',
    "empty": b"",
    "deep lists": b"[" * 2000 + b"]" * 2000,
    "very deep lists": b"[" * 100_000,
    "deeper than allowed": b"[" * 66 + b"]" * 66,
    "deep objects": b'{"a":' * 100 + b"1" + b"}" * 100,
    "integer beyond 64 bits": b'{"a":9223372036854775808}',
    "integer below 64 bits": b'{"a":-9223372036854775809}',
    "integer of 5000 digits": b'{"a":' + b"1" * 5000 + b"}",
    "not a number": b'{"a":NaN}',
    "infinity": b'{"a":Infinity}',
    "infinite exponent": b'{"a":1e999}',
    "lone surrogate": b'{"a":"\\ud800"}',
    "lone surrogate as key": b'{"\\udfff":1}',
    "NUL": b'{"a":"x\\u0000"}',
    "NUL as key": b'{"\\u0000":1}',
    "raw NUL": b'{"a":"\x00"}',
    "not UTF-8": b'{"a":"\xff"}',
    "byte order mark": b"\xef\xbb\xbf{}",
    "two documents": b"{}{}",
}
HOSTILE_YAML = {
    "alias": b"a: &x 1\nb: *x\n",
    "anchor": b"a: &x 1\n",
    "billion laughs": b"a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n",
    "merge key": b"a:\n  <<: {b: 1}\n",
    "python tag": b"a: !!python/object/apply:os.system [ls]\n",
    "binary tag": b"a: !!binary aGk=\n",
    "tagged list": b"a: !x []\n",
    "list as key": b"? [a]\n: b\n",
    "mapping as key": b"? {a: 1}\n: b\n",
    "tab": b"a:\n\t- b\n",
    "control character": b"a: \x07\n",
    "NUL escape": b'a: "\\0"\n',
    "lone surrogate escape": b'a: "\\ud800"\n',
    "integer of 5000 digits": b"a: " + b"1" * 5000,
    "float of 5000 digits": b"a: 1." + b"1" * 5000,
    "infinity": b"a: .inf\n",
    "not a number": b"a: .nan\n",
    "integer beyond 64 bits": b"a: 9223372036854775808\n",
    "octal that is none": b"a: 0_\nb: [\n",
    "deep flow": b"[" * 100_000,
    "deep flow closed": b"[" * 100_000 + b"]" * 100_000,
    "deep blocks": b"- " * 100_000 + b"a",
    "deep mappings": b"{a: " * 50_000,
    "deep keys": b"? " * 100_000,
    "deeper than allowed": b"[" * 66 + b"]" * 66,
}


READ_AS_YAML = ("empty", "not a number", "infinity", "byte order mark", "two documents")


@pytest.mark.parametrize(
    ("raw", "content_type"),
    [
        pytest.param(raw, content_type, id=f"{name}, {content_type or 'no type'}")
        for name, raw in HOSTILE.items()
        for content_type in (JSON, MERGE, "", YAML, "application/apply-patch+yaml")
        if not ("yaml" in content_type and name in READ_AS_YAML)
    ],
)
def test_hostile_json_is_a_client_error(raw: bytes, content_type: str) -> None:
    with pytest.raises(ApiError) as caught:
        decode_body(raw, content_type, kind="Pod", find_duplicates=True)
    assert 400 <= caught.value.code < 500
    caught.value.message.encode()


@pytest.mark.parametrize("raw", HOSTILE_YAML.values(), ids=HOSTILE_YAML.keys())
@pytest.mark.parametrize("content_type", [YAML, "application/apply-patch+yaml"])
def test_hostile_yaml_is_a_client_error(raw: bytes, content_type: str) -> None:
    with pytest.raises(BadRequest) as caught:
        decode_body(raw, content_type, kind="Pod")
    caught.value.message.encode()


@given(
    st.binary(max_size=200) | st.text(alphabet='{}[]:,"\\-&*!|>?<%@`#\n\t abc019.eE\u00e9', max_size=80).map(str.encode)
)
def test_any_bytes_decode_or_are_a_client_error(raw: bytes) -> None:
    for content_type in (JSON, YAML):
        with contextlib.suppress(BadRequest):
            assert decode.check(decode_body(raw, content_type, find_duplicates=True).value) is None


def test_limits_of_size() -> None:
    with pytest.raises(TooLarge) as caught:
        decode_body(b" " * (decode.BODY_BYTES_MAX + 1), JSON)
    assert caught.value.message == "Request entity too large: limit is 3145728"
    with pytest.raises(TooLarge):
        decode_body(b"a: b\n" + b"#" * decode.YAML_BYTES_MAX, YAML)
    assert decode_body(b'{"a":"' + b"x" * decode.YAML_BYTES_MAX + b'"}', YAML).value  # JSON under YAML's name


def test_unknown_types_are_refused() -> None:
    with pytest.raises(UnsupportedMediaType):
        decode_body(b"{}", "application/vnd.kubernetes.protobuf")


@pytest.mark.parametrize(
    ("raw", "content_type", "message"),
    [
        (
            b'{"apiVersion":"v1","kind":"Pod",',
            JSON,
            "the object provided is unrecognized (must be of type Pod): couldn't get version/kind; json parse error:"
            ' unexpected end of JSON input ({"apiVersion":"v1","kind":"Pod ...)',
        ),
        (
            b"",
            JSON,
            "the object provided is unrecognized (must be of type Pod): couldn't get version/kind; json parse error:"
            " unexpected end of JSON input (<empty>)",
        ),
        (b'{"data":', MERGE, "error decoding patch: unexpected end of JSON input"),
        (b'{"a" 1}', MERGE, "error decoding patch: invalid character '1' after object key"),
        (b'{"a": x}', MERGE, "error decoding patch: invalid character 'x' looking for beginning of value"),
        (b"{} {}", MERGE, "error decoding patch: invalid character '{' after top-level value"),
    ],
    ids=["truncated", "empty", "patch", "no colon", "no value", "two values"],
)
def test_unreadable_text_is_told_as_the_real_server_tells_it(raw: bytes, content_type: str, message: str) -> None:
    with pytest.raises(BadRequest) as caught:
        decode_body(raw, content_type, kind="Pod")
    assert caught.value.message == message


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (b'{"metadata":{"name":"df","name":"df2"}}', ('duplicate field "metadata.name"',)),
        (b'{"a":1,"a":2,"a":3}', ('duplicate field "a"', 'duplicate field "a"')),
        (b'{"a":[{"b":1,"b":2},{}]}', ('duplicate field "a[0].b"',)),
        (b'{"a":{"b":1},"c":{"b":1}}', ()),
    ],
    ids=["nested", "three times", "in a list", "none"],
)
def test_duplicate_fields_are_found_when_asked(raw: bytes, found: tuple[str, ...]) -> None:
    assert decode_body(raw, JSON, find_duplicates=True).warnings == found
    assert decode_body(raw, JSON).warnings == ()


def test_duplicate_keys_of_yaml_are_told_by_line() -> None:
    decoded = decode_body(b"a: 1\nb: 2\na: 3\n", YAML)
    assert decoded.value == {"a": 3, "b": 2}
    assert decoded.warnings == ('line 3: key "a" already set in map',)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-12", -12),
        ("1_000", 1000),
        ("0777", 511),
        ("0o17", 15),
        ("0x1F", 31),
        ("0b11", 3),
        ("0", 0),
        ("08", 8.0),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("yes", True),
        ("Off", False),
        ("~", None),
        ("null", None),
        ("1:30", "1:30"),
        ("2026-13-45", "2026-13-45"),
        ("2026-11-24T01:11:35Z", "2026-11-24T01:11:35Z"),
        ("250m", "250m"),
        ("1Gi", "1Gi"),
        ("v1", "v1"),
        ("=", "="),
        ("1.2.3", "1.2.3"),
        ("-", "-"),
    ],
)
def test_plain_scalars_mean_what_the_real_reader_says(text: str, value: object) -> None:
    assert plainyaml.resolve(text) == value


def test_a_manifest_reads_as_json() -> None:
    raw = b"""
# a comment
apiVersion: v1
kind: ConfigMap
metadata: {name: yamlcm, labels: {1: "2", true: x}}
data:
  a: "1"
  script: |
    line
    other
  folded: >-
    one
    two
list:
- a
- b: [1, 2]
---
kind: Second
"""
    assert decode_body(raw, YAML).value == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "yamlcm", "labels": {"1": "2", "true": "x"}},
        "data": {"a": "1", "script": "line\nother\n", "folded": "one two"},
        "list": ["a", {"b": [1, 2]}],
    }
