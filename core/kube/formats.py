"""What names, labels and other texts may look like. Each check answers None, or what is wrong in the real server's words.

Reference: apimachinery `pkg/util/validation/validation.go`.
"""

import ipaddress
import re
from typing import Final

from core.kube.remembering import remembered

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
USER_ID = "must be between 0 and 2147483647, inclusive"
WILDCARD = (
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower"
    " case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used"
    " for validation is '" + r"\*\." + _SUBDOMAIN_PATTERN + "')"
)
SEARCH_DOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start"
    " and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '"
    + _SUBDOMAIN_PATTERN
    + "')"
)
HTTP_HEADER = (
    "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation"
    " is '[-A-Za-z0-9]+')"
)
DOMAIN_PATH = 'must be a domain-prefixed path (such as "acme.io/foo")'
HTTP_PATH = "Invalid path (regex used for validation is '" + r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+" + "')"
SYSCTL = (
    "must have at most 253 characters and match regex"
    r" ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$"
)
TWO_SEGMENTS = "should be a domain with at least two segments separated by dots"
THREE_SEGMENTS = "should be a domain with at least three segments separated by dots"
SIGNER = "must be a fully qualified domain and path of the form 'example.com/signer-name'"
UNSPECIFIED = "may not be unspecified ({ip})"
SPECIAL_RANGES = (
    ("is_loopback", "may not be in the loopback range (127.0.0.0/8, ::1/128)"),
    ("is_link_local", "may not be in the link-local range (169.254.0.0/16, fe80::/10)"),
)
LINK_LOCAL_MULTICAST = "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"
BACKSTEPS = "must not contain '..'"
ABSOLUTE = "must be a relative path"
STARTS_WITH_DOTS = "must not start with '..'"


@remembered(8192)
def dns_subdomain(text: str) -> str | None:
    """RFC 1123 subdomain: what most objects are called."""
    if len(text) > SUBDOMAIN_MAX:
        return TOO_LONG.format(most=SUBDOMAIN_MAX)
    return None if _SUBDOMAIN.fullmatch(text) else SUBDOMAIN


@remembered(4096)
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


@remembered(4096)
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


@remembered(4096)
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


@remembered(1024)
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


@remembered(1024)
def ip_address(text: str) -> str | None:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return IP_ADDRESS
    return IP_ADDRESS if "%" in text else None  # an address with a zone is no address to Go


def cidr(text: str) -> str | None:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return CIDR
    return None if "/" in text else CIDR


@remembered(1024)
def env_name(text: str) -> str | None:
    return None if all(" " <= letter <= "~" and letter != "=" for letter in text) else ENV_NAME


def wildcard_subdomain(text: str) -> str | None:
    """`*.example.com`, as Ingress hosts may be."""
    if len(text) > SUBDOMAIN_MAX:
        return TOO_LONG.format(most=SUBDOMAIN_MAX)
    return None if text.startswith("*.") and _SUBDOMAIN.fullmatch(text[2:]) else WILDCARD


_SEARCH_DOMAIN: Final = re.compile(r"_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*")


def search_domain(text: str) -> str | None:
    """A domain to search in: underscores too, since service records have them."""
    if len(text) > SUBDOMAIN_MAX:
        return TOO_LONG.format(most=SUBDOMAIN_MAX)
    return None if _SEARCH_DOMAIN.fullmatch(text) else SEARCH_DOMAIN


def http_header(text: str) -> str | None:
    return None if re.fullmatch(r"[-A-Za-z0-9]+", text) else HTTP_HEADER


_SYSCTL: Final = re.compile(r"([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?")


def sysctl_name(text: str) -> str | None:
    return None if len(text) <= SUBDOMAIN_MAX and _SYSCTL.fullmatch(text) else SYSCTL


def user_id(value: int) -> str | None:
    """Users and groups: what Linux can count and Go's int32 holds."""
    return None if 0 <= value <= 2**31 - 1 else USER_ID


def special_address(text: str) -> str | None:
    """An address nobody else can reach: endpoints and external IPs must not be such. `text` is an address."""
    ip = ipaddress.ip_address(text)
    if ip.is_unspecified:
        return UNSPECIFIED.format(ip=text)
    for name, fault in SPECIAL_RANGES:
        if getattr(ip, name):
            return fault
    is_local = ip.is_multicast and ip in ipaddress.ip_network("224.0.0.0/24" if ip.version == 4 else "ff02::/16")
    return LINK_LOCAL_MULTICAST if is_local else None


def no_backsteps(text: str) -> str | None:
    """A path that does not climb out of where it begins."""
    return BACKSTEPS if ".." in text.split("/") else None
