"""Requests for certificates. Reference: kubernetes `pkg/apis/certificates/validation`."""

import base64
from collections.abc import Iterator

from core.kube import formats
from core.kube.causes import Cause, duplicate, forbidden, invalid_value, not_supported, required
from core.kube.objects import Obj
from core.kube.validation.common import checked

USAGES = (
    "any",
    "cert sign",
    "client auth",
    "code signing",
    "content commitment",
    "crl sign",
    "data encipherment",
    "decipher only",
    "digital signature",
    "email protection",
    "encipher only",
    "ipsec end system",
    "ipsec tunnel",
    "ipsec user",
    "key agreement",
    "key encipherment",
    "microsoft sgc",
    "netscape sgc",
    "ocsp signing",
    "s/mime",
    "server auth",
    "signing",
    "timestamping",
)
SECONDS_MIN = 600
SHORT = f"may not specify a duration less than {SECONDS_MIN} seconds (10 minutes)"
BOTH_DECISIONS = "Approved and Denied conditions are mutually exclusive"
LEGACY_SIGNER = "the legacy signerName is not allowed via this API version"
DECISION_GONE = 'updates may not remove a condition of type "{kind}"'
DECISION_NEW = 'updates may not add a condition of type "{kind}"'
NO_CERTIFICATE = "updates may not set certificate content"
CERTIFICATE_FIXED = "updates may not change certificate content"
NOT_PEM = "PEM block type must be CERTIFICATE REQUEST"
PEM_HEAD = b"-----BEGIN CERTIFICATE REQUEST-----"


def request(obj: Obj) -> Iterator[Cause]:
    spec: Obj = obj.get("spec") or {}
    if not _is_request(spec.get("request", "")):
        yield invalid_value("spec.request", spec.get("request", ""), NOT_PEM)
    usages: list[str] = spec.get("usages") or []
    if not usages:
        yield required("spec.usages")
    for index, usage in enumerate(usages):
        if usage not in USAGES:
            yield not_supported(f"spec.usages[{index}]", usage, USAGES)
        if usage in usages[:index]:
            yield duplicate(f"spec.usages[{index}]", usage)
    name = spec.get("signerName", "")
    if name == "kubernetes.io/legacy-unknown":
        yield invalid_value("spec.signerName", name, LEGACY_SIGNER)
    else:
        yield from _signer(name)
    seconds = spec.get("expirationSeconds")
    if seconds is not None and seconds < SECONDS_MIN:
        yield invalid_value("spec.expirationSeconds", seconds, SHORT)
    yield from _conditions(obj)


def _is_request(text: str) -> bool:
    try:
        return PEM_HEAD in base64.b64decode(text)
    except ValueError:
        return False


def _signer(name: str) -> Iterator[Cause]:
    """`example.com/name`: the domain of at least two parts, the path of any that look like a domain's."""
    field = "spec.signerName"
    if not name:
        yield required(field)
        return
    parts = name.split("/")
    if len(parts) != 2:
        yield invalid_value(field, name, formats.SIGNER)
        return
    domain, path = parts
    yield from checked(field, domain, formats.dns_subdomain)
    if len(domain.split(".")) < 2:
        yield invalid_value(field, domain, formats.TWO_SEGMENTS)
    fault = formats.dns_subdomain(path)
    if fault:
        yield invalid_value(field, path, fault)


def _conditions(obj: Obj) -> Iterator[Cause]:
    seen: set[str] = set()
    for index, condition in enumerate((obj.get("status") or {}).get("conditions") or ()):
        path, kind, status = f"status.conditions[{index}]", condition.get("type", ""), condition.get("status", "")
        if not kind:
            yield required(f"{path}.type")
        if not status:
            yield required(f"{path}.status")
        elif kind in ("Approved", "Denied", "Failed"):
            if status != "True":
                yield not_supported(f"{path}.status", status, ("True",))
        elif status not in ("True", "False", "Unknown"):
            yield not_supported(f"{path}.status", status, ("False", "True", "Unknown"))
        if {"Approved": "Denied", "Denied": "Approved"}.get(kind) in seen:
            yield invalid_value(f"{path}.type", kind, BOTH_DECISIONS)
        if kind in seen:
            yield duplicate(f"{path}.type", kind)
        seen.add(kind)


def request_update(new: Obj, old: Obj) -> Iterator[Cause]:
    yield from _decisions(new, old, may_approve=False)


def request_status(new: Obj, old: Obj) -> Iterator[Cause]:
    yield from _conditions(new)
    yield from _decisions(new, old, may_approve=False)
    certificate, was = ((obj.get("status") or {}).get("certificate") for obj in (new, old))
    if was and certificate != was:
        yield forbidden("status.certificate", CERTIFICATE_FIXED)


def request_approval(new: Obj, old: Obj) -> Iterator[Cause]:
    yield from _conditions(new)
    yield from _decisions(new, old, may_approve=True)
    certificate, was = ((obj.get("status") or {}).get("certificate") for obj in (new, old))
    if certificate != was:
        yield forbidden("status.certificate", NO_CERTIFICATE)


def _decisions(new: Obj, old: Obj, *, may_approve: bool) -> Iterator[Cause]:
    """What was decided stays; only through /approval is something new decided."""
    after, before = (
        {entry.get("type"): entry for entry in (obj.get("status") or {}).get("conditions") or ()} for obj in (new, old)
    )
    for kind in ("Approved", "Denied", "Failed"):
        if kind in before and kind not in after:
            yield forbidden("status.conditions", DECISION_GONE.format(kind=kind))
        if kind in after and kind not in before and kind != "Failed" and not may_approve:
            yield forbidden("status.conditions", DECISION_NEW.format(kind=kind))
