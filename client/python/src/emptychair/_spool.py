"""A directory that keeps a writer's records until they are answered, also over its process.

Files `%016x.spool`, named by the number of their first record: `ECSPOOL1`, then for each record its
length and its crc32, 32 bits little-endian each, and its bytes, a serialized Feedback. The file
`acked` has the number, 64 bits little-endian, below which all is answered, and its crc32. The
clients in other languages read and write the same.
"""

from __future__ import annotations

import fcntl
import logging
import os
import re
import struct
import time
import zlib
from typing import IO, Iterator, Literal, NamedTuple

from emptychair._errors import field_error, make_error

Sync = Literal["INTERVAL", "ALWAYS"]

_MAGIC = b"ECSPOOL1"
_HEAD = struct.Struct("<II")
_ACKED = struct.Struct("<QI")
_FILE_BYTES_MAX = 16 << 20
_RECORD_BYTES_MAX = 4 << 20
_NAME = re.compile(r"[0-9a-f]{16}\.spool")
_SYNC_SECONDS = 1.0

_log = logging.getLogger("emptychair")


class _File(NamedTuple):
    """A file of the spool. Its records are `first` to `end`, this one not included."""

    path: str
    first: int
    end: int


class FileToSync:
    """A file that is to be on the disk; apart from the spool, because that takes a while."""

    def __init__(self, descriptor: int, directory: str | None) -> None:
        self._descriptor = descriptor
        self._directory = directory

    def sync(self) -> None:
        try:
            os.fdatasync(self._descriptor)
            if self._directory is not None:
                _sync_directory(self._directory)
        except OSError:
            _log.exception("spool: the disk does not keep it")
        finally:
            os.close(self._descriptor)


