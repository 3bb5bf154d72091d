"""Nothing that a client sends makes a 500: whatever the verb, the object, the options."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.engine.clusters import ADMIN
from core.kube.errors import ApiError, BadRequest, Invalid, NotFound
from core.kube.requests import PatchType, Request
from core.kube.resources import REGISTRY
from tests.apiserver.objects import config_map, deployment, namespace, pod, service

VERBS = ("get", "list", "create", "update", "patch", "delete", "deletecollection")
NAMES = st.sampled_from(["web", "default", "", "no such", "kubernetes", "é", "a/b", "kube-system"])
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
)
KEYS = st.sampled_from(
    [
        *("metadata", "spec", "status", "name", "namespace", "labels", "annotations", "finalizers", "generateName"),
        *("containers", "ports", "replicas", "selector", "template", "rules", "roleRef", "subjects", "target", "uid"),
        *("clusterIP", "clusterIPs", "type", "kind", "apiVersion", "resourceVersion", "limits", "hard", "token"),
        *("resourceAttributes", "deleteOptions", "preconditions", "ownerReferences", "matchLabels", "conditions"),
        *("op", "path", "value", "$patch", "from", "nodePort", "port", "tolerations", "volumes", "expirationSeconds"),
    ]
)
JUNK = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)
OPTIONS = st.dictionaries(
    st.sampled_from(
        [
            *(
                "labelSelector",
                "fieldSelector",
                "limit",
                "continue",
                "resourceVersion",
                "resourceVersionMatch",
                "dryRun",
            ),
            *("propagationPolicy", "gracePeriodSeconds", "orphanDependents", "preconditions", "fieldValidation"),
        ]
    ),
    SCALARS | st.lists(st.text(max_size=4), max_size=2),
    max_size=2,
)
STORED = (pod("web"), service("web"), deployment("web"), config_map("web"), namespace("web"))


@pytest.fixture
def server(world):
    for obj in STORED:
        plural = {"Deployment": "deployments.apps"}.get(obj["kind"], f"{obj['kind'].lower()}s")
        world.create(plural, obj)
    return world.host.server


def spoiled(draw):
    """A valid object with one part replaced by junk."""
    obj = draw(st.sampled_from(STORED))
    part = draw(st.sampled_from(["metadata", "spec", "status", "data", "kind"]))
    value = draw(JUNK)
    if isinstance(obj.get(part), dict) and obj[part] and draw(st.booleans()):
        value = obj[part] | {draw(st.sampled_from(sorted(obj[part]))): value}
    return obj | {part: value}


@st.composite
def requests(draw):
    row = REGISTRY[draw(st.sampled_from(sorted(REGISTRY)))]
    body = draw(JUNK) if draw(st.booleans()) else spoiled(draw)
    if isinstance(body, dict) and draw(st.booleans()):
        plural = {"Deployment": "deployments.apps"}.get(str(body.get("kind")), f"{str(body.get('kind')).lower()}s")
        row = REGISTRY.get(plural, row)
    return Request(
        draw(st.sampled_from(VERBS)),
        row.name,
        draw(NAMES) if row.namespaced else "",
        draw(NAMES),
        draw(st.sampled_from(["", "", "", *row.subresources])),
        body,
        draw(st.sampled_from([*PatchType, None])),
        draw(OPTIONS),
        ADMIN,
    )


@pytest.mark.search
@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(request=requests())
def test_no_request_makes_a_500(server, request):
    (answer,) = server.execute([request])
    if isinstance(answer, ApiError):
        assert 400 <= answer.code < 500 or answer.code == 504, answer.message


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(request=requests())
def test_no_read_or_watch_makes_a_500(server, request):
    request.verb = "list" if request.verb != "get" else "get"
    answer = server.read(request)
    if isinstance(answer, ApiError):
        assert 400 <= answer.code < 500 or answer.code == 504, answer.message
    request.verb = "watch"
    try:
        opened = server.watch(request)
    except (BadRequest, Invalid, NotFound):
        return
    opened.poll()
