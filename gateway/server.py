"""gunicorn managing uvicorn workers: how the gateway is started, reloaded and stopped.

Whatever would keep a worker from starting is found before gunicorn starts, and told in a sentence. SIGTERM and SIGINT
finish what is being answered; SIGHUP reads the settings again and replaces the workers.
"""

import asyncio
import fcntl
import gc
import logging
import os
import resource
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.glogging import Logger
from uvicorn.server import Server
from uvicorn_worker import UvicornWorker

from gateway import telemetry
from gateway.asgi import WireDoor, create_app
from gateway.heap import give_back_large_blocks
from gateway.heartbeat import beat
from gateway.http_budget import HttpBudget
from gateway.http_protocol import GatewayHttpProtocol
from gateway.proxies import ProxyPolicy, is_loopback
from gateway.settings import Setting, Settings, SettingsError

SETTINGS = (
    Setting("bind", "127.0.0.1:8080", "Where to listen: HOST:PORT, [IPV6]:PORT or unix:PATH."),
    Setting("workers", 0, "Worker processes; 0 is one for each processor, at least one and at most eight."),
    Setting("tls_cert", "", "A PEM file with the certificate chain; with tls_key the server speaks https only."),
    Setting("tls_key", "", "A PEM file with the certificate's private key."),
    Setting("base_url", "", "The public address, where links and WSDL must name it; empty: as the caller wrote it."),
    Setting(
        "trusted_proxies", (), "Addresses or networks of proxies that may name the caller; unix for a Unix socket."
    ),
    Setting(
        "proxy_header",
        "x-forwarded",
        "The form in which trusted proxies name the caller; the other, which could be the caller's own, is not read.",
        choices=("x-forwarded", "forwarded"),
    ),
    Setting("header_timeout", 10.0, "Seconds in which a request's header must be complete; then 408."),
    Setting("header_bytes", 64 * 1024, "Bytes of all header fields of a request; beyond it 431."),
    Setting("header_count", 100, "Header fields of a request; beyond it 431."),
    Setting("line_bytes", 16 * 1024, "Bytes of a request's target; beyond it 414."),
    Setting("body_timeout", 30.0, "Seconds in which a request's body must be complete."),
    Setting("work_timeout", 30.0, "Seconds after which a caller is told to send its request again."),
    Setting("keep_alive", 75, "Seconds for which an idle connection stays open."),
    Setting("write_timeout", 30.0, "Seconds in which a caller must take up 64 KiB of its answer; then it is cut off."),
    Setting("in_flight", 1000, "Requests that one worker works on at a time; more are told that the server is busy."),
    Setting(
        "connections",
        4000,
        "Connections that one worker holds at a time; a further one takes the place of those waited for longest.",
    ),
    Setting(
        "arriving_bytes",
        64 * 1024 * 1024,
        "Bytes of request bodies that one worker keeps while the rest of them is still to come; beyond it 503.",
    ),
    Setting("gzip", False, "Whether request bodies may come with Content-Encoding: gzip; else they get 415."),
    Setting("graceful_timeout", 30, "Seconds in which a stopping worker may finish its answers."),
    Setting("log_level", "info", "What is logged.", choices=("debug", "info", "warning", "error")),
    Setting("access_log", True, "Log one line for each request."),
)

SWITCH_SECONDS = 0.001
"""After so long a thread that computes lets another one run: the one that has committed holds every writer's lock."""
GARBAGE = (20_000, 20, 50)
"""When the collector looks for cycles. A request leaves none behind, and the usual 700 objects are those of a few."""
FAILED = 1
_METRICS = "session-gateway-metrics-"
_FRESH_SECONDS = 60
_OTHER_FILES = 256
"""Files that a worker may need besides its connections."""
_FEWEST = 16


class GatewayServer(Server):
    """uvicorn's server, whose application and connections know that it stops, also those that come only then."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop: accept nobody any more, and finish."""
        self.lifespan.state["gateway.draining"].set()
        await super().shutdown(sockets)


