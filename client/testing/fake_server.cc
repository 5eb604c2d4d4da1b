#include "emptychair/testing/fake_server.h"

#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/synchronization/mutex.h"
#include "client/testing/failing_gate.h"
#include "client/testing/forwarder.h"
#include "client/testing/in_process_server.h"
#include "client/testing/standing_clock.h"
#include "common/base/errors.h"
#include "common/base/method.h"
#include "common/base/status_macros.h"
#include "google/protobuf/descriptor.h"
#include "rocksdb/env.h"
#include "server/server.h"
#include "server/telemetry/server_log.h"

namespace emptychair::testing {
namespace {

// Where the store is in its environment; no folder of the machine's.
constexpr char kDirectory[] = "/store";

// Outside of it the times that the server makes could not be sent or be part of an id.
constexpr absl::Time kTimeMin = absl::UnixEpoch();
constexpr absl::Time kTimeEnd = absl::FromUnixSeconds(253'402'300'800);  // The year 10000.

// Nobody reads of a test what is as it should be.
void WriteWarnings(absl::string_view line) {
  if (!absl::StrContains(line, R"("severity":"INFO")")) {
    WriteAll(STDERR_FILENO, line);
  }
}

absl::Status CheckTime(absl::Time time) {
  if (time <= kTimeMin || time >= kTimeEnd) {
    return FieldError(v1::ERROR_REASON_FIELD_INVALID, "time",
                      absl::StrCat("is ", absl::FormatTime(time, absl::UTCTimeZone()),
                                   "; wanted one after 1970-01-01T00:00:00Z and before the year "
                                   "10000"));
  }
  return absl::OkStatus();
}

// The name by which the server knows a method; empty for every method.
absl::StatusOr<std::string> MethodName(absl::string_view full_name) {
  if (full_name.empty()) {
    return std::string();
  }
  const google::protobuf::MethodDescriptor* const found =
      google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(
          absl::StrReplaceAll(full_name, {{"/", "."}}));
  if (found == nullptr || found->file()->package() != "emptychair.v1" ||
      absl::StrCat(found->service()->full_name(), "/", found->name()) != full_name) {
    return FieldError(v1::ERROR_REASON_FIELD_INVALID, "method",
                      absl::StrCat("is ", Quoted(full_name, 256),
                                   "; wanted a method of the API, such as "
                                   "emptychair.v1.FeedbackService/SubmitFeedback, or none"));
  }
  return ToMethod(*found).name;
}

absl::Status CheckFailure(absl::StatusCode code, int count) {
  const int number = static_cast<int>(code);
  if (number < 1 || number > 16) {
    return FieldError(v1::ERROR_REASON_FIELD_INVALID, "code",
                      absl::StrCat("is ", number, "; wanted that of an error, 1 to 16"));
  }
  if (count < 1) {
    return FieldError(v1::ERROR_REASON_FIELD_INVALID, "count",
                      absl::StrCat("is ", count, "; wanted at least 1"));
  }
  return absl::OkStatus();
}

}  // namespace

class FakeServer::Impl {
 public:
  explicit Impl(absl::Time time) : clock_(time) {}

  absl::Status Start();
  absl::Status Restart();

  const std::string& endpoint() const { return endpoint_; }
  StandingClock& clock() { return clock_; }
  FailurePlan& plan() { return plan_; }
  Forwarder& forwarder() { return *forwarder_; }

 private:
  absl::Status StartServer() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::unique_ptr<rocksdb::Env> env_{rocksdb::NewMemEnv(rocksdb::Env::Default())};
  StandingClock clock_;
  ServerLog log_{Clock::System(), WriteWarnings};
  FailurePlan plan_;
  std::unique_ptr<Forwarder> forwarder_;
  std::string endpoint_;
  absl::Mutex mutex_;
  std::optional<FailingGate> gate_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<Server> server_ ABSL_GUARDED_BY(mutex_);
};

absl::Status FakeServer::Impl::Start() {
  absl::MutexLock lock(&mutex_);
  ASSIGN_OR_RETURN(forwarder_, Forwarder::Listen());
  endpoint_ = absl::StrCat("127.0.0.1:", forwarder_->port());
  return StartServer();
}

absl::Status FakeServer::Impl::StartServer() {
  ServerConfig config = InProcessConfig(kDirectory);
  config.steward_period = ServerConfig().steward_period;
  config.admin_socket = "off";
  ServerEnvironment environment;
  environment.clock = &clock_;
  environment.call_clock = Clock::System();
  environment.env = env_.get();
  environment.on_storage_failure = [this](const absl::Status& status) {
    log_.Error("storage failed", {{"error", status.message()}});
    std::abort();
  };
  environment.replace_gatekeeper = [this](Gatekeeper* own) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    return &gate_.emplace(own, &plan_);
  };
  ASSIGN_OR_RETURN(server_, Server::Start(config, &log_, std::move(environment)));
  forwarder_->SetTarget(server_->port());
  return absl::OkStatus();
}

absl::Status FakeServer::Impl::Restart() {
  absl::MutexLock lock(&mutex_);
  forwarder_->SetTarget(std::nullopt);
  forwarder_->Cut();
  server_.reset();
  return StartServer();
}

absl::StatusOr<std::unique_ptr<FakeServer>> FakeServer::Start(FakeServerOptions options) {
  RETURN_IF_ERROR(CheckTime(options.time));
  auto impl = std::make_unique<Impl>(options.time);
  RETURN_IF_ERROR(impl->Start());
  return std::unique_ptr<FakeServer>(new FakeServer(std::move(impl)));
}

FakeServer::FakeServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

FakeServer::~FakeServer() = default;

const std::string& FakeServer::endpoint() const { return impl_->endpoint(); }

absl::Status FakeServer::SetTime(absl::Time time) {
  RETURN_IF_ERROR(CheckTime(time));
  impl_->clock().Set(time);
  return absl::OkStatus();
}

absl::Status FakeServer::FailNext(absl::string_view method, absl::StatusCode code, int count,
                                  absl::string_view message) {
  ASSIGN_OR_RETURN(const std::string name, MethodName(method));
  RETURN_IF_ERROR(CheckFailure(code, count));
  impl_->plan().Add(name, absl::Status(code, message.empty() ? "asked for by FailNext" : message),
                    count);
  return absl::OkStatus();
}

int FakeServer::DropConnections() { return impl_->forwarder().Cut(); }

absl::Status FakeServer::Restart() { return impl_->Restart(); }

}  // namespace emptychair::testing
