"""docs/workloads.md names what the code knows."""

from pathlib import Path

from core.runtime.tools import TOOLS
from core.runtime.workloads import ANNOTATION, SETTINGS

TEXT = (Path(__file__).parents[2] / "docs" / "workloads.md").read_text()


def test_every_annotation_is_documented() -> None:
    assert [name for name in SETTINGS if f"`{ANNOTATION}{name}: " not in TEXT] == []


def test_every_documented_command_exists() -> None:
    listed = TEXT.split("redirection to files; ")[1].split(". Exec probes")[0]
    names = {word.split()[0] for word in listed.replace("\n", " ").split("`")[1::2]}
    assert names <= set(TOOLS)
