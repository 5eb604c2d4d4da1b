"""What a FeedbackWriter knows: records that wait, batches that are sent, what became of them.

No threads and no I/O but for the spool's: whoever uses it lets one at a time in. Times are those of
a monotonic clock, in seconds.
"""

from __future__ import annotations

import collections
import itertools
from typing import Any, Callable, Iterable, NamedTuple

from google.protobuf.message import DecodeError

from emptychair._errors import EmptyChairError, from_status, is_retryable, make_error
from emptychair._records import varint
from emptychair._retries import Key, Retries
from emptychair._spool import Spool
from emptychair._writer_options import Counters, Options, Outcome, Result
from emptychair.v1 import feedback_service_pb2

PATH = "/emptychair.v1.FeedbackService/StreamFeedback"

# Seconds between attempts where only somebody's doing helps: another key, a newer server.
_LONG_WAIT = 30.0
_NEED_HELP = ("UNAUTHENTICATED", "PERMISSION_DENIED", "UNIMPLEMENTED")
# What Python needs for a record beside its bytes.
_RECORD_OVERHEAD = 200
# What a record needs in a batch beside its bytes, at most.
_FRAME_BYTES = 5
_RECORD_OF_BATCH = varint(
    feedback_service_pb2.StreamFeedbackRequest.DESCRIPTOR.fields_by_name["feedback"].number << 3 | 2
)
_LENGTHS = [_RECORD_OF_BATCH + varint(length) for length in range(1 << 12)]
_NUMBER = varint(
    feedback_service_pb2.StreamFeedbackRequest.DESCRIPTOR.fields_by_name["batch_number"].number << 3
)


class Entry(NamedTuple):
    """A record on its way."""

    encoded: bytes
    context: Any
    added: float
    number: int


class Batch:
    """Records that are sent together, and together again."""

    __slots__ = ("attempts", "entries")

    def __init__(self, entries: list[Entry], attempts: int = 0) -> None:
        self.entries = entries
        # How often it was sent; one of the spool may have been by a process before this.
        self.attempts = attempts

    def request(self, number: int) -> bytes:
        """The StreamFeedbackRequest."""
        parts = [_NUMBER, varint(number)]
        for entry in self.entries:
            encoded = entry[0]
            size = len(encoded)
            parts.append(_LENGTHS[size] if size < 4096 else _RECORD_OF_BATCH + varint(size))
            parts.append(encoded)
        return b"".join(parts)


