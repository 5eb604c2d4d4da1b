// Stores one answer and asks what all answers mean.
import emptychair.v1.FeedbackServiceGrpc;
import emptychair.v1.FeedbackServiceOuterClass.Feedback;
import emptychair.v1.FeedbackServiceOuterClass.SubmitFeedbackRequest;
import emptychair.v1.MetricsServiceGrpc;
import emptychair.v1.MetricsServiceOuterClass.QueryMetricRequest;
import io.grpc.ManagedChannelBuilder;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

public class FirstRecord {
  // All numbers are doubles: of an Integer gRPC makes a ClassCastException.
  static final Map<String, ?> RETRIES = Map.of("methodConfig", List.of(Map.of(
      "name", List.of(Map.of("service", "emptychair.v1.FeedbackService"),
          Map.of("service", "emptychair.v1.MetricsService")),
      "retryPolicy", Map.of("maxAttempts", 5.0, "initialBackoff", "0.1s", "maxBackoff", "2s",
          "backoffMultiplier", 2.0,
          "retryableStatusCodes", List.of("UNAVAILABLE", "RESOURCE_EXHAUSTED")))));

  public static void main(String[] args) {
    var channel = ManagedChannelBuilder.forTarget(args[0]).usePlaintext()
        .defaultServiceConfig(RETRIES).build();
    try {
      var answer = Feedback.newBuilder().setSurveyId("checkout").setExternalId("order-1001")
          .setScore(9).putLabels("channel", "web");
      var stored = FeedbackServiceGrpc.newBlockingStub(channel)
          .withDeadlineAfter(10, TimeUnit.SECONDS)
          .submitFeedback(SubmitFeedbackRequest.newBuilder().setFeedback(answer).build());
      var metric = MetricsServiceGrpc.newBlockingStub(channel)
          .withDeadlineAfter(10, TimeUnit.SECONDS)
          .queryMetric(QueryMetricRequest.newBuilder().addSurveyIds("checkout").build());
      var nps = metric.getTotal().getPoints(0);  // Without answers nps.hasValue() is false.
      System.out.printf("stored before: %b; NPS %.0f from %d answers%n",
          stored.getAlreadyExisted(), nps.getValue(), nps.getAnswers());
    } finally {
      channel.shutdownNow();
    }
  }
}
