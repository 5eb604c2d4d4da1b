#include "server/rpc/health.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"
#include "tests/server/services/direct_call.h"

namespace emptychair {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::StatusIs;

constexpr char kFeedback[] = "emptychair.v1.FeedbackService";

class HealthTest : public ::testing::Test {
 protected:
  HealthTest() { health_.AddTo(table_); }

  absl::StatusOr<HealthCheckResponse> Check(const std::string& service) {
    HealthCheckRequest request;
    request.set_service(service);
    return CallDirectly<HealthCheckResponse>(table_, request);
  }

  // What a watcher is told from now on until there is no more.
  static std::vector<int> Told(Health::Watch& watch) {
    std::vector<int> told;
    HealthCheckResponse response;
    while (*watch.Next(response)) {
      told.push_back(response.status());
      response.Clear();
    }
    return told;
  }

  Health health_;
  MethodTable table_;
};

TEST_F(HealthTest, NamesItsMethodsInFull) {
  ASSERT_EQ(table_.size(), 2u);
  EXPECT_EQ(table_[0].method.name, "grpc.health.v1.Health/Check");
  EXPECT_EQ(table_[1].method.name, "grpc.health.v1.Health/Watch");
  EXPECT_TRUE(table_[1].descriptor->server_streaming());
}

TEST_F(HealthTest, WithoutSpaceFeedbackIsNotServedAndAllElseIs) {
  EXPECT_EQ(Check("")->status(), HealthCheckResponse::SERVING);
  EXPECT_EQ(Check(kFeedback)->status(), HealthCheckResponse::SERVING);
  health_.SetTakesFeedback(false);
  EXPECT_EQ(Check("")->status(), HealthCheckResponse::SERVING);
  EXPECT_EQ(Check(kFeedback)->status(), HealthCheckResponse::NOT_SERVING);
  health_.SetTakesFeedback(true);
  EXPECT_EQ(Check(kFeedback)->status(), HealthCheckResponse::SERVING);
  health_.Stop();
  EXPECT_EQ(Check("")->status(), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(Check(kFeedback)->status(), HealthCheckResponse::NOT_SERVING);
  EXPECT_THAT(Check("emptychair.v1.Nothing"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(HealthTest, AWatcherIsToldEachChangeOnce) {
  Health::Watch watch(&health_, kFeedback);
  int notified = 0;
  const auto waiter = std::make_shared<Waiter>([&] { ++notified; });
  // There is something to say at first.
  EXPECT_FALSE(watch.NotifyWhenMore(waiter));
  EXPECT_THAT(Told(watch), ElementsAre(HealthCheckResponse::SERVING));
  EXPECT_TRUE(watch.NotifyWhenMore(waiter));
  EXPECT_EQ(notified, 0);
  health_.SetTakesFeedback(false);
  EXPECT_EQ(notified, 1);
  EXPECT_FALSE(watch.NotifyWhenMore(waiter));
  EXPECT_THAT(Told(watch), ElementsAre(HealthCheckResponse::NOT_SERVING));
  // It stopped being so and is so again: nothing to say.
  health_.SetTakesFeedback(true);
  health_.SetTakesFeedback(false);
  EXPECT_THAT(Told(watch), IsEmpty());
  // Who has gone is not notified.
  EXPECT_TRUE(watch.NotifyWhenMore(waiter));
  watch.Unsubscribe(waiter);
  health_.Stop();
  EXPECT_EQ(notified, 1);
}

TEST_F(HealthTest, AWatcherOfWhatIsNotKnownIsToldSo) {
  Health::Watch watch(&health_, "emptychair.v1.Nothing");
  EXPECT_THAT(Told(watch), ElementsAre(HealthCheckResponse::SERVICE_UNKNOWN));
}

}  // namespace
}  // namespace emptychair
