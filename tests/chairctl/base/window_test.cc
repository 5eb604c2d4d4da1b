#include "tools/chairctl/base/window.h"

#include <optional>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "gtest/gtest.h"
#include "tests/helpers/times.h"

namespace emptychair {
namespace {

using testing::At;
using testing::Zone;
using Text = std::optional<std::string>;

// "START END" in local time, or the error.
std::string Read(const WindowFlags& flags, const char* zone_name = "Europe/Berlin",
                 const char* now = "2024-05-15T12:00:00+02:00") {
  const absl::StatusOr<Window> window = Window::Parse(flags);
  if (!window.ok()) {
    return std::string(window.status().message());
  }
  const absl::TimeZone zone = Zone(zone_name);
  const absl::StatusOr<Interval> interval = window->Resolve(zone, At(now));
  if (!interval.ok()) {
    return std::string(interval.status().message());
  }
  const auto edge = [zone](const std::optional<absl::Time>& time) {
    return time.has_value() ? absl::FormatTime("%Y-%m-%d %H:%M:%E*S", *time, zone) : "open";
  };
  return absl::StrCat(edge(interval->start), " / ", edge(interval->end));
}

std::string ReadWindow(const std::string& text) { return Read({.window = text}); }

TEST(Window, ReadsAQuarterAsItsFirstInstantToTheNext) {
  EXPECT_EQ(ReadWindow("2024-Q1"), "2024-01-01 00:00:00 / 2024-04-01 00:00:00");
  EXPECT_EQ(ReadWindow("2024-Q4"), "2024-10-01 00:00:00 / 2025-01-01 00:00:00");
}

TEST(Window, ReadsEveryUnit) {
  EXPECT_EQ(ReadWindow("2024"), "2024-01-01 00:00:00 / 2025-01-01 00:00:00");
  EXPECT_EQ(ReadWindow("2024-02"), "2024-02-01 00:00:00 / 2024-03-01 00:00:00");
  EXPECT_EQ(ReadWindow("2024-12"), "2024-12-01 00:00:00 / 2025-01-01 00:00:00");
  EXPECT_EQ(ReadWindow("2024-02-29"), "2024-02-29 00:00:00 / 2024-03-01 00:00:00");
}

TEST(Window, ReadsWeeksAsIso8601CountsThem) {
  EXPECT_EQ(ReadWindow("2024-W05"), "2024-01-29 00:00:00 / 2024-02-05 00:00:00");
  EXPECT_EQ(ReadWindow("2021-W01"), "2021-01-04 00:00:00 / 2021-01-11 00:00:00");
  EXPECT_EQ(ReadWindow("2020-W01"), "2019-12-30 00:00:00 / 2020-01-06 00:00:00");
  EXPECT_EQ(ReadWindow("2020-W53"), "2020-12-28 00:00:00 / 2021-01-04 00:00:00");
}

TEST(Window, RangeEndsAtTheFirstInstantOfItsSecondPart) {
  EXPECT_EQ(ReadWindow("2024-01..2024-03"), "2024-01-01 00:00:00 / 2024-03-01 00:00:00");
  EXPECT_EQ(ReadWindow("2023..2024-Q2"), "2023-01-01 00:00:00 / 2024-04-01 00:00:00");
  EXPECT_EQ(ReadWindow("2024-W05..2024-02-01 10:30"), "2024-01-29 00:00:00 / 2024-02-01 10:30:00");
  EXPECT_EQ(ReadWindow("2024-01-01T00:00:00Z..2024-02"),
            "2024-01-01 01:00:00 / 2024-02-01 00:00:00");
}

TEST(Window, EdgesCanBeOpen) {
  EXPECT_EQ(Read({}), "open / open");
  EXPECT_EQ(Read({.from = "2024-Q2"}), "2024-04-01 00:00:00 / open");
  EXPECT_EQ(Read({.to = "2024-05-15T10:00:00.25Z"}), "open / 2024-05-15 12:00:00.25");
  EXPECT_EQ(Read({.from = "2024", .to = "2024-02"}), "2024-01-01 00:00:00 / 2024-02-01 00:00:00");
}

TEST(Window, LastCountsTheCurrentUnitAsTheLastAndWhole) {
  EXPECT_EQ(Read({.last = "1d"}), "2024-05-15 00:00:00 / 2024-05-16 00:00:00");
  EXPECT_EQ(Read({.last = "7d"}), "2024-05-09 00:00:00 / 2024-05-16 00:00:00");
  EXPECT_EQ(Read({.last = "1w"}), "2024-05-13 00:00:00 / 2024-05-20 00:00:00");
  EXPECT_EQ(Read({.last = "2w"}), "2024-05-06 00:00:00 / 2024-05-20 00:00:00");
  EXPECT_EQ(Read({.last = "12m"}), "2023-06-01 00:00:00 / 2024-06-01 00:00:00");
  EXPECT_EQ(Read({.last = "2q"}), "2024-01-01 00:00:00 / 2024-07-01 00:00:00");
  EXPECT_EQ(Read({.last = "3y"}), "2022-01-01 00:00:00 / 2025-01-01 00:00:00");
}

TEST(Window, LastTakesTodayFromTheSurveysZone) {
  const char* now = "2024-02-29T20:00:00Z";
  EXPECT_EQ(Read({.last = "1m"}, "UTC", now), "2024-02-01 00:00:00 / 2024-03-01 00:00:00");
  EXPECT_EQ(Read({.last = "1m"}, "Asia/Tokyo", now), "2024-03-01 00:00:00 / 2024-04-01 00:00:00");
}

TEST(Window, LastCountsWeeksFromTheDayThatTheyBeginWith) {
  // A Thursday, a Sunday and a Saturday.
  const std::pair<const char*, const char*> rows[] = {
      {"2024-02-29T20:00:00Z", "2024-02-18 00:00:00 / 2024-03-03 00:00:00"},
      {"2024-02-25T00:00:00Z", "2024-02-18 00:00:00 / 2024-03-03 00:00:00"},
      {"2024-02-24T20:00:00Z", "2024-02-11 00:00:00 / 2024-02-25 00:00:00"}};
  for (const auto& [now, want] : rows) {
    EXPECT_EQ(Read({.last = "2w", .week_start = absl::Weekday::sunday}, "UTC", now), want) << now;
  }
  EXPECT_EQ(Read({.last = "2w"}, "UTC", "2024-02-25T00:00:00Z"),
            "2024-02-12 00:00:00 / 2024-02-26 00:00:00");
}

TEST(Window, ADayIsAsLongAsItsZoneMakesIt) {
  const absl::StatusOr<Window> window = Window::Parse({.window = "2024-03-31"});
  ASSERT_TRUE(window.ok());
  const auto interval = window->Resolve(Zone("Europe/Berlin"), absl::UnixEpoch());
  ASSERT_TRUE(interval.ok());
  EXPECT_EQ(*interval->end - *interval->start, absl::Hours(23));
}

TEST(Window, RefusesWhatIsNoWindow) {
  for (const char* text : {"",
                           "24",
                           "2024-",
                           "2024-0",
                           "2024-13",
                           "2024-00",
                           "2024-Q0",
                           "2024-Q5",
                           "2024-q1",
                           "2024-W00",
                           "2024-W53",
                           "2024-W5",
                           "2024-W054",
                           "2024-02-30",
                           "2024-01-31T10:00:00Z",
                           "..",
                           "2024..",
                           "..2024",
                           "2024..x",
                           "2024..2024",
                           "2024-02..2024-01",
                           "last week",
                           "2024-01-01T00:00:00Z..2023-12-31T23:59:59Z",
                           "2024-01...2024-02"}) {
    const absl::Status status = Window::Parse({.window = text}).status();
    EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_FIELD_INVALID) << text;
  }
}

TEST(Window, RefusesWhatLastDoesNotCount) {
  for (const char* text :
       {"", "d", "0d", "-1d", "+1d", "1", "1h", "1D", "1.5d", "10001d", "99999999999d", "1dd"}) {
    const absl::Status status = Window::Parse({.last = text}).status();
    EXPECT_TRUE(absl::StartsWith(status.message(), "--last: ")) << text << ": " << status;
  }
}

TEST(Window, RefusesTwoWaysToGiveOne) {
  EXPECT_FALSE(Window::Parse({.window = "2024", .from = "2024"}).ok());
  EXPECT_FALSE(Window::Parse({.window = "2024", .to = "2024"}).ok());
  EXPECT_FALSE(Window::Parse({.window = "2024", .last = "1d"}).ok());
  EXPECT_FALSE(Window::Parse({.to = "2024", .last = "1d"}).ok());
}

TEST(Window, RefusesMixedEdgesThatTurnOutToBeReversed) {
  const WindowFlags flags = {.from = "2024-01-01", .to = "2023-12-31T23:30:00Z"};
  EXPECT_EQ(Read(flags, "Europe/Berlin"), "2024-01-01 00:00:00 / 2024-01-01 00:30:00");
  EXPECT_TRUE(absl::StrContains(Read(flags, "UTC"), "wanted an end after the start"));
}

TEST(Window, NeedsNoZoneForInstants) {
  EXPECT_FALSE(Window::Parse({})->needs_zone());
  EXPECT_FALSE(Window::Parse({.from = "2024-01-01T00:00:00Z"})->needs_zone());
  EXPECT_TRUE(Window::Parse({.from = "2024-01-01T00:00:00Z", .to = "2025"})->needs_zone());
  EXPECT_TRUE(Window::Parse({.last = "1d"})->needs_zone());
}

}  // namespace
}  // namespace emptychair