class GatewayWorker(UvicornWorker):  # type: ignore[misc]
    """uvicorn under gunicorn, with the gateway's protocol class and budgets."""

    CONFIG_KWARGS = {  # noqa: RUF012
        "loop": "uvloop",
        "http": "httptools",
        "ws": "none",
        "lifespan": "on",
        "interface": "asgi3",
        "server_header": False,
        "access_log": False,
        "proxy_headers": False,
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sys.setswitchinterval(SWITCH_SECONDS)
        gc.set_threshold(*GARBAGE)
        settings: Settings = self.app.settings
        self.config.http = protocol_factory(settings, raise_files(settings["connections"]))
        # gunicorn kills at graceful_timeout; before that the store must be closed.
        self.config.timeout_graceful_shutdown = max(1, int(settings["graceful_timeout"]) - 2)

    async def _serve(self) -> None:
        self.config.app = self.wsgi
        server = GatewayServer(config=self.config)
        # A graceful end for SIGQUIT too: gunicorn sends it to its workers when it gets SIGINT.
        asyncio.get_running_loop().add_signal_handler(signal.SIGQUIT, setattr, server, "should_exit", True)
        beating = asyncio.create_task(beat(self, server))
        await server.serve(sockets=self.sockets)
        beating.cancel()
        if not server.started:
            sys.exit(Arbiter.WORKER_BOOT_ERROR)


class _Log(Logger):  # type: ignore[misc]
    """gunicorn's own messages, as structured lines."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for logger in (self.error_log, self.access_log):
            logger.handlers = [telemetry.handler()]


class Application(BaseApplication):  # type: ignore[misc]
    """gunicorn's view of the gateway. ``reread`` gives the settings anew at SIGHUP."""

    def __init__(self, settings: Settings, reread: Callable[[], Settings] | None = None, greeting: str = "") -> None:
        self.settings = settings
        self._reread = reread
        self._greeting = greeting
        super().__init__()

    def load_config(self) -> None:
        """Take the settings over; called at the start and at each SIGHUP."""
        for name, value in options(self.settings).items():
            self.cfg.set(name, value)
        self.cfg.set("when_ready", self._greet)

    def _greet(self, arbiter: Any) -> None:
        print(self._greeting, flush=True)

    def reload(self) -> None:
        """SIGHUP: wrong settings leave those in force."""
        try:
            settings = self._reread() if self._reread is not None else self.settings
            check(settings)
        except Exception as error:
            logging.getLogger("gunicorn.error").error("the settings stay as they were: %s", error)
            return
        self.settings = settings
        super().reload()

    def load(self) -> WireDoor:
        """One worker's ASGI application; called in the worker."""
        telemetry.configure(self.settings["log_level"], access_log=self.settings["access_log"])
        return create_app(self.settings)


def options(settings: Settings) -> dict[str, Any]:
    """The settings in gunicorn's names."""
    return {
        "bind": settings["bind"],
        "workers": workers(settings),
        "worker_class": GatewayWorker,
        "certfile": settings["tls_cert"] or None,
        "keyfile": settings["tls_key"] or None,
        "keepalive": settings["keep_alive"],
        "graceful_timeout": settings["graceful_timeout"],
        "timeout": 60,
        "loglevel": settings["log_level"],
        "logger_class": _Log,
        "preload_app": False,
        "control_socket_disable": True,
        "proc_name": "session-gateway",
        "child_exit": _forget_worker,
    }


def workers(settings: Settings) -> int:
    """How many worker processes to run."""
    return int(settings["workers"]) or max(1, min(8, len(os.sched_getaffinity(0))))


def local_url(settings: Settings) -> str:
    """Where the server can be reached: its base URL, else the address that it listens on."""
    bind, scheme = str(settings["bind"]), "https" if settings["tls_cert"] else "http"
    return str(settings["base_url"]) or (bind if bind.startswith("unix:") else f"{scheme}://{bind}")


def protocol_factory(settings: Settings, connections: int | None = None) -> Any:
    """What makes the protocol object of each connection. ``connections``: how many there may be, where the system
    allows fewer than the settings."""
    budget = HttpBudget(
        line_bytes=settings["line_bytes"],
        header_bytes=settings["header_bytes"],
        header_count=settings["header_count"],
        header_seconds=settings["header_timeout"],
        body_bytes=settings["limits.body_bytes"],
        connections=settings["connections"] if connections is None else connections,
        write_seconds=settings["write_timeout"],
    )
    return partial(GatewayHttpProtocol, budget=budget)


def raise_files(connections: int) -> int:
    """Let this process open as many files as its connections need, and some for the store. Gives the number of
    connections that the system then allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + _OTHER_FILES
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return connections
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed < wanted:
        text = "this process may open %d files, %d connections would need %d: set fewer connections, or raise ulimit -n"
        logging.getLogger("gateway.boot").warning(text, allowed, connections, wanted)
    return max(_FEWEST, min(connections, allowed - _OTHER_FILES))


def check(settings: Settings) -> None:
    """Find now whatever would keep a worker from starting. Raises SettingsError or an error of the boot."""
    _check_bind(settings)
    _check_tls(settings)
    ProxyPolicy.of(settings)
    from gateway import boot

    boot.assemble(settings, watch=False).close()


def _check_bind(settings: Settings) -> None:
    bind = str(settings["bind"])
    if bind.startswith("unix:"):
        return
    host, _, port = bind.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise SettingsError(f"bind: {bind!r} is not HOST:PORT, [IPV6]:PORT or unix:PATH")
    if settings["demo"] and not is_loopback(host):
        raise SettingsError(f"bind: demo mode knows its secrets by heart and listens on 127.0.0.1 only, not on {host}")


def _check_tls(settings: Settings) -> None:
    if bool(settings["tls_cert"]) != bool(settings["tls_key"]):
        raise SettingsError("tls_cert and tls_key belong together: give both or neither")
    for name in ("tls_cert", "tls_key"):
        if settings[name] and not os.access(settings[name], os.R_OK):
            raise SettingsError(f"{name}: {settings[name]} cannot be read")


def serve(
    settings: Settings,
    *,
    reread: Callable[[], Settings] | None = None,
    announce: Callable[[Settings], str] = local_url,
) -> int:
    """Run until a signal ends it. Gives the exit status: 0 after an orderly end, 1 when it could not start or go on.

    ``announce`` is called when all is well, before anything listens; what it raises stops the start, and what it gives
    is printed once the server listens.
    """
    master = os.getpid()
    give_back_large_blocks()
    with _metrics_directory():
        telemetry.configure(settings["log_level"], access_log=settings["access_log"])
        try:
            check(settings)
            greeting = announce(settings)
        except Exception as error:
            print(f"session-gateway cannot start: {str(error) or repr(error)}", file=sys.stderr)
            return FAILED
        try:
            Application(settings, reread, greeting).run()
        except SystemExit as end:
            if os.getpid() != master:
                raise
            return FAILED if end.code else 0
    return 0


@contextmanager
def _metrics_directory() -> Iterator[None]:
    """A fresh directory in which the workers' counters meet; it is gone afterwards."""
    master = os.getpid()
    _sweep()
    path = Path(tempfile.mkdtemp(prefix=_METRICS))
    # Workers inherit the lock; while any of them lives, the directory is in use.
    lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    # Read by prometheus_client when it is first imported, hence before any worker is.
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(path)
    try:
        yield
    finally:
        if os.getpid() == master:
            os.close(lock)
            shutil.rmtree(path, ignore_errors=True)


def _sweep() -> None:
    """Remove what servers that were killed left behind; a directory made just now may not be locked yet."""
    for path in Path(tempfile.gettempdir()).glob(f"{_METRICS}*"):
        with suppress(OSError):
            lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                found = os.fstat(lock)
                if found.st_uid == os.geteuid() and time.time() - found.st_ctime > _FRESH_SECONDS:
                    shutil.rmtree(path, ignore_errors=True)
            finally:
                os.close(lock)


def _forget_worker(arbiter: Any, worker: Any) -> None:
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
