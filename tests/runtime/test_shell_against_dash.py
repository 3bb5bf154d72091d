"""The small shell beside a real one: for each script the same output and exit code, or NotUnderstood; never another answer.

dash is `sh` of Debian's images, and of the machines this runs on. Compared are standard output and the exit code.

The scripts really run, so they must not be able to do harm, whoever runs the tests. Random ones name nothing outside of
their own folder and never leave it (`check_harmless`, before the first one runs), and root gives its rights away before.
"""

import os
import random
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.runtime.images import resolve
from core.runtime.shell import run
from core.runtime.syntax import NotUnderstood
from core.runtime.world import DEBIAN, Kind, World

DASH = shutil.which("dash")
NOBODY = 65534
ENVIRONMENT = {"GREETING": "hello  world", "EMPTY": "", "N": "3", "STAR": "a*"}
QUIET = "exec 2>/dev/null\n"
Answer = tuple[list[str], int]


@pytest.fixture
def work() -> Iterator[Path]:
    """A folder in which the judge may write, and nowhere else: pytest's own are closed to the user it runs as."""
    with tempfile.TemporaryDirectory(prefix="small-shell-") as name:
        Path(name).chmod(0o755)
        yield Path(name) / "work"


def real(scripts: list[str], folder: Path) -> list[Answer]:
    """What dash answers, each script in a fresh folder of the same name, without root's rights."""
    assert DASH, "dash is needed: it is the judge here"
    lowered = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    answers = []
    for script in scripts:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        if lowered:
            os.chown(folder, NOBODY, NOBODY)
        env = {**ENVIRONMENT, "PATH": os.defpath, "LC_ALL": "C"}
        done = subprocess.run(
            [DASH, "-c", QUIET + script],
            cwd=folder,
            env=env,
            capture_output=True,
            timeout=20,
            stdin=subprocess.DEVNULL,
            **lowered,
        )
        lines = done.stdout.decode().split("\n")
        answers.append((lines[:-1] if lines[-1] == "" else lines, done.returncode))
    return answers


HARMFUL = (
    r"(?<![\w.])/\w",  # an absolute path
    r"\.\.|~",
    r"\bcd [^de.]",
    r"\b(?:rm|touch|mkdir)\b[^;\n&|']*\$",  # a name that a value decides
    r">>?\s+(?![fgd.])\S|>\s*\$",
)


def check_harmless(script: str) -> None:
    """Refuse a random script that could reach anything outside of its folder: by a path, upwards, or by a value."""
    rest = script.replace("> /dev/null", "")
    for pattern in HARMFUL:
        assert not re.search(pattern, rest), f"{script!r} may do harm: {pattern}"


@pytest.mark.parametrize(
    "script",
    [
        "rm -r /etc/x",
        "cd ..; rm f",
        "rm -r $A",
        "echo a > /etc/x",
        "cd /; rm f",
        "touch $X/f",
        "echo a >$A",
        "mkdir ~/d",
    ],
)
def test_harmful_script_is_never_run(script: str) -> None:
    with pytest.raises(AssertionError, match="may do harm"):
        check_harmless(script)


def ours(script: str, folder: Path) -> Answer | None:
    """None: not understood."""
    around = World(
        env=tuple(ENVIRONMENT.items()),
        family=DEBIAN,
        programs=resolve("debian").programs,
        cwd=str(folder),
        files=(*((str(above), Kind.OPAQUE_DIRECTORY) for above in folder.parents), (str(folder), Kind.DIRECTORY)),
    )
    try:
        played = run(("dash", "-c", QUIET + script), around)
    except NotUnderstood:
        return None
    assert played.ends_after is not None, f"{script!r} is said to run for ever"
    return [text for _, text in played.lines], played.code


