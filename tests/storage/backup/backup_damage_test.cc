// Every damage to a backup is found, named, and not restored.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/backup/check_backup.h"
#include "storage/backup/prune.h"
#include "tests/storage/harness/backup_harness.h"

namespace emptychair::storage {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

void WriteAll(const std::string& path, const std::string& bytes) {
  std::filesystem::remove(path);  // It may not be written to.
  std::ofstream(path, std::ios::binary) << bytes;
}

class BackupDamageTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(harness_.Open());
    ASSERT_OK(CreateSurvey(harness_.store(), NpsSurvey("shop")).error);
    for (uint64_t i = 0; i < 20; ++i) {
      SubmitOne(harness_.store(), {.id = i, .score = 5, .customer_id = "ann"});
    }
    auto manifest = backups_.Backup(harness_.store());
    ASSERT_OK(manifest);
    manifest_ = *std::move(manifest);
    ASSERT_OK(backups_.WriteLedger(harness_.store()));
  }

  const std::string& id() const { return manifest_.header.backup_id(); }
  std::string PathOf(const store::v1::BackupFile& file) const {
    return backups_.directory().PoolPath(file.sha256());
  }

  // The files that the check names.
  std::vector<std::string> Damaged() {
    std::vector<std::string> files;
    const absl::StatusOr<int64_t> count =
        CheckFiles(backups_.directory(), manifest_, 0, GoOn, [&](const BackupDamage& damage) {
          EXPECT_THAT(damage.backup_ids, Contains(id()));
          files.push_back(damage.file);
          return absl::OkStatus();
        });
    EXPECT_OK(count);
    EXPECT_EQ(*count, static_cast<int64_t>(files.size()));
    return files;
  }

  void ExpectFoundAndNotRestored(const store::v1::BackupFile& file, const std::string& what) {
    const std::string name =
        absl::StrCat("pool/", file.sha256().substr(0, 2), "/", file.sha256().substr(2));
    EXPECT_THAT(Damaged(), ElementsAre(name)) << what << " " << file.name();
    const std::string folder = backups_.NewFolder();
    EXPECT_EQ(ReasonOf(backups_.RestoreTo(folder).status()), v1::ERROR_REASON_BACKUP_DAMAGED)
        << what << " " << file.name();
    EXPECT_FALSE(std::filesystem::exists(folder));
  }

  StoreHarness harness_{Place::kDisk};
  BackupHarness backups_;
  BackupManifest manifest_;
};

TEST_F(BackupDamageTest, OfAnyFileIsFoundAndNotRestored) {
  for (const store::v1::BackupFile& file : manifest_.files) {
    const std::string path = PathOf(file);
    const std::string bytes = ReadAll(path);
    ASSERT_EQ(bytes.size(), file.size());
    for (const size_t at : {size_t{0}, bytes.size() / 2, bytes.size() - 1}) {
      if (bytes.empty()) {
        break;
      }
      std::string flipped = bytes;
      flipped[at] = static_cast<char>(flipped[at] ^ 1 << at % 8);
      WriteAll(path, flipped);
      ExpectFoundAndNotRestored(file, absl::StrCat("a flipped bit at ", at, " of"));
    }
    if (!bytes.empty()) {
      WriteAll(path, bytes.substr(0, bytes.size() - 1));
      ExpectFoundAndNotRestored(file, "a byte less of");
    }
    WriteAll(path, bytes + "x");
    ExpectFoundAndNotRestored(file, "a byte more of");
    std::filesystem::remove(path);
    ExpectFoundAndNotRestored(file, "without");
    WriteAll(path, bytes);
  }
  EXPECT_THAT(Damaged(), IsEmpty());
  EXPECT_OK(backups_.RestoreTo(backups_.NewFolder()));
}

TEST_F(BackupDamageTest, OfTwoFilesIsNamedTwice) {
  const std::string first = ReadAll(PathOf(manifest_.files[0]));
  WriteAll(PathOf(manifest_.files[0]), "other bytes");
  std::filesystem::remove(PathOf(manifest_.files.back()));
  EXPECT_THAT(Damaged(), SizeIs(2));
}

