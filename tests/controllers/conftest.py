import pytest

from tests.controllers.stage import make_stage


@pytest.fixture
def stage(monkeypatch):
    """All controllers, no nodes; the test plays the kubelets."""
    return make_stage(monkeypatch)
