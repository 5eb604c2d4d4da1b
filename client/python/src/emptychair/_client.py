"""The client."""

from __future__ import annotations

import collections
import contextlib
import queue
import threading
import time
from typing import Any, Callable, Generator, Generic, Iterable, Iterator, Sequence, TypeVar

import grpc

from emptychair import _calls
from emptychair._answers import Answer, wrap
from emptychair._connection import Process, Settings, Tls, check_timeout, make_settings, target_of
from emptychair._errors import EmptyChairError, from_rpc, make_error
from emptychair._methods import Methods
from emptychair._position import Position
from emptychair._retries import Retries
from emptychair._stubs import Stubs
from emptychair._table import Method
from emptychair._watch import Watch

_R = TypeVar("_R", bound=Answer)
_I = TypeVar("_I", bound=Answer)

# Batches of an upload that are sent and not yet acknowledged.
UPLOAD_WINDOW = 8

# Seconds in which grpcio's thread notices that nobody wants to know a channel's state any more: it
# looks five times a second.
_WATCH_ENDS = 0.4


class Channels:
    """A channel to each endpoint, of which one is used until it fails. Thread-safe."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._credentials = settings.credentials()
        self._channels: list[grpc.Channel | None] = [None] * len(settings.endpoints)
        self._lock = threading.Lock()
        self._now = 0
        self._is_closed = False
        self._watching: list[tuple[grpc.Channel, Callable[..., None]]] = []
        self._watched_until = 0.0

    def use(self) -> tuple[int, grpc.Channel]:
        """The channel to use, and its number for `failed`."""
        with self._lock:
            if self._is_closed:
                raise make_error("FAILED_PRECONDITION", "the client is closed")
            channel = self._channels[self._now]
            if channel is None:
                channel = self._channels[self._now] = self._open(self._now)
            return self._now, channel

    def failed(self, number: int) -> None:
        """Goes to the next endpoint, unless another call has done so."""
        with self._lock:
            if number == self._now:
                self._now = (number + 1) % len(self._channels)

    @contextlib.contextmanager
    def connecting(self) -> Iterator[None]:
        """Has the channel go on connecting while nobody calls.

        grpcio's sync channels look at their sockets only while somebody waits for something of
        them: over a plain sleep a connection that was begun would run into its time limit instead.
        """

        def ignore(connectivity: grpc.ChannelConnectivity) -> None:
            pass

        with self._lock:
            channel = None if self._is_closed else self._channels[self._now]
            watch = (channel, ignore)
            if channel is not None:
                channel.subscribe(ignore, try_to_connect=True)
                self._watching.append(watch)
        try:
            yield
        finally:
            with self._lock:
                if channel is not None and watch in self._watching:
                    self._unwatch(watch)

    def _unwatch(self, watch: tuple[grpc.Channel, Callable[..., None]]) -> None:
        self._watching.remove(watch)
        channel, callback = watch
        channel.unsubscribe(callback)
        self._watched_until = time.monotonic() + _WATCH_ENDS

    def sleep(self, seconds: float) -> None:
        """Waits for the next attempt."""
        if seconds > 0:
            with self.connecting():
                time.sleep(seconds)

    def close(self) -> None:
        # A thread of grpcio's that still watches a channel when it is closed dies with a traceback.
        with self._lock:
            self._is_closed = True
            for watch in list(self._watching):
                self._unwatch(watch)
        time.sleep(max(self._watched_until - time.monotonic(), 0.0))
        with self._lock:
            for channel in self._channels:
                if channel is not None:
                    channel.close()

    def _open(self, number: int) -> grpc.Channel:
        target = target_of(self._settings.endpoints[number])
        if self._credentials is None:
            return grpc.insecure_channel(target, self._settings.options())
        return grpc.secure_channel(target, self._credentials, self._settings.options())


class Listing(Generic[_I, _R], Iterator[_I]):
    """The items of a list, fetched page by page as they are reached. For one thread at a time."""

    def __init__(self, fetch: Callable[[str], _R], items: str) -> None:
        self._fetch = fetch
        self._items = items
        self._first: _R | None = None
        self._page: Iterator[_I] = iter(())
        self._token: str | None = ""

    @property
    def first_page(self) -> _R:
        """The whole answer of the first page: what it says beside its items, such as `position`."""
        if self._first is None:
            self._next_page()
        assert self._first is not None
        return self._first

    def __iter__(self) -> Listing[_I, _R]:
        return self

    def __next__(self) -> _I:
        while True:
            for item in self._page:
                return item
            if self._token is None:
                raise StopIteration
            self._next_page()

    def _next_page(self) -> None:
        page: Any = self._fetch(self._token or "")
        if self._first is None:
            self._first = page
        self._page = iter(getattr(page, self._items))
        self._token = page.next_page_token or None


class Client(Methods):
    """Calls the service: one method for each of its RPCs, with its fields as named arguments.

        with emptychair.Client("127.0.0.1:7443") as client:
            client.submit_feedback("checkout", score=9)

    endpoint: "HOST:PORT", or "unix:PATH" of a socket, or several of them: the next one is used
        after a failure. None: EMPTYCHAIR_ENDPOINT, else 127.0.0.1:7443.
    credentials: a Tls; None: what EMPTYCHAIR_TLS, …_CA_FILE, …_CERT_FILE, …_CERT_KEY_FILE and
        …_SERVER_NAME say, else plain text.
    api_key_file: a file with the key that every call sends. Read now, and once more when the server
        answers UNAUTHENTICATED: if it has another key by then, the call is sent once more with
        that. None: EMPTYCHAIR_KEY_FILE, else no key.
    api_key_source: gives the key in place of a file, at the same moments, for programs that keep it
        elsewhere; of asyncio, too, it is a plain function.
    timeout: seconds that a call may take from its start to its answer, all attempts and the waiting
        between them included: above 0, at most 86,400. Streams are not bounded by it. None:
        EMPTYCHAIR_TIMEOUT ("10s"), else 10.
    allow_key_in_plain_text: whether the key may be sent in plain text to an endpoint that is
        neither loopback nor a socket. Who reads along on the way can then do all that the key may
        do.
    traceparent: gives the W3C traceparent of the trace that the caller is in, or None. Called for
        each attempt, on the thread that makes the call.

    What can succeed a little later (UNAVAILABLE, and RESOURCE_EXHAUSTED that says when to come
    back) is sent again until the timeout; every method but delete_survey, delete_activity_kind,
    create_key, rotate_key and create_backup can be repeated, and does nothing twice. The first call
    connects.

    Raises InvalidArgument for options that cannot work. Thread-safe. Not to be used in a child of
    the process that made it: a call there raises FAILED_PRECONDITION.
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
        self._channels = Channels(self._settings)
        self._process = Process()

    @property
    def stubs(self) -> Stubs:
        """The raw stubs of the services, for single pages and for messages as they are.

        They send what they are given, once: `metadata=client.metadata()` says who is calling.
        """
        self._process.check()
        return Stubs(self._channels.use()[1])

    def metadata(self) -> list[tuple[str, str]]:
        """What calls by the raw stubs send beside their request."""
        return _calls.metadata_of(self._settings)

    def close(self) -> None:
        """Ends the connections, and with them all calls that are under way."""
        self._channels.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _unary(self, rpc: str, kind: type[_R], timeout: float | None, /, **values: Any) -> _R:
        method = self._method(rpc)
        request = _calls.make_request(method, values)
        response = self._call(method, request, timeout)
        answered: _R = _calls.answer(method, kind, response, request)
        return answered

    def _list(
        self, rpc: str, item: type[_I], kind: type[_R], timeout: float | None, /, **values: Any
    ) -> Listing[_I, _R]:
        method = self._method(rpc)
        request = _calls.make_request(method, values)

        def fetch(token: str) -> _R:
            request.page_token = token or request.page_token
            return wrap(self._call(method, request, timeout), kind)

        return Listing(fetch, method.item.name)

    def _stream(
        self, rpc: str, kind: type[_R], timeout: float | None, /, **values: Any
    ) -> Generator[_R, None, None]:
        method = self._method(rpc)
        request = _calls.make_request(method, values)
        return self._read_stream(method, request, kind, timeout)

    def _watch(
        self, rpc: str, timeout: float | None, /, *, position: Position | None = None, **values: Any
    ) -> Watch:
        method = self._method(rpc)
        request = _calls.make_watch(method, position, values)
        retries = self._retries(timeout)
        retries.forget_until_failure()
        return Watch(
            request, retries, lambda feed: _Opened(self, method, feed), self._channels.sleep
        )

    def _upload(
        self,
        rpc: str,
        kind: type[_R],
        timeout: float | None,
        batches: Iterable[Any],
        /,
        import_id: str | None,
    ) -> Generator[_R, None, None]:
        method = self._method(rpc)
        requests = (
            _calls.make_batch(method, batch, number, import_id)
            for number, batch in enumerate(batches, 1)
        )
        return self._send_batches(method, requests, kind, timeout)

    def _method(self, rpc: str) -> Method:
        # First of all: even to make a message takes locks, which a child may never get.
        self._process.check()
        return _calls.methods()[rpc]

    def _retries(self, timeout: float | None) -> Retries:
        limit = self._settings.timeout if timeout is None else check_timeout(timeout)
        return Retries(limit, self._settings.api_key)

    def _call(self, method: Method, request: Any, timeout: float | None) -> Any:
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
                return stub(
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
            self._channels.sleep(wait)

    def _after_failure(self, number: int, error: EmptyChairError) -> None:
        """Goes to another endpoint, if that may help; for this package."""
        if error.code == "UNAVAILABLE":
            self._channels.failed(number)

    def _read_stream(
        self, method: Method, request: Any, kind: type[_R], timeout: float | None
    ) -> Generator[_R, None, None]:
        """The messages of a stream, which is sent once, but for a key that was renewed."""
        retries = self._retries(timeout)
        attempts = 0
        while True:
            attempts += 1
            call, number = self._open_stream(method, request, retries, timeout)
            try:
                for message in call:
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

    def _connecting(self) -> contextlib.AbstractContextManager[None]:
        """Has the connection go on being made while nobody calls; for this package."""
        return self._channels.connecting()

    def _open_upload(self, path: str, requests: Iterator[Any], retries: Retries) -> tuple[Any, int]:
        """A stream of batches and its acknowledgements as bytes; for this package."""
        self._process.check()
        number, channel = self._channels.use()
        stub = channel.stream_stream(path, _calls.serialize, None)
        return stub(requests, metadata=_calls.metadata_of(self._settings, retries)), number

    def _send_batches(
        self, method: Method, requests: Iterator[Any], kind: type[_R], timeout: float | None
    ) -> Generator[_R, None, None]:
        """Acknowledgements in order; what is not acknowledged is sent again after a failure."""
        response_class = _calls.message_class(method.response)
        retries = self._retries(timeout)
        unacknowledged: collections.deque[Any] = collections.deque()
        attempts = 0
        is_done = False
        while unacknowledged or not is_done:
            attempts += 1
            outgoing: queue.SimpleQueue[Any] = queue.SimpleQueue()
            for request in unacknowledged:
                outgoing.put(request)
            call, number = self._open_upload(method.path, iter(outgoing.get, None), retries)
            try:
                while True:
                    while not is_done and len(unacknowledged) < UPLOAD_WINDOW:
                        request = next(requests, None)
                        if request is None:
                            is_done = True
                        else:
                            unacknowledged.append(request)
                            outgoing.put(request)
                    if not unacknowledged:
                        break
                    response = response_class.FromString(next(call))
                    unacknowledged.popleft()
                    retries.forget_until_failure()
                    attempts = 1
                    yield wrap(response, kind)
            except StopIteration:
                error = EmptyChairError("INTERNAL", "the server ended an upload early")
                raise error from None
            except grpc.RpcError as failure:
                error = from_rpc(failure, attempts)
                self._after_failure(number, error)
                wait = retries.wait_after(error)
                if wait is None:
                    raise error from None
                self._channels.sleep(wait)
            finally:
                outgoing.put(None)
                call.cancel()


class _Opened:
    """A stream of the feed of changes that tells its client when an endpoint fails."""

    def __init__(self, client: Client, method: Method, feed: Any) -> None:
        self._client = client
        self._call, self._number = client._open_stream(method, feed.request, feed.retries)

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        try:
            return next(self._call)
        except grpc.RpcError as failure:
            self._client._after_failure(self._number, from_rpc(failure, 0))
            raise

    def cancel(self) -> None:
        self._call.cancel()
