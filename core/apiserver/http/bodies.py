"""Bodies: what type they may have for which verb, and what they decode to.

Bytes become JSON values with the decoder's limits (`core.kube.decode`); that the value is the right kind of object is
checked by the pipeline. Compressed bodies are refused: no client insists on them. Protobuf is read, but never spoken.
"""

from core.apiserver.http import protobuf
from core.apiserver.http.incoming import Incoming
from core.kube.decode import decode_body, unreadable
from core.kube.errors import BadRequest, UnsupportedMediaType
from core.kube.requests import PatchType, Request
from core.kube.resources import Resource, subresource

UNSUPPORTED = "415: Unsupported Media Type"
ENCODED = "the server does not accept bodies with Content-Encoding: {encoding}"
END = "json parse error: unexpected end of JSON input"
STRICT = '{kind} in version "{version}" cannot be handled as a {kind}: strict decoding error: {faults}'
WITHOUT_BODY = ("get", "list", "watch")
OPTIONAL = ("delete", "deletecollection")
PATCHES = frozenset(PatchType)


def decode_into(request: Request, row: Resource, incoming: Incoming) -> tuple[str, ...]:
    """Set the request's body and patch type. Answers warnings. Raises BadRequest, TooLarge, UnsupportedMediaType."""
    if request.verb in WITHOUT_BODY:
        return ()
    encoding = incoming.header(b"content-encoding")
    if encoding and encoding.lower() != "identity":
        raise UnsupportedMediaType(ENCODED.format(encoding=encoding))
    content_type = incoming.header(b"content-type")
    media_type = content_type.partition(";")[0].strip().lower()
    if request.verb == "patch":
        if media_type not in PATCHES:
            raise UnsupportedMediaType(UNSUPPORTED)
        request.patch_type = PatchType(media_type)
    elif media_type in PATCHES:
        raise UnsupportedMediaType(UNSUPPORTED)
    kind = "DeleteOptions" if request.verb in OPTIONAL else _kind(row, request)
    if not incoming.body:
        if request.verb in OPTIONAL:
            return ()
        raise unreadable(b"", media_type, kind, END)
    if media_type == protobuf.MEDIA_TYPE and request.verb != "patch":
        request.body = protobuf.decode(incoming.body)
        return ()
    level = request.options.get("fieldValidation", "Warn")
    decoded = decode_body(incoming.body, content_type, kind=kind, find_duplicates=level in ("Warn", "Strict"))
    request.body = decoded.value
    if kind == row.kind:  # told together with unknown fields, once the object is decoded
        request.duplicates = decoded.warnings
        return ()
    if decoded.warnings and level == "Strict":
        version = row.version
        raise BadRequest(STRICT.format(kind=kind, version=version, faults=", ".join(decoded.warnings)))
    return decoded.warnings if level == "Warn" else ()


def _kind(row: Resource, request: Request) -> str:
    if request.subresource in row.subresources:
        return subresource(row, request.subresource).kind
    return row.kind
