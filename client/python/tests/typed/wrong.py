"""A program with mistakes, each of which a type checker finds."""

from datetime import datetime

import emptychair
from emptychair import types
from emptychair.testing import FakeServer


def wrong(client: emptychair.Client, writer: emptychair.FeedbackWriter) -> None:
    client.submit_feedback("nps", scoer=9)  # wrong
    client.submit_feedback("nps", 9)  # wrong
    client.submit_feedback("nps", score="9")  # wrong
    client.submit_feedback("nps", score=9.5)  # wrong
    client.submit_feedback("nps", labels={"channel": 3})  # wrong
    client.submit_feedback("nps", occur_time="2024-01-01")  # wrong
    client.submit_feedback(score=9)  # wrong
    client.query_metric(survey_ids=["nps"], granularity="DAYS")  # wrong
    client.query_metric(survey_ids=["nps"], filters=[{"key": "a", "value": "b"}])  # wrong
    client.query_metric(survey_ids=["nps"], interval={"from": datetime.now()})  # wrong
    client.quary_metric(survey_ids=["nps"])  # wrong
    client.exclude_feedback("nps", external_id="x")  # wrong
    writer.add("nps", scoer=9)  # wrong
    writer.add("nps", score=None, coment="x")  # wrong
    point: types.MetricValue = client.query_metric(survey_ids=["nps"]).total.points[0]
    print(point.value + 1)  # wrong
    print(point.valeu)  # wrong
    point.value = 1.0  # wrong
    print(client.get_survey("nps").survey.scale.max)  # wrong
    emptychair.FeedbackWriter(client, when_full="WAIT")  # wrong


def wrong_test(fake_server: FakeServer) -> None:
    fake_server.fail_next("GONE")  # wrong
    fake_server.fail_next("INTERNAL", 2)  # wrong
    fake_server.set_time("2024-01-01T00:00:00Z")  # wrong
    FakeServer(tme=datetime.now())  # wrong
