"""Names that the cluster makes up: random suffixes for generateName, hashes of pod templates.

Both use an alphabet without vowels and look-alikes, so that no words come out.
Reference: apimachinery `pkg/util/rand`, `pkg/util/hash`; kubernetes `pkg/controller/controller_utils.go` ComputeHash. The
real hash is of Go's own print of the template; this one is of its JSON with sorted keys: other values, the same use.
"""

from random import Random
from typing import Any

import orjson

from core.kube.remembering import remembered

ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
SUFFIX_LENGTH = 5
NAME_LENGTH_MAX = 63
HASHED_MAX = 65_536  # bytes of a template whose hash is remembered
FNV_OFFSET, FNV_PRIME = 2166136261, 16777619


def suffix(random: Random, length: int = SUFFIX_LENGTH) -> str:
    return "".join(random.choices(ALPHABET, k=length))


def generated(prefix: str, random: Random) -> str:
    """A name for `generateName: prefix`, cut so that it stays a DNS label."""
    return prefix[: NAME_LENGTH_MAX - SUFFIX_LENGTH] + suffix(random)


def safe_encode(text: str) -> str:
    """`text` letter by letter in the alphabet."""
    return "".join(ALPHABET[byte % len(ALPHABET)] for byte in text.encode())


def fnv32a(content: bytes) -> int:
    """The FNV-1a hash, 32 bits."""
    value = FNV_OFFSET
    for byte in content:
        value = (value ^ byte) * FNV_PRIME & 0xFFFFFFFF
    return value


def template_hash(template: Any, collisions: int | None = None) -> str:
    """The `pod-template-hash` of a pod template. `collisions` counts how often another template had the same."""
    return _hash(orjson.dumps(template, option=orjson.OPT_SORT_KEYS), collisions)


@remembered(256, HASHED_MAX)
def _hash(content: bytes, collisions: int | None) -> str:
    if collisions is not None:
        content += (collisions % 2**32).to_bytes(8, "little")  # as Go: an int32, which a client may have set below 0
    return safe_encode(str(fnv32a(content)))
