"""The prober as a function of time: every row is one moment of one probe."""

import pytest

from core.kubelet.probes import judge
from core.runtime.workloads import Behaviour

WELL = Behaviour(ports=(80,))
LATE = Behaviour(serves_from=25.0)
DYING = Behaviour(serves_until=60.0)
PROBE = {"httpGet": {"port": 80}, "periodSeconds": 10}


@pytest.mark.parametrize(
    ("probe", "does", "now", "success", "failures", "next_at"),
    [
        pytest.param({}, WELL, 0, True, 0, None, id="first-look-is-at-once"),
        pytest.param({"initialDelaySeconds": 15}, WELL, 14, None, 0, 20, id="first-look-is-the-first-after-the-delay"),
        pytest.param({"initialDelaySeconds": 15}, WELL, 20, True, 0, None, id="after-the-delay"),
        pytest.param({"successThreshold": 3}, WELL, 19, None, 0, 20, id="not-often-enough"),
        pytest.param({"successThreshold": 3}, WELL, 20, True, 0, None, id="often-enough"),
        pytest.param({"httpGet": {"port": 81}}, WELL, 5, None, 1, 10, id="one-failure"),
        pytest.param({"httpGet": {"port": 81}}, WELL, 20, False, 3, 30, id="failure-threshold"),
        pytest.param({}, LATE, 20, False, 3, 30, id="not-yet"),
        pytest.param({}, LATE, 30, True, 0, None, id="at-last"),
        pytest.param({}, DYING, 50, True, 0, 60, id="will-fail-at-60"),
        pytest.param({}, DYING, 70, True, 2, 80, id="failing-but-settled-as-well"),
        pytest.param({}, DYING, 80, False, 3, 90, id="failed"),
        pytest.param({"failureThreshold": 1}, DYING, 60, False, 1, 70, id="impatient"),
    ],
)
def test_prober(
    probe: dict, does: Behaviour, now: float, success: bool | None, failures: int, next_at: float | None
) -> None:
    verdict = judge(PROBE | probe, does, {}, 0.0, 0.0, now)
    assert (verdict.success, verdict.failures, verdict.next_at) == (success, failures, next_at)


@pytest.mark.parametrize("does", [WELL, LATE, DYING], ids=["well", "late", "dying"])
def test_computing_at_once_is_looking_again_and_again(does: Behaviour) -> None:
    for now in range(0, 140, 3):
        result, streak, last = None, 0, None
        for look in range(0, now + 1, 10):
            answer = does.serves(look, 80)
            streak = streak + 1 if answer is last else 1
            last = answer
            if streak >= (1 if answer else 3):
                result = answer
        verdict = judge(PROBE, does, {}, 0.0, 0.0, float(now))
        assert verdict.success is result
        assert verdict.failures == (0 if last else streak)
