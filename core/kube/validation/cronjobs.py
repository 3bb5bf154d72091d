"""CronJobs: a schedule that comes, in a time zone that exists. Reference: kubernetes `pkg/apis/batch/validation`."""

import re
from collections.abc import Iterator
from typing import Final

from core.kube.causes import Cause, invalid_value, required
from core.kube.cron import parse_schedule, time_zone
from core.kube.objects import Obj
from core.kube.validation import jobs
from core.kube.validation.common import at_least_zero, one_of

NAME_MAX = 52  # a Job of it is called so, and a time of eleven characters follows
CONCURRENCY_POLICIES = ("Allow", "Forbid", "Replace")
ZONE_PART: Final = re.compile(r"[A-Za-z.\-_0-9+]{1,14}")

NAME_TOO_LONG = f"must be no more than {NAME_MAX} characters"
ZONE_IN_SCHEDULE = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
ZONE_EMPTY = "timeZone must be nil or non-empty string"
ZONE_UNKNOWN = "unknown time zone {zone}"
ZONE_LOCAL = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"


def cronjob(obj: Obj) -> Iterator[Cause]:
    spec: Obj = obj.get("spec") or {}
    if not spec.get("schedule"):
        yield required("spec.schedule")
    else:
        yield from _schedule(spec["schedule"], "spec.schedule")
    yield from at_least_zero("spec.startingDeadlineSeconds", spec.get("startingDeadlineSeconds"))
    if "timeZone" in spec:
        yield from _time_zone(spec["timeZone"], "spec.timeZone")
    yield from one_of("spec.concurrencyPolicy", spec.get("concurrencyPolicy"), CONCURRENCY_POLICIES)
    yield from jobs.template(spec.get("jobTemplate") or {}, "spec.jobTemplate")
    for name in ("successfulJobsHistoryLimit", "failedJobsHistoryLimit"):
        yield from at_least_zero(f"spec.{name}", spec.get(name))


def create(obj: Obj) -> Iterator[Cause]:
    name = obj["metadata"].get("name", "")
    if len(name) > NAME_MAX:
        yield invalid_value("metadata.name", name, NAME_TOO_LONG)


def _schedule(text: str, field: str) -> Iterator[Cause]:
    prefix, _, rest = text.partition(" ")
    try:
        # The zone before the fields is well-formed, only no longer allowed.
        parse_schedule(rest.strip() if prefix.startswith(("TZ=", "CRON_TZ=")) else text)
    except ValueError as error:
        yield invalid_value(field, text, str(error))
    if "TZ" in text:
        yield invalid_value(field, text, ZONE_IN_SCHEDULE)


def _time_zone(name: str, field: str) -> Iterator[Cause]:
    if not name:
        yield invalid_value(field, name, ZONE_EMPTY)
        return
    for part in name.split("/"):
        if part in (".", "..") or part.startswith("-") or not ZONE_PART.fullmatch(part):
            yield invalid_value(field, name, ZONE_UNKNOWN.format(zone=name))
            return
    if name.lower() == "local":
        yield invalid_value(field, name, ZONE_LOCAL)
    if name != "Local" and time_zone(name) is None:
        yield invalid_value(field, name, ZONE_UNKNOWN.format(zone=name))
