"""Records that outlive their process."""

import asyncio
import os
import signal
import subprocess
import sys
import threading

import pytest

import emptychair
from conftest import DEADLINE, Server, acknowledge
from emptychair._records import encode_record
from emptychair._spool import Spool

# The full run: EMPTYCHAIR_SPOOL_KILLS=50.
KILLS = int(os.environ.get("EMPTYCHAIR_SPOOL_KILLS", 5))
RECORDS_EACH = int(os.environ.get("EMPTYCHAIR_SPOOL_RECORDS", 3000))

# A program that adds records with a spool and says on its output how far it is.
ADDER = """
import sys
import emptychair
endpoint, directory, first, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
client = emptychair.Client(endpoint, timeout=30)
writer = emptychair.FeedbackWriter(client, spool=directory, batch_records=50, when_full="BLOCK")
for number in range(first, first + count):
    ids = {"external_id": f"x{number}"} if number % 2 else {"customer_id": f"c{number}"}
    writer.add("nps", score=number % 11, **ids)
    print(number, flush=True)
writer.close(0)
"""


def record(number):
    return encode_record("nps", external_id=f"x{number}", score=number % 11)


def fill(directory, count, **options):
    spool = Spool(str(directory), **options)
    for _ in range(count):
        spool.append(record(spool.next_number))
    return spool


def numbers(spool):
    found = []
    for number, encoded in iter(spool.read, None):
        assert encoded == record(number)
        found.append(number)
    return found


def files(directory):
    return sorted(name for name in os.listdir(directory) if name.endswith(".spool"))


@pytest.fixture
def small_files(monkeypatch):
    monkeypatch.setattr("emptychair._spool._FILE_BYTES_MAX", 200)


def test_a_file_goes_when_all_in_it_is_answered(tmp_path, small_files):
    spool = fill(tmp_path, 20)
    names = files(tmp_path)
    assert len(names) >= 3 and names[0] == "0" * 16 + ".spool"
    second = int(names[1][:16], 16)
    spool.acknowledge(second - 1)
    assert files(tmp_path) == names
    spool.acknowledge(second)
    assert files(tmp_path) == names[1:]
    spool.close()
    again = Spool(str(tmp_path))
    assert again.next_number == 20 and again.unread_records == 20 - second
    assert numbers(again) == list(range(second, 20))
    again.acknowledge(20)
    assert files(tmp_path) == []
    again.close()
    empty = Spool(str(tmp_path))
    assert empty.next_number == 20 and empty.unread_records == 0
    empty.close()


def test_a_file_that_is_damaged_in_its_middle_is_set_aside(tmp_path, small_files):
    fill(tmp_path, 20).close()
    first, second = files(tmp_path)[:2]
    data = bytearray((tmp_path / first).read_bytes())
    data[-1] ^= 1
    (tmp_path / first).write_bytes(data)
    with pytest.raises(emptychair.EmptyChairError, match=first) as raised:
        Spool(str(tmp_path))
    assert raised.value.code == "DATA_LOSS"
    assert (tmp_path / (first + ".bad")).read_bytes() == data
    spool = Spool(str(tmp_path))
    assert numbers(spool) == list(range(int(second[:16], 16), 20)) and spool.next_number == 20
    spool.close()


def test_a_last_file_that_is_damaged_before_its_end_is_set_aside(tmp_path):
    fill(tmp_path, 5).close()
    name = files(tmp_path)[0]
    data = bytearray((tmp_path / name).read_bytes())
    data[20] ^= 1
    (tmp_path / name).write_bytes(data)
    with pytest.raises(emptychair.EmptyChairError) as raised:
        Spool(str(tmp_path))
    assert raised.value.code == "DATA_LOSS"
    spool = Spool(str(tmp_path))
    assert files(tmp_path) == [] and numbers(spool) == []
    spool.close()


def test_a_record_behind_one_that_was_cut_off_is_whole(tmp_path):
    fill(tmp_path, 3).close()
    path = tmp_path / files(tmp_path)[0]
    path.write_bytes(path.read_bytes()[:-1])
    spool = Spool(str(tmp_path))
    assert spool.torn_records == 1 and spool.next_number == 2
    spool.append(record(2))
    spool.close()
    again = Spool(str(tmp_path))
    assert numbers(again) == [0, 1, 2]
    again.close()


