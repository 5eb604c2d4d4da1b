#include "storage/cube/cube_plan.h"

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/local_day.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/cube/cube_fold.h"
#include "tests/helpers/seed.h"
#include "tests/helpers/times.h"

namespace emptychair::storage {
namespace {

using emptychair::testing::At;
using emptychair::testing::Zone;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int64_t kHourMs = 3'600'000;

int64_t Ms(absl::string_view rfc3339) { return absl::ToUnixMillis(At(rfc3339)); }

MsSpan Span(absl::string_view start, absl::string_view end) { return {Ms(start), Ms(end)}; }

int32_t Day(int year, int month, int day) {
  return static_cast<int32_t>(absl::CivilDay(year, month, day) - absl::CivilDay(1970, 1, 1));
}

int32_t Month(int year, int month) { return 12 * (year - 1970) + month - 1; }

int32_t Hour(absl::string_view rfc3339) { return static_cast<int32_t>(Ms(rfc3339) / kHourMs); }

std::vector<uint32_t> Times(size_t count, uint32_t target) {
  return std::vector<uint32_t>(count, target);
}

TEST(PlanCube, CoversAYearByItsMonthsInOneRun) {
  for (const char* name : {"UTC", "Asia/Kolkata", "America/New_York", "America/St_Johns"}) {
    const absl::TimeZone zone = Zone(name);
    const MsSpan year = {absl::ToUnixMillis(FirstInstantOf(zone, absl::CivilDay(2006, 1, 1))),
                         absl::ToUnixMillis(FirstInstantOf(zone, absl::CivilDay(2007, 1, 1)))};
    const CubePlan plan = PlanCube(zone, {year});
    EXPECT_THAT(plan.rows, ElementsAre(CubeRun{CubeUnit::kMonth, Month(2006, 1), Times(12, 0)}));
    EXPECT_THAT(plan.records, IsEmpty());
  }
}

TEST(PlanCube, CoversAClippedIntervalFromItsEdgesInwards) {
  const CubePlan plan =
      PlanCube(absl::UTCTimeZone(), {Span("2023-01-15T10:20:00Z", "2023-03-02T05:00:00.001Z")});
  EXPECT_THAT(plan.rows,
              ElementsAre(CubeRun{CubeUnit::kHour, Hour("2023-01-15T11:00:00Z"), Times(13, 0)},
                          CubeRun{CubeUnit::kDay, Day(2023, 1, 16), Times(16, 0)},
                          CubeRun{CubeUnit::kMonth, Month(2023, 2), Times(1, 0)},
                          CubeRun{CubeUnit::kDay, Day(2023, 3, 1), Times(1, 0)},
                          CubeRun{CubeUnit::kHour, Hour("2023-03-02T00:00:00Z"), Times(5, 0)}));
  EXPECT_THAT(plan.records,
              ElementsAre(RecordRun{Span("2023-01-15T10:20:00Z", "2023-01-15T11:00:00Z"), 0},
                          RecordRun{Span("2023-03-02T05:00:00Z", "2023-03-02T05:00:00.001Z"), 0}));
}

TEST(PlanCube, TakesTheOtherDaysFromAMonthWhenTheyAreFewer) {
  const CubePlan plan =
      PlanCube(absl::UTCTimeZone(), {Span("2023-01-08T00:00:00Z", "2023-03-18T00:00:00Z")});
  EXPECT_THAT(plan.rows, ElementsAre(CubeRun{CubeUnit::kMonth, Month(2023, 1), Times(1, 0)},
                                     CubeRun{CubeUnit::kDay, Day(2023, 1, 1), Times(7, 0), true},
                                     CubeRun{CubeUnit::kMonth, Month(2023, 2), Times(1, 0)},
                                     CubeRun{CubeUnit::kDay, Day(2023, 3, 1), Times(17, 0)}));
  // From both ends of the same month.
  const std::vector<MsSpan> inside = {Span("2023-01-03T00:00:00Z", "2023-01-29T00:00:00Z")};
  EXPECT_THAT(PlanCube(absl::UTCTimeZone(), inside).rows,
              ElementsAre(CubeRun{CubeUnit::kMonth, Month(2023, 1), Times(1, 0)},
                          CubeRun{CubeUnit::kDay, Day(2023, 1, 1), Times(2, 0), true},
                          CubeRun{CubeUnit::kDay, Day(2023, 1, 29), Times(3, 0), true}));
  EXPECT_THAT(PlanCube(absl::UTCTimeZone(), inside, /*exact_groups=*/true).rows,
              ElementsAre(CubeRun{CubeUnit::kDay, Day(2023, 1, 3), Times(26, 0)}));
}

TEST(PlanCube, ReadsConsecutiveSpansInOneRun) {
  std::vector<MsSpan> days;
  for (int day = 1; day <= 10; ++day) {
    days.push_back({Ms("2024-05-01T00:00:00Z") + (day - 1) * 24 * kHourMs,
                    Ms("2024-05-01T00:00:00Z") + day * 24 * kHourMs});
  }
  const CubePlan plan = PlanCube(absl::UTCTimeZone(), days);
  EXPECT_THAT(plan.rows, ElementsAre(CubeRun{
                             CubeUnit::kDay, Day(2024, 5, 1), {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}}));
  EXPECT_THAT(plan.records, IsEmpty());
}

TEST(PlanCube, StartsANewRunWhereSpansLeaveAGap) {
  const CubePlan plan =
      PlanCube(absl::UTCTimeZone(), {Span("2024-05-01T00:00:00Z", "2024-05-02T00:00:00Z"),
                                     Span("2024-05-03T00:00:00Z", "2024-05-04T00:00:00Z")});
  EXPECT_THAT(plan.rows, ElementsAre(CubeRun{CubeUnit::kDay, Day(2024, 5, 1), {0}},
                                     CubeRun{CubeUnit::kDay, Day(2024, 5, 3), {1}}));
}

TEST(PlanCube, UsesDaysOfTheZone) {
  const absl::TimeZone kolkata = Zone("Asia/Kolkata");
  EXPECT_THAT(
      PlanCube(kolkata, {Span("2024-01-01T00:00:00+05:30", "2024-01-03T00:00:00+05:30")}).rows,
      ElementsAre(CubeRun{CubeUnit::kDay, Day(2024, 1, 1), Times(2, 0)}));

  // A day of UTC holds no whole day of Kolkata.
  const CubePlan utc_day =
      PlanCube(kolkata, {Span("2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z")});
  EXPECT_THAT(utc_day.rows,
              ElementsAre(CubeRun{CubeUnit::kHour, Hour("2024-01-01T00:00:00Z"), Times(24, 0)}));
  EXPECT_THAT(utc_day.records, IsEmpty());

  // Midnight is in the middle of an hour of UTC.
  const CubePlan half = PlanCube(kolkata, {Span("2024-01-01T17:00:00Z", "2024-01-02T18:30:00Z")});
  EXPECT_THAT(half.rows, ElementsAre(CubeRun{CubeUnit::kHour, Hour("2024-01-01T17:00:00Z"), {0}},
                                     CubeRun{CubeUnit::kDay, Day(2024, 1, 2), {0}}));
  EXPECT_THAT(half.records,
              ElementsAre(RecordRun{Span("2024-01-01T18:00:00Z", "2024-01-01T18:30:00Z"), 0}));
}

TEST(PlanCube, KeepsDaysWholeWhereAClockWasSetBackAcrossMidnight) {
  const absl::TimeZone zone = Zone("America/St_Johns");
  const CubePlan plan =
      PlanCube(zone, {Span("2006-10-28T00:00:00-02:30", "2006-10-29T00:00:00-02:30"),
                      Span("2006-10-29T00:00:00-02:30", "2006-10-30T00:00:00-03:30"),
                      Span("2006-10-30T00:00:00-03:30", "2006-10-31T00:00:00-03:30")});
  EXPECT_THAT(plan.rows, ElementsAre(CubeRun{CubeUnit::kDay, Day(2006, 10, 28), {0, 1, 2}}));
  EXPECT_THAT(plan.records, IsEmpty());
}

TEST(PlanCube, StartsAndEndsWithinTheMinutesThatComeTwice) {
  const absl::TimeZone zone = Zone("America/St_Johns");
  // Counted in the 29th, though the clock says the 28th.
  const absl::string_view inside = "2006-10-28T23:30:00-03:30";
  const CubePlan from = PlanCube(zone, {Span(inside, "2006-10-31T00:00:00-03:30")});
  EXPECT_THAT(from.rows,
              ElementsAre(CubeRun{CubeUnit::kHour, Hour("2006-10-29T03:00:00Z"), Times(24, 0)},
                          CubeRun{CubeUnit::kDay, Day(2006, 10, 30), {0}}));
  EXPECT_THAT(from.records,
              ElementsAre(RecordRun{Span("2006-10-30T03:00:00Z", "2006-10-30T03:30:00Z"), 0}));
  const CubePlan until = PlanCube(zone, {Span("2006-10-28T00:00:00-02:30", inside)});
  EXPECT_THAT(until.rows, ElementsAre(CubeRun{CubeUnit::kDay, Day(2006, 10, 28), {0}}));
  EXPECT_THAT(until.records,
              ElementsAre(RecordRun{Span("2006-10-29T02:30:00Z", "2006-10-29T03:00:00Z"), 0}));
}

TEST(PlanCube, ReadsRecordsForLessThanAnHour) {
  for (const MsSpan& span : {Span("2024-01-01T10:00:00.001Z", "2024-01-01T11:00:00Z"),
                             Span("2024-01-01T10:59:59.999Z", "2024-01-01T11:00:00.001Z"),
                             Span("2024-01-01T10:00:00Z", "2024-01-01T10:00:00.001Z")}) {
    const CubePlan plan = PlanCube(absl::UTCTimeZone(), {span});
    EXPECT_THAT(plan.rows, IsEmpty());
    EXPECT_THAT(plan.records, ElementsAre(RecordRun{span, 0}));
  }
}

TEST(PlanCube, CoversNothingForNothing) {
  const CubePlan plan =
      PlanCube(absl::UTCTimeZone(), {{5, 5}, {kHourMs, kHourMs}, {-5 * kHourMs, -kHourMs}});
  EXPECT_THAT(plan.rows, IsEmpty());
  EXPECT_THAT(plan.records, IsEmpty());
  EXPECT_THAT(PlanCube(absl::UTCTimeZone(), {}).rows, IsEmpty());
}

// How often each target counts a record of the time `ms`, read off the plan part by part.
std::map<uint32_t, int> TargetsOf(const CubePlan& plan, const absl::TimeZone& zone, int64_t ms) {
  const RecordBuckets buckets = BucketsOf(ms, DayOffsetSeconds(zone, absl::FromUnixMillis(ms)));
  std::map<uint32_t, int> targets;
  for (const CubeRun& run : plan.rows) {
    const int32_t bucket = run.unit == CubeUnit::kHour  ? buckets.hour
                           : run.unit == CubeUnit::kDay ? buckets.day
                                                        : buckets.month;
    const int64_t position = int64_t{bucket} - run.first_bucket;
    if (position >= 0 && position < static_cast<int64_t>(run.targets.size())) {
      targets[run.targets[position]] += run.is_subtracted ? -1 : 1;
    }
  }
  for (const RecordRun& run : plan.records) {
    if (run.span.start_ms <= ms && ms < run.span.end_ms) {
      ++targets[run.target];
    }
  }
  std::erase_if(targets, [](const auto& target) { return target.second == 0; });
  return targets;
}

// Spans with edges that are typical, and others.
class SpanGenerator {
 public:
  SpanGenerator(uint64_t seed, absl::TimeZone zone) : random_(seed), zone_(std::move(zone)) {}

