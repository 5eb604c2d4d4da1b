#include "storage/commit/publisher.h"

#include <memory>

#include "gtest/gtest.h"

namespace emptychair::storage {
namespace {

std::shared_ptr<const View> ViewAt(uint64_t sequence) {
  auto view = std::make_shared<View>();
  view->counters.set_sequence(sequence);
  return view;
}

class PublisherTest : public ::testing::Test {
 protected:
  PublisherTest() { publisher_.Publish(ViewAt(7)); }

  Publisher publisher_;
  int rings_ = 0;
  const std::shared_ptr<Waiter> waiter_ = std::make_shared<Waiter>([this] { ++rings_; });
};

TEST_F(PublisherTest, HasTheNewestView) {
  EXPECT_EQ(publisher_.view()->counters.sequence(), 7u);
  publisher_.Publish(ViewAt(9));
  EXPECT_EQ(publisher_.view()->counters.sequence(), 9u);
}

TEST_F(PublisherTest, RingsABellOnce) {
  EXPECT_TRUE(publisher_.NotifyWhenPast(7, waiter_));
  publisher_.Publish(ViewAt(8));
  EXPECT_EQ(rings_, 0);
  publisher_.NotifyWaiters();
  EXPECT_EQ(rings_, 1);
  publisher_.NotifyWaiters();
  EXPECT_EQ(rings_, 1);
}

TEST_F(PublisherTest, DoesNotTakeABellForWhatIsThereAlready) {
  EXPECT_FALSE(publisher_.NotifyWhenPast(6, waiter_));
  publisher_.NotifyWaiters();
  EXPECT_EQ(rings_, 0);
  EXPECT_EQ(waiter_.use_count(), 1);
}

TEST_F(PublisherTest, ForgetsABell) {
  EXPECT_TRUE(publisher_.NotifyWhenPast(7, waiter_));
  publisher_.Unsubscribe(waiter_);
  EXPECT_EQ(waiter_.use_count(), 1);
  publisher_.NotifyWaiters();
  EXPECT_EQ(rings_, 0);
}

TEST_F(PublisherTest, ABellThatIsDisconnectedIsSilent) {
  EXPECT_TRUE(publisher_.NotifyWhenPast(7, waiter_));
  waiter_->Disconnect();
  publisher_.NotifyWaiters();
  EXPECT_EQ(rings_, 0);
}

TEST_F(PublisherTest, ABellCanWaitAgainOnceItHasRung) {
  const auto again = std::make_shared<Waiter>([this] {
    ++rings_;
    EXPECT_FALSE(publisher_.NotifyWhenPast(7, waiter_));
    EXPECT_TRUE(publisher_.NotifyWhenPast(8, waiter_));
  });
  EXPECT_TRUE(publisher_.NotifyWhenPast(7, again));
  publisher_.Publish(ViewAt(8));
  publisher_.NotifyWaiters();
  EXPECT_EQ(rings_, 1);
  publisher_.Publish(ViewAt(9));
  publisher_.NotifyWaiters();
  EXPECT_EQ(rings_, 2);
}

}  // namespace
}  // namespace emptychair::storage
