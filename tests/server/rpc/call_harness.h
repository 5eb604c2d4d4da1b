// A server of one service with its logs in memory, for tests of calls.
#ifndef EMPTYCHAIR_TESTS_SERVER_RPC_CALL_HARNESS_H_
#define EMPTYCHAIR_TESTS_SERVER_RPC_CALL_HARNESS_H_

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "common/base/clock.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"
#include "server/api/call_observer.h"
#include "server/api/executor.h"
#include "server/api/method_spec.h"
#include "server/call/call_runner.h"
#include "server/rpc/grpc_service.h"
#include "server/telemetry/server_log.h"
#include "tests/server/api_fakes.h"

namespace emptychair {

// Remembers each call as "METHOD CODE REASON MICROSECONDS".
class MemoryAccessLog final : public CallObserver {
 public:
  void CallFinished(const FinishedCall& call) override {
    absl::MutexLock lock(&mutex_);
    lines_.push_back(absl::StrCat(call.context.method->name, " ",
                                  absl::StatusCodeToString(call.code), " ", call.reason, " ",
                                  absl::ToInt64Microseconds(call.duration)));
    peers_.push_back(call.context.caller.peer);
    request_ids_.emplace_back(call.context.request_id.text());
    sizes_.emplace_back(call.request_bytes, call.response_bytes);
    records_.push_back(call.records);
    traces_.push_back(
        call.context.trace.has_value()
            ? absl::StrCat(call.context.trace->trace_id(), " ", call.context.trace->span_id())
            : "");
  }

  std::vector<std::string> lines() const {
    absl::MutexLock lock(&mutex_);
    return lines_;
  }
  std::vector<std::string> peers() const {
    absl::MutexLock lock(&mutex_);
    return peers_;
  }
  std::vector<std::string> request_ids() const {
    absl::MutexLock lock(&mutex_);
    return request_ids_;
  }
  std::vector<int64_t> records() const {
    absl::MutexLock lock(&mutex_);
    return records_;
  }
  std::vector<std::string> traces() const {
    absl::MutexLock lock(&mutex_);
    return traces_;
  }
  // Of requests and responses.
  std::vector<std::pair<int64_t, int64_t>> sizes() const {
    absl::MutexLock lock(&mutex_);
    return sizes_;
  }

 private:
  mutable absl::Mutex mutex_;
  std::vector<std::string> lines_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> peers_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> request_ids_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::pair<int64_t, int64_t>> sizes_ ABSL_GUARDED_BY(mutex_);
  std::vector<int64_t> records_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> traces_ ABSL_GUARDED_BY(mutex_);
};

// Collects the lines of a Log.
class LogLines {
 public:
  ServerLog::Writer writer() {
    return [this](absl::string_view line) {
      absl::MutexLock lock(&mutex_);
      absl::StrAppend(&text_, line);
    };
  }
  std::string text() const {
    absl::MutexLock lock(&mutex_);
    return text_;
  }

 private:
  mutable absl::Mutex mutex_;
  std::string text_ ABSL_GUARDED_BY(mutex_);
};

// Keeps a lane's one thread busy until it is destroyed.
class Blocker {
 public:
  Blocker(Executor& executor, Lane lane) {
    EXPECT_TRUE(executor
                    .Submit(lane,
                            [this] {
                              thread_ = std::this_thread::get_id();
                              started_.Notify();
                              release_.WaitForNotification();
                              ended_.Notify();
                            })
                    .ok());
    started_.WaitForNotification();
  }
  ~Blocker() {
    release_.Notify();
    ended_.WaitForNotification();
  }

  // The thread that is kept busy.
  std::thread::id thread() const { return thread_; }

 private:
  std::thread::id thread_;
  absl::Notification started_;
  absl::Notification release_;
  absl::Notification ended_;
};

// What the calls of a test's service go through. The clock stands still at 1970.
class ServedTest : public ::testing::Test {
 protected:
  explicit ServedTest(const ExecutorOptions& options)
      : clock_(absl::UnixEpoch()),
        log_(&clock_, log_lines_.writer()),
        executor_(options),
        runner_(&executor_, &gate_, {&access_log_}, &log_, &clock_) {}

  ~ServedTest() override {
    if (server_ != nullptr) {
      server_->Shutdown();
    }
  }

  // A method for the test's calls, which lives as long as they.
  const MethodSpec* Keep(MethodSpec method) {
    methods_.push_back(std::move(method));
    return &methods_.back();
  }

  // A channel to a server of `method` alone. Once.
  std::shared_ptr<grpc::Channel> ServeOn(MethodSpec method) {
    methods_.push_back(std::move(method));
    return ServeOn(std::move(MakeGrpcServices(&runner_, methods_).front()));
  }

  // A channel to a server of `service`. Once.
  std::shared_ptr<grpc::Channel> ServeOn(std::unique_ptr<grpc::Service> service) {
    service_ = std::move(service);
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(service_.get());
    server_ = builder.BuildAndStart();
    return grpc::CreateChannel(absl::StrCat("127.0.0.1:", port),
                               grpc::InsecureChannelCredentials());
  }

  FakeClock clock_;
  LogLines log_lines_;
  ServerLog log_;
  MemoryAccessLog access_log_;
  Executor executor_;
  OpenGate gate_;
  CallRunner runner_;
  MethodTable methods_;
  std::unique_ptr<grpc::Service> service_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_TESTS_SERVER_RPC_CALL_HARNESS_H_
