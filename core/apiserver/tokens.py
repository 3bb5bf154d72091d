"""Service account tokens: JWTs signed by the cluster's own RSA key, bound to an audience and, if asked, to an object.

Times in a token are the cluster's virtual time. Reference: pkg/serviceaccount/{claims,jwt}.go, KEP-1205.
"""

import base64
import hashlib
import random
import uuid
from collections.abc import Sequence
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from core.kube.objects import Obj
from core.models import Cluster

ISSUER = "https://kubernetes.default.svc.cluster.local"
ALGORITHM = "RS256"
KEY_BITS = 2048


class BadToken(Exception):
    """Not a valid token of this cluster; the message says why."""


def signing_key(cluster: Cluster) -> str:
    """The cluster's private key in PEM; made when first needed, because making it takes a tenth of a second."""
    if not cluster.signing_key:
        key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()
        Cluster.objects.filter(pk=cluster.pk, signing_key="").update(signing_key=pem)
        cluster.signing_key = Cluster.objects.values_list("signing_key", flat=True).get(pk=cluster.pk)
    return cluster.signing_key


def issue(
    cluster: Cluster,
    account: Obj,
    *,
    audiences: Sequence[str],
    seconds: int,
    now: float,
    draw: random.Random,
    bound: dict[str, Any] | None = None,
) -> str:
    """A token of the service account `account`. `bound`: {"pod": {"name", "uid"}} and the like."""
    meta = account["metadata"]
    pem = signing_key(cluster)
    private: dict[str, Any] = {"namespace": meta["namespace"]} | (bound or {})
    private["serviceaccount"] = {"name": meta["name"], "uid": meta["uid"]}
    claims = {
        "aud": list(audiences),
        "exp": int(now) + seconds,
        "iat": int(now),
        "iss": ISSUER,
        "jti": str(uuid.UUID(int=draw.getrandbits(128), version=4)),
        "kubernetes.io": private,
        "nbf": int(now),
        "sub": f"system:serviceaccount:{meta['namespace']}:{meta['name']}",
    }
    return jwt.encode(claims, pem, algorithm=ALGORITHM, headers={"kid": key_id(pem), "typ": ""})  # no `typ`, as there


def verify(cluster: Cluster, token: str, audiences: Sequence[str], now: float) -> dict[str, Any]:
    """The claims of a valid token for one of `audiences`. Raises BadToken."""
    if not cluster.signing_key:
        raise BadToken("no token was ever issued")
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            _public(cluster.signing_key),
            algorithms=[ALGORITHM],
            audience=list(audiences),
            issuer=ISSUER,
            # The times are virtual, so they are not for the library to compare with the wall clock.
            options={"verify_exp": False, "verify_nbf": False, "verify_iat": False, "require": ["exp", "sub", "aud"]},
        )
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise BadToken(str(error)) from None
    if not isinstance(claims["exp"], int) or now >= claims["exp"]:
        raise BadToken("service account token has expired")
    return claims


def jwks(cluster: Cluster) -> Obj:
    """The public key as `/openid/v1/jwks` shows it."""
    pem = signing_key(cluster)
    numbers = _public(pem).public_numbers()
    return {
        "keys": [
            {
                "use": "sig",
                "kty": "RSA",
                "kid": key_id(pem),
                "alg": ALGORITHM,
                "n": _base64(numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big")),
                "e": _base64(numbers.e.to_bytes(3, "big")),
            }
        ]
    }


def key_id(pem: str) -> str:
    """The name of a key: the SHA-256 of its public half."""
    der = _public(pem).public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return _base64(hashlib.sha256(der).digest())


def _public(pem: str) -> rsa.RSAPublicKey:
    key = serialization.load_pem_private_key(pem.encode(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key.public_key()


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
