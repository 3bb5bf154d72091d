"""What a request for a log means."""

import pytest

from core.kube.errors import BadRequest, Invalid
from core.kube.podlogs import LogOptions, container_meant, log_options
from core.kube.times import parse_timestamp

NOW = 1_767_225_600.0


def pod(*names, init=()):
    spec = {"containers": [{"name": name} for name in names], "initContainers": [{"name": name} for name in init]}
    return {"metadata": {"name": "web"}, "spec": spec}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param({}, LogOptions(), id="nothing asked"),
        pytest.param({"tailLines": 0, "timestamps": True}, LogOptions(timestamps=True, tail=0), id="tail 0"),
        pytest.param({"sinceSeconds": 60}, LogOptions(since=NOW - 60), id="since seconds"),
        pytest.param(
            {"sinceTime": "2026-01-01T00:00:00Z"},
            LogOptions(since=parse_timestamp("2026-01-01T00:00:00Z")),
            id="since time",
        ),
    ],
)
def test_options_are_read(options, expected):
    assert log_options("web", options, NOW) == expected


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"tailLines": -1},
            'PodLogOptions "web" is invalid: tailLines: Invalid value: -1: must be greater than or equal to 0',
        ),
        (
            {"limitBytes": 0},
            'PodLogOptions "web" is invalid: limitBytes: Invalid value: 0: must be greater than 0',
        ),
    ],
)
def test_options_out_of_range_are_invalid(options, message):
    with pytest.raises(Invalid) as caught:
        log_options("web", options, NOW)
    assert caught.value.message == message


@pytest.mark.parametrize("text", ["", "yesterday", "2026-01-01", "2026-13-01T00:00:00Z"])
def test_a_time_that_is_none_is_a_bad_request(text):
    with pytest.raises(BadRequest):
        log_options("web", {"sinceTime": text}, NOW)


def test_the_only_container_needs_no_name():
    assert container_meant(pod("c", init=["setup"]), "") == "c"
    assert container_meant(pod("c", init=["setup"]), "setup") == "setup"


@pytest.mark.parametrize(
    ("names", "wish", "message"),
    [
        (("c",), "zz", "container zz is not valid for pod web"),
        (("a", "b"), "", "a container name must be specified for pod web, choose one of: [setup a b]"),
    ],
)
def test_a_container_that_is_not_clear_is_a_bad_request(names, wish, message):
    with pytest.raises(BadRequest) as caught:
        container_meant(pod(*names, init=["setup"]), wish)
    assert caught.value.message == message
