"""Every lesson in Raft prints today what it printed when it was written."""

from pathlib import Path

import pytest

from tests.etcd.transcripts import lessons, replay


@pytest.mark.parametrize("lesson", lessons(), ids=lambda path: path.stem)
def test_the_lesson_is_true(lesson: Path, rewrite: bool) -> None:
    text = lesson.read_text()
    assert text.startswith("#"), "a lesson opens with a paragraph that says what it shows"
    today = replay(text)
    if rewrite:
        lesson.write_text(today)
    else:
        assert today == text
