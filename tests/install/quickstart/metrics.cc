// Shows Prometheus what became of the records of a writer.
#include <prometheus/collectable.h>
#include <prometheus/text_serializer.h>

#include <iostream>
#include <string>
#include <vector>

#include "emptychair/client/client.h"
#include "emptychair/client/feedback_writer.h"

// For RegisterCollectable of a prometheus::Exposer. The writer must live as long.
class WriterMetrics : public prometheus::Collectable {
 public:
  explicit WriterMetrics(const emptychair::FeedbackWriter& writer) : writer_(writer) {}

  std::vector<prometheus::MetricFamily> Collect() const override {
    using prometheus::MetricType;
    const emptychair::FeedbackWriterCounters now = writer_.counters();
    return {
        Family(MetricType::Counter, "added_total", "Records added", now.added),
        Family(MetricType::Counter, "stored_total", "Records stored", now.stored),
        Family(MetricType::Counter, "already_existed_total", "Records there before",
               now.already_existed),
        Family(MetricType::Counter, "rejected_total", "Records refused", now.rejected),
        Family(MetricType::Counter, "gave_up_total", "Records lost", now.gave_up),
        Family(MetricType::Counter, "reconnects_total", "Streams after the first", now.reconnects),
        Family(MetricType::Gauge, "queued_records", "Records not answered", now.queued_records),
        Family(MetricType::Gauge, "queued_bytes", "Their size", now.queued_bytes),
        Family(MetricType::Gauge, "oldest_age_seconds", "Age of the oldest of them",
               absl::ToDoubleSeconds(now.oldest_age)),
        Family(MetricType::Gauge, "failing", "1: the last attempt failed", !now.last_error.ok()),
    };
  }

 private:
  static prometheus::MetricFamily Family(prometheus::MetricType type, const std::string& name,
                                         const std::string& help, double value) {
    prometheus::ClientMetric metric;
    metric.counter.value = metric.gauge.value = value;
    return {"feedback_writer_" + name, help, type, {metric}};
  }

  const emptychair::FeedbackWriter& writer_;
};

absl::Status Run(const std::string& endpoint) {
  const auto client = emptychair::Client::Create({.endpoint = endpoint});
  if (!client.ok()) return client.status();
  const auto writer = emptychair::FeedbackWriter::Create(*client);
  if (!writer.ok()) return writer.status();
  const WriterMetrics metrics(**writer);

  for (int score : {9, 10, 11}) {
    emptychair::v1::Feedback feedback;
    feedback.set_survey_id("checkout");
    feedback.set_score(score);
    absl::Status added = (*writer)->Add(feedback);
    if (!added.ok()) std::cerr << added << "\n";
  }

  absl::Status closed = (*writer)->Close(absl::Seconds(30));
  std::cout << prometheus::TextSerializer().Serialize(metrics.Collect());
  return closed;
}

int main(int argc, char** argv) {
  absl::Status status = Run(argc > 1 ? argv[1] : "127.0.0.1:7443");
  if (!status.ok()) std::cerr << status << "\n";
  return status.ok() ? 0 : 1;
}