UNDERSTOOD = [
    "echo hello world",
    "echo -n a; echo b",
    "echo -e 'a\\nb'",
    'echo "a\\tb"',
    "printf '%s\\n' a b",
    "printf '%d-%s|' 1 a 2 b; echo",
    "printf '%5s|%-5s|%05d\\n' a b 7",
    "printf 'no newline'",
    "printf '100%%\\n'",
    "export FOO=bar; echo $FOO",
    "FOO=bar; sh -c 'echo +$FOO+'; export FOO; sh -c 'echo +$FOO+'",
    "FOO=bar printenv FOO; echo +$FOO+",
    "printenv GREETING; printenv NONE; echo $?",
    "env FOO=1 printenv FOO",
    "echo $GREETING; echo \"$GREETING\"; echo '$GREETING'",
    "echo +$EMPTY+ '+$EMPTY+'; for i in $EMPTY; do echo never; done",
    'for i in $GREETING "$GREETING"; do echo $i; done',
    "echo ${NONE:-default} ${EMPTY:-other} ${EMPTY-empty} ${N:+set} ${#GREETING}",
    "echo a\"b c\"d'e f'g",
    'echo "a\\"b\\$c"',
    "echo a\\ b  c",
    "echo $((1 + 2 * 3)) $((N * N)) $(($N % 2)) $((010)) $((0x1f)) $((-7 / 2)) $((1 < 2 && 3 != 4))",
    "i=0; while [ $i -lt 5 ]; do i=$((i+1)); [ $i -eq 2 ] && continue; [ $i -eq 4 ] && break; echo $i; done; echo $?",
    "for i in 1 2 3; do for j in a b; do echo $i$j; [ $j = a ] && break; done; done",
    "false; echo $?; true && echo yes || echo no; ! true; echo $?",
    "set -e; false || true; if false; then :; fi; echo here; false; echo never",
    "set -e; X=$(false); echo never",
    "set -u; echo ${NONE:-fine}; echo $NONE; echo never",
    "seq 3; seq 2 4; seq 1 2 7; seq 3 -1 1; seq 5 1",
    "echo hi > f; cat f; echo more >> f; cat f; cat < f",
    "mkdir -p a/b && touch a/b/c a/d && ls a && ls a/b; ls -d a",
    "mkdir a; mkdir a; echo $?; rm a; echo $?; rm -r a; ls",
    "cat missing; echo $?; ls missing; echo $?; rm missing; echo $?; rm -f missing; echo $?; touch no/f; echo $?",
    "test -e f; echo $?; touch f; test -f f; echo $?; [ -d f ]; echo $?; [ -s f ]; echo $?; [ ! -e f ]; echo $?",
    "ls -d /tmp; test -e /etc/passwd && echo there; [ -d /usr/bin ] && echo too",
    "[ a = a ] && echo same; [ a != b ] && echo other; [ -z '' ] && echo empty; [ '' ] || echo nothing; [ x ]; echo $?",
    "[ x -eq 1 ]; echo $?; [ a = a; echo $?",
    "mkdir d; cd d && echo ok; cd nonexistent; echo $?",
    "mkdir d; cd d; echo x > y; cd ..; cat d/y",
    "echo a > no/such/file; echo $?; echo b",
    "notexist; echo $?; ./notexist; echo $?",
    "sh -c 'exit 3'; echo $?; sh -c 'cd /; X=1'; echo +$X+",
    'X=$(echo a; echo b); echo $X; echo "$X"; Y=$(exit 4); echo $?',
    "expr 1 + 2; expr 7 / 2; expr 3 \\* 4; expr 1 - 1; echo $?; expr 2 \\> 1",
    "exit $((RANDOM % 2))",
    "exec echo replaced; echo never",
    "echo a 1>&2; echo b 2>&1",
    "echo out > f 2>&1; cat f; cat missing > g 2>&1; cat g",
    "sh -c 'echo $0 $1 $#' name first second",
    'if [ -n "$N" ]; then echo n; elif true; then echo e; else echo x; fi',
    "until [ -e done ]; do touch done; echo once; done",
    "unset N; echo +$N+; unset N; echo $?",
    "date > /dev/null; echo $?; true > /dev/stdout; echo x > /dev/stderr",
    "exit 300",
    "echo one # two\necho three; # four\n\n\necho '# five'",
    "echo a\\\nb; echo 'c\nd'; if true\nthen echo e\nfi\nfor i in 1 2\ndo echo $i\ndone",
    "touch b a; for f in $(ls); do echo $f; done; rm a b; ls",
]


