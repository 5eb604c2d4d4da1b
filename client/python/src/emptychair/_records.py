"""Turns a record into bytes: a serialized emptychair.v1.Feedback, checked as the server does.

Building the message takes Python's protobuf 7 µs a record; this takes less than half of that. It
has one quick path for records that are right. Whatever does not go through it is looked at again,
by `_refusal`, to say what is wrong.
"""

from __future__ import annotations

import re
import time
from typing import Any, Mapping

from emptychair import _inputs
from emptychair._answers import Answer
from emptychair._errors import EmptyChairError, field_error
from emptychair._inputs import check_int, check_text, unknown_field
from emptychair._times import EPOCH, id_of_ms, unix_ms
from emptychair.v1 import feedback_service_pb2

ID_BYTES_MAX = 128
COMMENT_BYTES_MAX = 16 << 10
NOTE_BYTES_MAX = 1024
LABELS_MAX = 32
RESERVED_LABEL_VALUES = ("(none)", "(other)")

_PATH = "feedback."
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_UUID7 = re.compile(
    r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-7[0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}"
)

_FIELDS = feedback_service_pb2.Feedback.DESCRIPTOR.fields_by_name
_CACHED_MAX = 4096


def varint(number: int) -> bytes:
    """`number`, at least 0, as protobuf writes it."""
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def _heads(field: str, count: int) -> list[bytes]:
    """Tag and length of a field, for each length below `count`."""
    tag = varint(_FIELDS[field].number << 3 | 2)
    return [tag + varint(length) for length in range(count)]


_SURVEY_ID = _heads("survey_id", 64)
_FEEDBACK_ID = _heads("feedback_id", 37)[36]
_EXTERNAL_ID = _heads("external_id", ID_BYTES_MAX + 1)
_CUSTOMER_ID = _heads("customer_id", ID_BYTES_MAX + 1)
_COMMENT = _heads("comment", COMMENT_BYTES_MAX + 1)
_SCORE = varint(_FIELDS["score"].number << 3)
_LABEL = _heads("labels", 256)
_EXCLUSION = varint(_FIELDS["exclusion"].number << 3 | 2)
# A Timestamp has its seconds as field 1 and its nanos as field 2.
_NANOS = [b""] + [b"\x10" + varint(ms * 1_000_000) for ms in range(1, 1000)]
_OCCUR_TIME = _heads("occur_time", 32)

# What was found right before, as it is sent: surveys, and pairs of a label's key and value.
_surveys: dict[str, bytes] = {}
_labels: dict[tuple[str, str], bytes] = {}
_scores = {score: _SCORE + varint(score) for score in range(128)}


def encode_record(
    survey_id: Any,
    feedback_id: Any = None,
    external_id: Any = None,
    customer_id: Any = None,
    score: Any = None,
    comment: Any = None,
    labels: Any = None,
    occur_time: Any = None,
    exclusion: Any = None,
) -> bytes:
    """The record as bytes. Without an id it gets one, and its time if it has none.

    Raises InvalidArgument for what the server would refuse without knowing the survey.
    """
    try:
        parts = [_surveys.get(survey_id) or _survey(survey_id)]
        ms = None
        if occur_time is not None:
            since = occur_time - EPOCH
            ms = since.days * 86_400_000 + since.seconds * 1000 + since.microseconds // 1000
        if feedback_id is not None and feedback_id != "":
            parts.append(_sent_id(feedback_id, ms))
        elif external_id is None or external_id == "":
            if ms is None:
                ms = time.time_ns() // 1_000_000
            parts.append(_FEEDBACK_ID + id_of_ms(ms).encode())
        if external_id is not None:
            if not external_id.isprintable() and _CONTROL.search(external_id):
                raise ValueError
            if text := external_id.encode():
                parts.append(_EXTERNAL_ID[len(text)] + text)
        if customer_id is not None:
            if not customer_id.isprintable() and _CONTROL.search(customer_id):
                raise ValueError
            if text := customer_id.encode():
                parts.append(_CUSTOMER_ID[len(text)] + text)
        if score is not None:
            parts.append((score.__class__ is int and _scores.get(score)) or _other_score(score))
        if comment is not None:
            if text := comment.encode():
                parts.append(_COMMENT[len(text)] + text)
        if labels is not None:
            if len(labels) > LABELS_MAX:
                raise ValueError
            for item in labels.items():
                parts.append(_labels.get(item) or _label(*item))
        if ms is not None:
            if ms <= 0:
                raise ValueError
            seconds, rest = divmod(ms, 1000)
            stamp = b"\x08" + varint(seconds) + _NANOS[rest] if seconds else _NANOS[rest]
            parts.append(_OCCUR_TIME[len(stamp)] + stamp)
        if exclusion is not None:
            parts.append(_exclusion(exclusion))
        return b"".join(parts)
    except (AttributeError, TypeError, ValueError, IndexError) as error:
        values = (survey_id, feedback_id, external_id, customer_id, score, comment, labels,
                  occur_time, exclusion)  # fmt: skip
        raise _refusal(*values) or error from None


