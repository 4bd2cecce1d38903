"""The running exporter: this process serves bytes, a worker process makes them.

A worker of its own, so that neither a query nor the rendering of a million series ever holds up a scrape, and a worker
that dies (out of memory, a crash in a driver) or hangs (in a call that nothing interrupts) is replaced while the last
snapshot is still served.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import shutil
import signal
import ssl
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType
from typing import NoReturn

from metrics_exporter import logs
from metrics_exporter.config import Settings, SettingsError
from metrics_exporter.cycle import Cycle, Update
from metrics_exporter.errors import UserError
from metrics_exporter.files import require_regular
from metrics_exporter.logs import event
from metrics_exporter.progress import progress
from metrics_exporter.serving.connections import most_connections, raise_file_limit
from metrics_exporter.serving.server import Server, Site
from metrics_exporter.sources import spill_folder

Clock = Callable[[], datetime]

SWITCH_SECONDS = 0.001  # so long a thread may wait for another that computes; 0.005 by default
_RESTART_SECONDS = (1.0, 5.0, 30.0, 60.0)
_RETRY = timedelta(seconds=60)
_PATIENCE_SECONDS = 2.0
BEAT_SECONDS = 60.0  # so often a worker that waits says that it is there
GRACE_SECONDS = 300.0  # beyond a query's deadline, a worker is silent for so long at most, whatever it does
WORKER_NICE = 5  # where both want a processor, a scrape goes first
_CONTEXT = multiprocessing.get_context("spawn")

_log = logging.getLogger(__name__)


class ServiceError(UserError):
    """The exporter can't run; the message says why and what to do."""


class _StopError(Exception):
    """A signal asked for the end."""


def shifted_clock(now: datetime | None) -> Clock:
    """A clock that shows `now` at this moment and goes on from there; the real one for None."""
    offset = timedelta() if now is None else now - datetime.now(UTC)
    return lambda: datetime.now(UTC) + offset


