"""Reviews: questions put as objects that are answered and never stored (`kubectl auth can-i`, `whoami`), and TokenRequest.

References: pkg/registry/authorization, pkg/registry/authentication, pkg/registry/core/serviceaccount/storage/token.go.
"""

from typing import Any

from core.apiserver import ownership, tokens
from core.apiserver.authentication import AUDIENCES, INVALID_TOKEN, Credentials, known
from core.apiserver.authorization import ANONYMOUS, MASTERS, Attributes
from core.apiserver.batch import Batch
from core.apiserver.decoding import decode
from core.apiserver.verbs.reading import find
from core.kube.errors import BadRequest, Invalid
from core.kube.objects import Obj
from core.kube.requests import Request, User
from core.kube.resources import Resource
from core.kube.times import timestamp

TOKEN_REQUEST = Resource("authentication.k8s.io", "v1", "TokenRequest", "tokenrequests")
SECONDS_DEFAULT, SECONDS_MIN, SECONDS_MAX = 3600, 600, 2**32
TOO_SHORT = "may not specify a duration less than 10 minutes"
TOO_LONG = "may not specify a duration larger than 2^32 seconds"
EXACTLY_ONE = "exactly one of nonResourceAttributes or resourceAttributes must be specified"


def review_access(row: Resource, request: Request, batch: Batch) -> Obj:
    """SubjectAccessReview and its siblings: may this user do that?"""
    review = _asked(row, request, batch)
    spec = _spec(review)
    if row.kind == "SelfSubjectAccessReview":
        user = request.user or ANONYMOUS
    else:
        user = User(str(spec.get("user") or ""), tuple(str(group) for group in spec.get("groups") or ()))
    decision = batch.authorizer.decide(user, _attributes(row, spec))
    status: Obj = {"allowed": decision.allowed}
    if decision.reason:
        status["reason"] = decision.reason
    return review | {"status": status}


def review_rules(row: Resource, request: Request, batch: Batch) -> Obj:
    """SelfSubjectRulesReview: what may I do in this namespace?"""
    review = decode(row, request)
    namespace = _spec(review).get("namespace")
    if not namespace or not isinstance(namespace, str):
        raise BadRequest("no namespace on request")
    user = request.user or ANONYMOUS
    resources: list[Obj] = []
    paths: list[Obj] = []
    if MASTERS in user.groups:
        resources.append({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]})
        paths.append({"verbs": ["*"], "nonResourceURLs": ["*"]})
    for rule in batch.authorizer.rules(user, namespace):
        names = ("verbs", "nonResourceURLs") if rule.urls else ("verbs", "apiGroups", "resources", "resourceNames")
        shown = {name: rule.source[name] for name in names if rule.source.get(name)}
        (paths if rule.urls else resources).append(shown)
    status = {"resourceRules": resources, "nonResourceRules": paths, "incomplete": False}
    return review | {"metadata": {}, "spec": {}, "status": status}


def review_self(row: Resource, request: Request, batch: Batch) -> Obj:
    """SelfSubjectReview: who am I?"""
    review = decode(row, request)
    meta = {"creationTimestamp": timestamp(batch.now)}
    return {
        "kind": review["kind"],
        "apiVersion": review["apiVersion"],
        "metadata": meta,
        "status": {"userInfo": user_info(request.user or ANONYMOUS)},
    }


def review_token(row: Resource, request: Request, batch: Batch) -> Obj:
    """TokenReview: whose token is this?"""
    review = _asked(row, request, batch)
    spec = _spec(review)
    audiences = [str(audience) for audience in spec.get("audiences") or AUDIENCES]
    token = spec.get("token")
    cluster = batch.section.cluster
    user = None
    if isinstance(token, str):
        # A static token's expiry is in wall time, which nothing in here reads: it is judged at the door alone.
        user = known(Credentials(cluster, batch.cache, token, batch.now, 0.0, audiences))
    status: Obj = {"user": {}, "error": INVALID_TOKEN}
    if user is not None:
        status = {"authenticated": True, "user": user_info(user), "audiences": audiences}
    return review | {"status": status}


