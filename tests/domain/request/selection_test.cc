#include "server/request/selection.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/request/validation.h"
#include "tests/domain/harness/hand_made_view.h"
#include "tests/helpers/status_matchers.h"

namespace emptychair::testing {
namespace {

using ::testing::AllOf;

constexpr auto kRequired = v1::ERROR_REASON_FIELD_REQUIRED;
constexpr auto kInvalid = v1::ERROR_REASON_FIELD_INVALID;

absl::StatusOr<TimeSpan> Interval(const std::string& text) {
  return CheckInterval(Parse<v1::TimeInterval>(text));
}

TEST(CheckInterval, RoundsItsEdgesUpToWholeMilliseconds) {
  ASSERT_OK_AND_ASSIGN(
      const TimeSpan span,
      Interval("start_time { seconds: 1 nanos: 1 } end_time { seconds: 2 nanos: 5000000 }"));
  EXPECT_EQ(span.start, absl::FromUnixMillis(1'001));
  EXPECT_EQ(span.end, absl::FromUnixMillis(2'005));
}

TEST(CheckInterval, IsOpenWhereNothingIsSaid) {
  ASSERT_OK_AND_ASSIGN(const TimeSpan all, Interval(""));
  EXPECT_FALSE(all.start.has_value());
  EXPECT_FALSE(all.end.has_value());
  storage::RecordRange range;
  Limit(all, range);
  EXPECT_EQ(range.start_ms, 0);
  EXPECT_EQ(range.end_ms, INT64_MAX);
  ASSERT_OK_AND_ASSIGN(const TimeSpan from, Interval("start_time { seconds: 3 }"));
  Limit(from, range);
  EXPECT_EQ(range.start_ms, 3'000);
  EXPECT_EQ(range.end_ms, INT64_MAX);
}

TEST(CheckInterval, RefusesOneWithoutALength) {
  for (const char* text : {"start_time { seconds: 5 } end_time { seconds: 5 }",
                           "start_time { seconds: 6 } end_time { seconds: 5 }",
                           // Both edges are in one millisecond.
                           "start_time { nanos: 1 } end_time { nanos: 2 }"}) {
    EXPECT_THAT(Interval(text), AllOf(HasReason(kInvalid), HasField("interval.end_time"))) << text;
  }
  EXPECT_THAT(Interval("start_time { nanos: -1 }"),
              AllOf(HasReason(kInvalid), HasField("interval.start_time")));
}

google::protobuf::RepeatedPtrField<v1::LabelFilter> Filters(const std::string& text) {
  google::protobuf::RepeatedPtrField<v1::LabelFilter> filters;
  *filters.Add() = Parse<v1::LabelFilter>(text);
  return filters;
}

TEST(CheckFilters, BoundsFiltersAndValues) {
  EXPECT_OK(CheckFilters(Filters("key: 'region' values: ['east', '(none)', '(other)']")));
  EXPECT_THAT(CheckFilters(Filters("key: 'region'")),
              AllOf(HasReason(kRequired), HasField("filters[0].values")));
  EXPECT_THAT(CheckFilters(Filters("key: 'Region' values: 'a'")),
              AllOf(HasReason(kInvalid), HasField("filters[0].key")));
  EXPECT_THAT(CheckFilters(Filters("key: 'region' values: ['a', '']")),
              AllOf(HasReason(kRequired), HasField("filters[0].values[1]")));

  auto filters = Filters("key: 'region' values: 'a'");
  while (filters.Get(0).values_size() < 1'000) {
    filters.Mutable(0)->add_values("a");
  }
  EXPECT_OK(CheckFilters(filters));
  filters.Mutable(0)->add_values("a");
  EXPECT_THAT(CheckFilters(filters), AllOf(HasReason(kInvalid), HasField("filters[0].values")));

  filters = Filters("key: 'region' values: 'a'");
  while (filters.size() < 32) {
    *filters.Add() = filters.Get(0);
  }
  EXPECT_OK(CheckFilters(filters));
  *filters.Add() = filters.Get(0);
  EXPECT_THAT(CheckFilters(filters), AllOf(HasReason(kInvalid), HasField("filters")));
}

TEST(Passes, TakesWhatIsListedOrWithNegateWhatIsNot) {
  const auto filter = Parse<v1::LabelFilter>("key: 'k' values: ['a', 'b']");
  EXPECT_TRUE(Passes(filter, "a"));
  EXPECT_FALSE(Passes(filter, "c"));
  const auto negated = Parse<v1::LabelFilter>("key: 'k' values: ['a', 'b'] negate: true");
  EXPECT_FALSE(Passes(negated, "a"));
  EXPECT_TRUE(Passes(negated, "c"));
}

TEST(LabelOf, IsTheReservedNameForNoneWithoutTheLabel) {
  const auto body = Parse<store::v1::StoredFeedback>(
      "labels { key: 'a' value: '1' } labels { key: 'b' value: '2' }");
  EXPECT_EQ(LabelOf(body, "b"), "2");
  EXPECT_EQ(LabelOf(body, "c"), kNoneValue);
}

}  // namespace
}  // namespace emptychair::testing
