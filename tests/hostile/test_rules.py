"""No rule raises: whatever conforms to its kind's schema is told what is wrong with it, or nothing."""

import pytest
from hypothesis import HealthCheck, given, settings

from core.kube.decode import check
from core.kube.defaults import apply_defaults
from core.kube.errors import ApiError
from core.kube.objects import clone
from core.kube.schema import conform
from core.kube.structs import completed
from core.kube.validation import PARTS, validate_create, validate_update
from tests.hostile.samples import STORED, sample
from tests.hostile.strategies import stored_objects

pytestmark = pytest.mark.search


@pytest.mark.parametrize("resource", STORED)
def test_rules_answer_whatever_conforms(resource: str) -> None:
    row = STORED[resource]
    old = sample(resource, "a")
    apply_defaults(row, old)
    old = completed(row, old)
    parts = ["", *(part for name, part in PARTS if name == resource)]

    @settings(max_examples=60, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(drawn=stored_objects(resource))
    def answered(drawn: tuple) -> None:
        if check(list(drawn)):
            return  # the decoder takes no such number or text
        obj, status = clone(drawn[0]), drawn[1]
        if status:
            obj["status"] = status
        try:
            conform(row, obj)
        except ApiError:
            return
        apply_defaults(row, obj)
        validate_create(row, obj)
        for part in parts:
            validate_update(row, obj, old, part, completed(row, obj))
            validate_update(row, old, completed(row, obj), part, old)

    answered()
