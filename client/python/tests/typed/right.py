"""A program that uses the package as its types say."""

import asyncio
from datetime import datetime, timedelta, timezone

import emptychair
from emptychair import types
from emptychair.testing import FakeServer


def ask(client: emptychair.Client, method: types.MetricMethod) -> float | None:
    interval: types.TimeIntervalDict = {"start_time": datetime(2024, 1, 1, tzinfo=timezone.utc)}
    metric: emptychair.MetricResult = client.query_metric(
        survey_ids=["nps"],
        method=method,
        interval=interval,
        filters=[{"key": "channel", "values": ["web"]}],
        granularity="DAY",
    )
    for series in metric.series:
        for group in series.group_values:
            print(group.value or "-")
    for bucket, point in zip(metric.buckets, metric.total.points):
        if bucket.start_time is not None and point.value is not None:
            print(bucket.start_time.isoformat(), round(point.value, 1))
    return metric.total.points[0].value


def submit(client: emptychair.Client) -> types.Feedback:
    with emptychair.FeedbackWriter(client, when_full="BLOCK", on_result=told) as writer:
        writer.add("nps", score=9, labels={"channel": "web"}, context=1)
    try:
        client.create_survey("nps", kind="NPS", scale={"min": 0, "max": 10})
        records: list[types.FeedbackDict] = [{"survey_id": "nps", "score": 9}]
        client.batch_submit_feedback(feedback=records)
    except emptychair.NotFound as error:
        print(error.reason, error.metadata.get("survey_id"), error.retry_delay or timedelta(0))
    survey: types.Survey = client.get_survey("nps").survey
    print(survey.scale.max if survey.scale else None, survey.dimensions)
    listing = client.list_feedback("nps", exclusion="COUNTED")
    print(listing.first_page.position)
    for feedback in listing:
        client.batch_submit_feedback(feedback=[feedback])
    return client.get_feedback("nps", external_id="x").feedback


def told(result: emptychair.Result) -> None:
    if result.outcome == "REJECTED" and result.error is not None:
        print(result.error.code, result.context)


def watch(client: emptychair.Client, position: emptychair.Position | None) -> None:
    with client.watch_feedback(position=position) as changes:
        for message in changes:
            for change in message.changes:
                print(change.kind, change.feedback.survey_id, changes.position)


def try_it(fake_server: FakeServer) -> int:
    fake_server.fail_next("UNAVAILABLE", method="submit_feedback", count=2, message="on purpose")
    fake_server.set_time(datetime(2024, 1, 1, tzinfo=timezone.utc))
    fake_server.restart()
    with FakeServer(time=datetime.now(timezone.utc)) as other:
        print(other.endpoint)
    return fake_server.drop_connections()


async def run() -> None:
    async with emptychair.AsyncClient(["a:1", "b:1"], credentials=emptychair.Tls()) as client:
        async with emptychair.AsyncFeedbackWriter(client) as writer:
            await writer.add("nps", score=9)
        async for feedback in client.list_feedback("nps"):
            score: int | None = feedback.score
            print(score)
        async for step in client.verify_store():
            print(step.summary.records if step.summary else "")


asyncio.run(run())