def serve(settings: Settings, now: datetime | None) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        SettingsError: credentials or certificate can't be used.
        ServiceError: the address can't be bound, or the worker found that it can't work at all.
        WarehouseError: there is no place for temporary files.
    """
    logs.to_stderr(settings.log_level, settings.log_format, settings.secrets())
    sys.setswitchinterval(SWITCH_SECONDS)
    site = Site(shifted_clock(now))
    server = _listen(settings, site)
    thread = threading.Thread(target=server.serve_forever, name="http", daemon=True)
    thread.start()
    host, port = server.server_address[:2]
    event(_log, logging.INFO, "listening", address=f"{host!s}:{port}", tls=settings.tls_certificate is not None)
    try:
        with _stop_signals(), spill_folder() as scratch:  # a worker that is ended in a query can't clear up
            _supervise(settings, now, site, scratch)
    except _StopError:
        event(_log, logging.INFO, "stopped")
    finally:
        server.shutdown()
        server.server_close()


def _supervise(settings: Settings, now: datetime | None, site: Site, scratch: Path) -> NoReturn:
    """Keep a worker running and publish what it sends."""
    offset = now - datetime.now(UTC) if now else timedelta()
    patience = settings.query_timeout.total_seconds() + GRACE_SECONDS
    failed = restarts = 0
    while True:
        pipe, theirs = _CONTEXT.Pipe()
        arguments = (settings, offset, restarts, scratch, theirs)
        worker = _CONTEXT.Process(target=work, args=arguments, name="worker", daemon=True)
        _start(worker)
        theirs.close()
        try:
            if _publish(pipe, site, patience):
                failed = 0
        finally:
            _end(worker, pipe)
            for left in scratch.iterdir():
                shutil.rmtree(left, ignore_errors=True)
        pause = _RESTART_SECONDS[min(failed, len(_RESTART_SECONDS) - 1)]
        event(_log, logging.ERROR, "worker died", exit_code=worker.exitcode, restart_seconds=pause)
        site.waiting = "the worker process died and is started again; see the log"
        failed += 1
        restarts += 1
        time.sleep(pause)


def _start(worker: BaseProcess) -> None:
    """Start it deaf to Ctrl-C from its first moment: a terminal sends that to both, and the parent ends the worker."""
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    worker.start()
    signal.signal(signal.SIGINT, handler)


def _end(worker: BaseProcess, pipe: Connection) -> None:
    """Ask the worker to end; one that is in the middle of a query, or has stopped, is ended."""
    pipe.close()
    worker.join(_PATIENCE_SECONDS)
    worker.kill()
    worker.join()


def _publish(pipe: Connection, site: Site, patience: float) -> bool:
    """Publish updates until the worker is gone, or silent for longer than `patience` seconds; whether there was any."""
    published = False
    while pipe.poll(patience):
        try:
            message: Update | str | None = pipe.recv()
        except (EOFError, ConnectionResetError):
            return published
        if message is None:  # a sign of life
            continue
        if isinstance(message, str):
            if site.snapshot is None:
                raise ServiceError(message)
            event(_log, logging.ERROR, "worker can't start", reason=message)
        else:
            site.page = message.page or site.page
            site.snapshot = message.snapshot
            published = True
    event(_log, logging.ERROR, "worker hangs", silent_seconds=patience)
    return published


def work(settings: Settings, offset: timedelta, restarts: int, scratch: Path, pipe: Connection) -> None:
    """The worker's process: a round at each due time, until the parent closes the pipe or is gone.

    Args:
        settings: the exporter's.
        offset: what its clock is ahead of the machine's.
        restarts: how many workers there were before it.
        scratch: where its temporary files go.
        pipe: takes updates, None as a sign of life, and at the start the reason why there is nothing to be done.
    """
    os.nice(WORKER_NICE)
    logs.to_stderr(settings.log_level, settings.log_format, settings.secrets())
    tempfile.tempdir = str(scratch)
    try:
        cycle = Cycle(settings, restarts=restarts, beat=lambda: _beat(pipe))
    except UserError as error:
        pipe.send(str(error))
        return
    try:
        wake = _round(cycle, datetime.now(UTC) + offset, pipe, first=True)
        while wake is not None:
            # In short pauses: the clock may be set, and the parent wants to know.
            pause = min((wake - (datetime.now(UTC) + offset)).total_seconds(), BEAT_SECONDS)
            if wait([pipe], max(pause, 0)):  # the parent never sends: it has closed its end, or is gone
                return
            _beat(pipe)
            if datetime.now(UTC) + offset >= wake:
                wake = _round(cycle, datetime.now(UTC) + offset, pipe)
    except BrokenPipeError:
        return


def _beat(pipe: Connection) -> None:
    """Tell the parent that the worker is at work; without a parent there is no reason to be."""
    try:
        pipe.send(None)
    except BrokenPipeError:
        raise SystemExit from None


def _round(cycle: Cycle, now: datetime, pipe: Connection, *, first: bool = False) -> datetime | None:
    """Run a round and send what it yields; when to begin the next, None when there is nothing to begin with."""
    started = time.monotonic()
    try:
        with progress("computing the windows due"):
            update = cycle.run(now)
    except Exception as error:  # whatever it is, the last good values stay and it is tried again
        event(_log, logging.ERROR, "round failed", error=f"{type(error).__name__}: {error}")
        return now + _RETRY
    if first and update.failures and not update.windows:
        pipe.send("; ".join(update.failures))
        return None
    pipe.send(update)
    for failure in update.failures:
        event(_log, logging.ERROR, "failed", reason=failure)
    for reason in update.snapshot.dropped.values():
        event(_log, logging.ERROR, "series limit", reason=reason)
    event(
        _log,
        logging.INFO,
        "published",
        seconds=time.monotonic() - started,
        series=update.snapshot.series,
        bytes=len(update.snapshot.current.text),
        next=update.wake.isoformat(timespec="seconds"),
    )
    return update.wake


def _listen(settings: Settings, site: Site) -> Server:
    host, port = settings.listen
    most = most_connections(raise_file_limit())
    try:
        return Server((host, port), site, settings.credentials(), _tls(settings), most)
    except (OSError, TypeError) as error:  # a TypeError is what a host that can be no name gets
        reason = getattr(error, "strerror", None) or str(error)
        raise ServiceError(
            f"can't listen on {host}:{port} ({reason.lower()}); "
            "choose another address with --listen, or stop what uses it"
        ) from None


def _tls(settings: Settings) -> ssl.SSLContext | None:
    if settings.tls_certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        for file in filter(None, (settings.tls_certificate, settings.tls_key)):
            require_regular(file)
        context.load_cert_chain(settings.tls_certificate, settings.tls_key)
    except OSError as error:  # ssl.SSLError is one
        raise SettingsError(
            f"tls_certificate {settings.tls_certificate} or tls_key {settings.tls_key}: can't be used "
            f"({error.strerror or error}); both must be PEM files and belong together"
        ) from None
    return context


@contextmanager
def _stop_signals() -> Iterator[None]:
    """End what runs inside by SIGTERM or SIGINT."""

    def stop(_: int, __: FrameType | None) -> NoReturn:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise _StopError

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    yield
