"""syncPod: what is done to a pod's sandbox and containers to bring them to what the spec wants.

One `PodSync` is one look at one pod at one moment. It goes as far as it can: with the profile `instant` from nothing to
running in one look; else until something takes time, which it notes with `wake`. It reads and writes the runtime's records
only; what it found is a list of slots, from which `status.py` writes the pod's status.

Reference: kubelet `kuberuntime_manager.go` (computePodActions, SyncPod). Order: sandbox; init containers one by one, a
sidecar counting as done once it has started; then all containers at once. Simplified: a postStart hook takes no time.
"""

from typing import Any, Protocol

from core.kube.objects import Obj, annotations_of
from core.kube.quantities import count
from core.kubelet.backoff import next_backoff, restart_delay, spoken
from core.kubelet.beside import beyond_beside, hook_fails, with_hook
from core.kubelet.environment import ConfigError, expand
from core.kubelet.probing import probe
from core.kubelet.pulling import ensure_image, pulled_text
from core.kubelet.status import Slot
from core.kubelet.stopping import replace, stop_all, stop_one
from core.kubelet.surroundings import (
    CONFIG_ERROR,
    bad_sub_path,
    home,
    needs_environment,
    refusal_of,
    surroundings,
    what_is_read,
)
from core.runtime.cri import Runtime, State, behaviour_of, is_ready, state_of
from core.runtime.disk import Record
from core.runtime.files import TERMINATION_LOG
from core.runtime.workloads import START_ERROR, Behaviour, settings_of

CREATED = "Container created"
STARTED = "Container started"
NOT_SIMULATED = "The script is beyond the simulated shell ({what}): it is taken to do its job, {how}"
NOT_SIMULATED_PROGRAM = "The program {what} is not simulated: it is taken to do its job, {how}"
NOT_SIMULATED_COMMAND = "The command of the {of} is beyond the simulated shell ({what}): it is taken to {how}"
CANNOT_START = "Error: {why}"
HOOK_FAILED = "PostStartHook failed"
HOOK_KILLED = "FailedPostStartHook"
BACK_OFF = "Back-off restarting failed container {name} in pod {pod}"
WAITING_BACK_OFF = "back-off {delay} restarting failed container={name} pod={pod}"
SANDBOX_CHANGED = "Pod sandbox changed, it will be killed and re-created."
CONFIG_RETRY = 12.0  # seconds until what an environment needs is looked for again: backOffPeriod with its jitter


class Kubelet(Protocol):
    """What a PodSync needs of its kubelet."""

    runtime: Runtime
    node: str
    host_ip: str
    told: dict[tuple[str, str], float]

    def say(self, kind: str, pod: Obj, reason: str, message: str, path: str = "") -> None: ...
    def new_address(self, pod: Obj) -> str: ...
    def environment_of(self, pod: Obj, container: Obj, ip: str) -> dict[str, str]: ...


