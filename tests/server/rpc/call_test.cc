#include <atomic>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "common/base/errors.h"
#include "common/rpc/status_conversion.h"
#include "emptychair/v1/admin_service.grpc.pb.h"
#include "gmock/gmock.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"
#include "server/api/parse_request.h"
#include "server/rpc/unary_call.h"
#include "tests/server/rpc/call_harness.h"

namespace emptychair {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

using Request = v1::GetStatusRequest;
using Response = v1::GetStatusResponse;

// A service whose one method does what a test says.
class TestService final
    : public v1::AdminService::WithRawCallbackMethod_GetStatus<v1::AdminService::Service> {
 public:
  using Handler = std::function<grpc::ServerUnaryReactor*(
      grpc::CallbackServerContext*, const grpc::ByteBuffer*, grpc::ByteBuffer*)>;

  void set_handler(Handler handler) { handler_ = std::move(handler); }

  grpc::ServerUnaryReactor* GetStatus(grpc::CallbackServerContext* context,
                                      const grpc::ByteBuffer* request,
                                      grpc::ByteBuffer* response) override {
    return handler_(context, request, response);
  }

 private:
  Handler handler_;
};

// What a client got.
struct Answer {
  absl::Status status;
  Response response;
  std::optional<std::string> pushback_ms;
};

// A call that a thread of its own waits for.
class PendingCall {
 public:
  PendingCall(v1::AdminService::Stub* stub, absl::Duration timeout)
      : thread_([this, stub, timeout] {
          context_.set_deadline(absl::ToChronoTime(absl::Now() + timeout));
          answer_.status = FromGrpc(stub->GetStatus(&context_, {}, &answer_.response));
          const auto& trailers = context_.GetServerTrailingMetadata();
          if (auto it = trailers.find("grpc-retry-pushback-ms"); it != trailers.end()) {
            answer_.pushback_ms.emplace(it->second.data(), it->second.size());
          }
        }) {}
  ~PendingCall() {
    if (thread_.joinable()) {
      thread_.join();
    }
  }

  void Cancel() { context_.TryCancel(); }

  Answer Wait() {
    thread_.join();
    return answer_;
  }

 private:
  grpc::ClientContext context_;
  Answer answer_;
  std::thread thread_;
};

class CallTest : public ServedTest {
 protected:
  CallTest()
      : ServedTest(
            {.query = {.threads = 1, .queue_max = 2, .retry_delay = absl::Milliseconds(70)}}) {
    auto service = std::make_unique<TestService>();
    handlers_ = service.get();
    channel_ = ServeOn(std::move(service));
    stub_ = v1::AdminService::NewStub(channel_);
  }

  // The service serves `method`.
  void Serve(MethodSpec method) {
    handlers_->set_handler(
        [this, kept = Keep(std::move(method))](auto* context, auto* request, auto* response) {
          return ServeUnary(&runner_, kept, context, request, response);
        });
  }

  // The service runs `work` on a lane.
  void Execute(std::function<absl::Status(const Request&, Response&)> work) {
    Serve(MethodSpec::RunOn(
        Lane::kQuery, [work](const RequestContext&, const Request& request, Response& response) {
          return work(request, response);
        }));
  }

  // The service hands its ReplyHandle to `start`, on gRPC's thread.
  void Start(std::function<void(const Request&, Response&, ReplyHandle)> start) {
    Serve(MethodSpec::AtOnce(
        [start](const RequestContext&, const Request& request, Response& response,
                ReplyHandle reply) { start(request, response, std::move(reply)); }));
  }

  std::unique_ptr<PendingCall> Send(absl::Duration timeout = absl::Seconds(60)) {
    return std::make_unique<PendingCall>(stub_.get(), timeout);
  }

  Answer Get() { return Send()->Wait(); }

  // Calls with `bytes` for a request.
  absl::Status GetWith(const std::string& bytes) {
    grpc::GenericStub stub(channel_);
    grpc::ClientContext context;
    const grpc::Slice slice(bytes);
    const grpc::ByteBuffer request(&slice, 1);
    grpc::ByteBuffer response;
    absl::Notification done;
    absl::Status answer;
    stub.UnaryCall(&context, "/emptychair.v1.AdminService/GetStatus", grpc::StubOptions(), &request,
                   &response, [&](const grpc::Status& status) {
                     answer = FromGrpc(status);
                     done.Notify();
                   });
    done.WaitForNotification();
    return answer;
  }

