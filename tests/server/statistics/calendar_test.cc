#include "server/statistics/calendar.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/times.h"

namespace emptychair::statistics {
namespace {

using emptychair::testing::At;
using emptychair::testing::Zone;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr size_t kBucketsMax = 10'000;
constexpr auto kMonday = v1::WEEK_START_MONDAY;
constexpr auto kSunday = v1::WEEK_START_SUNDAY;

// The instants at which buckets start, and the last one's end, on the clocks of `zone`. Fails where
// buckets leave a gap.
std::vector<std::string> Edges(const absl::TimeZone& zone, const std::vector<Bucket>& buckets) {
  std::vector<std::string> edges;
  for (size_t i = 0; i < buckets.size(); ++i) {
    edges.push_back(absl::FormatTime("%Y-%m-%dT%H:%M:%E*S%Ez", buckets[i].start, zone));
    if (i + 1 == buckets.size()) {
      edges.push_back(absl::FormatTime("%Y-%m-%dT%H:%M:%E*S%Ez", buckets[i].end, zone));
    } else {
      EXPECT_EQ(buckets[i].end, buckets[i + 1].start);
    }
  }
  return edges;
}

std::vector<std::string> EdgesOf(absl::string_view zone_name, v1::Granularity granularity,
                                 absl::string_view start, absl::string_view end, int lookback = 0,
                                 v1::WeekStart week_start = kMonday) {
  const absl::TimeZone zone = Zone(zone_name);
  const auto buckets =
      MakeBuckets(zone, granularity, week_start, At(start), At(end), lookback, kBucketsMax);
  EXPECT_TRUE(buckets.ok()) << buckets.status();
  return Edges(zone, buckets.value_or(std::vector<Bucket>()));
}

TEST(MakeBuckets, CutsDaysAtTheMidnightsOfTheZone) {
  EXPECT_THAT(EdgesOf("Asia/Kolkata", v1::GRANULARITY_DAY, "2024-01-01T00:00:00+05:30",
                      "2024-01-03T00:00:00+05:30"),
              ElementsAre("2024-01-01T00:00:00+05:30", "2024-01-02T00:00:00+05:30",
                          "2024-01-03T00:00:00+05:30"));
  EXPECT_THAT(EdgesOf("Asia/Kathmandu", v1::GRANULARITY_DAY, "2023-12-31T00:00:00Z",
                      "2024-01-01T00:00:00Z"),
              ElementsAre("2023-12-31T05:45:00+05:45", "2024-01-01T00:00:00+05:45",
                          "2024-01-01T05:45:00+05:45"));
}

TEST(MakeBuckets, GivesDaysTheLengthTheyHad) {
  const struct {
    const char* zone;
    const char* start;
    const char* end;
    absl::Duration length;
  } cases[] = {
      {"America/New_York", "2024-03-09T00:00:00-05:00", "2024-03-10T00:00:00-05:00",
       absl::Hours(24)},
      {"America/New_York", "2024-03-10T00:00:00-05:00", "2024-03-11T00:00:00-04:00",
       absl::Hours(23)},
      {"America/New_York", "2024-11-03T00:00:00-04:00", "2024-11-04T00:00:00-05:00",
       absl::Hours(25)},
      {"Australia/Lord_Howe", "2024-10-06T00:00:00+10:30", "2024-10-07T00:00:00+11:00",
       absl::Minutes(23 * 60 + 30)},
      {"Australia/Lord_Howe", "2024-04-07T00:00:00+11:00", "2024-04-08T00:00:00+10:30",
       absl::Minutes(24 * 60 + 30)},
      {"America/Sao_Paulo", "2018-11-04T01:00:00-02:00", "2018-11-05T00:00:00-02:00",
       absl::Hours(23)},
      {"America/Havana", "2023-11-05T00:00:00-04:00", "2023-11-06T00:00:00-05:00", absl::Hours(25)},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(absl::StrCat(c.zone, " ", c.start));
    // Three days around the one in question.
    const auto buckets =
        MakeBuckets(Zone(c.zone), v1::GRANULARITY_DAY, kMonday, At(c.start) - absl::Hours(20),
                    At(c.end) + absl::Hours(20), 0, kBucketsMax);
    ASSERT_TRUE(buckets.ok()) << buckets.status();
    ASSERT_THAT(*buckets, SizeIs(3));
    EXPECT_EQ((*buckets)[1].start, At(c.start));
    EXPECT_EQ((*buckets)[1].end, At(c.end));
    EXPECT_EQ((*buckets)[1].end - (*buckets)[1].start, c.length);
  }
}

TEST(MakeBuckets, HasNoBucketForADateThatWasSkipped) {
  EXPECT_THAT(EdgesOf("Pacific/Apia", v1::GRANULARITY_DAY, "2011-12-29T00:00:00-10:00",
                      "2012-01-01T00:00:00+14:00"),
              ElementsAre("2011-12-29T00:00:00-10:00", "2011-12-31T00:00:00+14:00",
                          "2012-01-01T00:00:00+14:00"));
  // Nor does it count as one to look back to.
  EXPECT_THAT(EdgesOf("Pacific/Apia", v1::GRANULARITY_DAY, "2011-12-31T12:00:00+14:00",
                      "2012-01-01T00:00:00+14:00", 2),
              ElementsAre("2011-12-28T00:00:00-10:00", "2011-12-29T00:00:00-10:00",
                          "2011-12-31T00:00:00+14:00", "2012-01-01T00:00:00+14:00"));
  EXPECT_THAT(EdgesOf("Pacific/Kwajalein", v1::GRANULARITY_DAY, "1993-08-20T00:00:00-12:00",
                      "1993-08-23T00:00:00+12:00"),
              ElementsAre("1993-08-20T00:00:00-12:00", "1993-08-22T00:00:00+12:00",
                          "1993-08-23T00:00:00+12:00"));
}

TEST(MakeBuckets, CutsHoursInUtc) {
  EXPECT_THAT(EdgesOf("Asia/Kolkata", v1::GRANULARITY_HOUR, "2024-01-01T00:00:00+05:30",
                      "2024-01-01T02:00:00+05:30"),
              ElementsAre("2024-01-01T00:00:00+05:30", "2024-01-01T00:30:00+05:30",
                          "2024-01-01T01:30:00+05:30", "2024-01-01T02:00:00+05:30"));
  // The repeated hour of autumn is two.
  EXPECT_THAT(EdgesOf("America/New_York", v1::GRANULARITY_HOUR, "2024-11-03T00:00:00-04:00",
                      "2024-11-03T03:00:00-05:00"),
              ElementsAre("2024-11-03T00:00:00-04:00", "2024-11-03T01:00:00-04:00",
                          "2024-11-03T01:00:00-05:00", "2024-11-03T02:00:00-05:00",
                          "2024-11-03T03:00:00-05:00"));
  EXPECT_THAT(
      EdgesOf("UTC", v1::GRANULARITY_HOUR, "1969-12-31T22:59:59.999Z", "1970-01-01T00:00:00.001Z"),
      ElementsAre("1969-12-31T22:59:59.999+00:00", "1969-12-31T23:00:00+00:00",
                  "1970-01-01T00:00:00+00:00", "1970-01-01T00:00:00.001+00:00"));
}

TEST(MakeBuckets, CutsWeeksAcrossTheYearAtEitherStart) {
  EXPECT_THAT(EdgesOf("UTC", v1::GRANULARITY_WEEK, "2024-12-23T00:00:00Z", "2025-01-13T00:00:00Z"),
              ElementsAre("2024-12-23T00:00:00+00:00", "2024-12-30T00:00:00+00:00",
                          "2025-01-06T00:00:00+00:00", "2025-01-13T00:00:00+00:00"));
  EXPECT_THAT(EdgesOf("UTC", v1::GRANULARITY_WEEK, "2024-12-23T00:00:00Z", "2025-01-13T00:00:00Z",
                      0, kSunday),
              ElementsAre("2024-12-23T00:00:00+00:00", "2024-12-29T00:00:00+00:00",
                          "2025-01-05T00:00:00+00:00", "2025-01-12T00:00:00+00:00",
                          "2025-01-13T00:00:00+00:00"));
  EXPECT_EQ(EdgesOf("UTC", v1::GRANULARITY_WEEK, "2024-12-23T00:00:00Z", "2025-01-13T00:00:00Z", 0,
                    v1::WEEK_START_UNSPECIFIED),
            EdgesOf("UTC", v1::GRANULARITY_WEEK, "2024-12-23T00:00:00Z", "2025-01-13T00:00:00Z", 0,
                    kMonday));
  // Before the first Monday of 1970, too.
  EXPECT_THAT(
      EdgesOf("UTC", v1::GRANULARITY_WEEK, "1970-01-01T00:00:00Z", "1970-01-05T00:00:01Z", 1),
      ElementsAre("1969-12-22T00:00:00+00:00", "1969-12-29T00:00:00+00:00",
                  "1970-01-05T00:00:00+00:00", "1970-01-05T00:00:01+00:00"));
}

TEST(MakeBuckets, CutsMonthsQuartersAndYears) {
  EXPECT_THAT(EdgesOf("Europe/Berlin", v1::GRANULARITY_MONTH, "2024-02-01T00:00:00+01:00",
                      "2024-05-01T00:00:00+02:00"),
              ElementsAre("2024-02-01T00:00:00+01:00", "2024-03-01T00:00:00+01:00",
                          "2024-04-01T00:00:00+02:00", "2024-05-01T00:00:00+02:00"));
  EXPECT_THAT(EdgesOf("Europe/Berlin", v1::GRANULARITY_QUARTER, "2023-11-15T00:00:00+01:00",
                      "2024-08-01T00:00:00+02:00"),
              ElementsAre("2023-11-15T00:00:00+01:00", "2024-01-01T00:00:00+01:00",
                          "2024-04-01T00:00:00+02:00", "2024-07-01T00:00:00+02:00",
                          "2024-08-01T00:00:00+02:00"));
  EXPECT_THAT(EdgesOf("Asia/Tokyo", v1::GRANULARITY_YEAR, "1969-06-01T00:00:00+09:00",
                      "1971-01-01T00:00:00+09:00"),
              ElementsAre("1969-06-01T00:00:00+09:00", "1970-01-01T00:00:00+09:00",
                          "1971-01-01T00:00:00+09:00"));
}

TEST(MakeBuckets, ClipsTheFirstAndTheLastToTheMillisecond) {
  EXPECT_THAT(
      EdgesOf("UTC", v1::GRANULARITY_DAY, "2024-01-01T23:59:59.999Z", "2024-01-03T00:00:00.001Z"),
      ElementsAre("2024-01-01T23:59:59.999+00:00", "2024-01-02T00:00:00+00:00",
                  "2024-01-03T00:00:00+00:00", "2024-01-03T00:00:00.001+00:00"));
  EXPECT_THAT(
      EdgesOf("UTC", v1::GRANULARITY_YEAR, "2024-03-01T00:00:00Z", "2024-03-01T00:00:00.001Z"),
      ElementsAre("2024-03-01T00:00:00+00:00", "2024-03-01T00:00:00.001+00:00"));
}

TEST(MakeBuckets, PutsWholeUnitsInFrontForTrailingWindows) {
  EXPECT_THAT(EdgesOf("Europe/Berlin", v1::GRANULARITY_MONTH, "2024-03-15T00:00:00+01:00",
                      "2024-04-15T00:00:00+02:00", 2),
              ElementsAre("2024-01-01T00:00:00+01:00", "2024-02-01T00:00:00+01:00",
                          "2024-03-01T00:00:00+01:00", "2024-04-01T00:00:00+02:00",
                          "2024-04-15T00:00:00+02:00"));
  EXPECT_THAT(
      EdgesOf("UTC", v1::GRANULARITY_HOUR, "2024-01-01T00:30:00Z", "2024-01-01T00:45:00Z", 1),
      ElementsAre("2023-12-31T23:00:00+00:00", "2024-01-01T00:00:00+00:00",
                  "2024-01-01T00:45:00+00:00"));
}

TEST(MakeBuckets, TakesTheIntervalItselfForNone) {
  const absl::Time start = At("2024-01-01T12:00:00Z");
  for (auto granularity : {v1::GRANULARITY_NONE, v1::GRANULARITY_UNSPECIFIED}) {
    for (absl::Time end : {start, start + absl::Hours(100), absl::InfiniteFuture()}) {
      const auto buckets =
          MakeBuckets(absl::UTCTimeZone(), granularity, kMonday, start, end, 3, kBucketsMax);
      ASSERT_TRUE(buckets.ok());
      ASSERT_THAT(*buckets, SizeIs(1));
      EXPECT_EQ(buckets->front().start, start);
      EXPECT_EQ(buckets->front().end, end);
    }
  }
}

TEST(MakeBuckets, HasNoneForAnEmptyInterval) {
  for (const char* instant : {"2024-01-01T00:00:00Z", "2024-01-01T12:00:00Z"}) {
    EXPECT_THAT(EdgesOf("UTC", v1::GRANULARITY_DAY, instant, instant), IsEmpty());
    EXPECT_THAT(EdgesOf("UTC", v1::GRANULARITY_HOUR, instant, instant, 5), IsEmpty());
  }
}

TEST(MakeBuckets, RefusesTooManyPointsAtOnce) {
  const auto buckets =
      MakeBuckets(absl::UTCTimeZone(), v1::GRANULARITY_HOUR, kMonday, At("1970-01-01T00:00:00Z"),
                  At("2500-01-01T00:00:00Z"), 0, kBucketsMax);
  EXPECT_EQ(ReasonOf(buckets.status()), v1::ERROR_REASON_TOO_MANY_POINTS);
  auto metadata = MetadataOf(buckets.status());
  EXPECT_EQ(metadata["points"], "4645896");  // 193,579 days
  EXPECT_EQ(metadata["limit"], "10000");
  // The widest interval there is.
  EXPECT_EQ(ReasonOf(MakeBuckets(Zone("Asia/Kolkata"), v1::GRANULARITY_DAY, kMonday,
                                 At("0001-01-01T00:00:00Z"), At("9999-12-31T23:59:59Z"), 1000,
                                 kBucketsMax)
                         .status()),
            v1::ERROR_REASON_TOO_MANY_POINTS);
}

TEST(MakeBuckets, CountsPointsExactlyAtTheLimit) {
  const struct {
    const char* zone;
    const char* start;
    const char* end;
    int lookback;
    size_t limit;
    bool ok;
  } cases[] = {
      {"UTC", "2024-01-01T00:00:00Z", "2024-01-11T00:00:00Z", 0, 10, true},
      {"UTC", "2024-01-01T00:00:00Z", "2024-01-11T00:00:00Z", 0, 9, false},
      {"UTC", "2024-01-01T00:00:00Z", "2024-01-11T00:00:00.001Z", 0, 10, false},
      {"UTC", "2023-12-31T23:59:59.999Z", "2024-01-11T00:00:00Z", 0, 10, false},
      {"UTC", "2023-12-31T23:59:59.999Z", "2024-01-10T00:00:00.001Z", 0, 11, true},
      // The lookback is not counted, and a skipped date is no point.
      {"UTC", "2024-01-01T00:00:00Z", "2024-01-11T00:00:00Z", 1000, 10, true},
      {"UTC", "2024-01-01T00:00:00Z", "2024-01-11T00:00:00Z", 1000, 9, false},
      {"Pacific/Apia", "2011-12-29T00:00:00-10:00", "2012-01-01T00:00:00+14:00", 0, 2, true},
      {"Pacific/Apia", "2011-12-29T00:00:00-10:00", "2012-01-01T00:00:00+14:00", 0, 1, false},
  };
  for (const auto& c : cases) {
    const auto buckets = MakeBuckets(Zone(c.zone), v1::GRANULARITY_DAY, kMonday, At(c.start),
                                     At(c.end), c.lookback, c.limit);
    EXPECT_EQ(buckets.ok(), c.ok) << c.zone << " " << c.start << " … " << c.end << ": "
                                  << buckets.status();
    EXPECT_EQ(ReasonOf(buckets.status()),
              c.ok ? v1::ERROR_REASON_UNSPECIFIED : v1::ERROR_REASON_TOO_MANY_POINTS);
  }
}

TEST(MakeBuckets, RefusesUnknownUnits) {
  const absl::Time start = At("2024-01-01T00:00:00Z");
  const absl::Status granularity =
      MakeBuckets(absl::UTCTimeZone(), static_cast<v1::Granularity>(42), kMonday, start,
                  start + absl::Hours(1), 0, kBucketsMax)
          .status();
  EXPECT_EQ(ReasonOf(granularity), v1::ERROR_REASON_FIELD_INVALID);
  EXPECT_THAT(FieldsOf(granularity), ElementsAre("granularity"));
  const absl::Status week_start =
      MakeBuckets(absl::UTCTimeZone(), v1::GRANULARITY_WEEK, static_cast<v1::WeekStart>(7), start,
                  start + absl::Hours(1), 0, kBucketsMax)
          .status();
  EXPECT_EQ(ReasonOf(week_start), v1::ERROR_REASON_FIELD_INVALID);
  EXPECT_THAT(FieldsOf(week_start), ElementsAre("week_start"));
}

// Newfoundland put its clocks back at 00:01, to 23:01 of the day before: the new date begins at its
// first midnight, and buckets stay ordered and without gaps.
TEST(MakeBuckets, StaysInOrderWhereADateBeginsTwice) {
  const auto edges = EdgesOf("America/St_Johns", v1::GRANULARITY_DAY, "2008-11-01T00:00:00-02:30",
                             "2008-11-03T00:00:00-03:30");
  EXPECT_THAT(edges, ElementsAre("2008-11-01T00:00:00-02:30", "2008-11-02T00:00:00-02:30",
                                 "2008-11-03T00:00:00-03:30"));
  // Starts in the hour of the old date that came again.
  EXPECT_THAT(EdgesOf("America/St_Johns", v1::GRANULARITY_DAY, "2008-11-01T23:30:00-03:30",
                      "2008-11-03T00:00:00-03:30"),
              ElementsAre("2008-11-01T23:30:00-03:30", "2008-11-03T00:00:00-03:30"));
  EXPECT_THAT(EdgesOf("America/St_Johns", v1::GRANULARITY_DAY, "2008-11-01T23:30:00-03:30",
                      "2008-11-03T00:00:00-03:30", 1),
              ElementsAre("2008-11-01T00:00:00-02:30", "2008-11-02T00:00:00-02:30",
                          "2008-11-03T00:00:00-03:30"));
}

// What the calendar on the wall says of an instant, by walking days instead of by arithmetic.
std::string NameOfUnit(const absl::TimeZone& zone, v1::Granularity granularity,
                       v1::WeekStart week_start, absl::Time time) {
  const absl::CivilSecond civil = zone.At(time).cs;
  absl::CivilDay day(civil);
  switch (granularity) {
    case v1::GRANULARITY_HOUR:
      return absl::FormatTime("%Y-%m-%d %H", time, absl::UTCTimeZone());
    case v1::GRANULARITY_DAY:
      return absl::FormatCivilTime(day);
    case v1::GRANULARITY_WEEK:
      while (absl::GetWeekday(day) !=
             (week_start == kSunday ? absl::Weekday::sunday : absl::Weekday::monday)) {
        --day;
      }
      return absl::FormatCivilTime(day);
    case v1::GRANULARITY_MONTH:
      return absl::StrCat(civil.year(), "-", civil.month());
    case v1::GRANULARITY_QUARTER:
      return absl::StrCat(civil.year(), "-Q", (civil.month() + 2) / 3);
    default:
      return absl::StrCat(civil.year());
  }
}

TEST(MakeBuckets, TilesAnyIntervalByCalendarUnits) {
  constexpr const char* kZones[] = {
      "UTC",           "Asia/Kolkata",     "Asia/Kathmandu",    "Australia/Lord_Howe",
      "Pacific/Apia",  "Asia/Gaza",        "America/Sao_Paulo", "America/New_York",
      "Europe/Lisbon", "America/Havana",   "Africa/Monrovia",   "Pacific/Kwajalein",
      "Asia/Tehran",   "Africa/Casablanca"};
  const std::map<v1::Granularity, absl::Duration> lengths = {
      {v1::GRANULARITY_HOUR, absl::Hours(1)},          {v1::GRANULARITY_DAY, absl::Hours(24)},
      {v1::GRANULARITY_WEEK, absl::Hours(168)},        {v1::GRANULARITY_MONTH, absl::Hours(730)},
      {v1::GRANULARITY_QUARTER, absl::Hours(3 * 730)}, {v1::GRANULARITY_YEAR, absl::Hours(8766)}};
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE(::testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  const auto uniform = [&](int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  };
  for (int round = 0; round < 600; ++round) {
    const char* zone_name = kZones[uniform(0, std::size(kZones) - 1)];
    const absl::TimeZone zone = Zone(zone_name);
    const auto& unit = *std::next(lengths.begin(), uniform(0, lengths.size() - 1));
    const v1::Granularity granularity = unit.first;
    const absl::Duration length = unit.second;
    const v1::WeekStart week_start = uniform(0, 1) == 0 ? kMonday : kSunday;
    const int lookback = uniform(0, 2) == 0 ? uniform(1, 40) : 0;
    const absl::Time start = absl::FromUnixMillis(uniform(0, 2'200'000'000'000));
    const absl::Time end =
        start + absl::Milliseconds(uniform(1, 60 * (length / absl::Milliseconds(1))));
    SCOPED_TRACE(::testing::Message() << zone_name << " " << v1::Granularity_Name(granularity)
                                      << " " << v1::WeekStart_Name(week_start) << " [" << start
                                      << ", " << end << ") lookback " << lookback);
    const auto buckets =
        MakeBuckets(zone, granularity, week_start, start, end, lookback, kBucketsMax);
    ASSERT_TRUE(buckets.ok()) << buckets.status();
    ASSERT_GT(buckets->size(), static_cast<size_t>(lookback));
    const auto name = [&](absl::Time time) {
      return NameOfUnit(zone, granularity, week_start, time);
    };

    EXPECT_EQ(buckets->back().end, end);
    const Bucket& first_point = (*buckets)[lookback];
    if (lookback == 0) {
      EXPECT_EQ(first_point.start, start);
    } else {
      EXPECT_LE(first_point.start, start);
      EXPECT_GT(first_point.end, start);
      EXPECT_NE(name(buckets->front().start - absl::Nanoseconds(1)), name(buckets->front().start));
    }
    for (size_t i = 0; i < buckets->size(); ++i) {
      const Bucket& bucket = (*buckets)[i];
      ASSERT_LT(bucket.start, bucket.end);
      EXPECT_EQ(name(bucket.start), name(bucket.end - absl::Nanoseconds(1)));
      if (i > 0) {
        ASSERT_EQ((*buckets)[i - 1].end, bucket.start);
        EXPECT_NE(name((*buckets)[i - 1].start), name(bucket.start));
      }
    }
    for (int i = 0; i < 50; ++i) {
      const absl::Time time = absl::FromUnixMillis(
          uniform(absl::ToUnixMillis(buckets->front().start), absl::ToUnixMillis(end) - 1));
      const auto after =
          std::upper_bound(buckets->begin(), buckets->end(), time,
                           [](absl::Time t, const Bucket& bucket) { return t < bucket.start; });
      ASSERT_NE(after, buckets->begin());
      EXPECT_EQ(name(std::prev(after)->start), name(time)) << time;
    }
  }
}

}  // namespace
}  // namespace emptychair::statistics
