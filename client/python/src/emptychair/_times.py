"""Times as the service has them, and ids made of them."""

from __future__ import annotations

import os
from datetime import datetime, timedelta, timezone
from typing import Any

from emptychair._errors import field_error

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MILLISECOND = timedelta(milliseconds=1)
_ID_MS_MAX = (1 << 48) - 1


def unix_ms(time: Any, field: str) -> int:
    """Milliseconds since 1970 of an aware datetime, cut; InvalidArgument for anything else."""
    if not isinstance(time, datetime):
        raise field_error(field, f"got {type(time).__name__}, wanted a datetime with its zone")
    if time.utcoffset() is None:
        raise field_error(
            field, "got a datetime without a zone, wanted one such as datetime.now(timezone.utc)"
        )
    ms = (time - EPOCH) // _MILLISECOND
    if ms == 0:
        raise field_error(
            field,
            "got exactly 1970-01-01T00:00:00Z, which is what a time that was never set says; "
            "wanted the time meant, or None",
        )
    return ms


def from_unix_ms(ms: int) -> datetime:
    """The aware UTC datetime."""
    return EPOCH + timedelta(milliseconds=ms)


def from_timestamp(timestamp: Any) -> datetime:
    """A google.protobuf.Timestamp as an aware UTC datetime; digits past microseconds are cut."""
    return EPOCH + timedelta(seconds=timestamp.seconds, microseconds=timestamp.nanos // 1000)


class _RandomBits:
    """74 random bits each, from the system, which are read many at a time. Thread-safe."""

    _BYTES = 10
    _AT_ONCE = 256

    def __init__(self) -> None:
        self._pool: list[int] = []

    def take(self) -> int:
        while True:
            try:
                return self._pool.pop() >> 6  # pop is atomic: no two threads get the same.
            except IndexError:
                data = os.urandom(self._BYTES * self._AT_ONCE)
                self._pool.extend(
                    int.from_bytes(data[i : i + self._BYTES], "big")
                    for i in range(0, len(data), self._BYTES)
                )

    def forget(self) -> None:
        self._pool = []


_random_bits = _RandomBits()
# A child would make the ids of its parent.
os.register_at_fork(after_in_child=_random_bits.forget)


def id_of_ms(ms: int) -> str:
    """A new feedback_id for a time in milliseconds since 1970."""
    bits = _random_bits.take()
    ms = min(max(ms, 0), _ID_MS_MAX)
    return (
        f"{ms >> 16:08x}-{ms & 0xFFFF:04x}-{0x7000 | bits >> 62:04x}-"
        f"{0x8000 | bits >> 48 & 0x3FFF:04x}-{bits & 0xFFFFFFFFFFFF:012x}"
    )


def new_feedback_id(occur_time: datetime) -> str:
    """Makes a `feedback_id`: a UUIDv7 whose time is `occur_time`, cut to milliseconds.

    The other 74 bits are random. Keep the id with the record and send it again with every retry.
    Raises InvalidArgument for a time without a zone. Thread-safe.
    """
    return id_of_ms(unix_ms(occur_time, "occur_time"))
