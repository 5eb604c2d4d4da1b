"""What the writers make of servers that fail or refuse."""

import asyncio
import random
import threading

import pytest

import emptychair
from conftest import DEADLINE, Gate, abort, acknowledge, status_of, writer_of

PATIENCE = 60


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
    for _ in range(2):
        with pytest.raises(emptychair.EmptyChairError) as raised:
            writer.close(0)
        assert raised.value.code == "DEADLINE_EXCEEDED" and raised.value.metadata["left"] == "1"
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


def test_a_quota_is_waited_out_and_splits_no_batch(fake):
    fake.on_batch = lambda request, context: abort(
        context, "RESOURCE_EXHAUSTED", "all sent", reason="QUOTA_EXCEEDED"
    )
    writer = writer_of(fake, [])
    for number in range(4):
        writer.add("nps", external_id=f"x{number}")
    while writer.counters().last_error is None:
        threading.Event().wait(0.001)
    with pytest.raises(emptychair.EmptyChairError):
        writer.flush(0.3)  # What passes by itself would be tried again by now.
    assert fake.batches == [["x0", "x1", "x2", "x3"]]
    with pytest.raises(emptychair.EmptyChairError):
        writer.close(0)


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
