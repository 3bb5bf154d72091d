"""What a browser may load and who may command: the content policy of every page, and the guard of the control API."""

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.views.decorators.csrf import csrf_exempt
from django_htmx.middleware import HtmxDetails

View = Callable[..., HttpResponse]


class HtmxHttpRequest(HttpRequest):
    """A request as the middleware hands it to a view."""

    htmx: HtmxDetails


POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

NOT_JSON = "send a JSON object with Content-Type: application/json"
OTHER_SITE = "this command comes from a page of another site"


def content_security_policy(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: nothing inline, nothing from elsewhere. It works offline, so it can be strict."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault("Referrer-Policy", "same-origin")
        return response

    return middleware


class _Csrf(CsrfViewMiddleware):
    def _reject(self, request: HttpRequest, reason: str) -> HttpResponse:
        return JsonResponse({"error": f"CSRF: {reason}"}, status=403)


def guarded(view: View) -> View:
    """For the control API. A command from a browser (it has cookies, or says where it comes from) needs the CSRF token;
    one from a tool needs none, but must be JSON, which no form of another site can send."""

    @wraps(view)
    def checked(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if request.method in ("GET", "HEAD", "OPTIONS"):
            return view(request, *args, **kwargs)
        if request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
            return JsonResponse({"error": OTHER_SITE}, status=403)
        if request.method == "POST" and request.content_type != "application/json":
            return JsonResponse({"error": NOT_JSON}, status=415)
        if request.COOKIES:
            csrf = _Csrf(view)
            csrf.process_request(request)
            refused = csrf.process_view(request, view, (), {})
            if refused is not None:
                return refused
        return view(request, *args, **kwargs)

    return csrf_exempt(checked)
