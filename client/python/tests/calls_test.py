"""Calls of the clients, against the real server."""

import asyncio
import os
import signal
import threading
from datetime import datetime, timedelta, timezone

import pytest

import emptychair
from conftest import DEADLINE, Server, abort, acknowledge
from emptychair.v1 import feedback_service_pb2

UTC = timezone.utc
START = datetime(2024, 1, 31, 11, 20, 0, 123456, tzinfo=UTC)


def test_a_record_comes_back_as_it_was_sent(client, survey):
    answer = {
        "external_id": "order-1",
        "customer_id": "c-1",
        "score": 0,
        "comment": "schön",
        "labels": {"channel": "web"},
        "occur_time": START,
    }
    sent = client.submit_feedback(survey, **answer, want_record=True)
    assert not sent.already_existed
    record = sent.feedback
    assert record.score == 0 and record.exclusion is None and record.labels == {"channel": "web"}
    assert record.occur_time == START.replace(microsecond=123000)
    assert record.occur_time.tzinfo is UTC
    assert client.get_feedback(survey, external_id="order-1").feedback == record
    assert client.submit_feedback(survey, **answer).already_existed
    unscored = client.submit_feedback(survey, want_record=True).feedback
    assert unscored.score is None


def test_a_record_without_ids_gets_one_before_it_is_sent(client, survey):
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    record = client.submit_feedback(survey, score=9).feedback
    assert before <= record.occur_time <= datetime.now(UTC)
    assert int(record.feedback_id.replace("-", "")[:12], 16) == round(
        record.occur_time.timestamp() * 1000
    )


def test_lists_are_iterators_over_all_pages(client, survey):
    records = [{"survey_id": survey, "external_id": f"x{i}", "score": i % 11} for i in range(25)]
    answer = client.batch_submit_feedback(feedback=records)
    assert answer.accepted_count == 25 and answer.failures == ()
    listing = client.list_feedback(survey, page_size=10)
    position = listing.first_page.position
    assert sorted(record.external_id for record in listing) == sorted(
        r["external_id"] for r in records
    )
    assert position.store_id and position.sequence == answer.sequence
    assert len(listing.first_page.feedback) == 10
    assert survey in [one.survey_id for one in client.list_surveys(page_size=1)]
    assert list(client.list_feedback(survey, min_score=100)) == []


def test_failures_of_a_batch_are_errors(client, survey):
    answer = client.batch_submit_feedback(
        feedback=[{"survey_id": survey, "score": 11}, {"survey_id": "nowhere", "score": 1}]
    )
    reasons = [(one.index, type(one.status), one.status.reason) for one in answer.failures]
    assert reasons == [
        (0, emptychair.InvalidArgument, "SCORE_OUT_OF_RANGE"),
        (1, emptychair.NotFound, "SURVEY_NOT_FOUND"),
    ]
    with pytest.raises(emptychair.InvalidArgument) as raised:
        client.batch_submit_feedback(
            feedback=[{"survey_id": survey}, {"survey_id": survey, "score": "9"}]
        )
    assert raised.value.metadata["field"] == "feedback[1].score"


def test_an_error_says_what_the_server_said(client, survey):
    with pytest.raises(emptychair.InvalidArgument) as raised:
        client.submit_feedback(survey, score=11)
    error = raised.value
    assert (error.code, error.reason, error.attempts) == (
        "INVALID_ARGUMENT",
        "SCORE_OUT_OF_RANGE",
        1,
    )
    assert error.metadata["max"] == "10" and error.field_violations[0].field == "feedback.score"
    assert len(error.request_id) == 16
    assert str(error).endswith(" [SCORE_OUT_OF_RANGE]")
    with pytest.raises(emptychair.NotFound):
        client.get_survey("nowhere")
    with pytest.raises(emptychair.AlreadyExists):
        client.create_survey(survey, kind="CSAT")
    with pytest.raises(emptychair.EmptyChairError) as raised:
        client.delete_survey(survey, confirm_survey_id="other")
    assert raised.value.code == "INVALID_ARGUMENT"
    with pytest.raises(emptychair.InvalidArgument, match="this machine's clock"):
        client.submit_feedback(survey, occur_time=datetime.now(UTC) + timedelta(hours=1))


