"""The running exporter: this process serves bytes, a worker process makes them.

A worker of its own, so that neither a query nor the rendering of a million series ever holds up a scrape, and a worker
that dies (out of memory, a crash in a driver) or hangs (in a call that nothing interrupts) is replaced while the last
snapshot is still served.
"""

from __future__ import annotations

import ctypes
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
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import NoReturn

from metrics_exporter import logs
from metrics_exporter.config import Settings, SettingsError
from metrics_exporter.cycle import Cycle, Update
from metrics_exporter.errors import UserError
from metrics_exporter.files import require_regular
from metrics_exporter.logs import event
from metrics_exporter.progress import progress
from metrics_exporter.serving.connections import most_connections, raise_file_limit
from metrics_exporter.serving.restarts import counted, recounted
from metrics_exporter.serving.server import Server, Site
from metrics_exporter.signals import HANDLED, Signals
from metrics_exporter.sources import spill_folder
from metrics_exporter.suspects import DEATHS, SET_ASIDE_SECONDS, Suspects

Clock = Callable[[], datetime]

SWITCH_SECONDS = 0.001  # so long a thread may wait for another that computes; 0.005 by default
_RESTART_SECONDS = (1.0, 5.0, 30.0, 60.0)
_STABLE_SECONDS = 600.0  # a worker that lives as long is none that dies at its start
_RETRY = timedelta(seconds=60)
_PATIENCE_SECONDS = 2.0
BEAT_SECONDS = 60.0  # so often a worker that waits says that it is there
GRACE_SECONDS = 300.0  # beyond a query's deadline, a worker is silent for so long at most, whatever it does
WORKER_NICE = 5  # where both want a processor, a scrape goes first
_PR_SET_PDEATHSIG = 1  # from <linux/prctl.h>
_CONTEXT = multiprocessing.get_context("spawn")

_log = logging.getLogger(__name__)


class ServiceError(UserError):
    """The exporter can't run; the message says why and what to do."""


def shifted_clock(now: datetime | None) -> Clock:
    """A clock that shows `now` at this moment and goes on from there; the real one for None."""
    offset = timedelta() if now is None else now - datetime.now(UTC)
    return lambda: datetime.now(UTC) + offset


def serve(settings: Settings, now: datetime | None, signals: Signals) -> None:
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
        with spill_folder() as scratch:  # a worker that is ended in a query can't clear up
            _Supervisor(settings, now, server, signals, scratch).run()
        event(_log, logging.INFO, "stopped")
    finally:
        server.shutdown()
        server.server_close()


