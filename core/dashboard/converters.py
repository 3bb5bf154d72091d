"""A cluster's name as a part of a URL.

New names are DNS labels (`engine.clusters.check`). A row may be older than that rule, or have been written by hand: such a
cluster has to be looked at and deleted as well, and above all must not break the pages of the others, which link to it.
"""

from urllib.parse import quote, unquote

EMPTY = "%"  # no name is quoted to it


class ClusterName:
    regex = "[^/]+"

    def to_python(self, value: str) -> str:
        return "" if value == EMPTY else unquote(value)

    def to_url(self, value: str) -> str:
        """What is not a letter or digit is quoted, dots too: `..` in a URL means something else."""
        return quote(value, safe="").replace(".", "%2E") or EMPTY
