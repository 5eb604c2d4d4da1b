#include "client/feedback_watcher.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/clock.h"
#include "common/base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"

namespace emptychair {
namespace {

using ::emptychair::testing::HasReason;
using ::testing::ElementsAre;

// A call gives the messages with these sequences, then ends.
struct CallPlan {
  std::vector<int64_t> sequences;
  absl::Status end;
};

class WatcherTest : public ::testing::Test {
 protected:
  WatcherTest() {
    options_.timeout = absl::Seconds(10);
    options_.now = [this] { return clock_.Now(); };
    options_.sleep = [this](absl::Duration duration) { clock_.Advance(duration); };
  }

  FeedbackWatcher Watcher(std::vector<CallPlan> plans) {
    v1::WatchFeedbackRequest request;
    request.add_survey_ids("pulse");
    return FeedbackWatcher(
        options_, request,
        [this, plans = std::move(plans),
         next = size_t{0}](const v1::WatchFeedbackRequest& request) mutable {
          requests_.push_back(absl::StrCat(
              request.survey_ids(0), " after ",
              request.has_after_sequence() ? absl::StrCat(request.after_sequence()) : "now", " of ",
              request.store_id(), request.epoch().empty() ? "" : " in ", request.epoch()));
          const CallPlan plan = plans[next];
          next = std::min(next + 1, plans.size() - 1);
          return
              [plan, at = size_t{
                         0}]() mutable -> std::optional<absl::StatusOr<v1::WatchFeedbackResponse>> {
                if (at == plan.sequences.size()) {
                  return plan.end.ok()
                             ? std::nullopt
                             : std::optional(absl::StatusOr<v1::WatchFeedbackResponse>(plan.end));
                }
                v1::WatchFeedbackResponse message;
                message.set_sequence(plan.sequences[at++]);
                message.set_store_id("store");
                message.set_epoch("epoch");
                return message;
              };
        });
  }

  FakeClock clock_{absl::UnixEpoch()};
  ClientOptions options_;
  std::vector<std::string> requests_;
};

TEST_F(WatcherTest, GoesOnOverANewCallWhereTheLastMessageStood) {
  FeedbackWatcher watcher = Watcher(
      {{{3, 7}, ShuttingDownError()}, {{}, ShuttingDownError()}, {{9}, ShuttingDownError()}});
  for (const int64_t sequence : {3, 7, 9}) {
    const auto message = watcher.Next();
    ASSERT_OK(message);
    EXPECT_EQ(message->sequence(), sequence);
  }
  EXPECT_THAT(requests_, ElementsAre("pulse after now of ", "pulse after 7 of store in epoch",
                                     "pulse after 7 of store in epoch"));
}

TEST_F(WatcherTest, EndsWithAnErrorThatAnotherCallWouldNotMend) {
  FeedbackWatcher watcher =
      Watcher({{{3}, Error(v1::ERROR_REASON_SEQUENCE_TRIMMED, "too old")}, {{9}, {}}});
  EXPECT_OK(watcher.Next());
  EXPECT_THAT(watcher.Next(), HasReason(v1::ERROR_REASON_SEQUENCE_TRIMMED));
  EXPECT_EQ(requests_.size(), 1u);
}

TEST_F(WatcherTest, EndsWhenNoMessageHasComeForTheTimeout) {
  FeedbackWatcher watcher = Watcher({{{}, ShuttingDownError()}});
  EXPECT_THAT(watcher.Next(), HasReason(v1::ERROR_REASON_SHUTTING_DOWN));
  EXPECT_GT(requests_.size(), 3u);
  EXPECT_LE(clock_.Now(), absl::UnixEpoch() + options_.timeout);
}

// However long it watches: each message begins the time anew.
TEST_F(WatcherTest, IsNotEndedByTheTimeoutWhileMessagesCome) {
  FeedbackWatcher watcher = Watcher({{{1}, ShuttingDownError()}});
  for (int i = 0; i < 100; ++i) {
    ASSERT_OK(watcher.Next());
  }
  EXPECT_GT(clock_.Now(), absl::UnixEpoch() + options_.timeout);
}

TEST_F(WatcherTest, TakesAnEndWithoutAnErrorForAFault) {
  FeedbackWatcher watcher = Watcher({{{1}, absl::OkStatus()}});
  EXPECT_OK(watcher.Next());
  EXPECT_TRUE(absl::IsInternal(watcher.Next().status()));
}

}  // namespace
}  // namespace emptychair
