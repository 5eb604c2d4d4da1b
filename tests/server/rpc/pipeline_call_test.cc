#include "server/rpc/pipeline_call.h"

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "common/base/errors.h"
#include "common/rpc/status_conversion.h"
#include "emptychair/v1/feedback_service.grpc.pb.h"
#include "gmock/gmock.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"
#include "tests/server/rpc/call_harness.h"

namespace emptychair {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Request = v1::StreamFeedbackRequest;
using Response = v1::StreamFeedbackResponse;
using StartWork =
    std::function<void(const RequestContext&, const Request&, Response&, ReplyHandle)>;

Request Numbered(int64_t number) {
  Request request;
  request.set_batch_number(number);
  return request;
}

// A stream of a client.
struct Stream {
  explicit Stream(v1::FeedbackService::Stub& stub) : call(stub.StreamFeedback(&context)) {}

  // Reads `count` answers, or all that come.
  std::vector<int64_t> Read(size_t count = SIZE_MAX) {
    std::vector<int64_t> numbers;
    Response response;
    while (numbers.size() < count && call->Read(&response)) {
      numbers.push_back(response.batch_number());
    }
    return numbers;
  }
  absl::Status Finish() { return FromGrpc(call->Finish()); }

  grpc::ClientContext context;
  std::unique_ptr<grpc::ClientReaderWriter<Request, Response>> call;
};

// Messages that wait for the test to answer them.
class Waiting {
 public:
  StartWork start() {
    return [this](const RequestContext&, const Request& request, Response& response,
                  ReplyHandle finish) {
      response.set_batch_number(request.batch_number());
      absl::MutexLock lock(&mutex_);
      finishers_.push_back(std::move(finish));
    };
  }
  void WaitFor(size_t count) {
    absl::MutexLock lock(&mutex_);
    const auto there = [&]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
      return finishers_.size() >= count;
    };
    mutex_.Await(absl::Condition(&there));
  }
  void Answer(size_t index, const absl::Status& status = absl::OkStatus()) {
    std::optional<ReplyHandle> finish;
    {
      absl::MutexLock lock(&mutex_);
      finish = std::move(finishers_[index]);
    }
    (*finish)(status);
  }

 private:
  absl::Mutex mutex_;
  std::vector<ReplyHandle> finishers_ ABSL_GUARDED_BY(mutex_);
};

class PipelineCallTest : public ServedTest {
 protected:
  PipelineCallTest() : ServedTest({.ingest = {.threads = 2, .queue_max = 1}}) {}

  void Serve(
      StartWork start, MethodSpec::WhenReady when_ready = [](auto go_on) { go_on(); }) {
    stub_ = v1::FeedbackService::NewStub(
        ServeOn(MethodSpec::PipelineOn(Lane::kIngest, std::move(when_ready), std::move(start))));
  }

  void ServeEcho() {
    Serve(
        [](const RequestContext&, const Request& request, Response& response, ReplyHandle finish) {
          response.set_batch_number(request.batch_number());
          finish(absl::OkStatus());
        });
  }

  std::unique_ptr<v1::FeedbackService::Stub> stub_;
};

TEST_F(PipelineCallTest, AnswersEachMessageInOrderAndEndsAfterTheLast) {
  ServeEcho();
  Stream stream(*stub_);
  for (int i = 0; i < 1'000; ++i) {
    ASSERT_TRUE(stream.call->Write(Numbered(i)));
    if (i % 10 == 9) {
      EXPECT_EQ(stream.Read(10).back(), i);
    }
  }
  stream.call->WritesDone();
  EXPECT_THAT(stream.Read(), IsEmpty());
  EXPECT_TRUE(stream.Finish().ok());
  server_->Shutdown();
  EXPECT_THAT(access_log_.lines(), ElementsAre("FeedbackService/StreamFeedback OK  0"));
}

TEST_F(PipelineCallTest, TakesMoreBeforeTheFirstIsAnswered) {
  Waiting waiting;
  Serve(waiting.start());
  Stream stream(*stub_);
  for (int i = 1; i <= 3; ++i) {
    ASSERT_TRUE(stream.call->Write(Numbered(i)));
  }
  waiting.WaitFor(3);
  waiting.Answer(2);
  waiting.Answer(1);
  waiting.Answer(0);
  EXPECT_THAT(stream.Read(3), ElementsAre(1, 2, 3));
  stream.call->WritesDone();
  EXPECT_TRUE(stream.Finish().ok());
}

TEST_F(PipelineCallTest, EndsWithTheFirstErrorAfterTheAnswersBefore) {
  Waiting waiting;
  Serve(waiting.start());
  Stream stream(*stub_);
  for (int i = 1; i <= 3; ++i) {
    ASSERT_TRUE(stream.call->Write(Numbered(i)));
  }
  waiting.WaitFor(3);
  waiting.Answer(2);
  waiting.Answer(1, Error(v1::ERROR_REASON_STORE_DAMAGED, "damaged"));
  waiting.Answer(0);
  EXPECT_THAT(stream.Read(), ElementsAre(1));
  EXPECT_EQ(ReasonOf(stream.Finish()), v1::ERROR_REASON_STORE_DAMAGED);
  EXPECT_TRUE(runner_.WaitUntilIdle(absl::Now() + absl::Seconds(60)));
}

