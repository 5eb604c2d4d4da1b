"""The vectors that all clients are tested with: tests/vectors."""

import base64
import json
import math
import os
import pathlib
import re
from datetime import datetime, timedelta, timezone
from unittest import mock

import pytest

import emptychair
from emptychair._errors import from_status, is_retryable, make_error
from emptychair._records import encode_any
from emptychair._retries import Retries
from emptychair._spool import Spool
from emptychair._times import from_timestamp, id_of_ms, unix_ms
from emptychair.v1 import feedback_service_pb2
from google.protobuf import timestamp_pb2
from google.rpc import status_pb2

VECTORS = json.loads(
    (pathlib.Path(__file__).parents[3] / "tests" / "vectors" / "clients.json").read_text()
)


def named(section):
    entries = [one for one in VECTORS[section] if "python" in one.get("only", ["python"])]
    return pytest.mark.parametrize(
        "entry", entries, ids=[one.get("name", str(one)) for one in entries]
    )


def value_of(value):
    """A value of the vectors as Python has it."""
    if isinstance(value, list):
        return [value_of(one) for one in value]
    if not isinstance(value, dict):
        return value
    if "$" not in value:
        return {key: value_of(one) for key, one in value.items()}
    return {
        "time": lambda: datetime.fromisoformat(value["value"]),
        "naive_time": lambda: datetime.fromisoformat(value["value"]),
        "absent": lambda: None,
        "null": lambda: None,
        "nan": lambda: math.nan,
        "infinity": lambda: math.inf,
        "float": lambda: float(value["value"]),
        "bytes": lambda: bytes.fromhex(value["value"]),
        "repeat": lambda: value["text"] * value["count"],
    }[value["$"]]()


def parsed(encoded):
    return feedback_service_pb2.Feedback.FromString(encoded)


@named("records")
def test_a_record_is_these_bytes_or_this_error(entry):
    record = value_of(entry["in"])
    if "bytes" in entry:
        wanted = bytes.fromhex(entry["bytes"])
        encoded = encode_any(record)
        assert parsed(encoded) == parsed(wanted)
        assert len(record.get("labels") or ()) > 1 or encoded == wanted
        return
    with pytest.raises(emptychair.InvalidArgument) as raised:
        encode_any(record)
    error = raised.value
    assert (error.reason, error.metadata["field"]) == (
        entry["error"]["reason"],
        entry["error"]["field"],
    )
    assert [one.field for one in error.field_violations] == [entry["error"]["field"]]
    assert error.attempts == 0
    for part in ("nearest", "known"):
        assert entry["error"].get(part, "") in error.message


@named("times")
def test_a_time_is_sent_and_read_so(entry):
    time = datetime.fromisoformat(entry["in"])
    if "error" in entry:
        with pytest.raises(emptychair.InvalidArgument) as raised:
            unix_ms(time, "time")
        assert raised.value.reason == entry["error"]["reason"]
        return
    seconds, ms = divmod(unix_ms(time, "time"), 1000)
    assert (seconds, ms * 1_000_000) == (entry["seconds"], entry["nanos"])
    read = from_timestamp(timestamp_pb2.Timestamp(seconds=seconds, nanos=ms * 1_000_000))
    assert read == datetime.fromisoformat(entry["out"]) and read.tzinfo is timezone.utc


@named("ids")
def test_an_id_begins_with_its_time(entry):
    for made in (
        emptychair.new_feedback_id(datetime.fromisoformat(entry["time"])),
        id_of_ms(int(entry["digits"], 16)),
    ):
        assert re.fullmatch(
            "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", made
        )
        assert made.replace("-", "")[:12] == entry["digits"]


@named("made_ids")
def test_an_id_is_made_where_there_is_none(entry):
    now = (datetime.fromisoformat(entry["now"]) - datetime(1970, 1, 1, tzinfo=timezone.utc)) / (
        datetime.resolution
    )
    with mock.patch("time.time_ns", return_value=int(now) * 1000):
        sent = parsed(encode_any(value_of(entry["in"])))
    digits = sent.feedback_id.replace("-", "")[:12] or None
    assert digits == entry["digits"]
    wanted = entry["occur_time"]
    assert sent.HasField("occur_time") == (wanted is not None)
    if wanted is not None:
        assert from_timestamp(sent.occur_time) == datetime.fromisoformat(wanted)


@named("errors")
def test_an_error_says_all_that_was_sent(entry):
    error = from_status(status_pb2.Status.FromString(base64.b64decode(entry["bytes"])))
    assert error.code == entry["code"] and error.message == entry["message"]
    assert error.reason == entry["reason"] and error.metadata == entry["metadata"]
    violations = [vars(one) for one in error.field_violations]
    assert violations == entry["field_violations"]
    delay = None if error.retry_delay is None else error.retry_delay.total_seconds() * 1000
    assert delay == entry["retry_delay_ms"]
    assert is_retryable(error) == entry["retryable"]
    assert str(error).endswith(f"[{entry['reason'] or entry['code']}]")


