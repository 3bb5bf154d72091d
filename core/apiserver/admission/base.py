"""What a plugin is given, and what it is."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from core.kube.errors import Forbidden
from core.kube.objects import Obj
from core.kube.requests import User
from core.kube.resources import Resource

if TYPE_CHECKING:
    from core.apiserver.batch import Batch


@dataclass(slots=True)
class Attempt:
    """One write on its way. `obj` is the object as it would be stored (None: deleted), `old` the one that is there."""

    verb: str  # create, update (patches are updates too), delete
    row: Resource
    subresource: str
    namespace: str
    name: str
    user: User
    obj: Obj | None
    old: Obj | None = None
    is_dry_run: bool = False

    def forbidden(self, why: str) -> Forbidden:
        """The refusal, in the words every plugin uses."""
        row = self.row
        details = ({"name": self.name} if self.name else {}) | ({"group": row.group} if row.group else {})
        name = f'"{self.name}"' if self.name else '"Unknown"'
        return Forbidden(f"{row.name} {name} is forbidden: {why}", details=details | {"kind": row.plural})


class Plugin:
    """Override `mutate` or `validate` or both; `handles` says for which writes they are called."""

    name: ClassVar[str]
    resources: ClassVar[frozenset[str] | None] = None
    """The resources it looks at, as kubectl names them; None: all."""
    verbs: ClassVar[frozenset[str]] = frozenset({"create"})
    subresources: ClassVar[frozenset[str]] = frozenset({""})
    on_by_default: ClassVar[bool] = True

    @classmethod
    def handles(cls, resource: str, subresource: str, verb: str) -> bool:
        return (
            (cls.resources is None or resource in cls.resources)
            and subresource in cls.subresources
            and verb in cls.verbs
        )

    def mutate(self, attempt: Attempt, batch: "Batch") -> str | None:
        """Change `attempt.obj`; answers what was done, None for nothing. Raises ApiError to refuse."""
        return None

    def validate(self, attempt: Attempt, batch: "Batch") -> str | None:
        """Refuse by raising an ApiError; may answer a remark."""
        return None


PODS = frozenset({"pods"})