  int64_t Uniform(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random_);
  }

  std::vector<MsSpan> Spans() {
    int64_t at = Uniform(-40, 400) * 30 * 24 * kHourMs + Uniform(0, 24 * kHourMs);
    if (absl::TimeZone::CivilTransition change;
        Uniform(0, 1) == 0 && zone_.NextTransition(absl::FromUnixMillis(at), &change)) {
      // Near where the clock is changed, often within the hour.
      const int64_t away_ms = Uniform(0, 1) == 0 ? kHourMs : 48 * kHourMs;
      at = absl::ToUnixMillis(zone_.At(change.to).pre) + Uniform(-away_ms, away_ms);
    }
    std::vector<MsSpan> spans;
    for (int64_t count = Uniform(1, 5); count > 0; --count) {
      const int64_t start = Snap(at);
      const int64_t end = std::max(start, Snap(start + Length()));
      spans.push_back({start, end});
      at = end + (Uniform(0, 1) == 0 ? 0 : Length());
      at = std::max(at, end);
      if (Uniform(0, 1) == 0) {
        at = end;
      }
    }
    for (size_t i = 1; i < spans.size(); ++i) {
      // Snapping can have moved a start to before the end of the span before.
      spans[i].start_ms = std::max(spans[i].start_ms, spans[i - 1].end_ms);
      spans[i].end_ms = std::max(spans[i].end_ms, spans[i].start_ms);
    }
    return spans;
  }

