"""What is remembered of clients' texts stays small: by number and by length."""

import pytest

from core.apiserver.http.negotiation import negotiate
from core.kube import cron, formats, names, nodeselectors, quantities, times
from core.kube.remembering import remembered
from core.kube.validation.pods import resources
from core.runtime.images import resolve
from core.runtime.references import parse_reference
from core.scheduler import affinity, podinfo

LONG = "a" * 100_000
HUGE = f'{{"matchLabels":{{"app":"{LONG}"}}}}'.encode()


@pytest.mark.parametrize(
    ("ask", "given"),
    [
        (formats.dns_subdomain, (LONG,)),
        (formats.dns_label, (LONG,)),
        (formats.qualified_name, (LONG,)),
        (formats.label_value, (LONG,)),
        (formats.port_name, (LONG,)),
        (formats.ip_address, (LONG,)),
        (formats.env_name, (LONG,)),
        (resources.resource_name, (LONG,)),
        (resources.container_resource, (LONG,)),
        (cron.time_zone, (LONG,)),
        (times.is_timestamp, (LONG,)),
        (quantities._parsed, ("1" * 100_000,)),
        (names._hash, (LONG.encode(), None)),
        (nodeselectors._node_terms, (f'[{{"matchExpressions":[{{"key":"{LONG}","operator":"Exists"}}]}}]'.encode(),)),
        (affinity._compiled, (HUGE,)),
        (affinity._pod_affinity, (b'{"podAffinity":null,"podAntiAffinity":null}' + b" " * 100_000, "default")),
        (podinfo._template, (b'[[{"name":"c","image":"i"}],[],null,null]' + b" " * 100_000,)),
        (parse_reference, (f"docker.io/library/{LONG}:1",)),
        (resolve, (f"example.com/{LONG}:1",)),
        (negotiate, ("application/json," + LONG,)),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_long_text_is_answered_and_not_kept(ask, given):
    before = ask.cache_info().currsize
    ask(*given)
    assert ask.cache_info().currsize == before


def test_a_short_text_is_asked_once():
    asked = []
    remember = remembered(2, 3)(asked.append)
    for text in ("abc", "abc", "abcd", "abcd"):
        remember(text)
    assert asked == ["abc", "abcd", "abcd"]
