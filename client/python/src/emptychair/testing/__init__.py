"""A real server for the tests of programs that use this package.

    pytest_plugins = ["emptychair.testing"]     # In conftest.py.

    def test_that_an_answer_is_sent(fake_server):
        with emptychair.Client(fake_server.endpoint) as client: ...

It is Empty Chair itself with its store in memory and a clock that stands still, run by the program
`emptychair-fake`, and can be told to fail, to cut connections and to restart. `FakeServer` is the
same without pytest. (PYTEST_DONT_REWRITE)
"""

from __future__ import annotations

import os
import shutil
import subprocess
from datetime import datetime
from typing import Any, Iterator, Literal

import grpc

from emptychair._calls import methods
from emptychair._connection import CHANNEL_OPTIONS
from emptychair._errors import field_error, from_rpc
from emptychair._times import unix_ms
from emptychair.testing.v1 import fake_service_pb2, fake_service_pb2_grpc
from google.protobuf import timestamp_pb2
from google.rpc import code_pb2

Code = Literal[
    "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
    "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE",
    "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
]  # fmt: skip

PROGRAM = "emptychair-fake"

# Seconds, for what takes no time on a machine that has some.
_PATIENCE = 60


class FakeServer:
    """An `emptychair-fake` of its own, until `close`; also as a context manager.

    program: its path; None: that of the environment's EMPTYCHAIR_FAKE, else the one in PATH.
    time: where the server's clock stands until `set_time`; None: at the machine's time.

    Each call is back once it is done. Thread-safe; in asyncio, `restart` takes so long that it
    belongs into `asyncio.to_thread`. Raises FileNotFoundError where there is no program, and
    EmptyChairError when it refuses what it is asked. A server that was not closed ends with this
    process.
    """

    def __init__(
        self, program: str | os.PathLike[str] | None = None, *, time: datetime | None = None
    ) -> None:
        command = [_find(program), "--until-stdin-ends"]
        if time is not None:
            command.append(f"--time={_timestamp(time).ToJsonString()}")
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._channel: Any = None
        try:
            self._endpoint = self._read("listening on ")
            control = self._read("controlled on ")
        except BaseException:
            self.close()
            raise
        self._channel = grpc.insecure_channel(control, CHANNEL_OPTIONS)
        stub: Any = fake_service_pb2_grpc.FakeServiceStub  # It has no types.
        self._stub = stub(self._channel)

    @property
    def endpoint(self) -> str:
        """HOST:PORT for a client; the same over restarts."""
        return self._endpoint

    def set_time(self, time: datetime) -> None:
        """Sets the server's clock, forwards or backwards; it stands there."""
        self._call("SetTime", fake_service_pb2.SetTimeRequest(time=_timestamp(time)))

    def fail_next(
        self, code: Code, *, method: str | None = None, count: int = 1, message: str = ""
    ) -> None:
        """Has the next `count` calls fail before the server does anything.

        method: the name of a client's method, such as "submit_feedback", or the full name of an
            RPC, "emptychair.v1.FeedbackService/SubmitFeedback"; None: every method. Asking anew
            for the same method replaces what is left.

        Each attempt of a client is a call; a stream is one when it begins.
        """
        self._call(
            "FailNext",
            fake_service_pb2.FailNextRequest(
                method=_full_name(method), code=_number(code), count=count, message=message
            ),
        )

    def drop_connections(self) -> int:
        """Cuts all connections, in the middle of what is under way; how many there were."""
        dropped: int = self._call(
            "DropConnections", fake_service_pb2.DropConnectionsRequest()
        ).dropped
        return dropped

    def restart(self) -> None:
        """Stops the server and starts it anew, with the same store, at the same endpoint."""
        self._call("Restart", fake_service_pb2.RestartRequest())

    def close(self) -> None:
        """Ends the server; its store is gone. A second call does nothing."""
        if self._channel is not None:
            self._channel.close()
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def __enter__(self) -> FakeServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read(self, prefix: str) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line.startswith(prefix):
            raise RuntimeError(f"{PROGRAM} said {line!r}, wanted {prefix!r}; stderr has more")
        return line.removeprefix(prefix).rstrip("\n")

    def _call(self, rpc: str, request: Any) -> Any:
        try:
            return getattr(self._stub, rpc)(request, timeout=_PATIENCE)
        except grpc.RpcError as error:
            raise from_rpc(error, 1) from None


def _find(program: str | os.PathLike[str] | None) -> str:
    wanted = os.fspath(program or os.environ.get("EMPTYCHAIR_FAKE") or PROGRAM)
    found = shutil.which(wanted)
    if found is None:
        raise FileNotFoundError(
            f"there is no program {wanted!r}; wanted the path of {PROGRAM} as an "
            "argument or in EMPTYCHAIR_FAKE, or it in PATH"
        )
    return found


def _timestamp(time: datetime) -> Any:
    seconds, ms = divmod(unix_ms(time, "time"), 1000)
    return timestamp_pb2.Timestamp(seconds=seconds, nanos=ms * 1_000_000)


def _full_name(method: str | None) -> str:
    if method is None or "/" in method:
        return method or ""
    paths = {one.name: one.path.removeprefix("/") for one in methods().values()}
    if method not in paths:
        raise field_error(
            "method", f"got {method!r:.60}, wanted one of {', '.join(sorted(paths))}"
        )
    return paths[method]


def _number(code: str) -> int:
    numbers = {name: number for name, number in code_pb2.Code.items() if number}
    if code not in numbers:
        raise field_error("code", f"got {code!r:.60}, wanted one of {', '.join(numbers)}")
    return int(numbers[code])


try:
    import pytest
except ImportError:  # There is the class.
    pass
else:

    @pytest.fixture
    def fake_server() -> Iterator[FakeServer]:
        """A FakeServer of the test's own."""
        with FakeServer() as server:
            yield server
