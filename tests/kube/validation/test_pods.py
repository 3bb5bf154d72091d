"""Pods: one row a rule, with what a real server says."""

from typing import Any

import pytest

from core.kube import formats
from core.kube.objects import Obj
from core.kube.validation.pods import changes as messages
from tests.kube.validation.table import GONE, Table, changed, container, created, pod, rows, updated

C = "spec.containers[0]"
PULL = '"Always", "IfNotPresent", "Never"'
ID = formats.USER_ID
SUB, LABEL, QUALIFIED, VALUE = formats.SUBDOMAIN, formats.LABEL, formats.QUALIFIED, formats.VALUE
PORTS = "must be between 1 and 65535, inclusive"


def c(**fields: Any) -> dict[str, Any]:
    """The fields of the one container."""
    return {f"{C}.{name}": value for name, value in fields.items()}


TCP = {"containerPort": 80}
CONTAINERS: Table = {
    "a plain one": ({},),
    "no image": ({f"{C}.image": ""}, f"{C}.image: Required value"),
    "padded image": (c(image=" i"), f'{C}.image: Invalid value: " i": must not have leading or trailing whitespace'),
    "name": (c(name="A"), f'{C}.name: Invalid value: "A": {LABEL}'),
    "no name": (c(name=""), f"{C}.name: Required value"),
    "pull policy": (c(imagePullPolicy="X"), f'{C}.imagePullPolicy: Unsupported value: "X": supported values: {PULL}'),
    "message policy": (
        c(terminationMessagePolicy="X"),
        f'{C}.terminationMessagePolicy: Unsupported value: "X": supported values: "File", "FallbackToLogsOnError"',
    ),
    "two of a name": ({"spec.containers[1]": container()}, 'spec.containers[1].name: Duplicate value: "c"'),
    "init of a name": ({"spec.initContainers": [container()]}, 'spec.initContainers[0].name: Duplicate value: "c"'),
    "port twice by name": (
        c(ports=[{"containerPort": 1, "name": "a"}, {"containerPort": 2, "name": "a"}]),
        f'{C}.ports[1].name: Duplicate value: "a"',
    ),
    "port range": (c(ports=[{"containerPort": 70000}]), f"{C}.ports[0].containerPort: Invalid value: 70000: {PORTS}"),
    "port missing": (c(ports=[{"name": "a"}]), f"{C}.ports[0].containerPort: Required value"),
    "port protocol": (
        c(ports=[{"containerPort": 1, "protocol": "ICMP"}]),
        f'{C}.ports[0].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"',
    ),
    "host port range": (
        c(ports=[{"containerPort": 80, "hostPort": 70000}]),
        f"{C}.ports[0].hostPort: Invalid value: 70000: {PORTS}",
    ),
    "host port twice": (
        c(ports=[{"containerPort": 80, "hostPort": 80}, {"containerPort": 81, "hostPort": 80}]),
        f'{C}.ports[1].hostPort: Duplicate value: "TCP//80"',
    ),
    "host port on two addresses": (
        c(ports=[{"containerPort": 1, "hostPort": 80}, {"containerPort": 2, "hostPort": 80, "hostIP": "1.2.3.4"}]),
    ),
    "host network and another port": (
        {"spec.hostNetwork": True, **c(ports=[{"containerPort": 80, "hostPort": 81}])},
        f"{C}.ports[0].hostPort: Invalid value: 81: must match `containerPort` when `hostNetwork` is true",
    ),
    "host network": ({"spec.hostNetwork": True, **c(ports=[TCP])},),
    "resize policy": (
        c(resizePolicy=[{"resourceName": "gpu", "restartPolicy": "NotRequired"}]),
        f'{C}.resizePolicy: Unsupported value: "gpu": supported values: "cpu", "memory"',
    ),
    "container restart policy": (
        c(restartPolicy="Sometimes"),
        f'{C}.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "Never", "OnFailure"',
    ),
    "probe of an init container": (
        {"spec.initContainers": [container(name="i", readinessProbe={"tcpSocket": {"port": 1}})]},
        "spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers without"
        " restartPolicy=Always",
    ),
    "probe of a sidecar": (
        {
            "spec.initContainers": [
                container(name="i", restartPolicy="Always", readinessProbe={"tcpSocket": {"port": 1}})
            ]
        },
    ),
    "debugging from the beginning": (
        {"spec.ephemeralContainers": [container(name="d")]},
        "spec.ephemeralContainers: Forbidden: cannot be set on create",
    ),
}
ENVIRONMENT: Table = {
    "value": (c(env=[{"name": "A", "value": "b"}]),),
    "no name": (c(env=[{"name": "", "value": "b"}]), f"{C}.env[0].name: Required value"),
    "bad name": (c(env=[{"name": "a=b"}]), f'{C}.env[0].name: Invalid value: "a=b": {formats.ENV_NAME}'),
    "two sources": (
        c(env=[{"name": "A", "value": "b", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]),
        f'{C}.env[0].valueFrom: Invalid value: "": may not be specified when `value` is not empty',
    ),
    "no source": (
        c(env=[{"name": "A", "valueFrom": {}}]),
        f'{C}.env[0].valueFrom: Invalid value: "": must specify one of: `configMapKeyRef`, `fieldRef`,'
        " `fileKeyRef`, `resourceFieldRef` or `secretKeyRef`",
    ),
    "field": (c(env=[{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}]),),
    "unknown field": (
        c(env=[{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "status.zz"}}}]),
        f'{C}.env[0].valueFrom.fieldRef.fieldPath: Invalid value: "status.zz": error converting fieldPath: field label'
        " not supported: status.zz",
    ),
    "from nothing": (
        c(envFrom=[{}]),
        f'{C}.envFrom: Invalid value: "": must specify one of: `configMapRef` or `secretRef`',
    ),
    "from a secret": (c(envFrom=[{"secretRef": {"name": "s"}}]),),
}
VOLUME: dict[str, Any] = {"spec.volumes": [{"name": "v", "emptyDir": {}}]}
MOUNTS: Table = {
    "mounted": ({**VOLUME, **c(volumeMounts=[{"name": "v", "mountPath": "/v"}])},),
    "unknown": (c(volumeMounts=[{"name": "v", "mountPath": "/v"}]), f'{C}.volumeMounts[0].name: Not found: "v"'),
    "nowhere": (
        {**VOLUME, **c(volumeMounts=[{"name": "v", "mountPath": ""}])},
        f"{C}.volumeMounts[0].mountPath: Required value",
    ),
    "twice at a place": (
        {**VOLUME, **c(volumeMounts=[{"name": "v", "mountPath": "/v"}, {"name": "v", "mountPath": "/v"}])},
        f'{C}.volumeMounts[1].mountPath: Invalid value: "/v": must be unique',
    ),
    "absolute sub path": (
        {**VOLUME, **c(volumeMounts=[{"name": "v", "mountPath": "/v", "subPath": "/x"}])},
        f'{C}.volumeMounts.subPath: Invalid value: "/x": must be a relative path',
    ),
    "sub path upwards": (
        {**VOLUME, **c(volumeMounts=[{"name": "v", "mountPath": "/v", "subPath": "a/../b"}])},
        f"{C}.volumeMounts.subPath: Invalid value: \"a/../b\": must not contain '..'",
    ),
    "both sub paths": (
        {**VOLUME, **c(volumeMounts=[{"name": "v", "mountPath": "/v", "subPath": "a", "subPathExpr": "b"}])},
        f'{C}.volumeMounts[0].subPathExpr: Invalid value: "b": subPathExpr and subPath are mutually exclusive',
    ),
    "propagation without privilege": (
        {**VOLUME, **c(volumeMounts=[{"name": "v", "mountPath": "/v", "mountPropagation": "Bidirectional"}])},
        f"{C}.volumeMounts.mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged"
        " containers",
    ),
}


