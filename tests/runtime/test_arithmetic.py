"""Arithmetic of the small shell."""

import pytest

from core.runtime.arithmetic import evaluate
from core.runtime.shell import run
from core.runtime.syntax import NotUnderstood


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("i + 1", 5),
        ("0x10 + 010", 24),
        ("unset + 1", 1),
        ("10 - 4 - 3", 3),
        ("-7 / 2", -3),
        ("-7 % 2", -1),
        ("i < 5 && i > 3", 1),
        ("!i || i == 4", 1),
        ("name", 4),
        ("9223372036854775807 + 1", -9223372036854775808),
    ],
)
def test_an_expression_has_a_value(text, value):
    assert evaluate(text, {"i": "4", "name": "i"}) == value


@pytest.mark.parametrize("text", ["", "1 +", "(1", "1 2", "1 / 0", "i++", "i--", "a.b", "09", "1_0", "loop", "9" * 40])
def test_what_is_no_expression_is_not_understood(text):
    with pytest.raises(NotUnderstood):
        evaluate(text, {"loop": "loop", "i": "1"})


def test_the_counter_of_the_documentation_counts():
    script = 'i=0; while true; do echo "$i: $(date)"; i=$((i+1)); sleep 1; done'
    lines = run(("sh", "-c", script), until=2.5).lines
    assert [text for _, text in lines] == [f"{n}: Thu Jan  1 00:00:0{n} UTC 1970" for n in range(3)]
    assert [moment for moment, _ in lines] == [0.0, 1.0, 2.0]


def test_parentheses_within_come_in_pairs():
    assert run(("sh", "-c", "echo $(( (1+2)*(3+4) )) end")).lines == [(0.0, "21 end")]
