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

TEST(DenialCounter, WhatIsReturnedIsTakenAgainWithWhatCame) {
  DenialCounter counter;
  Caller caller;
  caller.kind = Caller::Kind::kCertificate;
  caller.key_id = 7;
  counter.Count(caller, "a", "NOT_PERMITTED", kStart);
  const auto taken = counter.Take(kStart + absl::Hours(1));
  // Late, as a clock that was set back has it.
  counter.Count(caller, "a", "NOT_PERMITTED", kStart);
  counter.Return(taken);
  const auto events = counter.Take(kStart + absl::Hours(1));
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0].denied_count(), 2u);
  EXPECT_EQ(events[0].caller_kind(), v1::CALLER_KIND_CERTIFICATE);
  EXPECT_EQ(events[0].time_ms(), absl::ToUnixMillis(kStart));
}

TEST(DenialCounter, WhatIsReturnedIsBoundedWithTheRest) {
  DenialCounter counter;
  uint64_t sum = 0;
  for (int hour = 0; hour < 5; ++hour) {
    for (int i = 0; i < 900; ++i) {
      counter.Count(Caller(), absl::StrCat("m", i), "KEY_REQUIRED", kStart + absl::Hours(hour));
    }
    counter.Return(counter.Take(kStart + absl::Hours(hour + 1)));
  }
  const auto events = counter.Take(absl::InfiniteFuture());
  for (const auto& event : events) {
    sum += event.denied_count();
  }
  EXPECT_EQ(sum, 5u * 900);
  // One for the rest of each hour.
  EXPECT_LE(events.size(), DenialCounter::kRowsMax + 4);
}

}  // namespace
}  // namespace emptychair
