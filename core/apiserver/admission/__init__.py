"""Admission: plugins that look at a write after it is authorized; each may change the object, refuse it, or let it be.

One file a plugin, one row in `registry`. All plugins mutate before the first validates, in the order of the registry,
as in the real server (pkg/kubeapiserver/options/plugins.go). A cluster may switch each on or off (`Cluster.admission`).
Each says in the request's trace what it did. Start with `base.Plugin` and `chain`.
"""

from core.apiserver.admission.base import Attempt
from core.apiserver.admission.chain import mutate, validate

__all__ = ["Attempt", "mutate", "validate"]
