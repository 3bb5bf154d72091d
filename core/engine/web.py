"""The web process: daphne with the dashboard, and uvicorn with the Kubernetes API over TLS, in one event loop.

One loop and one process, so that one tail and one watch cache serve both doors, and the supervisor looks after one role.
Which server has which door, and what it costs: docs/decisions/0008-daphne-serves-the-dashboard.md.
"""

import asyncio
import logging
import signal
import sys
from typing import Any

import uvloop

from core.apiserver.http.certificates import ServerCertificate
from core.apiserver.http.serve import CannotListen, door, is_ours, listen, tls_context
from core.engine.daphne_door import Dashboard, put_reactor_on

GRACE = 1.0  # seconds from the first signal until connections are cut; a watch would never end by itself
LOGS = ("uvicorn.error", "daphne.server", "daphne.http_protocol", "daphne.ws_protocol", "asyncio")


def run(application: Any, host: str, port: int, api_port: int, certificate: ServerCertificate) -> None:
    """Serve until told to stop. A port that is taken ends the process with one sentence."""
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            put_reactor_on(runner.get_loop())
            runner.run(serve(application, host, port, api_port, certificate))
    except CannotListen as error:
        sys.exit(str(error))


async def serve(application: Any, host: str, port: int, api_port: int, certificate: ServerCertificate) -> None:
    """Open both ports, and serve until SIGINT or SIGTERM. Raises CannotListen."""
    logs = [logging.getLogger(name) for name in LOGS]
    for log in logs:
        log.addFilter(is_ours)
    pages, api = listen(host, port), listen(host, api_port)
    dashboard = Dashboard(application)
    dashboard.open(pages)
    # An answer of the Kubernetes API has its date already.
    kubernetes = door(application, date_header=False, tls=tls_context(certificate))
    serving = asyncio.create_task(kubernetes.serve([api]))
    ending = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ending.set)
    await ending.wait()
    kubernetes.should_exit = True
    await asyncio.wait([serving, asyncio.create_task(dashboard.close(GRACE))], timeout=GRACE)
    for log in logs:
        log.disabled = True  # what is cut off from here on is no error
    kubernetes.force_exit = True
    await serving
