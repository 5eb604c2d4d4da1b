"""Stores one answer and asks what all answers mean."""

import json
import sys

import grpc

from emptychair.v1 import feedback_service_pb2, feedback_service_pb2_grpc
from emptychair.v1 import metrics_service_pb2, metrics_service_pb2_grpc

RETRIES = {
    "methodConfig": [
        {
            "name": [
                {"service": "emptychair.v1.FeedbackService"},
                {"service": "emptychair.v1.MetricsService"},
            ],
            "retryPolicy": {
                "maxAttempts": 5,
                "initialBackoff": "0.1s",
                "maxBackoff": "2s",
                "backoffMultiplier": 2,
                "retryableStatusCodes": ["UNAVAILABLE", "RESOURCE_EXHAUSTED"],
            },
        }
    ]
}

options = [("grpc.service_config", json.dumps(RETRIES))]
with grpc.insecure_channel(sys.argv[1], options) as channel:
    answer = feedback_service_pb2.Feedback(
        survey_id="checkout", external_id="order-1001", score=9, labels={"channel": "web"}
    )
    stored = feedback_service_pb2_grpc.FeedbackServiceStub(channel).SubmitFeedback(
        feedback_service_pb2.SubmitFeedbackRequest(feedback=answer), timeout=10
    )
    metric = metrics_service_pb2_grpc.MetricsServiceStub(channel).QueryMetric(
        metrics_service_pb2.QueryMetricRequest(survey_ids=["checkout"]), timeout=10
    )
    nps = metric.total.points[0]  # Where there is no answer, nps.HasField("value") is False.
    existed = str(stored.already_existed).lower()
    print(f"stored before: {existed}; NPS {nps.value:g} from {nps.answers} answers")
