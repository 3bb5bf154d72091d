"""The parent of the embedded processes: starts them, restarts what dies, forwards what they say, ends them all.

`manage.py up` becomes it by exec, so that it stays small: it imports no Django. The roles that `nursery` started are its
children from the beginning. All are killed when the parent dies, however it dies (PR_SET_PDEATHSIG): they may be abandoned
at any instruction, and a worker that waits for a Redis that is gone too would not heed SIGTERM.
"""

import argparse
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass

GRACE = 5.0  # seconds from SIGTERM to SIGKILL
RESTART_PAUSE = (0.2, 5.0)  # seconds before a restart: first, at most
STEADY = 20.0  # a child that lived this long starts over with the first pause

COMMANDS = {
    # role → what Python runs
    **{role: ["manage.py", "up", "--role", role] for role in ("web", "control-plane", "nodes", "beat")},
    "demo": ["manage.py", "demo"],
}

PR_SET_PDEATHSIG, PR_GET_PDEATHSIG = 1, 2


class Adopted:
    """A child started before this process became the supervisor: as much of `subprocess.Popen` as is needed here."""

    def __init__(self, pid: int, output: int) -> None:
        self.pid = pid
        self.stdout = os.fdopen(output, errors="replace")
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None:
            ended, status = os.waitpid(self.pid, os.WNOHANG)
            if ended:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def terminate(self) -> None:
        if self.poll() is None:
            os.kill(self.pid, signal.SIGTERM)

    def wait(self, timeout: float | None = None) -> int:
        """Raises subprocess.TimeoutExpired."""
        deadline = time.monotonic() + (float("inf") if timeout is None else timeout)
        while (code := self.poll()) is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0)
            time.sleep(0.02)
        return code


Process = subprocess.Popen[str] | Adopted


@dataclass
class Child:
    """One process to keep running. `once` children are not restarted (the demo)."""

    name: str
    command: list[str]
    once: bool = False
    process: Process | None = None
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
            if child.process is None:
                self.start(child)
            else:
                self.follow(child, child.process)
        while not self.ending.wait(0.2):
            for child in self.children:
                self.look_after(child)
        say("up", "ending")
        self.end_all()
        return 0

    def start(self, child: Child) -> None:
        process = subprocess.Popen(
            child.command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            errors="replace",
            start_new_session=True,  # Ctrl-C reaches the parent only, which ends them in order
            preexec_fn=die_with_parent,
        )
        self.follow(child, process)

    def follow(self, child: Child, process: Process) -> None:
        child.process, child.started = process, time.monotonic()
        threading.Thread(target=forward, args=(child.name, process), daemon=True).start()

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
        """End what needs Redis before Redis, which was started first, so that nobody complains of its absence."""
        end(self.children[1:])
        end(self.children[:1])


def end(children: list[Child]) -> None:
    """SIGTERM, then SIGKILL for what is left."""
    running = [child.process for child in children if child.process and child.process.poll() is None]
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


def forward(name: str, process: Process) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        say(name, line.rstrip())


def say(name: str, text: str) -> None:
    print(f"{name:>13} | {text}", flush=True)


def main() -> int:
    """`--redis` is the command of the embedded server, `--adopt` a child that runs; the settings are in the environment."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--redis", nargs=2, metavar=("EXECUTABLE", "CONFIGURATION"))
    parser.add_argument("--demo", action="store_true")
    parser.add_argument("--adopt", action="append", default=[])
    options = parser.parse_args()
    children = [Child("redis", options.redis)] if options.redis else []
    children += [Child(name, [sys.executable, *COMMANDS[name]]) for name in COMMANDS if name != "demo"]
    if options.demo:
        children.append(Child("demo", [sys.executable, *COMMANDS["demo"]], once=True))
    adopted = {
        name: Adopted(int(pid), int(output)) for name, pid, output in (text.split(":") for text in options.adopt)
    }
    for child in children:
        child.process = adopted.get(child.name)
    return Supervisor(children).run()


if __name__ == "__main__":
    sys.exit(main())
