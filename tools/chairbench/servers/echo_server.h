// The limits of a gRPC service: a server that answers the same messages and does nothing else, or
// nothing but make them durable.
#ifndef EMPTYCHAIR_TOOLS_CHAIRBENCH_SERVERS_ECHO_SERVER_H_
#define EMPTYCHAIR_TOOLS_CHAIRBENCH_SERVERS_ECHO_SERVER_H_

#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "emptychair/v1/metrics_service.pb.h"

namespace emptychair::bench {

// A question and its answer.
using Recording = std::pair<v1::QueryMetricRequest, v1::QueryMetricResponse>;

// Writes recordings to a file for RunEchoServer to read.
absl::Status WriteRecordings(const std::vector<Recording>& recordings, const std::string& path);

struct EchoOptions {
  // File of what QueryMetric answers; empty: it answers nothing.
  std::string recordings;
  // File in which SubmitFeedback makes what it got durable before it answers, as GroupCommit does;
  // empty: it answers at once.
  std::string log;
};

// Serves on a free port of 127.0.0.1 until SIGINT or SIGTERM; says "listening on ADDRESS" first.
// SubmitFeedback answers with the record it got, GetStatus counts those, and QueryMetric answers
// what was recorded for the same question.
absl::Status RunEchoServer(const EchoOptions& options, std::ostream& out);

}  // namespace emptychair::bench

#endif  // EMPTYCHAIR_TOOLS_CHAIRBENCH_SERVERS_ECHO_SERVER_H_