def volume(**source: Any) -> dict[str, Any]:
    return {"spec.volumes": [{"name": "v", **source}]}


V = "spec.volumes[0]"
VOLUMES: Table = {
    "none": (volume(),),  # an emptyDir by default
    "two sources": (
        volume(emptyDir={}, hostPath={"path": "/x"}),
        f"{V}.hostPath: Forbidden: may not specify more than 1 volume type",
    ),
    "two of a name": (
        {"spec.volumes": [{"name": "v", "emptyDir": {}}, {"name": "v", "emptyDir": {}}]},
        'spec.volumes[1].name: Duplicate value: "v"',
    ),
    "name": ({"spec.volumes": [{"name": "V", "emptyDir": {}}]}, f'{V}.name: Invalid value: "V": {LABEL}'),
    "host path": (volume(hostPath={"path": "/var/log", "type": "Directory"}),),
    "host path upwards": (
        volume(hostPath={"path": "/a/../b"}),
        f"{V}.hostPath.path: Invalid value: \"/a/../b\": must not contain '..'",
    ),
    "host path missing": (volume(hostPath={"path": ""}), f"{V}.hostPath.path: Required value"),
    "claim without name": (
        volume(persistentVolumeClaim={"claimName": ""}),
        f"{V}.persistentVolumeClaim.claimName: Required value",
    ),
    "secret without name": (volume(secret={}), f"{V}.secret.secretName: Required value"),
    "file mode": (
        volume(configMap={"name": "x", "defaultMode": 4096}),
        f"{V}.configMap.defaultMode: Invalid value: 4096: must be a number between 0 and 0777 (octal), both inclusive",
    ),
    "item upwards": (
        volume(configMap={"name": "x", "items": [{"key": "a", "path": "../a"}]}),
        f"{V}.configMap.items[0].path: Invalid value: \"../a\": must not contain '..'",
    ),
    "nfs": (
        volume(nfs={"server": "s", "path": "x"}),
        f'{V}.nfs.path: Invalid value: "x": must be an absolute path',
    ),
    "token too short": (
        volume(projected={"sources": [{"serviceAccountToken": {"path": "t", "expirationSeconds": 5}}]})
        | {"spec.serviceAccountName": "default"},
        f"{V}.projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 5: may not specify a duration"
        " less than 10 minutes",
    ),
    "projected twice to a path": (
        volume(
            projected={
                "sources": [
                    {"configMap": {"name": "a", "items": [{"key": "k", "path": "p"}]}},
                    {"secret": {"name": "b", "items": [{"key": "k", "path": "p"}]}},
                ]
            }
        ),
        f'{V}.projected: Invalid value: "b": conflicting duplicate paths',
    ),
}
HTTP = {"path": "/", "port": 80}
PROBES: Table = {
    "http": (c(livenessProbe={"httpGet": HTTP}),),
    "no handler": (c(livenessProbe={}), f"{C}.livenessProbe: Required value: must specify a handler type"),
    "two handlers": (
        c(readinessProbe={"httpGet": HTTP, "tcpSocket": {"port": 1}}),
        f"{C}.readinessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type",
    ),
    "negative": (
        c(readinessProbe={"httpGet": HTTP, "periodSeconds": -1}),
        f"{C}.readinessProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0",
    ),
    "successes of liveness": (
        c(livenessProbe={"httpGet": HTTP, "successThreshold": 2}),
        f"{C}.livenessProbe.successThreshold: Invalid value: 2: must be 1",
    ),
    "successes of readiness": (c(readinessProbe={"httpGet": HTTP, "successThreshold": 2}),),
    "grace of readiness": (
        c(readinessProbe={"httpGet": HTTP, "terminationGracePeriodSeconds": 5}),
        f"{C}.readinessProbe.terminationGracePeriodSeconds: Invalid value: 5: must not be set for readinessProbes",
    ),
    "port": (
        c(livenessProbe={"tcpSocket": {"port": 0}}),
        f"{C}.livenessProbe.tcpSocket.port: Invalid value: 0: {PORTS}",
    ),
    "named port": (c(livenessProbe={"tcpSocket": {"port": "http"}}),),
    "empty command": (c(livenessProbe={"exec": {}}), f"{C}.livenessProbe.exec.command: Required value"),
    "header": (
        c(livenessProbe={"httpGet": {**HTTP, "httpHeaders": [{"name": "a b", "value": "x"}]}}),
        f'{C}.livenessProbe.httpGet.httpHeaders: Invalid value: "a b": {formats.HTTP_HEADER}',
    ),
    "scheme": (
        c(livenessProbe={"httpGet": {**HTTP, "scheme": "FTP"}}),
        f'{C}.livenessProbe.httpGet.scheme: Unsupported value: "FTP": supported values: "HTTP", "HTTPS"',
    ),
    "hook": (c(lifecycle={"preStop": {}}), f"{C}.lifecycle.preStop: Required value: must specify a handler type"),
    "sleep beyond grace": (
        c(lifecycle={"preStop": {"sleep": {"seconds": 60}}}),
        f"{C}.lifecycle.preStop.sleep: Invalid value: 60: must be non-negative and less than"
        " terminationGracePeriodSeconds (30)",
    ),
}
RESOURCES: Table = {
    "all": (c(resources={"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "2", "memory": "1Gi"}}),),
    "over the limit": (
        c(resources={"requests": {"cpu": "2"}, "limits": {"cpu": "1"}}),
        f'{C}.resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1',
    ),
    "negative": (
        c(resources={"limits": {"memory": "-1"}}),
        f'{C}.resources.limits[memory]: Invalid value: "-1": must be greater than or equal to 0',
        f'{C}.resources.requests[memory]: Invalid value: "-1": must be greater than or equal to 0',
    ),
    "unknown": (
        c(resources={"limits": {"gpu": "1"}}),
        f'{C}.resources.limits[gpu]: Invalid value: "gpu": must be a standard resource type or fully qualified',
        f'{C}.resources.limits[gpu]: Invalid value: "gpu": must be a standard resource for containers',
        f'{C}.resources.requests[gpu]: Invalid value: "gpu": must be a standard resource type or fully qualified',
        f'{C}.resources.requests[gpu]: Invalid value: "gpu": must be a standard resource for containers',
    ),
    "extended": (c(resources={"limits": {"example.com/gpu": "1"}}),),
    "half an extended": (
        c(resources={"requests": {"example.com/gpu": "500m"}, "limits": {"example.com/gpu": "500m"}}),
        f'{C}.resources.limits[example.com/gpu]: Invalid value: "500m": must be an integer',
        f'{C}.resources.requests[example.com/gpu]: Invalid value: "500m": must be an integer',
    ),
    "extended without limit": (
        c(resources={"requests": {"example.com/gpu": "1"}}),
        f"{C}.resources.limits: Required value: Limit must be set for non overcommitable resources",
    ),
    "extended, limit differs": (
        c(resources={"requests": {"example.com/gpu": "1"}, "limits": {"example.com/gpu": "2"}}),
        f'{C}.resources.requests: Invalid value: "1": must be equal to example.com/gpu limit of 2',
    ),
    "huge pages alone": (
        c(resources={"limits": {"hugepages-2Mi": "2Mi"}}),
        f"{C}.resources: Forbidden: HugePages require cpu or memory",
    ),
    "huge pages": (c(resources={"limits": {"hugepages-2Mi": "4Mi", "memory": "1Gi"}}),),
}
CONTEXT = f"{C}.securityContext"
SECURITY: Table = {
    "user": (c(securityContext={"runAsUser": 1000}),),
    "negative user": (c(securityContext={"runAsUser": -1}), f"{CONTEXT}.runAsUser: Invalid value: -1: {ID}"),
    "negative group of files": (
        {"spec.securityContext": {"fsGroup": -1}},
        f"spec.securityContext.fsGroup: Invalid value: -1: {ID}",
    ),
    "privileged without escalation": (
        c(securityContext={"privileged": True, "allowPrivilegeEscalation": False}),
        CONTEXT + ': Invalid value: {"Capabilities":null,"Privileged":true,"SELinuxOptions":null,"WindowsOptions":null,'
        '"RunAsUser":null,"RunAsGroup":null,"RunAsNonRoot":null,"ReadOnlyRootFilesystem":null,'
        '"AllowPrivilegeEscalation":false,"ProcMount":null,"SeccompProfile":null,"AppArmorProfile":null}: cannot set'
        " `allowPrivilegeEscalation` to false and `privileged` to true",
    ),
    "seccomp": (
        c(securityContext={"seccompProfile": {"type": "Localhost"}}),
        f"{CONTEXT}.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost",
    ),
    "seccomp type": (
        c(securityContext={"seccompProfile": {"type": "X"}}),
        f'{CONTEXT}.seccompProfile.type: Unsupported value: "X": supported values: "Localhost", "RuntimeDefault",'
        ' "Unconfined"',
    ),
    "sysctl": (
        {"spec.securityContext": {"sysctls": [{"name": "A B", "value": "1"}]}},
        f'spec.securityContext.sysctls[0].name: Invalid value: "A B": {formats.SYSCTL}',
    ),
    "sysctl of the host's network": (
        {"spec.hostNetwork": True, "spec.securityContext": {"sysctls": [{"name": "net.core.somaxconn", "value": "1"}]}},
        'spec.securityContext.sysctls[0].name: Invalid value: "net.core.somaxconn": may not be specified when'
        " 'hostNetwork' is true",
    ),
    "own users and the host's network": (
        {"spec.hostUsers": False, "spec.hostNetwork": True},
        "spec.hostNetwork: Forbidden: when `pod.Spec.HostUsers` is false",
    ),
    "windows": (
        {"spec.os": {"name": "windows"}, "spec.securityContext": {"runAsUser": 1}},
        "spec.securityContext.runAsUser: Forbidden: cannot be set for a windows pod",
    ),
}
AFFINITY = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
SPREAD = {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {}}


def near(**term: Any) -> dict[str, Any]:
    return {"spec.affinity": {"podAffinity": {AFFINITY: [{"topologyKey": "zone", **term}]}}}


TERM = f"spec.affinity.podAffinity.{AFFINITY}[0]"
SCHEDULING: Table = {
    "near others": (near(labelSelector={"matchLabels": {"a": "b"}}),),
    "near without place": (
        near(topologyKey=""),
        f"{TERM}.topologyKey: Required value: can not be empty",
        f'{TERM}.topologyKey: Invalid value: "": name part must be non-empty',
    ),
    "keys": (near(labelSelector={}, matchLabelKeys=["app"]),),
    "keys without selector": (
        near(matchLabelKeys=["app"]),
        f"{TERM}.matchLabelKeys: Forbidden: must not be specified when labelSelector is not set",
    ),
    "key both ways": (
        near(labelSelector={}, matchLabelKeys=["app"], mismatchLabelKeys=["app"]),
        f'{TERM}.matchLabelKeys[0]: Invalid value: "app": exists in both matchLabelKeys and mismatchLabelKeys',
    ),
    "node operator": (
        {
            "spec.affinity": {
                "nodeAffinity": {
                    AFFINITY: {"nodeSelectorTerms": [{"matchExpressions": [{"key": "a", "operator": "X"}]}]}
                }
            }
        },
        f"spec.affinity.nodeAffinity.{AFFINITY}.nodeSelectorTerms[0].matchExpressions[0].operator: Invalid value:"
        ' "X": not a valid selector operator',
    ),
    "no node terms": (
        {"spec.affinity": {"nodeAffinity": {AFFINITY: {"nodeSelectorTerms": []}}}},
        f"spec.affinity.nodeAffinity.{AFFINITY}.nodeSelectorTerms: Required value: must have at least one node selector"
        " term",
    ),
    "weight": (
        {"spec.affinity": {"nodeAffinity": {PREFERRED: [{"weight": 101, "preference": {}}]}}},
        f"spec.affinity.nodeAffinity.{PREFERRED}[0].weight: Invalid value: 101: must be in the range 1-100",
    ),
    "spread": ({"spec.topologySpreadConstraints": [SPREAD]},),
    "skew": (
        {"spec.topologySpreadConstraints": [SPREAD | {"maxSkew": 0}]},
        "spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero",
    ),
    "spread twice": (
        {"spec.topologySpreadConstraints": [SPREAD, SPREAD]},
        'spec.topologySpreadConstraints[0].{topologyKey, whenUnsatisfiable}: Duplicate value: "{zone, DoNotSchedule}"',
    ),
    "domains of a wish": (
        {"spec.topologySpreadConstraints": [SPREAD | {"whenUnsatisfiable": "ScheduleAnyway", "minDomains": 2}]},
        "spec.topologySpreadConstraints[0].minDomains: Invalid value: 2: can only use minDomains if"
        " whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway",
    ),
    "toleration": ({"spec.tolerations": [{"key": "a", "operator": "Equal", "value": "b", "effect": "NoSchedule"}]},),
    "toleration operator": (
        {"spec.tolerations": [{"key": "a", "operator": "In"}]},
        'spec.tolerations[0].operator: Unsupported value: "In": supported values: "Equal", "Exists"',
    ),
    "toleration effect": (
        {"spec.tolerations": [{"key": "a", "operator": "Exists", "effect": "Go"}]},
        'spec.tolerations[0].effect: Unsupported value: "Go": supported values: "NoSchedule", "PreferNoSchedule",'
        ' "NoExecute"',
    ),
    "toleration seconds": (
        {"spec.tolerations": [{"key": "a", "operator": "Exists", "effect": "NoSchedule", "tolerationSeconds": 5}]},
        "spec.tolerations[0].effect: Invalid value: \"NoSchedule\": effect must be 'NoExecute' when `tolerationSeconds`"
        " is set",
    ),
    "gates": ({"spec.schedulingGates": [{"name": "example.com/a"}]},),
    "gate twice": (
        {"spec.schedulingGates": [{"name": "a"}, {"name": "a"}]},
        'spec.schedulingGates[1]: Duplicate value: "a"',
    ),
    "gated on a node": (
        {"spec.schedulingGates": [{"name": "a"}], "spec.nodeName": "n"},
        "spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared",
    ),
    "node selector": ({"spec.nodeSelector": {"a b": "c"}}, f'spec.nodeSelector: Invalid value: "a b": {QUALIFIED}'),
}
REST: Table = {
    "restart policy": (
        {"spec.restartPolicy": "X"},
        'spec.restartPolicy: Unsupported value: "X": supported values: "Always", "OnFailure", "Never"',
    ),
    "dns policy": (
        {"spec.dnsPolicy": "X"},
        'spec.dnsPolicy: Unsupported value: "X": supported values: "ClusterFirstWithHostNet", "ClusterFirst",'
        ' "Default", "None"',
    ),
    "dns none": (
        {"spec.dnsPolicy": "None"},
        "spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None",
    ),
    "nameserver": (
        {"spec.dnsConfig": {"nameservers": ["x"]}},
        f'spec.dnsConfig.nameservers[0]: Invalid value: "x": {formats.IP_ADDRESS}',
    ),
    "host alias": (
        {"spec.hostAliases": [{"ip": "x", "hostnames": ["a"]}]},
        f'spec.hostAliases[0].ip: Invalid value: "x": {formats.IP_ADDRESS}',
    ),
    "deadline": (
        {"spec.activeDeadlineSeconds": 0},
        "spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive",
    ),
    "hostname": ({"spec.hostname": "A"}, f'spec.hostname: Invalid value: "A": {LABEL}'),
    "runtime class": ({"spec.runtimeClassName": "A"}, f'spec.runtimeClassName: Invalid value: "A": {SUB}'),
    "account": ({"spec.serviceAccountName": "A"}, f'spec.serviceAccountName: Invalid value: "A": {SUB}'),
    "readiness gate": (
        {"spec.readinessGates": [{"conditionType": "a b"}]},
        f'spec.readinessGates[0].conditionType: Invalid value: "a b": {QUALIFIED}',
    ),
    "no containers": ({"spec.containers": []}, "spec.containers: Required value"),
    "deletion cost": (
        {"metadata.annotations": {"controller.kubernetes.io/pod-deletion-cost": "x"}},
        'metadata.annotations[controller.kubernetes.io/pod-deletion-cost]: Invalid value: "x": must be a 32bit integer',
    ),
    "finalizer": (
        {"metadata.finalizers": ["mine"]},
        'metadata.finalizers[0]: Invalid value: "mine": name is neither a standard finalizer name nor is it fully'
        " qualified",
    ),
    "finalizers": ({"metadata.finalizers": ["orphan", "example.com/mine"]},),
}


@pytest.mark.parametrize(
    ("name", "obj", "changes", "causes"),
    list(
        rows(
            containers=("pods", pod(), CONTAINERS),
            environment=("pods", pod(), ENVIRONMENT),
            mounts=("pods", pod(), MOUNTS),
            volumes=("pods", pod(), VOLUMES),
            probes=("pods", pod(), PROBES),
            resources=("pods", pod(), RESOURCES),
            security=("pods", pod(), SECURITY),
            scheduling=("pods", pod(), SCHEDULING),
            rest=("pods", pod(), REST),
        )
    ),
)
def test_a_new_pod(name: str, obj: Obj, changes: dict[str, Any], causes: list[str]) -> None:
    assert created(name, changed(obj, changes)) == causes


RUNNING = pod(
    nodeName="n",
    activeDeadlineSeconds=60,
    tolerations=[{"key": "a", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 5}],
)
GATED = pod(schedulingGates=[{"name": "a"}, {"name": "b"}], nodeSelector={"a": "b"})
DEADLINE = "spec.activeDeadlineSeconds"
CHANGES: Table = {
    "image": ({f"{C}.image": "j"},),
    "command": ({f"{C}.command": ["x"]}, f"spec: Forbidden: {messages.UPDATE_FORBIDDEN}"),
    "shorter deadline": ({DEADLINE: 5},),
    "longer deadline": ({DEADLINE: 90}, f"{DEADLINE}: Invalid value: 90: must be less than or equal to previous value"),
    "no deadline": (
        {DEADLINE: GONE},
        f'{DEADLINE}: Invalid value: "null": must not update from a positive integer to nil value',
    ),
    "toleration added": ({"spec.tolerations[1]": {"key": "b", "operator": "Exists"}},),
    "toleration's seconds": ({"spec.tolerations[0].tolerationSeconds": 9},),
    "toleration gone": (
        {"spec.tolerations": []},
        "spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds",
    ),
    "container added": (
        {"spec.containers[1]": container(name="d")},
        "spec.containers: Forbidden: pod updates may not add or remove containers",
    ),
    "gate added": (
        {"spec.schedulingGates": [{"name": "a"}]},
        "spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new scheduling gate 'a'",
    ),
}
OF_GATED: Table = {
    "gate gone": ({"spec.schedulingGates": [{"name": "b"}]},),
    "selector narrowed": ({"spec.nodeSelector": {"a": "b", "c": "d"}},),
    "selector widened": (
        {"spec.nodeSelector": {"c": "d"}},
        'spec.nodeSelector: Invalid value: {"c":"d"}: only additions to spec.nodeSelector are allowed (no mutations or'
        " deletions)",
    ),
}


@pytest.mark.parametrize(
    ("name", "obj", "changes", "causes"),
    list(rows(running=("pods", RUNNING, CHANGES), gated=("pods", GATED, OF_GATED))),
)
def test_a_pod_changes(name: str, obj: Obj, changes: dict[str, Any], causes: list[str]) -> None:
    assert updated(name, obj, changes) == causes


SIZED = pod(containers=[container(resources={"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "2Gi"}})])
EXACT = pod(containers=[container(resources={"limits": {"cpu": "1", "memory": "1Gi"}})])
RESIZES: Table = {
    "more": ({f"{C}.resources.requests.cpu": "2"},),
    "a limit more": ({f"{C}.resources.limits.cpu": "2"},),
    "request gone": (
        {f"{C}.resources.requests": {"memory": "1Gi"}},
        f"{C}.resources.requests: Forbidden: resource requests cannot be removed",
    ),
    "something else": (
        {f"{C}.image": "j"},
        "spec: Forbidden: only cpu and memory resources are mutable",
    ),
}
OF_EXACT: Table = {
    "both more": (
        {f"{C}.resources": {"limits": {"cpu": "2", "memory": "1Gi"}, "requests": {"cpu": "2", "memory": "1Gi"}}},
    ),
    "limits gone": (
        {f"{C}.resources": {"requests": {"cpu": "1", "memory": "1Gi"}}},
        'spec: Invalid value: "Guaranteed": Pod QOS Class may not change as a result of resizing',
        f"{C}.resources.limits: Forbidden: resource limits cannot be removed",
    ),
}


@pytest.mark.parametrize(
    ("name", "obj", "changes", "causes"),
    list(rows(burstable=("pods", SIZED, RESIZES), guaranteed=("pods", EXACT, OF_EXACT))),
)
def test_a_pod_is_resized(name: str, obj: Obj, changes: dict[str, Any], causes: list[str]) -> None:
    assert updated(name, obj, changes, "resize") == causes


D = "spec.ephemeralContainers"
DEBUGGED = pod(ephemeralContainers=[container(name="d")])
DEBUGGING: Table = {
    "one more": ({f"{D}[1]": container(name="e", targetContainerName="c")},),
    "of a name": ({f"{D}[1]": container(name="c")}, f'{D}[1].name: Duplicate value: "c"'),
    "unknown target": (
        {f"{D}[1]": container(name="e", targetContainerName="z")},
        f'{D}[1].targetContainerName: Not found: "z"',
    ),
    "with ports": (
        {f"{D}[1]": container(name="e", ports=[TCP])},
        f"{D}[1].ports: Forbidden: cannot be set for an Ephemeral Container",
    ),
    "gone": ({D: []}, f'{D}: Forbidden: existing ephemeral containers "d" may not be removed\n'),
    "changed": ({f"{D}[0].image": "j"}, f'{D}: Forbidden: existing ephemeral containers "d" may not be changed\n'),
}
STATUS: Table = {
    "phase": ({"status.phase": "Running"},),
    "nominated": ({"status.nominatedNodeName": "N"}, f'status.nominatedNodeName: Invalid value: "N": {SUB}'),
    "addresses": (
        {"status.podIPs": [{"ip": "1.2.3.4"}, {"ip": "1.2.3.5"}]},
        'status.podIPs: Invalid value: ["1.2.3.4","1.2.3.5"]: may specify no more than one IP for each IP family',
    ),
    "condition": (
        {"status.conditions": [{"type": "a b", "status": "True"}]},
        f'metadata.conditions[0].Type: Invalid value: "a b": {QUALIFIED}',
    ),
}


@pytest.mark.parametrize(
    ("name", "obj", "changes", "causes", "part"),
    [
        pytest.param(*row.values, part, id=row.id)
        for part, table in (("ephemeralcontainers", DEBUGGING), ("status", STATUS))
        for row in rows(**{part: ("pods", DEBUGGED, table)})
    ],
)
def test_a_part_of_a_pod_changes(name: str, obj: Obj, changes: dict[str, Any], causes: list[str], part: str) -> None:
    assert updated(name, obj, changes, part) == causes
