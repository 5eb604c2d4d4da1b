#include "tools/chairbench/servers/echo_server.h"

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <fstream>
#include <memory>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/rpc/status_conversion.h"
#include "emptychair/v1/admin_service.grpc.pb.h"
#include "emptychair/v1/feedback_service.grpc.pb.h"
#include "emptychair/v1/metrics_service.grpc.pb.h"
#include "google/protobuf/util/delimited_message_util.h"
#include "tools/chairbench/base/interrupt.h"
#include "tools/chairbench/servers/group_commit.h"

namespace emptychair::bench {
namespace {

using Answers = absl::flat_hash_map<std::string, v1::QueryMetricResponse>;

grpc::ServerUnaryReactor* Finished(grpc::CallbackServerContext* context,
                                   const grpc::Status& status) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(status);
  return reactor;
}

class EchoFeedback final : public v1::FeedbackService::CallbackService {
 public:
  // `log` may be null.
  explicit EchoFeedback(GroupCommit* log) : log_(log) {}

  grpc::ServerUnaryReactor* SubmitFeedback(grpc::CallbackServerContext* context,
                                           const v1::SubmitFeedbackRequest* request,
                                           v1::SubmitFeedbackResponse* response) override {
    *response->mutable_feedback() = request->feedback();
    response->set_sequence(count_.fetch_add(1, std::memory_order_relaxed));
    if (log_ == nullptr) {
      return Finished(context, grpc::Status::OK);
    }
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    log_->Append(request->SerializeAsString(),
                 [reactor](const absl::Status& status) { reactor->Finish(ToGrpc(status)); });
    return reactor;
  }

  int64_t count() const { return count_.load(std::memory_order_relaxed); }
  int64_t groups() const { return log_ == nullptr ? 0 : log_->groups(); }

 private:
  GroupCommit* const log_;
  std::atomic<int64_t> count_{0};
};

class EchoMetrics final : public v1::MetricsService::CallbackService {
 public:
  explicit EchoMetrics(Answers answers) : answers_(std::move(answers)) {}

  grpc::ServerUnaryReactor* QueryMetric(grpc::CallbackServerContext* context,
                                        const v1::QueryMetricRequest* request,
                                        v1::QueryMetricResponse* response) override {
    const auto found = answers_.find(request->SerializeAsString());
    if (found == answers_.end()) {
      return Finished(context, {grpc::StatusCode::NOT_FOUND, "no answer was recorded"});
    }
    *response = found->second;
    return Finished(context, grpc::Status::OK);
  }

 private:
  const Answers answers_;
};

class EchoAdmin final : public v1::AdminService::CallbackService {
 public:
  explicit EchoAdmin(const EchoFeedback& feedback) : feedback_(feedback) {}

  grpc::ServerUnaryReactor* GetStatus(grpc::CallbackServerContext* context,
                                      const v1::GetStatusRequest* request,
                                      v1::GetStatusResponse* response) override {
    response->mutable_since_start()->set_accepted(feedback_.count());
    response->mutable_since_start()->set_groups(feedback_.groups());
    return Finished(context, grpc::Status::OK);
  }

 private:
  const EchoFeedback& feedback_;
};

absl::StatusOr<Answers> ReadRecordings(const std::string& path) {
  Answers answers;
  if (path.empty()) {
    return answers;
  }
  std::ifstream file(path, std::ios::binary);
  google::protobuf::io::IstreamInputStream in(&file);
  bool ended = false;
  Recording recording;
  while (google::protobuf::util::ParseDelimitedFromZeroCopyStream(&recording.first, &in, &ended)) {
    if (!google::protobuf::util::ParseDelimitedFromZeroCopyStream(&recording.second, &in, &ended)) {
      break;
    }
    answers[recording.first.SerializeAsString()] = std::exchange(recording.second, {});
    recording.first.Clear();
  }
  if (!ended || answers.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("\"", path, "\" holds no recordings"));
  }
  return answers;
}

}  // namespace

absl::Status WriteRecordings(const std::vector<Recording>& recordings, const std::string& path) {
  std::ofstream file(path, std::ios::binary);
  for (const auto& [request, response] : recordings) {
    google::protobuf::util::SerializeDelimitedToOstream(request, &file);
    google::protobuf::util::SerializeDelimitedToOstream(response, &file);
  }
  if (!file.flush()) {
    return absl::InternalError(absl::StrCat("cannot write \"", path, "\""));
  }
  return absl::OkStatus();
}

absl::Status RunEchoServer(const EchoOptions& options, std::ostream& out) {
  ASSIGN_OR_RETURN(Answers answers, ReadRecordings(options.recordings));
  std::unique_ptr<GroupCommit> log;
  if (!options.log.empty()) {
    ASSIGN_OR_RETURN(log, GroupCommit::Open(options.log));
  }
  EchoFeedback feedback(log.get());
  EchoMetrics metrics(std::move(answers));
  EchoAdmin admin(feedback);
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&feedback);
  builder.RegisterService(&metrics);
  builder.RegisterService(&admin);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || port == 0) {
    return absl::UnavailableError("no port to listen on");
  }
  out << "listening on 127.0.0.1:" << port << std::endl;
  WaitForInterrupt();
  server->Shutdown();
  return absl::OkStatus();
}

}  // namespace emptychair::bench
