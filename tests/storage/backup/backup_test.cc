// Backups of an open store, and what they are restored to.
#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/backup/check_backup.h"
#include "storage/backup/prune.h"
#include "tests/storage/harness/backup_harness.h"
#include "tests/storage/harness/recount.h"

namespace emptychair::storage {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::vector<Answer> Answers(int first, int count) {
  std::vector<Answer> answers;
  for (int i = first; i < first + count; ++i) {
    answers.push_back({.id = static_cast<uint64_t>(i),
                       .time_ms = kNoonMs + i,
                       .score = i % 11,
                       .external_id = absl::StrCat("order-", i),
                       .customer_id = absl::StrCat("customer-", i % 7),
                       .comment = absl::StrCat("comment ", i)});
  }
  return answers;
}

class BackupTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(harness_.Open());
    ASSERT_OK(CreateSurvey(store(), NpsSurvey("shop", {"channel"})).error);
  }

  Store& store() { return harness_.store(); }

  std::string MakeBackup() {
    const absl::StatusOr<BackupManifest> manifest = backups_.Backup(store());
    EXPECT_OK(manifest);
    EXPECT_OK(backups_.WriteLedger(store()));
    return manifest.ok() ? manifest->header.backup_id() : "";
  }

  StoreHarness harness_{Place::kDisk};
  BackupHarness backups_;
};

TEST_F(BackupTest, RestoresWhatTheStoreHeldAndNothingThatCameLater) {
  Submit(store(), Answers(0, 200));
  ASSERT_OK(backups_.Backup(store()));
  ASSERT_OK(backups_.WriteLedger(store()));
  const DatabaseDump held = harness_.Dump();
  Submit(store(), Answers(200, 50));
  const std::string folder = backups_.NewFolder();
  const absl::StatusOr<RestoreReport> report = backups_.RestoreTo(folder);
  ASSERT_OK(report);
  EXPECT_EQ(report->verified.difference_count, 0);
  EXPECT_EQ(report->sequence, 201);
  const DatabaseDump restored = DumpOf(folder);
  EXPECT_EQ(ContentOf(restored), ContentOf(held));
  EXPECT_THAT(FindFaults(restored), IsEmpty());
}