def test_what_is_refused_here_leaves_the_store_as_it_was(client, survey):
    before = client.get_status().sequence
    for wrong in (
        {"score": True}, {"score": "9"}, {"score": 9.5}, {"score": 9.0}, {"score": float("nan")},
        {"score": 1 << 31}, {"comment": b"abc"}, {"comment": "\ud800"}, {"customer_id": 0},
        {"labels": {"channel": 3}}, {"labels": {"channel": None}}, {"labels": [1]},
        {"occur_time": datetime(2024, 1, 1)}, {"occur_time": datetime(1970, 1, 1, tzinfo=UTC)},
        {"exclusion": {"reason": 99}}, {"feedback_id": "42"}, {"want_record": 1},
    ):  # fmt: skip
        with pytest.raises(emptychair.InvalidArgument) as raised:
            client.submit_feedback(survey, **wrong)
        assert raised.value.attempts == 0
        assert next(iter(wrong)) in raised.value.metadata["field"]
    assert client.get_status().sequence == before


def test_other_services_take_and_give_what_python_has(client, survey):
    client.define_activity_kind(kind="buys", time_zone="Europe/Berlin")
    client.record_activity(
        customer_id="c-9",
        kind="buys",
        activity_id="a-1",
        occur_time=START,
        amount={"units": 10, "nanos": 500_000_000, "currency_code": "EUR"},
    )
    client.upsert_customer(customer_id="c-9", attributes={"plan": "pro"})
    client.submit_feedback(
        survey, customer_id="c-9", score=10, occur_time=START + timedelta(days=1)
    )
    view = client.get_customer_view(customer_id="c-9")
    assert view.customer.attributes == {"plan": "pro"}
    assert view.kinds[0].totals[0].units == 10 and view.kinds[0].last_time.year == 2024
    timeline = list(client.list_timeline(customer_id="c-9"))
    assert [one.feedback is not None for one in timeline] == [True, False]
    exported = list(client.export_customer(customer_id="c-9"))
    assert sum(len(one.activities) for one in exported) == 1
    assert client.erase_customer(customer_id="c-9", mode="DELETE").was_known
    acknowledged = list(
        client.stream_activities(
            [[{"customer_id": "c-8", "kind": "buys", "activity_id": f"{n}", "occur_time": START}]
             for n in range(3)]
        )
    )  # fmt: skip
    assert [one.accepted_count for one in acknowledged] == [1, 1, 1]
    updated = client.update_survey(survey, question="Why?", update_mask=["question"])
    assert updated.survey.question == "Why?"
    assert client.get_status().uptime > timedelta(0)
    caller = client.get_caller()
    assert caller.kind == "ANONYMOUS" and caller.key is None and "SUBMIT" in caller.permissions
    steps = list(client.verify_store())
    assert steps[-1].summary.difference_count == 0 and steps[-1].progress is None


def test_a_metric_is_a_table(client, survey):
    pandas = pytest.importorskip("pandas")
    for score, channel in ((10, "web"), (9, "web"), (0, "app"), (None, None)):
        labels = {"channel": channel} if channel else None
        client.submit_feedback(survey, score=score, labels=labels, occur_time=START)
    metric = client.query_metric(survey_ids=[survey], group_by=["channel"], granularity="MONTH")
    assert isinstance(metric, emptychair.MetricResult)
    table = metric.to_pandas()
    assert list(table["channel"]) == ["app", "web", "(none)"]
    assert table["value"].tolist()[:2] == [-100.0, 100.0] and table["value"][2] is pandas.NA
    assert table["answers"].tolist() == [1, 2, 0] and str(table["answers"].dtype) == "Int64"
    assert table["promoters"][0] == 0
    assert table["start_time"][0] == pandas.Timestamp("2024-01-01", tz="UTC")
    assert str(table["start_time"].dtype) == "datetime64[ns, UTC]"
    assert table["grade"][2] is pandas.NA
    nothing = client.query_metric(survey_ids=[survey], interval={"end_time": START}).to_pandas()
    assert len(nothing) == 1 and nothing["value"][0] is pandas.NA and nothing["answers"][0] == 0