class PodSync:
    """One look at one pod. Read `slots`, `sandbox`, `done` and `due` afterwards. `ending`: probes only tell now."""

    def __init__(self, kubelet: Kubelet, pod: Obj, now: float) -> None:
        self.kubelet = kubelet
        self.runtime = kubelet.runtime
        self.pod = pod
        self.now = now
        self.due: float | None = None
        self.done = False
        self.ending = False
        meta = pod["metadata"]
        self.key = f"{meta['namespace']}/{meta['name']}"
        self.uid: str = meta["uid"]
        self.described = f"{meta['name']}_{meta['namespace']}({self.uid})"
        self.policy: str = pod["spec"].get("restartPolicy", "Always")
        self.sandbox: Record | None = None
        for sandbox in self.runtime.list_pod_sandboxes(self.key):
            if sandbox["pod_uid"] == self.uid:
                self.sandbox = sandbox
        attempts: dict[str, list[Record]] = {}
        for record in self.runtime.list_containers(self.key):
            if record["pod_uid"] == self.uid:
                attempts.setdefault(record["name"], []).append(record)
        spec = pod["spec"]
        self.slots = [
            _slot(container, init, attempts.get(container["name"]))
            for init, containers in ((True, spec.get("initContainers") or ()), (False, spec["containers"]))
            for container in containers
        ]
        self.inits = [slot for slot in self.slots if slot.init]
        self.mains = [slot for slot in self.slots if not slot.init]
        self.ephemerals = [
            _slot(container, False, attempts.get(container["name"]), ephemeral=True)
            for container in spec.get("ephemeralContainers") or ()
        ]
        self.everything = [*self.slots, *self.ephemerals]

    def wake(self, moment: float) -> None:
        """Look again at `moment`; of several the earliest counts."""
        if self.due is None or moment < self.due:
            self.due = moment

    def run(self) -> None:
        """Bring the pod forward."""
        self._have_sandbox()
        if self.sandbox is None:  # nothing is to be started any more
            for slot in self.everything:
                self.observe(slot)
            self._settle()
            return
        if not is_ready(self.sandbox, self.now):
            self.wake(self.sandbox["ready_at"])
        else:
            for slot in self.ephemerals:
                self._keep(slot, "Never")
            if self._initialize():
                for slot in self.mains:
                    self._keep(slot, self.policy)
        self._settle()

    def observe(self, slot: Slot) -> State | None:
        """Fill in what a slot's record says by now, without changing anything but noting an end that was seen."""
        record = slot.record
        if record is None:
            return None
        state = state_of(record, self.now)
        if state is State.CREATED:
            self.wake(record["started_at"])
        elif state is State.RUNNING:
            if record["exits_at"] is not None:
                self.wake(record["exits_at"])
            if slot.init and not slot.sidecar:
                slot.started = True
            else:
                probe(self, slot)
        else:
            slot.ready = slot.init and not slot.sidecar and record["code"] == 0
            if not record["notes"].get("seen"):
                record["notes"]["seen"] = True
                self.runtime.disk.put("container", record["id"], record)
        return state

    def behaviour(self, slot: Slot) -> Behaviour:
        """What the process in the slot does."""
        assert slot.record is not None
        started = slot.record["started_at"]
        if started is None:
            started = self.now + self.runtime.latencies.start
        return with_hook(behaviour_of(slot.record, started=started, **self._of_pod(slot)), slot.spec)

    def _have_sandbox(self) -> None:
        """Make sure of a live sandbox while anything is left to run in it."""
        dead = self.sandbox
        if dead is not None and dead["stopped_at"] is None and dead["boot"] == self.runtime.disk.boot:
            return
        if dead is not None:
            begun = [slot for slot in self.mains if slot.record is not None]
            if begun and not any(self._restarts(slot, self.policy) for slot in self.mains):
                self.sandbox = None
                return
            self.kubelet.say("Normal", self.pod, "SandboxChanged", SANDBOX_CHANGED)
        notes = dead["notes"] if dead is not None else {}
        ip = self.kubelet.new_address(self.pod)
        self.sandbox = self.runtime.run_pod_sandbox(self.key, self.uid, ip, self.now, notes)
        if dead is not None:
            for slot in self.everything:
                if slot.record is not None:  # its new attempt belongs to the new sandbox, the old record stays its past
                    slot.record["sandbox_id"] = ""
                    self.runtime.disk.put("container", slot.record["id"], slot.record)
                slot.previous = None
            self.runtime.remove_pod_sandbox(dead)

    def _initialize(self) -> bool:
        """Bring the init containers forward; whether the containers may start."""
        assert self.sandbox is not None
        begun = any(slot.record is not None and self._is_current(slot.record) for slot in self.mains)
        for slot in self.inits:
            if slot.sidecar:
                self._keep(slot, "Always")
                if not (slot.started or begun):
                    return False
            elif begun:
                self.observe(slot)
            else:
                self._keep(slot, self.policy if self.policy == "Never" else "OnFailure")
                record = slot.record
                if record is None or state_of(record, self.now) is not State.EXITED or record["code"] != 0:
                    return False
        return True

    def _keep(self, slot: Slot, policy: str) -> None:
        """Start the slot's container, or start it again when it ended and the policy says so."""
        record = slot.record
        if record is None:
            self._start(slot)
            return
        was_seen, replaced = record["notes"].get("seen", False), _is_replaced(record, slot)
        self._follow_settings(slot)
        state = self.observe(slot)
        if state is State.RUNNING and replaced and (slot.sidecar or not slot.init):
            replace(self, slot, self.pod["spec"].get("terminationGracePeriodSeconds", 30))
            self.wake(record["exits_at"])
            state = state_of(record, self.now)
        if state is not State.EXITED:
            return
        current = self._is_current(record)
        if slot.init and not slot.sidecar and not current:
            self._start(slot)  # a new sandbox is initialized anew
            return
        if not self._restarts(slot, policy):
            return
        slot.restarts = True
        if replaced:  # the definition is a new one: nothing is held against it
            self._start(slot)
            return
        if not was_seen:
            self.wake(self.now)  # the end is reported first, as the real one does
            return
        began = record["started_at"] if record["started_at"] is not None else record["created_at"]
        delay = restart_delay(record["notes"]["backoff"], began, record["exits_at"])
        resumes = record["exits_at"] + delay
        name = slot.spec["name"]
        if self.now < resumes:
            slot.waiting = (
                "CrashLoopBackOff",
                WAITING_BACK_OFF.format(delay=spoken(delay), name=name, pod=self.described),
            )
            told = (record["id"], "BackOff")
            if told not in self.kubelet.told:
                self.kubelet.told[told] = self.now
                self.say("Warning", slot, "BackOff", BACK_OFF.format(name=name, pod=self.described))
            self.wake(resumes)
            return
        self._start(slot)

    def _follow_settings(self, slot: Slot) -> None:
        """An annotation that was changed since its start tells a running process anew when to end."""
        record, settings = slot.record, self._settings(slot)
        assert record is not None
        if settings == record["notes"].get("settings", {}) or "stopping" in record["notes"]:
            return
        if state_of(record, self.now) is State.RUNNING:
            record["notes"]["settings"] = settings
            self.runtime.plan_container(record, self.behaviour(slot), self.now)

    def _start(self, slot: Slot) -> None:
        """Image, environment, create, start; what is missing makes the slot wait."""
        assert self.sandbox is not None
        spec, before = slot.spec, slot.record
        pull = ensure_image(self, slot)
        if pull is None:
            return
        reason, refusal = refusal_of(self.pod, spec, pull.image)
        if refusal:
            self._wait_for_config(slot, refusal, reason)
            return
        env: dict[str, str] = {}
        around = surroundings(self.pod, spec, pull.image, self.kubelet.node)
        command, args = tuple(spec.get("command") or ()), tuple(spec.get("args") or ())
        if needs_environment(spec, pull.image):
            try:
                variables = self.kubelet.environment_of(self.pod, spec, self.sandbox["ip"])
            except ConfigError as error:
                self._wait_for_config(slot, str(error))
                return
            bad_path = bad_sub_path(spec, variables)
            if bad_path:
                self._wait_for_config(slot, bad_path)
                return
            command = tuple(expand(word, variables) for word in command)
            args = tuple(expand(word, variables) for word in args)
            env = what_is_read(variables | {"HOME": home(around)}, pull.image, spec, (*command, *args))
        attempt, backoff = 0, 0.0
        if before is not None:
            attempt = before["attempt"] + 1
            began = before["started_at"] if before["started_at"] is not None else before["created_at"]
            if not _is_replaced(before, slot):
                backoff = next_backoff(before["notes"]["backoff"], began, before["exits_at"])
        self.say("Normal", slot, "Pulled", pulled_text(spec["image"], pull))
        slot.record = self.runtime.create_container(
            self.sandbox,
            spec["name"],
            attempt,
            spec["image"],
            self.now,
            command=command,
            args=args,
            env=env,
            world=around,
            notes={"backoff": backoff, "image": spec["image"], "settings": self._settings(slot)},
        )
        self.say("Normal", slot, "Created", CREATED)
        does = self.behaviour(slot)
        self.runtime.start_container(slot.record, does, self.now)
        if does.reason == START_ERROR:
            self.say("Warning", slot, "Failed", CANNOT_START.format(why=does.message))
        else:
            self.say("Normal", slot, "Started", STARTED)
            self._tell_what_is_not_simulated(slot, does)
            if hook_fails(does, spec):
                self.say("Warning", slot, "FailedPostStartHook", HOOK_FAILED)
                stop_one(self, slot, self.pod["spec"].get("terminationGracePeriodSeconds", 30), HOOK_KILLED)
        if slot.previous is not None:
            self.runtime.remove_container(slot.previous)  # of the dead only the latest is kept
        slot.previous = before
        if self.observe(slot) is State.EXITED:
            slot.restarts = self._restarts(slot, "Always" if slot.sidecar else self.policy)
            self.wake(self.now)

    def _wait_for_config(self, slot: Slot, why: str, reason: str = CONFIG_ERROR) -> None:
        slot.waiting = (reason, why)
        self.say("Warning", slot, "Failed", f"Error: {why}")
        self.wake(self.now + CONFIG_RETRY)

    def _tell_what_is_not_simulated(self, slot: Slot, does: Behaviour) -> None:
        """Whatever is taken for something it need not be is said once, at the start."""
        if does.beyond:
            command = tuple(slot.spec.get("command") or ()) or tuple(slot.spec.get("args") or ())
            words = NOT_SIMULATED if "-c" in command else NOT_SIMULATED_PROGRAM
            self.say("Warning", slot, "NotSimulated", words.format(what=does.beyond, how=_taken_for(does)))
        for what, of, how in beyond_beside(does, slot.spec):
            self.say("Warning", slot, "NotSimulated", NOT_SIMULATED_COMMAND.format(what=what, of=of, how=how))

    def _settle(self) -> None:
        """When nothing will run again, end the sidecars and then the sandbox: the pod is done."""
        failed_init = any(
            not slot.sidecar
            and self.policy == "Never"
            and slot.record is not None
            and slot.record["code"] not in (None, 0)
            for slot in self.inits
            if slot.record is not None and state_of(slot.record, self.now) is State.EXITED
        )
        ended = all(
            slot.record is not None
            and state_of(slot.record, self.now) is State.EXITED
            and not self._restarts(slot, self.policy)  # asked anew: a slot is not kept while its sandbox starts
            for slot in self.mains
        )
        if not (failed_init or ended):
            return
        running = stop_all(
            self, [*self.inits, *self.ephemerals], self.pod["spec"].get("terminationGracePeriodSeconds", 30)
        )
        for slot in running:
            assert slot.record is not None
            self.wake(slot.record["exits_at"])
        if not running:
            self.done = True
            self.due = None
            if self.sandbox is not None:
                self.runtime.stop_pod_sandbox(self.sandbox, self.now)

    def _restarts(self, slot: Slot, policy: str) -> bool:
        record = slot.record
        if record is None or record["notes"].get("replaced"):
            return True
        return policy == "Always" or (policy == "OnFailure" and record["code"] != 0)

    def _is_current(self, record: Record) -> bool:
        return self.sandbox is not None and record["sandbox_id"] == self.sandbox["id"]

    def _of_pod(self, slot: Slot) -> dict[str, Any]:
        limits = (slot.spec.get("resources") or {}).get("limits") or {}
        completes = (slot.init and not slot.sidecar) or (self.policy != "Always" and not slot.init)
        if slot.ephemeral:
            completes = not slot.spec.get("stdin", False)
        return {
            "completes": completes,
            "stdin": slot.spec.get("stdin", False),
            "settings": self._settings(slot),
            "memory_limit": count("memory", str(limits["memory"])) if "memory" in limits else None,
            "message_path": slot.spec.get("terminationMessagePath") or TERMINATION_LOG,
            "message_from_log": slot.spec.get("terminationMessagePolicy") == "FallbackToLogsOnError",
        }

    def _settings(self, slot: Slot) -> dict[str, float]:
        return settings_of(annotations_of(self.pod), slot.spec["name"])

    def say(self, kind: str, slot: Slot, reason: str, message: str) -> None:
        self.kubelet.say(kind, self.pod, reason, message, f"spec.{slot.group}{{{slot.spec['name']}}}")


def _is_replaced(record: Record, slot: Slot) -> bool:
    """Whether the container's definition is another than the one this attempt was made from.

    As in the real kubelet's hash of a container, name and image are its definition: resources change in place, and
    nothing else of a pod's containers can be changed.
    """
    return (
        bool(record["notes"].get("replaced")) or record["notes"].get("image", slot.spec["image"]) != slot.spec["image"]
    )


def _slot(container: Obj, init: bool, attempts: list[Record] | None, *, ephemeral: bool = False) -> Slot:
    slot = Slot(container, init, ephemeral)
    if attempts:
        attempts.sort(key=lambda record: record["attempt"])
        slot.record = attempts[-1]
        slot.previous = attempts[-2] if len(attempts) > 1 else None
    return slot


def _taken_for(does: Behaviour) -> str:
    return "staying up" if does.ends_after is None else f"ending well after {does.ends_after:g} s"
