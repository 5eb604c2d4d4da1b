"""A writer of feedback for asyncio."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from datetime import datetime
from typing import Any, Callable, Mapping, Never

import grpc
import grpc.aio

from emptychair._async_client import AsyncClient, failure_of
from emptychair._calls import misspelt
from emptychair._connection import Process
from emptychair._errors import EmptyChairError, make_error
from emptychair._records import encode_record
from emptychair._spool import Spool, Sync
from emptychair._writer_options import Counters, Options, Result, WhenFull
from emptychair._writer_state import PATH, WriterState, left_error
from emptychair.types import Exclusion, ExclusionDict

_log = logging.getLogger("emptychair")

_TICK = 1.0
_NEVER = 1 << 60


class _Signal:
    """Wakes the tasks that wait for it. For one event loop."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()

    def notify(self) -> None:
        for future in self._waiting:
            _finish(future)

    async def wait(self, timeout: float | None) -> None:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        timer = None if timeout is None else loop.call_later(timeout, _finish, future)
        self._waiting.add(future)
        try:
            await future
        finally:
            self._waiting.discard(future)
            if timer is not None:
                timer.cancel()


def _finish(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


class _Stream:
    """One stream of batches: what came of it so far."""

    def __init__(self, call: Any) -> None:
        self.call = call
        self.error: EmptyChairError | None = None
        self.has_ended = False


class AsyncFeedbackWriter:
    """As FeedbackWriter, for asyncio: `add` is a coroutine, which waits only for `BLOCK`.

        async with emptychair.AsyncFeedbackWriter(client) as writer:
            await writer.add("checkout", score=9, customer_id="c-1")

    The options are those of FeedbackWriter; `on_result` is a plain function that the event loop
    calls. To be made and used in the event loop of its client. `add` lets the loop go on once in
    each batch, so that a loop of it is sent while it runs. The end of the loop does not wait for
    records: use `async with`, or `close`.
    """

    def __init__(
        self,
        client: AsyncClient,
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
        self._loop = asyncio.get_running_loop()
        kept = None if spool is None else Spool(os.fspath(spool), sync)
        self._state = WriterState(
            self._options, kept, on_result is not None, client._settings.api_key
        )
        # Batches to send; news for the writer's task; room or answers for callers.
        self._work = _Signal()
        self._news = _Signal()
        self._done = _Signal()
        self._wake_at = _NEVER
        self._since_pause = 0
        self._flush_to = 0
        self._settled = 0
        self._is_closed = False
        self._has_ended = False
        # Records that were not answered when the writer ended.
        self._left = 0
        self._give_up_at: float | None = None
        self._task = asyncio.create_task(self._run(), name="emptychair-writer")

    async def add(
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
        """Takes a record, to be sent soon; arguments and errors as of `FeedbackWriter.add`."""
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
        if self._is_closed or not state.has_room(len(encoded), context is not None):
            await self._make_room(len(encoded), context is not None, now)
        state.add(encoded, context, now)
        if state.unsent_records >= self._wake_at or (
            self._wake_at != _NEVER and state.waiting_bytes >= self._options.batch_bytes
        ):
            self._wake_at = _NEVER
            self._work.notify()
        self._since_pause += 1
        if self._since_pause >= self._options.batch_records:
            self._since_pause = 0
            await asyncio.sleep(0)

    async def _make_room(self, size: int, has_context: bool, now: float) -> None:
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
            await self._done.wait(left)
        raise make_error("FAILED_PRECONDITION", "the writer is closed")

    async def flush(self, timeout: float | None = 10.0) -> None:
        """Waits until all that was added before is answered; as FeedbackWriter.flush."""
        self._process.check()
        deadline = None if timeout is None else time.monotonic() + timeout
        number = self._state.next_number
        self._flush_to = max(self._flush_to, number)
        self._work.notify()
        while self._settled < number:
            left = None if deadline is None else deadline - time.monotonic()
            if self._has_ended or (left is not None and left <= 0):
                raise left_error(self._state.records_before(number))
            await self._done.wait(left)

    async def close(self, timeout: float = 5.0) -> None:
        """Flushes for so many seconds and ends the writer; as FeedbackWriter.close."""
        self._process.check()
        if not self._is_closed:
            self._is_closed = True
            self._flush_to = self._state.next_number
            self._give_up_at = time.monotonic() + timeout
            for signal in (self._work, self._news, self._done):
                signal.notify()
        await asyncio.shield(self._task)
        if self._left:
            raise left_error(self._left)

    async def __aenter__(self) -> AsyncFeedbackWriter:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with contextlib.nullcontext() if kind is None else contextlib.suppress(EmptyChairError):
            await self.close()

    def counters(self) -> Counters:
        """What the writer has done so far."""
        return self._state.counters(time.monotonic())

    # The writer's task.

    async def _run(self) -> None:
        try:
            while await self._wait_for_records():
                await self._send_over_a_stream()
        except Exception:
            _log.exception("the writer of feedback has failed")
        finally:
            self._is_closed = True
            self._left = self._state.records_before(self._state.next_number)
            self._state.abandon()
            self._settle()
            if self._state.spool is not None:
                self._state.spool.close()
            self._has_ended = True
            self._done.notify()

    async def _wait_for_records(self) -> bool:
        """Waits until there is something to send; whether there is: else the writer is to end."""
        while True:
            self._settle()
            if self._is_over():
                return False
            if self._state.has_records:
                return True
            self._wake_at = 1
            await self._work.wait(self._tick())

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

    async def _send_over_a_stream(self) -> None:
        """Opens a stream, and sends over it until it ends; then waits as long as it is worth."""
        self._state.begin_stream()
        try:
            call, endpoint = self._client._open_upload(PATH, self._state.retries)
        # Of a client that was closed; of a channel that is being closed.
        except (EmptyChairError, grpc.aio.UsageError) as error:
            await self._pause_after(make_error("UNAVAILABLE", str(error)))
            return
        stream = _Stream(call)
        tasks = [asyncio.create_task(self._write(stream)), asyncio.create_task(self._read(stream))]
        has_failed = False
        try:
            await self._follow(stream)
            # Else it is the writer that ends it now, which is no failure.
            has_failed = stream.has_ended
        finally:
            stream.has_ended = True
            self._work.notify()
            call.cancel()
            await asyncio.wait(tasks)
        if has_failed and stream.error is not None:
            self._client._after_failure(endpoint, stream.error)
            await self._pause_after(stream.error)

    async def _write(self, stream: _Stream) -> None:
        """Sends the batches of a stream as they become due."""
        state = self._state
        number = 0
        try:
            while not stream.has_ended:
                now = time.monotonic()
                batch = state.next_batch(now, at_once=self._settled < self._flush_to)
                if batch is None:
                    self._wake_at = self._options.batch_records if state.waiting else 1
                    await self._work.wait(state.seconds_to_next(now))
                    self._wake_at = _NEVER
                else:
                    number += 1
                    await stream.call.write(batch.request(number))
        except (grpc.RpcError, asyncio.InvalidStateError, asyncio.CancelledError):
            return  # The stream has ended; its reader knows why.

    async def _read(self, stream: _Stream) -> None:
        """Takes what the server says, until it ends the stream."""
        stream_error = make_error("UNAVAILABLE", "the server ended the stream")
        try:
            while (message := await stream.call.read()) is not grpc.aio.EOF:
                self._state.acknowledge(message, time.monotonic())
                self._work.notify()
                self._news.notify()
        except (grpc.RpcError, asyncio.InvalidStateError) as failure:
            stream_error = await failure_of(stream.call, failure, 1)
        except EmptyChairError as failure:
            stream_error = failure
        except asyncio.CancelledError:
            pass  # By the writer itself, in `_send_over_a_stream` or when it was stuck.
        stream.error = stream_error
        stream.has_ended = True
        self._news.notify()

    async def _follow(self, stream: _Stream) -> None:
        """Tells results until the stream has ended, or the writer is to end."""
        while not stream.has_ended:
            self._settle()
            if self._is_over():
                return
            await self._news.wait(self._tick())
            if self._state.is_stuck(time.monotonic()):
                stream.call.cancel()
        self._settle()

    async def _pause_after(self, error: EmptyChairError) -> None:
        """Waits as long as it is worth before the next stream."""
        if not self._state.has_records:
            return  # A stream that ended while nobody needed it is no failure.
        now = time.monotonic()
        until = now + self._state.fail(error, now)
        self._state.reconnects += 1
        while (now := time.monotonic()) < until:
            self._settle()
            if self._is_over():
                return
            tick = self._tick()
            await self._news.wait(until - now if tick is None else min(until - now, tick))
            self._state.expire(time.monotonic())

    def _settle(self) -> None:
        """Tells the results that there are, and then all who wait for them."""
        state = self._state
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
        if state.spool is not None:
            state.spool.acknowledge(answered)
            file = state.spool.file_to_sync()
            if file is not None:
                self._loop.run_in_executor(None, file.sync)
        self._settled = answered
        self._done.notify()
