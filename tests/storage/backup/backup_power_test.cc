// Backups whose disk fails, fills up, or loses power, or whose process is killed at each step.
//
// EMPTYCHAIR_FAULT_STRIDE=1 lets each operation be the one at which it is killed; else one in so
// many.
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/backup/check_backup.h"
#include "storage/backup/prune.h"
#include "tests/helpers/count.h"
#include "tests/helpers/fault_file_system.h"
#include "tests/helpers/unsynced_loss_file_system.h"
#include "tests/storage/harness/backup_harness.h"

namespace emptychair::storage {
namespace {

using testing::Fault;
using testing::FaultFileSystem;
using testing::UnsyncedLossFileSystem;

class BackupPowerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(harness_.Open());
    ASSERT_OK(CreateSurvey(harness_.store(), NpsSurvey("shop")).error);
    Change();
  }

  // Makes the next backup another one than the last.
  void Change() {
    for (int i = 0; i < 5; ++i) {
      SubmitOne(harness_.store(), {.id = next_id_++, .score = 7, .customer_id = "ann"});
    }
  }

  // A backup in `directory`, whatever becomes of it.
  absl::Status Try(const BackupDirectory& directory) {
    RETURN_IF_ERROR(directory.Make());
    BackupOptions options;
    options.backup_id =
        NewBackupId(absl::FromUnixMillis(kNoonMs) + absl::Seconds(static_cast<int64_t>(next_id_)));
    return harness_.store().CreateBackup(directory, options, GoOn).status();
  }

  // Every backup that is listed is whole and opens.
  void ExpectWhole(const BackupDirectory& directory) {
    if (!directory.Check().ok()) {
      return;  // Not even the directory was made.
    }
    const absl::StatusOr<std::unique_ptr<BackupLock>> lock = BackupLock::Take(directory);
    ASSERT_OK(lock);
    const absl::StatusOr<std::vector<ListedBackup>> listed = ListBackups(directory);
    ASSERT_OK(listed);
    for (const ListedBackup& backup : *listed) {
      EXPECT_EQ(backup.damage, "");
      EXPECT_EQ(*CheckFiles(directory, backup.manifest, 0, GoOn, PassOver), 0);
      EXPECT_OK(CheckOpens(directory, backup.manifest));
    }
  }

  // The pool has the files of what is listed, and no others.
  static void ExpectNoOrphans(const BackupDirectory& directory) {
    const absl::StatusOr<std::vector<ListedBackup>> listed = ListBackups(directory);
    ASSERT_OK(listed);
    std::set<std::string> used;
    for (const ListedBackup& backup : *listed) {
      for (const store::v1::BackupFile& file : backup.manifest.files) {
        used.insert(directory.PoolPath(file.sha256()));
      }
    }
    std::set<std::string> there;
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(directory.PoolFolder())) {
      if (entry.is_regular_file()) {
        there.insert(entry.path());
      }
    }
    EXPECT_EQ(there, used);
  }

  StoreHarness harness_{Place::kDisk};
  uint64_t next_id_ = 0;
};

TEST_F(BackupPowerTest, LosesNoListedBackupAtAnyCut) {
  testing::TempDir temp_dir;
  int64_t cut_at = 1;
  for (bool was_cut = true; was_cut; cut_at += 1) {
    auto files = std::make_shared<UnsyncedLossFileSystem>();
    const std::unique_ptr<rocksdb::Env> env = rocksdb::NewCompositeEnv(files);
    const BackupDirectory directory(env.get(), temp_dir.Join(absl::StrCat("cut", cut_at)));
    ASSERT_OK(Try(directory));
    Change();
    files->CutPowerAtSync(cut_at);
    was_cut = !Try(directory).ok();
    files->CutPower();
    const rocksdb::Status lost = files->LoseUnsynced();
    ASSERT_TRUE(lost.ok()) << lost.ToString();
    const BackupDirectory after(rocksdb::Env::Default(), directory.path());
    const absl::StatusOr<std::vector<ListedBackup>> listed = ListBackups(after);
    ASSERT_OK(listed);
    // The first is there whatever happens, the second once it was told to be.
    EXPECT_EQ(listed->size(), was_cut ? 1 : 2) << "cut at sync " << cut_at;
    ExpectWhole(after);
  }
  EXPECT_GT(cut_at, 10);
}

