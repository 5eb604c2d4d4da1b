#include "client/retry_loop.h"

#include <memory>
#include <optional>
#include <vector>

#include "common/base/clock.h"
#include "common/base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/fixed_backoff_policy.h"
#include "tests/helpers/status_matchers.h"

namespace emptychair {
namespace {

using ::emptychair::testing::IsOkAndHolds;
using ::emptychair::testing::StatusIs;
using ::testing::ElementsAre;

class RetryLoopTest : public ::testing::Test {
 protected:
  RetryLoopTest() {
    options_.timeout = absl::Seconds(10);
    options_.backoff_policy = std::make_shared<FixedBackoffPolicy>();
    options_.now = [this] { return clock_.Now(); };
    options_.sleep = [this](absl::Duration duration) {
      slept_.push_back(duration);
      clock_.Advance(duration);
    };
  }

  // A call whose attempts take `attempt_duration` each and fail with `failures`, one each, before
  // they answer 42.
  absl::StatusOr<int> Run(const std::vector<absl::Status>& failures,
                          absl::Duration attempt_duration = absl::ZeroDuration(),
                          Idempotency idempotency = Idempotency::kIdempotent) {
    time_left_.clear();
    slept_.clear();
    return RetryLoop<int>(options_, idempotency,
                          [&](absl::Duration time_left) -> absl::StatusOr<int> {
                            time_left_.push_back(time_left);
                            clock_.Advance(attempt_duration);
                            const size_t attempt = time_left_.size();
                            if (attempt > failures.size()) {
                              return 42;
                            }
                            return failures[attempt - 1];
                          });
  }

  FakeClock clock_{absl::FromUnixSeconds(1'700'000'000)};
  ClientOptions options_;
  std::vector<absl::Duration> time_left_;
  std::vector<absl::Duration> slept_;
};

absl::Status Away() { return absl::UnavailableError("away"); }

TEST_F(RetryLoopTest, ASuccessIsNotRepeated) {
  EXPECT_THAT(Run({}), IsOkAndHolds(42));
  EXPECT_THAT(time_left_, ElementsAre(absl::Seconds(10)));
  EXPECT_THAT(slept_, ElementsAre());
}

TEST_F(RetryLoopTest, EachAttemptHasTheTimeThatIsLeft) {
  EXPECT_THAT(Run({Away(), Away()}, absl::Milliseconds(500)), IsOkAndHolds(42));
  EXPECT_THAT(time_left_, ElementsAre(absl::Seconds(10), absl::Seconds(10) - absl::Seconds(1.5),
                                      absl::Seconds(10) - absl::Seconds(3)));
  EXPECT_THAT(slept_, ElementsAre(absl::Seconds(1), absl::Seconds(1)));
}

TEST_F(RetryLoopTest, WaitsWhatTheServerAsks) {
  EXPECT_THAT(Run({RetryableError(v1::ERROR_REASON_QUEUE_FULL, "full", absl::Seconds(3))}),
              IsOkAndHolds(42));
  EXPECT_THAT(slept_, ElementsAre(absl::Seconds(3)));
}

TEST_F(RetryLoopTest, AnErrorThatStaysIsAnsweredAtOnceWithItsDetails) {
  const absl::Status none = Error(v1::ERROR_REASON_SURVEY_NOT_FOUND, "none", {{"survey_id", "x"}});
  EXPECT_EQ(Run({none}).status(), none);
  EXPECT_THAT(slept_, ElementsAre());
}

TEST_F(RetryLoopTest, ADeadlineThatPassedIsTheEnd) {
  EXPECT_THAT(Run({Away(), absl::DeadlineExceededError("slow")}),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(time_left_.size(), 2u);
}

TEST_F(RetryLoopTest, DoesNotWaitForAnAttemptThatWouldComeTooLate) {
  const absl::Status full = RetryableError(v1::ERROR_REASON_QUEUE_FULL, "full", absl::Seconds(10));
  EXPECT_EQ(Run({full}).status(), full);
  EXPECT_THAT(slept_, ElementsAre());
}

TEST_F(RetryLoopTest, EndsAtTheTimeoutWithTheLastError) {
  const std::vector<absl::Status> failures(100, Away());
  EXPECT_EQ(Run(failures).status(), Away());
  // At 0, 1, … 9 s; the next would be at the timeout.
  EXPECT_EQ(time_left_.size(), 10u);
  EXPECT_EQ(time_left_.back(), absl::Seconds(1));
}

TEST_F(RetryLoopTest, ASleepThatLastsTooLongLeavesNoTimeForAnAttempt) {
  options_.sleep = [this](absl::Duration) { clock_.Advance(absl::Seconds(10)); };
  EXPECT_EQ(Run({Away()}).status(), Away());
  EXPECT_EQ(time_left_.size(), 1u);
}

TEST_F(RetryLoopTest, ThePolicyDecides) {
  options_.retry_policy = std::make_shared<LimitedAttemptsRetryPolicy>(3);
  EXPECT_EQ(Run(std::vector<absl::Status>(5, Away())).status(), Away());
  EXPECT_EQ(time_left_.size(), 3u);
  // Each call has a policy of its own.
  EXPECT_THAT(Run({Away(), Away()}), IsOkAndHolds(42));
  options_.retry_policy = std::make_shared<LimitedTimeRetryPolicy>(absl::Seconds(2));
  EXPECT_EQ(Run(std::vector<absl::Status>(5, Away())).status(), Away());
  EXPECT_EQ(time_left_.size(), 3u);
}

TEST_F(RetryLoopTest, ACallThatIsNotIdempotentIsSentOnce) {
  EXPECT_EQ(Run({Away()}, absl::ZeroDuration(), Idempotency::kNotIdempotent).status(), Away());
  EXPECT_EQ(time_left_.size(), 1u);
}

}  // namespace
}  // namespace emptychair