 private:
  int64_t Length() {
    static constexpr int64_t kLengths[] = {1'000, kHourMs, 24 * kHourMs, 30 * 24 * kHourMs,
                                           400 * 24 * kHourMs};
    return Uniform(0, 3 * kLengths[Uniform(0, 4)]);
  }

  int64_t Snap(int64_t ms) {
    const absl::CivilSecond civil = zone_.At(absl::FromUnixMillis(ms)).cs;
    switch (Uniform(0, 4)) {
      case 0:
        return absl::ToUnixMillis(FirstInstantOf(zone_, absl::CivilDay(absl::CivilMonth(civil))));
      case 1:
        return absl::ToUnixMillis(FirstInstantOf(zone_, absl::CivilDay(civil)));
      case 2:
        return ms - ((ms % kHourMs) + kHourMs) % kHourMs;
      case 3:
        return ms - ((ms % 60'000) + 60'000) % 60'000;
      default:
        return ms;
    }
  }

  std::mt19937_64 random_;
  const absl::TimeZone zone_;
};

TEST(PlanCube, CoversEveryInstantOnceByItsOwnTarget) {
  constexpr const char* kZones[] = {"UTC",
                                    "America/Havana",
                                    "America/New_York",
                                    "America/Sao_Paulo",
                                    "America/St_Johns",
                                    "Africa/Monrovia",
                                    "Asia/Kathmandu",
                                    "Asia/Kolkata",
                                    "Australia/Lord_Howe",
                                    "Pacific/Apia",
                                    "Pacific/Chatham",
                                    "Pacific/Kwajalein"};
  const uint64_t seed = testing::SeedFromEnvOrRandom();
  int subtracting = 0;
  for (const char* name : kZones) {
    const absl::TimeZone zone = Zone(name);
    SpanGenerator random(seed, zone);
    for (int round = 0; round < 150; ++round) {
      const std::vector<MsSpan> spans = random.Spans();
      const CubePlan plan = PlanCube(zone, spans);
      const CubePlan adding = PlanCube(zone, spans, /*exact_groups=*/true);
      const auto subtracts = [](const CubePlan& any) {
        return std::any_of(any.rows.begin(), any.rows.end(),
                           [](const CubeRun& run) { return run.is_subtracted; });
      };
      EXPECT_FALSE(subtracts(adding));
      EXPECT_TRUE(adding.exact_groups);
      subtracting += subtracts(plan) ? 1 : 0;
      std::vector<int64_t> instants;
      for (const MsSpan& span : spans) {
        for (const int64_t edge : {span.start_ms, span.end_ms}) {
          for (const int64_t away : {int64_t{1}, int64_t{60'000}, kHourMs, 24 * kHourMs}) {
            instants.insert(instants.end(), {edge - away, edge - 1, edge, edge + away});
          }
        }
        for (int i = 0; i < 30 && span.start_ms < span.end_ms; ++i) {
          instants.push_back(random.Uniform(span.start_ms, span.end_ms - 1));
        }
      }
      for (const int64_t ms : instants) {
        if (ms < 0) {
          continue;  // No record is older than 1970.
        }
        std::map<uint32_t, int> wanted;
        for (size_t i = 0; i < spans.size(); ++i) {
          if (spans[i].start_ms <= ms && ms < spans[i].end_ms) {
            wanted[static_cast<uint32_t>(i)] = 1;
          }
        }
        ASSERT_EQ(TargetsOf(plan, zone, ms), wanted)
            << name << " round " << round << " at " << absl::FromUnixMillis(ms);
        ASSERT_EQ(TargetsOf(adding, zone, ms), wanted)
            << name << " round " << round << " at " << absl::FromUnixMillis(ms);
      }
      for (const RecordRun& run : plan.records) {
        EXPECT_LT(run.span.end_ms - run.span.start_ms, 2 * kHourMs);
      }
      for (const CubeRun& run : plan.rows) {
        EXPECT_FALSE(run.targets.empty());
      }
    }
  }
  EXPECT_GT(subtracting, 0);
}

// Hours and days only at the edges: what a query costs does not grow with its length.
TEST(PlanCube, ReadsFewHoursAndDays) {
  SpanGenerator random(testing::SeedFromEnvOrRandom(), Zone("Australia/Lord_Howe"));
  for (int round = 0; round < 500; ++round) {
    const std::vector<MsSpan> spans = random.Spans();
    const CubePlan plan = PlanCube(Zone("Australia/Lord_Howe"), spans);
    size_t hours = 0;
    size_t days = 0;
    for (const CubeRun& run : plan.rows) {
      hours += run.unit == CubeUnit::kHour ? run.targets.size() : 0;
      days += run.unit == CubeUnit::kDay ? run.targets.size() : 0;
    }
    EXPECT_LE(hours, spans.size() * 50);
    EXPECT_LE(days, spans.size() * 62);
    EXPECT_LE(plan.records.size(), spans.size() * 4);
  }
}

}  // namespace
}  // namespace emptychair::storage
