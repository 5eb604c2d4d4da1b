#include "tools/chairctl/base/written_time.h"

#include <string>

#include "common/base/errors.h"
#include "gtest/gtest.h"
#include "tests/helpers/times.h"

namespace emptychair {
namespace {

using testing::Zone;
std::string ReadIn(const char* zone, absl::string_view text) {
  const absl::StatusOr<WrittenTime> time = ParseWrittenTime("time", text);
  return time.ok() ? FormatInstant(InZone(*time, Zone(zone)), absl::UTCTimeZone())
                   : std::string(time.status().message());
}

TEST(WrittenTime, ReadsTheFormsOfFilesInTheZone) {
  const struct {
    const char* text;
    const char* want;
  } kCases[] = {
      {"2024-01-31", "2024-01-30T23:00:00Z"},
      {"2024-07-31", "2024-07-30T22:00:00Z"},
      {"2024-01-31 09:30", "2024-01-31T08:30:00Z"},
      {"2024-01-31T09:30", "2024-01-31T08:30:00Z"},
      {"2024-01-31 09:30:15", "2024-01-31T08:30:15Z"},
      {"2024-01-31 09:30:15.5", "2024-01-31T08:30:15.5Z"},
      {"2024-01-31 09:30:15.123", "2024-01-31T08:30:15.123Z"},
      {"2024-01-31 09:30:15.123456789", "2024-01-31T08:30:15.123456789Z"},
      {"2024-01-31 09:30:15.1234567899", "2024-01-31T08:30:15.123456789Z"},
      {" 2024-01-31 ", "2024-01-30T23:00:00Z"},
      {"2024-01-31T09:30:15Z", "2024-01-31T09:30:15Z"},
      {"2024-01-31t09:30:15z", "2024-01-31T09:30:15Z"},
      {"2024-01-31 09:30:15.25+05:30", "2024-01-31T04:00:15.25Z"},
      {"2024-01-31T09:30:15-08:00", "2024-01-31T17:30:15Z"},
      {"2024-01-31T09:30:15 Z", "2024-01-31T09:30:15Z"},
      {"2024-01-31 09:30 UTC", "2024-01-31T09:30:00Z"},
      {"2024-01-31 09:30gmt", "2024-01-31T09:30:00Z"},
      {"2024-01-31T09:30:15+0530", "2024-01-31T04:00:15Z"},
      {"2024-01-31 09:30:15 -08", "2024-01-31T17:30:15Z"},
      {"2024-01-31 09:30 GMT+1", "2024-01-31T08:30:00Z"},
      {"2024-01-31 09:30 UTC-05:30", "2024-01-31T15:00:00Z"},
      {"2024-02-29", "2024-02-28T23:00:00Z"},
      // The clock went from 02:00 to 03:00: the moment of the change.
      {"2024-03-31 02:30", "2024-03-31T01:00:00Z"},
      // The hour from 02:00 came twice: the first.
      {"2024-10-27 02:30", "2024-10-27T00:30:00Z"},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(ReadIn("Europe/Berlin", c.text), c.want) << c.text;
  }
}

TEST(WrittenTime, RefusesWhatIsNoTime) {
  for (const char* text : {"",
                           "now",
                           "2024",
                           "2024-01",
                           "2024-1-31",
                           "2024-02-30",
                           "2023-02-29",
                           "2024-13-01",
                           "2024-00-10",
                           "2024-01-00",
                           "24-01-31",
                           "2024/01/31",
                           "31.01.2024",
                           "2024-01-31T",
                           "2024-01-31 9:30",
                           "2024-01-31 24:00",
                           "2024-01-31 09:60",
                           "2024-01-31 09:30:60",
                           "2024-01-31 09:30:15.",
                           "2024-01-31 09:30:15,5",
                           "2024-01-31T09:30:15+25:00",
                           "2024-01-31Z",
                           "2024-01-31X09:30",
                           "2024-01-31 09:30Zz",
                           "2024-01-31 09:30 CET",
                           "2024-01-31 09:30 +1",
                           "2024-01-31 09:30 UTCZ",
                           "2024-01-31 09:30 GMT+",
                           "2024-01-31 09:30  Z",
                           "2024-01-31 UTC",
                           "infinite-future",
                           "+2024-01-31",
                           "12024-01-31"}) {
    const absl::Status status = ParseWrittenTime("occur_time", text).status();
    EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_FIELD_INVALID) << text;
  }
}

TEST(WrittenTime, NeedsAZoneUnlessItHasAnOffset) {
  EXPECT_TRUE(NeedsZone(*ParseWrittenTime("t", "2024-01-31")));
  EXPECT_TRUE(NeedsZone(*ParseWrittenTime("t", "2024-01-31 10:00")));
  EXPECT_FALSE(NeedsZone(*ParseWrittenTime("t", "2024-01-31T10:00:00+01:00")));
}

TEST(WrittenTime, StartsADayWithoutAMidnightAtTheChange) {
  // Beirut set its clock from 00:00 to 01:00 on that day.
  EXPECT_EQ(ReadIn("Asia/Beirut", "2024-03-31"), "2024-03-30T22:00:00Z");
}

TEST(WrittenTime, SurvivesTheWayThroughATimestamp) {
  for (const absl::Time time :
       {absl::UnixEpoch(), absl::FromUnixMillis(1706700000123), absl::FromUnixNanos(-1)}) {
    EXPECT_EQ(FromTimestamp(ToTimestamp(time)), time);
  }
  EXPECT_EQ(ToTimestamp(absl::FromUnixNanos(-1)).nanos(), 999'999'999);
}

TEST(WrittenTime, PrintsTheOffsetOfTheZone) {
  const absl::Time time = absl::FromUnixSeconds(1'706'700'000);
  EXPECT_EQ(FormatInstant(time, absl::UTCTimeZone()), "2024-01-31T11:20:00Z");
  EXPECT_EQ(FormatInstant(time, Zone("Asia/Kolkata")), "2024-01-31T16:50:00+05:30");
}

TEST(TimestampText, HasThreeDigitsInUtc) {
  const google::protobuf::Timestamp time = ToTimestamp(testing::At("2025-03-31T22:15:00.25Z"));
  EXPECT_EQ(TimestampText(true, time), "2025-03-31T22:15:00.250Z");
  EXPECT_EQ(TimestampText(true, ToTimestamp(testing::At("2025-03-31T22:15:00Z"))),
            "2025-03-31T22:15:00.000Z");
  EXPECT_EQ(TimestampText(false, time), "");
}

TEST(LocalTimeText, HasTheOffsetOfTheZone) {
  const google::protobuf::Timestamp time = ToTimestamp(testing::At("2025-03-31T22:15:00.25Z"));
  EXPECT_EQ(LocalTimeText(true, time, Zone("Europe/Berlin")), "2025-04-01T00:15:00.25+02:00");
  EXPECT_EQ(LocalTimeText(true, time, ZoneOrUtc("Mars/Base")), "2025-03-31T22:15:00.25Z");
  EXPECT_EQ(LocalTimeText(false, time, Zone("Europe/Berlin")), "–");
}

TEST(InZone, ALocalTimeThatTheClockSkippedIsTheMomentOfTheChange) {
  const struct {
    const char* zone;
    const char* text;
    const char* want;
  } rows[] = {
      {"Europe/Berlin", "2025-03-30 02:00", "2025-03-30T01:00:00Z"},
      {"Europe/Berlin", "2025-03-30 02:30", "2025-03-30T01:00:00Z"},
      {"Europe/Berlin", "2025-03-30 02:59:59.999", "2025-03-30T01:00:00Z"},
      {"America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z"},
      {"America/Sao_Paulo", "2018-11-04 00:00", "2018-11-04T03:00:00Z"},
      {"America/Sao_Paulo", "2018-11-04 00:59", "2018-11-04T03:00:00Z"},
      {"America/Sao_Paulo", "2018-11-04 01:00", "2018-11-04T03:00:00Z"},
      // A date that never was.
      {"Pacific/Apia", "2011-12-30 12:00", "2011-12-30T10:00:00Z"},
      {"Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(ReadIn(row.zone, row.text), row.want) << row.zone << " " << row.text;
  }
}

TEST(FindZone, RefusesANameThatIsNotThere) {
  EXPECT_TRUE(FindZone("Europe/Berlin").ok());
  EXPECT_EQ(ReasonOf(FindZone("Mars/Base").status()), v1::ERROR_REASON_FIELD_INVALID);
}

}  // namespace
}  // namespace emptychair
