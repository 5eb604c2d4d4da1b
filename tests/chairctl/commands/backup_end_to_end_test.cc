// chairctl's backups against the real server.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/chairctl/harness/chairctl_harness.h"
#include "tests/helpers/status_matchers.h"
#include "tests/helpers/subprocess.h"
#include "tests/helpers/temp_dir.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"

namespace emptychair::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr int kUsage = 2;
constexpr int kDamage = 79;
// FAILED_PRECONDITION, NOT_FOUND and INVALID_ARGUMENT.
constexpr int kPrecondition = 64 + 9;
constexpr int kNotFound = 64 + 5;
constexpr int kInvalid = 64 + 3;

class BackupEndToEndTest : public ::testing::Test {
 protected:
  BackupEndToEndTest()
      : backups_(directory_.Join("backups")),
        server_(Value(
            StartBinary(directory_.Join("data"), {absl::StrCat("--backup_dir=", backups_)}))) {
    chairctl_.variables["EMPTYCHAIR_ENDPOINT"] = server_.endpoint;
  }

  ChairctlResult Run(const std::vector<std::string>& arguments) { return chairctl_.Run(arguments); }

  // Makes a backup; answers its name.
  std::string Create() {
    const ChairctlResult made = Run({"backup", "create", "--output", "csv"});
    EXPECT_EQ(made.exit_code, 0) << made.err;
    const std::vector<std::string> lines = absl::StrSplit(made.out, '\n');
    EXPECT_THAT(made.out, HasSubstr("backup_id,"));
    return lines.size() < 2 ? "" : lines[1].substr(0, lines[1].find(','));
  }

  TempDir directory_;
  const std::string backups_;
  RunningBinary server_;
  Chairctl chairctl_;
};

TEST_F(BackupEndToEndTest, MakesListsChecksPrunesAndDeletes) {
  EXPECT_EQ(Run({"survey", "create", "pulse", "--kind", "nps"}).exit_code, 0);
  const std::string first = Create();
  EXPECT_EQ(Run({"survey", "create", "other", "--kind", "nps"}).exit_code, 0);
  const std::string second = Create();
  const ChairctlResult listed = Run({"backup", "list"});
  EXPECT_THAT(listed.out, AllOf(HasSubstr(first), HasSubstr(second)));
  EXPECT_THAT(Run({"backup", "list", "--output", "json"}).out, HasSubstr(first));
  for (const char* depth : {"files", "open", "recount"}) {
    const ChairctlResult checked = Run({"backup", "verify", first, "--depth", depth});
    EXPECT_EQ(checked.exit_code, 0) << checked.err;
    EXPECT_THAT(checked.out, HasSubstr("damaged_files"));
  }
  EXPECT_EQ(Run({"backup", "delete", second, "--confirm", second}).exit_code, kInvalid);
  const ChairctlResult dry = Run({"backup", "prune", "--keep-last", "1", "--dry-run"});
  EXPECT_EQ(dry.exit_code, 0) << dry.err;
  EXPECT_THAT(Run({"backup", "list"}).out, HasSubstr(first));
  EXPECT_EQ(Run({"backup", "prune", "--keep-last", "1"}).exit_code, 0);
  EXPECT_THAT(Run({"backup", "list"}).out, AllOf(HasSubstr(second), Not(HasSubstr(first))));
  EXPECT_EQ(Run({"backup", "delete", first}).exit_code, kNotFound);
  EXPECT_THAT(Run({"admin", "status", "--output", "json"}).out, HasSubstr(second));
}

