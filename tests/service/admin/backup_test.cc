// The methods about backups, over the wire, on a server in the test's process.
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/testing/in_process_server.h"
#include "common/base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/server.h"
#include "server/telemetry/server_log.h"
#include "storage/restore/restore.h"
#include "tests/helpers/status_matchers.h"
#include "tests/helpers/temp_dir.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"

namespace emptychair::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kNoBackup[] = "20240131T120000Z-1a2b3c4d";

// How a call about backups ended, with all of its messages.
template <typename Response>
struct Ended {
  absl::Status status;
  std::vector<Response> messages;
};

template <typename Response>
Ended<Response> ReadAll(ResultRange<Response> range) {
  Ended<Response> ended;
  for (const absl::StatusOr<Response>& message : range) {
    if (message.ok()) {
      ended.messages.push_back(*message);
    } else {
      ended.status = message.status();
    }
  }
  return ended;
}

class BackupServiceTest : public ::testing::Test {
 protected:
  void Start(int64_t bytes_per_second = 0, bool with_backups = true) {
    server_.reset();
    ServerConfig config = InProcessConfig(data_);
    config.backup_directory = with_backups ? backups_ : "";
    config.backup_bytes_per_second = bytes_per_second;
    absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(config, &log_);
    ASSERT_OK(server);
    server_ = *std::move(server);
    client_.emplace(MakeClient(server_->address()));
  }

  void AddAnswers(int first, int count) {
    if (first == 0) {
      ASSERT_OK(client_->CreateSurvey(NpsSurvey("pulse")));
    }
    for (int i = first; i < first + count; ++i) {
      v1::Feedback feedback;
      feedback.set_survey_id("pulse");
      feedback.set_external_id(absl::StrCat("order-", i));
      feedback.set_score(9);
      ASSERT_OK(client_->SubmitFeedback(feedback));
    }
  }

  // Makes a backup; answers its name.
  std::string Create() {
    const auto ended = ReadAll(client_->CreateBackup());
    EXPECT_OK(ended.status);
    EXPECT_TRUE(!ended.messages.empty() && ended.messages.back().has_backup());
    EXPECT_TRUE(ended.messages.front().has_progress());
    return ended.messages.empty() ? "" : ended.messages.back().backup().backup_id();
  }

  std::vector<v1::Backup> List() {
    const auto listed = client_->ListBackups();
    EXPECT_OK(listed);
    return {listed->backups().begin(), listed->backups().end()};
  }

  Ended<v1::VerifyBackupResponse> Verify(const std::string& id, v1::BackupCheckDepth depth) {
    v1::VerifyBackupRequest request;
    request.set_backup_id(id);
    request.set_depth(depth);
    return ReadAll(client_->VerifyBackup(request));
  }

  absl::Status Delete(const std::string& id, const std::string& confirm) {
    v1::DeleteBackupRequest request;
    request.set_backup_id(id);
    request.set_confirm_backup_id(confirm);
    return client_->DeleteBackup(request).status();
  }

  v1::BackupStatus Status() {
    const auto status = client_->GetStatus();
    EXPECT_OK(status);
    return status->backup();
  }

  // Looks again and again until `holds` does.
  template <typename Condition>
  void Await(Condition holds) {
    const absl::Time end = absl::Now() + kLong;
    while (!holds() && absl::Now() < end) {
    }
    EXPECT_TRUE(holds());
  }

  TempDir dir_;
  const std::string data_ = dir_.Join("data");
  const std::string backups_ = dir_.Join("backups");
  ServerLog log_{Clock::System(), [](absl::string_view) {}};
  std::unique_ptr<Server> server_;
  std::optional<Client> client_;
};