// What was done stays, and nothing is done after: not even what tidies up.
TEST_F(BackupPowerTest, KilledBetweenAnyTwoOperationsLeavesWholeBackupsAndWhatPruneRemoves) {
  testing::TempDir temp_dir;
  auto files = std::make_shared<FaultFileSystem>();
  const std::unique_ptr<rocksdb::Env> env = rocksdb::NewCompositeEnv(files);
  const BackupDirectory dying(env.get(), temp_dir.Join("backups"));
  const BackupDirectory directory(rocksdb::Env::Default(), dying.path());
  ASSERT_OK(Try(dying));
  const int stride = testing::CountFromEnvOr("EMPTYCHAIR_FAULT_STRIDE", 13);
  int kills = 0;
  bool was_reached = true;
  for (int64_t at = 1; was_reached; at += stride) {
    SCOPED_TRACE(absl::StrCat("killed at operation ", at));
    Change();
    const size_t before = ListBackups(directory)->size();
    const int64_t operations = files->operations();
    files->FailAt(at, Fault::kGone);
    const absl::Status made = Try(dying);
    was_reached = files->operations() - operations >= at;
    files->Mend();
    files->FailAt(INT64_MAX / 2, Fault::kGone);
    kills += made.ok() ? 0 : 1;
    const absl::StatusOr<std::vector<ListedBackup>> listed = ListBackups(directory);
    ASSERT_OK(listed);
    // It can be there without having been told to be, never the other way round.
    EXPECT_GE(listed->size(), before + (made.ok() ? 1 : 0));
    EXPECT_LE(listed->size(), before + 1);
    ExpectWhole(directory);
    const absl::StatusOr<PruneResult> pruned =
        PruneBackups(directory, {.keep_last = 1 + kills % 3}, false);
    ASSERT_OK(pruned);
    EXPECT_EQ(pruned->not_swept, "");
    ExpectNoOrphans(directory);
    // The next has as much to do as this one.
    ASSERT_OK(Try(directory));
  }
  ExpectWhole(directory);
  const std::unique_ptr<BackupLock> lock = *BackupLock::Take(directory);
  const absl::StatusOr<std::vector<ListedBackup>> last = ListBackups(directory);
  ASSERT_OK(last);
  for (const ListedBackup& backup : *last) {
    const absl::StatusOr<VerifySummary> recounted = RecountBackup(
        directory, backup.manifest, [](const TaskProgress&) { return absl::OkStatus(); },
        [](const Difference&) { return absl::OkStatus(); });
    ASSERT_OK(recounted);
    EXPECT_EQ(recounted->difference_count, 0);
  }
  EXPECT_GT(kills, 60 / stride);
}

TEST_F(BackupPowerTest, FailsAloneWhenAnyOperationFails) {
  testing::TempDir temp_dir;
  for (const Fault fault : {Fault::kIoError, Fault::kNoSpace, Fault::kNoSpaceForGood}) {
    auto files = std::make_shared<FaultFileSystem>();
    const std::unique_ptr<rocksdb::Env> env = rocksdb::NewCompositeEnv(files);
    const BackupDirectory directory(env.get(),
                                    temp_dir.Join(absl::StrCat("fault", static_cast<int>(fault))));
    ASSERT_OK(Try(directory));
    bool was_reached = true;
    int failures = 0;
    // A part of all operations: most are copies of files.
    for (int64_t at = 1; was_reached; at += at < 30 ? 3 : 29) {
      Change();
      const int64_t before = files->operations();
      files->FailAt(at, fault);
      const absl::Status made = Try(directory);
      was_reached = files->operations() - before >= at;
      EXPECT_TRUE(was_reached || made.ok()) << made;
      if (!made.ok() && fault != Fault::kIoError) {
        EXPECT_EQ(ReasonOf(made), v1::ERROR_REASON_BACKUP_DISK_FULL) << at << ": " << made;
      }
      files->Mend();
      failures += made.ok() ? 0 : 1;
      files->FailAt(INT64_MAX / 2, fault);
      ASSERT_OK(PruneBackups(directory, {.keep_last = 1}, false));
      // The store goes on, and so does the directory.
      EXPECT_EQ(ToText(SubmitOne(harness_.store(), {.id = next_id_++, .score = 3})), "accepted");
    }
    EXPECT_GT(failures, 8);
    ExpectWhole(directory);
    const absl::StatusOr<PruneResult> pruned = PruneBackups(directory, {.keep_last = 1}, false);
    ASSERT_OK(pruned);
    EXPECT_EQ(pruned->not_swept, "");
    ExpectWhole(directory);
  }
}