@pytest.mark.parametrize("damage", [b"", b"\0" * 11, b"\1" + b"\0" * 11])
def test_a_damaged_acked_has_all_sent_again(tmp_path, damage):
    spool = fill(tmp_path, 5)
    spool.acknowledge(3)
    spool.close()
    (tmp_path / "acked").write_bytes(damage)
    again = Spool(str(tmp_path))
    assert numbers(again) == list(range(5))
    again.close()


def test_a_directory_is_for_one_writer(tmp_path, fake):
    with emptychair.FeedbackWriter(fake.client, spool=tmp_path):
        with pytest.raises(emptychair.EmptyChairError) as raised:
            emptychair.FeedbackWriter(fake.client, spool=tmp_path)
        assert raised.value.code == "FAILED_PRECONDITION"
    emptychair.FeedbackWriter(fake.client, spool=tmp_path).close()


def test_a_full_spool_refuses(tmp_path, fake):
    event = threading.Event()

    def on_batch(request, context):
        event.wait(DEADLINE)
        return acknowledge(request, context)

    fake.on_batch = on_batch
    writer = emptychair.FeedbackWriter(fake.client, spool=tmp_path, spool_bytes=500)
    with pytest.raises(emptychair.EmptyChairError) as raised:
        for number in range(100):
            writer.add("nps", external_id=f"x{number}")
    assert raised.value.reason == "QUEUE_FULL"
    size = len(encode_record("nps", external_id="x10"))
    assert 500 // size <= writer.counters().added <= 500 // (size - 1)
    event.set()
    writer.flush(DEADLINE)
    writer.add("nps", external_id="later")
    writer.close()
    assert files(tmp_path) == []


def test_a_full_spool_drops_the_oldest(tmp_path, fake):
    event, results = threading.Event(), []
    fake.on_batch = lambda request, context: event.wait(DEADLINE) and acknowledge(request, context)
    writer = emptychair.FeedbackWriter(
        fake.client, spool=tmp_path, spool_bytes=500, when_full="DROP_OLDEST", batch_records=5,
        in_flight_batches=1, on_result=results.append,
    )  # fmt: skip
    for number in range(100):
        writer.add("nps", external_id=f"x{number}", context=number)
    event.set()
    writer.close(DEADLINE)
    assert writer.counters().dropped > 20
    assert sorted(one.context for one in results) == [*range(100)]
    dropped = [one.context for one in results if one.outcome == "GAVE_UP"]
    assert dropped == sorted(dropped) and results[-1].context == 99
    assert files(tmp_path) == []


@pytest.mark.parametrize("sync", ["INTERVAL", "ALWAYS"])
def test_what_is_left_at_the_end_is_sent_by_the_next_writer(tmp_path, own_server, sync):
    directory = tmp_path / "spool"
    results = []
    with emptychair.Client(own_server.endpoint, timeout=DEADLINE) as client:
        client.create_survey("nps", kind="NPS")
        own_server.kill()
        writer = emptychair.FeedbackWriter(
            client, spool=directory, on_result=results.append, sync=sync
        )
        for number in range(10):
            writer.add("nps", external_id=f"x{number}", score=9)
        with pytest.raises(emptychair.EmptyChairError) as raised:
            writer.close(0)
        assert raised.value.code == "DEADLINE_EXCEEDED" and raised.value.metadata["left"] == "10"
        assert results == [] and writer.counters().gave_up == 0
        own_server.start()
        with emptychair.FeedbackWriter(client, spool=directory, on_result=results.append) as writer:
            assert writer.counters().added == 10
            writer.flush(DEADLINE)
            assert writer.counters().queued_records == 0
        assert [one.outcome for one in results] == ["STORED"] * 10
        assert client.get_status().feedback_count == 10
    assert files(directory) == []