TEST_F(BackupServiceTest, MakesListsChecksAndDeletesBackups) {
  Start();
  AddAnswers(0, 20);
  EXPECT_THAT(List(), IsEmpty());
  EXPECT_FALSE(Status().has_last());
  const std::string first = Create();
  AddAnswers(20, 5);
  const std::string second = Create();
  const std::vector<v1::Backup> listed = List();
  ASSERT_THAT(listed, SizeIs(2));
  EXPECT_EQ(Status().last().backup_id(), second);
  for (const v1::Backup& backup : listed) {
    EXPECT_TRUE(backup.is_of_this_store());
    EXPECT_EQ(backup.sequence(), backup.backup_id() == first ? 21 : 26);
    EXPECT_GT(backup.total_bytes(), 0);
    EXPECT_LE(backup.new_bytes(), backup.total_bytes());
    EXPECT_EQ(backup.damage(), "");
  }
  for (const auto depth : {v1::BACKUP_CHECK_DEPTH_UNSPECIFIED, v1::BACKUP_CHECK_DEPTH_FILES,
                           v1::BACKUP_CHECK_DEPTH_OPEN, v1::BACKUP_CHECK_DEPTH_RECOUNT}) {
    const auto checked = Verify(first, depth);
    ASSERT_OK(checked.status);
    ASSERT_TRUE(checked.messages.back().has_summary());
    const v1::VerifyBackupSummary& summary = checked.messages.back().summary();
    EXPECT_EQ(summary.damage_count(), 0);
    EXPECT_EQ(summary.backup().backup_id(), first);
    EXPECT_EQ(summary.has_recount(), depth == v1::BACKUP_CHECK_DEPTH_RECOUNT);
    EXPECT_EQ(summary.recount().records(), summary.has_recount() ? 20 : 0);
    EXPECT_EQ(summary.recount().difference_count(), 0);
  }
  ASSERT_OK(Delete(first, first));
  EXPECT_THAT(List(), SizeIs(1));
  v1::PruneBackupsRequest prune;
  prune.set_keep_last(1);
  const auto pruned = client_->PruneBackups(prune);
  ASSERT_OK(pruned);
  EXPECT_THAT(pruned->removed_backup_ids(), IsEmpty());
  EXPECT_THAT(pruned->kept_backup_ids(), ElementsAre(second));
  Start();  // Finds the newest again.
  EXPECT_EQ(Status().last().backup_id(), second);
}

