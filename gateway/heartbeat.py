"""A worker's signs of life to its master, and its look whether there still is one.

uvicorn tells gunicorn's master that a worker lives by the time of day: when that is set back, a healthy worker is
silent for as long, and the master kills it in the middle of its work. And a worker whose master was killed would serve
for ever, beside the server that is started next.
"""

import asyncio
import logging
import os
from typing import Any

SECONDS = 1.0
"""Between two signs of life; the master waits for a minute."""

_log = logging.getLogger("gateway.server")


async def beat(worker: Any, server: Any) -> None:
    """Tell the master of ``worker`` that it lives until ``server`` is to stop; stop it when its master is gone."""
    while not server.should_exit:
        if os.getppid() != worker.ppid:
            _log.error("the process that started this worker is gone: the worker ends")
            server.should_exit = True
            return
        worker.notify()
        await asyncio.sleep(SECONDS)
