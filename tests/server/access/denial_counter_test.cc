#include "server/access/denial_counter.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace emptychair {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr absl::Time kStart = absl::FromUnixSeconds(1'709'294'400);

TEST(DenialCounter, TellsOfAnHourWhenItIsOver) {
  DenialCounter counter;
  Caller caller;
  caller.kind = Caller::Kind::kKey;
  caller.key_id = 7;
  for (int i = 0; i < 10'000; ++i) {
    counter.Count(caller, "SurveyService/GetSurvey", "NOT_PERMITTED",
                  kStart + absl::Seconds(i % 60));
  }
  EXPECT_THAT(counter.Take(kStart + absl::Minutes(59)), IsEmpty());
  const auto events = counter.Take(kStart + absl::Hours(1));
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0].denied_count(), 10'000u);
  EXPECT_EQ(events[0].key_id(), 7u);
  EXPECT_EQ(events[0].denied_reason(), "NOT_PERMITTED");
  EXPECT_EQ(events[0].method(), "SurveyService/GetSurvey");
  EXPECT_THAT(counter.Take(kStart + absl::Hours(2)), IsEmpty());
}

TEST(DenialCounter, BoundsItsRowsWhateverIsAskedFor) {
  DenialCounter counter;
  for (int i = 0; i < 5'000; ++i) {
    counter.Count(Caller(), absl::StrCat("no.such/Method", i), "KEY_REQUIRED", kStart);
  }
  const auto events = counter.Take(absl::InfiniteFuture());
  EXPECT_THAT(events, SizeIs(DenialCounter::kRowsMax));
  uint64_t sum = 0;
  for (const auto& event : events) {
    sum += event.denied_count();
  }
  EXPECT_EQ(sum, 5'000u);
}

}  // namespace
}  // namespace emptychair
