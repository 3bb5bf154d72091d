"""The parent of the embedded processes: starts them, restarts what dies, forwards what they say, ends them all.

Run by `manage.py up` as `python -m core.engine.supervisor`, in a process of its own that imports no Django, so that it
stays small. The children are killed when the parent dies, however it dies (PR_SET_PDEATHSIG): all of them may be
abandoned at any instruction, and a worker that waits for a Redis that is gone too would not heed SIGTERM.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

GRACE = 5.0  # seconds from SIGTERM to SIGKILL
RESTART_PAUSE = (0.2, 5.0)  # seconds before a restart: first, at most
STEADY = 20.0  # a child that lived this long starts over with the first pause

# glibc gives each thread an arena of its own and keeps what was freed: a tenth of the web process for nothing.
MALLOC = {"MALLOC_ARENA_MAX": "2", "MALLOC_TRIM_THRESHOLD_": "131072"}

PR_SET_PDEATHSIG, PR_GET_PDEATHSIG = 1, 2


@dataclass
class Child:
    """One process to keep running. `once` children are not restarted (the demo)."""

    name: str
    command: list[str]
    once: bool = False
    process: subprocess.Popen[str] | None = None
    started: float = 0.0
    pause: float = RESTART_PAUSE[0]
    due: float = 0.0  # when to start it again, while it does not run
    done: bool = False


class Supervisor:
    def __init__(self, children: list[Child]) -> None:
        self.children = children
        self.ending = threading.Event()

    def run(self) -> int:
        """Keep the children running until SIGINT or SIGTERM; the exit code."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: self.ending.set())
        for child in self.children:
            self.start(child)
        while not self.ending.wait(0.2):
            for child in self.children:
                self.look_after(child)
        say("up", "ending")
        self.end_all()
        return 0

    def start(self, child: Child) -> None:
        child.started = time.monotonic()
        child.process = subprocess.Popen(
            child.command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            errors="replace",
            env=os.environ | MALLOC,
            start_new_session=True,  # Ctrl-C reaches the parent only, which ends them in order
            preexec_fn=die_with_parent,
        )
        threading.Thread(target=forward, args=(child.name, child.process), daemon=True).start()

    def look_after(self, child: Child) -> None:
        process, now = child.process, time.monotonic()
        if process is None:
            # From this thread only: a child gets its death signal when the thread that forked it ends.
            if not child.done and now >= child.due:
                self.start(child)
            return
        if process.poll() is None:
            return
        child.process = None
        child.done = child.once and process.returncode == 0
        if child.done:
            return
        lived = now - child.started
        child.pause = RESTART_PAUSE[0] if lived > STEADY else min(child.pause * 2, RESTART_PAUSE[1])
        say("up", f"{child.name} ended ({process.returncode}); starting it again in {child.pause:.1f} s")
        child.due = now + child.pause

    def end_all(self) -> None:
        """SIGTERM in reverse order of start, then SIGKILL for what is left."""
        running = [child.process for child in reversed(self.children) if child.process and child.process.poll() is None]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + GRACE
        for process in running:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def die_with_parent() -> None:
    set_death_signal(signal.SIGKILL)


def set_death_signal(number: int) -> None:
    """The signal this thread's process gets when its parent dies; 0: none. Each thread has its own, and exec keeps the
    caller's: whoever execs from a thread other than the first must set it there again, or outlives its parent."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)


def death_signal() -> int:
    found = ctypes.c_int()
    ctypes.CDLL(None).prctl(PR_GET_PDEATHSIG, ctypes.byref(found))
    return found.value


def forward(name: str, process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        say(name, line.rstrip())


def say(name: str, text: str) -> None:
    print(f"{name:>13} | {text}", flush=True)


def main() -> int:
    """`python -m core.engine.supervisor DATA [--demo] [--redis EXECUTABLE]`; the environment carries the settings."""
    arguments = sys.argv[1:]
    data = Path(arguments[0])
    manage = [sys.executable, "manage.py"]
    children = []
    if "--redis" in arguments:
        executable = arguments[arguments.index("--redis") + 1]
        children.append(Child("redis", [executable, str(data / "redis.conf")]))
    children += [Child(role, [*manage, "up", "--role", role]) for role in ("web", "control-plane", "nodes", "beat")]
    if "--demo" in arguments:
        children.append(Child("demo", [*manage, "demo"], once=True))
    return Supervisor(children).run()


if __name__ == "__main__":
    sys.exit(main())
