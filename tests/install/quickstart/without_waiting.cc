// Submits answers in the background.
#include <iostream>
#include <string>

#include "emptychair/client/client.h"
#include "emptychair/client/feedback_writer.h"

absl::Status Run(const std::string& endpoint) {
  const auto client = emptychair::Client::Create({.endpoint = endpoint});
  if (!client.ok()) return client.status();

  emptychair::FeedbackWriterOptions options;
  options.on_result = [](const emptychair::FeedbackResult& result) {
    if (result.outcome == emptychair::FeedbackResult::Outcome::kRejected) {
      std::cout << std::any_cast<std::string>(result.context) << " was rejected\n";
    }
  };
  const auto writer = emptychair::FeedbackWriter::Create(*client, options);
  if (!writer.ok()) return writer.status();

  for (int request = 1; request <= 3; ++request) {
    emptychair::v1::Feedback feedback;
    feedback.set_survey_id("checkout");
    feedback.set_score(request == 3 ? 11 : 9);
    absl::Status added = (*writer)->Add(feedback, "request " + std::to_string(request));
    if (!added.ok()) std::cerr << added << "\n";  // Never a reason to fail the request.
  }

  absl::Status closed = (*writer)->Close(absl::Seconds(30));
  std::cout << (*writer)->counters().stored << " stored\n";
  return closed;
}

int main(int argc, char** argv) {
  absl::Status status = Run(argc > 1 ? argv[1] : "127.0.0.1:7443");
  if (!status.ok()) std::cerr << status << "\n";
  return status.ok() ? 0 : 1;
}
