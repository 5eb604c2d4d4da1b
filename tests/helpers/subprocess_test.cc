#include "tests/helpers/subprocess.h"

#include <signal.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"
#include "tests/helpers/temp_dir.h"

namespace emptychair::testing {
namespace {

using ::testing::HasSubstr;

constexpr absl::Duration kLong = absl::Seconds(60);

std::unique_ptr<Subprocess> Shell(const std::string& script,
                                  const SubprocessOptions& options = {}) {
  return Subprocess::Start({"/bin/sh", "-c", script}, options).value();
}

TEST(Subprocess, IsReadLineByLineWhileItRuns) {
  auto process = Shell("trap 'echo bye; exit 3' TERM; echo listening; while :; do :; done");
  EXPECT_THAT(process->ReadLine(kLong), IsOkAndHolds("listening"));
  EXPECT_THAT(process->ReadLine(absl::Milliseconds(20)),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_THAT(process->Wait(absl::Milliseconds(20)), StatusIs(absl::StatusCode::kDeadlineExceeded));
  process->Signal(SIGTERM);
  EXPECT_THAT(process->ReadLine(kLong), IsOkAndHolds("bye"));
  EXPECT_THAT(process->ReadLine(kLong), StatusIs(absl::StatusCode::kOutOfRange));
  EXPECT_THAT(process->Wait(kLong), IsOkAndHolds(3));
  EXPECT_THAT(process->Wait(kLong), IsOkAndHolds(3));
}

TEST(Subprocess, GivesTheLastLineWithoutAnEnd) {
  auto process = Shell("printf 'one\\n\\ntwo'");
  EXPECT_THAT(process->ReadLine(kLong), IsOkAndHolds("one"));
  EXPECT_THAT(process->ReadLine(kLong), IsOkAndHolds(""));
  EXPECT_THAT(process->ReadLine(kLong), IsOkAndHolds("two"));
  EXPECT_THAT(process->ReadLine(kLong), StatusIs(absl::StatusCode::kOutOfRange));
}

TEST(Subprocess, TellsASignalFromAnExit) {
  auto process = Shell("kill -STOP $$");
  process->Signal(SIGKILL);
  EXPECT_THAT(process->Wait(kLong), IsOkAndHolds(128 + SIGKILL));
}

TEST(Subprocess, EndsWithItsOwner) {
  pid_t pid;
  {
    auto process = Shell("kill -STOP $$");
    pid = process->pid();
    EXPECT_EQ(kill(pid, 0), 0);
  }
  EXPECT_NE(kill(pid, 0), 0);
}

TEST(Subprocess, ThatWritesMuchCanEndWhileNobodyReads) {
  auto process = Shell("head -c 1000000 /dev/zero; head -c 1000000 /dev/zero >&2; echo; echo end");
  EXPECT_THAT(process->Wait(kLong), IsOkAndHolds(0));
  EXPECT_EQ(process->ReadLine(kLong).value().size(), 1'000'000);
  EXPECT_THAT(process->ReadLine(kLong), IsOkAndHolds("end"));
  EXPECT_EQ(process->StandardError().size(), 1'000'000);
}

TEST(RunToEnd, GivesStatusAndBothOutputs) {
  TempDir dir;
  ASSERT_OK_AND_ASSIGN(
      const FinishedProcess finished,
      RunToEnd({"/bin/sh", "-c", "pwd; echo \"$GREETING\"; cat; echo wrong >&2; exit 2"}, kLong,
               {.environment = {{"GREETING", "hello"}}, .working_directory = dir.path()}));
  EXPECT_EQ(finished.exit_status, 2);
  EXPECT_THAT(finished.standard_output, HasSubstr(dir.path().substr(dir.path().rfind('/'))));
  EXPECT_THAT(finished.standard_output, HasSubstr("\nhello\n"));
  EXPECT_EQ(finished.standard_error, "wrong\n");
}

TEST(RunToEnd, SaysWhenThereIsNoSuchProgram) {
  ASSERT_OK_AND_ASSIGN(const FinishedProcess finished, RunToEnd({"/nonexistent/program"}));
  EXPECT_EQ(finished.exit_status, 127);
  EXPECT_THAT(finished.standard_error, HasSubstr("No such file"));
}

TEST(RunToEnd, DoesNotWaitForEver) {
  EXPECT_THAT(RunToEnd({"/bin/sh", "-c", "kill -STOP $$"}, absl::Milliseconds(20)),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
}

TEST(Subprocess, TellsTheMostMemoryThatTheChildHasHad) {
  const auto child = Shell("echo runs; kill -STOP $$");
  // Before its first line, just after exec, a process can still have a single page.
  ASSERT_THAT(child->ReadLine(kLong), IsOkAndHolds("runs"));
  const std::optional<int64_t> bytes = child->PeakMemoryBytes();
  ASSERT_TRUE(bytes.has_value());
  EXPECT_GT(*bytes, 50'000);
  EXPECT_LT(*bytes, 500'000'000);
  child->Signal(SIGKILL);
  ASSERT_OK(child->Wait(kLong));
  EXPECT_EQ(child->PeakMemoryBytes(), std::nullopt);
}

}  // namespace
}  // namespace emptychair::testing