TEST_F(BackupTest, OfAStoreUnderLoadHoldsAWholeNumberOfGroups) {
  Submit(store(), Answers(0, 100));
  std::atomic<bool> stops = false;
  std::thread sender([&] {
    for (int i = 1; !stops; ++i) {
      Submit(store(), Answers(1'000 * i, 30));
    }
  });
  std::vector<std::string> ids;
  for (int i = 0; i < 4; ++i) {
    const uint64_t before = store().view()->counters.sequence();
    const absl::StatusOr<BackupManifest> manifest = backups_.Backup(store());
    ASSERT_OK(manifest);
    EXPECT_GE(manifest->header.sequence(), before);
    ids.push_back(manifest->header.backup_id());
  }
  stops = true;
  sender.join();
  ASSERT_OK(backups_.WriteLedger(store()));
  for (const std::string& id : ids) {
    const std::string folder = backups_.NewFolder();
    const absl::StatusOr<RestoreReport> report = backups_.RestoreTo(folder, id);
    ASSERT_OK(report);
    EXPECT_EQ(report->sequence, report->backup.sequence());
    EXPECT_EQ((report->sequence - 101) % 30, 0);
    EXPECT_THAT(FindFaults(DumpOf(folder)), IsEmpty());
  }
}

TEST_F(BackupTest, SharesTablesWithTheOneBefore) {
  Submit(store(), Answers(0, 500));
  const absl::StatusOr<BackupManifest> first = backups_.Backup(store());
  ASSERT_OK(first);
  EXPECT_EQ(first->header.new_bytes(), first->header.total_bytes());
  const absl::StatusOr<BackupManifest> idle = backups_.Backup(store());
  ASSERT_OK(idle);
  std::map<std::string, std::string> before;
  for (const store::v1::BackupFile& file : first->files) {
    before[file.name()] = file.sha256();
  }
  uint64_t tables = 0;
  for (const store::v1::BackupFile& file : idle->files) {
    if (absl::EndsWith(file.name(), ".sst")) {
      ++tables;
      EXPECT_EQ(file.sha256(), before[file.name()]) << file.name();
    }
  }
  EXPECT_GT(tables, 5);
  uint64_t others = 0;
  for (const store::v1::BackupFile& file : idle->files) {
    others += absl::EndsWith(file.name(), ".sst") ? 0 : file.size();
  }
  EXPECT_EQ(idle->header.new_bytes(), others);
}

TEST_F(BackupTest, KeepsPositionsUpToTheBackupAndNoLaterOnes) {
  Submit(store(), Answers(0, 10));
  const Uuid old_id = store().store_id();
  MakeBackup();
  Submit(store(), Answers(10, 10));
  const std::string folder = backups_.NewFolder();
  ASSERT_OK(backups_.RestoreTo(folder));
  const absl::StatusOr<std::unique_ptr<Store>> restored = OpenIn(folder);
  ASSERT_OK(restored);
  EXPECT_NE((*restored)->store_id(), old_id);
  EXPECT_TRUE((*restored)->SharesHistory(old_id, 11));
  EXPECT_FALSE((*restored)->SharesHistory(old_id, 12));
  EXPECT_TRUE((*restored)->SharesHistory((*restored)->store_id(), 12));
  // Sequences go on without a gap.
  EXPECT_EQ(ToText(SubmitOne(**restored, Answers(10, 1)[0])), "accepted");
  EXPECT_EQ((*restored)->view()->counters.sequence(), 12);
}

TEST_F(BackupTest, IsRefusedWhileSomebodyElseHoldsTheDirectory) {
  MakeBackup();
  const absl::StatusOr<std::unique_ptr<BackupLock>> lock = BackupLock::Take(backups_.directory());
  ASSERT_OK(lock);
  EXPECT_EQ(ReasonOf(backups_.Backup(store()).status()), v1::ERROR_REASON_BACKUP_RUNNING);
  EXPECT_EQ(ReasonOf(PruneBackups(backups_.directory(), {}, false).status()),
            v1::ERROR_REASON_BACKUP_RUNNING);
  EXPECT_EQ(ReasonOf(backups_.RestoreTo(backups_.NewFolder()).status()),
            v1::ERROR_REASON_BACKUP_RUNNING);
  const auto listed = ListBackups(backups_.directory());
  ASSERT_OK(listed);
  EXPECT_THAT(*listed, SizeIs(1));
}

TEST_F(BackupTest, IsRefusedInADirectoryOfOtherFiles) {
  std::filesystem::create_directory(backups_.directory().path());
  std::ofstream(backups_.directory().path() + "/letter.txt") << "dear";
  const absl::Status made = backups_.directory().Make();
  EXPECT_EQ(made.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(made.message(), HasSubstr("letter.txt"));
  EXPECT_FALSE(std::filesystem::exists(backups_.directory().path() + "/pool"));
}

TEST_F(BackupTest, ItsDirectoryIsMadeByManyAtOnce) {
  for (int round = 0; round < 50; ++round) {
    testing::TempDir temp_dir;
    const BackupDirectory directory(rocksdb::Env::Default(), temp_dir.Join("backups"));
    std::vector<std::thread> makers;
    for (int i = 0; i < 4; ++i) {
      makers.emplace_back([&] { EXPECT_OK(directory.Make()); });
    }
    for (std::thread& maker : makers) {
      maker.join();
    }
    EXPECT_OK(directory.Check());
  }
}

TEST_F(BackupTest, OfANewerVersionIsRefused) {
  ASSERT_OK(backups_.directory().Make());
  std::filesystem::remove(backups_.directory().path() + "/format");
  std::ofstream(backups_.directory().path() + "/format") << "emptychair-backup 2\n";
  EXPECT_THAT(backups_.Backup(store()).status().message(), HasSubstr("newer version"));
}

TEST_F(BackupTest, LeavesNothingWhenTheCallbackEndsItAndTheStoreGoesOn) {
  Submit(store(), Answers(0, 300));
  ASSERT_OK(backups_.directory().Make());
  for (int calls_left : {0, 1, 5, 20}) {
    BackupOptions options;
    options.backup_id = NewBackupId(absl::FromUnixMillis(kNoonMs));
    const auto end = [&](const BackupProgress&) {
      return calls_left-- > 0 ? absl::OkStatus() : ShuttingDownError();
    };
    EXPECT_EQ(ReasonOf(store().CreateBackup(backups_.directory(), options, end).status()),
              v1::ERROR_REASON_SHUTTING_DOWN);
    const auto listed = ListBackups(backups_.directory());
    ASSERT_OK(listed);
    EXPECT_THAT(*listed, IsEmpty());
  }
  EXPECT_EQ(ToText(SubmitOne(store(), Answers(300, 1)[0])), "accepted");
  MakeBackup();
  ASSERT_OK(backups_.RestoreTo(backups_.NewFolder()));
}

TEST_F(BackupTest, NamesTheTableOfTheStoreThatIsDamaged) {
  Submit(store(), Answers(0, 2'000));
  ASSERT_OK(store().Flush());
  std::string name;
  for (const auto& file : std::filesystem::directory_iterator(harness_.DatabasePath())) {
    if (file.path().extension() == ".sst" &&
        (name.empty() || file.file_size() > std::filesystem::file_size(name))) {
      name = file.path();
    }
  }
  std::fstream file(name, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(50);
  const char byte = static_cast<char>(file.get() ^ 4);
  file.seekp(50);
  file.put(byte);
  file.close();
  const absl::Status failed = backups_.Backup(store()).status();
  EXPECT_EQ(ReasonOf(failed), v1::ERROR_REASON_STORE_DAMAGED);
  EXPECT_THAT(failed.message(), HasSubstr(std::filesystem::path(name).filename().string()));
  EXPECT_THAT(*ListBackups(backups_.directory()), IsEmpty());
}

TEST_F(BackupTest, MissesNoFileWhileTablesAreRewritten) {
  std::atomic<bool> stops = false;
  std::thread compactor([&] {
    for (int i = 0; !stops; ++i) {
      Submit(store(), Answers(i * 100, 20));
      std::atomic<bool> stop = false;
      EXPECT_OK(store().Compact(&stop, [](const TaskProgress&) { return absl::OkStatus(); }));
    }
  });
  for (int i = 0; i < 10; ++i) {
    EXPECT_NE(MakeBackup(), "");
  }
  stops = true;
  compactor.join();
  const absl::StatusOr<std::vector<ListedBackup>> listed = ListBackups(backups_.directory());
  ASSERT_OK(listed);
  EXPECT_THAT(*listed, SizeIs(10));
  for (const ListedBackup& backup : *listed) {
    EXPECT_EQ(*CheckFiles(backups_.directory(), backup.manifest, 0, GoOn, PassOver), 0);
    EXPECT_OK(CheckOpens(backups_.directory(), backup.manifest));
  }
}

TEST_F(BackupTest, IsRestoredIntoANewFolderAlone) {
  MakeBackup();
  const std::string folder = backups_.NewFolder();
  std::filesystem::create_directory(folder);
  std::ofstream(folder + "/something") << "of others";
  const absl::Status refused = backups_.RestoreTo(folder).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(refused.message(), HasSubstr(folder));
  EXPECT_EQ(backups_.RestoreTo(harness_.directory()).status().code(),
            absl::StatusCode::kFailedPrecondition);
  std::filesystem::remove(folder + "/something");
  ASSERT_OK(backups_.RestoreTo(folder));  // An empty one.
  EXPECT_FALSE(std::filesystem::exists(folder + ".restoring"));
}

TEST_F(BackupTest, IsNotRestoredUnderAnOlderVersion) {
  absl::StatusOr<BackupManifest> manifest = backups_.Backup(store());
  ASSERT_OK(manifest);
  const std::string path = backups_.directory().ManifestPath(manifest->header.backup_id());
  manifest->header.set_store_format(kFormatVersion + 1);
  ASSERT_OK(WriteManifest(backups_.directory(), *manifest));
  EXPECT_THAT(backups_.RestoreTo(backups_.NewFolder()).status().message(),
              HasSubstr("knows formats up to"));
  manifest->header.set_store_format(kFormatVersion);
  manifest->header.set_rocksdb_version("99.1.0");
  ASSERT_OK(WriteManifest(backups_.directory(), *manifest));
  EXPECT_THAT(backups_.RestoreTo(backups_.NewFolder()).status().message(),
              HasSubstr("RocksDB 99.1.0"));
}

TEST_F(BackupTest, IsNotFoundByAnyOtherText) {
  MakeBackup();
  for (const char* id : {"", "x", "../../etc", "20240131T120000Z-1a2b3c4",
                         "20240131T120000Z-1A2B3C4D", "20240131T120000Z-1a2b3c4d/", "latest "}) {
    EXPECT_EQ(ReasonOf(FindBackup(backups_.directory(), id).status()),
              v1::ERROR_REASON_FIELD_INVALID)
        << id;
  }
  EXPECT_EQ(ReasonOf(FindBackup(backups_.directory(), "20240131T120000Z-1a2b3c4d").status()),
            v1::ERROR_REASON_BACKUP_NOT_FOUND);
}

// Lists names of which somebody removes one before it is read.
class RemovingEnv final : public rocksdb::EnvWrapper {
 public:
  RemovingEnv() : EnvWrapper(rocksdb::Env::Default()) {}
  rocksdb::Status GetChildren(const std::string& path, std::vector<std::string>* names) override {
    const rocksdb::Status listed = target()->GetChildren(path, names);
    names->push_back("20240131T120000Z-1a2b3c4d.jsonl");
    return listed;
  }
};

TEST_F(BackupTest, ThatIsRemovedWhileTheyAreListedIsNoDamagedOne) {
  const std::string id = MakeBackup();
  RemovingEnv env;
  const auto listed = ListBackups(BackupDirectory(&env, backups_.directory().path()));
  ASSERT_OK(listed);
  ASSERT_THAT(*listed, SizeIs(1));
  EXPECT_EQ(listed->front().backup_id, id);
}

TEST_F(BackupTest, RecountsAsTheStoreItIsOf) {
  Submit(store(), Answers(0, 100));
  const absl::StatusOr<BackupManifest> manifest = backups_.Backup(store());
  ASSERT_OK(manifest);
  const absl::StatusOr<VerifySummary> summary = RecountBackup(
      backups_.directory(), *manifest, [](const TaskProgress&) { return absl::OkStatus(); },
      [](const Difference&) { return absl::OkStatus(); });
  ASSERT_OK(summary);
  EXPECT_EQ(summary->difference_count, 0);
  EXPECT_EQ(summary->records, 100);
  // The pool was not written to by it.
  EXPECT_EQ(*CheckFiles(backups_.directory(), *manifest, 0, GoOn, PassOver), 0);
}

}  // namespace
}  // namespace emptychair::storage
