"""What is particular to a resource when it is created, updated or deleted: a table of strategies.

A strategy is a few functions with a default each; most resources need none but a flag. Named after the real server's
`rest.RESTCreateStrategy` and its siblings (pkg/registry/<group>/<resource>/strategy.go). Adding one is a row in `table`.
"""

from core.apiserver.strategies.base import Strategy
from core.apiserver.strategies.table import STRATEGIES

PLAIN = Strategy()

__all__ = ["Strategy", "strategy_of"]


def strategy_of(resource: str) -> Strategy:
    return STRATEGIES.get(resource, PLAIN)
