"""When a call that failed is sent again."""

from __future__ import annotations

import random
import time
from typing import Callable, Protocol

from emptychair._errors import EmptyChairError, is_retryable

FIRST_WAIT = 0.1
LONGEST_WAIT = 2.0


class Key(Protocol):
    """What a call sends to say who it is."""

    def renew_after(self, sent: str) -> bool:
        """Reads the key anew; whether it is another one than `sent` by now."""


class Retries:
    """The failures of a call since something last went well. For one thread.

    Waits 100 ms after the first, doubled up to 2 s, of which a random share is waited; a delay that
    the server asks for comes on top. Gives up when the wait would end after `timeout` seconds.
    """

    def __init__(
        self,
        timeout: float,
        key: Key | None = None,
        *,
        jitter: Callable[[], float] = random.random,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._timeout = timeout
        self._key = key
        self._jitter = jitter
        self._clock = clock
        self.sent_key = ""
        self._since: float | None = None
        self.begin()

    def begin(self) -> None:
        """Time counts from now, and the next failure is the first."""
        self.forget_until_failure()
        self._since = self._clock()

    def forget_until_failure(self) -> None:
        """The next failure is the first, and time counts from then."""
        self._since = None
        self._next = FIRST_WAIT
        self._has_renewed = False

    def time_left(self) -> float:
        """Seconds of the timeout that are left; at least 0."""
        if self._since is None:
            return self._timeout
        return max(self._timeout - (self._clock() - self._since), 0.0)

    def first_wait(self, error: EmptyChairError) -> float:
        """Seconds to wait after a failure that is the first, of what can be repeated for ever."""
        delay = error.retry_delay.total_seconds() if error.retry_delay is not None else 0.0
        return delay + self._jitter() * FIRST_WAIT

    def wait_after(self, error: EmptyChairError, *, can_repeat: bool = True) -> float | None:
        """Seconds to wait before the next attempt; None: there is none.

        A call that cannot be repeated is sent again only after it was refused for its key, which
        has done nothing.
        """
        if error.code == "UNAUTHENTICATED":
            if self._key is None or self._has_renewed:
                return None
            self._has_renewed = True
            return 0.0 if self._key.renew_after(self.sent_key) else None
        if not can_repeat or not is_retryable(error):
            return None
        if self._since is None:
            self._since = self._clock()
        wait = self._jitter() * self._next
        self._next = min(2 * self._next, LONGEST_WAIT)
        if error.retry_delay is not None:
            wait += error.retry_delay.total_seconds()
        return wait if wait < self.time_left() else None
