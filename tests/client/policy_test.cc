#include <algorithm>
#include <memory>
#include <vector>

#include "common/base/errors.h"
#include "emptychair/client/backoff_policy.h"
#include "emptychair/client/retry_policy.h"
#include "gtest/gtest.h"

namespace emptychair {
namespace {

absl::Status QueueFull(absl::Duration delay) {
  return RetryableError(v1::ERROR_REASON_QUEUE_FULL, "full", delay);
}

TEST(IsRetryable, IsWhatCanSucceedALittleLater) {
  const struct {
    absl::Status status;
    bool is_retryable;
  } rows[] = {
      {absl::UnavailableError("nobody there"), true},
      {ShuttingDownError(), true},
      {QueueFull(absl::Seconds(1)), true},
      {QueueFull(absl::ZeroDuration()), true},
      {absl::ResourceExhaustedError("message too large"), false},
      {absl::DeadlineExceededError("slow"), false},
      {absl::CancelledError("enough"), false},
      {absl::AbortedError("changed"), false},
      {absl::InternalError("oops"), false},
      {absl::UnknownError("what"), false},
      {Error(v1::ERROR_REASON_SURVEY_NOT_FOUND, "none"), false},
      {Error(v1::ERROR_REASON_CONTENT_DIFFERS, "other"), false},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(IsRetryable(row.status), row.is_retryable) << row.status;
  }
}

TEST(LimitedTimeRetryPolicy, TriesAgainUntilItsTimeIsOver) {
  const absl::Status away = absl::UnavailableError("away");
  const struct {
    absl::Duration duration;
    absl::Status status;
    absl::Duration elapsed;
    bool again;
  } rows[] = {
      {absl::Seconds(5), away, absl::ZeroDuration(), true},
      {absl::Seconds(5), away, absl::Milliseconds(4999), true},
      {absl::Seconds(5), away, absl::Seconds(5), false},
      {absl::Seconds(5), absl::InternalError("oops"), absl::ZeroDuration(), false},
      {absl::ZeroDuration(), away, absl::ZeroDuration(), false},
      {absl::InfiniteDuration(), away, absl::Hours(1000), true},
  };
  for (const auto& row : rows) {
    LimitedTimeRetryPolicy policy(row.duration);
    EXPECT_EQ(policy.OnFailure(row.status, row.elapsed), row.again)
        << row.duration << " " << row.status << " " << row.elapsed;
  }
}

TEST(LimitedAttemptsRetryPolicy, CountsTheFirstAttempt) {
  for (const int attempts : {-1, 0, 1, 2, 5}) {
    LimitedAttemptsRetryPolicy policy(attempts);
    int made = 1;
    while (policy.OnFailure(absl::UnavailableError("away"), absl::Hours(1))) {
      ++made;
    }
    EXPECT_EQ(made, std::max(attempts, 1));
  }
}

TEST(LimitedAttemptsRetryPolicy, StopsAtAnErrorThatStays) {
  LimitedAttemptsRetryPolicy policy(5);
  EXPECT_TRUE(policy.OnFailure(absl::UnavailableError("away"), absl::ZeroDuration()));
  EXPECT_FALSE(policy.OnFailure(absl::InternalError("oops"), absl::ZeroDuration()));
}

TEST(RetryPolicies, AreAsNewWhenCloned) {
  LimitedAttemptsRetryPolicy attempts(2);
  EXPECT_TRUE(attempts.OnFailure(absl::UnavailableError("away"), absl::ZeroDuration()));
  const std::unique_ptr<RetryPolicy> attempts_clone = attempts.Clone();
  EXPECT_FALSE(attempts.OnFailure(absl::UnavailableError("away"), absl::ZeroDuration()));
  EXPECT_TRUE(attempts_clone->OnFailure(absl::UnavailableError("away"), absl::ZeroDuration()));

  const std::unique_ptr<RetryPolicy> time_clone = LimitedTimeRetryPolicy(absl::Seconds(5)).Clone();
  EXPECT_TRUE(time_clone->OnFailure(absl::UnavailableError("away"), absl::Seconds(4)));
  EXPECT_FALSE(time_clone->OnFailure(absl::UnavailableError("away"), absl::Seconds(6)));
}

TEST(ExponentialBackoffPolicy, WaitsAShareOfATimeThatGrows) {
  const ExponentialBackoffPolicy prototype(absl::Milliseconds(100), absl::Seconds(1), 3);
  const absl::Duration whole[] = {absl::Milliseconds(100), absl::Milliseconds(300),
                                  absl::Milliseconds(900), absl::Seconds(1), absl::Seconds(1)};
  std::vector<absl::Duration> first_waits;
  for (int i = 0; i < 200; ++i) {
    const std::unique_ptr<BackoffPolicy> policy = prototype.Clone();
    for (const absl::Duration expected : whole) {
      const absl::Duration wait = policy->OnFailure(absl::UnavailableError("away"));
      EXPECT_GE(wait, absl::ZeroDuration());
      EXPECT_LE(wait, expected);
      if (expected == whole[0]) {
        first_waits.push_back(wait);
      }
    }
  }
  // Spread over all of the time, or callers that failed together would come back together.
  const auto [least, most] = std::minmax_element(first_waits.begin(), first_waits.end());
  EXPECT_LT(*least, absl::Milliseconds(20));
  EXPECT_GT(*most, absl::Milliseconds(80));
}

TEST(ExponentialBackoffPolicy, WaitsAtLeastAsLongAsTheServerAsks) {
  ExponentialBackoffPolicy policy(absl::Milliseconds(100), absl::Milliseconds(100));
  const absl::Duration asked = policy.OnFailure(QueueFull(absl::Seconds(7)));
  EXPECT_GE(asked, absl::Seconds(7));
  EXPECT_LE(asked, absl::Milliseconds(7100));
  EXPECT_LE(policy.OnFailure(QueueFull(absl::ZeroDuration())), absl::Milliseconds(100));
}

}  // namespace
}  // namespace emptychair
