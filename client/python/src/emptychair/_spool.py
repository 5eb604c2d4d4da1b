"""A directory that keeps a writer's records until they are answered, also over its process.

Files `%016x.spool`, named by the number of their first record: `ECSPOOL1`, then for each record its
length and its crc32, 32 bits little-endian each, and its bytes, a serialized Feedback. The file
`acked` has the number, 64 bits little-endian, below which all is answered, and its crc32. The
clients in other languages read and write the same.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import re
import struct
import time
import zlib
from typing import IO, Literal, NamedTuple

from emptychair._errors import EmptyChairError, field_error, make_error

Sync = Literal["INTERVAL", "ALWAYS"]

_MAGIC = b"ECSPOOL1"
_HEAD = struct.Struct("<II")
_ACKED = struct.Struct("<QI")
_FILE_BYTES_MAX = 16 << 20
_RECORD_BYTES_MAX = 1 << 20
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
    """The records of one writer on disk. Not thread-safe; one process at a time has a directory.

    Errors: InvalidArgument for a directory that cannot be used; FAILED_PRECONDITION while another
    writer has it; DATA_LOSS when a file was damaged, which is set aside as `.bad` by then.
    """

    def __init__(self, directory: str, sync: Sync = "INTERVAL") -> None:
        self._directory = directory
        self._sync_always = sync == "ALWAYS"
        # Records at the end of the last file that were cut off, because they were not whole.
        self.torn_records = 0
        # Bytes of the records that were not answered when it was opened.
        self.found_bytes = 0
        self._out: IO[bytes] | None = None
        self._out_bytes = 0
        self._is_new = False
        self._next_sync: float | None = None
        self._reader: IO[bytes] | None = None
        self._reader_first = 0
        try:
            with contextlib.suppress(FileExistsError):
                os.mkdir(directory, 0o700)
            self._lock = _lock(directory)
        except OSError as error:
            raise _unusable(error) from None
        try:
            self._load()
        except OSError as error:
            os.close(self._lock)
            raise _unusable(error) from None
        except EmptyChairError:
            os.close(self._lock)
            raise

    def _load(self) -> None:
        acked = _read_acked(os.path.join(self._directory, "acked"))
        names = sorted(name for name in os.listdir(self._directory) if _NAME.fullmatch(name))
        firsts = [int(name[:16], 16) for name in names]
        self._files: list[_File] = []
        self.next_number = acked or 0
        bad = []
        for index, (name, first) in enumerate(zip(names, firsts)):
            path = os.path.join(self._directory, name)
            is_last = index + 1 == len(names)
            if not is_last and firsts[index + 1] <= (acked or 0):
                os.unlink(path)  # All in it is answered.
                continue
            count = self._check(path, first, acked or 0, is_last=is_last)
            if count is None:
                os.rename(path, path + ".bad")
                bad.append(path + ".bad")
                continue
            self.next_number = max(self.next_number, first + count)
            if count:
                self._files.append(_File(path, first, first + count))
        if bad:
            raise make_error(
                "DATA_LOSS",
                "spool: there were damaged files, which are set aside now: " + ", ".join(bad),
            )
        self._acked = acked if acked is not None else self._first_number()
        self._delete_answered()
        # The next record that was neither read nor passed over, if there is one, and how many are.
        self._read_at = max(self._acked, self._first_number())
        self.unread_records = self.unread_before(self.next_number)

    def _first_number(self) -> int:
        return self._files[0].first if self._files else self.next_number

    def _check(self, path: str, first: int, acked: int, *, is_last: bool) -> int | None:
        """The number of records in a file, mended at its end; None for one that is damaged.

        A file without records is deleted.
        """
        count, good = 0, len(_MAGIC)
        with open(path, "rb") as file:
            magic = file.read(len(_MAGIC))
            while magic == _MAGIC and (record := _read_record(file)) is not None:
                self.found_bytes += len(record) if first + count >= acked else 0
                count += 1
                good += _HEAD.size + len(record)
            file.seek(0 if magic != _MAGIC else good)
            rest = file.read()
        if magic != _MAGIC:
            if not (is_last and (_MAGIC.startswith(rest) or not any(rest))):
                return None
        elif rest:
            if not (is_last and _is_torn(rest)):
                return None
            self.torn_records += 1
            os.truncate(path, good)
        if count == 0:
            os.unlink(path)
        return count

    def append(self, encoded: bytes, *, is_passed_over: bool = False) -> None:
        """Writes a record. It outlives this process when this is back; with ALWAYS, a power cut.

        is_passed_over: its sender has it in memory, and `read` is to leave it out. Only while there
            is no record to read.
        """
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
            raise make_error("RESOURCE_EXHAUSTED", f"spool: {error.strerror}") from None
        self._out_bytes += len(frame)
        file = self._files[-1]
        self._files[-1] = file._replace(end=file.end + 1)
        self.next_number += 1
        if is_passed_over:
            self._close_reader()
            self._read_at = self.next_number
        else:
            self.unread_records += 1
        if self._next_sync is None:
            self._next_sync = time.monotonic() + _SYNC_SECONDS

    def _begin_file(self) -> None:
        self._end_file()
        path = os.path.join(self._directory, f"{self.next_number:016x}.spool")
        # Without a buffer: what is written is the system's, whatever happens to this process.
        out = open(path, "xb", buffering=0, opener=_open_private)
        out.write(_MAGIC)
        self._is_new = True
        self._out, self._out_bytes = out, len(_MAGIC)
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
            os.unlink(file.path)

    def read(self) -> tuple[int, bytes] | None:
        """The oldest record that was neither read nor passed over, and its number; None: there is
        none.
        """
        if not self.unread_records:
            return None
        file = next(file for file in self._files if self._read_at < file.end)
        if self._reader is None or self._reader_first != file.first:
            self._open_reader(file)
        assert self._reader is not None
        record = _read_record(self._reader)
        if record is None:
            raise make_error("DATA_LOSS", f"spool: {file.path} was changed")
        number = self._read_at
        self._read_at += 1
        self.unread_records -= 1
        return number, record

    def unread_before(self, number: int) -> int:
        """How many records below a number were neither read nor passed over."""
        return sum(
            max(min(file.end, number) - max(file.first, self._read_at), 0) for file in self._files
        )

    def read_number(self) -> int:
        """The number of the record that `read` gives next, or less."""
        return self._read_at

    def _open_reader(self, file: _File) -> None:
        self._close_reader()
        self._reader = open(file.path, "rb")
        self._reader_first = file.first
        self._reader.seek(len(_MAGIC))
        # Numbers of a file that was set aside are passed over.
        self._read_at = max(self._read_at, file.first)
        for _ in range(file.first, self._read_at):
            _read_record(self._reader)

    def _close_reader(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def close(self) -> None:
        """Lets go of the directory. What is not answered stays in it."""
        self._end_file()
        self._close_reader()
        os.close(self._lock)

    def _end_file(self) -> None:
        if self._out is not None:
            self._sync()
            self._out.close()
            self._out = None


def _unusable(error: OSError) -> EmptyChairError:
    return field_error("spool", f"{error.filename!r}: {error.strerror}")


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


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
    # What a power cut leaves can be zeros, which would be records without a byte.
    if not 0 < length <= _RECORD_BYTES_MAX:
        return None
    record = file.read(length)
    return record if len(record) == length and zlib.crc32(record) == crc else None


def _is_torn(rest: bytes) -> bool:
    """Whether what follows the last good record is what a machine leaves that stops while it
    writes: a part of a record, one wrong record or nothing but zeros.
    """
    if len(rest) < 4 or not any(rest):
        return True
    length = int.from_bytes(rest[:4], "little")
    return 0 < length <= _RECORD_BYTES_MAX and len(rest) <= _HEAD.size + length


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
