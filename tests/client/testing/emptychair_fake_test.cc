// The program, as tests in other languages use it.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/strip.h"
#include "common/base/timestamp.h"
#include "emptychair/client/client.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/testing/control_client.h"
#include "tests/helpers/status_matchers.h"
#include "tests/helpers/subprocess.h"
#include "tests/helpers/temp_dir.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"

namespace emptychair::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

// The program, once it has said where it is.
struct RunningFake {
  std::unique_ptr<Subprocess> process;
  std::string endpoint;
  std::string control;
};

// What is behind `prefix` in the next line that `process` says.
std::string NextLine(Subprocess& process, absl::string_view prefix) {
  const absl::StatusOr<std::string> line = process.ReadLine(kLong);
  EXPECT_OK(line) << process.StandardError();
  if (!line.ok()) {
    return "";
  }
  absl::string_view rest = *line;
  EXPECT_TRUE(absl::ConsumePrefix(&rest, prefix)) << *line;
  return std::string(rest);
}

RunningFake StartFake(const std::vector<std::string>& command) {
  absl::StatusOr<std::unique_ptr<Subprocess>> process = Subprocess::Start(command);
  EXPECT_OK(process);
  RunningFake fake{.process = *std::move(process)};
  fake.endpoint = NextLine(*fake.process, "listening on ");
  fake.control = NextLine(*fake.process, "controlled on ");
  return fake;
}

absl::Time ReceiveTime(const std::string& endpoint, const std::string& id, absl::Time time) {
  Client client = MakeClient(endpoint);
  return FromTimestamp(Submit(client, Answer("nps", id, time, 9)).feedback().receive_time());
}

TEST(EmptychairFake, ServesAndDoesWhatItIsAskedFor) {
  const RunningFake fake = StartFake({EMPTYCHAIR_FAKE_PATH, "--time=2024-01-01T01:00:00+01:00"});
  Client client = MakeClient(fake.endpoint);
  Create(client, NpsSurvey("nps"));
  EXPECT_EQ(ReceiveTime(fake.endpoint, "first", kTime), kTime);
  ControlClient control(fake.control);
  ASSERT_OK(control.SetTime(absl::ToUnixSeconds(kTime) + 1));
  EXPECT_EQ(ReceiveTime(fake.endpoint, "second", kTime), kTime + absl::Seconds(1));
  ASSERT_OK(control.Restart());
  const Client patient = *Client::Create({.endpoint = fake.endpoint, .timeout = kLong});
  EXPECT_EQ(Value(patient.GetStatus()).feedback_count(), 2);
  fake.process->Signal(SIGTERM);
  EXPECT_THAT(fake.process->Wait(kLong), IsOkAndHolds(0)) << fake.process->StandardError();
  EXPECT_THAT(fake.process->StandardError(), IsEmpty());
}

TEST(EmptychairFake, StandsAtTheMachinesTimeAndEndsOnSigint) {
  const absl::Time before = absl::FromUnixMillis(absl::ToUnixMillis(absl::Now()));
  const RunningFake fake = StartFake({EMPTYCHAIR_FAKE_PATH});
  const absl::Time after = absl::Now();
  Client client = MakeClient(fake.endpoint);
  Create(client, NpsSurvey("nps"));
  const absl::Time first = ReceiveTime(fake.endpoint, "first", before);
  EXPECT_GE(first, before);
  EXPECT_LE(first, after);
  EXPECT_EQ(ReceiveTime(fake.endpoint, "second", before), first);
  fake.process->Signal(SIGINT);
  EXPECT_THAT(fake.process->Wait(kLong), IsOkAndHolds(0));
}

TEST(EmptychairFake, EndsWithItsStandardInputWhenItIsTold) {
  const TempDir folder;
  const std::string fifo = folder.Join("stdin");
  ASSERT_EQ(mkfifo(fifo.c_str(), S_IRUSR | S_IWUSR), 0);
  // Open for reading, too, so that it opens at once; the program's own end is another one.
  const int held_open = open(fifo.c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_GE(held_open, 0);
  const RunningFake fake = StartFake(
      {"/bin/sh", "-c", "exec \"$0\" --until-stdin-ends <\"$1\"", EMPTYCHAIR_FAKE_PATH, fifo});
  // What comes by standard input is no end of it.
  ASSERT_EQ(write(held_open, "\n", 1), 1);
  Client client = MakeClient(fake.endpoint);
  EXPECT_OK(client.GetStatus());
  close(held_open);
  EXPECT_THAT(fake.process->Wait(kLong), IsOkAndHolds(0));
}

TEST(EmptychairFake, OutlivesAStandardInputThatIsEmptyUnlessItIsTold) {
  // A Subprocess has an empty one.
  const RunningFake told = StartFake({EMPTYCHAIR_FAKE_PATH, "--until-stdin-ends"});
  EXPECT_THAT(told.process->Wait(kLong), IsOkAndHolds(0));
  const RunningFake untold = StartFake({EMPTYCHAIR_FAKE_PATH});
  Client client = MakeClient(untold.endpoint);
  EXPECT_OK(client.GetStatus());
}

TEST(EmptychairFake, RefusesArgumentsThatItDoesNotUnderstand) {
  for (const char* argument : {"--time=yesterday", "--time=2024-01-01", "--port=1", "now"}) {
    ASSERT_OK_AND_ASSIGN(const FinishedProcess finished,
                         RunToEnd({EMPTYCHAIR_FAKE_PATH, argument}));
    EXPECT_EQ(finished.exit_status, 2) << argument;
    EXPECT_THAT(finished.standard_output, IsEmpty());
    EXPECT_THAT(finished.standard_error, HasSubstr("emptychair-fake: "));
  }
  ASSERT_OK_AND_ASSIGN(const FinishedProcess finished,
                       RunToEnd({EMPTYCHAIR_FAKE_PATH, "--time=1969-12-31T23:59:59Z"}));
  EXPECT_EQ(finished.exit_status, 1);
  EXPECT_THAT(finished.standard_error, HasSubstr("1969-12-31"));
}

}  // namespace
}  // namespace emptychair::testing
