"""The client for asyncio."""

from __future__ import annotations

import asyncio
import collections
from typing import (
    Any,
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Generic,
    Iterable,
    Iterator,
    Sequence,
    TypeVar,
)

import grpc
import grpc.aio

from emptychair import _calls
from emptychair._answers import Answer, wrap
from emptychair._async_methods import AsyncMethods
from emptychair._client import UPLOAD_WINDOW
from emptychair._connection import Process, Settings, Tls, check_timeout, make_settings, target_of
from emptychair._errors import EmptyChairError, from_rpc, make_error
from emptychair._position import Position
from emptychair._retries import Retries
from emptychair._stubs import Stubs
from emptychair._table import Method
from emptychair._watch import AsyncWatch

_R = TypeVar("_R", bound=Answer)
_I = TypeVar("_I", bound=Answer)


class AsyncChannels:
    """A channel to each endpoint, of which one is used until it fails. For one event loop."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._credentials = settings.credentials()
        self._channels: list[Any] = [None] * len(settings.endpoints)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_closed = False
        self._now = 0

    def use(self) -> tuple[int, Any]:
        """The channel to use, and its number for `failed`."""
        loop = asyncio.get_running_loop()
        if self._is_closed:
            raise make_error("FAILED_PRECONDITION", "the client is closed")
        if self._loop is None:
            self._loop = loop
        elif self._loop is not loop:
            raise make_error(
                "FAILED_PRECONDITION",
                "the client was used in another event loop before; make one in each loop",
            )
        if self._channels[self._now] is None:
            self._channels[self._now] = self._open(self._now)
        return self._now, self._channels[self._now]

    def failed(self, number: int) -> None:
        """Goes to the next endpoint, unless another call has done so."""
        if number == self._now:
            self._now = (number + 1) % len(self._channels)

    async def close(self) -> None:
        self._is_closed = True
        for channel in self._channels:
            if channel is not None:
                await channel.close()

    def _open(self, number: int) -> Any:
        target = target_of(self._settings.endpoints[number])
        options = self._settings.options()
        if self._credentials is None:
            return grpc.aio.insecure_channel(target, options)
        return grpc.aio.secure_channel(target, self._credentials, options)


class AsyncListing(Generic[_I, _R], AsyncIterator[_I]):
    """The items of a list, fetched page by page as they are reached. For one task at a time."""

    def __init__(self, fetch: Callable[[str], Awaitable[_R]], items: str) -> None:
        self._fetch = fetch
        self._items = items
        self._first: _R | None = None
        self._page: Iterator[_I] = iter(())
        self._token: str | None = ""

    async def first_page(self) -> _R:
        """The whole answer of the first page: what it says beside its items, such as `position`."""
        if self._first is None:
            await self._next_page()
        assert self._first is not None
        return self._first

    def __aiter__(self) -> AsyncListing[_I, _R]:
        return self

    async def __anext__(self) -> _I:
        while True:
            for item in self._page:
                return item
            if self._token is None:
                raise StopAsyncIteration
            await self._next_page()

    async def _next_page(self) -> None:
        page: Any = await self._fetch(self._token or "")
        if self._first is None:
            self._first = page
        self._page = iter(getattr(page, self._items))
        self._token = page.next_page_token or None


class AsyncClient(AsyncMethods):
    """As Client, for asyncio: methods are coroutines, lists and streams asynchronous iterators.

        async with emptychair.AsyncClient("127.0.0.1:7443") as client:
            await client.submit_feedback("checkout", score=9)

    The arguments are those of Client. For the event loop that it is first used in: another one gets
    FAILED_PRECONDITION. Cancelling a task cancels its call, which may have been carried out.
    """

    def __init__(
        self,
        endpoint: str | Sequence[str] | None = None,
        *,
        credentials: Tls | None = None,
        api_key_file: str | None = None,
        api_key_source: Callable[[], str] | None = None,
        timeout: float | None = None,
        allow_key_in_plain_text: bool = False,
        traceparent: Callable[[], str | None] | None = None,
    ) -> None:
        self._settings = make_settings(
            endpoint, credentials, api_key_file, timeout, allow_key_in_plain_text, traceparent,
            api_key_source,
        )  # fmt: skip
        self._channels = AsyncChannels(self._settings)
        self._process = Process()

    @property
    def stubs(self) -> Stubs:
        """The raw stubs of the services, of grpc.aio; as Client.stubs."""
        self._process.check()
        return Stubs(self._channels.use()[1])

    def metadata(self) -> list[tuple[str, str]]:
        """What calls by the raw stubs send beside their request."""
        return _calls.metadata_of(self._settings)

    async def close(self) -> None:
        """Ends the connections, and with them all calls that are under way."""
        await self._channels.close()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _unary(self, rpc: str, kind: type[_R], timeout: float | None, /, **values: Any) -> _R:
        method = self._method(rpc)
        request = _calls.make_request(method, values)
        response = await self._call(method, request, timeout)
        answered: _R = _calls.answer(method, kind, response, request)
        return answered

    def _list(
        self, rpc: str, item: type[_I], kind: type[_R], timeout: float | None, /, **values: Any
    ) -> AsyncListing[_I, _R]:
        method = self._method(rpc)
        request = _calls.make_request(method, values)

        async def fetch(token: str) -> _R:
            request.page_token = token or request.page_token
            return wrap(await self._call(method, request, timeout), kind)

        return AsyncListing(fetch, method.item.name)

    def _stream(
        self, rpc: str, kind: type[_R], timeout: float | None, /, **values: Any
    ) -> AsyncGenerator[_R, None]:
        method = self._method(rpc)
        request = _calls.make_request(method, values)
        return self._read_stream(method, request, kind, timeout)

    def _watch(
        self, rpc: str, timeout: float | None, /, *, position: Position | None = None, **values: Any
    ) -> AsyncWatch:
        method = self._method(rpc)
        request = _calls.make_watch(method, position, values)
        retries = self._retries(timeout)
        retries.forget_until_failure()
        return AsyncWatch(request, retries, lambda feed: _Opened(self, method, feed))

    def _upload(
        self,
        rpc: str,
        kind: type[_R],
        timeout: float | None,
        batches: Iterable[Any] | AsyncIterable[Any],
        /,
        import_id: str | None,
    ) -> AsyncGenerator[_R, None]:
        method = self._method(rpc)
        return self._send_batches(method, _requests(method, batches, import_id), kind, timeout)

    def _method(self, rpc: str) -> Method:
        # First of all: even to make a message takes locks, which a child may never get.
        self._process.check()
        return _calls.methods()[rpc]

    def _retries(self, timeout: float | None) -> Retries:
        limit = self._settings.timeout if timeout is None else check_timeout(timeout)
        return Retries(limit, self._settings.api_key)

    async def _call(self, method: Method, request: Any, timeout: float | None) -> Any:
        """Sends a request, again if need be, and answers the response."""
        retries = self._retries(timeout)
        attempts = 0
        while True:
            number, channel = self._channels.use()
            stub = channel.unary_unary(
                method.path, _calls.serialize, _calls.message_class(method.response).FromString
            )
            attempts += 1
            try:
                return await stub(
                    request,
                    timeout=retries.time_left(),
                    metadata=_calls.metadata_of(self._settings, retries),
                )
            except grpc.RpcError as failure:
                error = from_rpc(failure, attempts)
            self._after_failure(number, error)
            wait = retries.wait_after(error, can_repeat=method.can_repeat)
            if wait is None:
                raise error
            await asyncio.sleep(wait)

    def _after_failure(self, number: int, error: EmptyChairError) -> None:
        """Goes to another endpoint, if that may help; for this package."""
        if error.code == "UNAVAILABLE":
            self._channels.failed(number)

    async def _read_stream(
        self, method: Method, request: Any, kind: type[_R], timeout: float | None
    ) -> AsyncGenerator[_R, None]:
        """The messages of a stream, which is sent once, but for a key that was renewed."""
        retries = self._retries(timeout)
        attempts = 0
        while True:
            attempts += 1
            call, number = self._open_stream(method, request, retries, timeout)
            try:
                while (message := await call.read()) is not grpc.aio.EOF:
                    yield wrap(message, kind)
                return
            except grpc.RpcError as failure:
                error = from_rpc(failure, attempts)
                self._after_failure(number, error)
                if retries.wait_after(error, can_repeat=False) is None:
                    raise error from None
            finally:
                call.cancel()

    def _open_stream(
        self, method: Method, request: Any, retries: Retries, timeout: float | None = None
    ) -> tuple[Any, int]:
        number, channel = self._channels.use()
        stub = channel.unary_stream(
            method.path, _calls.serialize, _calls.message_class(method.response).FromString
        )
        metadata = _calls.metadata_of(self._settings, retries)
        return stub(request, timeout=timeout, metadata=metadata), number

    def _open_upload(self, path: str, retries: Retries) -> tuple[Any, int]:
        """A stream of batches and its acknowledgements as bytes; for this package."""
        self._process.check()
        number, channel = self._channels.use()
        stub = channel.stream_stream(path, _calls.serialize, None)
        return stub(metadata=_calls.metadata_of(self._settings, retries)), number

    async def _send_batches(
        self, method: Method, requests: AsyncIterator[Any], kind: type[_R], timeout: float | None
    ) -> AsyncGenerator[_R, None]:
        """Acknowledgements in order; what is not acknowledged is sent again after a failure."""
        response_class = _calls.message_class(method.response)
        retries = self._retries(timeout)
        unacknowledged: collections.deque[Any] = collections.deque()
        attempts = 0
        is_done = False
        while unacknowledged or not is_done:
            attempts += 1
            call, number = self._open_upload(method.path, retries)
            try:
                for request in list(unacknowledged):
                    await call.write(request)
                while True:
                    while not is_done and len(unacknowledged) < UPLOAD_WINDOW:
                        request = await anext(requests, None)
                        if request is None:
                            is_done = True
                        else:
                            unacknowledged.append(request)
                            await call.write(request)
                    if not unacknowledged:
                        break
                    message = await call.read()
                    if message is grpc.aio.EOF:
                        raise EmptyChairError("INTERNAL", "the server ended an upload early")
                    unacknowledged.popleft()
                    retries.forget_until_failure()
                    attempts = 1
                    yield wrap(response_class.FromString(message), kind)
            except (grpc.RpcError, asyncio.InvalidStateError) as failure:
                error = await failure_of(call, failure, attempts)
                self._after_failure(number, error)
                wait = retries.wait_after(error)
                if wait is None:
                    raise error from None
                await asyncio.sleep(wait)
            finally:
                call.cancel()


async def failure_of(call: Any, failure: BaseException, attempts: int) -> EmptyChairError:
    """Why a stream ended, after a write or a read failed."""
    if isinstance(failure, grpc.RpcError):
        return from_rpc(failure, attempts)
    # A write after the end says only that it came too late.
    code, details = await call.code(), await call.details()
    ended = grpc.aio.AioRpcError(
        code, await call.initial_metadata(), await call.trailing_metadata(), details
    )
    return from_rpc(ended, attempts)


async def _requests(
    method: Method, batches: Iterable[Any] | AsyncIterable[Any], import_id: str | None
) -> AsyncIterator[Any]:
    number = 0
    if isinstance(batches, AsyncIterable):
        async for batch in batches:
            number += 1
            yield _calls.make_batch(method, batch, number, import_id)
    else:
        for batch in batches:
            number += 1
            yield _calls.make_batch(method, batch, number, import_id)


class _Opened:
    """A stream of the feed of changes that tells its client when an endpoint fails."""

    def __init__(self, client: AsyncClient, method: Method, feed: Any) -> None:
        self._client = client
        self._call, self._number = client._open_stream(method, feed.request, feed.retries)

    async def read(self) -> Any:
        try:
            return await self._call.read()
        except grpc.RpcError as failure:
            self._client._after_failure(self._number, from_rpc(failure, 0))
            raise

    def cancel(self) -> None:
        self._call.cancel()