TEST_F(BackupServiceTest, RefusesWhatIsNoName) {
  Start();
  AddAnswers(0, 1);
  const std::string id = Create();
  for (const char* bad : {"x", "../../data", "latest", "20240131T120000Z-1A2B3C4D"}) {
    const absl::Status verified = Verify(bad, v1::BACKUP_CHECK_DEPTH_FILES).status;
    EXPECT_EQ(ReasonOf(verified), v1::ERROR_REASON_FIELD_INVALID) << bad;
    EXPECT_THAT(FieldsOf(verified), ElementsAre("backup_id"));
    EXPECT_THAT(FieldsOf(Delete(bad, bad)), ElementsAre("backup_id"));
  }
  EXPECT_EQ(ReasonOf(Verify("", v1::BACKUP_CHECK_DEPTH_FILES).status),
            v1::ERROR_REASON_FIELD_REQUIRED);
  EXPECT_THAT(FieldsOf(Verify(id, static_cast<v1::BackupCheckDepth>(9)).status),
              ElementsAre("depth"));
  EXPECT_EQ(ReasonOf(Verify(kNoBackup, v1::BACKUP_CHECK_DEPTH_FILES).status),
            v1::ERROR_REASON_BACKUP_NOT_FOUND);
  EXPECT_EQ(ReasonOf(Delete(kNoBackup, kNoBackup)), v1::ERROR_REASON_BACKUP_NOT_FOUND);
  EXPECT_THAT(FieldsOf(Delete(id, "")), ElementsAre("confirm_backup_id"));
  EXPECT_THAT(FieldsOf(Delete(id, kNoBackup)), ElementsAre("confirm_backup_id"));
  EXPECT_EQ(ReasonOf(Delete(id, id)), v1::ERROR_REASON_FIELD_INVALID);  // The newest.
  for (const auto& [last, daily, weekly, field] :
       std::vector<std::tuple<int, int, int, std::string>>{{0, 1, 1, "keep_last"},
                                                           {-1, 0, 0, "keep_last"},
                                                           {10'001, 0, 0, "keep_last"},
                                                           {1, -1, 0, "keep_daily"},
                                                           {1, 0, 10'001, "keep_weekly"}}) {
    v1::PruneBackupsRequest prune;
    prune.set_keep_last(last);
    prune.set_keep_daily(daily);
    prune.set_keep_weekly(weekly);
    EXPECT_THAT(FieldsOf(client_->PruneBackups(prune).status()), ElementsAre(field));
  }
  EXPECT_THAT(List(), SizeIs(1));
}

TEST_F(BackupServiceTest, AreOffWithoutADirectory) {
  Start(/*bytes_per_second=*/0, /*with_backups=*/false);
  EXPECT_EQ(ReasonOf(ReadAll(client_->CreateBackup()).status), v1::ERROR_REASON_BACKUPS_OFF);
  EXPECT_EQ(ReasonOf(client_->ListBackups().status()), v1::ERROR_REASON_BACKUPS_OFF);
  EXPECT_EQ(ReasonOf(Verify(kNoBackup, v1::BACKUP_CHECK_DEPTH_FILES).status),
            v1::ERROR_REASON_BACKUPS_OFF);
  EXPECT_EQ(ReasonOf(Delete(kNoBackup, kNoBackup)), v1::ERROR_REASON_BACKUPS_OFF);
  v1::PruneBackupsRequest prune;
  prune.set_keep_last(1);
  EXPECT_EQ(ReasonOf(client_->PruneBackups(prune).status()), v1::ERROR_REASON_BACKUPS_OFF);
  EXPECT_FALSE(client_->GetStatus()->has_backup());
}

TEST_F(BackupServiceTest, NamesTheFileThatIsDamaged) {
  Start();
  AddAnswers(0, 5);
  const std::string id = Create();
  std::string damaged;
  for (const auto& file : std::filesystem::recursive_directory_iterator(backups_ + "/pool")) {
    if (file.is_regular_file() && file.file_size() > 0) {
      damaged = file.path();
    }
  }
  std::filesystem::permissions(damaged, std::filesystem::perms::owner_all);
  std::ofstream(damaged, std::ios::app) << "x";
  const auto checked = Verify(id, v1::BACKUP_CHECK_DEPTH_RECOUNT);
  ASSERT_OK(checked.status);
  int named = 0;
  for (const v1::VerifyBackupResponse& message : checked.messages) {
    if (message.has_damage()) {
      ++named;
      EXPECT_EQ(backups_ + "/" + message.damage().file(), damaged);
      EXPECT_THAT(message.damage().backup_ids(), ElementsAre(id));
    }
  }
  EXPECT_EQ(named, 1);
  EXPECT_EQ(checked.messages.back().summary().damage_count(), 1);
  EXPECT_FALSE(checked.messages.back().summary().has_recount());
}

TEST_F(BackupServiceTest, RunsOneAtATimeAndGoesOnWithoutItsCaller) {
  Start(/*bytes_per_second=*/40'000);
  AddAnswers(0, 20);
  std::string running;
  {
    ResultRange<v1::CreateBackupResponse> range = client_->CreateBackup();
    ASSERT_OK(*range.begin());
    Await([&] { return !Status().running_backup_id().empty(); });
    running = Status().running_backup_id();
    const absl::Status second = ReadAll(client_->CreateBackup()).status;
    EXPECT_EQ(ReasonOf(second), v1::ERROR_REASON_BACKUP_RUNNING);
    EXPECT_EQ(MetadataOf(second).at("backup_id"), running);
    EXPECT_EQ(client_->GetStatus()->maintenance().name(), "CreateBackup");
    // The caller leaves.
  }
  Await([&] { return Status().last().backup_id() == running; });
  EXPECT_EQ(Status().running_backup_id(), "");
  EXPECT_THAT(List(), SizeIs(1));
}

TEST_F(BackupServiceTest, EndsWithTheServerAndLeavesNothing) {
  Start(/*bytes_per_second=*/5'000);
  AddAnswers(0, 20);
  ResultRange<v1::CreateBackupResponse> range = client_->CreateBackup();
  ASSERT_OK(*range.begin());
  Await([&] { return !Status().running_backup_id().empty(); });
  server_->Shutdown(absl::Now());
  Start();
  EXPECT_THAT(List(), IsEmpty());
  Create();
}

TEST_F(BackupServiceTest, GoesOnInADirectoryThatWasTakenAway) {
  Start();
  AddAnswers(0, 2);
  v1::EraseFeedbackRequest erase;
  erase.set_survey_id("pulse");
  erase.set_external_id("order-1");
  ASSERT_OK(client_->EraseFeedback(erase));
  Await([&] { return Status().ledger_behind() == 0; });
  std::filesystem::remove_all(backups_);
  std::ofstream(backups_) << "in the way";  // Nothing can be made there.
  Await([&] { return Status().ledger_behind() == 1; });
  EXPECT_FALSE(ReadAll(client_->CreateBackup()).status.ok());
  AddAnswers(2, 1);  // The server goes on.
  std::filesystem::remove(backups_);
  Await([&] { return Status().ledger_behind() == 0; });
  const std::string id = Create();
  EXPECT_OK(Verify(id, v1::BACKUP_CHECK_DEPTH_OPEN).status);
  server_.reset();
  const storage::BackupDirectory directory(nullptr, backups_);
  storage::RestoreOptions options;
  options.data_directory = dir_.Join("restored");
  options.time = absl::Now();
  const auto restored = storage::Restore(
      directory, options, [](const storage::BackupProgress&) { return absl::OkStatus(); },
      [](const storage::BackupDamage&) { return absl::OkStatus(); });
  ASSERT_OK(restored);
  EXPECT_EQ(restored->held, 1);
}

TEST_F(BackupServiceTest, ErasedStaysErasedInWhatIsRestored) {
  Start();
  AddAnswers(0, 3);
  Create();
  AddAnswers(3, 1);
  for (const char* order : {"order-1", "order-3"}) {
    v1::EraseFeedbackRequest erase;
    erase.set_survey_id("pulse");
    erase.set_external_id(order);
    ASSERT_OK(client_->EraseFeedback(erase));
  }
  Await([&] { return Status().ledger_behind() == 0; });
  server_.reset();
  std::filesystem::remove_all(data_);

  const storage::BackupDirectory directory(nullptr, backups_);
  storage::RestoreOptions options;
  options.data_directory = data_;
  options.time = absl::Now();
  const auto restored = storage::Restore(
      directory, options, [](const storage::BackupProgress&) { return absl::OkStatus(); },
      [](const storage::BackupDamage&) { return absl::OkStatus(); });
  ASSERT_OK(restored);
  Start();
  for (int i = 0; i < 4; ++i) {
    v1::Feedback feedback;
    feedback.set_survey_id("pulse");
    feedback.set_external_id(absl::StrCat("order-", i));
    feedback.set_score(9);
    const auto sent = client_->SubmitFeedback(feedback);
    if (i == 1 || i == 3) {
      EXPECT_EQ(ReasonOf(sent.status()), v1::ERROR_REASON_ERASED) << i;
    } else {
      EXPECT_OK(sent);
    }
  }
  EXPECT_FALSE(List().front().is_of_this_store());
  Create();  // Into the same directory.
  EXPECT_TRUE(List().front().is_of_this_store());
}

}  // namespace
}  // namespace emptychair::testing
