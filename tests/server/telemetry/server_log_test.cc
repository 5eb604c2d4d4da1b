#include "server/telemetry/server_log.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace emptychair {
namespace {

TEST(JsonLine, BeginsWithTheTimeInMillisecondsUtc) {
  EXPECT_EQ(JsonLine(absl::FromUnixMillis(1'706'702'400'007)).Finish(),
            "{\"time\":\"2024-01-31T12:00:00.007Z\"}");
  EXPECT_EQ(JsonLine(absl::FromUnixMicros(-1)).Finish(), "{\"time\":\"1969-12-31T23:59:59.999Z\"}");
}

TEST(JsonLine, NoValueCanBreakOutOfItsLine) {
  const struct {
    std::string value;
    std::string json;
  } cases[] = {
      {"", ""},
      {"plain", "plain"},
      {"a\"b\\c", "a\\\"b\\\\c"},
      {"a\nb\r\t", "a\\u000ab\\u000d\\u0009"},
      {std::string("\0\x1F\x7F", 3), "\\u0000\\u001f\\u007f"},
      {"é “x”", "é “x”"},
      {"\xFF\xC3x", "??x"},
  };
  for (const auto& [value, json] : cases) {
    EXPECT_EQ(JsonLine(absl::UnixEpoch()).Add("key", value).Add("n", int64_t{-5}).Finish(),
              "{\"time\":\"1970-01-01T00:00:00.000Z\",\"key\":\"" + json + "\",\"n\":-5}");
  }
}

TEST(Log, WritesALineAnEvent) {
  const FakeClock clock(absl::UnixEpoch());
  std::vector<std::string> lines;
  ServerLog log(&clock, [&](absl::string_view line) { lines.emplace_back(line); });
  log.Info("listening", {{"address", "127.0.0.1:7443"}});
  log.Warning("stopping");
  log.Error("failed", {{"reason", "a\nb"}});
  EXPECT_THAT(lines,
              testing::ElementsAre("{\"time\":\"1970-01-01T00:00:00.000Z\",\"severity\":\"INFO\","
                                   "\"event\":\"listening\",\"address\":\"127.0.0.1:7443\"}\n",
                                   "{\"time\":\"1970-01-01T00:00:00.000Z\",\"severity\":"
                                   "\"WARNING\",\"event\":\"stopping\"}\n",
                                   "{\"time\":\"1970-01-01T00:00:00.000Z\",\"severity\":"
                                   "\"ERROR\",\"event\":\"failed\",\"reason\":\"a\\u000ab\"}\n"));
}

}  // namespace
}  // namespace emptychair
