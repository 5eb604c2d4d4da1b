// A server that is killed again and again under an import and a watch: both go on by themselves,
// and nothing is lost or there twice.
#include <signal.h>

#include <fstream>
#include <map>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"
#include "tests/helpers/count.h"
#include "tests/helpers/status_matchers.h"
#include "tests/helpers/subprocess.h"
#include "tests/helpers/temp_dir.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"

namespace emptychair::testing {
namespace {

using ::testing::HasSubstr;

constexpr int kRowsPerKill = 4'000;

class PatienceTest : public ::testing::Test {
 protected:
  PatienceTest() {
    absl::StatusOr<RunningBinary> server = StartBinary(data_);
    EXPECT_OK(server);
    endpoint_ = server->endpoint;
    server_ = std::move(server->process);
    Client client = MakeClient(endpoint_);
    Create(client, NpsSurvey("nps"));
  }

  void KillAndRestart() {
    server_->Signal(SIGKILL);
    ASSERT_OK(server_->Wait(kLong));
    absl::StatusOr<std::unique_ptr<Subprocess>> server =
        Subprocess::Start({EMPTYCHAIRD_PATH, absl::StrCat("--data=", data_),
                           absl::StrCat("--listen=", endpoint_), "--access_log=off"});
    ASSERT_OK(server);
    server_ = *std::move(server);
    ASSERT_THAT(server_->ReadLine(kLong), IsOkAndHolds(HasSubstr("listening")));
  }

  std::unique_ptr<Subprocess> Chairctl(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(),
                     {CHAIRCTL_PATH, "--endpoint", endpoint_, "--output", "json"});
    return Value(Subprocess::Start(arguments));
  }

  // Counts the changes of the next message of a watch, by the external id of their record.
  void ReadMessage(Subprocess& watch, std::map<std::string, int>& seen) {
    const absl::StatusOr<std::string> line = watch.ReadLine(kLong);
    ASSERT_OK(line) << watch.StandardError();
    v1::WatchFeedbackResponse message;
    ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(*line, &message).ok()) << *line;
    for (const v1::FeedbackChange& change : message.changes()) {
      ++seen[change.feedback().external_id()];
    }
  }

  TempDir dir_;
  const std::string data_ = dir_.Join("data");
  std::string endpoint_;
  std::unique_ptr<Subprocess> server_;
};

TEST_F(PatienceTest, AnImportAndAWatchOutliveAServerThatIsKilledAgainAndAgain) {
  const int kills = CountFromEnvOr("EMPTYCHAIR_TEST_KILLS", 10);
  const int rows = (kills + 1) * kRowsPerKill;
  const std::string file = dir_.Join("answers.csv");
  std::ofstream out(file);
  out << "external_id,score,occur_time\n";
  for (int i = 0; i < rows; ++i) {
    out << "row " << i << "," << i % 11 << ",2024-01-01T00:00:00Z\n";
  }
  out.close();

  const auto watch = Chairctl({"feedback", "watch", "nps", "--after", "0"});
  const auto import = Chairctl({"feedback", "import", "nps", file, "--batch-size", "100"});
  std::map<std::string, int> seen;
  for (int kill = 1; kill <= kills; ++kill) {
    while (static_cast<int>(seen.size()) < kill * kRowsPerKill) {
      ASSERT_NO_FATAL_FAILURE(ReadMessage(*watch, seen));
    }
    ASSERT_NO_FATAL_FAILURE(KillAndRestart());
  }
  ASSERT_THAT(import->Wait(kLong), IsOkAndHolds(0)) << import->StandardError();
  while (static_cast<int>(seen.size()) < rows) {
    ASSERT_NO_FATAL_FAILURE(ReadMessage(*watch, seen));
  }
  for (const auto& [row, count] : seen) {
    ASSERT_EQ(count, 1) << row;
  }
  watch->Signal(SIGTERM);
  EXPECT_OK(watch->Wait(kLong));
  EXPECT_THAT(import->ReadToEnd(kLong),
              IsOkAndHolds(HasSubstr(absl::StrCat("\"read\": ", rows, ","))));
  Client client = MakeClient(endpoint_);
  EXPECT_EQ(Status(client).feedback_count(), rows);
}

}  // namespace
}  // namespace emptychair::testing
