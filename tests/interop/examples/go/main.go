// Stores one answer and asks what all answers mean.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"

	emptychair "example.com/shop/gen/emptychair/v1"
)

const retries = `{"methodConfig": [{
  "name": [{"service": "emptychair.v1.FeedbackService"},
    {"service": "emptychair.v1.MetricsService"}],
  "retryPolicy": {"maxAttempts": 5, "initialBackoff": "0.1s", "maxBackoff": "2s",
    "backoffMultiplier": 2, "retryableStatusCodes": ["UNAVAILABLE", "RESOURCE_EXHAUSTED"]}}]}`

func main() {
	connection, err := grpc.NewClient(os.Args[1], grpc.WithDefaultServiceConfig(retries),
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()

	answer := &emptychair.Feedback{SurveyId: "checkout", ExternalId: "order-1001",
		Score: proto.Int32(9), Labels: map[string]string{"channel": "web"}}
	stored, err := emptychair.NewFeedbackServiceClient(connection).SubmitFeedback(ctx,
		&emptychair.SubmitFeedbackRequest{Feedback: answer})
	if err != nil {
		log.Fatal(err)
	}
	metric, err := emptychair.NewMetricsServiceClient(connection).QueryMetric(ctx,
		&emptychair.QueryMetricRequest{SurveyIds: []string{"checkout"}})
	if err != nil {
		log.Fatal(err)
	}
	nps := metric.Total.Points[0] // nps.Value is nil where there is no answer.
	fmt.Printf("stored before: %t; NPS %g from %d answers\n",
		stored.AlreadyExisted, nps.GetValue(), nps.Answers)
}
