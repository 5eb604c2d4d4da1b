#!/usr/bin/python3
"""Uses the service as a stranger would: Python's grpcio, stubs from the .proto files, the real server.

Creates a survey, submits a record and a batch, queries, and reads an error's details.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile

import grpc

# Seconds. Every step has a deadline, so that a server that hangs fails the test.
DEADLINE = 30

# P, S, D of a published example and what it gives: 32, 13, 6.
SCORES = [10] * 20 + [9] * 12 + [8] * 7 + [7] * 6 + [6] * 3 + [0] * 3
OCCUR_TIME_S = 1709294400  # 2024-03-01T12:00:00Z


def check(condition, what):
    if not condition:
        sys.exit(f"FAILED: {what}")


def check_equal(actual, expected, what):
    check(actual == expected, f"{what}: {actual!r} instead of {expected!r}")


def check_near(actual, expected, what):
    check(abs(actual - expected) < 5e-5, f"{what}: {actual!r} instead of {expected!r}")


def import_stubs(folder):
    sys.path.insert(0, folder)
    # The installed package `google` hides the google/rpc of the stubs.
    import google

    google.__path__ = list(google.__path__) + [os.path.join(folder, "google")]


def test_surveys(channel):
    from emptychair.v1 import survey_service_pb2 as surveys
    from emptychair.v1 import survey_service_pb2_grpc
    from emptychair.v1 import types_pb2 as types

    stub = survey_service_pb2_grpc.SurveyServiceStub(channel)
    survey = surveys.Survey(
        survey_id="checkout",
        kind=types.SURVEY_KIND_NPS,
        dimensions=["channel"],
        time_zone="Europe/Berlin",
    )
    request = surveys.CreateSurveyRequest(survey=survey)
    created = stub.CreateSurvey(request, timeout=DEADLINE).survey
    check_equal((created.scale.min, created.scale.max), (0, 10), "the default scale")
    again = stub.CreateSurvey(request, timeout=DEADLINE).survey
    check_equal(again, created, "the same survey created again")
    got = stub.GetSurvey(surveys.GetSurveyRequest(survey_id="checkout"), timeout=DEADLINE).survey
    check_equal(got, created, "the survey read back")
    listed = stub.ListSurveys(surveys.ListSurveysRequest(), timeout=DEADLINE).surveys
    check_equal(list(listed), [created], "the list of surveys")


def record(index, score):
    from emptychair.v1 import feedback_service_pb2 as feedback

    result = feedback.Feedback(
        survey_id="checkout",
        external_id=f"order-{index}",
        labels={"channel": "web" if index % 2 else "app"},
    )
    if score is not None:
        result.score = score
    result.occur_time.seconds = OCCUR_TIME_S + index
    return result


def test_feedback(channel):
    from emptychair.v1 import feedback_service_pb2 as feedback
    from emptychair.v1 import feedback_service_pb2_grpc

    stub = feedback_service_pb2_grpc.FeedbackServiceStub(channel)
    first = stub.SubmitFeedback(
        feedback.SubmitFeedbackRequest(feedback=record(0, SCORES[0]), want_record=True),
        timeout=DEADLINE,
    )
    check(not first.already_existed, "a new record is new")
    check_equal(len(first.feedback.feedback_id), 36, "the length of the derived id")

    records = [record(index, score) for index, score in enumerate(SCORES)]
    records += [record(len(SCORES), None), record(len(SCORES) + 1, 11)]
    batch = stub.BatchSubmitFeedback(
        feedback.BatchSubmitFeedbackRequest(feedback=records), timeout=DEADLINE
    )
    check_equal(batch.accepted_count, len(SCORES), "accepted of the batch")
    check_equal(list(batch.already_existed_indexes), [0], "what existed of the batch")
    check_equal([f.index for f in batch.failures], [len(SCORES) + 1], "what failed of the batch")
    check_equal(
        reason_of(batch.failures[0].status), "SCORE_OUT_OF_RANGE", "the reason of the failure"
    )

    got = stub.GetFeedback(
        feedback.GetFeedbackRequest(survey_id="checkout", external_id="order-0"), timeout=DEADLINE
    )
    check_equal(got.feedback, first.feedback, "the record read back")


def test_metrics(channel):
    from emptychair.v1 import calendar_pb2 as calendar
    from emptychair.v1 import metrics_service_pb2 as metrics
    from emptychair.v1 import metrics_service_pb2_grpc

    stub = metrics_service_pb2_grpc.MetricsServiceStub(channel)
    response = stub.QueryMetric(
        metrics.QueryMetricRequest(survey_ids=["checkout"]), timeout=DEADLINE
    )
    check_equal(len(response.series), 1, "the number of series")
    point = response.series[0].points[0]
    check_equal((point.promoters, point.passives, point.detractors), (32, 13, 6), "the counts")
    check_equal((point.answers, point.unscored), (51, 1), "answers and unscored")
    check_near(point.value, 50.9804, "NPS")
    check_near(point.low, 29.2949, "the interval's lower end")
    check_near(point.high, 67.0014, "the interval's upper end")

    months = stub.QueryMetric(
        metrics.QueryMetricRequest(
            survey_ids=["checkout"], granularity=calendar.GRANULARITY_MONTH, group_by=["channel"]
        ),
        timeout=DEADLINE,
    )
    groups = [series.group_values[0].value for series in months.series]
    check_equal(groups, ["app", "web"], "the groups")
    answers = sum(point.answers for series in months.series for point in series.points)
    check_equal(answers, 51, "the answers of all groups")


def reason_of(status):
    from google.rpc import error_details_pb2

    infos = []
    for detail in status.details:
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info):
            check_equal(info.domain, "emptychair", "the domain of the error")
            infos.append(info.reason)
    check_equal(len(infos), 1, "the number of ErrorInfo details")
    return infos[0]


def test_errors(channel):
    from emptychair.v1 import metrics_service_pb2 as metrics
    from emptychair.v1 import metrics_service_pb2_grpc
    from google.rpc import status_pb2

    stub = metrics_service_pb2_grpc.MetricsServiceStub(channel)
    try:
        stub.QueryMetric(metrics.QueryMetricRequest(survey_ids=["nowhere"]), timeout=DEADLINE)
        check(False, "an unknown survey is refused")
    except grpc.RpcError as error:
        check_equal(error.code(), grpc.StatusCode.NOT_FOUND, "the code of the error")
        status = status_pb2.Status()
        for key, value in error.trailing_metadata():
            if key == "grpc-status-details-bin":
                status.ParseFromString(value)
        check_equal(reason_of(status), "SURVEY_NOT_FOUND", "the reason of the error")
        check("nowhere" in error.details(), "the message names the survey: " + error.details())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", required=True)
    parser.add_argument("--stubs", required=True)
    options = parser.parse_args()
    import_stubs(options.stubs)

    with tempfile.TemporaryDirectory() as folder:
        server = subprocess.Popen(
            [
                options.server,
                f"--data={folder}/data",
                "--listen=127.0.0.1:0",
                "--http_listen=off",
                f"--access_log={folder}/access.log",
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            line = server.stdout.readline().strip()
            check(line.startswith("listening on 127.0.0.1:"), f"the first line is {line!r}")
            with grpc.insecure_channel(line.split()[-1]) as channel:
                test_surveys(channel)
                test_feedback(channel)
                test_metrics(channel)
                test_errors(channel)
            server.send_signal(signal.SIGTERM)
            check_equal(server.wait(timeout=DEADLINE), 0, "the server's exit status")
        finally:
            if server.poll() is None:
                server.kill()
                server.wait()
    print("OK")


if __name__ == "__main__":
    main()
