"""Answers about texts that clients write, remembered: so many of them, and none about a text of any length.

`functools.lru_cache` bounds how many answers are kept, not how large their questions are: four thousand label keys of a
megabyte each would stay in memory for ever. What is longer than anything of use is worked out anew each time.
"""

from collections.abc import Callable, Sized
from functools import lru_cache, wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

T = TypeVar("T", bound=Sized)
P = ParamSpec("P")
R = TypeVar("R")

LONGEST = 256  # characters: names, label keys and quantities are shorter


def remembered(
    most: int, longest: int = LONGEST
) -> Callable[[Callable[Concatenate[T, P], R]], Callable[Concatenate[T, P], R]]:
    """Keep the newest `most` answers of a pure function whose first argument is a text of at most `longest`."""

    def remember(function: Callable[Concatenate[T, P], R]) -> Callable[Concatenate[T, P], R]:
        kept: Any = lru_cache(maxsize=most)(function)

        @wraps(function)
        def ask(text: T, /, *args: P.args, **options: P.kwargs) -> R:
            if len(text) > longest:
                return function(text, *args, **options)
            answer: R = kept(text, *args, **options)
            return answer

        ask.cache_info = kept.cache_info  # type: ignore[attr-defined]
        return ask

    return remember
