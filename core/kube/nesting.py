"""How deep JSON from a client may nest: one bound, counted in a loop before anything recurses.

What comes after the reader walks values by recursion: patches, field paths, the schema, the writer of JSON, which stops at
254 levels. So everything that a client sends, and everything that a patch makes of it, is measured here first. The real
reader stops at 10,000 levels, with the same words; no manifest has more than some twenty.
"""

from typing import Any

import orjson

DEPTH_MAX = 64
TOO_DEEP = "exceeded max depth"


class TooDeep(ValueError):
    """A value nests deeper than DEPTH_MAX. Its message is what a client is told."""

    def __init__(self) -> None:
        super().__init__(TOO_DEEP)


def depth(value: Any, most: int = DEPTH_MAX) -> int:
    """Levels of lists and objects: 0 of a scalar, 1 of `{}`. Counting stops at `most` + 1."""
    level = [value] if isinstance(value, (dict, list)) else []
    for count in range(most + 1):
        if not level:
            return count
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, (dict, list))
        ]
    return most + 1


def is_too_deep(value: Any) -> bool:
    return depth(value) > DEPTH_MAX


def loads(text: bytes | str) -> Any:
    """JSON that is no whole body: an annotation, a token, a part of a message. Raises ValueError (TooDeep is one)."""
    value = orjson.loads(text)
    if is_too_deep(value):
        raise TooDeep
    return value