TEST_F(BackupPowerTest, ARestoreThatIsCutShortLeavesNoStoreAndCanBeRunAgain) {
  BackupHarness backups;
  ASSERT_OK(backups.Backup(harness_.store()));
  ASSERT_OK(Erase(harness_.store(), {.id = 0}).error);
  ASSERT_OK(backups.WriteLedger(harness_.store()));
  RestoreOptions options;
  options.data_directory = backups.NewFolder();
  options.time = absl::FromUnixMillis(kNoonMs);
  int cuts = 0;
  for (bool is_cut = true; is_cut; cuts += is_cut ? 1 : 0) {
    int calls = 0;
    const auto end = [&](const BackupProgress&) {
      return ++calls > cuts * 7 ? ShuttingDownError() : absl::OkStatus();
    };
    const absl::StatusOr<RestoreReport> report =
        Restore(backups.directory(), options, end, PassOver);
    is_cut = !report.ok();
    EXPECT_EQ(rocksdb::Env::Default()->FileExists(options.data_directory).ok(), !is_cut);
  }
  EXPECT_GT(cuts, 3);
  EXPECT_OK(OpenIn(options.data_directory));
}

TEST_F(BackupPowerTest, ARestoreThatMeetsAnErrorOfTheDiskLeavesNoStore) {
  BackupHarness backups;
  ASSERT_OK(backups.Backup(harness_.store()));
  ASSERT_OK(Erase(harness_.store(), {.id = 0}).error);
  ASSERT_OK(backups.WriteLedger(harness_.store()));
  auto files = std::make_shared<FaultFileSystem>();
  const std::unique_ptr<rocksdb::Env> env = rocksdb::NewCompositeEnv(files);
  const BackupDirectory directory(env.get(), backups.directory().path());
  RestoreOptions options;
  options.time = absl::FromUnixMillis(kNoonMs);
  options.data_directory = backups.NewFolder();
  // Until the store is opened: from then on its own tests are about its disk.
  std::optional<int64_t> copies;
  ASSERT_OK(Restore(
      directory, options,
      [&](const BackupProgress& progress) {
        if (progress.phase == "open" && !copies.has_value()) {
          copies = files->operations();
        }
        return absl::OkStatus();
      },
      PassOver));
  ASSERT_GT(*copies, 30);
  for (int64_t at = 1; at <= *copies; at += 7) {
    options.data_directory = backups.NewFolder();
    files->FailAt(at, Fault::kIoError);
    EXPECT_FALSE(Restore(directory, options, GoOn, PassOver).ok()) << at;
    EXPECT_FALSE(rocksdb::Env::Default()->FileExists(options.data_directory).ok()) << at;
  }
}

TEST_F(BackupPowerTest, WhatStopsABackupLeavesIsRemovedByPrune) {
  testing::TempDir temp_dir;
  const BackupDirectory directory(rocksdb::Env::Default(), temp_dir.Join("backups"));
  ASSERT_OK(Try(directory));
  Change();
  BackupOptions options;
  options.backup_id = NewBackupId(absl::FromUnixMillis(kNoonMs));
  const auto end_late = [](const BackupProgress& progress) {
    return progress.phase == "open" ? ShuttingDownError() : absl::OkStatus();
  };
  ASSERT_FALSE(harness_.store().CreateBackup(directory, options, end_late).ok());
  const absl::StatusOr<PruneResult> dry = PruneBackups(directory, {}, /*dry_run=*/true);
  ASSERT_OK(dry);
  EXPECT_GT(dry->files_removed, 0);
  const absl::StatusOr<PruneResult> pruned = PruneBackups(directory, {}, /*dry_run=*/false);
  ASSERT_OK(pruned);
  EXPECT_EQ(pruned->files_removed, dry->files_removed);
  EXPECT_EQ(PruneBackups(directory, {}, false)->files_removed, 0);
  ExpectWhole(directory);
}

}  // namespace
}  // namespace emptychair::storage
