"""An object as highlighted YAML, as `kubectl get -o yaml` would print it (managedFields left out, as kubectl does)."""

import re

import yaml
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from core.kube.objects import Obj

LINE = re.compile(r"^(\s*(?:- )*)([\w./~-]+|\"[^\"]*\"|'[^']*'):(.*)$")
NUMBER = re.compile(r"^\s*-?\d+(\.\d+)?$")


def highlighted(obj: Obj) -> SafeString:
    """Escaped HTML with a class for keys, numbers and texts."""
    meta = {key: value for key, value in obj.get("metadata", {}).items() if key != "managedFields"}
    text = yaml.safe_dump({**obj, "metadata": meta}, sort_keys=False, allow_unicode=True, width=100)
    return mark_safe("\n".join(map(_line, text.splitlines())))  # every part is escaped in _line


def _line(line: str) -> str:
    found = LINE.match(line)
    if not found:
        return escape(line)
    indent, key, value = found.groups()
    kind = "number" if NUMBER.match(value) else "text"
    tail = f'<span class="{kind}">{escape(value)}</span>' if value.strip() else escape(value)
    return f'{indent}<span class="key">{escape(key)}</span>:{tail}'
