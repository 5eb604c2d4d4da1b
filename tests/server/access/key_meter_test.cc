#include "server/access/key_meter.h"

#include <string>

#include "common/base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"

namespace emptychair {
namespace {

using ::emptychair::testing::HasReason;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr absl::Time kStart = absl::FromUnixSeconds(1'709'294'400);  // 12:00 UTC.
constexpr uint32_t kToday = 19'783;

store::v1::StoredAccess Entry(uint64_t id) {
  store::v1::StoredAccess entry;
  entry.set_id(id);
  return entry;
}

TEST(KeyMeter, LetsASecondsWorthOfCallsInAtOnceAndThenByTheRate) {
  store::v1::StoredAccess entry = Entry(1);
  entry.mutable_limits()->set_calls_per_second(5);
  KeyMeter meter;
  for (int i = 0; i < 5; ++i) {
    EXPECT_OK(meter.AdmitCall(entry, kStart));
  }
  const absl::Status refused = meter.AdmitCall(entry, kStart);
  EXPECT_THAT(refused, HasReason(v1::ERROR_REASON_RATE_LIMITED));
  EXPECT_EQ(MetadataOf(refused)["limit"], "calls_per_second");
  ASSERT_TRUE(RetryDelayOf(refused).has_value());
  EXPECT_OK(meter.AdmitCall(entry, kStart + *RetryDelayOf(refused)));
  // A long rest fills the bucket and no more.
  for (int i = 0; i < 5; ++i) {
    EXPECT_OK(meter.AdmitCall(entry, kStart + absl::Hours(1)));
  }
  EXPECT_FALSE(meter.AdmitCall(entry, kStart + absl::Hours(1)).ok());
}

// Else one that is larger than the bucket would never pass.
TEST(KeyMeter, ABatchMayTakeTheBucketBelowNothing) {
  store::v1::StoredAccess entry = Entry(1);
  entry.mutable_limits()->set_records_per_second(100);
  KeyMeter meter;
  EXPECT_OK(meter.AdmitRecords(entry, 9'999, kStart));
  EXPECT_EQ(meter.RecordDelay(entry, kStart), absl::ZeroDuration());
  EXPECT_OK(meter.AdmitRecords(entry, 10'000, kStart));
  const absl::Duration delay = meter.RecordDelay(entry, kStart);
  EXPECT_GT(delay, absl::Seconds(99));
  EXPECT_LT(delay, absl::Seconds(101));
  EXPECT_THAT(meter.AdmitRecords(entry, 1, kStart), HasReason(v1::ERROR_REASON_RATE_LIMITED));
  EXPECT_OK(meter.AdmitRecords(entry, 1, kStart + delay));
}

TEST(KeyMeter, HoldsADaysQuotaUntilMidnightInUtc) {
  store::v1::StoredAccess entry = Entry(1);
  entry.mutable_limits()->set_records_per_day(10);
  entry.set_last_use_day(kToday);
  entry.set_records_of_day(4);
  KeyMeter meter;
  EXPECT_OK(meter.AdmitRecords(entry, 6, kStart));
  const absl::Status refused = meter.AdmitRecords(entry, 1, kStart);
  EXPECT_THAT(refused, HasReason(v1::ERROR_REASON_QUOTA_EXCEEDED));
  EXPECT_EQ(MetadataOf(refused)["reset_time"], "2024-03-02T00:00:00Z");
  EXPECT_FALSE(RetryDelayOf(refused).has_value());
  EXPECT_OK(meter.AdmitRecords(entry, 10, kStart + absl::Hours(12)));
}

TEST(KeyMeter, TellsWhatWasUsedOnce) {
  KeyMeter meter;
  EXPECT_OK(meter.AdmitCall(Entry(1), kStart));
  EXPECT_OK(meter.AdmitRecords(Entry(2), 7, kStart));
  const auto uses = meter.Take();
  ASSERT_THAT(uses, SizeIs(2));
  for (const store::v1::AccessUse& use : uses) {
    EXPECT_EQ(use.day(), kToday);
    EXPECT_EQ(use.records_of_day(), use.id() == 2 ? 7 : 0);
  }
  EXPECT_THAT(meter.Take(), IsEmpty());
}

TEST(KeyMeter, KeysDoNotShareTheirLimits) {
  KeyMeter meter;
  for (uint64_t id = 1; id <= 40; ++id) {
    store::v1::StoredAccess entry = Entry(id);
    entry.mutable_limits()->set_calls_per_second(1);
    EXPECT_OK(meter.AdmitCall(entry, kStart));
    EXPECT_FALSE(meter.AdmitCall(entry, kStart).ok());
  }
}

}  // namespace
}  // namespace emptychair
