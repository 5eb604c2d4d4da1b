"""What a FeedbackWriter is made with, and what it tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from emptychair._answers import wrap
from emptychair._errors import EmptyChairError, field_error
from emptychair._spool import Sync
from emptychair.types import Feedback
from emptychair.v1 import feedback_service_pb2

Outcome = Literal["STORED", "ALREADY_EXISTED", "REJECTED", "GAVE_UP"]
WhenFull = Literal["REFUSE", "BLOCK", "DROP_OLDEST"]


class Result(NamedTuple):
    """What became of a record.

    outcome: STORED; ALREADY_EXISTED: it was stored before the writer sent it (said only of what was
        sent once; of what was sent again nobody can tell); REJECTED: the service refused it, and
        would again; GAVE_UP: it was too old, or dropped, or the writer was closed.
    context: what was given to `add`; None for a record that an earlier process left in the spool.
    error: why it was rejected, or the last failure before it was given up; None where there was
        none.
    serialized: the record with its id and time, as it was sent.
    """

    outcome: Outcome
    context: Any
    error: EmptyChairError | None
    serialized: bytes

    @property
    def feedback(self) -> Feedback:
        """The record with its id and time; read back when it is asked for."""
        return wrap(feedback_service_pb2.Feedback.FromString(self.serialized), Feedback)


@dataclass(frozen=True)
class Counters:
    """What a writer has done since it was made.

    added: records that `add` took, and those that were in the spool.
    stored, already_existed, rejected, gave_up: records by what became of them; `dropped` are those
        of `gave_up` that made room for newer ones.
    queued_records, queued_bytes: records that are not answered yet, those in the spool included,
        and what they need in memory.
    batches: batches that were sent, those sent again included.
    reconnects: streams that were opened after one had failed.
    exceptions: what `on_result` raised.
    spool_torn_records: records that were cut off the end of the spool when it was opened, because
        their process or the machine had stopped while they were written.
    oldest_age: seconds since the oldest record that is not answered was added; 0 without one.
    last_error: the newest failure of a stream; None again once a batch is acknowledged.
    """

    added: int
    stored: int
    already_existed: int
    rejected: int
    gave_up: int
    dropped: int
    queued_records: int
    queued_bytes: int
    batches: int
    reconnects: int
    exceptions: int
    spool_torn_records: int
    oldest_age: float
    last_error: EmptyChairError | None


@dataclass(frozen=True)
class Options:
    """The options of a writer; what they mean is said there."""

    batch_records: int = 1000
    batch_bytes: int = 1 << 20
    linger: float = 0.010
    queue_bytes: int = 64 << 20
    when_full: WhenFull = "REFUSE"
    block_timeout: float = 10.0
    in_flight_batches: int = 8
    give_up_after: float = 900.0
    spool_bytes: int = 1 << 30
    sync: Sync = "INTERVAL"

    def __post_init__(self) -> None:
        for name, low, high in (
            ("batch_records", 1, 10_000),
            ("batch_bytes", 1, 4 << 20),
            ("linger", 0, 3600),
            ("queue_bytes", 1, 1 << 50),
            ("block_timeout", 0, 86_400),
            ("in_flight_batches", 1, 8),
            ("give_up_after", 0, 30 * 86_400),
            ("spool_bytes", 1, 1 << 50),
        ):
            value = getattr(self, name)
            if (
                isinstance(value, bool)
                or not isinstance(value, (int, float))
                or not low <= value <= high
            ):
                raise field_error(name, f"got {value!r:.60}, wanted {low:,} to {high:,}")
        for name, known in (
            ("when_full", ("REFUSE", "BLOCK", "DROP_OLDEST")),
            ("sync", ("INTERVAL", "ALWAYS")),
        ):
            value = getattr(self, name)
            if value not in known:
                raise field_error(name, f"got {value!r:.60}, wanted one of {', '.join(known)}")
