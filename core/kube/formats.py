"""What names, labels and other texts may look like. Each check answers None, or what is wrong in the real server's words.

Reference: apimachinery `pkg/util/validation/validation.go`.
"""

import ipaddress
import re
from functools import lru_cache
from typing import Final

SUBDOMAIN_MAX = 253
LABEL_MAX = 63

_SUBDOMAIN_PATTERN = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
_LABEL_PATTERN = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_LABEL_1035_PATTERN = r"[a-z]([-a-z0-9]*[a-z0-9])?"
_QUALIFIED_PATTERN = r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_VALUE_PATTERN = r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?"
_CONFIG_KEY_PATTERN = r"[-._a-zA-Z0-9]+"

_SUBDOMAIN: Final = re.compile(_SUBDOMAIN_PATTERN)
_LABEL: Final = re.compile(_LABEL_PATTERN)
_LABEL_1035: Final = re.compile(_LABEL_1035_PATTERN)
_QUALIFIED: Final = re.compile(_QUALIFIED_PATTERN)
_VALUE: Final = re.compile(_VALUE_PATTERN)
_CONFIG_KEY: Final = re.compile(_CONFIG_KEY_PATTERN)

EMPTY = "must be non-empty"
TOO_LONG = "must be no more than {most} characters"
SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and"
    " end with an alphanumeric character (e.g. 'example.com', regex used for validation is '"
    + _SUBDOMAIN_PATTERN
    + "')"
)
LABEL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with"
    " an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '" + _LABEL_PATTERN + "')"
)
LABEL_1035 = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and"
    " end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '"
    + _LABEL_1035_PATTERN
    + "')"
)
QUALIFIED = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric"
    " character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '"
    + _QUALIFIED_PATTERN
    + "')"
)
QUALIFIED_SLASHES = (
    "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an"
    " alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '"
    + _QUALIFIED_PATTERN
    + "') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
)
VALUE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end"
    " with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '"
    + _VALUE_PATTERN
    + "')"
)
CONFIG_KEY = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or"
    " 'key-name', regex used for validation is '" + _CONFIG_KEY_PATTERN + "')"
)
PATH_SEGMENT = ("may not be '{name}'", "may not contain '{part}'")
PORT_NAME_CHARACTERS = "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"
PORT_NAME_LETTER = "must contain at least one letter (a-z)"
PORT_NAME_HYPHENS = "must not contain consecutive hyphens"
PORT_NAME_EDGES = "must not begin or end with a hyphen"
PORT_RANGE = "must be between 1 and 65535, inclusive"
IP_ADDRESS = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
CIDR = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
ENV_NAME = "a valid environment variable name must consist only of printable ASCII characters other than '='"


@lru_cache(maxsize=8192)
def dns_subdomain(text: str) -> str | None:
    """RFC 1123 subdomain: what most objects are called."""
    if len(text) > SUBDOMAIN_MAX:
        return TOO_LONG.format(most=SUBDOMAIN_MAX)
    return None if _SUBDOMAIN.fullmatch(text) else SUBDOMAIN


@lru_cache(maxsize=4096)
def dns_label(text: str) -> str | None:
    """RFC 1123 label: namespaces, containers."""
    if len(text) > LABEL_MAX:
        return TOO_LONG.format(most=LABEL_MAX)
    return None if _LABEL.fullmatch(text) else LABEL


def dns_1035_label(text: str) -> str | None:
    """RFC 1035 label: services, whose names become DNS names that must start with a letter."""
    if len(text) > LABEL_MAX:
        return TOO_LONG.format(most=LABEL_MAX)
    return None if _LABEL_1035.fullmatch(text) else LABEL_1035


def path_segment(text: str) -> str | None:
    """What can stand in a URL: RBAC objects may be called `system:node`."""
    if text in (".", ".."):
        return PATH_SEGMENT[0].format(name=text)
    for part in "/%":
        if part in text:
            return PATH_SEGMENT[1].format(part=part)
    return None


@lru_cache(maxsize=4096)
def qualified_name(text: str) -> str | None:
    """Label and annotation keys, resource names: an optional subdomain, a slash, a name."""
    prefix, slash, name = text.rpartition("/")
    if prefix.count("/"):
        return QUALIFIED_SLASHES
    if slash:
        if not prefix:
            return f"prefix part {EMPTY}"
        fault = dns_subdomain(prefix)
        if fault:
            return f"prefix part {fault}"
    if not name:
        return f"name part {EMPTY}"
    if len(name) > LABEL_MAX:
        return f"name part {TOO_LONG.format(most=LABEL_MAX)}"
    return None if _QUALIFIED.fullmatch(name) else QUALIFIED


@lru_cache(maxsize=4096)
def label_value(text: str) -> str | None:
    if len(text) > LABEL_MAX:
        return TOO_LONG.format(most=LABEL_MAX)
    return None if _VALUE.fullmatch(text) else VALUE


def config_key(text: str) -> str | None:
    """Keys of ConfigMaps and Secrets: they become file names."""
    if len(text) > SUBDOMAIN_MAX:
        return TOO_LONG.format(most=SUBDOMAIN_MAX)
    if text in (".", "..") or text.startswith(".."):
        return f"must not be '{text}'" if text in (".", "..") else "must not start with '..'"
    return None if _CONFIG_KEY.fullmatch(text) else CONFIG_KEY


def port_number(value: object) -> str | None:
    is_port = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 65535
    return None if is_port else PORT_RANGE


@lru_cache(maxsize=1024)
def port_name(text: str) -> str | None:
    """An IANA service name."""
    if len(text) > 15:
        return TOO_LONG.format(most=15)
    if not re.fullmatch(r"[-a-z0-9]+", text):
        return PORT_NAME_CHARACTERS
    if not re.search(r"[a-z]", text):
        return PORT_NAME_LETTER
    if "--" in text:
        return PORT_NAME_HYPHENS
    return PORT_NAME_EDGES if text[0] == "-" or text[-1] == "-" else None


@lru_cache(maxsize=1024)
def ip_address(text: str) -> str | None:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return IP_ADDRESS
    return None


def cidr(text: str) -> str | None:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return CIDR
    return None if "/" in text else CIDR


@lru_cache(maxsize=1024)
def env_name(text: str) -> str | None:
    return None if all(" " <= letter <= "~" and letter != "=" for letter in text) else ENV_NAME
