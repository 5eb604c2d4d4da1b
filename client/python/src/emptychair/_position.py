"""Positions in the feed of changes."""

from __future__ import annotations

import re
from dataclasses import dataclass

from emptychair._errors import field_error

_TEXT = re.compile(r"([^:]+):([^:]+):([0-9]{1,19})")
_SEQUENCE_MAX = (1 << 63) - 1


@dataclass(frozen=True)
class Position:
    """Says up to which change a store was read: `store_id`, `epoch` and `sequence`.

    `str()` gives `STORE_ID:EPOCH:SEQUENCE`, which chairctl prints and takes.
    """

    store_id: str = ""
    epoch: str = ""
    sequence: int = 0

    def __str__(self) -> str:
        return f"{self.store_id}:{self.epoch}:{self.sequence}"

    @staticmethod
    def parse(text: str) -> Position:
        """Reads what `str()` gives, and "0", which stands before the oldest change that is kept.

        Raises InvalidArgument. Whether the store has the position is for the server to say.
        """
        if text == "0":
            return Position()
        found = _TEXT.fullmatch(text)
        if found is None or int(found[3]) > _SEQUENCE_MAX:
            raise field_error(
                "position",
                f"got {text!r}, wanted STORE_ID:EPOCH:SEQUENCE as it was answered, or 0 for the "
                "oldest change that is kept",
            )
        return Position(found[1], found[2], int(found[3]))