def request_token(row: Resource, request: Request, batch: Batch) -> Obj:
    """The subresource `token` of a service account: a new JWT, bound to a pod if the request names one."""
    account = find(row, request, batch)
    body = _asked(TOKEN_REQUEST, request, batch)
    spec = _spec(body)
    seconds = spec.get("expirationSeconds", SECONDS_DEFAULT)
    if type(seconds) is not int:
        raise BadRequest("spec.expirationSeconds must be a number of seconds")
    if not SECONDS_MIN <= seconds <= SECONDS_MAX:
        raise _bad_duration(seconds, TOO_SHORT if seconds < SECONDS_MIN else TOO_LONG)
    audiences = [str(audience) for audience in spec.get("audiences") or AUDIENCES]
    reference = spec.get("boundObjectRef") if isinstance(spec.get("boundObjectRef"), dict) else None
    token = tokens.issue(
        batch.section.cluster,
        account,
        audiences=audiences,
        seconds=seconds,
        now=batch.now,
        draw=batch.random,
        bound=_bound(reference, request.namespace, batch) if reference else None,
    )
    meta = account["metadata"]
    return {
        "kind": "TokenRequest",
        "apiVersion": "authentication.k8s.io/v1",
        "metadata": {
            "name": meta["name"],
            "namespace": meta["namespace"],
            "uid": meta["uid"],
            "creationTimestamp": timestamp(batch.now),
        }
        | {name: body["metadata"][name] for name in ("managedFields",) if name in body["metadata"]},
        "spec": {"audiences": audiences, "expirationSeconds": seconds, "boundObjectRef": reference},
        "status": {"token": token, "expirationTimestamp": timestamp(int(batch.now) + seconds)},
    }


def _asked(row: Resource, request: Request, batch: Batch) -> Obj:
    """The question, with a record of who asks it: it is answered as an object, though it is never stored."""
    question = decode(row, request)
    question.pop("status", None)
    if request.user_agent:
        ownership.record(row, request, None, question, batch)
    return question


def user_info(user: User) -> Obj:
    info: Obj = {"username": user.name}
    if user.uid:
        info["uid"] = user.uid
    if user.groups:
        info["groups"] = list(user.groups)
    if user.extra:
        info["extra"] = {name: list(values) for name, values in user.extra.items()}
    return info


def _spec(obj: Obj) -> dict[str, Any]:
    spec = obj.get("spec") or {}
    if not isinstance(spec, dict):
        raise BadRequest(f"{obj['kind']}: spec must be an object")
    return spec


def _attributes(row: Resource, spec: Obj) -> Attributes:
    resource, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if bool(resource) == bool(path) or not isinstance(resource or path, dict):
        raise Invalid(
            f'{row.kind}.{row.group} "" is invalid: spec.resourceAttributes: Invalid value: null: {EXACTLY_ONE}',
            details={
                "group": row.group,
                "kind": row.kind,
                "causes": [
                    {
                        "reason": "FieldValueInvalid",
                        "message": f"Invalid value: null: {EXACTLY_ONE}",
                        "field": "spec.resourceAttributes",
                    }
                ],
            },
        )
    asked = {name: str(value) for name, value in dict(resource or path or {}).items()}
    if path:
        return Attributes(asked.get("verb", ""), path=asked.get("path", ""))
    return Attributes(
        asked.get("verb", ""),
        asked.get("group", ""),
        asked.get("resource", ""),
        asked.get("subresource", ""),
        asked.get("namespace", ""),
        asked.get("name", ""),
    )


def _bound(reference: Obj, namespace: str, batch: Batch) -> Obj:
    kind, name = reference.get("kind"), str(reference.get("name") or "")
    resource = {"Pod": "pods", "Secret": "secrets"}.get(str(kind))
    found = batch.find(resource, namespace, name) if resource else None
    if found is None:
        raise BadRequest(f'cannot bind token to {kind} "{name}"')
    meta = found["metadata"]
    if reference.get("uid") not in (None, "", meta["uid"]):
        raise BadRequest(f"the UID in the bound object reference ({reference['uid']}) does not match the UID in record")
    bound: Obj = {str(kind).lower(): {"name": meta["name"], "uid": meta["uid"]}}
    node = (found.get("spec") or {}).get("nodeName")
    if node and (record := batch.find("nodes", "", node)):
        bound["node"] = {"name": node, "uid": record["metadata"]["uid"]}
    return bound


def _bad_duration(seconds: int, why: str) -> Invalid:
    message = f"Invalid value: {seconds}: {why}"
    return Invalid(
        f'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: {message}',
        details={
            "group": "authentication.k8s.io",
            "kind": "TokenRequest",
            "causes": [{"reason": "FieldValueInvalid", "message": message, "field": "spec.expirationSeconds"}],
        },
    )


REVIEWS = {
    "selfsubjectaccessreviews.authorization.k8s.io": review_access,
    "subjectaccessreviews.authorization.k8s.io": review_access,
    "localsubjectaccessreviews.authorization.k8s.io": review_access,
    "selfsubjectrulesreviews.authorization.k8s.io": review_rules,
    "selfsubjectreviews.authentication.k8s.io": review_self,
    "tokenreviews.authentication.k8s.io": review_token,
}
