"""Empty Chair's client for Python: send feedback, and ask what it means.

    import emptychair

    with emptychair.Client("127.0.0.1:7443") as client:
        client.submit_feedback("checkout", score=9)

`Client` and `AsyncClient` have a method for each RPC of the service. `FeedbackWriter` and
`AsyncFeedbackWriter` are for code that must not wait for feedback. Every error is an
`EmptyChairError`. Answers, and the dicts that go into requests, are in `emptychair.types`.
"""

from emptychair import _google_rpc as _google_rpc  # Before anything that needs google.rpc.
from emptychair import types as types
from emptychair._async_client import AsyncClient, AsyncListing
from emptychair._async_writer import AsyncFeedbackWriter
from emptychair._client import Client, Listing
from emptychair._connection import Tls
from emptychair._errors import (
    AlreadyExists,
    EmptyChairError,
    FieldViolation,
    InvalidArgument,
    NotFound,
    Unauthenticated,
    Unavailable,
)
from emptychair._position import Position
from emptychair._times import new_feedback_id
from emptychair._watch import AsyncWatch, Watch
from emptychair._writer import FeedbackWriter
from emptychair._writer_options import Counters, Result

MetricResult = types.QueryMetricResponse

__all__ = [
    "AlreadyExists",
    "AsyncClient",
    "AsyncFeedbackWriter",
    "AsyncListing",
    "AsyncWatch",
    "Client",
    "Counters",
    "EmptyChairError",
    "FeedbackWriter",
    "FieldViolation",
    "InvalidArgument",
    "Listing",
    "MetricResult",
    "NotFound",
    "Position",
    "Result",
    "Tls",
    "Unauthenticated",
    "Unavailable",
    "Watch",
    "new_feedback_id",
    "types",
]
