"""Paths that are not resources: discovery, health, version, OpenAPI, metrics, and the keys of service accounts.

One table: the first segment → who answers. An endpoint answers None when the rest of the path means nothing to it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

import orjson

from core.apiserver.http import discovery, health, metrics, openapi, query, zpages
from core.apiserver.http.directory import Entry
from core.apiserver.http.incoming import Incoming
from core.apiserver.http.negotiation import DISCOVERY_VIEW, JSON, Form, negotiate
from core.apiserver.http.responses import TEXT, Answer, Header, Response, of_object, page_not_found
from core.apiserver.tokens import ALGORITHM, ISSUER, jwks
from core.kube.errors import MethodNotAllowed, NotAcceptable
from core.kube.objects import Obj

RANGE = re.compile(r"bytes=(\d{0,12})-(\d{0,12})")
VERSION = {
    "major": "1",
    "minor": "37",
    "emulationMajor": "1",
    "emulationMinor": "37",
    "minCompatibilityMajor": "1",
    "minCompatibilityMinor": "36",
    "gitVersion": "v1.37.0",
    "gitCommit": "",
    "gitTreeState": "clean",
    "buildDate": "2026-08-26T00:00:00Z",
    "goVersion": "none: this is cluster-viz",
    "compiler": "cpython",
    "platform": "linux/amd64",
}
NO_METHOD = "the server does not allow this method on the requested resource"
PUBLIC: Header = (b"cache-control", b"public")
PUBLIC_HOUR: Header = (b"cache-control", b"public, max-age=3600")


@dataclass(frozen=True, slots=True)
class Visit:
    """A request for such a path. `rest` are the segments after the first."""

    entry: Entry
    incoming: Incoming
    first: str
    rest: tuple[str, ...]
    pretty: bool

    @property
    def address(self) -> str:
        return self.incoming.header(b"host")

    def shown(self, obj: Obj | None) -> Answer | None:
        if obj is None:
            return None
        return of_object(obj, self.form(), pretty=self.pretty)

    def form(self) -> Form:
        form = negotiate(self.incoming.header(b"accept"))
        return Form(form.media_type)


Endpoint = Callable[[Visit], Answer | None]


def api(visit: Visit) -> Answer | None:
    match visit.rest:
        case ():
            return aggregated(visit, core=True) or visit.shown(discovery.api_versions(visit.address))
        case (version,):
            return visit.shown(discovery.resource_list("", version))
        case _:
            return None


def apis(visit: Visit) -> Answer | None:
    match visit.rest:
        case ():
            return aggregated(visit, core=False) or visit.shown(discovery.group_list())
        case (group,):
            return visit.shown(discovery.group(group))
        case (group, version):
            return visit.shown(discovery.resource_list(group, version))
        case _:
            return None


def aggregated(visit: Visit, *, core: bool) -> Answer | None:
    """The whole discovery at once, for those who ask for it in that form."""
    form = negotiate(visit.incoming.header(b"accept"))
    if form.view != DISCOVERY_VIEW:
        return None
    body, etag = discovery.aggregated(core)
    kind = f"{JSON};g=apidiscovery.k8s.io;v=v2;as={DISCOVERY_VIEW}"
    return cached(visit, body, etag, kind, [PUBLIC])


def cached(visit: Visit, body: bytes, etag: str, kind: str, headers: list[Header]) -> Response:
    """A document that a client may have already: 304 when it names its ETag."""
    headers = [*headers, (b"etag", etag.encode()), (b"vary", b"Accept")]
    if etag in visit.incoming.header(b"if-none-match"):
        return Response(304, b"", kind, headers)
    return Response(200, body, kind, headers)


def version(visit: Visit) -> Answer | None:
    return visit.shown(VERSION) if not visit.rest else None


def healthy(visit: Visit) -> Answer | None:
    fields = query.fields(visit.incoming.query_string)
    return health.answer(visit.entry, visit.first, "/".join(visit.rest), "verbose" in fields, fields.get("exclude", []))


def openid(visit: Visit) -> Answer | None:
    if visit.rest != ("v1", "jwks"):
        return None
    keys = orjson.dumps(jwks(visit.entry.cluster))
    return Response(200, keys, "application/jwk-set+json", [PUBLIC_HOUR])


def well_known(visit: Visit) -> Answer | None:
    if visit.rest != ("openid-configuration",):
        return None
    prefix = visit.incoming.raw_path.removesuffix(b"/.well-known/openid-configuration").decode("latin-1")
    document = {
        "issuer": ISSUER,
        "jwks_uri": f"https://{visit.address}{prefix}/openid/v1/jwks",
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
    }
    return Response(200, orjson.dumps(document), JSON, [PUBLIC_HOUR])


def open_api(visit: Visit) -> Answer | None:
    accepted = visit.incoming.header(b"accept")
    if openapi.PROTOBUF in accepted and visit.rest == ("v2",):
        document = openapi.v2_protobuf()
        return cached(visit, document.body, document.etag, openapi.PROTOBUF_ANSWERED, [])
    if accepted and "json" not in accepted and "*" not in accepted:
        raise NotAcceptable("406: Not Acceptable\n\nAvailable representations: application/json")
    match visit.rest:
        case ("v2",):
            document = openapi.v2()
        case ("v3",):
            return file(visit, openapi.index(), TEXT, [])
        case ("v3", *path):
            found = openapi.v3("/".join(path))
            if found is None:
                return None
            document = found
        case _:
            return None
    vary = [(b"vary", b"Accept-Encoding")] if visit.rest == ("v2",) else []
    return file(visit, document, JSON, [*vary, (b"etag", document.etag.encode()), (b"vary", b"Accept")])


def file(visit: Visit, document: openapi.Document, kind: str, headers: list[Header]) -> Response:
    """A document as Go serves files: whole, a piece of it, or not at all to a client that has it."""
    headers = [*headers, (b"last-modified", document.modified.encode())]
    named = visit.incoming.header(b"if-none-match")
    if document.etag in named or (not named and visit.incoming.header(b"if-modified-since") == document.modified):
        return Response(304, b"", kind, headers)
    headers.append((b"accept-ranges", b"bytes"))
    size = len(document.body)
    wanted = RANGE.fullmatch(visit.incoming.header(b"range"))
    if wanted is None or not any(wanted.groups()):
        return Response(200, document.body, kind, headers)
    first, last = wanted.groups()
    start = int(first) if first else max(0, size - int(last))
    end = min(int(last), size - 1) if first and last else size - 1
    if start > end:
        return Response(416, b"", kind, [*headers, (b"content-range", f"bytes */{size}".encode())])
    headers.append((b"content-range", f"bytes {start}-{end}/{size}".encode()))
    return Response(206, document.body[start : end + 1], kind, headers)


def measured(visit: Visit) -> Answer | None:
    match visit.rest:
        case ():
            return Response(200, metrics.text(visit.entry), metrics.CONTENT_TYPE)
        case ("slis",):
            return Response(200, metrics.slis(visit.entry), metrics.CONTENT_TYPE)
        case _:
            return None


def status_page(visit: Visit) -> Answer | None:
    return None if visit.rest else zpages.statusz(visit.entry, visit.incoming.header(b"accept"), VERSION)


def flags_page(visit: Visit) -> Answer | None:
    return None if visit.rest else zpages.flagz(visit.entry, visit.incoming.header(b"accept"))


ENDPOINTS: dict[str, Endpoint] = {
    ".well-known": well_known,
    "api": api,
    "apis": apis,
    "flagz": flags_page,
    "healthz": healthy,
    "livez": healthy,
    "metrics": measured,
    "openapi": open_api,
    "openid": openid,
    "readyz": healthy,
    "statusz": status_page,
    "version": version,
}


def answer(entry: Entry, parts: tuple[str, ...], incoming: Incoming, pretty: bool) -> Answer:
    """Raises ApiError."""
    if not parts:
        return of_object({"paths": paths()}, Form(), pretty=pretty)
    endpoint = ENDPOINTS.get(parts[0])
    if endpoint is None:
        return page_not_found()
    if incoming.method not in ("GET", "HEAD"):
        raise MethodNotAllowed(NO_METHOD)
    return endpoint(Visit(entry, incoming, parts[0], parts[1:], pretty)) or page_not_found()


def paths() -> list[str]:
    """Every path there is, as `/` lists them."""
    found = ["/.well-known/openid-configuration", "/api", "/api/v1", "/apis", "/apis/", "/flagz", "/metrics"]
    found += ["/metrics/slis", "/openid/v1/jwks", "/statusz", "/version"]
    for group in discovery.groups():
        found.append(f"/apis/{group}")
        found += [f"/apis/{group}/{version}" for version in discovery.versions(group)]
    for endpoint, checks in health.ENDPOINTS.items():
        found += [f"/{endpoint}", *(f"/{endpoint}/{check}" for check in checks)]
    found += ["/openapi/v2", "/openapi/v3", "/openapi/v3/"]
    return sorted(found)
