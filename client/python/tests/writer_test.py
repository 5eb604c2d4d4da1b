"""The writers: what they deliver, and what they do when they are full, closed or forked."""

import collections
import contextlib
import logging
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from datetime import datetime

import pytest

import emptychair
from conftest import DEADLINE, Gate, abort, acknowledge, set_back_an_hour, writer_of


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
    assert [one.feedback.score for one in results] == [9, 9]
    assert len({one.feedback.feedback_id for one in results}) == 2
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
        one.error.reason == "QUEUE_FULL" for one in results if one.outcome == "GAVE_UP"
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
    with pytest.raises(emptychair.EmptyChairError):
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
            assert writer.counters().exceptions == 3 and writer.counters().stored == 3
    assert seen == [0, 1, 2]


def test_a_callback_cannot_wait_for_results(fake):
    codes = []

    def on_result(_):
        for wait in (holder[0].flush, holder[0].close):
            with pytest.raises(emptychair.EmptyChairError) as raised:
                wait()
            codes.append(raised.value.code)

    holder = []
    with emptychair.FeedbackWriter(fake.client, on_result=on_result) as writer:
        holder.append(writer)
        writer.add("nps", external_id="x")
        writer.flush(DEADLINE)
    assert codes == ["FAILED_PRECONDITION"] * 2


def test_a_block_that_fails_says_why_and_one_that_ends_says_what_is_left(fake, monkeypatch):
    close = emptychair.FeedbackWriter.close
    monkeypatch.setattr(emptychair.FeedbackWriter, "close", lambda self: close(self, 0))
    fake.on_batch = lambda request, context: abort(context, "PERMISSION_DENIED", "no")
    with pytest.raises(ZeroDivisionError):
        with writer_of(fake, []) as writer:
            writer.add("nps", external_id="x")
            raise ZeroDivisionError
    with pytest.raises(emptychair.EmptyChairError, match="1 records"):
        with writer_of(fake, []) as writer:
            writer.add("nps", external_id="x")


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
