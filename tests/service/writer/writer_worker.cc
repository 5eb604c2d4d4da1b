// Adds records to a spool and says which, until it is killed: for writer_kill_test.cc.
//
//   writer_worker ENDPOINT SPOOL FIRST END
//
// Adds "row FIRST" to "row END - 1", each with a line "added N" once Add has returned, waits until
// all that is in the spool is answered, and says "done".
#include <cstdlib>
#include <iostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "emptychair/client/client.h"
#include "emptychair/client/feedback_writer.h"

namespace {

absl::Status Run(const std::string& endpoint, const std::string& spool, int first, int end) {
  const absl::StatusOr<emptychair::Client> client =
      emptychair::Client::Create({.endpoint = endpoint});
  if (!client.ok()) {
    return client.status();
  }
  emptychair::FeedbackWriterOptions options;
  options.batch_records = 50;
  options.give_up_after = absl::ZeroDuration();
  options.spool.directory = spool;
  const auto writer = emptychair::FeedbackWriter::Create(*client, options);
  if (!writer.ok()) {
    return writer.status();
  }
  for (int i = first; i < end; ++i) {
    emptychair::v1::Feedback feedback;
    feedback.set_survey_id("nps");
    feedback.set_external_id(absl::StrCat("row ", i));
    feedback.set_score(i % 11);
    if (absl::Status status = (*writer)->Add(feedback); !status.ok()) {
      return status;
    }
    std::cout << "added " << i << std::endl;
  }
  const absl::Status closed = (*writer)->Close(absl::Minutes(1));
  if (closed.ok()) {
    std::cout << "done" << std::endl;
  }
  return closed;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    return 2;
  }
  const absl::Status status = Run(argv[1], argv[2], std::atoi(argv[3]), std::atoi(argv[4]));
  if (!status.ok()) {
    std::cerr << status << std::endl;
  }
  return status.ok() ? 0 : 1;
}
