"""What form the client wants the answer in: `Accept`, and `pretty`.

JSON or YAML, and besides the object itself its views `Table` and `PartialObjectMetadata(List)`. A client that accepts
protobuf only is refused with 406; those that list it before JSON get JSON. Reference: apiserver
`pkg/endpoints/handlers/negotiation`.
"""

from dataclasses import dataclass

from core.kube.errors import NotAcceptable
from core.kube.remembering import remembered

JSON, YAML = "application/json", "application/yaml"
MEDIA_TYPES = {JSON: JSON, YAML: YAML, "*/*": JSON, "application/*": JSON, "": JSON}
UNACCEPTABLE = f"406: Not Acceptable\n\nAvailable representations: {JSON}, {YAML}"

ACCEPT_MAX = 1024  # characters of a header whose meaning is remembered

META = "meta.k8s.io"
META_VERSIONS = ("v1", "v1beta1")
TABLE = "Table"
VIEWS = (TABLE, "PartialObjectMetadata", "PartialObjectMetadataList")
DISCOVERY = "apidiscovery.k8s.io"
DISCOVERY_VERSIONS = ("v2",)
DISCOVERY_VIEW = "APIGroupDiscoveryList"

# User agents for whom JSON is indented although they did not ask for it: people read it.
READERS = ("curl", "Wget", "Mozilla/5.0")


@dataclass(frozen=True, slots=True)
class Form:
    """`view` is empty for the object itself; `version` is the view's, e.g. `v1`."""

    media_type: str = JSON
    view: str = ""
    version: str = ""


@remembered(512, ACCEPT_MAX)
def negotiate(accept: str, *, has_tables: bool = True) -> Form:
    """The first form of an Accept header that can be had, by the client's preference. Raises NotAcceptable.

    What is asked and not stored (a review, a token) has no rows: `has_tables` is false, and a Table of it is not to be had.
    """
    clauses = [_clause(text) for text in accept.split(",")]
    for media_type, parameters in sorted(clauses, key=lambda clause: -_weight(clause[1])):
        form = _form(media_type, parameters)
        if form is not None and _weight(parameters) > 0 and (has_tables or form.view != TABLE):
            return form
    raise NotAcceptable(UNACCEPTABLE)


def _clause(text: str) -> tuple[str, dict[str, str]]:
    media_type, *rest = text.split(";")
    parameters = {}
    for part in rest:
        name, _, value = part.partition("=")
        parameters[name.strip().lower()] = value.strip().strip('"')
    return media_type.strip().lower(), parameters


def _weight(parameters: dict[str, str]) -> float:
    try:
        return float(parameters.get("q", "1"))
    except ValueError:
        return 0.0


def _form(media_type: str, parameters: dict[str, str]) -> Form | None:
    media = MEDIA_TYPES.get(media_type)
    if media is None:
        return None
    view, group, version = parameters.get("as", ""), parameters.get("g", ""), parameters.get("v", "")
    if not view:
        return Form(media)
    if view in VIEWS and group == META and version in META_VERSIONS:
        return Form(media, view, version)
    if view == DISCOVERY_VIEW and group == DISCOVERY and version in DISCOVERY_VERSIONS:
        return Form(media, view, version)
    return None


def is_pretty(asked: list[str] | None, user_agent: str) -> bool:
    """Whether to indent: as the query says, else for those through which people read."""
    if asked and asked[0]:
        return asked[0].lower() not in ("0", "f", "false")
    return user_agent.startswith(READERS)
