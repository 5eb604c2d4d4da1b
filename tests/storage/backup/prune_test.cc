// Which backups are kept.
#include "storage/backup/prune.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/storage/harness/backup_harness.h"

namespace emptychair::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kStore[] = "6f1c1ac2-0000-4000-8000-00000000002a";
constexpr char kOther[] = "6f1c1ac2-0000-4000-8000-00000000002b";

std::string IdAt(const std::string& time) { return absl::StrCat(time, "-00000000"); }

ListedBackup At(const std::string& time, const std::string& store_id = kStore) {
  ListedBackup backup{.backup_id = IdAt(time)};
  backup.manifest.header.set_store_id(store_id);
  return backup;
}

TEST(BackupsToRemove, KeepsTheNewestOfEachStore) {
  EXPECT_THAT(BackupsToRemove({At("20240303T000000Z"), At("20240302T000000Z", kOther),
                               At("20240301T000000Z"), At("20240201T000000Z", kOther)},
                              {.keep_last = 1}),
              ElementsAre(IdAt("20240301T000000Z"), IdAt("20240201T000000Z")));
  EXPECT_THAT(BackupsToRemove({At("20240303T000000Z"), At("20240301T000000Z")}, {.keep_last = 2}),
              IsEmpty());
}

TEST(BackupsToRemove, KeepsTheNewestOfEachDayAndWeek) {
  // 2024-03-03 is a Sunday.
  const std::vector<ListedBackup> backups = {At("20240304T120000Z"), At("20240304T000000Z"),
                                             At("20240303T235959Z"), At("20240303T000000Z"),
                                             At("20240226T000000Z"), At("20240225T000000Z"),
                                             At("20240101T000000Z")};
  EXPECT_THAT(
      BackupsToRemove(backups, {.keep_last = 1, .keep_daily = 2}),
      ElementsAre(IdAt("20240304T000000Z"), IdAt("20240303T000000Z"), IdAt("20240226T000000Z"),
                  IdAt("20240225T000000Z"), IdAt("20240101T000000Z")));
  EXPECT_THAT(BackupsToRemove(backups, {.keep_last = 1, .keep_weekly = 3}),
              ElementsAre(IdAt("20240304T000000Z"), IdAt("20240303T000000Z"),
                          IdAt("20240226T000000Z"), IdAt("20240101T000000Z")));
}

TEST(BackupsToRemove, TakesARestoredStoreForTheSameLine) {
  ListedBackup restored = At("20240303T000000Z", kOther);
  restored.manifest.header.add_former_store_ids(kStore);
  EXPECT_THAT(BackupsToRemove({restored, At("20240302T000000Z")}, {.keep_last = 1}),
              ElementsAre(IdAt("20240302T000000Z")));
}

TEST(BackupsToRemove, KeepsWhatIsDamaged) {
  ListedBackup damaged{.backup_id = IdAt("20240101T000000Z"), .damage = "cannot be read"};
  EXPECT_THAT(BackupsToRemove({At("20240303T000000Z"), damaged}, {}), IsEmpty());
}

TEST(DeleteBackup, NeverTakesTheNewestNorFilesOfOthers) {
  StoreHarness harness(Place::kDisk);
  BackupHarness backups;
  ASSERT_OK(harness.Open());
  ASSERT_OK(CreateSurvey(harness.store(), NpsSurvey("shop")).error);
  std::vector<std::string> ids;
  for (uint64_t i = 0; i < 3; ++i) {
    SubmitOne(harness.store(), {.id = i, .score = 1});
    const auto manifest = backups.Backup(harness.store());
    ASSERT_OK(manifest);
    ids.push_back(manifest->header.backup_id());
  }
  ASSERT_OK(backups.WriteLedger(harness.store()));
  const BackupDirectory& directory = backups.directory();
  EXPECT_EQ(ReasonOf(DeleteBackup(directory, ids[2]).status()), v1::ERROR_REASON_FIELD_INVALID);
  EXPECT_EQ(ReasonOf(DeleteBackup(directory, "20240101T000000Z-00000000").status()),
            v1::ERROR_REASON_BACKUP_NOT_FOUND);
  const auto deleted = DeleteBackup(directory, ids[0]);
  ASSERT_OK(deleted);
  EXPECT_THAT(deleted->removed, ElementsAre(ids[0]));
  EXPECT_THAT(deleted->kept, ElementsAre(ids[2], ids[1]));
  EXPECT_GT(deleted->bytes_removed, 0);
  EXPECT_EQ(ReasonOf(DeleteBackup(directory, ids[0]).status()), v1::ERROR_REASON_BACKUP_NOT_FOUND);
  EXPECT_OK(backups.RestoreTo(backups.NewFolder(), ids[1]));
  EXPECT_OK(backups.RestoreTo(backups.NewFolder(), ids[2]));
  EXPECT_THAT(*ListBackups(directory), SizeIs(2));
}

}  // namespace
}  // namespace emptychair::storage