TEST_F(BackupDamageTest, OfEachByteOfAManifestIsFoundAndPruneRemovesNothing) {
  const std::string path = backups_.directory().ManifestPath(id());
  const std::string bytes = ReadAll(path);
  ASSERT_OK(DecodeManifest(id(), bytes));
  for (size_t at = 0; at < bytes.size(); ++at) {
    for (const int bit : {0, 5, 7}) {
      std::string flipped = bytes;
      flipped[at] = static_cast<char>(flipped[at] ^ 1 << bit);
      EXPECT_EQ(ReasonOf(DecodeManifest(id(), flipped).status()), v1::ERROR_REASON_BACKUP_DAMAGED)
          << at;
    }
    EXPECT_FALSE(DecodeManifest(id(), bytes.substr(0, at)).ok()) << at;
  }
  EXPECT_FALSE(DecodeManifest(id(), bytes + "\n").ok());
  EXPECT_FALSE(DecodeManifest("20240131T120000Z-1a2b3c4d", bytes).ok());  // Of another name.

  WriteAll(path, bytes.substr(1));
  const auto listed = ListBackups(backups_.directory());
  ASSERT_OK(listed);
  ASSERT_THAT(*listed, SizeIs(1));
  EXPECT_NE(listed->front().damage, "");
  EXPECT_EQ(ReasonOf(backups_.RestoreTo(backups_.NewFolder()).status()),
            v1::ERROR_REASON_BACKUP_DAMAGED);
  // A second backup: now there is something that a sweep could take for unused.
  SubmitOne(harness_.store(), {.id = 99, .score = 1});
  ASSERT_OK(backups_.Backup(harness_.store()));
  const absl::StatusOr<PruneResult> pruned = PruneBackups(backups_.directory(), {}, false);
  ASSERT_OK(pruned);
  EXPECT_NE(pruned->not_swept, "");
  EXPECT_EQ(pruned->files_removed, 0);
  EXPECT_THAT(pruned->removed, IsEmpty());
  for (const store::v1::BackupFile& file : manifest_.files) {
    EXPECT_TRUE(std::filesystem::exists(PathOf(file))) << file.name();
  }
  // Once the damaged one is deleted the sweep goes on, and the second backup stays whole.
  const absl::StatusOr<PruneResult> deleted = DeleteBackup(backups_.directory(), id());
  ASSERT_OK(deleted);
  EXPECT_EQ(deleted->not_swept, "");
  EXPECT_GT(deleted->files_removed, 0);
  EXPECT_OK(backups_.RestoreTo(backups_.NewFolder()));
}

TEST_F(BackupDamageTest, OfSwappedManifestsIsFound) {
  const auto second = backups_.Backup(harness_.store());
  ASSERT_OK(second);
  const std::string first_path = backups_.directory().ManifestPath(id());
  const std::string second_path = backups_.directory().ManifestPath(second->header.backup_id());
  const std::string first = ReadAll(first_path);
  WriteAll(first_path, ReadAll(second_path));
  WriteAll(second_path, first);
  const auto listed = ListBackups(backups_.directory());
  ASSERT_OK(listed);
  for (const ListedBackup& backup : *listed) {
    EXPECT_NE(backup.damage, "") << backup.backup_id;
  }
}

TEST_F(BackupDamageTest, OfFilesOfAnotherStoreIsFound) {
  StoreHarness other(Place::kDisk);
  ASSERT_OK(other.Open());
  ASSERT_OK(CreateSurvey(other.store(), NpsSurvey("other")).error);
  const auto second = backups_.Backup(other.store());
  ASSERT_OK(second);
  BackupManifest mixed = *second;
  mixed.header.set_store_id(manifest_.header.store_id());
  ASSERT_OK(WriteManifest(backups_.directory(), mixed));
  EXPECT_EQ(ReasonOf(CheckOpens(backups_.directory(), mixed)), v1::ERROR_REASON_BACKUP_DAMAGED);
  const std::string folder = backups_.NewFolder();
  EXPECT_EQ(ReasonOf(backups_.RestoreTo(folder, mixed.header.backup_id()).status()),
            v1::ERROR_REASON_BACKUP_DAMAGED);
  EXPECT_FALSE(std::filesystem::exists(folder));
}

TEST_F(BackupDamageTest, IsHealedByABackupThatCopiesTheFileAgain) {
  // A table that is cut is copied anew, because its size is not that of the manifest.
  for (const store::v1::BackupFile& file : manifest_.files) {
    if (absl::EndsWith(file.name(), ".sst")) {
      WriteAll(PathOf(file), "cut");
    }
  }
  EXPECT_THAT(Damaged(), ::testing::Not(IsEmpty()));
  ASSERT_OK(backups_.Backup(harness_.store()));
  EXPECT_OK(backups_.RestoreTo(backups_.NewFolder()));
}

}  // namespace
}  // namespace emptychair::storage
