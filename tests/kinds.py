"""One valid object of every kind that is stored: `kinds.yaml`, read."""

from base64 import b64encode
from pathlib import Path

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from core.kube.objects import Obj
from core.kube.resources import REGISTRY, Resource

STORED: dict[tuple[str, str], Resource] = {
    (row.api_version, row.kind): row for row in REGISTRY.values() if row.is_stored and not row.stored_as
}


def examples() -> list[Obj]:
    text = (Path(__file__).parent / "kinds.yaml").read_text().replace("{csr}", _signing_request())
    return list(yaml.safe_load_all(text))


def row_of(obj: Obj) -> Resource:
    return STORED[(obj["apiVersion"], obj["kind"])]


def _signing_request() -> str:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "whole")])
    key = ec.generate_private_key(ec.SECP256R1())
    signed = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return b64encode(signed.public_bytes(serialization.Encoding.PEM)).decode()
