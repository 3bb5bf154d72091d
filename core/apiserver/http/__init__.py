"""The HTTP door of the Kubernetes API: an ASGI application of its own, outside Django's middleware.

`application` receives and sends, `door` finds out which cluster, who asks and what is meant, `resources` turns it into a
`Request` for `core.apiserver.server`, `watching` streams, `endpoints` answers what is not a resource (discovery, OpenAPI,
health). `serve` runs it under uvicorn, with `certificates`. A cluster's API is at `https://HOST:6443/clusters/NAME/`. May
import what `apiserver` may, and uvicorn. Start with `door.Door.ask_cluster`.
"""
