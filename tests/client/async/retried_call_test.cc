#include "client/async/retried_call.h"

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/clock.h"
#include "common/base/errors.h"
#include "common/base/random.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/fixed_backoff_policy.h"
#include "tests/helpers/seed.h"
#include "tests/helpers/status_matchers.h"

namespace emptychair {
namespace {

using ::emptychair::testing::StatusIs;
using ::testing::ElementsAre;

absl::Status Away() { return absl::UnavailableError("away"); }

// Notes what it is asked to do; the test says what attempts and timers come to.
class NotingCall final : public RetriedCall {
 public:
  using RetriedCall::RetriedCall;

  // The attempt that is under way ends so.
  void Answer(absl::Status status) {
    answer_ = std::move(status);
    OnEvent();
  }

  std::vector<std::string> log;
  // Run between the end of an attempt and what follows from it.
  std::function<void()> on_end_of_attempt = [] {};
  absl::Status end;

 protected:
  void StartAttempt(absl::Duration time_left) override {
    log.push_back(absl::StrCat("attempt ", absl::FormatDuration(time_left)));
    key().Authorization();
  }
  void CancelAttempt() override { log.emplace_back("cancel attempt"); }
  absl::Status EndAttempt() override {
    on_end_of_attempt();
    return answer_;
  }
  void StartTimer(absl::Duration delay) override {
    log.push_back(absl::StrCat("timer ", absl::FormatDuration(delay)));
  }
  void CancelTimer() override { log.emplace_back("cancel timer"); }
  void OnEnd(absl::Status status) override {
    log.push_back(absl::StrCat("end ", absl::StatusCodeToString(status.code())));
    end = std::move(status);
  }

 private:
  absl::Status answer_;
};

class RetriedCallTest : public ::testing::Test {
 protected:
  RetriedCallTest() {
    options_.timeout = absl::Seconds(10);
    options_.backoff_policy = std::make_shared<FixedBackoffPolicy>();
    options_.now = [this] { return clock_.Now(); };
  }

  std::unique_ptr<NotingCall> Start(Idempotency idempotency = Idempotency::kIdempotent,
                                    std::shared_ptr<ApiKey> key = nullptr) {
    auto call = std::make_unique<NotingCall>(options_, idempotency, std::move(key));
    call->Start();
    return call;
  }