def encode_any(record: Any, path: str = _PATH) -> bytes:
    """As encode_record, of a dict of the fields or of a Feedback that was answered.

    What the server sets is left out.
    """
    if isinstance(record, Answer):
        record = {name: getattr(record, name) for name in _ARGUMENTS if hasattr(record, name)}
    if not isinstance(record, Mapping):
        raise field_error(
            path.rstrip("."), f"got {type(record).__name__}, wanted a dict or Feedback"
        )
    unknown = record.keys() - _FIELDS.keys()
    if unknown:
        name = min(unknown, key=str)
        raise unknown_field(f"{path}{name}", name, _FIELDS)
    try:
        return encode_record(*[record.get(name) for name in _ARGUMENTS])
    except EmptyChairError as error:
        raise _at_path(error, path) from None


def _at_path(error: EmptyChairError, path: str) -> EmptyChairError:
    """An error of a record, with where the record is."""
    violation = error.field_violations[0]
    field = path + violation.field.removeprefix(_PATH)
    return field_error(field, violation.description, error.reason or "FIELD_INVALID")


_ARGUMENTS = ("survey_id", "feedback_id", "external_id", "customer_id", "score", "comment",
              "labels", "occur_time", "exclusion")  # fmt: skip


def _survey(survey_id: Any) -> bytes:
    if not _NAME.fullmatch(survey_id):
        raise ValueError
    _keep_few(_surveys)
    text: bytes = survey_id.encode()
    encoded = _SURVEY_ID[len(text)] + text
    _surveys[survey_id] = encoded
    return encoded


def _keep_few(cache: dict[Any, bytes]) -> None:
    if len(cache) >= _CACHED_MAX:
        cache.clear()


def _sent_id(feedback_id: Any, ms: int | None) -> bytes:
    if not _UUID7.fullmatch(feedback_id):
        raise ValueError
    id_ms = int(feedback_id[:8] + feedback_id[9:13], 16)
    if id_ms == 0 or (ms is not None and ms != id_ms):
        raise ValueError
    sent: bytes = _FEEDBACK_ID + feedback_id.encode()
    return sent


def _other_score(score: Any) -> bytes:
    number = check_int(score, _PATH + "score", 31)
    return _SCORE + varint(number & (1 << 64) - 1)


def _label(key: Any, value: Any) -> bytes:
    _check_label(key, value)
    one: bytes = key.encode()
    other: bytes = value.encode()
    entry = b"\n" + varint(len(one)) + one + b"\x12" + varint(len(other)) + other
    encoded = _LABEL[len(entry)] + entry
    _keep_few(_labels)
    _labels[(key, value)] = encoded
    return encoded


def _exclusion(exclusion: Any) -> bytes:
    message = feedback_service_pb2.Exclusion()
    _inputs.fill_message(message, exclusion, _PATH + "exclusion")
    if message.reason == 0:
        raise field_error(_PATH + "exclusion.reason", "must be given", "FIELD_REQUIRED")
    _check_length(message.note, NOTE_BYTES_MAX, _PATH + "exclusion.note")
    encoded: bytes = message.SerializeToString()
    return _EXCLUSION + varint(len(encoded)) + encoded


