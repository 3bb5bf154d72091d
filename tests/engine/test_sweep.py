"""What the sweep wakes: a table."""

import pytest

from core.engine.tasks import is_overdue
from core.models import RoleState

WALL, NOW = 1000.0, 5000.0


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        pytest.param(None, True, id="never driven"),
        pytest.param(
            RoleState(due_at=NOW - 1, seen_revision=9, driven_at=WALL - 60), True, id="due and not driven lately"
        ),
        pytest.param(RoleState(due_at=NOW - 1, seen_revision=9, driven_at=WALL - 1), False, id="due but just driven"),
        pytest.param(RoleState(due_at=NOW + 99, seen_revision=9, driven_at=WALL - 60), False, id="not due"),
        pytest.param(RoleState(due_at=None, seen_revision=8, driven_at=WALL - 60), True, id="behind"),
        pytest.param(RoleState(due_at=None, seen_revision=9, driven_at=WALL - 60), False, id="nothing to do"),
    ],
)
def test_sweep(state, expected):
    assert is_overdue(state, 9, NOW, WALL) is expected
