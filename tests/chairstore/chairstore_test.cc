// chairstore's commands on a backup directory and on stores.
#include "tools/chairstore/chairstore.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/storage/harness/backup_harness.h"

namespace emptychair {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

struct Finished {
  int exit_code = 0;
  std::string out;
  std::string err;
};

class ChairstoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(harness_.Open());
    ASSERT_OK(CreateSurvey(harness_.store(), storage::NpsSurvey("shop")).error);
    SubmitOne(harness_.store(), {.id = 1, .score = 9, .external_id = "one"});
    const auto manifest = backups_.Backup(harness_.store());
    ASSERT_OK(manifest);
    manifest_ = *manifest;
    SubmitOne(harness_.store(), {.id = 2, .score = 9, .external_id = "two"});
    ASSERT_OK(Erase(harness_.store(), {.id = 2}).error);
    ASSERT_OK(backups_.WriteLedger(harness_.store()));
    harness_.Close();
  }

  Finished Run(const std::vector<std::string>& arguments, bool is_terminal = false) {
    std::ostringstream out;
    std::ostringstream err;
    ChairstoreEnvironment environment;
    environment.out = &out;
    environment.err = &err;
    environment.err_is_terminal = is_terminal;
    const int exit_code = RunChairstore(arguments, environment);
    return {exit_code, out.str(), err.str()};
  }

  const std::string& id() const { return manifest_.header.backup_id(); }
  const std::string& dir() const { return backups_.directory().path(); }

  void Damage() {
    const std::string path = backups_.directory().PoolPath(manifest_.files[0].sha256());
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    std::ofstream(path, std::ios::app) << "x";
  }

  storage::StoreHarness harness_{storage::Place::kDisk};
  storage::BackupHarness backups_;
  storage::BackupManifest manifest_;
};

TEST_F(ChairstoreTest, ListsBackups) {
  const Finished listed = Run({"list", "--backup_dir", dir()});
  EXPECT_EQ(listed.exit_code, 0) << listed.err;
  EXPECT_THAT(listed.out, AllOf(HasSubstr(id()), HasSubstr("sequence 2"), HasSubstr("audit none")));
  std::ofstream(backups_.directory().ManifestPath(id()), std::ios::app) << "x";
  EXPECT_THAT(Run({"list", "--backup_dir", dir()}).out, HasSubstr("damaged"));
}

TEST_F(ChairstoreTest, VerifiesToEachDepth) {
  for (const char* depth : {"files", "open", "recount"}) {
    const Finished verified = Run({"verify", "--backup_dir", dir(), "--depth", depth});
    EXPECT_EQ(verified.exit_code, 0) << verified.err;
    EXPECT_THAT(verified.out, HasSubstr(id()));
  }
  EXPECT_THAT(Run({"verify", "--backup_dir", dir(), "--depth", "recount"}).out,
              HasSubstr("differences"));
  Damage();
  const Finished damaged = Run({"verify", "--backup_dir", dir(), "--backup", id()});
  EXPECT_EQ(damaged.exit_code, 79);
  EXPECT_THAT(damaged.err, AllOf(HasSubstr("pool/"), HasSubstr(id())));
}

TEST_F(ChairstoreTest, RestoresAndTellsWhatWasDoneAgain) {
  const std::string data = backups_.NewFolder();
  const Finished restored =
      Run({"restore", "--backup_dir", dir(), "--data", data}, /*is_terminal=*/true);
  EXPECT_EQ(restored.exit_code, 0) << restored.err;
  EXPECT_THAT(restored.out, AllOf(HasSubstr("again RECORD_ERASED"), HasSubstr("differences")));
  EXPECT_THAT(restored.err, HasSubstr("files"));  // Progress.
  const Finished inspected = Run({"inspect", data});
  EXPECT_EQ(inspected.exit_code, 0) << inspected.err;
  EXPECT_THAT(inspected.out,
              AllOf(HasSubstr(absl::StrCat("restored from ", id())), HasSubstr("at sequence 2"),
                    HasSubstr("feedback"), HasSubstr("audit_head               1:")));
  EXPECT_EQ(Run({"restore", "--backup_dir", dir(), "--data", data}).exit_code, 1);
}

TEST_F(ChairstoreTest, SaysThatWhatWasErasedIsBack) {
  const std::string data = backups_.NewFolder();
  const Finished restored =
      Run({"restore", "--backup_dir", dir(), "--data", data, "--without_ledger"});
  EXPECT_EQ(restored.exit_code, 0) << restored.err;
  EXPECT_THAT(restored.err, HasSubstr("will be there again"));
  EXPECT_THAT(restored.out, AllOf(HasSubstr("not used"), Not(HasSubstr("RECORD_ERASED"))));
}

TEST_F(ChairstoreTest, RestoresNothingThatIsDamaged) {
  Damage();
  const std::string data = backups_.NewFolder();
  const Finished restored = Run({"restore", "--backup_dir", dir(), "--data", data});
  EXPECT_EQ(restored.exit_code, 79);
  EXPECT_THAT(restored.err, HasSubstr("pool/"));
  EXPECT_FALSE(std::filesystem::exists(data));
  EXPECT_FALSE(std::filesystem::exists(data + ".restoring"));
}

TEST_F(ChairstoreTest, RefusesWrongUsageAndWrongPlaces) {
  for (const std::vector<std::string>& wrong :
       std::vector<std::vector<std::string>>{{},
                                             {"list"},
                                             {"list", "--backup_dir", ""},
                                             {"verify", "--backup_dir", dir(), "--depth", "deep"},
                                             {"restore", "--backup_dir", dir()},
                                             {"restore", "--backup_dir", dir(), "--data", ""},
                                             {"inspect"},
                                             {"burn"}}) {
    const Finished finished = Run(wrong);
    EXPECT_EQ(finished.exit_code, 2) << finished.out;
    EXPECT_THAT(finished.err, HasSubstr("chairstore: "));
  }
  EXPECT_EQ(Run({"list", "--backup_dir", dir() + "/nowhere"}).exit_code, 1);
  EXPECT_EQ(Run({"inspect", dir()}).exit_code, 1);
  const std::string data = backups_.NewFolder();
  for (const char* bad : {"x", "../..", "20240131T120000Z-1a2b3c4d"}) {
    EXPECT_EQ(Run({"restore", "--backup_dir", dir(), "--data", data, "--backup", bad}).exit_code,
              1);
  }
  EXPECT_FALSE(std::filesystem::exists(data));
}

TEST_F(ChairstoreTest, InspectsWithoutATrace) {
  const auto before = storage::ReadTree(rocksdb::Env::Default(), harness_.directory());
  const Finished inspected = Run({"inspect", harness_.directory()});
  EXPECT_EQ(inspected.exit_code, 0) << inspected.err;
  EXPECT_THAT(inspected.out, HasSubstr("ledger_entries           1"));
  EXPECT_EQ(storage::ReadTree(rocksdb::Env::Default(), harness_.directory()), before);
}

}  // namespace
}  // namespace emptychair