def _refusal(
    survey_id: Any,
    feedback_id: Any,
    external_id: Any,
    customer_id: Any,
    score: Any,
    comment: Any,
    labels: Any,
    occur_time: Any,
    exclusion: Any,
) -> EmptyChairError | None:
    """What is wrong with a record, looked at field by field as the server does; None: nothing."""
    try:
        _check_name(survey_id, _PATH + "survey_id")
        if external_id is not None:
            _check_id(external_id, _PATH + "external_id")
        ms = None if occur_time is None else _check_time(occur_time, _PATH + "occur_time")
        if feedback_id is not None:
            _check_feedback_id(feedback_id, ms)
        if customer_id is not None:
            _check_id(customer_id, _PATH + "customer_id")
        if score is not None:
            check_int(score, _PATH + "score", 31)
        if comment is not None:
            _check_length(
                check_text(comment, _PATH + "comment"), COMMENT_BYTES_MAX, _PATH + "comment"
            )
        if labels is not None:
            _check_labels(labels)
        if exclusion is not None:
            _exclusion(exclusion)
    except EmptyChairError as error:
        return error
    return None


def _check_name(value: Any, path: str) -> None:
    if value is None or check_text(value, path) == "":
        raise field_error(path, "must be given", "FIELD_REQUIRED")
    if not _NAME.fullmatch(value):
        raise field_error(
            path,
            f"got {value!r:.80}, wanted a lower-case letter and up to 62 more of a-z, 0-9, _ and -",
        )


def _check_id(value: Any, path: str) -> None:
    _check_length(check_text(value, path), ID_BYTES_MAX, path)
    if _CONTROL.search(value):
        raise field_error(path, "got a control character, wanted text without any")


def _check_length(text: str, bytes_max: int, path: str) -> None:
    size = len(text.encode())
    if size > bytes_max:
        raise field_error(path, f"got {size} bytes, wanted at most {bytes_max}")


def _check_time(value: Any, path: str) -> int:
    ms = unix_ms(value, path)
    if ms < 0:
        raise field_error(path, f"got {value}, wanted a time after 1970 began", "TIME_OUT_OF_RANGE")
    return ms


def _check_feedback_id(value: Any, ms: int | None) -> None:
    path = _PATH + "feedback_id"
    if check_text(value, path) == "":
        return
    if not _UUID7.fullmatch(value):
        raise field_error(
            path,
            f'got {value!r:.80}, wanted a UUIDv7 such as "0190163d-8694-739b-aea5-966c26f8ad91"',
        )
    id_ms = int(value[:8] + value[9:13], 16)
    if id_ms == 0:
        raise field_error(path, "got an id of 1970-01-01T00:00:00Z, which no record has")
    if ms is not None and ms != id_ms:
        raise field_error(
            _PATH + "occur_time",
            f"got {ms} ms since 1970, but the feedback_id has {id_ms}",
            "ID_TIME_MISMATCH",
        )


def _check_labels(labels: Any) -> None:
    path = _PATH + "labels"
    if not isinstance(labels, Mapping):
        raise field_error(path, f"got {type(labels).__name__}, wanted a dict of text to text")
    if len(labels) > LABELS_MAX:
        raise field_error(path, f"got {len(labels)} labels, wanted at most {LABELS_MAX}")
    for key, value in labels.items():
        _check_label(key, value)


def _check_label(key: Any, value: Any) -> None:
    _check_name(key, _PATH + "labels")
    path = f'{_PATH}labels["{key}"]'
    if check_text(value, path) == "":
        raise field_error(path, "must be given", "FIELD_REQUIRED")
    _check_id(value, path)
    if value in RESERVED_LABEL_VALUES:
        raise field_error(path, f"got {value!r}, which is reserved")