class Key:
    def __init__(self, is_renewed):
        self._is_renewed = is_renewed

    def renew_after(self, sent):
        return self._is_renewed


@named("waits")
def test_attempts_are_so_far_apart(entry):
    clock = [0.0]
    jitters = iter([one["jitter"] for one in entry["failures"]])
    retries = Retries(
        entry["timeout_ms"] / 1000,
        Key(entry.get("key_is_renewed", False)),
        jitter=lambda: next(jitters),
        clock=lambda: clock[0],
    )
    waits = []
    outcome = "success"
    for failure in entry["failures"]:
        delay = failure.get("retry_delay_ms")
        error = make_error(
            failure["code"],
            "",
            retry_delay=None if delay is None else timedelta(milliseconds=delay),
        )
        wait = retries.wait_after(error)
        if wait is None:
            outcome = "error"
            break
        if error.code != "UNAUTHENTICATED":
            waits.append(wait * 1000)
        clock[0] += wait
    assert waits == pytest.approx(entry["waits_ms"])
    assert outcome == entry["outcome"]


@named("positions")
def test_a_position_is_read(entry):
    if "error" in entry:
        with pytest.raises(emptychair.InvalidArgument) as raised:
            emptychair.Position.parse(entry["text"])
        assert raised.value.metadata["field"] == entry["error"]["field"]
        return
    position = emptychair.Position.parse(entry["text"])
    assert position == emptychair.Position(
        entry["store_id"], entry["epoch"], int(entry["sequence"])
    )
    assert entry["text"] == "0" or str(position) == entry["text"]


@pytest.mark.parametrize("name", ["one_record", "three_records"])
def test_the_spool_is_written_so(tmp_path, name):
    vector = VECTORS["spool"][name]
    spool = Spool(str(tmp_path))
    for record in vector["records"]:
        spool.append(encode_any(record))
    spool.close()
    assert (tmp_path / vector["name"]).read_bytes().hex() == vector["bytes"]


def test_the_spool_is_read_cut_at_every_byte(tmp_path):
    vector = VECTORS["spool"]["three_records"]
    whole = bytes.fromhex(vector["bytes"])
    records = [encode_any(record) for record in vector["records"]]
    for length in range(len(whole) + 1):
        directory = tmp_path / str(length)
        directory.mkdir()
        (directory / vector["name"]).write_bytes(whole[:length])
        spool = Spool(str(directory))
        count = sum(end <= length for end in vector["record_ends"])
        assert [record for _, record in iter(spool.read, None)] == records[:count], length
        assert spool.torn_records == (length > 8 and length not in vector["record_ends"]), length
        assert spool.next_number == count
        spool.close()
        ends = [8, *vector["record_ends"]]
        left = directory / vector["name"]
        assert (left.stat().st_size if left.exists() else 8) == ends[count]


@pytest.mark.parametrize("entry", VECTORS["spool"]["tails"], ids=lambda entry: entry["name"])
def test_a_spool_ends_so(tmp_path, entry):
    vector = VECTORS["spool"]["one_record"]
    path = tmp_path / vector["name"]
    data = bytes.fromhex(vector["bytes"] + entry["tail"])
    path.write_bytes(data)
    if "error" in entry:
        with pytest.raises(emptychair.EmptyChairError) as raised:
            Spool(str(tmp_path))
        assert raised.value.code == entry["error"]
        assert path.with_name(path.name + ".bad").read_bytes() == data
    spool = Spool(str(tmp_path))
    assert spool.unread_records == entry.get("records", 0)
    assert spool.torn_records == entry.get("torn", 0)
    spool.close()


@pytest.mark.parametrize("entry", VECTORS["spool"]["acked"], ids=lambda entry: entry["number"])
def test_acked_is_written_and_read_so(tmp_path, entry):
    number = int(entry["number"])
    if number:
        (tmp_path / f"{number - 1:016x}.spool").write_bytes(
            bytes.fromhex(VECTORS["spool"]["one_record"]["bytes"])
        )
        spool = Spool(str(tmp_path))
        spool.acknowledge(number)
        spool.close()
        assert (tmp_path / "acked").read_bytes().hex() == entry["bytes"]
    (tmp_path / "acked").write_bytes(bytes.fromhex(entry["bytes"]))
    spool = Spool(str(tmp_path))
    assert spool.next_number == number
    spool.close()
    assert os.listdir(tmp_path).count("acked") == 1
