"""What keeps a cluster from growing without end: old events, old revisions, old journal.

Called by the driver of the control plane every five minutes, one bounded portion a time. Events die after an hour, as the
API server's `--event-ttl` has it (a real one attaches an etcd lease). The API server of a real cluster compacts etcd every
five minutes; here the newest revisions are kept, because the picture and the time bar look back at them.
"""

from core.apiserver.server import ApiServer
from core.etcd import Group
from core.kube.objects import Obj
from core.kube.requests import Request, User
from core.kube.times import parse_timestamp
from core.models import Cluster, JournalEntry

EVENT_TTL = 3600.0  # virtual seconds
EVENTS_AT_ONCE = 200
REVISIONS_KEPT = 20_000
JOURNAL_KEPT = 20_000
SLACK = 1.25  # nothing is compacted until this much more than what is kept has come together
EVERY = 300.0  # virtual seconds

UPKEEP = User("system:apiserver", ("system:masters", "system:authenticated"))


def keep_up(cluster: Cluster, server: ApiServer, now: float) -> None:
    """Do what is due for one cluster; cheap when nothing is."""
    expire_events(server, now)
    if cluster.revision - cluster.compacted > REVISIONS_KEPT * SLACK:
        with Group(cluster.pk, server.now).transaction() as section:
            section.compact(section.revision - REVISIONS_KEPT)
    old = JournalEntry.objects.filter(cluster=cluster, seq__lte=cluster.journal_seq - JOURNAL_KEPT)
    old._raw_delete(old.db)


def expire_events(server: ApiServer, now: float) -> int:
    """Delete events older than their time to live; answers how many."""
    server.cache.catch_up()
    old = [event for event in server.cache.all("events") if age(event, now) > EVENT_TTL][:EVENTS_AT_ONCE]
    if old:
        server.execute(
            [
                Request("delete", "events", event["metadata"]["namespace"], event["metadata"]["name"], user=UPKEEP)
                for event in old
            ]
        )
    return len(old)


def age(event: Obj, now: float) -> float:
    """Seconds since an event was last seen. One that a client dates later than now, by its own clock, is as old as its
    object."""
    made = event["metadata"]["creationTimestamp"]
    seen = parse_timestamp(event.get("lastTimestamp") or event.get("eventTime") or made)
    return now - (seen if seen <= now else parse_timestamp(made))
