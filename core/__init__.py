"""A whole Kubernetes cluster in one Django application.

Each package is one thing a learner can point at on the diagram, and imports go downwards only (the layer table in
docs/architecture.md, held by import-linter). Start with `core.kube` for the vocabulary, `core.apiserver` for a request's
way, and `core.engine.drive` for what makes everything move.
"""
