"""The writers: what they deliver, and what they make of failures."""

import asyncio
import collections
import contextlib
import logging
import os
import queue
import random
import signal
import subprocess
import sys
import threading
import time
from datetime import datetime

import pytest

import emptychair
from conftest import DEADLINE, abort, acknowledge, set_back_an_hour, status_of

PATIENCE = 60


def test_threads_share_a_writer(client, survey):
    results = []
    with emptychair.FeedbackWriter(client, batch_records=100, on_result=results.append) as writer:

        def add(thread):
            for number in range(1000):
                writer.add(survey, external_id=f"{thread}-{number}", context=(thread, number))

        threads = [threading.Thread(target=add, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        writer.flush(DEADLINE)
        assert writer.counters().stored == 8000
    assert len({result.context for result in results}) == len(results) == 8000
    for number in range(8):  # In the order in which each thread added them.
        own = [n for thread, n in (result.context for result in results) if thread == number]
        assert own == sorted(own)


def test_each_outcome_is_told(client, survey):
    client.submit_feedback(survey, external_id="old", score=3)
    client.submit_feedback(survey, external_id="other", score=3)
    results = []
    with emptychair.FeedbackWriter(client, on_result=results.append) as writer:
        writer.add(survey, external_id="new", score=3, context="stored")
        writer.add(survey, external_id="old", score=3, context="existed")
        writer.add(survey, external_id="other", score=4, context="differs")
        writer.add(survey, score=11, context="score")
        writer.add("nowhere", score=1, context="nowhere")
        writer.flush(DEADLINE)
        counters = writer.counters()
    outcomes = {one.context: (one.outcome, one.error and one.error.reason) for one in results}
    assert outcomes == {
        "stored": ("STORED", None),
        "existed": ("ALREADY_EXISTED", None),
        "differs": ("REJECTED", "CONTENT_DIFFERS"),
        "score": ("REJECTED", "SCORE_OUT_OF_RANGE"),
        "nowhere": ("REJECTED", "SURVEY_NOT_FOUND"),
    }
    assert (counters.stored, counters.already_existed, counters.rejected) == (1, 1, 3)
    assert counters.queued_records == counters.queued_bytes == 0 and counters.batches == 1


def test_a_clock_that_is_ahead_is_named(client, survey, monkeypatch):
    ahead = time.time_ns() + 3600 * 10**9
    results = []
    with emptychair.FeedbackWriter(client, on_result=results.append) as writer:
        monkeypatch.setattr(time, "time_ns", lambda: ahead)
        writer.add(survey, score=9)
        writer.flush(DEADLINE)
    assert results[0].outcome == "REJECTED" and "this machine's clock is ahead" in str(
        results[0].error
    )


def test_an_id_after_the_clock_was_set_back_has_the_new_time(client, survey, monkeypatch):
    results = []
    with emptychair.FeedbackWriter(client, on_result=results.append) as writer:
        writer.add(survey, score=9)
        set_back_an_hour(monkeypatch)
        writer.add(survey, score=9)
        writer.flush(DEADLINE)
    assert [one.outcome for one in results] == ["STORED", "STORED"]
    first, second = client.list_feedback(survey)
    assert 3590 < (first.occur_time - second.occur_time).total_seconds() < 3610


def test_what_is_wrong_is_refused_before_it_is_queued(client, survey):
    with emptychair.FeedbackWriter(client) as writer:
        for wrong in (
            {"score": True},
            {"labels": {"A": "b"}},
            {"occur_time": datetime(2024, 1, 1)},
        ):
            with pytest.raises(emptychair.InvalidArgument):
                writer.add(survey, **wrong)
        with pytest.raises(TypeError, match="did you mean 'score'"):
            writer.add(survey, scoer=9)
        assert writer.counters().added == 0
    with pytest.raises(emptychair.EmptyChairError) as raised:
        writer.add(survey, score=9)
    assert raised.value.code == "FAILED_PRECONDITION"
    with pytest.raises(emptychair.InvalidArgument):
        emptychair.FeedbackWriter(client, batch_records=10_001)
    with pytest.raises(emptychair.InvalidArgument):
        emptychair.FeedbackWriter(client, when_full="WAIT")


class Gate:
    """Holds acknowledgements back until it is opened."""

    def __init__(self, fake):
        self.event = threading.Event()
        fake.on_batch = self.on_batch

    def on_batch(self, request, context):
        self.event.wait(DEADLINE)
        return acknowledge(request, context)


def writer_of(fake, results, **options):
    return emptychair.FeedbackWriter(fake.client, on_result=results.append, **options)


def test_a_full_writer_refuses(fake):
    gate, results = Gate(fake), []
    writer = writer_of(fake, results, queue_bytes=2000)
    with pytest.raises(emptychair.EmptyChairError) as raised:
        for number in range(100):
            writer.add("nps", external_id=f"x{number}")
    assert (raised.value.code, raised.value.reason) == ("RESOURCE_EXHAUSTED", "QUEUE_FULL")
    taken = writer.counters().added
    assert 0 < taken < 20 and writer.counters().queued_bytes <= 2000
    gate.event.set()
    writer.close()
    assert [one.outcome for one in results] == ["STORED"] * taken


def test_a_full_writer_blocks_until_there_is_room_or_the_time_is_over(fake):
    gate, results = Gate(fake), []
    writer = writer_of(fake, results, queue_bytes=2000, when_full="BLOCK", block_timeout=0.05)
    with pytest.raises(emptychair.EmptyChairError) as raised:
        for number in range(100):
            writer.add("nps", external_id=f"x{number}")
    assert raised.value.reason == "QUEUE_FULL"
    gate.event.set()
    writer.flush(DEADLINE)
    writer.close()
    patient = writer_of(fake, results, queue_bytes=2000, when_full="BLOCK")
    for number in range(100):
        patient.add("nps", external_id=f"y{number}")
    patient.close()
    assert patient.counters().stored == 100


def test_a_full_writer_drops_the_oldest(fake):
    gate, results = Gate(fake), []
    writer = writer_of(
        fake,
        results,
        queue_bytes=3000,
        when_full="DROP_OLDEST",
        batch_records=2,
        in_flight_batches=1,
    )
    for number in range(50):
        writer.add("nps", external_id=f"x{number}", context=number)
    gate.event.set()
    writer.close()
    counters = writer.counters()
    dropped = [one.context for one in results if one.outcome == "GAVE_UP"]
    stored = [one.context for one in results if one.outcome == "STORED"]
    assert counters.dropped == counters.gave_up == len(dropped) > 20
    assert dropped == sorted(dropped) and stored[-1] == 49
    assert sorted(dropped + stored) == list(range(50))
    assert all(
        one.error.code == "RESOURCE_EXHAUSTED" for one in results if one.outcome == "GAVE_UP"
    )


def test_a_batch_goes_by_count_by_bytes_or_by_time(fake):
    results = []
    with writer_of(fake, results, batch_records=3, linger=0.001) as writer:
        writer.add("nps", external_id="alone")
        while not results:
            threading.Event().wait(0.001)
    assert fake.batches == [["alone"]]
    fake.batches.clear()
    gate = Gate(fake)
    with writer_of(fake, results, batch_records=3, linger=3600, in_flight_batches=1) as writer:
        for number in range(9):
            writer.add("nps", external_id=f"x{number}")
        gate.event.set()
        while writer.counters().stored < 9:
            threading.Event().wait(0.001)
    assert [len(batch) for batch in fake.batches] == [3, 3, 3]
    fake.batches.clear()
    with writer_of(fake, results, batch_bytes=5000, linger=3600) as writer:
        for number in range(6):
            writer.add("nps", external_id=f"x{number}", comment="x" * 2400)
        while writer.counters().stored < 4:
            threading.Event().wait(0.001)
        writer.flush(DEADLINE)
    assert [len(batch) for batch in fake.batches] == [2, 2, 2]


def test_no_more_is_under_way_than_the_window_has(fake):
    most = []

    def on_stream(requests, context):
        arrived = queue.SimpleQueue()

        def read_on():
            with contextlib.suppress(Exception):  # Of a call that has ended.
                for request in requests:
                    arrived.put(request)

        threading.Thread(target=read_on).start()
        waiting = collections.deque()
        while True:
            with contextlib.suppress(queue.Empty):
                while True:  # Until no more comes, because no more may come.
                    waiting.append(arrived.get(timeout=0.1))
            most.append(len(waiting))
            if not waiting:
                return
            yield acknowledge(waiting.popleft(), context)

    fake.on_stream = on_stream
    results = []
    with writer_of(fake, results, batch_records=10, in_flight_batches=2) as writer:
        for number in range(50):
            writer.add("nps", external_id=f"x{number}", context=number)
        while len(results) < 50:
            threading.Event().wait(0.001)
    assert max(most) == 2


def test_what_was_not_acknowledged_is_sent_again_in_the_same_batches(fake):
    results = []
    failures = iter(["UNAVAILABLE", "RESOURCE_EXHAUSTED", "CANCELLED", "INTERNAL"])

    def on_batch(request, context):
        if len(fake.batches) % 3 == 2:
            code = next(failures, None)
            if code is not None:
                abort(context, code, "again", delay_ms=1 if code == "RESOURCE_EXHAUSTED" else None)
        return acknowledge(request, context, existed=[0] if len(fake.batches) > 3 else [])

    fake.on_batch = on_batch
    with writer_of(fake, results, batch_records=10, linger=3600, in_flight_batches=2) as writer:
        for number in range(100):
            writer.add("nps", external_id=f"x{number}", context=number)
        writer.flush(DEADLINE)
        counters = writer.counters()
    assert [one.context for one in results] == list(range(100))
    assert counters.reconnects == 4 and counters.last_error is None
    batches = [[f"x{n}" for n in range(i, i + 10)] for i in range(0, 100, 10)]
    assert all(batch in batches for batch in fake.batches) and len(fake.batches) > 10
    # Of what was sent twice nobody knows which of the two it was.
    twice = {id for batch in batches if fake.batches.count(batch) > 1 for id in batch}
    for one in results:
        assert one.outcome == "STORED" or f"x{one.context}" not in twice
    assert any(one.outcome == "ALREADY_EXISTED" for one in results)


def test_a_record_that_a_batch_is_refused_for_is_found(fake):
    results = []

    def on_batch(request, context):
        if any(one.external_id == "x13" for one in request.feedback):
            abort(context, "INVALID_ARGUMENT", "bad", reason="FIELD_INVALID")
        if len(request.feedback) > 8:
            abort(context, "RESOURCE_EXHAUSTED", "Received message larger than max")
        return acknowledge(request, context)

    fake.on_batch = on_batch
    with writer_of(fake, results, batch_records=32, linger=3600) as writer:
        for number in range(64):
            writer.add("nps", external_id=f"x{number}", context=number)
        writer.flush(DEADLINE)
    rejected = [one for one in results if one.outcome == "REJECTED"]
    assert [(one.context, one.error.reason) for one in rejected] == [(13, "FIELD_INVALID")]
    assert [one.context for one in results] == list(range(64))


def test_a_record_that_can_succeed_later_is_sent_again(fake):
    results = []

    def on_batch(request, context):
        busy = status_of("UNAVAILABLE", "changed", "SURVEY_CHANGED", 1)
        again = len(fake.batches) < 3
        bad = [i for i, one in enumerate(request.feedback) if again and one.external_id == "x1"]
        return acknowledge(request, context, failures=[(i, busy) for i in bad])

    fake.on_batch = on_batch
    with writer_of(fake, results) as writer:
        for number in range(3):
            writer.add("nps", external_id=f"x{number}", context=number)
        writer.flush(DEADLINE)
    assert sorted(one.context for one in results) == [0, 1, 2]
    assert {one.outcome for one in results} == {"STORED"}
    assert fake.batches[1:] == [["x1"], ["x1"]]


@pytest.mark.parametrize("is_asyncio", [False, True])
def test_an_acknowledgement_of_nothing_is_a_failure_of_the_stream(fake, is_asyncio):
    def on_batch(request, context):
        if len(fake.batches) < 3:
            request.batch_number += 1
        return acknowledge(request, context)

    async def run():
        async with emptychair.AsyncClient(fake.endpoint) as client:
            async with emptychair.AsyncFeedbackWriter(client) as writer:
                await writer.add("nps", external_id="x")
                await writer.flush(DEADLINE)
                return writer.counters()

    fake.on_batch = on_batch
    if is_asyncio:
        counters = asyncio.run(run())
    else:
        with writer_of(fake, []) as writer:
            writer.add("nps", external_id="x")
            writer.flush(DEADLINE)
            counters = writer.counters()
    assert fake.batches == [["x"]] * 3
    assert (counters.stored, counters.reconnects) == (1, 2)


def test_a_refused_key_is_waited_out_and_shown(fake):
    results = []
    fake.on_batch = lambda request, context: abort(
        context, "PERMISSION_DENIED", "no", reason="NOT_PERMITTED"
    )
    writer = writer_of(fake, results)
    writer.add("nps", external_id="x", context="kept")
    while writer.counters().last_error is None:
        threading.Event().wait(0.001)
    assert writer.counters().last_error.reason == "NOT_PERMITTED"
    with pytest.raises(emptychair.EmptyChairError) as raised:
        writer.flush(0.05)
    assert raised.value.code == "DEADLINE_EXCEEDED" and raised.value.metadata["left"] == "1"
    assert results == [] and writer.counters().oldest_age > 0
    writer.close(0)
    assert [(one.outcome, one.context) for one in results] == [("GAVE_UP", "kept")]
    assert results[0].error.reason == "NOT_PERMITTED" and len(fake.batches) == 1


def test_a_key_that_was_renewed_is_used_at_once(fake, tmp_path):
    key = tmp_path / "key"
    key.write_text("eck_old")

    def on_batch(request, context):
        sent = dict(context.invocation_metadata())["authorization"]
        if sent != "Bearer eck_new":
            key.write_text("eck_new")
            abort(context, "UNAUTHENTICATED", "revoked", reason="KEY_REVOKED")
        return acknowledge(request, context)

    fake.on_batch = on_batch
    with emptychair.Client(fake.endpoint, api_key_file=str(key)) as client:
        with emptychair.FeedbackWriter(client) as writer:
            writer.add("nps", external_id="x")
            writer.flush(DEADLINE)
            assert writer.counters().stored == 1


def test_what_is_too_old_is_given_up(own_server):
    results = []
    with emptychair.Client(own_server.endpoint) as client:
        own_server.kill()
        with emptychair.FeedbackWriter(
            client, give_up_after=0.2, on_result=results.append
        ) as writer:
            writer.add("nps", score=9, context="a")
            writer.flush(DEADLINE)
            assert writer.counters().gave_up == 1 and writer.counters().queued_records == 0
    assert results[0].outcome == "GAVE_UP" and results[0].error.code == "UNAVAILABLE"
    own_server.start()


def test_an_acknowledgement_that_never_comes_is_given_up_too(fake):
    gate, results = Gate(fake), []
    writer = writer_of(fake, results, give_up_after=0.3)
    writer.add("nps", external_id="x")
    writer.flush(DEADLINE)
    assert results[0].outcome == "GAVE_UP"
    gate.event.set()
    writer.close()


def test_the_end_of_the_program_waits_for_what_was_added(client, server, survey):
    program = f"""
import emptychair
writer = emptychair.FeedbackWriter(emptychair.Client("{server.endpoint}"), linger=60)
for number in range(1000):
    writer.add("{survey}", score=9)
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=DEADLINE)
    assert client.query_metric(survey_ids=[survey]).total.points[0].answers == 1000


def test_a_writer_is_not_for_a_child_of_its_process(fake):
    with emptychair.FeedbackWriter(fake.client) as writer:
        child = os.fork()
        if child == 0:
            signal.alarm(DEADLINE)
            try:
                writer.add("nps", score=9)
            except emptychair.EmptyChairError as error:
                os._exit(0 if error.code == "FAILED_PRECONDITION" else 1)
            os._exit(2)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_closed_client_is_said_and_ends_nothing(own_server):
    results = []
    client = emptychair.Client(own_server.endpoint, timeout=DEADLINE)
    own_server.kill()
    writer = emptychair.FeedbackWriter(client, on_result=results.append)
    writer._state.retries._jitter = lambda: 1.0
    writer.add("nps", score=9)
    while writer.counters().reconnects < 5:  # It waits 1.6 s now.
        threading.Event().wait(0.001)
    client.close()
    with pytest.raises(emptychair.EmptyChairError, match="the client is closed"):
        client.get_status()
    writer.close(0.1)
    assert [one.outcome for one in results] == ["GAVE_UP"]
    own_server.start()


def test_an_exception_of_the_callback_changes_nothing(fake, caplog):
    seen = []

    def on_result(result):
        seen.append(result.context)
        raise RuntimeError("mine")

    with caplog.at_level(logging.CRITICAL, logger="emptychair"):
        with emptychair.FeedbackWriter(fake.client, on_result=on_result) as writer:
            for number in range(3):
                writer.add("nps", external_id=f"x{number}", context=number)
            writer.flush(DEADLINE)
            assert writer.counters().callback_errors == 3 and writer.counters().stored == 3
    assert seen == [0, 1, 2]


def test_a_callback_may_add(fake):
    results = []
    holder = []

    def on_result(result):
        results.append(result.context)
        if result.context < 10:
            holder[0].add("nps", external_id=f"y{result.context}", context=result.context + 1)

    with emptychair.FeedbackWriter(fake.client, on_result=on_result, linger=0) as writer:
        holder.append(writer)
        writer.add("nps", external_id="x", context=0)
        while len(results) < 11:
            threading.Event().wait(0.001)
    assert results == list(range(11))


def test_random_failures_lose_and_repeat_nothing(fake, seed):
    source = random.Random(seed)
    known = set()
    results = []

    def on_batch(request, context):
        luck = source.random()
        if luck < 0.1:
            abort(context, source.choice(["UNAVAILABLE", "CANCELLED", "UNKNOWN"]), "before")
        existed = [i for i, one in enumerate(request.feedback) if one.external_id in known]
        known.update(one.external_id for one in request.feedback)
        if luck < 0.2:
            abort(context, "UNAVAILABLE", "after it was stored")
        return acknowledge(request, context, existed=existed)

    fake.on_batch = on_batch
    with writer_of(fake, results, batch_records=10, in_flight_batches=3, linger=0.001) as writer:
        writer._state.retries._jitter = lambda: 0.01
        for number in range(2000):
            writer.add("nps", external_id=f"x{number}", context=number)
        writer.flush(PATIENCE)
    assert [one.context for one in results] == list(range(2000))
    assert len(known) == 2000
    sent_by = [batch for batch in fake.batches if "x0" in batch]
    assert all(batch == sent_by[0] for batch in sent_by)
