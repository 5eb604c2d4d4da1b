// What the store does with directories that it finds.
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "common/base/errors.h"
#include "storage/format/keys.h"
#include "storage/format/values.h"
#include "tests/storage/harness/store_harness.h"

namespace emptychair::storage {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Tree = std::map<std::string, std::string>;

// The paths at which the two differ.
std::vector<std::string> Differences(const Tree& before, const Tree& after) {
  std::vector<std::string> paths;
  for (const auto& [path, content] : before) {
    const auto found = after.find(path);
    if (found == after.end() || found->second != content) {
      paths.push_back(path);
    }
  }
  for (const auto& [path, content] : after) {
    if (before.count(path) == 0) {
      paths.push_back(path);
    }
  }
  return paths;
}

class StoreOpenTest : public ::testing::TestWithParam<Place> {
 protected:
  StoreOpenTest() : harness_(GetParam()) {}

  void WriteFile(const std::string& path, const std::string& text) {
    ASSERT_TRUE(rocksdb::WriteStringToFile(env(), text, path, /*should_sync=*/true).ok()) << path;
  }

  // A closed store with a few answers, some of them in tables.
  void MakeStore() {
    ASSERT_OK(harness_.Open());
    CreateSurvey(harness_.store(), NpsSurvey("pulse"));
    Submit(harness_.store(), {{.id = 1, .score = 1}, {.id = 2, .score = 2, .customer_id = "c"}});
    harness_.Close();
    ASSERT_OK(harness_.Open());
    Submit(harness_.store(), {{.id = 3, .score = 3}});
    harness_.Close();
  }

  // RocksDB's journal of events is left out.
  Tree Files() {
    Tree files = ReadTree(env(), harness_.directory());
    for (auto it = files.begin(); it != files.end();) {
      it = absl::StrContains(it->first, "/db/LOG") ? files.erase(it) : std::next(it);
    }
    return files;
  }
  rocksdb::Env* env() { return harness_.env(); }