  FakeClock clock_{absl::FromUnixSeconds(1'700'000'000)};
  ClientOptions options_;
};

TEST_F(RetriedCallTest, ASuccessIsNotRepeated) {
  const std::unique_ptr<NotingCall> call = Start();
  call->Answer(absl::OkStatus());
  EXPECT_THAT(call->log, ElementsAre("attempt 10s", "end OK"));
}

TEST_F(RetriedCallTest, ATimerRunsBetweenAttempts) {
  const std::unique_ptr<NotingCall> call = Start();
  clock_.Advance(absl::Seconds(2));
  call->Answer(RetryableError(v1::ERROR_REASON_QUEUE_FULL, "full", absl::Seconds(3)));
  clock_.Advance(absl::Seconds(3));
  call->OnEvent();
  call->Answer(absl::OkStatus());
  EXPECT_THAT(call->log, ElementsAre("attempt 10s", "timer 3s", "attempt 5s", "end OK"));
}

TEST_F(RetriedCallTest, AnErrorThatStaysEndsItWithItsDetails) {
  const absl::Status none = Error(v1::ERROR_REASON_SURVEY_NOT_FOUND, "none", {{"survey_id", "x"}});
  const std::unique_ptr<NotingCall> call = Start();
  call->Answer(none);
  EXPECT_EQ(call->end, none);
  EXPECT_THAT(call->log, ElementsAre("attempt 10s", "end NOT_FOUND"));
}

TEST_F(RetriedCallTest, ATimerThatComesTooLateLeavesTheLastError) {
  const std::unique_ptr<NotingCall> call = Start();
  call->Answer(Away());
  clock_.Advance(absl::Seconds(10));
  call->OnEvent();
  EXPECT_THAT(call->log, ElementsAre("attempt 10s", "timer 1s", "end UNAVAILABLE"));
}

TEST_F(RetriedCallTest, ANewKeyIsTriedAtOnceAndOnlyOnce) {
  const absl::Status refused = Error(v1::ERROR_REASON_KEY_INVALID, "no such key");
  std::string text = "old";
  options_.api_key_source = [&text] { return absl::StatusOr<std::string>(text); };
  const absl::StatusOr<std::shared_ptr<ApiKey>> key = ApiKey::Read(options_);
  ASSERT_OK(key);
  for (const Idempotency idempotency : {Idempotency::kIdempotent, Idempotency::kNotIdempotent}) {
    const std::unique_ptr<NotingCall> call = Start(idempotency, *key);
    text += "_and_new";
    call->Answer(refused);
    text += "_and_newer";
    call->Answer(refused);
    EXPECT_THAT(call->log, ElementsAre("attempt 10s", "attempt 10s", "end UNAUTHENTICATED"));
  }
  const absl::StatusOr<std::shared_ptr<ApiKey>> newest = ApiKey::Read(options_);
  ASSERT_OK(newest);
  const std::unique_ptr<NotingCall> call = Start(Idempotency::kIdempotent, *newest);
  call->Answer(refused);
  EXPECT_THAT(call->log, ElementsAre("attempt 10s", "end UNAUTHENTICATED"));
}

TEST_F(RetriedCallTest, CancelEndsTheAttempt) {
  const std::unique_ptr<NotingCall> call = Start();
  call->Cancel();
  call->Cancel();
  EXPECT_THAT(call->log, ElementsAre("attempt 10s", "cancel attempt"));
  // However the attempt ends: it is not repeated.
  call->Answer(Away());
  EXPECT_THAT(call->end, StatusIs(absl::StatusCode::kCancelled));
  call->Cancel();
  EXPECT_THAT(call->log, ElementsAre("attempt 10s", "cancel attempt", "end CANCELLED"));
}

TEST_F(RetriedCallTest, CancelEndsTheWaiting) {
  const std::unique_ptr<NotingCall> call = Start();
  call->Answer(Away());
  call->Cancel();
  call->OnEvent();
  EXPECT_THAT(call->log, ElementsAre("attempt 10s", "timer 1s", "cancel timer", "end CANCELLED"));
}

TEST_F(RetriedCallTest, CancelBetweenAttemptAndTimerBeginsNeither) {
  const std::unique_ptr<NotingCall> call = Start();
  call->on_end_of_attempt = [&] { call->Cancel(); };
  call->Answer(Away());
  EXPECT_THAT(call->log, ElementsAre("attempt 10s", "end CANCELLED"));
}

TEST_F(RetriedCallTest, CancelWhileTheKeyIsReadSendsItNoMore) {
  NotingCall* under_way = nullptr;
  std::string text = "old";
  options_.api_key_source = [&] {
    if (under_way != nullptr) {
      under_way->Cancel();
      text = "new";
    }
    return absl::StatusOr<std::string>(text);
  };
  const absl::StatusOr<std::shared_ptr<ApiKey>> key = ApiKey::Read(options_);
  ASSERT_OK(key);
  const std::unique_ptr<NotingCall> call = Start(Idempotency::kIdempotent, *key);
  under_way = call.get();
  call->Answer(Error(v1::ERROR_REASON_KEY_INVALID, "no such key"));
  EXPECT_THAT(call->log, ElementsAre("attempt 10s", "end CANCELLED"));
}

TEST_F(RetriedCallTest, AnAnswerThatWasFasterThanCancelCounts) {
  const std::unique_ptr<NotingCall> call = Start();
  call->Cancel();
  call->Answer(absl::OkStatus());
  EXPECT_EQ(call->log.back(), "end OK");
}

// What a call does whose attempts take so long and come to that, one after the other.
struct Plan {
  Idempotency idempotency;
  std::vector<std::pair<absl::Duration, absl::Status>> attempts;
};

TEST_F(RetriedCallTest, DoesWhatRetryLoopDoes) {
  Random random(testing::SeedFromEnvOrRandom());
  const absl::Status statuses[] = {
      absl::OkStatus(),
      Away(),
      RetryableError(v1::ERROR_REASON_QUEUE_FULL, "full", absl::Seconds(2)),
      absl::ResourceExhaustedError("too large"),
      Error(v1::ERROR_REASON_KEY_INVALID, "no such key"),
      absl::DeadlineExceededError("slow"),
  };
  for (int run = 0; run < 2'000; ++run) {
    Plan plan{.idempotency =
                  random.Chance(800) ? Idempotency::kIdempotent : Idempotency::kNotIdempotent};
    for (int i = 0; i < 30; ++i) {
      plan.attempts.emplace_back(absl::Milliseconds(random.Below(3'000)),
                                 statuses[random.Weighted({1, 8, 6, 1, 1, 1})]);
    }
    options_.retry_policy =
        std::make_shared<LimitedAttemptsRetryPolicy>(random.Chance(500) ? 100 : random.Below(5));

    std::vector<std::string> waited;
    size_t next = 0;
    options_.sleep = [&](absl::Duration delay) {
      waited.push_back(absl::StrCat("timer ", absl::FormatDuration(delay)));
      clock_.Advance(delay);
    };
    const absl::Status looped =
        RetryLoop<int>(options_, plan.idempotency, [&](absl::Duration time_left) {
          waited.push_back(absl::StrCat("attempt ", absl::FormatDuration(time_left)));
          const auto& [duration, status] = plan.attempts[next++];
          clock_.Advance(duration);
          return status.ok() ? absl::StatusOr<int>(1) : absl::StatusOr<int>(status);
        }).status();
    waited.push_back(absl::StrCat("end ", absl::StatusCodeToString(looped.code())));

    const std::unique_ptr<NotingCall> call = Start(plan.idempotency);
    for (next = 0; call->log.back().rfind("end", 0) != 0;) {
      if (call->log.back().rfind("timer", 0) == 0) {
        absl::Duration delay;
        ASSERT_TRUE(absl::ParseDuration(call->log.back().substr(6), &delay));
        clock_.Advance(delay);
        call->OnEvent();
      } else {
        const auto& [duration, status] = plan.attempts[next++];
        clock_.Advance(duration);
        call->Answer(status);
      }
    }
    ASSERT_EQ(call->log, waited) << "run " << run;
    ASSERT_EQ(call->end, looped) << "run " << run;
  }
}

}  // namespace
}  // namespace emptychair
