"""The feed of changes, as an iterator that outlives restarts of the server."""

from __future__ import annotations

import asyncio
from typing import Any, AsyncIterator, Callable, Iterator, Protocol

import grpc

from emptychair._answers import wrap
from emptychair._errors import EmptyChairError, from_rpc
from emptychair._position import Position
from emptychair._retries import Retries
from emptychair.types import WatchFeedbackResponse


class _Feed:
    """Where a watch stands, and when it is worth another attempt."""

    def __init__(self, request: Any, retries: Retries) -> None:
        self.request = request
        self.retries = retries
        self.attempts = 0
        self.position: Position | None = None
        if request.HasField("after_sequence"):
            self.position = Position(request.store_id, request.epoch, request.after_sequence)

    def take(self, message: Any) -> bool:
        """Moves on behind a message; whether it has changes."""
        self.retries.forget_until_failure()
        self.attempts = 1
        self.position = Position(message.store_id, message.epoch, message.sequence)
        self.request.after_sequence = message.sequence
        self.request.store_id = message.store_id
        self.request.epoch = message.epoch
        return bool(message.changes)

    def wait_after(self, error: Any) -> float:
        """Seconds to wait before the next attempt; raises when there is none."""
        failure = error if isinstance(error, EmptyChairError) else from_rpc(error, self.attempts)
        wait = self.retries.wait_after(failure)
        if wait is None:
            raise failure from None
        return wait


class Opener(Protocol):
    """Opens a stream of the feed, of a sync client or one for asyncio."""

    def __call__(self, feed: Any) -> Any: ...


class Watch(Iterator[WatchFeedbackResponse]):
    """Messages with changes, in order, without gaps or repeats. For one thread at a time.

    Goes on behind the last message it handed out when the connection breaks or the server restarts,
    and raises when that takes longer than the client's timeout, or at once when there is no going
    on: STORE_CHANGED, SEQUENCE_TRIMMED, a key that is refused. Then another watch can go on from
    `position`. `close()` ends it, from any thread.
    """

    def __init__(
        self,
        request: Any,
        retries: Retries,
        open_stream: Opener,
        sleep: Callable[[float], None],
    ) -> None:
        self._feed = _Feed(request, retries)
        self._open = open_stream
        self._sleep = sleep
        self._call: Any = None
        self._closed = False

    @property
    def position(self) -> Position | None:
        """Behind the last message, also one without changes; None before there was one."""
        return self._feed.position

    def __iter__(self) -> Watch:
        return self

    def __next__(self) -> WatchFeedbackResponse:
        while not self._closed:
            try:
                if self._call is None:
                    self._feed.attempts += 1
                    self._call = self._open(self._feed)
                message = next(self._call, None)
                if message is None:
                    raise _ended(self._feed)
                if self._feed.take(message):
                    return wrap(message, WatchFeedbackResponse)
            except (grpc.RpcError, EmptyChairError) as error:
                self._call = None
                if self._closed:
                    break
                self._sleep(self._feed.wait_after(error))
        raise StopIteration

    def close(self) -> None:
        """Ends the watch: whoever waits for a message gets StopIteration."""
        self._closed = True
        call = self._call
        if call is not None:
            call.cancel()

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncWatch(AsyncIterator[WatchFeedbackResponse]):
    """As Watch, for asyncio."""

    def __init__(self, request: Any, retries: Retries, open_stream: Opener) -> None:
        self._feed = _Feed(request, retries)
        self._open = open_stream
        self._call: Any = None
        self._closed = False

    @property
    def position(self) -> Position | None:
        """Behind the last message, also one without changes; None before there was one."""
        return self._feed.position

    def __aiter__(self) -> AsyncWatch:
        return self

    async def __anext__(self) -> WatchFeedbackResponse:
        while not self._closed:
            try:
                if self._call is None:
                    self._feed.attempts += 1
                    self._call = self._open(self._feed)
                message = await self._call.read()
                if message is grpc.aio.EOF:
                    raise _ended(self._feed)
                if self._feed.take(message):
                    return wrap(message, WatchFeedbackResponse)
            except asyncio.CancelledError:
                if not self._closed:
                    raise
            except (grpc.RpcError, EmptyChairError) as error:
                self._call = None
                if self._closed:
                    break
                await asyncio.sleep(self._feed.wait_after(error))
        raise StopAsyncIteration

    def close(self) -> None:
        """Ends the watch."""
        self._closed = True
        if self._call is not None:
            self._call.cancel()

    async def __aenter__(self) -> AsyncWatch:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()


def _ended(feed: _Feed) -> EmptyChairError:
    return EmptyChairError(
        "INTERNAL", "the server ended a stream that has no end", attempts=feed.attempts
    )