// The heads that backups keep tell a restored store from one that was changed.
TEST_F(BackupEndToEndTest, TheAuditOfARestoredStoreSaysSo) {
  const auto head_of = [&](const std::string& id) {
    std::string head;
    for (const absl::string_view line :
         absl::StrSplit(Run({"backup", "list", "--output", "csv"}).out, '\n')) {
      if (absl::StartsWith(line, id)) {
        head = std::string(line.substr(line.rfind(',') + 1));
      }
    }
    return head;
  };
  const std::string first = Create();
  const std::string second = Create();
  const std::string first_head = head_of(first);
  const std::string second_head = head_of(second);
  EXPECT_NE(first_head, second_head);
  server_.process->Signal(SIGTERM);
  EXPECT_THAT(server_.process->Wait(kLong), IsOkAndHolds(0));
  const std::string restored = directory_.Join("restored");
  const auto run = RunToEnd(
      {CHAIRSTORE_PATH, "restore", "--backup_dir", backups_, "--backup", first, "--data", restored},
      kLong);
  ASSERT_OK(run);
  EXPECT_EQ(run->exit_status, 0) << run->standard_error;
  server_ = Value(StartBinary(restored, {absl::StrCat("--backup_dir=", backups_)}));
  const std::vector<std::string> by_socket = {"--endpoint",
                                              absl::StrCat("unix:", restored, "/admin.sock")};
  const auto audit = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "audit");
    arguments.insert(arguments.end(), by_socket.begin(), by_socket.end());
    return Run(arguments);
  };
  const ChairctlResult listed = audit({"list", "--method", "restored"});
  EXPECT_THAT(listed.out, AllOf(HasSubstr("offline-tool"), HasSubstr("backup:" + first),
                                HasSubstr("sequence:0")));
  EXPECT_EQ(audit({"verify", "--head", first_head}).exit_code, 0);
  // What came after the backup is lost.
  EXPECT_EQ(audit({"verify", "--head", second_head}).exit_code, kDamage);
}

TEST_F(BackupEndToEndTest, EndsWith79WhereThereIsDamage) {
  const std::string id = Create();
  for (const auto& file : std::filesystem::recursive_directory_iterator(backups_ + "/pool")) {
    if (file.is_regular_file()) {
      std::filesystem::permissions(file, std::filesystem::perms::owner_all);
      std::ofstream(file.path(), std::ios::app) << "x";
    }
  }
  const ChairctlResult checked = Run({"backup", "verify", id});
  EXPECT_EQ(checked.exit_code, kDamage);
  EXPECT_THAT(checked.err, AllOf(HasSubstr("pool/"), HasSubstr(id)));
  EXPECT_THAT(Run({"backup", "verify", id, "--output", "json"}).out, HasSubstr("\"damage\""));
}

TEST_F(BackupEndToEndTest, RefusesWrongUsage) {
  const std::string id = Create();
  chairctl_.is_terminal = true;
  const ChairctlResult unconfirmed = Run({"backup", "delete", id});
  EXPECT_EQ(unconfirmed.exit_code, kUsage);
  EXPECT_THAT(unconfirmed.err, HasSubstr("--confirm"));
  chairctl_.is_terminal = false;
  EXPECT_EQ(Run({"backup"}).exit_code, kUsage);
  EXPECT_EQ(Run({"backup", "verify"}).exit_code, kUsage);
  EXPECT_EQ(Run({"backup", "verify", id, "--depth", "deep"}).exit_code, kUsage);
  EXPECT_EQ(Run({"backup", "prune"}).exit_code, kUsage);
  EXPECT_EQ(Run({"backup", "prune", "--keep-last", "x"}).exit_code, kUsage);
  EXPECT_EQ(Run({"backup", "prune", "--keep-last", "0"}).exit_code, kInvalid);
  EXPECT_EQ(Run({"backup", "verify", "../x"}).exit_code, kInvalid);
}

TEST(BackupsOff, AreToldAndNotMade) {
  TempDir directory;
  const RunningBinary server = Value(StartBinary(directory.Join("data")));
  Chairctl chairctl;
  chairctl.variables["EMPTYCHAIR_ENDPOINT"] = server.endpoint;
  const ChairctlResult made = chairctl.Run({"backup", "create"});
  EXPECT_EQ(made.exit_code, kPrecondition);
  EXPECT_THAT(made.err, HasSubstr("--backup_dir"));
}

}  // namespace
}  // namespace emptychair::testing
