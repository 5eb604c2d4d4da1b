"""What the tests of the Python client have in common."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from concurrent import futures

import grpc
import pytest

import emptychair
from emptychair.v1 import feedback_service_pb2, feedback_service_pb2_grpc

pytest_plugins = ["emptychair.testing"]

DEADLINE = 30  # Seconds, for what takes no time.


class Server:
    """An emptychaird on a directory, that can be killed and started again on its port."""

    def __init__(self, directory, *flags):
        self.directory = str(directory)
        self.flags = flags
        self.port = 0
        self.process = None
        self.start()

    @property
    def endpoint(self):
        return f"127.0.0.1:{self.port}"

    def start(self):
        self.process = subprocess.Popen(
            [
                os.environ["EMPTYCHAIRD"],
                *("--data", self.directory, "--listen", f"127.0.0.1:{self.port}", *self.flags),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        line = self.process.stdout.readline()
        assert line.startswith("listening on "), line
        self.port = int(line.rsplit(":", 1)[1])

    def kill(self):
        self._end(signal.SIGKILL)

    def stop(self):
        self._end(signal.SIGTERM)

    def restart(self):
        self.kill()
        self.start()

    def _end(self, number):
        self.process.send_signal(number)
        self.process.wait(DEADLINE)
        self.process.stdout.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """A server for tests that leave it running."""
    one = Server(tmp_path_factory.mktemp("store"))
    yield one
    one.stop()


@pytest.fixture
def own_server(tmp_path):
    """A server for tests that kill it."""
    one = Server(tmp_path / "store")
    yield one
    one.kill()


@pytest.fixture
def client(server):
    with emptychair.Client(server.endpoint, timeout=DEADLINE) as one:
        yield one


_names = iter(range(1 << 30))


@pytest.fixture
def survey(client):
    """The id of a new NPS survey."""
    name = f"survey-{next(_names)}"
    client.create_survey(name, kind="NPS", dimensions=["channel"])
    return name


@pytest.fixture
def seed():
    """A seed that is printed when the test fails, and replayed by EMPTYCHAIR_TEST_SEED."""
    number = int(os.environ.get("EMPTYCHAIR_TEST_SEED", random.SystemRandom().randrange(1 << 32)))
    print(f"EMPTYCHAIR_TEST_SEED={number}", file=sys.stderr)
    return number


class FakeService(feedback_service_pb2_grpc.FeedbackServiceServicer):
    """A FeedbackService whose answers a test decides.

    `on_batch(request, context)` gives the acknowledgement of a batch, or aborts the call;
    `on_stream(requests, context)`, where there is one, those of a whole stream.
    """

    def __init__(self):
        self.on_batch = acknowledge
        self.on_stream = None
        self.batches = []
        self.metadata = []

    def StreamFeedback(self, requests, context):
        self.metadata.append(dict(context.invocation_metadata()))
        if self.on_stream is not None:
            yield from self.on_stream(requests, context)
        for request in requests:
            self.batches.append([one.external_id for one in request.feedback])
            yield self.on_batch(request, context)


def acknowledge(request, context, failures=(), existed=()):
    """The acknowledgement of a batch: `failures` are pairs of an index and a status."""
    response = feedback_service_pb2.StreamFeedbackResponse(
        batch_number=request.batch_number,
        accepted_count=len(request.feedback) - len(failures) - len(existed),
        already_existed_count=len(existed),
        already_existed_indexes=existed,
    )
    for index, status in failures:
        response.failures.add(index=index, status=status)
    return response


@pytest.fixture
def fake():
    """A FakeService and the client of its server."""
    service = FakeService()
    server = grpc.server(futures.ThreadPoolExecutor(8))
    feedback_service_pb2_grpc.add_FeedbackServiceServicer_to_server(service, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with emptychair.Client(f"127.0.0.1:{port}", timeout=DEADLINE) as one:
        service.client = one
        service.endpoint = f"127.0.0.1:{port}"
        yield service
    server.stop(None)


def status_of(code, message="", reason=None, delay_ms=None):
    """A google.rpc.Status as the service sends it."""
    from google.rpc import code_pb2, error_details_pb2, status_pb2

    status = status_pb2.Status(code=code_pb2.Code.Value(code), message=message)
    if reason:
        info = error_details_pb2.ErrorInfo(reason=reason, domain="emptychair")
        status.details.add().Pack(info)
    if delay_ms is not None:
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromMilliseconds(delay_ms)
        status.details.add().Pack(retry)
    return status


def abort(context, *arguments, **details):
    """Ends a call of a FakeService with a status, and its details."""
    status = status_of(*arguments, **details)
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    code = next(code for code in grpc.StatusCode if code.value[0] == status.code)
    context.abort(code, status.message)


def set_back_an_hour(monkeypatch):
    """Sets the clock that ids and times are made by back."""
    real = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real() - 3600 * 10**9)


class Gate:
    """Holds acknowledgements back until it is opened."""

    def __init__(self, fake):
        self.event = threading.Event()
        fake.on_batch = self.on_batch

    def on_batch(self, request, context):
        self.event.wait(DEADLINE)
        return acknowledge(request, context)


def writer_of(fake, results, **options):
    return emptychair.FeedbackWriter(fake.client, on_result=results.append, **options)