class Spool:
    """The records of one writer on disk. Not thread-safe; one process at a time has a directory."""

    def __init__(self, directory: str, bytes_max: int = 1 << 30, sync: Sync = "INTERVAL") -> None:
        if sync not in ("INTERVAL", "ALWAYS"):
            raise field_error("sync", f"got {sync!r:.60}, wanted INTERVAL or ALWAYS")
        self._directory = directory
        self._bytes_max = bytes_max
        self._sync_always = sync == "ALWAYS"
        # Records at the end of the last file that were cut off, because they were not whole.
        self.cut_records = 0
        self._out: IO[bytes] | None = None
        self._out_bytes = 0
        self._is_new = False
        self._next_sync: float | None = None
        try:
            os.makedirs(directory, exist_ok=True)
            self._lock = _lock(directory)
            self._load()
        except OSError as error:
            raise field_error("spool", f"{error.filename!r}: {error.strerror}") from None

    def _load(self) -> None:
        acked = _read_acked(os.path.join(self._directory, "acked"))
        names = sorted(name for name in os.listdir(self._directory) if _NAME.fullmatch(name))
        self._files: list[_File] = []
        self.next_number = acked or 0
        for index, name in enumerate(names):
            path = os.path.join(self._directory, name)
            first = int(name[:16], 16)
            count = self._check(path, is_last=index + 1 == len(names))
            self.next_number = max(self.next_number, first + (count or 0))
            if count:
                self._files.append(_File(path, first, first + count))
        self._acked = acked if acked is not None else self._first_number()
        self._bytes = sum(os.path.getsize(file.path) for file in self._files)
        self._delete_answered()
        self._backlog_files = list(self._files)
        self._backlog_at = max(self._acked, self._first_number())
        self.backlog_records = sum(file.end - max(file.first, self._acked) for file in self._files)

    def _first_number(self) -> int:
        return self._files[0].first if self._files else self.next_number

    def _check(self, path: str, is_last: bool) -> int | None:
        """The number of records in a file, mended at its end; None for one that was set aside.

        A file without records is deleted.
        """
        count, good, size = 0, len(_MAGIC), os.path.getsize(path)
        with open(path, "rb") as file:
            has_magic = file.read(len(_MAGIC)) == _MAGIC
            while has_magic and (record := _read_record(file)) is not None:
                count += 1
                good += _HEAD.size + len(record)
        if not has_magic and not (is_last and size < len(_MAGIC)):
            _set_aside(path, count)
            return None
        if has_magic and good < size:
            if not (is_last and _is_only_the_end(path, good)):
                _set_aside(path, count)
                return None
            self.cut_records += 1
            os.truncate(path, good)
        if count == 0:
            os.unlink(path)
        return count

    def has_room(self, size: int) -> bool:
        """Whether a record of so many bytes can be appended."""
        return self._bytes + size + _HEAD.size + len(_MAGIC) <= self._bytes_max

    def append(self, encoded: bytes) -> None:
        """Writes a record. It outlives this process when this is back; with ALWAYS, a power cut."""
        frame = _HEAD.pack(len(encoded), zlib.crc32(encoded)) + encoded
        try:
            if self._out is None or self._out_bytes + len(frame) > _FILE_BYTES_MAX:
                self._begin_file()
            assert self._out is not None
            self._out.write(frame)
            if self._sync_always:
                self._sync()
        except OSError as error:
            self._mend_after_failure()
            raise make_error(
                "RESOURCE_EXHAUSTED", f"spool: {error.strerror}", reason="SPOOL"
            ) from None
        self._out_bytes += len(frame)
        self._bytes += len(frame)
        file = self._files[-1]
        self._files[-1] = file._replace(end=file.end + 1)
        self.next_number += 1
        if self._next_sync is None:
            self._next_sync = time.monotonic() + _SYNC_SECONDS

    def _begin_file(self) -> None:
        self._end_file()
        path = os.path.join(self._directory, f"{self.next_number:016x}.spool")
        # Without a buffer: what is written is the system's, whatever happens to this process.
        out = open(path, "xb", buffering=0)
        out.write(_MAGIC)
        self._is_new = True
        self._out, self._out_bytes = out, len(_MAGIC)
        self._bytes += len(_MAGIC)
        self._files.append(_File(path, self.next_number, self.next_number))

    def _mend_after_failure(self) -> None:
        """Takes half a record off the file, so that the next does not follow it."""
        if self._out is not None:
            try:
                os.ftruncate(self._out.fileno(), self._out_bytes)
                self._out.seek(self._out_bytes)
            except OSError:
                _log.exception("spool: the file cannot be mended")

    def file_to_sync(self) -> FileToSync | None:
        """What the disk is to keep now: what was written a second ago, or before. Else None."""
        if self._next_sync is None or time.monotonic() < self._next_sync or self._out is None:
            return None
        self._next_sync = None
        directory = self._directory if self._is_new else None
        self._is_new = False
        return FileToSync(os.dup(self._out.fileno()), directory)

    def _sync(self) -> None:
        if self._out is not None:
            os.fdatasync(self._out.fileno())
            if self._is_new:
                _sync_directory(self._directory)
                self._is_new = False

    def acknowledge(self, number: int) -> None:
        """All records below `number` are answered."""
        if number <= self._acked:
            return
        path = os.path.join(self._directory, "acked")
        data = struct.pack("<Q", number)
        try:
            with open(path + ".new", "wb") as file:
                file.write(data + struct.pack("<I", zlib.crc32(data)))
            os.rename(path + ".new", path)
            self._acked = number
            self._delete_answered()
        except OSError:  # Such as of a full disk. The next acknowledgement says it as well.
            _log.exception("spool: it cannot be noted what is answered")

    def _delete_answered(self) -> None:
        while self._files and self._files[0].end <= self._acked:
            file = self._files.pop(0)
            if not self._files and self._out is not None:
                self._out.close()
                self._out = None
            self._bytes -= os.path.getsize(file.path)
            os.unlink(file.path)

    def backlog(self) -> Iterator[tuple[int, bytes]]:
        """What earlier processes left and nobody has answered: numbers and records, oldest
        first.
        """
        for file in self._backlog_files:
            with open(file.path, "rb") as data:
                data.seek(len(_MAGIC))
                for number in range(file.first, file.end):
                    record = _read_record(data)
                    if record is None:
                        raise make_error("DATA_LOSS", f"spool: {file.path} was changed")
                    if number >= self._backlog_at:
                        self._backlog_at = number + 1
                        yield number, record

    def backlog_number(self) -> int:
        """The number of the next record of the backlog."""
        return self._backlog_at

    def close(self) -> None:
        """Lets go of the directory. What is not answered stays in it."""
        self._end_file()
        os.close(self._lock)

    def _end_file(self) -> None:
        if self._out is not None:
            self._sync()
            self._out.close()
            self._out = None


def _set_aside(path: str, count: int) -> None:
    os.rename(path, path + ".bad")
    _log.error("spool: %s is damaged after %d records and was set aside as .bad", path, count)


def _lock(directory: str) -> int:
    descriptor = os.open(
        os.path.join(directory, "lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
    )
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise make_error(
            "FAILED_PRECONDITION", f"spool: another writer has {directory!r}; wanted one for each"
        ) from None
    return descriptor


def _read_record(file: IO[bytes]) -> bytes | None:
    """The next record; None at the end, and for one that is short or wrong."""
    head = file.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    length, crc = _HEAD.unpack(head)
    if length > _RECORD_BYTES_MAX:
        return None
    record = file.read(length)
    return record if len(record) == length and zlib.crc32(record) == crc else None


def _is_only_the_end(path: str, good: int) -> bool:
    """Whether behind `good` bytes there is no more than one record that is short or wrong."""
    size = os.path.getsize(path)
    if size - good < _HEAD.size:
        return True
    with open(path, "rb") as file:
        file.seek(good)
        length = int(_HEAD.unpack(file.read(_HEAD.size))[0])
    return good + _HEAD.size + length >= size


def _read_acked(path: str) -> int | None:
    """The number in the file `acked`; None without one, or when it is damaged: all is sent
    again.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(_ACKED.size + 1)
    except FileNotFoundError:
        return None
    if len(data) != _ACKED.size:
        return None
    number, crc = _ACKED.unpack(data)
    return int(number) if zlib.crc32(data[:8]) == crc else None


def _sync_directory(directory: str) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
