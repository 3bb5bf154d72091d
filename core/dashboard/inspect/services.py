"""A Service: who is behind it, and the rules that turn its address into theirs."""

from core.dashboard.inspect.nodes import rules_of
from core.dashboard.inspect.objects import split
from core.dashboard.inspect.view import Panel, View, counted
from core.dashboard.inspect.yaml import highlighted
from core.kube.objects import labels_of

RULES_SHOWN = 24


def service(view: View, subject: str) -> Panel:
    namespace, name = split(subject)
    obj = view.find("services", namespace, name)
    spec = obj.get("spec", {})
    endpoints = []
    for piece in view.all("endpointslices.discovery.k8s.io", namespace):
        if labels_of(piece).get("kubernetes.io/service-name") == name:
            for entry in piece.get("endpoints") or ():
                target = entry.get("targetRef") or {}
                endpoints.append(
                    {
                        "address": ", ".join(entry.get("addresses") or ()),
                        "ready": (entry.get("conditions") or {}).get("ready") is not False,
                        "pod": target.get("name", ""),
                        "key": f"{namespace}/{target.get('name', '')}",
                        "node": entry.get("nodeName", ""),
                    }
                )
    ready = sum(entry["ready"] for entry in endpoints)
    selector = ",".join(f"{key}={value}" for key, value in (spec.get("selector") or {}).items())
    address = spec.get("clusterIP", "")
    if spec.get("type") == "ExternalName":
        why = f"Who answers? Nobody here: it is only a name, for which DNS answers with {spec.get('externalName', '')}."
    elif address == "None" and ready:
        why = (
            f"Who answers? It is headless: it has no address and no rules; DNS answers with the addresses of its "
            f"{counted(ready, 'ready pod')}."
        )
    elif ready:
        where = f"one of {ready} addresses, drawn at random for each connection" if ready > 1 else "its address"
        why = f"Who answers? {address} is no machine: on every node a rule turns it into {where}."
    elif selector:
        why = f"Why does nobody answer? No ready pod has the labels {selector}."
    else:
        why = "Who answers? It has no selector: its endpoints are written by others."
    deaf = [
        row["node"] for row in view.status["components"] if row["kind"] == "kube-proxy" and row["state"] != "running"
    ]
    if deaf and ready and address != "None":
        where = ", ".join(deaf[:3]) + " and more" * (len(deaf) > 3)
        why += f" On {where} kube-proxy does not run: the rule there may be old."
    nodes = [
        row["node"] for row in view.status["components"] if row["kind"] == "kube-proxy" and row["state"] == "running"
    ]
    rules = [
        line
        for line in (rules_of(view, nodes[0]) if nodes else [])
        if f"{namespace}/{name}" in line or (address and f"{address}/32" in line)
    ]
    ports = ", ".join(f"{port['port']} → {port.get('targetPort', port['port'])}" for port in spec.get("ports") or ())
    return Panel(
        kick="service",
        title=name,
        tone="net",
        why=why,
        wrong=not ready and bool(selector),
        facts=[
            ("address", address),
            ("ports", ports),
            ("type", spec.get("type", "ClusterIP")),
            ("endpoints", f"{ready} of {len(endpoints)}"),
            ("selector", selector or "–"),
            ("namespace", namespace),
        ],
        commands=[
            f"kubectl -n {namespace} get service,endpointslices -l kubernetes.io/service-name={name}",
            f"iptables-save -t nat | grep {namespace}/{name}",
        ],
        template="dashboard/inspect/service.html",
        more={
            "key": f"{namespace}/{name}",
            "endpoints": endpoints,
            "sendable": bool(ready) and address not in ("", "None"),
            "rules": rules[:RULES_SHOWN],
            "rules_node": nodes[0] if nodes else "",
            "yaml": highlighted(obj),
        },
    )