  StoreHarness harness_;
};

INSTANTIATE_TEST_SUITE_P(Places, StoreOpenTest, ::testing::Values(Place::kMemory, Place::kDisk),
                         PlaceName);

TEST_P(StoreOpenTest, MakesAStoreInANewOrEmptyDirectory) {
  ASSERT_OK(harness_.Open());
  EXPECT_EQ(harness_.store().view()->counters.sequence(), 0u);
  EXPECT_THAT(*harness_.store().view()->catalog, IsEmpty());
  harness_.Close();
  EXPECT_THAT(FindFaults(harness_.Dump()), IsEmpty());
  EXPECT_EQ(harness_.Dump().at("meta").at(FormatKey()), EncodeFormat(kFormatVersion));
}

TEST_P(StoreOpenTest, RefusesADirectoryInUse) {
  ASSERT_OK(harness_.Open());
  StoreOptions options;
  options.directory = harness_.directory();
  options.env = env();
  const absl::Status second = Store::Open(std::move(options)).status();
  EXPECT_THAT(second, testing::StatusIs(absl::StatusCode::kFailedPrecondition,
                                        AllOf(HasSubstr(harness_.directory()),
                                              HasSubstr("another server may be using it"))));
  // The first goes on, and the lock is free after it.
  EXPECT_OK(CreateSurvey(harness_.store(), NpsSurvey("pulse")).error);
  harness_.Close();
  EXPECT_OK(harness_.Open());
}

TEST_P(StoreOpenTest, RefusesADirectoryOfOtherFilesAndLeavesItAsItIs) {
  ASSERT_TRUE(env()->CreateDirIfMissing(harness_.directory()).ok());
  WriteFile(harness_.directory() + "/thesis.txt", "irreplaceable");
  // Not even what looks like an unfinished store is removed here.
  ASSERT_TRUE(env()->CreateDirIfMissing(harness_.directory() + "/db.creating").ok());
  WriteFile(harness_.directory() + "/db.creating/file", "x");
  const Tree before = Files();
  EXPECT_THAT(harness_.Open(),
              testing::StatusIs(absl::StatusCode::kFailedPrecondition,
                                AllOf(HasSubstr(harness_.directory()), HasSubstr("thesis.txt"))));
  EXPECT_THAT(Differences(before, Files()), IsEmpty());
}

TEST_P(StoreOpenTest, StartsAgainAfterAnUnfinishedCreation) {
  ASSERT_TRUE(env()->CreateDirIfMissing(harness_.directory()).ok());
  ASSERT_TRUE(env()->CreateDirIfMissing(harness_.directory() + "/db.creating").ok());
  WriteFile(harness_.directory() + "/db.creating/CURRENT", "MANIFEST-000004\n");
  WriteFile(harness_.directory() + "/db.creating/000004.log", "half");
  ASSERT_OK(harness_.Open());
  EXPECT_OK(CreateSurvey(harness_.store(), NpsSurvey("pulse")).error);
  harness_.Close();
  EXPECT_TRUE(env()->FileExists(harness_.directory() + "/db.creating").IsNotFound());
  ASSERT_OK(harness_.Open());
  EXPECT_NE(harness_.store().view()->FindSurvey("pulse"), nullptr);
}

TEST_P(StoreOpenTest, RefusesANewerFormatAndLeavesItAsItIs) {
  MakeStore();
  for (const uint32_t version : {kFormatVersion + 1, kFormatVersion + 7, 0xffffffffu}) {
    PlainDatabase(env(), harness_.directory(), PlainDatabase::Mode::kWrite)
        .Put("meta", FormatKey(), EncodeFormat(version));
    const Tree before = Files();
    EXPECT_THAT(
        harness_.Open(),
        testing::StatusIs(absl::StatusCode::kFailedPrecondition,
                          AllOf(HasSubstr(absl::StrCat("format version ", version, ";")),
                                HasSubstr(absl::StrCat("knows versions up to ", kFormatVersion)),
                                HasSubstr("newer server"))));
    EXPECT_THAT(Differences(before, Files()), IsEmpty());
  }
  PlainDatabase(env(), harness_.directory(), PlainDatabase::Mode::kWrite)
      .Put("meta", FormatKey(), EncodeFormat(kFormatVersion));
  ASSERT_OK(harness_.Open());
  EXPECT_EQ(harness_.store().view()->counters.feedback_count(), 3u);
}

TEST_P(StoreOpenTest, RefusesADevelopmentFormatByNameAndLeavesItAsItIs) {
  MakeStore();
  for (const uint32_t version : {1u, 2u}) {
    PlainDatabase(env(), harness_.directory(), PlainDatabase::Mode::kWrite)
        .Put("meta", FormatKey(), EncodeFormat(version));
    const Tree before = Files();
    EXPECT_THAT(
        harness_.Open(),
        testing::StatusIs(absl::StatusCode::kFailedPrecondition,
                          AllOf(HasSubstr(absl::StrCat("the development format ", version, ",")),
                                HasSubstr("Export the answers with the server that wrote it"))));
    EXPECT_THAT(Differences(before, Files()), IsEmpty());
  }
  PlainDatabase(env(), harness_.directory(), PlainDatabase::Mode::kWrite)
      .Put("meta", FormatKey(), EncodeFormat(kFormatVersion));
  ASSERT_OK(harness_.Open());
}

TEST_P(StoreOpenTest, RefusesAFormatThatIsDamagedOrAbsent) {
  MakeStore();
  for (const std::string& value :
       {EncodeFormat(0), std::string(), std::string("1"), std::string("\1\0\0\0\0", 5)}) {
    PlainDatabase(env(), harness_.directory(), PlainDatabase::Mode::kWrite)
        .Put("meta", FormatKey(), value);
    const Tree before = Files();
    EXPECT_THAT(harness_.Open(), testing::HasReason(v1::ERROR_REASON_STORE_DAMAGED));
    EXPECT_THAT(Differences(before, Files()), IsEmpty());
  }
  PlainDatabase(env(), harness_.directory(), PlainDatabase::Mode::kWrite)
      .Delete("meta", FormatKey());
  EXPECT_THAT(harness_.Open(), testing::HasReason(v1::ERROR_REASON_STORE_DAMAGED));
}

TEST_P(StoreOpenTest, RefusesDamagedMetadata) {
  const struct {
    const char* family;
    std::string key;
    std::string value;
  } cases[] = {
      {"meta", IdentityKey(), ""},
      {"meta", IdentityKey(), EncodeMessage(store::v1::StoredIdentity())},
      {"meta", CountersKey(), "\x02"},
      {"meta", SurveyKey(1), "\x01"},  // Of another number: 0.
      {"meta", SurveyKeyPrefix() + "x", "\x01"},
      {"series", SeriesKey{1, 2}.Encode(), "\x01"},  // Out of line: 1 has been given out.
      {"series", SeriesKey{9, 1}.Encode(), "\x01"},
      {"series", "x", "\x01"},
  };
  for (const auto& c : cases) {
    StoreHarness harness(GetParam());
    ASSERT_OK(harness.Open());
    CreateSurvey(harness.store(), NpsSurvey("pulse"));
    harness.Close();
    PlainDatabase(harness.env(), harness.directory(), PlainDatabase::Mode::kWrite)
        .Put(c.family, c.key, c.value);
    EXPECT_THAT(harness.Open(), testing::HasReason(v1::ERROR_REASON_STORE_DAMAGED))
        << c.family << " " << c.key;
  }
}

TEST_P(StoreOpenTest, NeverStartsWithLessAfterAFileWasDeleted) {
  MakeStore();
  const Tree whole = Files();
  const std::string database = harness_.DatabasePath() + "/";
  int refused = 0;
  for (const auto& [path, content] : whole) {
    const std::string name = path.substr(path.rfind('/') + 1);
    if (!absl::StartsWith(path, database) || name == "LOCK") {
      continue;
    }
    ASSERT_TRUE(env()->DeleteFile(path).ok());
    const Tree before = Files();
    const absl::Status opened = harness_.Open();
    if (opened.ok()) {
      EXPECT_EQ(harness_.store().view()->counters.feedback_count(), 3u) << name;
      harness_.Close();
      EXPECT_THAT(FindFaults(harness_.Dump()), IsEmpty()) << name;
    } else {
      ++refused;
      EXPECT_THAT(opened, testing::HasReason(v1::ERROR_REASON_STORE_DAMAGED)) << name;
      EXPECT_THAT(Differences(before, Files()), IsEmpty()) << name;
    }
    if (name == "CURRENT" || absl::StartsWith(name, "MANIFEST") || absl::EndsWith(name, ".sst") ||
        absl::EndsWith(name, ".log")) {
      EXPECT_FALSE(opened.ok()) << name;
    }
    // As it was.
    for (const auto& [left, unused] : Files()) {
      ASSERT_TRUE(absl::EndsWith(left, "/LOCK") || env()->DeleteFile(left).ok()) << left;
    }
    for (const auto& [old_path, old_content] : whole) {
      if (!absl::EndsWith(old_path, "/LOCK")) {
        WriteFile(old_path, old_content);
      }
    }
  }
  EXPECT_GE(refused, 3);
  ASSERT_OK(harness_.Open());
  EXPECT_EQ(harness_.store().view()->counters.feedback_count(), 3u);
}

// A damaged value harms the queries that need it, not the others.
TEST_P(StoreOpenTest, ServesTheRestAroundDamagedValues) {
  MakeStore();
  {
    PlainDatabase database(env(), harness_.directory(), PlainDatabase::Mode::kWrite);
    database.Put("feedback", FeedbackKey{1, IdOf({.id = 2})}.Encode(), "damaged");
    database.Put("cell", CubeRowKey{1, CubeUnit::kMonth, 650, 0}.Encode(), "damaged");
  }
  ASSERT_OK(harness_.Open());
  Store& store = harness_.store();
  EXPECT_EQ(ToText(SubmitOne(store, {.id = 2, .score = 2, .customer_id = "c"})), "STORE_DAMAGED");
  EXPECT_EQ(ToText(SubmitOne(store, {.id = 1, .score = 1})), "existed");
  EXPECT_EQ(ToText(SubmitOne(store, {.id = 4, .score = 4})), "accepted");
  const auto view = store.view();
  const SurveyView& survey = *view->FindSurvey("pulse");
  EXPECT_THAT(store.records().Get(*view, survey, IdOf({.id = 2})),
              testing::HasReason(v1::ERROR_REASON_STORE_DAMAGED));
  EXPECT_OK(store.records().Get(*view, survey, IdOf({.id = 1})));
  EXPECT_EQ(CountInCube(store, *view, "pulse", kNoonMs, kNoonMs + 3'600'000), 4);
}

}  // namespace
}  // namespace emptychair::storage