@pytest.mark.parametrize("script", UNDERSTOOD)
def test_answer_is_that_of_a_real_shell(script: str, work: Path) -> None:
    (answer,) = real([script], work)
    assert ours(script, work) == answer


BEYOND = [
    *(
        "echo a | grep a",
        "sleep 1 &",
        "(cd /tmp)",
        "{ echo a; }",
        "f() { :; }; f",
        "case x in x) ;; esac",
        "echo `date`",
    ),
    *("cat /etc/passwd", "cat /etc/hosts", "ls /", "ls /etc", "test -s /etc/hosts", "cat /usr/share/x", "stat /tmp"),
    *("echo *", "echo ~", "echo $$", "echo $!", 'echo "$@"', "echo ${N%3}", "echo ${N:=3}", "echo $((N++))", "read x"),
    *("eval echo a", "IFS=:", "PATH=/x", "set -x", "set -- a b", "kill 1", "wait", "trap 'echo bye' EXIT", "local x=1"),
    *("awk 'BEGIN { exit 3 }'", "sed s/a/b/ f", "grep x f", "cp a b", "date -d tomorrow", "id"),
    *(
        "expr length abc",
        "printf '%q' a",
        "test a -a b",
        "cat -n f",
        "rm -i f",
        "echo $((1 / 0))",
        "echo a >| f",
        "cat <<E\nE",
    ),
    *(
        "if true",
        "done",
        "then echo a",
        "while",
        "echo a &&",
        "&& echo a",
        "for x in a b",
        "; ;",
        "! if true; then :; fi",
    ),
    *("'unterminated", "echo $(", "echo ${", "echo $((", "\\", "while true do echo; done", "X=1 export Y=2"),
]


@pytest.mark.parametrize("script", BEYOND)
def test_what_is_not_known_is_not_guessed(script: str, work: Path) -> None:
    assert ours(script, work) is None