def test_a_metric_is_an_arrow_table(client, survey):
    pyarrow = pytest.importorskip("pyarrow")
    client.submit_feedback(survey, occur_time=START, labels={"channel": "web"})
    metric = client.query_metric(survey_ids=[survey], group_by=["channel"], granularity="DAY")
    table = metric.to_arrow()
    assert table.schema.field("start_time").type == pyarrow.timestamp("us", tz="UTC")
    assert table.column("value").to_pylist() == [None]
    assert table.column("channel").to_pylist() == ["web"]
    assert table.column("unscored").to_pylist() == [1]


def test_raw_stubs_give_a_single_page(client, survey):
    request = feedback_service_pb2.ListFeedbackRequest(survey_id=survey, page_size=1)
    response = client.stubs.feedback.ListFeedback(
        request, metadata=client.metadata(), timeout=DEADLINE
    )
    assert len(response.feedback) == 0 and response.store_id


def test_a_call_outlives_a_restart_of_the_server(own_server):
    with emptychair.Client(own_server.endpoint, timeout=DEADLINE) as client:
        client.create_survey("nps", kind="NPS")
        own_server.kill()
        starter = threading.Timer(0.5, own_server.start)
        starter.start()
        answer = client.submit_feedback("nps", score=9)
        starter.join()
        assert not answer.already_existed


def test_nobody_there_is_unavailable_when_the_time_is_over(own_server):
    own_server.kill()
    with emptychair.Client(own_server.endpoint, timeout=1.0) as client:
        before = datetime.now()
        with pytest.raises(emptychair.Unavailable) as raised:
            client.get_status()
        assert datetime.now() - before < timedelta(seconds=5)
        assert raised.value.attempts > 1 and raised.value.reason is None
    own_server.start()


def test_the_next_endpoint_is_used_after_a_failure(server, own_server, survey):
    own_server.kill()
    endpoints = [own_server.endpoint, server.endpoint]
    with emptychair.Client(endpoints, timeout=DEADLINE) as client:
        assert client.get_survey(survey).survey.survey_id == survey
        assert client.get_survey(survey).survey.survey_id == survey

    async def ask():
        async with emptychair.AsyncClient(endpoints, timeout=DEADLINE) as client:
            return (await client.get_survey(survey)).survey.survey_id

    assert asyncio.run(ask()) == survey
    own_server.start()


def test_a_key_is_read_again_when_it_is_refused(tmp_path):
    server = Server(tmp_path / "store", "--anonymous", "none")
    try:
        with emptychair.Client(f"unix:{tmp_path}/store/admin.sock", timeout=DEADLINE) as admin:
            made = admin.create_key(name="shop", role="ADMIN", all_surveys=True)
            key = tmp_path / "key"
            key.write_text(made.key_text + "\n")
            with emptychair.Client(server.endpoint, timeout=DEADLINE) as stranger:
                with pytest.raises(emptychair.Unauthenticated) as raised:
                    list(stranger.list_surveys())
                assert raised.value.reason == "KEY_REQUIRED"
            with emptychair.Client(
                server.endpoint, api_key_file=str(key), timeout=DEADLINE
            ) as client:
                assert client.get_caller().kind == "KEY"
                rotated = admin.rotate_key(key_id=made.key.key_id, overlap=timedelta(0))
                key.write_text(rotated.key_text)
                assert client.get_caller().key.key_id == made.key.key_id
                admin.revoke_key(key_id=made.key.key_id)
                with pytest.raises(emptychair.Unauthenticated) as raised:
                    client.get_caller()
                assert raised.value.reason == "KEY_REVOKED" and "eck_" not in str(raised.value)
    finally:
        server.stop()


def test_a_client_is_not_for_a_child_of_its_process(client):
    client.get_status()
    child = os.fork()
    if child == 0:
        signal.alarm(DEADLINE)
        try:
            client.get_status()
        except emptychair.EmptyChairError as error:
            os._exit(0 if error.code == "FAILED_PRECONDITION" and "fork" in error.message else 1)
        os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