TEST_F(PipelineCallTest, AnswersWhatItTookWhenTheServerStops) {
  Waiting waiting;
  Serve(waiting.start());
  Stream stream(*stub_);
  ASSERT_TRUE(stream.call->Write(Numbered(1)));
  waiting.WaitFor(1);
  runner_.BeginShutdown();
  waiting.Answer(0);
  EXPECT_THAT(stream.Read(), ElementsAre(1));
  EXPECT_EQ(ReasonOf(stream.Finish()), v1::ERROR_REASON_SHUTTING_DOWN);
  EXPECT_TRUE(runner_.WaitUntilIdle(absl::Now() + absl::Seconds(60)));
}

TEST_F(PipelineCallTest, EndsAtOnceWhenTheServerStopsAndItWaitsForTheClient) {
  ServeEcho();
  Stream stream(*stub_);
  ASSERT_TRUE(stream.call->Write(Numbered(1)));
  EXPECT_THAT(stream.Read(1), ElementsAre(1));
  runner_.BeginShutdown();
  EXPECT_TRUE(runner_.WaitUntilIdle(absl::Now() + absl::Seconds(60)));
  EXPECT_EQ(ReasonOf(stream.Finish()), v1::ERROR_REASON_SHUTTING_DOWN);
  EXPECT_EQ(ReasonOf(Stream(*stub_).Finish()), v1::ERROR_REASON_SHUTTING_DOWN);
}

TEST_F(PipelineCallTest, EndsWhenTheClientGoesAndItsMessagesAreDone) {
  Waiting waiting;
  Serve(waiting.start());
  Stream stream(*stub_);
  ASSERT_TRUE(stream.call->Write(Numbered(1)));
  waiting.WaitFor(1);
  stream.context.TryCancel();
  EXPECT_TRUE(absl::IsCancelled(stream.Finish()));
  EXPECT_EQ(runner_.calls_in_flight(), 1);
  waiting.Answer(0);
  runner_.BeginShutdown();
  EXPECT_TRUE(runner_.WaitUntilIdle(absl::Now() + absl::Seconds(60)));
  EXPECT_THAT(log_lines_.text(), IsEmpty());
}

TEST_F(PipelineCallTest, ReadsWhenItIsTimeTo) {
  absl::Mutex mutex;
  std::vector<absl::AnyInvocable<void()>> waiting;
  Serve(
      [](const RequestContext&, const Request& request, Response& response, ReplyHandle finish) {
        response.set_batch_number(request.batch_number());
        finish(absl::OkStatus());
      },
      [&](absl::AnyInvocable<void()> go_on) {
        absl::MutexLock lock(&mutex);
        waiting.push_back(std::move(go_on));
      });
  const auto take = [&] {
    absl::MutexLock lock(&mutex);
    mutex.Await(absl::Condition(
        +[](std::vector<absl::AnyInvocable<void()>>* all) { return !all->empty(); }, &waiting));
    absl::AnyInvocable<void()> go_on = std::move(waiting.back());
    waiting.pop_back();
    return go_on;
  };
  Stream stream(*stub_);
  ASSERT_TRUE(stream.call->Write(Numbered(1)));
  ASSERT_TRUE(stream.call->Write(Numbered(2)));
  take()();
  EXPECT_THAT(stream.Read(1), ElementsAre(1));
  absl::AnyInvocable<void()> second = take();
  // It cannot end before it goes on.
  runner_.BeginShutdown();
  EXPECT_FALSE(runner_.WaitUntilIdle(absl::Now()));
  second();
  stream.Read();
  EXPECT_EQ(ReasonOf(stream.Finish()), v1::ERROR_REASON_SHUTTING_DOWN);
  EXPECT_TRUE(runner_.WaitUntilIdle(absl::Now() + absl::Seconds(60)));
}

TEST_F(PipelineCallTest, IsNotRefusedWhenItsLaneIsFull) {
  absl::Notification release;
  const auto block = [&] { release.WaitForNotification(); };
  // Both threads, and the one place to wait.
  int taken = 0;
  while (taken < 3) {
    taken += executor_.Submit(Lane::kIngest, block).ok() ? 1 : 0;
  }
  ServeEcho();
  Stream stream(*stub_);
  ASSERT_TRUE(stream.call->Write(Numbered(1)));
  EXPECT_FALSE(executor_.Submit(Lane::kIngest, [] {}).ok());
  release.Notify();
  EXPECT_THAT(stream.Read(1), ElementsAre(1));
  executor_.Stop();  // Before what its work waits for goes.
}

TEST_F(PipelineCallTest, EndsWithInternalWhenItsWorkThrows) {
  Serve([](const RequestContext&, const Request&, Response&, ReplyHandle) {
    throw std::runtime_error("secret");
  });
  Stream stream(*stub_);
  ASSERT_TRUE(stream.call->Write(Numbered(1)));
  EXPECT_THAT(stream.Read(), IsEmpty());
  EXPECT_TRUE(absl::IsInternal(stream.Finish()));
  server_->Shutdown();
  executor_.Stop();  // The line is written after the answer.
  EXPECT_THAT(log_lines_.text(), HasSubstr("handler threw"));
}

}  // namespace
}  // namespace emptychair