class Author:
    """Writes scripts at random, from a grammar that also says things the small shell does not know."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def script(self) -> str:
        return self.list(3)

    def pick(self, *choices: str) -> str:
        return self.random.choice(choices)

    def list(self, depth: int) -> str:
        parts = [self.command(depth)]
        for _ in range(self.random.randrange(1, 4)):
            parts += [self.pick("; ", "; ", "\n", " && ", " || "), self.command(depth)]
        return "".join(parts)

    def command(self, depth: int) -> str:
        kind = self.random.randrange(10) if depth else 9
        inner = depth - 1
        if kind == 0:
            other = f"; else {self.list(inner)}" if self.random.random() < 0.5 else ""
            return f"if {self.command(inner)}; then {self.list(inner)}{other}; fi"
        if kind == 1:
            return f"for {self.name()} in {self.words()}; do {self.list(inner)}; done"
        if kind == 2:
            counter = f"c{depth}"  # its own, or it would never end
            count = f"{counter}=$(({counter}+1))"
            most = self.random.randrange(4)
            return f"{counter}=0; while [ ${counter} -lt {most} ]; do {count}; {self.list(inner)}; done"
        if kind == 3:
            text = self.list(0)
            return f"! {text}" if "'" in text else f"sh -c '{text}'"
        return self.simple()

    def simple(self) -> str:
        return self.pick(
            f"echo {self.words()}",
            f"echo {self.words()}",
            "echo $?",
            f"printf '{self.pick('%s', '%s-%s', '%d', '%5s', 'a%%b')}\\n' {self.words()}",
            f"{self.name()}={self.word()}",
            f"{self.name()}={self.word()}",
            f"export {self.name()}={self.word()}",
            f"unset {self.name()}",
            f"[ {self.word()} {self.pick('=', '!=', '-eq', '-lt', '-gt')} {self.word()} ]",
            f"test {self.pick('-e', '-f', '-d', '-s', '-n', '-z', '!')} {self.pick(self.file(), self.word())}",
            f"echo {self.word()} {self.pick('>', '>>')} {self.file()}",
            f"cat {self.file()}",
            f"touch {self.file()}",
            f"rm {self.pick('', '-f ', '-r ')}{self.file()}",
            f"mkdir {self.pick('', '-p ')}{self.file()}",
            f"ls {self.pick('', self.file(), '-d ' + self.file())}",
            f"cd {self.pick('d', '.', 'e')}",
            f"seq {self.number()} {self.pick('', self.number())}",
            f"expr {self.number()} {self.pick('+', '-', '%', '/', '=')} {self.number()}",
            f"exit {self.pick('', '0', '1', '7', '$?')}",
            f"set {self.pick('-e', '-u', '+e', '-eu')}",
            f"{self.name()}={self.word()} printenv {self.name()}",
            *("true", "false", ":", "! true", "! false", "break", "continue", "nosuch", "pwd > /dev/null", "sleep 0"),
            f"exec echo {self.word()}",
            f"! test {self.word()} = {self.word()}",
        )

    def words(self) -> str:
        return " ".join(self.word() for _ in range(self.random.randrange(1, 4)))

    def word(self) -> str:
        name = self.name()
        return self.pick(
            *(
                "a",
                "b",
                "3",
                "-1",
                "07",
                "''",
                '""',
                "'x  y'",
                '"p  $A q"',
                "\\$A",
                "a\\\\b",
                "-n",
                "'a\\tb'",
                "x=y",
                "=",
                "!",
            ),
            *(
                f"${name}",
                f'"${name}"',
                f"${{{name}}}",
                f"${{{name}:-d}}",
                f"${{{name}-d}}",
                f"${{{name}:+s}}",
                f"${{#{name}}}",
            ),
            *("$N", "$EMPTY", '"$EMPTY"', "$GREETING", '"$GREETING"', "x$GREETING", "$GREETING$N", "$STAR", "$#", "$1"),
            f"${{{name}-d}}",
            *(f"$(({self.arithmetic()}))", f"$(({self.arithmetic()}))"),
            *(
                "$(echo a; echo b)",
                '"$(echo c; false)"',
                "$(exit 3)",
                "$(ls)",
                "$(printenv A)",
                "$(cd d; A=9)",
                "$(expr 2 + N)",
            ),
        )

    def arithmetic(self) -> str:
        operand = self.pick("1", "7", "010", "N", "$N", "A", "${B:-2}", "-3", "(2 + N)", "!N", "$A")
        if self.random.random() < 0.4:
            return operand
        return f"{operand} {self.pick('+', '-', '*', '/', '%', '<', '>=', '==', '&&', '||')} {self.arithmetic()}"

    def name(self) -> str:
        return self.pick("A", "B", "N", "k")

    def number(self) -> str:
        return self.pick("1", "2", "5", "-1", "0", "$N")

    def file(self) -> str:
        return self.pick("f", "g", "d", "d/h", "d/e", "./f")


def differences(seeds: range, folder: Path) -> tuple[list[str], int]:
    """Scripts that are answered differently; how many are answered at all."""
    scripts = [Author(seed).script() for seed in seeds]
    answers = [ours(script, folder) for script in scripts]
    for script in scripts:
        check_harmless(script)
    known = [(script, answer) for script, answer in zip(scripts, answers, strict=True) if answer is not None]
    judged = real([script for script, _ in known], folder)
    wrong = [f"{s!r}: {o} but {r}" for (s, o), r in zip(known, judged, strict=True) if o != r]
    return wrong, len(known)


def test_random_scripts_are_answered_as_a_real_shell_does(work: Path) -> None:
    wrong, known = differences(range(60), work)
    assert wrong == []
    assert known > 15


@pytest.mark.search
def test_many_random_scripts_are_answered_as_a_real_shell_does(work: Path) -> None:
    start = int(os.environ.get("SEED", "1000"))
    wrong, _ = differences(range(start, start + 1000), work)
    assert wrong == []


@pytest.mark.search
def test_no_text_at_all_makes_the_shell_fail_otherwise(work: Path) -> None:
    draw = random.Random(7)
    alphabet = "ab $\"'\\(){}[]<>|&;#!*?~=+-/\n\t0189éX$$((;;" + "\x00\u2028"
    for _ in range(20_000):
        ours("".join(draw.choice(alphabet) for _ in range(draw.randrange(1, 25))), work)