# A server that dies can look as if the call had been cancelled.
@pytest.mark.parametrize("code", ["UNAVAILABLE", "CANCELLED"])
def test_uploads_send_what_was_not_acknowledged_again(fake, code):
    def batches():
        for number in range(20):
            yield [{"survey_id": "nps", "external_id": f"{number}-{i}"} for i in range(3)]

    seen = []

    def on_batch(request, context):
        seen.append(request.feedback[0].external_id)
        if len(seen) == 5:
            abort(context, code, "stopping", delay_ms=1)
        return acknowledge(request, context)

    fake.on_batch = on_batch
    answers = list(fake.client.stream_feedback(batches()))
    assert [one.batch_number for one in answers] == list(range(1, 21))
    assert seen[:5] == [f"{n}-0" for n in range(5)] and seen[5:] == [f"{n}-0" for n in range(4, 20)]


def test_an_upload_ends_with_an_error_that_no_repetition_mends(fake):
    fake.on_batch = lambda request, context: abort(
        context, "INVALID_ARGUMENT", "no", reason="BATCH_TOO_LARGE"
    )
    with pytest.raises(emptychair.InvalidArgument, match="BATCH_TOO_LARGE"):
        list(fake.client.stream_feedback([[{"survey_id": "nps", "external_id": "x"}]]))


def test_asyncio_has_all_of_it(server, survey):
    async def run():
        async with emptychair.AsyncClient(server.endpoint, timeout=DEADLINE) as client:
            sent = await client.submit_feedback(survey, score=9, external_id="a")
            assert not sent.already_existed
            await asyncio.gather(*(client.submit_feedback(survey, score=i % 11) for i in range(50)))
            listing = client.list_feedback(survey, page_size=20)
            assert (await listing.first_page()).position.sequence > 0
            assert len([one async for one in listing]) == 51
            steps = [one async for one in client.verify_store()]
            assert steps[-1].summary is not None
            batches = [
                [{"survey_id": survey, "score": 1}] * 3,
                [{"survey_id": survey, "score": 11}],
            ]
            answers = [one async for one in client.stream_feedback(batches)]
            assert [one.accepted_count for one in answers] == [3, 0]
            with pytest.raises(emptychair.NotFound) as raised:
                await client.get_survey("nowhere")
            assert raised.value.request_id
            with pytest.raises(emptychair.InvalidArgument):
                await client.submit_feedback(survey, score=True)
            with pytest.raises(TypeError, match="did you mean 'score'"):
                await client.submit_feedback(survey, scoer=1)
            metric = await client.query_metric(survey_ids=[survey])
            assert metric.total.points[0].answers == 54

    asyncio.run(run())


def test_an_asyncio_client_is_for_one_event_loop(server):
    client = emptychair.AsyncClient(server.endpoint, timeout=DEADLINE)

    async def ask():
        return await client.get_status()

    assert asyncio.run(ask()).store_id
    with pytest.raises(emptychair.EmptyChairError, match="another event loop"):
        asyncio.run(ask())

    async def ask_when_closed():
        await other.close()
        await other.get_status()

    other = emptychair.AsyncClient(server.endpoint, timeout=DEADLINE)
    with pytest.raises(emptychair.EmptyChairError, match="the client is closed"):
        asyncio.run(ask_when_closed())


def test_asyncio_outlives_a_restart_too(own_server):
    async def run():
        async with emptychair.AsyncClient(own_server.endpoint, timeout=DEADLINE) as client:
            await client.create_survey("nps", kind="NPS")
            own_server.kill()
            call = asyncio.create_task(client.submit_feedback("nps", score=9))
            await asyncio.to_thread(own_server.start)
            assert not (await call).already_existed

    asyncio.run(run())


def test_a_traceparent_goes_along(fake):
    traces = iter(["00-" + "a" * 32 + "-" + "b" * 16 + "-01", "nonsense"])
    with emptychair.Client(fake.endpoint, traceparent=lambda: next(traces)) as client:
        for _ in range(2):
            list(client.stream_feedback([[{"survey_id": "nps", "external_id": "x"}]]))
    assert fake.metadata[0]["traceparent"].startswith("00-aaa")
    assert "traceparent" not in fake.metadata[1]