@pytest.mark.parametrize("is_asyncio", [False, True])
def test_what_has_no_room_in_memory_waits_on_disk_in_order(tmp_path, fake, is_asyncio):
    event, results = threading.Event(), []

    def on_batch(request, context):
        event.wait(DEADLINE)
        return acknowledge(request, context)

    fake.on_batch = on_batch
    options = {
        "spool": tmp_path / "spool", "queue_bytes": 40_000, "batch_records": 10,
        "in_flight_batches": 2, "on_result": results.append,
    }  # fmt: skip

    def context_of(number):
        return number if number % 3 == 0 else None

    async def run():
        async with emptychair.AsyncClient(fake.endpoint, timeout=DEADLINE) as client:
            async with emptychair.AsyncFeedbackWriter(client, **options) as writer:
                for number in range(300):
                    await writer.add("nps", external_id=f"x{number}", context=context_of(number))
                check_full(writer.counters())
                event.set()
                for number in range(300, 400):
                    await writer.add("nps", external_id=f"x{number}")
                await writer.flush(DEADLINE)

    def check_full(counters):
        assert counters.added == counters.queued_records == 300
        assert counters.queued_bytes <= 40_000

    if is_asyncio:
        asyncio.run(run())
    else:
        with emptychair.FeedbackWriter(fake.client, **options) as writer:
            for number in range(300):
                writer.add("nps", external_id=f"x{number}", context=context_of(number))
            check_full(writer.counters())
            event.set()
            for number in range(300, 400):
                writer.add("nps", external_id=f"x{number}")
            writer.flush(DEADLINE)
    assert [one.feedback.external_id for one in results] == [f"x{number}" for number in range(400)]
    assert [one.context for one in results[:300]] == [context_of(number) for number in range(300)]
    assert {one.outcome for one in results} == {"STORED"}
    assert [id for batch in fake.batches for id in batch] == [f"x{number}" for number in range(400)]
    assert files(tmp_path / "spool") == []


def test_contexts_of_what_waits_on_disk_are_bounded_too(tmp_path, fake):
    event = threading.Event()
    fake.on_batch = lambda request, context: event.wait(DEADLINE) and acknowledge(request, context)
    writer = emptychair.FeedbackWriter(fake.client, spool=tmp_path, queue_bytes=4000)
    for number in range(100):
        writer.add("nps", external_id=f"x{number}")
    with pytest.raises(emptychair.EmptyChairError) as raised:
        for number in range(100, 200):
            writer.add("nps", external_id=f"x{number}", context=number)
    assert raised.value.reason == "QUEUE_FULL"
    writer.add("nps", external_id="without")
    event.set()
    writer.close(DEADLINE)
    assert writer.counters().stored == writer.counters().added > 101


def add_and_be_killed(endpoint, directory, first, count, before_the_kill):
    """Runs ADDER until it has added `count` records; the numbers that it said, in order."""
    command = [sys.executable, "-c", ADDER, endpoint, str(directory), str(first), "1000000"]
    adder = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    said = [int(adder.stdout.readline()) for _ in range(count)]
    before_the_kill()
    adder.send_signal(signal.SIGKILL)
    said += [int(line) for line in adder.stdout.read().split("\n")[:-1]]
    adder.wait(DEADLINE)
    adder.stdout.close()
    return said


def test_kill_9_of_the_client_loses_nothing_and_repeats_nothing(tmp_path):
    server = Server(tmp_path / "store")
    directory = tmp_path / "spool"
    said, unsaid = [], set()
    try:
        with emptychair.Client(server.endpoint, timeout=DEADLINE) as client:
            client.create_survey("nps", kind="NPS")
            for kill in range(KILLS):
                also = server.restart if kill % 2 else lambda: None
                first = said[-1] + 2 if said else 0
                said += add_and_be_killed(
                    server.endpoint, directory, first, RECORDS_EACH // KILLS, also
                )
                unsaid.add(said[-1] + 1)  # Perhaps it was added, and the kill came before its line.
            with emptychair.FeedbackWriter(client, spool=directory) as writer:
                writer.flush(DEADLINE)
                counters = writer.counters()
                assert counters.rejected == counters.gave_up == counters.queued_records == 0
            stored = [
                int((one.external_id or one.customer_id)[1:]) for one in client.list_feedback("nps")
            ]
    finally:
        server.stop()
    assert len(stored) == len(set(stored)), "a record was stored twice"
    assert set(said) <= set(stored) <= set(said) | unsaid
    assert files(directory) == []


def test_the_spool_of_this_process_is_a_file_of_the_format(tmp_path, fake):
    event = threading.Event()
    fake.on_batch = lambda request, context: event.wait(DEADLINE) and acknowledge(request, context)
    writer = emptychair.FeedbackWriter(fake.client, spool=tmp_path)
    writer.add("nps", external_id="x0", score=0)
    name = files(tmp_path)[0]
    data = (tmp_path / name).read_bytes()
    assert data[:8] == b"ECSPOOL1" and data[16:] == record(0)
    event.set()
    writer.close()
    assert files(tmp_path) == []
