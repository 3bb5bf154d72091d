"""What the documentation says is there, is there."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml
from django.core.management import get_commands, load_command_class

from bench.figures import BUDGETS
from core.journal import KINDS
from core.kube.defaults import apply_defaults
from core.kube.resources import find_by_kind
from core.kube.schema import conform
from core.kube.validation import validate_create

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


def test_the_map_names_packages_and_files_that_exist():
    rows = re.findall(r"^\| [^|]+ \| (`core/[^|]+) \| `([^|]+)` \|$", README, re.MULTILINE)
    assert len(rows) >= 12
    for packages, start in rows:
        first = re.findall(r"`([^`]+)`", packages)[0]
        assert (ROOT / first).is_dir(), first
        assert (ROOT / first / start).exists() or (ROOT / "core" / start).exists(), start


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)#]+)\)", path.read_text()):
        if not target.startswith("http"):
            assert (path.parent / target).exists(), f"{path.name} links to {target}"


def test_every_kind_of_journal_entry_is_described_as_in_the_code():
    rows = re.findall(
        r"^\| `([^`]+)` \| (yes|no) \| (.+) \|$", (ROOT / "docs" / "journal.md").read_text(), re.MULTILINE
    )
    assert {name: (fine == "yes", text) for name, fine, text in rows} == {
        name: tuple(kind) for name, kind in KINDS.items()
    }


def test_every_make_target_is_explained_by_help():
    makefile = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE).group(1).split()
    told = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert set(phony) == {line.split()[0] for line in told.splitlines() if line.strip()}


CODE = re.compile(r"^```[a-z]*\n(.*?)^```$|`([^`\n]+)`", re.MULTILINE | re.DOTALL)


def commands(path):
    """What a document tells to type: the lines of its blocks and its inline code, without remarks and placeholders."""
    lines = [line for block, inline in CODE.findall(path.read_text()) for line in (block or inline).splitlines()]
    lines = [re.sub(r'"[^"]*"', "", line.partition("#")[0]) for line in lines]
    return [line.split() for line in lines if "…" not in line and "NAME" not in line]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_in_documents_are_there(path):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for words in commands(path):
        if words[:1] == ["make"]:
            assert {word for word in words[1:] if "=" not in word} <= targets, words
        if len(words) > 1 and words[0].endswith("manage.py"):
            command = load_command_class(get_commands()[words[1]], words[1])
            if len(words) > 2:
                command.create_parser("manage.py", words[1]).parse_args(words[2:])


@pytest.mark.parametrize("path", sorted((ROOT / "docs" / "examples").glob("*.yaml")), ids=lambda path: path.name)
def test_examples_are_valid_objects(path):
    for obj in yaml.safe_load_all(path.read_text()):
        row = find_by_kind(obj["apiVersion"], obj["kind"])
        assert conform(row, obj) == []
        apply_defaults(row, obj)
        assert validate_create(row, obj) == []


def test_decisions_are_numbered_without_gaps():
    numbers = [int(path.name[:4]) for path in sorted((ROOT / "docs" / "decisions").glob("*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))


def test_trial_names_tests_that_exist():
    named = set(re.findall(r"`(tests/[^`]+)`", (ROOT / "docs" / "trial-2026-11.md").read_text()))
    assert len(named) > 80
    for each in named:
        path, _, name = each.partition("::")
        assert (ROOT / path).is_file(), path
        assert not name or re.search(rf"^\s*(async )?(def|class) {name}\b", (ROOT / path).read_text(), re.MULTILINE), (
            each
        )


def test_every_figure_of_the_benchmark_is_explained():
    rows = re.findall(r"^\| (`[^|]+) \|", (ROOT / "docs" / "performance.md").read_text(), re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"`([^`]+)`", row)} == set(BUDGETS)
