// A store that goes on from an older copy of its directory, with the binaries as they are shipped.
#include <signal.h>

#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"
#include "tests/helpers/subprocess.h"
#include "tests/helpers/temp_dir.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"

namespace emptychair::testing {
namespace {

using ::testing::HasSubstr;

// FAILED_PRECONDITION is 9.
constexpr int kFailedPrecondition = 64 + 9;

class RestoreTest : public ::testing::Test {
 protected:
  void Start() {
    absl::StatusOr<RunningBinary> binary = StartBinary(data_);
    ASSERT_OK(binary);
    server_ = *std::move(binary);
  }
  void Stop() {
    server_.process->Signal(SIGTERM);
    EXPECT_THAT(server_.process->Wait(kLong), IsOkAndHolds(0));
  }

  FinishedProcess Chairctl(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {CHAIRCTL_PATH, "--endpoint", server_.endpoint});
    return Value(RunToEnd(arguments, kLong));
  }

  void Submit(int first, int last) {
    for (int i = first; i <= last; ++i) {
      const FinishedProcess submitted = Chairctl({"feedback", "submit", "pulse", "--score", "9",
                                                  "--external-id", absl::StrCat("order-", i)});
      ASSERT_EQ(submitted.exit_status, 0) << submitted.standard_error;
    }
  }

  // The position that an export of everything names.
  std::string ExportedPosition() {
    const FinishedProcess exported = Chairctl({"feedback", "export"});
    EXPECT_EQ(exported.exit_status, 0) << exported.standard_error;
    const std::vector<std::string> parts =
        absl::StrSplit(absl::StripSuffix(exported.standard_error, "\n"), "--since ");
    return parts.back();
  }

  FinishedProcess ExportSince(const std::string& position) {
    return Chairctl({"feedback", "export", "--since", position});
  }

  TempDir dir_;
  const std::string data_ = dir_.Join("data");
  const std::string copy_ = dir_.Join("copy");
  RunningBinary server_;
};

TEST_F(RestoreTest, AFollowerOfTheLostHistoryIsToldHoweverFarTheStoreHasComeSince) {
  Start();
  ASSERT_EQ(Chairctl({"survey", "create", "pulse", "--kind", "nps"}).exit_status, 0);
  Submit(1, 2);
  const std::string kept = ExportedPosition();
  Stop();
  std::filesystem::copy(data_, copy_, std::filesystem::copy_options::recursive);

  Start();
  Submit(3, 5);
  const std::string lost = ExportedPosition();
  Stop();
  std::filesystem::remove_all(data_);
  std::filesystem::rename(copy_, data_);

  Start();
  // Not come so far, then exactly as far, then further.
  for (int next : {6, 7, 8, 9, 10}) {
    const FinishedProcess refused = ExportSince(lost);
    EXPECT_EQ(refused.exit_status, kFailedPrecondition) << next;
    EXPECT_EQ(refused.standard_output, "");
    EXPECT_THAT(refused.standard_error, HasSubstr("STORE_CHANGED"));
    Submit(next, next);
  }
  const FinishedProcess went_on = ExportSince(kept);
  EXPECT_EQ(went_on.exit_status, 0) << went_on.standard_error;
  EXPECT_EQ(std::vector<std::string>(absl::StrSplit(went_on.standard_output, '\n')).size(), 6u)
      << went_on.standard_output;
  Stop();
}

}  // namespace
}  // namespace emptychair::testing
