"""Where the recorded answers of a real server are, if they are there: beside the project, and no part of it."""

from tests.machine import ROOT

SHARED = ROOT.parent / "shared"
TOOL, FILES = SHARED / "tools" / "replay_answers.py", SHARED / "reference"


def are_there() -> bool:
    return TOOL.is_file() and FILES.is_dir()
