"""The server's certificate: signed by a certificate authority of our own, made once and kept in the data folder.

Clients get the authority's certificate in their kubeconfig, and trust nothing else. Keys are on the curve P-256, which is
fast to make and to shake hands with. A certificate that does not name the host one listens on, or that is about to end,
is made anew by the same authority, so kubeconfigs stay valid.
"""

import datetime
import ipaddress
import os
import socket
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

FOLDER = "pki"
CA_NAME, SERVER_NAME = "cluster-viz", "kube-apiserver"
CA_DAYS, SERVER_DAYS, RENEW_DAYS = 3650, 365, 30
ALWAYS = ("localhost", "127.0.0.1", "::1", "kubernetes", "kubernetes.default", "kubernetes.default.svc")


@dataclass(frozen=True, slots=True)
class ServerCertificate:
    """Files in PEM: the chain and its key, and the authority that clients are to trust."""

    certificate: Path
    key: Path
    authority: Path


def server_certificate(data_dir: Path, host: str) -> ServerCertificate:
    """The certificate for `host`, made if there is none that fits."""
    folder = data_dir / FOLDER
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    files = ServerCertificate(folder / "apiserver.crt", folder / "apiserver.key", folder / "ca.crt")
    authority, authority_key = _authority(folder)
    names = _names(host)
    if not _is_good(files, authority, names):
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _signed(_subject(SERVER_NAME), key, authority.subject, authority_key, SERVER_DAYS, names)
        _write(files.key, _key_pem(key))
        _write(files.certificate, _pem(certificate) + _pem(authority))
    return files


def authority_pem(data_dir: Path) -> bytes:
    """The certificate that kubeconfigs carry; made if need be."""
    folder = data_dir / FOLDER
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return _pem(_authority(folder)[0])


def _authority(folder: Path) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """The authority, made by whoever comes first; both halves are in one file, so that they always fit."""
    both, public = folder / "ca.pem", folder / "ca.crt"
    if not both.exists():
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _signed(_subject(CA_NAME), key, _subject(CA_NAME), key, CA_DAYS)
        draft = both.with_name(f"ca.{os.getpid()}")
        _write(draft, _key_pem(key) + _pem(certificate))
        try:
            os.link(draft, both)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    pem = both.read_bytes()
    certificate = x509.load_pem_x509_certificate(pem)
    own_key = serialization.load_pem_private_key(pem, None)
    assert isinstance(own_key, ec.EllipticCurvePrivateKey)
    if not public.exists() or public.read_bytes() != _pem(certificate):
        _write(public, _pem(certificate))
    return certificate, own_key


def _names(host: str) -> list[x509.GeneralName]:
    wanted = {*ALWAYS, socket.gethostname(), *([host] if host not in ("0.0.0.0", "::", "") else [])}
    found: list[x509.GeneralName] = []
    for name in sorted(wanted):
        try:
            found.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            if name.isascii():
                found.append(x509.DNSName(name))
    return found


def _is_good(files: ServerCertificate, authority: x509.Certificate, names: list[x509.GeneralName]) -> bool:
    try:
        certificate = x509.load_pem_x509_certificate(files.certificate.read_bytes())
        key = serialization.load_pem_private_key(files.key.read_bytes(), None)
        certificate.verify_directly_issued_by(authority)
        named = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except Exception:  # missing, cut short, of another authority: whatever it is, it is made anew
        return False
    left = certificate.not_valid_after_utc - datetime.datetime.now(datetime.UTC)
    return left.days >= RENEW_DAYS and set(names) <= set(named) and key.public_key() == certificate.public_key()


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _signed(
    subject: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
    days: int,
    names: list[x509.GeneralName] | None = None,
) -> x509.Certificate:
    """A certificate: of a server if it has `names`, else of an authority."""
    # Some clients' clocks are behind.
    start = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=1)
    usage = dict.fromkeys(
        ("content_commitment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only"), False
    )
    is_authority = names is None
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=0 if is_authority else None), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True,
                key_encipherment=False,
                key_cert_sign=is_authority,
                crl_sign=is_authority,
                **usage,
            ),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    if names is not None:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False).add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False
        )
    return builder.sign(issuer_key, hashes.SHA256())


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, content: bytes) -> None:
    """Put `content` there at once, readable by the owner only: nobody ever sees half a file."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
    draft.replace(path)
