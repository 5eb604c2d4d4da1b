// chairdemo against a server, both as they are shipped.
#include <signal.h>

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"
#include "tests/helpers/subprocess.h"
#include "tests/helpers/temp_dir.h"

namespace emptychair::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr absl::Duration kLong = absl::Seconds(60);

class DemoEndToEndTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(
        server_, Subprocess::Start({EMPTYCHAIRD_PATH, absl::StrCat("--data=", dir_.Join("data")),
                                    "--listen=127.0.0.1:0", "--http_listen=off",
                                    absl::StrCat("--access_log=", dir_.Join("access.log"))}));
    const absl::StatusOr<std::string> line = server_->ReadLine(kLong);
    ASSERT_THAT(line, IsOkAndHolds(HasSubstr("listening on "))) << server_->StandardError();
    endpoint_ = std::string(absl::StripPrefix(*line, "listening on "));
  }

  FinishedProcess RunDemo(const std::string& flag) {
    return RunToEnd({CHAIRDEMO_PATH, "--endpoint", endpoint_, flag}, kLong).value();
  }

  TempDir dir_;
  std::unique_ptr<Subprocess> server_;
  std::string endpoint_;
};

TEST_F(DemoEndToEndTest, LoadsOnceAndTellsTheStory) {
  const FinishedProcess loaded = RunDemo("--load");
  ASSERT_EQ(loaded.exit_status, 0) << loaded.standard_error;
  EXPECT_THAT(loaded.standard_error, HasSubstr("Loading 36000 answers to delivery"));

  const FinishedProcess summary = RunDemo("--summary");
  ASSERT_EQ(summary.exit_status, 0) << summary.standard_error;
  EXPECT_THAT(summary.standard_output, HasSubstr("14,000 answers, 813 without a score"));
  EXPECT_THAT(summary.standard_output, HasSubstr("NPS 34.8  (95 %: 34.0 … 35.6)"));
  EXPECT_THAT(summary.standard_output, HasSubstr("worst slice: region south, carrier swiftvan"));
  EXPECT_THAT(summary.standard_output, HasSubstr("lowest -60.1 in 2024-11, 2025-06 42.1"));

  EXPECT_THAT(summary.standard_output, HasSubstr("of promoters"));

  const FinishedProcess again = RunDemo("--load");
  EXPECT_EQ(again.exit_status, 0);
  EXPECT_THAT(again.standard_error, Not(HasSubstr("Loading")));
  EXPECT_EQ(RunDemo("--summary").standard_output, summary.standard_output);

  server_->Signal(SIGTERM);
  EXPECT_THAT(server_->Wait(kLong), IsOkAndHolds(0));
}

TEST_F(DemoEndToEndTest, SaysWhenThereIsNothing) {
  const FinishedProcess summary = RunDemo("--summary");
  EXPECT_EQ(summary.exit_status, 0) << summary.standard_error;
  EXPECT_THAT(summary.standard_output, HasSubstr("no NPS survey"));
  EXPECT_EQ(RunDemo("--frobnicate").exit_status, 2);
}

}  // namespace
}  // namespace emptychair::testing