  // The access log once all calls are over.
  std::vector<std::string> LinesAtEnd() {
    server_->Shutdown();
    return access_log_.lines();
  }

  TestService* handlers_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::AdminService::Stub> stub_;
};

TEST_F(CallTest, AnswersWhatTheWorkAnswersAndLogsTheCall) {
  Execute([&](const Request&, Response& response) {
    clock_.Advance(absl::Microseconds(1234));
    response.set_sequence(7);
    return absl::OkStatus();
  });
  const Answer answer = Get();
  EXPECT_TRUE(answer.status.ok()) << answer.status;
  EXPECT_EQ(answer.response.sequence(), 7);
  EXPECT_EQ(answer.pushback_ms, std::nullopt);
  EXPECT_THAT(LinesAtEnd(), ElementsAre("AdminService/GetStatus OK  1234"));
  EXPECT_THAT(access_log_.peers(), ElementsAre(testing::StartsWith("ipv4:127.0.0.1:")));
  EXPECT_THAT(log_lines_.text(), IsEmpty());
}

TEST_F(CallTest, AnErrorArrivesWithAllItsDetails) {
  const absl::Status error = FieldError(v1::ERROR_REASON_SCORE_OUT_OF_RANGE, "feedback.score",
                                        "is 11, wanted 0 to 10", {{"min", "0"}, {"max", "10"}});
  Execute([&](const Request&, Response&) { return error; });
  EXPECT_EQ(Get().status, error);
  EXPECT_THAT(LinesAtEnd(),
              ElementsAre("AdminService/GetStatus INVALID_ARGUMENT SCORE_OUT_OF_RANGE 0"));
  EXPECT_THAT(log_lines_.text(), IsEmpty());
}

TEST_F(CallTest, ARetryDelayIsAlsoPushback) {
  const absl::Status error =
      RetryableError(v1::ERROR_REASON_QUEUE_FULL, "full", absl::Microseconds(1250'001));
  Execute([&](const Request&, Response&) { return error; });
  const Answer answer = Get();
  EXPECT_EQ(answer.status, error);
  EXPECT_EQ(answer.pushback_ms, "1251");
}

TEST_F(CallTest, AStartedCallEndsWhenItsFinisherIsCalledElsewhere) {
  absl::Notification handed_over;
  std::optional<ReplyHandle> finisher;
  Response* response = nullptr;
  Start([&](const Request&, Response& started, ReplyHandle finish) {
    response = &started;
    finisher.emplace(std::move(finish));
    handed_over.Notify();
  });
  auto call = Send();
  handed_over.WaitForNotification();
  EXPECT_EQ(runner_.calls_in_flight(), 1);
  std::thread([&] {
    response->set_sequence(8);
    (*finisher)(absl::OkStatus());
  }).join();
  const Answer answer = call->Wait();
  EXPECT_TRUE(answer.status.ok()) << answer.status;
  EXPECT_EQ(answer.response.sequence(), 8);
  EXPECT_TRUE(runner_.WaitUntilIdle(absl::InfiniteFuture()));
}

TEST_F(CallTest, AStartOnALaneRunsThereAndEndsElsewhere) {
  std::thread::id grpc_thread;
  std::thread::id start_thread;
  const MethodSpec* const method =
      Keep(MethodSpec::StartOn(Lane::kIngest, [&](const RequestContext&, const Request&,
                                                  Response& response, ReplyHandle finish) {
        start_thread = std::this_thread::get_id();
        response.set_sequence(9);
        std::thread([finish = std::move(finish)]() mutable { finish(absl::OkStatus()); }).detach();
      }));
  handlers_->set_handler([&](auto* context, auto* request, auto* response) {
    grpc_thread = std::this_thread::get_id();
    return ServeUnary(&runner_, method, context, request, response);
  });
  const Answer answer = Get();
  EXPECT_TRUE(answer.status.ok()) << answer.status;
  EXPECT_EQ(answer.response.sequence(), 9);
  EXPECT_NE(grpc_thread, start_thread);
}

// A field that no version knows, so that the whole has `size` bytes.
std::string RequestOfSize(size_t size) {
  std::string head = {'\xfa', '\x7f'};
  for (size_t left = size - 5; head.size() < 5; left >>= 7) {
    head += static_cast<char>((left & 0x7f) | (head.size() < 4 ? 0x80 : 0));
  }
  return head + std::string(size - head.size(), 'x');
}

TEST_F(CallTest, ARequestThatIsTooLargeIsRefused) {
  std::atomic<int> runs = 0;
  const auto count = [&](const Request&, Response&) {
    ++runs;
    return absl::OkStatus();
  };
  Execute(count);
  EXPECT_EQ(GetWith(RequestOfSize(kMessageBytesMax)), absl::OkStatus());
  EXPECT_EQ(runs, 1);
  const absl::Status status = GetWith(RequestOfSize(kMessageBytesMax + 1));
  EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_FIELD_INVALID);
  EXPECT_THAT(status.message(), HasSubstr("request: got 2097153 bytes, wanted at most 2097152"));
  EXPECT_EQ(runs, 1);
}

TEST_F(CallTest, ALargeRequestComesWithoutFieldsThatAreNotKnown) {
  bool has_unknown_fields = true;
  Execute([&](const Request& request, Response&) {
    has_unknown_fields = !request.GetReflection()->GetUnknownFields(request).empty();
    return absl::OkStatus();
  });
  EXPECT_EQ(GetWith(RequestOfSize(5'000)), absl::OkStatus());
  EXPECT_FALSE(has_unknown_fields);
}

TEST_F(CallTest, BytesThatAreNoRequestAreRefused) {
  Execute([](const Request&, Response&) { return absl::InternalError("it ran"); });
  const absl::Status status = GetWith("\x0a\x7f");
  EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_FIELD_INVALID);
  EXPECT_THAT(status.message(), HasSubstr("no emptychair.v1.GetStatusRequest"));
}

TEST_F(CallTest, ADroppedFinisherAnswersInternal) {
  Start([&](const Request&, Response&, ReplyHandle) {});
  EXPECT_EQ(Get().status.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(LinesAtEnd(), ElementsAre("AdminService/GetStatus INTERNAL  0"));
  EXPECT_THAT(log_lines_.text(), HasSubstr("\"method\":\"AdminService/GetStatus\""));
}

TEST_F(CallTest, AFinisherMovedAboutAnswersOnce) {
  Start([&](const Request&, Response&, ReplyHandle finish) {
    ReplyHandle second = std::move(finish);
    ReplyHandle third = std::move(second);
    second = std::move(third);
    second(Error(v1::ERROR_REASON_SURVEY_NOT_FOUND, "there is none"));
  });
  EXPECT_EQ(ReasonOf(Get().status), v1::ERROR_REASON_SURVEY_NOT_FOUND);
  EXPECT_THAT(LinesAtEnd(), testing::SizeIs(1));
}

TEST_F(CallTest, WorkThatThrowsAnswersInternalWithoutTheText) {
  for (bool inline_start : {false, true}) {
    for (int kind = 0; kind < 3; ++kind) {
      auto throw_one = [kind] {
        if (kind == 0) throw std::runtime_error("secret");
        if (kind == 1) throw std::bad_alloc();
        throw 5;
      };
      if (inline_start) {
        Start([&](const Request&, Response&, ReplyHandle) { throw_one(); });
      } else {
        Execute([&](const Request&, Response&) -> absl::Status {
          throw_one();
          return absl::OkStatus();
        });
      }
      const absl::Status status = Get().status;
      EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
      EXPECT_THAT(std::string(status.message()), Not(HasSubstr("secret")));
    }
  }
  server_->Shutdown();
  EXPECT_THAT(log_lines_.text(), HasSubstr("bad_alloc"));
  EXPECT_THAT(log_lines_.text(), Not(HasSubstr("secret")));
}

TEST_F(CallTest, AnErrorWithoutAReasonPassesAndIsLoggedAsABug) {
  Execute([&](const Request&, Response&) { return absl::NotFoundError("no file"); });
  EXPECT_EQ(Get().status, absl::NotFoundError("no file"));
  EXPECT_THAT(log_lines_.text(), HasSubstr("\"severity\":\"ERROR\""));
  EXPECT_THAT(log_lines_.text(), HasSubstr("\"code\":\"NOT_FOUND\""));
}

TEST_F(CallTest, WorkOfACallCancelledInTheQueueIsNotRun) {
  std::atomic<bool> ran = false;
  absl::Notification queued;
  grpc::CallbackServerContext* server_context = nullptr;
  const MethodSpec* const method =
      Keep(MethodSpec::RunOn(Lane::kQuery, [&](const RequestContext&, const Request&, Response&) {
        ran = true;
        return absl::OkStatus();
      }));
  handlers_->set_handler([&](auto* context, auto* request, auto* response) {
    auto* reactor = ServeUnary(&runner_, method, context, request, response);
    server_context = context;
    queued.Notify();
    return reactor;
  });
  {
    Blocker blocker(executor_, Lane::kQuery);
    auto call = Send();
    queued.WaitForNotification();
    call->Cancel();
    EXPECT_EQ(call->Wait().status.code(), absl::StatusCode::kCancelled);
    while (!server_context->IsCancelled()) {
      std::this_thread::yield();
    }
  }
  EXPECT_THAT(LinesAtEnd(), ElementsAre("AdminService/GetStatus CANCELLED  0"));
  EXPECT_FALSE(ran);
  EXPECT_THAT(log_lines_.text(), IsEmpty());
}

TEST_F(CallTest, WorkOfACallWhoseDeadlinePassedInTheQueueIsNotRun) {
  std::atomic<bool> ran = false;
  absl::Notification queued;
  const MethodSpec* const method =
      Keep(MethodSpec::RunOn(Lane::kQuery, [&](const RequestContext&, const Request&, Response&) {
        ran = true;
        return absl::OkStatus();
      }));
  handlers_->set_handler([&](auto* context, auto* request, auto* response) {
    auto* reactor = ServeUnary(&runner_, method, context, request, response);
    queued.Notify();
    return reactor;
  });
  std::unique_ptr<PendingCall> call;
  {
    Blocker blocker(executor_, Lane::kQuery);
    call = Send(absl::Hours(1));
    queued.WaitForNotification();
    clock_.Advance(absl::Now() + absl::Hours(2) - clock_.Now());
  }
  EXPECT_EQ(call->Wait().status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_FALSE(ran);
  EXPECT_THAT(log_lines_.text(), IsEmpty());
}

TEST_F(CallTest, ACallThatArrivesPastItsDeadlineIsNotRun) {
  clock_.Advance(absl::Now() + absl::Hours(2) - clock_.Now());
  Start([&](const Request&, Response&, ReplyHandle finish) {
    ADD_FAILURE() << "ran";
    finish(absl::OkStatus());
  });
  EXPECT_EQ(Send(absl::Hours(1))->Wait().status.code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_F(CallTest, AFullLaneRefusesAtOnceAndSaysWhenToComeBack) {
  Execute([&](const Request&, Response&) { return absl::OkStatus(); });
  Blocker blocker(executor_, Lane::kQuery);
  ASSERT_TRUE(executor_.Submit(Lane::kQuery, [] {}).ok());
  ASSERT_TRUE(executor_.Submit(Lane::kQuery, [] {}).ok());
  // It answers although the lane stays blocked.
  const Answer answer = Get();
  EXPECT_EQ(answer.status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(answer.status), v1::ERROR_REASON_QUEUE_FULL);
  EXPECT_EQ(RetryDelayOf(answer.status), absl::Milliseconds(70));
  EXPECT_EQ(answer.pushback_ms, "70");
}

TEST_F(CallTest, ASlowScanHoldsUpNoQuery) {
  absl::Notification queued;
  std::atomic<bool> scan_ran = false;
  const MethodSpec* const query =
      Keep(MethodSpec::RunOn(Lane::kQuery, [](const RequestContext&, const Request&, Response&) {
        return absl::OkStatus();
      }));
  const MethodSpec* const scanning =
      Keep(MethodSpec::RunOn(Lane::kScan, [&](const RequestContext&, const Request&, Response&) {
        scan_ran = true;
        return absl::OkStatus();
      }));
  handlers_->set_handler([&](auto* context, auto* request, auto* response) {
    if (queued.HasBeenNotified()) {
      return ServeUnary(&runner_, query, context, request, response);
    }
    auto* reactor = ServeUnary(&runner_, scanning, context, request, response);
    queued.Notify();
    return reactor;
  });
  std::unique_ptr<PendingCall> scan;
  {
    Blocker blocker(executor_, Lane::kScan);
    scan = Send();
    queued.WaitForNotification();
    EXPECT_TRUE(Get().status.ok());
    EXPECT_FALSE(scan_ran);
  }
  EXPECT_TRUE(scan->Wait().status.ok());
  EXPECT_TRUE(scan_ran);
}

TEST_F(CallTest, ShutdownRefusesNewCallsAndWaitsForTheOthers) {
  absl::Notification handed_over;
  std::optional<ReplyHandle> finisher;
  Start([&](const Request&, Response&, ReplyHandle finish) {
    finisher.emplace(std::move(finish));
    handed_over.Notify();
  });
  auto before = Send();
  handed_over.WaitForNotification();

  runner_.BeginShutdown();
  EXPECT_FALSE(runner_.WaitUntilIdle(absl::InfinitePast()));
  const Answer refused = Get();
  EXPECT_EQ(refused.status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(refused.status), v1::ERROR_REASON_SHUTTING_DOWN);
  EXPECT_EQ(refused.pushback_ms, "1000");
  EXPECT_EQ(runner_.calls_in_flight(), 1);

  (*finisher)(absl::OkStatus());
  EXPECT_TRUE(before->Wait().status.ok());
  EXPECT_TRUE(runner_.WaitUntilIdle(absl::InfiniteFuture()));
  EXPECT_THAT(LinesAtEnd(),
              testing::UnorderedElementsAre("AdminService/GetStatus UNAVAILABLE SHUTTING_DOWN 0",
                                            "AdminService/GetStatus OK  0"));
}

TEST_F(CallTest, ManyCallsAtOnceAreAllAnsweredAndLogged) {
  constexpr int kThreads = 8;
  constexpr int kCalls = 50;
  std::atomic<int> count = 0;
  const auto start = [&](const RequestContext&, const Request&, Response& response,
                         ReplyHandle finish) {
    const int i = ++count;
    response.set_sequence(i);
    if (i % 5 == 0) {
      return;
    }
    finish(i % 3 == 0 ? Error(v1::ERROR_REASON_SURVEY_NOT_FOUND, "none") : absl::OkStatus());
  };
  const MethodSpec* const methods[] = {Keep(MethodSpec::AtOnce(start)),
                                       Keep(MethodSpec::StartOn(Lane::kQuery, start))};
  std::atomic<int> arrived = 0;
  handlers_->set_handler([&](auto* context, auto* request, auto* response) {
    return ServeUnary(&runner_, methods[++arrived % 2], context, request, response);
  });
  std::atomic<int> answered = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kCalls; ++i) {
        const absl::Status status = Get().status;
        if (status.ok() || status.code() == absl::StatusCode::kInternal ||
            !ReasonNameOf(status).empty()) {
          ++answered;
        }
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(answered, kThreads * kCalls);
  runner_.BeginShutdown();
  EXPECT_TRUE(runner_.WaitUntilIdle(absl::InfiniteFuture()));
  EXPECT_EQ(access_log_.lines().size(), kThreads * kCalls);
}

TEST_F(CallTest, IsRefusedUntilItHasBeenQuiet) {
  runner_.BeginShutdown();
  const absl::Time start = absl::Now();
  runner_.RefuseUntilQuiet(absl::Milliseconds(5), absl::InfiniteFuture());
  EXPECT_GE(absl::Now(), start + absl::Milliseconds(5));
  // Never quiet for so long, so the deadline ends it.
  const absl::Time deadline = absl::Now() + absl::Milliseconds(5);
  runner_.RefuseUntilQuiet(absl::Hours(1), deadline);
  EXPECT_GE(absl::Now(), deadline);
}

}  // namespace
}  // namespace emptychair
