"""Every cluster scenario in this folder, played and compared to the letter."""

from pathlib import Path

import pytest

from tests.scenarios import commands, transcript

FILES = sorted(Path(__file__).parent.glob("*.txt"))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_scenario(path: Path, rewrite: bool):
    stage = commands.Stage()
    transcript.run(path, lambda words, given: commands.execute(stage, words, given), rewrite=rewrite)


def test_a_difference_names_file_line_and_both_sides(tmp_path: Path):
    path = tmp_path / "sample.txt"
    path.write_text("# A lesson.\n\n> say hello\ngoodbye\n")
    with pytest.raises(AssertionError, match=r"sample.txt:3: > say hello"):
        transcript.run(path, lambda words, given: " ".join(words[1:]))


def test_rewrite_keeps_comments_and_inputs(tmp_path: Path):
    path = tmp_path / "sample.txt"
    path.write_text("# A lesson.\n\n> echo\n| one\n| two\nold output\n\n# More.\n")
    transcript.run(path, lambda words, given: given.upper(), rewrite=True)
    assert path.read_text() == "# A lesson.\n\n> echo\n| one\n| two\nONE\nTWO\n\n# More.\n"
