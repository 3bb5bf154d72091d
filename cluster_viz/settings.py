"""Settings, read from the environment; the embedded default needs none.

`CLUSTER_VIZ_DATA` names the folder of the database, the Redis files, the certificates and the secret key (default
`.data`). `DATABASE_URL` and `REDIS_URL` replace the embedded SQLite and Redis, for several machines.
"""

import os
import socket
from pathlib import Path
from typing import Any

from cluster_viz import environment
from cluster_viz.secrets import secret_key

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = environment.data_folder(BASE_DIR / ".data")
HOST = os.environ.get("CLUSTER_VIZ_HOST", "127.0.0.1")
WEB_PORT = environment.port_of("CLUSTER_VIZ_PORT", "8000")
API_PORT = environment.port_of("CLUSTER_VIZ_API_PORT", "6443")

try:
    SECRET_KEY = secret_key(DATA_DIR)
except OSError as error:
    raise environment.unusable(DATA_DIR, error) from None
DEBUG = os.environ.get("CLUSTER_VIZ_DEBUG") == "1"
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]", *filter(None, os.environ.get("CLUSTER_VIZ_HOSTS", "").split(","))]

# daphne's WebSockets have a compiled helper for what browsers send, which is nothing here: 1.4 MiB in each process.
os.environ.setdefault("AUTOBAHN_USE_NVX", "0")
INSTALLED_APPS = [
    "daphne",  # first: it replaces staticfiles' `runserver` by one that speaks ASGI
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "django_htmx",
    "core",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "core.dashboard.security.content_security_policy",
    "core.dashboard.trouble.Unwritable",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "cluster_viz.urls"
ASGI_APPLICATION = "cluster_viz.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# SQLite: IMMEDIATE, because a deferred transaction that reads first fails with "database is locked" the moment another
# process writes; FULL, because the simulated etcd promises that what it acknowledged survives a power cut.
SQLITE = {
    "ENGINE": "django.db.backends.sqlite3",
    "NAME": DATA_DIR / environment.DATABASE,
    "CONN_MAX_AGE": None,  # opening one anew for each task would cost as much as a small task
    "OPTIONS": {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=20000;",
    },
    # A file as in production: threads share a database in memory under other rules, and are refused where this waits.
    "TEST": {"NAME": DATA_DIR / "test.sqlite3"},
}
if url := os.environ.get("DATABASE_URL"):
    DATABASES: dict[str, Any] = {"default": environment.database_url(url)}
else:
    DATABASES = {"default": SQLITE}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Names a worker among those of its role; several of one role on one machine need names of their own.
WORKER_NAME = os.environ.get("CLUSTER_VIZ_WORKER") or socket.gethostname()

REDIS_URL = environment.redis_url(DATA_DIR)
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1)
# Connections live as long as CONN_MAX_AGE says; left alone, Celery would close them before and after each task.
CELERY_DB_REUSE_MAX = 2**31

# What a commit announces to the other processes (core.engine.announcements). It is not the default layer, where each socket
# would have a channel of its own and so need Redis to open: sockets are fed by one tail per process
# (core.dashboard.feed.tail), not by group_send, so that pictures stay live while Redis is away.
CHANNEL_LAYERS = {
    "announcements": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL], "prefix": "cluster-viz:"},
    }
}

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = DATA_DIR / "static"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"

# Whatever goes wrong is told on the terminal, in production as in development.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(levelname)s %(name)s: %(message)s"}},
    "handlers": {"terminal": {"class": "logging.StreamHandler", "formatter": "line"}},
    "loggers": {
        "django": {"handlers": ["terminal"], "level": "ERROR", "propagate": False},
        "core": {"handlers": ["terminal"], "level": "WARNING"},
        # Its receiver reports a missing Redis as a traceback a second; core.engine.wakeups says it in one sentence.
        "channels_redis": {"handlers": [], "level": "CRITICAL", "propagate": False},
    },
}
