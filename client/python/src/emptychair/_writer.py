"""A writer of feedback for code that must not wait for it."""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import threading
import time
import weakref
from datetime import datetime
from typing import Any, Callable, Iterator, Mapping, Never

import grpc

from emptychair._calls import misspelt
from emptychair._client import Client
from emptychair._connection import Process
from emptychair._errors import EmptyChairError, from_rpc, make_error
from emptychair._records import encode_record
from emptychair._spool import Spool, Sync
from emptychair._writer_options import Counters, Options, Result, WhenFull
from emptychair._writer_state import PATH, WriterState, left_error
from emptychair.types import Exclusion, ExclusionDict

_log = logging.getLogger("emptychair")

# Seconds: how long the writer's thread sleeps at most while something may come due.
_TICK = 1.0
_CLOSE_AT_EXIT = 5.0
_NEVER = 1 << 60


class _Stream:
    """One stream of batches: what came of it so far."""

    def __init__(self) -> None:
        # Something was acknowledged that was not told yet.
        self.has_news = False
        self.error: EmptyChairError | None = None
        self.has_ended = False
        self.is_over = False


class FeedbackWriter:
    """Sends records in the background: `add` returns at once, batches go over StreamFeedback.

        writer = emptychair.FeedbackWriter(client)
        writer.add("checkout", score=9, customer_id="c-1")

    Every record is delivered exactly once: what was not acknowledged when a connection breaks or
    the server restarts is sent again, with the same ids. One writer per process is enough.
    Thread-safe. Not to be used in a child of the process that made it.

    batch_records, batch_bytes, linger: a batch goes when it has so many records (at most 10,000) or
        bytes (at most 4 MiB), or when its first record has waited so many seconds.
    queue_bytes: what all records that are not answered yet may need in memory; counted are the
        bytes that are sent and 200 for each record. With a spool it bounds memory alone: what has
        no room there waits on disk.
    when_full: what `add` does then. "REFUSE": raises RESOURCE_EXHAUSTED. "BLOCK": waits for room,
        `block_timeout` seconds, then raises that. "DROP_OLDEST": gives up the record that waits
        longest and is not under way yet.
    in_flight_batches: batches that are sent and not acknowledged; 1 to 8.
    give_up_after: seconds from `add` until a record is given up; 0: never.
    on_result: called for each record once it is clear what became of it, in the order of the
        batches, by the writer's thread: it may call `add`; `flush` and `close` raise
        FAILED_PRECONDITION there. What it raises is logged and counted, and changes nothing.
    spool: a directory that keeps records until they are answered, also over the end of this
        process: the next writer with it sends them. One process at a time: FAILED_PRECONDITION for
        others. A file in it that is damaged is set aside as `.bad` and DATA_LOSS is raised; the
        next writer goes on without it. None: records are in memory alone.
    spool_bytes: how much of it may be unanswered, in bytes of records; then `when_full` decides.
    sync: "INTERVAL": a power cut loses what was added in the last second at most. "ALWAYS":
        nothing, and `add` waits for the disk.

    What helps only if somebody does something, such as giving this caller a key (UNAUTHENTICATED,
    PERMISSION_DENIED), is tried every 30 s; `counters().last_error` shows it.
    """

    def __init__(
        self,
        client: Client,
        *,
        batch_records: int = 1000,
        batch_bytes: int = 1 << 20,
        linger: float = 0.010,
        queue_bytes: int = 64 << 20,
        when_full: WhenFull = "REFUSE",
        block_timeout: float = 10.0,
        in_flight_batches: int = 8,
        give_up_after: float = 900.0,
        on_result: Callable[[Result], None] | None = None,
        spool: str | os.PathLike[str] | None = None,
        spool_bytes: int = 1 << 30,
        sync: Sync = "INTERVAL",
    ) -> None:
        self._options = Options(
            batch_records, batch_bytes, linger, queue_bytes, when_full, block_timeout,
            in_flight_batches, give_up_after, spool_bytes, sync,
        )  # fmt: skip
        self._client = client
        self._on_result = on_result
        self._process = Process()
        kept = None if spool is None else Spool(os.fspath(spool), sync)
        self._state = WriterState(
            self._options, kept, on_result is not None, client._settings.api_key
        )
        self._lock = threading.Lock()
        # Batches to send; news for the writer's thread; room or answers for callers.
        self._work = threading.Condition(self._lock)
        self._news = threading.Condition(self._lock)
        self._done = threading.Condition(self._lock)
        # How many waiting records wake the sender.
        self._wake_at = _NEVER
        # All below is to go without lingering; all below is answered, and its results were called.
        self._flush_to = 0
        self._settled = 0
        self._is_closed = False
        self._has_ended = False
        # Records that were not answered when the writer ended.
        self._left = 0
        self._give_up_at: float | None = None
        self._thread = threading.Thread(target=self._run, name="emptychair-writer", daemon=True)
        self._thread.start()
        self._at_exit = _close_at_exit(weakref.ref(self))
        atexit.register(self._at_exit)

    def add(
        self,
        survey_id: str,
        *,
        feedback_id: str | None = None,
        external_id: str | None = None,
        customer_id: str | None = None,
        score: int | None = None,
        comment: str | None = None,
        labels: Mapping[str, str] | None = None,
        occur_time: datetime | None = None,
        exclusion: ExclusionDict | Exclusion | None = None,
        context: Any = None,
        **unknown: Never,
    ) -> None:
        """Takes a record, to be sent soon; the fields are those of `Client.submit_feedback`.

        Without `feedback_id` and `external_id` it gets an id here. `context` comes back with its
        result. Raises InvalidArgument for a record that the service would refuse, whichever survey;
        RESOURCE_EXHAUSTED (QUEUE_FULL) as `when_full` says; FAILED_PRECONDITION once the writer is
        closed. Never waits but for `BLOCK`, and for the spool's disk.
        """
        if unknown:
            raise misspelt("add", min(unknown), self.add.__annotations__)
        encoded = encode_record(
            survey_id,
            feedback_id,
            external_id,
            customer_id,
            score,
            comment,
            labels,
            occur_time,
            exclusion,
        )
        state = self._state
        self._process.check()
        now = time.monotonic()
        with self._lock:
            if self._is_closed or not state.has_room(len(encoded), context is not None):
                self._make_room(len(encoded), context is not None, now)
            state.add(encoded, context, now)
            if state.unsent_records >= self._wake_at or (
                self._wake_at != _NEVER and state.waiting_bytes >= self._options.batch_bytes
            ):
                self._wake_at = _NEVER
                self._work.notify()

    def _make_room(self, size: int, has_context: bool, now: float) -> None:
        """Does what `when_full` says; raises unless there is room then."""
        state = self._state
        deadline = now + self._options.block_timeout
        while not self._is_closed:
            if self._options.when_full == "DROP_OLDEST" and state.drop_for(size, has_context):
                self._news.notify()
                return
            if state.has_room(size, has_context):
                return
            left = deadline - time.monotonic()
            if self._options.when_full != "BLOCK" or left <= 0:
                raise make_error(
                    "RESOURCE_EXHAUSTED",
                    f"the writer's queue is full: {state.counters(now).queued_records} records are "
                    "not answered yet",
                    reason="QUEUE_FULL",
                )
            self._done.wait(left)
        raise make_error("FAILED_PRECONDITION", "the writer is closed")

    def flush(self, timeout: float | None = 10.0) -> None:
        """Waits until all that was added before is answered, and its results were called.

        Raises DEADLINE_EXCEEDED, with the number that is left in its message and in
        `metadata["left"]`, after `timeout` seconds; they stay queued. None: no limit.
        """
        self._check_caller()
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._lock:
            number = self._state.next_number
            self._flush_to = max(self._flush_to, number)
            self._work.notify_all()
            while self._settled < number:
                left = None if deadline is None else deadline - time.monotonic()
                if self._has_ended or (left is not None and left <= 0):
                    raise left_error(self._state.records_before(number))
                self._done.wait(left)

    def close(self, timeout: float = 5.0) -> None:
        """Takes no more, flushes for so many seconds and ends the writer. The client is left open.

        What is left then is given up (GAVE_UP), or stays in the spool for the next writer, and
        DEADLINE_EXCEEDED is raised, as by `flush`. Again: what the first time said.
        """
        self._check_caller()
        with self._lock:
            if not self._is_closed:
                self._is_closed = True
                self._flush_to = self._state.next_number
                self._give_up_at = time.monotonic() + timeout
                self._wake_at = _NEVER
                for condition in (self._work, self._news, self._done):
                    condition.notify_all()
        self._thread.join()
        atexit.unregister(self._at_exit)
        if self._left:
            raise left_error(self._left)

    def _check_caller(self) -> None:
        self._process.check()
        if threading.current_thread() is self._thread:
            raise make_error("FAILED_PRECONDITION", "on_result cannot wait for results")

    def __enter__(self) -> FeedbackWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with contextlib.nullcontext() if kind is None else contextlib.suppress(EmptyChairError):
            self.close()

    def counters(self) -> Counters:
        """What the writer has done so far."""
        with self._lock:
            return self._state.counters(time.monotonic())

    # The writer's thread.

    def _run(self) -> None:
        try:
            while self._wait_for_records():
                self._send_over_a_stream()
        except Exception:
            _log.exception("the writer of feedback has failed")
        finally:
            with self._lock:
                self._is_closed = True
                self._left = self._state.records_before(self._state.next_number)
                self._state.abandon()
            self._settle()
            with self._lock:
                if self._state.spool is not None:
                    self._state.spool.close()
                self._has_ended = True
                self._done.notify_all()

    def _wait_for_records(self) -> bool:
        """Waits until there is something to send; whether there is: else the writer is to end."""
        while True:
            self._settle()
            with self._lock:
                if self._is_over():
                    return False
                if self._state.has_records:
                    return True
                self._wake_at = 1
                self._work.wait(self._tick())

    def _is_over(self) -> bool:
        if self._give_up_at is None:
            return False
        return not self._state.has_records or time.monotonic() >= self._give_up_at

    def _tick(self) -> float | None:
        """How long to sleep at most; None: nothing comes due by itself."""
        if self._give_up_at is not None:
            return min(max(self._give_up_at - time.monotonic(), 0.0), _TICK)
        has_spool = self._state.spool is not None
        return _TICK if has_spool or self._state.has_records else None

    def _send_over_a_stream(self) -> None:
        """Opens a stream, and sends over it until it ends; then waits as long as it is worth."""
        stream = _Stream()
        with self._lock:
            self._state.begin_stream()
        try:
            call, endpoint = self._client._open_upload(
                PATH, self._requests(stream), self._state.retries
            )
            reader = threading.Thread(
                target=self._read, args=(call, stream), name="emptychair-reader", daemon=True
            )
            reader.start()
        # Of a client that was closed; of a channel that is being closed; of a process that ends,
        # where newer Pythons start no threads.
        except (EmptyChairError, ValueError, RuntimeError) as error:
            self._pause_after(make_error("UNAVAILABLE", str(error)))
            return
        self._follow(call, stream)
        with self._lock:
            # Else it is the writer that ends it now, which is no failure.
            has_failed = stream.has_ended
            stream.is_over = True
            self._work.notify_all()
        call.cancel()
        reader.join()
        if has_failed and stream.error is not None:
            self._client._after_failure(endpoint, stream.error)
            self._pause_after(stream.error)

    def _requests(self, stream: _Stream) -> Iterator[bytes]:
        """The batches of a stream, one by one as they become due. Runs on a thread of gRPC's."""
        state = self._state
        number = 0
        while True:
            with self._lock:
                batch = None
                while batch is None and not stream.is_over:
                    now = time.monotonic()
                    at_once = self._settled < self._flush_to
                    batch = state.next_batch(now, at_once=at_once)
                    if batch is None:
                        self._wake_at = self._options.batch_records if state.waiting else 1
                        self._work.wait(state.seconds_to_next(now))
                self._wake_at = _NEVER
            if batch is None:
                return
            number += 1
            yield batch.request(number)

    def _read(self, call: Any, stream: _Stream) -> None:
        """Takes what the server says. Runs on a thread of its own, as long as the stream."""
        error = make_error("UNAVAILABLE", "the server ended the stream")
        try:
            for message in call:
                with self._lock:
                    self._state.acknowledge(message, time.monotonic())
                    stream.has_news = True
                    self._work.notify_all()
                    self._news.notify()
        except grpc.RpcError as failure:
            error = from_rpc(failure, 1)
        except EmptyChairError as failure:
            error = failure
        with self._lock:
            stream.error = error
            stream.has_ended = True
            self._news.notify()

    def _follow(self, call: Any, stream: _Stream) -> None:
        """Tells results until the stream has ended, or the writer is to end."""
        state = self._state
        while True:
            with self._lock:
                if not (stream.has_news or stream.has_ended or state.results):
                    if self._is_over():
                        return
                    self._news.wait(self._tick())
                has_ended = stream.has_ended
                stream.has_news = False
                is_stuck = state.is_stuck(time.monotonic())
            self._settle()
            if has_ended:
                return
            if is_stuck:
                call.cancel()

    def _pause_after(self, error: EmptyChairError) -> None:
        """Waits as long as it is worth before the next stream."""
        with self._lock:
            if not self._state.has_records:
                return  # A stream that ended while nobody needed it is no failure.
            now = time.monotonic()
            until = now + self._state.fail(error, now)
            self._state.reconnects += 1
        with self._client._connecting():
            while True:
                self._settle()
                with self._lock:
                    now = time.monotonic()
                    if now >= until or self._is_over():
                        return
                    tick = self._tick()
                    self._news.wait(until - now if tick is None else min(until - now, tick))
                    self._state.expire(time.monotonic())

    def _settle(self) -> None:
        """Tells the results that there are, and then all who wait for them."""
        state = self._state
        with self._lock:
            results = list(state.results)
            state.results.clear()
            answered = state.oldest_number()
        if self._on_result is not None:
            for result in results:
                try:
                    self._on_result(result)
                except Exception:
                    state.exceptions += 1
                    _log.exception("on_result has failed")
        with self._lock:
            file = None
            if state.spool is not None:
                state.spool.acknowledge(answered)
                file = state.spool.file_to_sync()
            self._settled = answered
            self._done.notify_all()
        if file is not None:
            file.sync()


def _close_at_exit(writer: weakref.ref[FeedbackWriter]) -> Callable[[], None]:
    pid = os.getpid()

    def close() -> None:
        alive = writer()
        if alive is not None and os.getpid() == pid:
            try:
                alive.close(_CLOSE_AT_EXIT)
            except EmptyChairError as error:
                _log.error("the program ends: %s", error)

    return close
