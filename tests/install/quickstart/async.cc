// Submits answers without waiting for each.
#include <iostream>
#include <latch>
#include <string>

#include "emptychair/client/client.h"
#include "emptychair/error.h"

absl::Status Run(const std::string& endpoint) {
  const auto client = emptychair::Client::Create({.endpoint = endpoint});
  if (!client.ok()) return client.status();

  int stored = 0;
  std::latch open(3);
  for (int score : {10, 9, 11}) {
    emptychair::v1::SubmitFeedbackRequest request;
    request.mutable_feedback()->set_survey_id("checkout");
    request.mutable_feedback()->set_score(score);
    client->AsyncSubmitFeedback(request, [&, score](const auto& response) {
      // One after the other, on a thread of the client's.
      if (response.ok()) {
        ++stored;
      } else {
        std::cout << score << ": " << emptychair::ReasonNameOf(response.status()) << "\n";
      }
      open.count_down();
    });
  }

  open.wait();
  std::cout << stored << " stored\n";
  return absl::OkStatus();
}

int main(int argc, char** argv) {
  absl::Status status = Run(argc > 1 ? argv[1] : "127.0.0.1:7443");
  if (!status.ok()) std::cerr << status << "\n";
  return status.ok() ? 0 : 1;
}
