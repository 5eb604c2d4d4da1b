#include "tools/chairctl/import/time_reader.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/chairctl/base/written_time.h"

namespace emptychair {
namespace {

using ::testing::HasSubstr;

std::string Read(const std::string& text, const std::string& format = "",
                 const std::string& zone_name = "Europe/Berlin") {
  const auto reader = TimeReader::Create(*FindZone(zone_name), format);
  if (!reader.ok()) {
    return std::string(reader.status().message());
  }
  const auto time = reader->Read("occur_time", text);
  return time.ok() ? absl::FormatTime("%Y-%m-%d %H:%M:%E*S", *time, absl::UTCTimeZone())
                   : std::string(time.status().message());
}

TEST(TimeReader, ReadsTimesAsTheyAreWritten) {
  EXPECT_EQ(Read("2025-03-01 10:00"), "2025-03-01 09:00:00");
  EXPECT_EQ(Read("\xC2\xA0"
                 "2025-07-01T10:00:00.1239"),
            "2025-07-01 08:00:00.123");
  for (const char* offset : {"Z", " Z", "+00:00", " +0000", "+00", " UTC", "UTC", " gmt", " GMT+0",
                             " UTC-00:00", "GMT+00"}) {
    EXPECT_EQ(Read(std::string("2025-03-01 10:00:00") + offset), "2025-03-01 10:00:00") << offset;
  }
  EXPECT_EQ(Read("2025-03-01 10:00 GMT+1"), "2025-03-01 09:00:00");
  EXPECT_EQ(Read("2025-03-01 10:00 UTC-05:30"), "2025-03-01 15:30:00");
  EXPECT_EQ(Read("2025-03-01 10:00 -0530"), "2025-03-01 15:30:00");
  EXPECT_EQ(Read("2025-03-01 10:00-05"), "2025-03-01 15:00:00");
}

TEST(TimeReader, ReadsNoOtherNameOfAZone) {
  for (const char* name : {"PST", "CET", "America/New_York", "nonsense", "UTCZ", "+1", "GMT+",
                           "GMT+24", "+01:60", "A"}) {
    EXPECT_THAT(Read(std::string("2025-03-01 10:00:00 ") + name), HasSubstr("occur_time: is"))
        << name;
    EXPECT_THAT(Read(std::string("01.03.2025 10:00 ") + name, "%d.%m.%Y %H:%M"),
                HasSubstr("wanted a time of the format"))
        << name;
  }
}

TEST(TimeReader, ReadsTimesByAFormatWithAnOffsetBehindThem) {
  const std::string format = "%Y/%m/%d %I:%M:%S %p";
  EXPECT_EQ(Read("2025/03/01 10:00:00 PM", format), "2025-03-01 21:00:00");
  EXPECT_EQ(Read("2025/03/01 10:00:00 PM GMT-5", format), "2025-03-02 03:00:00");
  EXPECT_EQ(Read("2025/03/01 10:00:00 PM GMT+5:30", format), "2025-03-01 16:30:00");
  EXPECT_EQ(Read("2025/03/01 10:00:00 PM Z", format), "2025-03-01 22:00:00");
  EXPECT_EQ(Read("Sat, 01 Mar 2025 10:00:00 GMT", "%a, %d %b %Y %H:%M:%S"), "2025-03-01 10:00:00");
  EXPECT_EQ(Read("2025-03-01T10:00:00.5+02:00", "%Y-%m-%dT%H:%M:%E*S%Ez"), "2025-03-01 08:00:00.5");
  // An offset can stand behind a time of day alone.
  EXPECT_THAT(Read("2025-03-05-05", "%Y-%m-%d"), HasSubstr("wanted a time of the format"));
}

TEST(TimeReader, ReadsInstants) {
  EXPECT_EQ(Read("1740823200123", "epoch-ms"), "2025-03-01 10:00:00.123");
  EXPECT_EQ(Read("1740823200", "%s"), "2025-03-01 10:00:00");
  EXPECT_THAT(Read("soon", "epoch-ms"), HasSubstr("wanted milliseconds"));
  EXPECT_THAT(Read("9223372036854775807", "epoch-ms"), HasSubstr("years 1 to 9999"));
}

TEST(TimeReader, TakesTheMomentOfTheChangeForATimeThatAZoneSkipped) {
  EXPECT_EQ(Read("2025-03-30 02:30"), "2025-03-30 01:00:00");
  EXPECT_EQ(Read("30.03.2025 02:30", "%d.%m.%Y %H:%M"), "2025-03-30 01:00:00");
  EXPECT_EQ(Read("26.10.2025 02:30", "%d.%m.%Y %H:%M"), "2025-10-26 00:30:00");
}

TEST(TimeReader, ReadsOffsetsOfEveryForm) {
  EXPECT_EQ(Read("01.02.2025 10:00 +0200", "%d.%m.%Y %H:%M %z"), "2025-02-01 08:00:00");
  for (const char* conversion : {"%:z", "%Ez", "%E*z"}) {
    EXPECT_EQ(Read("01.02.2025 10:00 +02:00", std::string("%d.%m.%Y %H:%M ") + conversion),
              "2025-02-01 08:00:00")
        << conversion;
  }
}

TEST(TimeReader, RefusesFormatsThatLeaveOutAPartOfTheTime) {
  for (const char* format : {"%H:%M", "%d.%m. %H:%M", "%m/%Y", "%d/%Y %H:%M", "%Y-%j"}) {
    EXPECT_THAT(Read("1", format), HasSubstr("wanted day, month and year")) << format;
  }
  for (const char* format : {"%m/%d/%Y %H:%M %p", "%F %T %p", "%F %R %p"}) {
    EXPECT_THAT(Read("1/31/2025 3:04 PM", format), HasSubstr("%I, the hour")) << format;
  }
  EXPECT_THAT(Read("1/31/2025 3:04", "%m/%d/%Y %I:%M"), HasSubstr("wanted %p"));
  EXPECT_EQ(Read("1/31/2025 3:04 PM", "%m/%d/%Y %I:%M %p"), "2025-01-31 14:04:00");
  EXPECT_EQ(Read("1/31/25 03:04:05 PM", "%m/%d/%y %r"), "2025-01-31 14:04:05");
  EXPECT_EQ(Read("01/31/25", "%D"), "2025-01-30 23:00:00");
  EXPECT_EQ(Read("31 January 2025", "%d %B %Y"), "2025-01-30 23:00:00");
}

TEST(TimeReader, RefusesFormatsThatNameAZoneInVain) {
  for (const char* format :
       {"%Y-%m-%d %H:%M:%S %Z", "%Y-%m-%dT%H:%M:%SZ", "%H:%M GMT", "%H:%M utc", "%EZ"}) {
    EXPECT_THAT(Read("x", format), HasSubstr("--time-format: is")) << format;
  }
  EXPECT_THAT(Read("x", "epoch"), HasSubstr("--time-format: is"));
}

TEST(TimeReader, RefusesTimesThatWereNeverSet) {
  EXPECT_THAT(Read("1970-01-01", "", "UTC"), HasSubstr("never set"));
  EXPECT_THAT(Read("1970-01-01T01:00:00+01:00"), HasSubstr("never set"));
  EXPECT_THAT(Read("0", "epoch-ms"), HasSubstr("never set"));
  EXPECT_EQ(Read("1970-01-01T00:00:01Z"), "1970-01-01 00:00:01");
  EXPECT_THAT(Read("0001-01-01 00:00"), HasSubstr("years 1 to 9999"));
}

}  // namespace
}  // namespace emptychair