class _Supervisor:
    """Keeps a worker running and publishes what it sends, until a signal asks for the end."""

    def __init__(
        self, settings: Settings, now: datetime | None, server: Server, signals: Signals, scratch: Path
    ) -> None:
        self._settings, self._server, self._signals, self._scratch = settings, server, signals, scratch
        self._site = server.site
        self._offset = now - datetime.now(UTC) if now else timedelta()
        self._patience = settings.query_timeout.total_seconds() + GRACE_SECONDS
        self._suspects = Suspects()
        self._restarts = 0
        self._told: frozenset[str] = frozenset()
        self._heard = 0.0
        self._refusal: str | None = None

    def run(self) -> None:
        """Replace the worker whenever it dies or hangs.

        Raises:
            ServiceError: there is nothing to serve, and a worker found that it can't work at all.
        """
        failed = 0
        while not self._signals.stop:
            began = time.monotonic()
            exit_code = self._run_worker()
            if self._signals.stop:
                return
            self._check_refusal()
            failed = 0 if time.monotonic() - began > _STABLE_SECONDS else failed
            pause = _RESTART_SECONDS[min(failed, len(_RESTART_SECONDS) - 1)]
            event(_log, logging.ERROR, "worker died", exit_code=exit_code, restart_seconds=pause)
            self._note_death()
            failed += 1
            self._rest(pause)

    def _run_worker(self) -> int | None:
        """Run one until it is gone, or a signal asks for the end; its exit code."""
        pipe, theirs = _CONTEXT.Pipe()
        self._told = self._suspects.set_aside(time.monotonic())
        task = Task(self._settings, self._offset, self._restarts, self._told, self._scratch)
        worker = _CONTEXT.Process(target=work, args=(task, theirs), name="worker", daemon=True)
        _start(worker)
        theirs.close()
        self._heard = time.monotonic()
        # In a thread of its own: a worker that stops in the middle of a message must not hold up the signals.
        listener = threading.Thread(target=self._listen_to, args=(pipe,), name="listener", daemon=True)
        listener.start()
        try:
            self._watch(worker, pipe)
        finally:
            _end(worker, pipe)
            listener.join()
            pipe.close()
            for left in self._scratch.iterdir():
                shutil.rmtree(left, ignore_errors=True)
        return worker.exitcode

    def _watch(self, worker: BaseProcess, pipe: Connection) -> None:
        while not self._signals.stop:
            if worker.sentinel in wait([worker.sentinel, self._signals.ready], BEAT_SECONDS):
                return
            if time.monotonic() - self._heard > self._patience:
                event(_log, logging.ERROR, "worker hangs", silent_seconds=self._patience)
                return
            if self._takes_reload() or self._suspects.set_aside(time.monotonic()) < self._told:
                self._order_round(pipe)

    def _listen_to(self, pipe: Connection) -> None:
        """Publish updates until the worker is gone."""
        with suppress(EOFError, ConnectionResetError):
            while True:
                message: Update | Reading | str | None = pipe.recv()
                self._heard = time.monotonic()
                if isinstance(message, Reading):
                    self._suspects.reads(message.log)
                elif isinstance(message, str):
                    self._refusal = message
                elif message is not None:
                    self._site.page = message.page or self._site.page
                    self._site.snapshot = message.snapshot

    def _order_round(self, pipe: Connection) -> None:
        """Have the worker begin a round at once, without the logs that are set aside now."""
        self._told = self._suspects.set_aside(time.monotonic())
        with suppress(BrokenPipeError, ConnectionResetError):  # the next worker begins with a round anyway
            pipe.send(self._told)

    def _takes_reload(self) -> bool:
        """Whether SIGHUP asks for a reload; what concerns this process is then done."""
        if not self._signals.take_reload():
            return False
        event(_log, logging.INFO, "reload")
        self._suspects.forgive()
        try:
            self._server.secure(self._settings.credentials(), _tls(self._settings))
        except SettingsError as error:
            event(_log, logging.ERROR, "the credentials before are kept", reason=error)
        return True

    def _check_refusal(self) -> None:
        refusal, self._refusal = self._refusal, None
        if refusal is None:
            return
        if self._site.snapshot is None:
            raise ServiceError(refusal)
        event(_log, logging.ERROR, "worker can't start", reason=refusal)

    def _note_death(self) -> None:
        self._restarts += 1
        set_aside = self._suspects.died(time.monotonic())
        if set_aside is not None:
            event(_log, logging.ERROR, "log set aside", log=set_aside, deaths=DEATHS, seconds=SET_ASIDE_SECONDS)
        self._site.waiting = "the worker process died and is started again; see the log"
        self._site.restarts = counted(self._restarts)
        if self._site.snapshot is not None:
            self._site.snapshot = recounted(self._site.snapshot, self._restarts)

    def _rest(self, seconds: float) -> None:
        """Wait, but not longer than until a signal comes."""
        wait([self._signals.ready], seconds)
        self._takes_reload()


def _start(worker: BaseProcess) -> None:
    """Start it deaf to signals: a terminal or a service manager sends them to both, and the parent ends the worker."""
    resource_tracker.ensure_running()  # it would unblock them
    before = signal.pthread_sigmask(signal.SIG_BLOCK, HANDLED)
    try:
        worker.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end(worker: BaseProcess, pipe: Connection) -> None:
    """Ask the worker to end; one that is in the middle of a query, or has stopped, is ended."""
    with suppress(BrokenPipeError, ConnectionResetError):
        pipe.send(None)
    worker.join(_PATIENCE_SECONDS)
    worker.kill()
    worker.join()


