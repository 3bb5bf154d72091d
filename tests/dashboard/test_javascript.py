"""The browser's pure modules have tests of their own, run by node."""

import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.mark.slow
def test_model_layout_and_flights_hold_under_node() -> None:
    node = shutil.which("node")
    assert node, "node is needed to test the front end"
    done = subprocess.run([node, "--test", str(HERE / "js")], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout[-4000:]
