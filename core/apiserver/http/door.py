"""One request from its path to its answer: which cluster, who asks, and which part of the API is meant.

Called in a thread. Everything that can go wrong is an `ApiError`, and becomes the `Status` a client knows; a database that
cannot be reached is 503, and the next request tries anew.
"""

import logging
from collections.abc import Callable

from django.db import InterfaceError, OperationalError, connection

from core.apiserver.authentication import home_of
from core.apiserver.authorization import Attributes, authorize
from core.apiserver.http import endpoints, query, resources
from core.apiserver.http.directory import Directory, Entry, Lookup
from core.apiserver.http.hub import Hub
from core.apiserver.http.identity import Identities
from core.apiserver.http.incoming import Incoming
from core.apiserver.http.negotiation import Form, is_pretty, negotiate
from core.apiserver.http.paths import CLUSTERS, NoSuchPath, resource_path, segments, split_cluster
from core.apiserver.http.responses import Answer, of_error, page_not_found
from core.kube.errors import ApiError, NotFound, Unavailable
from core.models import Cluster
from core.models.refusals import NotWritable

__all__ = ["Door", "Lookup"]

NO_DATABASE = "the database of the clusters does not answer; try again"
WHERE = "this is the door of the Kubernetes API; a cluster's API is at /clusters/NAME; there are: {names}"

log = logging.getLogger(__name__)


class Door:
    def __init__(self, lookup: Lookup, wall: Callable[[], float], hub: Hub) -> None:
        self.directory = Directory(lookup)
        self.identities = Identities(wall)
        self.hub = hub

    def answer(self, incoming: Incoming) -> Answer:
        form, pretty = Form(), False
        try:
            pretty = is_pretty(
                query.fields(incoming.query_string).get("pretty") if b"pretty" in incoming.query_string else None,
                incoming.header(b"user-agent"),
            )
            return self.ask(incoming, pretty)
        except ApiError as error:
            return of_error(error, form, pretty=pretty)
        except NoSuchPath:
            return page_not_found()
        except NotWritable as error:
            return of_error(Unavailable(str(error)), form, pretty=pretty)
        except (OperationalError, InterfaceError):
            log.warning("%s %s: the database does not answer", incoming.method, incoming.raw_path, exc_info=True)
            return of_error(Unavailable(NO_DATABASE, retry_after=1), form)
        finally:
            if connection.errors_occurred:
                connection.close_if_unusable_or_obsolete()

    def ask(self, incoming: Incoming, pretty: bool) -> Answer:
        """Raises ApiError, NoSuchPath and what the database raises."""
        parts = segments(incoming.raw_path)
        # `kubectl get --raw /readyz` leaves the server's path out; its token says which cluster is meant.
        name = home_of(incoming.header(b"authorization")) if parts[:1] != (CLUSTERS,) else ""
        if not parts and not name:
            names = ", ".join(Cluster.objects.order_by("name").values_list("name", flat=True)) or "none"
            raise NotFound(WHERE.format(names=names))
        if not name:
            name, parts = split_cluster(parts)
        entry = self.directory.find(name)
        try:
            return self.ask_cluster(entry, parts, incoming, pretty)
        except Cluster.DoesNotExist:
            self.directory.forget(name)
            raise self.directory.missing(name) from None

    def ask_cluster(self, entry: Entry, parts: tuple[str, ...], incoming: Incoming, pretty: bool) -> Answer:
        path = resource_path(parts)
        user = self.identities.user_of(entry, incoming)
        if path is None:
            wanted = Attributes(incoming.method.lower(), path="/" + "/".join(parts))
            user = self.identities.acting_as(entry, incoming, user, wanted)
            authorize(entry.server.authorizer, user, wanted)
            return endpoints.answer(entry, parts, incoming, pretty)
        verb = resources.verb_of(incoming, path)
        user = self.identities.acting_as(entry, incoming, user, resources.attributes(verb, path))
        form = negotiate(incoming.header(b"accept"), has_tables=resources.has_tables(path))
        if form.view == "APIGroupDiscoveryList":
            form = Form(form.media_type)
        asked = resources.Asked(entry, incoming, path, verb, query.options(incoming.query_string), form, pretty)
        return resources.answer(asked, user, self.directory, self.hub)
