#include "common/base/local_day.h"

#include <random>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "tests/helpers/seed.h"
#include "tests/helpers/times.h"

namespace emptychair {
namespace {

using testing::At;
using testing::Zone;
// Zones whose days are odd somewhere: changes at and around midnight, half hours, skipped dates,
// offsets with seconds.
constexpr const char* kZones[] = {
    "UTC",
    "Africa/Casablanca",
    "Africa/Monrovia",
    "America/Asuncion",
    "America/Havana",
    "America/New_York",
    "America/Santiago",
    "America/Sao_Paulo",
    "America/Scoresbysund",
    "America/St_Johns",
    "Antarctica/Casey",
    "Antarctica/Troll",
    "Asia/Amman",
    "Asia/Gaza",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Asia/Pyongyang",
    "Asia/Tehran",
    "Australia/Lord_Howe",
    "Europe/London",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
    "Pacific/Kwajalein",
};

// The day in which `time` counts, as a record's stored offset tells it.
absl::CivilDay CountedDay(const absl::TimeZone& zone, absl::Time time) {
  const absl::Time shifted = time + absl::Seconds(DayOffsetSeconds(zone, time));
  return absl::CivilDay(absl::UTCTimeZone().At(shifted).cs);
}

void ExpectInItsDay(const absl::TimeZone& zone, absl::Time time) {
  const absl::CivilDay day = CountedDay(zone, time);
  EXPECT_LE(FirstInstantOf(zone, day), time) << zone.name() << " " << time << " in " << day;
  EXPECT_GT(FirstInstantOf(zone, day + 1), time) << zone.name() << " " << time << " in " << day;
}

TEST(FirstInstantOf, IsMidnightOrTheFirstInstantAfterIt) {
  const struct {
    const char* zone;
    absl::CivilDay day;
    const char* first;
  } cases[] = {
      {"UTC", absl::CivilDay(2024, 2, 29), "2024-02-29T00:00:00+00:00"},
      {"Asia/Kolkata", absl::CivilDay(2024, 1, 1), "2023-12-31T18:30:00+00:00"},
      {"Asia/Kathmandu", absl::CivilDay(2024, 1, 1), "2023-12-31T18:15:00+00:00"},
      // Nepal's clocks went from 00:00 to 00:15.
      {"Asia/Kathmandu", absl::CivilDay(1986, 1, 1), "1986-01-01T00:15:00+05:45"},
      // Midnight does not exist.
      {"America/Sao_Paulo", absl::CivilDay(2018, 11, 4), "2018-11-04T01:00:00-02:00"},
      // The hour from midnight comes twice.
      {"America/Havana", absl::CivilDay(2023, 11, 5), "2023-11-05T00:00:00-04:00"},
      // The clock was set back from 00:01 to 23:01 of the day before.
      {"America/St_Johns", absl::CivilDay(2006, 10, 29), "2006-10-29T00:00:00-02:30"},
      {"America/St_Johns", absl::CivilDay(2006, 10, 30), "2006-10-30T00:00:00-03:30"},
      // A date that was skipped starts with the next.
      {"Pacific/Apia", absl::CivilDay(2011, 12, 30), "2011-12-31T00:00:00+14:00"},
      {"Pacific/Apia", absl::CivilDay(2011, 12, 29), "2011-12-29T00:00:00-10:00"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(FirstInstantOf(Zone(c.zone), c.day), At(c.first)) << c.zone << " " << c.day;
  }
}

TEST(DayOffsetSeconds, IsTheZonesOffsetButAfterAReturnToTheDayBefore) {
  const struct {
    const char* zone;
    const char* time;
    int offset;
    absl::CivilDay day;
  } cases[] = {
      {"UTC", "2024-01-01T00:00:00Z", 0, absl::CivilDay(2024, 1, 1)},
      {"Asia/Kolkata", "2024-01-01T00:00:00+05:30", 19'800, absl::CivilDay(2024, 1, 1)},
      {"Asia/Kolkata", "2023-12-31T23:59:59.999+05:30", 19'800, absl::CivilDay(2023, 12, 31)},
      {"America/New_York", "2024-03-10T01:59:59-05:00", -18'000, absl::CivilDay(2024, 3, 10)},
      {"America/New_York", "2024-03-10T03:00:00-04:00", -14'400, absl::CivilDay(2024, 3, 10)},
      {"Australia/Lord_Howe", "2024-04-07T01:45:00+11:00", 39'600, absl::CivilDay(2024, 4, 7)},
      {"Australia/Lord_Howe", "2024-04-07T01:45:00+10:30", 37'800, absl::CivilDay(2024, 4, 7)},
      // 23:59 of daylight time, the last minute of the day.
      {"America/St_Johns", "2006-10-28T23:59:59-02:30", -9'000, absl::CivilDay(2006, 10, 28)},
      {"America/St_Johns", "2006-10-29T00:00:30-02:30", -9'000, absl::CivilDay(2006, 10, 29)},
      // 23:01 to 24:00 for the second time: the new day has begun, with the offset it began with.
      {"America/St_Johns", "2006-10-28T23:01:00-03:30", -9'000, absl::CivilDay(2006, 10, 29)},
      {"America/St_Johns", "2006-10-28T23:59:59-03:30", -9'000, absl::CivilDay(2006, 10, 29)},
      {"America/St_Johns", "2006-10-29T00:00:00-03:30", -12'600, absl::CivilDay(2006, 10, 29)},
      {"Pacific/Apia", "2011-12-29T23:59:59-10:00", -36'000, absl::CivilDay(2011, 12, 29)},
      {"Pacific/Apia", "2011-12-31T00:00:00+14:00", 50'400, absl::CivilDay(2011, 12, 31)},
      {"America/Sao_Paulo", "2018-11-04T01:00:00-02:00", -7'200, absl::CivilDay(2018, 11, 4)},
  };
  for (const auto& c : cases) {
    const absl::TimeZone zone = Zone(c.zone);
    EXPECT_EQ(DayOffsetSeconds(zone, At(c.time)), c.offset) << c.zone << " " << c.time;
    EXPECT_EQ(CountedDay(zone, At(c.time)), c.day) << c.zone << " " << c.time;
  }
}

TEST(LocalDays, FollowEachOtherWithoutGapsAroundEveryChangeOfClocks) {
  for (const char* name : kZones) {
    const absl::TimeZone zone = Zone(name);
    absl::Time at = absl::FromUnixSeconds(0);
    absl::TimeZone::CivilTransition transition;
    while (zone.NextTransition(at, &transition) &&
           at < absl::FromCivil(absl::CivilYear(2040), zone)) {
      at = zone.At(transition.to).pre;
      if (zone.At(transition.from).kind == absl::TimeZone::TimeInfo::SKIPPED) {
        at = zone.At(transition.from).trans;
      } else if (zone.At(transition.to).kind == absl::TimeZone::TimeInfo::REPEATED) {
        at = zone.At(transition.to).trans;
      }
      for (absl::Duration step = -absl::Hours(49); step <= absl::Hours(49);
           step += absl::Minutes(30)) {
        ExpectInItsDay(zone, at + step);
        ExpectInItsDay(zone, at + step - absl::Milliseconds(1));
        ExpectInItsDay(zone, at + step + absl::Seconds(59));
      }
      const absl::CivilDay day(transition.to);
      for (absl::CivilDay d = day - 3; d < day + 3; ++d) {
        EXPECT_LE(FirstInstantOf(zone, d), FirstInstantOf(zone, d + 1)) << name << " " << d;
        ExpectInItsDay(zone, FirstInstantOf(zone, d));
        ExpectInItsDay(zone, FirstInstantOf(zone, d) - absl::Milliseconds(1));
      }
    }
  }
}

TEST(LocalDays, HoldAnyInstantOfAnyZone) {
  std::mt19937_64 random(testing::SeedFromEnvOrRandom());
  std::uniform_int_distribution<int64_t> ms(0, 4'000'000'000'000);
  for (const char* name : kZones) {
    const absl::TimeZone zone = Zone(name);
    for (int i = 0; i < 2'000; ++i) {
      ExpectInItsDay(zone, absl::FromUnixMillis(ms(random)));
    }
  }
}

}  // namespace
}  // namespace emptychair