class WriterState:
    """The records of a writer. Not thread-safe."""

    def __init__(
        self,
        options: Options,
        spool: Spool | None,
        wants_results: bool,
        key: Key | None,
        **retries: Callable[[], float],
    ) -> None:
        self.options = options
        self.spool = spool
        self.results: collections.deque[Result] = collections.deque()
        self.retries = Retries(float("inf"), key, **retries)
        self.last_error: EmptyChairError | None = None
        self.exceptions = 0
        self.reconnects = 0
        self._wants_results = wants_results
        # In no batch yet.
        self.waiting: collections.deque[Entry] = collections.deque()
        self.waiting_bytes = 0
        # Of records that are in the spool alone: those that came with one.
        self._contexts: dict[int, Any] = {}
        # Formed, in order, and not acknowledged. The first `_sent` went over the present stream.
        self._batches: collections.deque[Batch] = collections.deque()
        self._sent = 0
        self._next_acknowledged = 1
        self._deferred: list[tuple[float, Batch]] = []
        self._next_number = spool.next_number if spool is not None else 0
        self._first_own_number = self._next_number
        self._added = self._unread
        # Of the records in the spool that are not answered.
        self._spool_bytes = spool.found_bytes if spool is not None else 0
        self._queued_bytes = 0
        self._counts = dict.fromkeys(("STORED", "ALREADY_EXISTED", "REJECTED", "GAVE_UP"), 0)
        self._dropped = 0
        self._sent_batches = 0

    # Records that come in.

    @property
    def _unread(self) -> int:
        """Records that are in the spool alone: read when all that came before is in a batch."""
        return self.spool.unread_records if self.spool is not None else 0

    def _fits_memory(self, size: int, share: float = 1.0) -> bool:
        return self._queued_bytes + size + _RECORD_OVERHEAD <= share * self.options.queue_bytes

    def has_room(self, size: int, has_context: bool) -> bool:
        """Whether a record of so many bytes can be taken."""
        if self.spool is None:
            return self._fits_memory(size)
        has_disk = self._spool_bytes + size <= self.options.spool_bytes
        return has_disk and (not has_context or self._fits_memory(0))

    def drop_for(self, size: int, has_context: bool) -> bool:
        """Drops what waits longest in memory until there is room; whether there is."""
        error = make_error(
            "RESOURCE_EXHAUSTED", "the record made room for a newer one", reason="QUEUE_FULL"
        )
        while not self.has_room(size, has_context) and self.waiting:
            entry = self.waiting.popleft()
            self.waiting_bytes -= len(entry.encoded)
            self._dropped += 1
            self._answer(entry, "GAVE_UP", error)
        return self.has_room(size, has_context)

    def add(self, encoded: bytes, context: Any, now: float) -> None:
        """Takes a record; the spool has it when this is back."""
        if self.spool is not None:
            # Half of the memory is left to contexts. What is read from there must not be overtaken.
            is_in_memory = not self._unread and self._fits_memory(len(encoded), 0.5)
            self.spool.append(encoded, is_passed_over=is_in_memory)
            self._spool_bytes += len(encoded)
            if not is_in_memory:
                if context is not None:
                    self._contexts[self._next_number] = context
                    self._queued_bytes += _RECORD_OVERHEAD
                self._next_number += 1
                self._added += 1
                return
        self.waiting.append(Entry(encoded, context, now, self._next_number))
        self._next_number += 1
        self._added += 1
        self.waiting_bytes += len(encoded)
        self._queued_bytes += len(encoded) + _RECORD_OVERHEAD

    @property
    def next_number(self) -> int:
        """The number that the next record gets."""
        return self._next_number

    # Batches that go out.

    def begin_stream(self) -> None:
        """A stream is opened: all that is not acknowledged goes over it, first."""
        self._sent = 0
        self._next_acknowledged = 1

    def next_batch(self, now: float, *, at_once: bool = False) -> Batch | None:
        """The batch to send now, if any; it counts as sent. `at_once`: no lingering."""
        if self._sent >= self.options.in_flight_batches:
            return None
        if self._sent == len(self._batches):
            batch = (
                self._due_batch(now)
                or self._new_batch(now, at_once or bool(self._unread))
                or self._spooled_batch(now)
            )
            if batch is None:
                return None
            self._batches.append(batch)
        batch = self._batches[self._sent]
        self._sent += 1
        batch.attempts += 1
        self._sent_batches += 1
        return batch

    def seconds_to_next(self, now: float) -> float | None:
        """When `next_batch` may have another answer by itself; None: not before something
        happens.
        """
        if self._sent >= self.options.in_flight_batches:
            return None
        due = [at for at, _ in self._deferred]
        if self.waiting:
            due.append(self.waiting[0].added + self.options.linger)
        return max(min(due) - now, 0.0) if due else None

    def _due_batch(self, now: float) -> Batch | None:
        for index, (due, batch) in enumerate(self._deferred):
            if due <= now:
                del self._deferred[index]
                return batch
        return None

    def _spooled_batch(self, now: float) -> Batch | None:
        """A batch of what is in the spool alone."""
        entries: list[Entry] = []
        size = 0
        while self.spool is not None and (
            len(entries) < self.options.batch_records and size < self.options.batch_bytes
        ):
            found = self.spool.read()
            if found is None:
                break
            number, encoded = found
            context = self._contexts.pop(number, None)
            if context is not None:
                self._queued_bytes -= _RECORD_OVERHEAD
            entries.append(Entry(encoded, context, now, number))
            size += len(encoded) + _FRAME_BYTES
            self._queued_bytes += len(encoded) + _RECORD_OVERHEAD
        if not entries:
            return None
        # An earlier process may have sent what it has left.
        return Batch(entries, attempts=int(entries[0].number < self._first_own_number))

    def _new_batch(self, now: float, at_once: bool) -> Batch | None:
        options, waiting = self.options, self.waiting
        if not waiting:
            return None
        is_due = (
            at_once
            or len(waiting) >= options.batch_records
            or self.waiting_bytes >= options.batch_bytes
            or now - waiting[0].added >= options.linger
        )
        if not is_due:
            return None
        entries = [waiting.popleft()]
        size = len(entries[0].encoded) + _FRAME_BYTES
        left = min(options.batch_records - 1, len(waiting))
        while (
            left and (size := size + len(waiting[0].encoded) + _FRAME_BYTES) <= options.batch_bytes
        ):
            entries.append(waiting.popleft())
            left -= 1
        self.waiting_bytes -= sum([len(entry[0]) for entry in entries])
        return Batch(entries)

    # What becomes of them.

    def acknowledge(self, message: bytes, now: float) -> None:
        """Takes the acknowledgement of the oldest batch that was sent.

        Raises INTERNAL when it is none; then the stream is of no use any more.
        """
        try:
            response = feedback_service_pb2.StreamFeedbackResponse.FromString(message)
        except DecodeError:
            raise make_error("INTERNAL", "the server sent what is no acknowledgement") from None
        if not self._sent or response.batch_number != self._next_acknowledged:
            raise make_error("INTERNAL", "the server acknowledged a batch that was not sent")
        batch = self._batches.popleft()
        self._sent -= 1
        self._next_acknowledged += 1
        self.last_error = None
        self.retries.forget_until_failure()
        existed = (
            frozenset(response.already_existed_indexes) if batch.attempts == 1 else frozenset()
        )
        if not response.failures and not existed:
            size = sum([len(entry[0]) for entry in batch.entries])
            self._counts["STORED"] += len(batch.entries)
            self._queued_bytes -= size + _RECORD_OVERHEAD * len(batch.entries)
            self._spool_bytes -= size
            if self._wants_results:
                self.results.extend(
                    [Result("STORED", entry[1], None, entry[0]) for entry in batch.entries]
                )
            return
        failures = {failure.index: failure.status for failure in response.failures}
        for index, entry in enumerate(batch.entries):
            if index in failures:
                self._refused(entry, from_status(failures[index]), now, batch.attempts)
            else:
                self._answer(entry, "ALREADY_EXISTED" if index in existed else "STORED", None)

    def _refused(self, entry: Entry, error: EmptyChairError, now: float, attempts: int) -> None:
        error.attempts = attempts
        if not is_retryable(error):
            self._answer(entry, "REJECTED", error)
            return
        delay = self.retries.first_wait(error)
        self.last_error = error
        if self._is_too_old(entry, now):
            self._answer(entry, "GAVE_UP", error)
        else:
            self._deferred.append((now + delay, Batch([entry], attempts)))

    def fail(self, error: EmptyChairError, now: float) -> float:
        """The stream ended with an error; seconds to wait before the next."""
        self.last_error = error
        was_sent = self._sent
        self._sent = 0
        if was_sent and _is_of_batch(error):
            self._halve(error)
            return 0.0
        self.expire(now)
        if _needs_help(error):
            wait = self.retries.wait_after(error)
            return _LONG_WAIT if wait is None else wait
        # What else there is, such as a reset of a proxy, is a connection that is gone.
        if not is_retryable(error):
            error = make_error("UNAVAILABLE", error.message)
        return self.retries.wait_after(error) or 0.0

    def _halve(self, error: EmptyChairError) -> None:
        """Finds the record that a batch is refused for."""
        batch = self._batches.popleft()
        middle = len(batch.entries) // 2
        if middle == 0:
            error.attempts = batch.attempts
            self._answer(batch.entries[0], "REJECTED", error)
            return
        self._batches.appendleft(Batch(batch.entries[middle:], batch.attempts))
        self._batches.appendleft(Batch(batch.entries[:middle], batch.attempts))

    def _is_too_old(self, entry: Entry, now: float) -> bool:
        limit = self.options.give_up_after
        return limit > 0 and now - entry.added >= limit

    def expire(self, now: float) -> None:
        """Gives up the records that are too old. No stream is open."""
        while self.waiting and self._is_too_old(self.waiting[0], now):
            entry = self.waiting.popleft()
            self.waiting_bytes -= len(entry.encoded)
            self._answer(entry, "GAVE_UP", self.last_error)
        for batch in [*self._batches, *(batch for _, batch in self._deferred)]:
            kept = []
            for entry in batch.entries:
                if self._is_too_old(entry, now):
                    self._answer(entry, "GAVE_UP", self.last_error)
                else:
                    kept.append(entry)
            batch.entries = kept
        self._batches = collections.deque(batch for batch in self._batches if batch.entries)
        self._deferred = [(due, batch) for due, batch in self._deferred if batch.entries]

    def is_stuck(self, now: float) -> bool:
        """Whether something that was sent is too old to wait for its acknowledgement."""
        return bool(self._sent) and self._is_too_old(self._batches[0].entries[0], now)

    def abandon(self) -> None:
        """Gives up all that is left. With a spool it stays there, unanswered."""
        if self.spool is not None:
            return
        error = self.last_error or make_error("CANCELLED", "the writer was closed")
        entries = itertools.chain(*(batch.entries for batch in self._all_batches()), self.waiting)
        for entry in list(entries):
            self._answer(entry, "GAVE_UP", error)
        self.waiting.clear()
        self._batches.clear()
        self._deferred.clear()
        self._sent = 0

    def _all_batches(self) -> Iterable[Batch]:
        return itertools.chain(self._batches, (batch for _, batch in self._deferred))

    def _answer(self, entry: Entry, outcome: Outcome, error: EmptyChairError | None) -> None:
        self._counts[outcome] += 1
        self._queued_bytes -= len(entry.encoded) + _RECORD_OVERHEAD
        self._spool_bytes -= len(entry.encoded)
        if self._wants_results:
            self.results.append(Result(outcome, entry.context, error, entry.encoded))

    # Where it stands.

    def oldest_number(self) -> int:
        """The number of the oldest record that is not answered; the next number without one."""
        oldest = self.waiting[0].number if self.waiting else self._next_number
        if self.spool is not None and self._unread:
            oldest = min(oldest, self.spool.read_number())
        for batch in self._all_batches():
            oldest = min(oldest, batch.entries[0].number)
        return oldest

    def records_before(self, number: int) -> int:
        """How many records below a number are not answered."""
        own = sum(entry.number < number for entry in self.waiting)
        sent = sum(
            entry.number < number for batch in self._all_batches() for entry in batch.entries
        )
        unread = self.spool.unread_before(number) if self.spool is not None else 0
        return own + sent + unread

    @property
    def unsent_records(self) -> int:
        """How many records are in no batch yet."""
        return len(self.waiting) + self._unread

    @property
    def has_records(self) -> bool:
        """Whether anything is not answered yet."""
        return bool(self.waiting or self._batches or self._deferred or self._unread)

    def counters(self, now: float) -> Counters:
        entries = [batch.entries[0] for batch in self._all_batches()]
        if self.waiting:
            entries.append(self.waiting[0])
        in_batches = sum(len(batch.entries) for batch in self._all_batches())
        return Counters(
            added=self._added,
            stored=self._counts["STORED"],
            already_existed=self._counts["ALREADY_EXISTED"],
            rejected=self._counts["REJECTED"],
            gave_up=self._counts["GAVE_UP"],
            dropped=self._dropped,
            queued_records=len(self.waiting) + in_batches + self._unread,
            queued_bytes=self._queued_bytes,
            batches=self._sent_batches,
            reconnects=self.reconnects,
            exceptions=self.exceptions,
            spool_torn_records=self.spool.torn_records if self.spool is not None else 0,
            oldest_age=max((now - entry.added for entry in entries), default=0.0),
            last_error=self.last_error,
        )


def _is_final(error: EmptyChairError) -> bool:
    return error.code == "RESOURCE_EXHAUSTED" and error.retry_delay is None


def _is_of_batch(error: EmptyChairError) -> bool:
    """Whether the batch is at fault: refused as a whole, or too large for gRPC."""
    return error.code in ("INVALID_ARGUMENT", "OUT_OF_RANGE") or (
        _is_final(error) and error.reason is None
    )


def _needs_help(error: EmptyChairError) -> bool:
    """Whether only people can mend it: who the caller is, what it may do, its quota, and whom it
    calls.
    """
    return error.code in _NEED_HELP or (_is_final(error) and error.reason is not None)


def left_error(count: int) -> EmptyChairError:
    """The error of who waited in vain for so many records."""
    return make_error(
        "DEADLINE_EXCEEDED",
        f"{count} records are not answered yet",
        metadata={"left": str(count)},
    )
