#include "server/telemetry/access_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace emptychair {
namespace {

// A call as a test writes it.
struct Call {
  absl::Time time;
  std::string method = "m";
  std::string request_id = "r";
  absl::StatusCode code = absl::StatusCode::kOk;
  std::string reason;
  absl::Duration duration;
  std::string peer = "p";
  int64_t records = 0;
  std::string traceparent;
};

void Record(AccessLog& log, const Call& call) {
  const Method method = {.name = call.method};
  const RequestContext context = {.method = &method,
                                  .caller = {.peer = call.peer},
                                  .request_id = *RequestId::FromCaller(call.request_id),
                                  .trace = TraceParent::Parse(call.traceparent)};
  log.CallFinished({.context = context,
                    .start_time = call.time,
                    .code = call.code,
                    .reason = call.reason,
                    .duration = call.duration,
                    .records = call.records});
}

// A folder that is gone afterwards.
class AccessLogTest : public testing::Test {
 protected:
  AccessLogTest() {
    std::string pattern = testing::TempDir() + "/access_log_XXXXXX";
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    path_ = folder_ + "/access.log";
  }
  ~AccessLogTest() override {
    ::unlink(path_.c_str());
    ::rmdir(folder_.c_str());
  }

  std::unique_ptr<AccessLog> Open(int queue_max = AccessLog::kQueueMax) {
    auto log = AccessLog::Open(path_, queue_max);
    EXPECT_TRUE(log.ok()) << log.status();
    return *std::move(log);
  }

  std::vector<std::string> Lines() {
    std::ifstream file(path_);
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) {
      lines.push_back(line);
    }
    return lines;
  }

  std::string folder_;
  std::string path_;
};

TEST_F(AccessLogTest, WritesAnObjectACall) {
  {
    auto log = Open();
    Record(*log, {.time = absl::FromUnixMillis(1'706'702'400'007),
                  .method = "FeedbackService/SubmitFeedback",
                  .request_id = "9f86d081884c7d65",
                  .duration = absl::Microseconds(412),
                  .peer = "ipv4:127.0.0.1:51234"});
    Record(*log, {.time = absl::FromUnixMillis(1'706'702'400'008),
                  .method = "SurveyService/GetSurvey",
                  .request_id = "a\"b",
                  .code = absl::StatusCode::kNotFound,
                  .reason = "SURVEY_NOT_FOUND",
                  .duration = absl::Milliseconds(3),
                  .peer = "unix:{}\n\"%"});
    EXPECT_EQ(log->dropped(), 0);
  }
  EXPECT_THAT(
      Lines(),
      testing::ElementsAre(
          "{\"time\":\"2024-01-31T12:00:00.007Z\",\"method\":\"FeedbackService/SubmitFeedback\","
          "\"request_id\":\"9f86d081884c7d65\",\"principal\":\"anonymous\",\"code\":\"OK\","
          "\"duration_us\":412,\"peer\":\"ipv4:"
          "127.0.0.1:51234\"}",
          "{\"time\":\"2024-01-31T12:00:00.008Z\",\"method\":\"SurveyService/GetSurvey\","
          "\"request_id\":\"a\\\"b\",\"principal\":\"anonymous\",\"code\":\"NOT_FOUND\",\"reason\":"
          "\"SURVEY_NOT_FOUND\","
          "\"duration_us\":3000,"
          "\"peer\":\"unix:{}\\u000a\\\"%\"}"));
}

TEST_F(AccessLogTest, SaysHowManyRecordsCameAndToWhichTraceTheyBelong) {
  Record(*Open(), {.code = absl::StatusCode::kInvalidArgument,
                   .reason = "FIELD_INVALID",
                   .duration = absl::Microseconds(1),
                   .records = 500,
                   .traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"});
  EXPECT_THAT(Lines(), testing::ElementsAre(testing::EndsWith(
                           "\"request_id\":\"r\",\"principal\":\"anonymous\",\"code\":\"INVALID_"
                           "ARGUMENT\",\"reason\":"
                           "\"FIELD_INVALID\",\"records\":500,\"duration_us\":1,\"peer\":\"p\","
                           "\"trace_id\":\"4bf92f3577b34da6a3ce929d0e0e4736\",\"span_id\":"
                           "\"00f067aa0ba902b7\"}")));
}

TEST_F(AccessLogTest, AppendsToWhatIsThere) {
  for (int i = 0; i < 2; ++i) {
    Record(*Open(), {.method = absl::StrCat("run", i)});
  }
  EXPECT_THAT(Lines(),
              testing::ElementsAre(testing::HasSubstr("run0"), testing::HasSubstr("run1")));
}

TEST_F(AccessLogTest, KeepsEveryLineWholeWhenManyThreadsRecord) {
  constexpr int kThreads = 4;
  constexpr int kLines = 1'000;
  {
    auto log = Open(kThreads * kLines);
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < kLines; ++i) {
          Record(*log, {});
        }
      });
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
    EXPECT_EQ(log->dropped(), 0);
  }
  const std::vector<std::string> lines = Lines();
  EXPECT_EQ(lines.size(), kThreads * kLines);
  for (const std::string& line : lines) {
    ASSERT_TRUE(absl::StartsWith(line, "{\"time\"") && absl::EndsWith(line, "\"p\"}")) << line;
  }
}

