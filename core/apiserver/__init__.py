"""The API server: a stateless library that every process calls in-process; HTTP is one door to it, not another path.

A request's way: authentication → authorization → decode → mutating admission → defaulting → validation → validating
admission → etcd transaction with precondition → answer → watchers. Each stage is one module with one entry point and
leaves a line in the request's trace. May import `etcd`, `kube`, `journal`. Start with `server.ApiServer.execute`; reads
and watches are answered from `watchcache`.
"""
