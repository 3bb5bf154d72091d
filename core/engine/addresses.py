"""Where this machine's two doors are, as URLs without a slash at the end."""

from django.conf import settings


def web_url() -> str:
    return f"http://{_host()}:{settings.WEB_PORT}"


def api_url() -> str:
    """Of the Kubernetes API; a cluster's is at `/clusters/NAME` there."""
    return f"https://{_host()}:{settings.API_PORT}"


def _host() -> str:
    return f"[{settings.HOST}]" if ":" in settings.HOST else str(settings.HOST)