// The log goes to a pipe that nobody reads until all is recorded.
TEST_F(AccessLogTest, DropsTheOldestLinesRatherThanBlockACall) {
  constexpr int kLines = 20'000;
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  const int reader = ::open(path_.c_str(), O_RDONLY | O_NONBLOCK);
  ASSERT_GE(reader, 0);
  auto log = Open(/*queue_max=*/100);
  for (int i = 0; i < kLines; ++i) {
    Record(*log, {.method = absl::StrCat("call", i), .peer = "p"});
  }
  const int64_t dropped = log->dropped();
  EXPECT_GT(dropped, 0);

  ASSERT_EQ(::fcntl(reader, F_SETFL, 0), 0);
  std::string text;
  std::thread drain([&] {
    char buffer[4096];
    for (ssize_t n; (n = ::read(reader, buffer, sizeof(buffer))) > 0;) {
      text.append(buffer, static_cast<size_t>(n));
    }
  });
  log.reset();
  drain.join();
  ::close(reader);
  const std::vector<std::string> lines = absl::StrSplit(text, '\n', absl::SkipEmpty());
  EXPECT_EQ(static_cast<int64_t>(lines.size()) + dropped, kLines);
  // The newest is there.
  EXPECT_THAT(lines.back(), testing::HasSubstr(absl::StrCat("call", kLines - 1)));
}

TEST_F(AccessLogTest, CountsWhatTheFileDoesNotTake) {
  auto log = AccessLog::Open("/dev/full", /*queue_max=*/1'500);
  ASSERT_TRUE(log.ok()) << log.status();
  // More than half, which is written at once.
  for (int i = 0; i < 1'000; ++i) {
    Record(**log, {});
  }
  while ((*log)->dropped() == 0) {
    std::this_thread::yield();
  }
}

TEST_F(AccessLogTest, CanBeOff) {
  auto log = AccessLog::Open("off");
  ASSERT_TRUE(log.ok()) << log.status();
  Record(**log, {});
  EXPECT_EQ((*log)->dropped(), 0);
}

TEST_F(AccessLogTest, NamesTheFileThatCannotBeOpened) {
  const absl::Status status = AccessLog::Open(folder_ + "/none/access.log").status();
  EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_FIELD_INVALID);
  EXPECT_THAT(std::string(status.message()), testing::HasSubstr("none/access.log"));
  EXPECT_THAT(std::string(status.message()), testing::HasSubstr("--access_log"));
}

TEST(AccessLogStderr, CanBeStandardError) {
  testing::internal::CaptureStderr();
  {
    auto log = AccessLog::Open("stderr");
    ASSERT_TRUE(log.ok()) << log.status();
    Record(**log, {});
  }
  EXPECT_THAT(testing::internal::GetCapturedStderr(), testing::HasSubstr("\"method\":\"m\""));
}

TEST_F(AccessLogTest, ReopensTheFileByItsName) {
  const std::string old = path_ + ".1";
  {
    const std::unique_ptr<AccessLog> log = AccessLog::Open(path_).value();
    ASSERT_EQ(::rename(path_.c_str(), old.c_str()), 0);
    ASSERT_TRUE(log->Reopen().ok());
    ASSERT_TRUE(log->Reopen().ok());
    Record(*log, {.method = "after"});
  }
  EXPECT_THAT(Lines(), ::testing::ElementsAre(::testing::HasSubstr("after")));
  ::unlink(old.c_str());
}

TEST_F(AccessLogTest, KeepsTheFileThatItHasWhenItCannotBeReopened) {
  const std::string moved = folder_ + "_moved";
  {
    const std::unique_ptr<AccessLog> log = AccessLog::Open(path_).value();
    ASSERT_EQ(::rename(folder_.c_str(), moved.c_str()), 0);
    EXPECT_EQ(ReasonOf(log->Reopen()), v1::ERROR_REASON_FIELD_INVALID);
    Record(*log, {.method = "still there"});
  }
  ASSERT_EQ(::rename(moved.c_str(), folder_.c_str()), 0);
  EXPECT_THAT(Lines(), ::testing::ElementsAre(::testing::HasSubstr("still there")));
}

TEST(AccessLog, StandardErrorAndNoneHaveNothingToReopen) {
  for (const char* target : {"stderr", "off"}) {
    EXPECT_TRUE(AccessLog::Open(target).value()->Reopen().ok());
  }
}

}  // namespace
}  // namespace emptychair
