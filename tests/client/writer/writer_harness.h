// A writer on a clock and a server of the test's own.
#ifndef EMPTYCHAIR_TESTS_CLIENT_WRITER_WRITER_HARNESS_H_
#define EMPTYCHAIR_TESTS_CLIENT_WRITER_WRITER_HARNESS_H_

#include <any>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "client/writer/writer_core.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/writer/fake_writer_clock.h"
#include "tests/client/writer/scripted_server.h"
#include "tests/helpers/status_matchers.h"

namespace emptychair {

// Waits as long as the server asks, else a second.
class SecondBackoffPolicy final : public BackoffPolicy {
 public:
  std::unique_ptr<BackoffPolicy> Clone() const override {
    return std::make_unique<SecondBackoffPolicy>();
  }
  absl::Duration OnFailure(const absl::Status& status) override {
    return RetryDelayOf(status).value_or(absl::Seconds(1));
  }
};

class WriterTest : public ::testing::Test {
 protected:
  // Long enough for a loaded machine; a test that needs it all has failed.
  static constexpr absl::Duration kLong = absl::Seconds(60);

  WriterTest() {
    options_.backoff_policy = std::make_shared<SecondBackoffPolicy>();
    options_.now = [] { return absl::FromUnixMillis(1'706'700'000'123); };
    options_.on_result = [this](const FeedbackResult& result) { Note(result); };
  }

  // Does not wait for a server that does not answer: the clock stands still.
  ~WriterTest() override { End(); }

  void End() {
    if (writer_ != nullptr) {
      writer_->Close(absl::ZeroDuration()).IgnoreError();
      writer_.reset();
    }
  }

  void Start() {
    End();
    absl::StatusOr<std::unique_ptr<WriterCore>> writer =
        WriterCore::Start(options_, &clock_, server_.OpenStream());
    ASSERT_OK(writer.status());
    writer_ = *std::move(writer);
  }

  static v1::Feedback Record(const std::string& external_id) {
    v1::Feedback feedback;
    feedback.set_survey_id("nps");
    feedback.set_external_id(external_id);
    feedback.set_score(9);
    return feedback;
  }

  void Add(const std::string& external_id) {
    EXPECT_OK(writer_->Add(Record(external_id), external_id));
  }

  void AddAll(const std::vector<std::string>& ids) {
    for (const std::string& id : ids) {
      Add(id);
    }
  }

  // Waits until so many records are answered, while time passes in steps of `step`.
  void AwaitResults(size_t count, absl::Duration step = absl::ZeroDuration()) {
    const auto answered = [this] {
      const FeedbackWriterCounters counters = writer_->counters();
      return static_cast<size_t>(counters.stored + counters.already_existed + counters.rejected +
                                 counters.gave_up);
    };
    const absl::Time start = absl::Now();
    while (answered() < count && absl::Now() - start < kLong) {
      clock_.Advance(step);
      Pause();
    }
    EXPECT_EQ(answered(), count);
  }
  // Waits until the server has so many batches.
  void AwaitBatches(size_t count, absl::Duration step = absl::ZeroDuration()) {
    const absl::Time start = absl::Now();
    while (server_.received().size() < count && absl::Now() - start < kLong) {
      clock_.Advance(step);
      Pause();
    }
    EXPECT_GE(server_.received().size(), count);
  }
  // Waits until the writer knows of an error of this code, and so how long it waits after it.
  void AwaitError(absl::StatusCode code) {
    const absl::Time start = absl::Now();
    while (writer_->counters().last_error.code() != code && absl::Now() - start < kLong) {
      Pause();
    }
    EXPECT_EQ(writer_->counters().last_error.code(), code);
  }
  // Calls `wait`, which looks at the clock when it begins, while time passes in steps of `step`.
  void WaitWhileTimePasses(absl::Duration step, const std::function<void()>& wait) {
    absl::Notification done;
    std::thread waiter([&] {
      wait();
      done.Notify();
    });
    while (!done.WaitForNotificationWithTimeout(absl::Milliseconds(2))) {
      clock_.Advance(step);
    }
    waiter.join();
  }
  // Lets the writer go on for a moment.
  void Pause() {
    absl::MutexLock lock(&mutex_);
    mutex_.AwaitWithTimeout(absl::Condition(&never_), absl::Milliseconds(2));
  }

  // In the order told, as "ID OUTCOME" and the reason or code of an error.
  std::vector<std::string> results() const {
    absl::MutexLock lock(&mutex_);
    return results_;
  }

  FakeWriterClock clock_;
  ScriptedServer server_;
  FeedbackWriterOptions options_;

 private:
  void Note(const FeedbackResult& result) {
    static constexpr const char* kNames[] = {"stored", "existed", "rejected", "gave up"};
    const v1::Feedback feedback = result.feedback();
    const std::string id =
        feedback.external_id().empty() ? feedback.feedback_id() : feedback.external_id();
    if (const auto* context = std::any_cast<std::string>(&result.context); context != nullptr) {
      EXPECT_EQ(*context, id);
    }
    std::string line =
        absl::StrCat(id.substr(0, 13), " ", kNames[static_cast<int>(result.outcome)]);
    if (!result.status.ok()) {
      const std::string reason = ReasonNameOf(result.status);
      absl::StrAppend(&line, ": ",
                      reason.empty() ? absl::StatusCodeToString(result.status.code()) : reason);
    }
    absl::MutexLock lock(&mutex_);
    results_.push_back(line);
  }

  bool never_ = false;
  mutable absl::Mutex mutex_;
  std::vector<std::string> results_ ABSL_GUARDED_BY(mutex_);

 protected:
  // Last, so that it ends first.
  std::unique_ptr<WriterCore> writer_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_TESTS_CLIENT_WRITER_WRITER_HARNESS_H_