@dataclass(frozen=True, slots=True)
class Reading:
    """The worker begins to read a log, or, for None, is done with the last."""

    log: str | None


@dataclass(frozen=True, slots=True)
class Task:
    """What a worker is given.

    Attributes:
        offset: what its clock is ahead of the machine's.
        restarts: how many workers there were before it.
        set_aside: logs that are not to be read.
        scratch: where its temporary files go.
    """

    settings: Settings
    offset: timedelta
    restarts: int
    set_aside: frozenset[str]
    scratch: Path


def work(task: Task, pipe: Connection) -> None:
    """The worker's process: a round at each due time, until the parent asks for its end or is gone.

    Args:
        task: what to do.
        pipe: takes updates, which log is read, None as a sign of life, and at the start the reason why there is
            nothing to be done; gives the logs that are to be set aside from now on, in a round that begins at once, or
            None for the end.
    """
    settings = task.settings
    _end_with_parent()
    os.nice(WORKER_NICE)
    logs.to_stderr(settings.log_level, settings.log_format, settings.secrets())
    tempfile.tempdir = str(task.scratch)
    try:
        cycle = Cycle(
            settings,
            restarts=task.restarts,
            beat=lambda: _tell(pipe, None),
            reading=lambda log: _tell(pipe, Reading(log)),
            set_aside=task.set_aside,
        )
        _run(cycle, task.offset, pipe)
    except UserError as error:
        _tell(pipe, str(error))
    except Exception:  # the interpreter would print it as it is, with whatever secrets it holds
        _log.exception("worker failed")
        sys.exit(1)


def _end_with_parent() -> None:
    """End this process when its parent ends, whatever it is doing then: the pipe is looked at between two rounds."""
    if sys.platform == "linux":  # also one that is stopped, or hangs in a call
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    threading.Thread(target=_outlive_parent, name="parent", daemon=True).start()


def _outlive_parent() -> NoReturn:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)


def _run(cycle: Cycle, offset: timedelta, pipe: Connection) -> None:
    wake = _round(cycle, datetime.now(UTC) + offset, pipe, first=True)
    while wake is not None:
        # In short pauses: the clock may be set, and the parent wants to know.
        pause = min((wake - (datetime.now(UTC) + offset)).total_seconds(), BEAT_SECONDS)
        if wait([pipe], max(pause, 0)):
            order: frozenset[str] | None = pipe.recv()
            if order is None:
                return
            cycle.set_aside = order
            wake = datetime.now(UTC) + offset
        _tell(pipe, None)
        if datetime.now(UTC) + offset >= wake:
            wake = _round(cycle, datetime.now(UTC) + offset, pipe)


def _tell(pipe: Connection, message: Update | Reading | str | None) -> None:
    """Send to the parent; without one there is no reason to be."""
    try:
        pipe.send(message)
    except (BrokenPipeError, ConnectionResetError):
        raise SystemExit from None


def _round(cycle: Cycle, now: datetime, pipe: Connection, *, first: bool = False) -> datetime | None:
    """Run a round and send what it yields; when to begin the next, None when there is nothing to begin with."""
    started = time.monotonic()
    update = None
    try:
        with progress("computing the windows due"):
            for update in cycle.run(now):
                if update.windows:
                    _tell(pipe, update)
    except Exception:  # whatever it is, the last good values stay and it is tried again
        _log.exception("round failed")
        return now + _RETRY
    if update is None:
        return now + _RETRY
    if not update.windows:
        if first and update.failures and not update.is_behind:
            _tell(pipe, "; ".join(update.failures))
            return None
        _tell(pipe, update)
    _say(update, time.monotonic() - started)
    return update.wake


def _say(update: Update, seconds: float) -> None:
    for failure in update.failures:
        event(_log, logging.ERROR, "failed", reason=failure)
    for reason in update.snapshot.dropped.values():
        event(_log, logging.ERROR, "series limit", reason=reason)
    event(
        _log,
        logging.INFO,
        "published",
        seconds=seconds,
        series=update.snapshot.series,
        bytes=len(update.snapshot.current.text),
        next=update.wake.isoformat(timespec="seconds"),
    )


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
