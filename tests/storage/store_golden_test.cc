// A database of each format, as a server of that time left it, is read as it was meant.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/format/key_text_hash.h"
#include "storage/format/keys.h"
#include "storage/format/values.h"
#include "tests/helpers/temp_dir.h"
#include "tests/storage/check/verify_harness.h"
#include "tests/storage/harness/activity_recount.h"
#include "tests/storage/harness/golden_access.h"
#include "tests/storage/harness/golden_activities.h"
#include "tests/storage/harness/golden_content.h"
#include "tests/storage/harness/store_harness.h"

namespace emptychair::storage {
namespace {

using ::testing::IsEmpty;

class StoreGoldenTest : public ::testing::TestWithParam<uint32_t> {
 protected:
  StoreGoldenTest()
      : golden_(absl::StrCat(EMPTYCHAIR_GOLDEN_DIR, "/format_", GetParam())),
        directory_(temp_dir_.Join("data")) {}

  void SetUp() override {
    std::error_code error;
    std::filesystem::copy(golden_, directory_, std::filesystem::copy_options::recursive, error);
    ASSERT_FALSE(error) << golden_ << ": " << error.message();
    Open();
  }

  void Open() {
    StoreOptions options;
    options.directory = directory_;
    absl::StatusOr<std::unique_ptr<Store>> store = Store::Open(std::move(options));
    ASSERT_OK(store);
    store_ = *std::move(store);
  }

  // Closes the store.
  DatabaseDump Dump() {
    store_.reset();
    return PlainDatabase(rocksdb::Env::Default(), directory_, PlainDatabase::Mode::kRead).Dump();
  }

  std::string ExpectedText() const {
    std::ifstream file(golden_ + ".txt");
    return std::string(std::istreambuf_iterator<char>(file), {});
  }

  const std::string golden_;
  testing::TempDir temp_dir_;
  const std::string directory_;
  std::unique_ptr<Store> store_;
};

// Formats that a server can open; one without a golden database fails here.
constexpr uint32_t kOldestFormat = 5;
constexpr uint32_t kFirstFormatWithActivities = 7;
constexpr uint32_t kFirstFormatWithKeys = 8;

store::v1::StoredIdentity IdentityIn(const DatabaseDump& dump) {
  store::v1::StoredIdentity identity;
  EXPECT_TRUE(DecodeMessage(dump.at("meta").at(IdentityKey()), identity));
  return identity;
}

INSTANTIATE_TEST_SUITE_P(Formats, StoreGoldenTest,
                         ::testing::Range(kOldestFormat, kFormatVersion + 1),
                         [](const auto& format) { return absl::StrCat("Format", format.param); });

TEST_P(StoreGoldenTest, HoldsWhatIsWrittenBesideIt) {
  DatabaseDump dump = Dump();
  // Opening it has brought it to the present format, with a secret for the hashes of keys.
  store::v1::StoredIdentity identity = IdentityIn(dump);
  EXPECT_EQ(identity.access_secret().size(), KeyTextHash::kSecretSize);
  if (GetParam() < kFirstFormatWithKeys) {
    identity.clear_access_secret();
    dump["meta"][IdentityKey()] = EncodeMessage(identity);
  }
  const std::string expected =
      absl::StrReplaceAll(ExpectedText(), {{absl::StrCat(": format ", GetParam(), "\n"),
                                            absl::StrCat(": format ", kFormatVersion, "\n")}});
  EXPECT_EQ(GoldenText(dump), expected);
  EXPECT_THAT(FindFaults(dump), IsEmpty());
}

TEST_P(StoreGoldenTest, IsFoundSound) {
  const Verdict verdict = VerifyNow(*store_);
  EXPECT_THAT(verdict.differences, IsEmpty());
  EXPECT_GT(verdict.summary.records, 0);
}

TEST_P(StoreGoldenTest, HasTheKeysThatItHadAndTakesNewOnes) {
  const size_t had = GetParam() < kFirstFormatWithKeys ? 0 : 3;
  EXPECT_THAT(store_->view()->access->entries(), ::testing::SizeIs(had));
  if (had != 0) {
    const AccessTable& table = *store_->view()->access;
    const store::v1::StoredAccess& key = *table.Find(kGoldenKey)->stored;
    ASSERT_EQ(key.secrets_size(), 2);
    EXPECT_TRUE(
        KeyTextHash::Equals(store_->key_text_hash()(kGoldenKeyText), key.secrets(0).hash()));
    EXPECT_EQ(key.role(), v1::ROLE_READER);
    EXPECT_EQ(key.records_of_day(), 12);
    EXPECT_EQ(table.FindCertificate(kGoldenSan)->stored->id(), kGoldenCertificate);
    EXPECT_NE(table.Find(kGoldenRevokedCertificate)->stored->revoke_time_ms(), 0);
  }
  auto command = NewCommand();
  store::v1::StoredAccess& key = *command->mutable_create_access()->mutable_access();
  key.set_id(77);
  key.set_name("new");
  key.set_role(v1::ROLE_SUBMITTER);
  const KeyTextHash::Bytes hash = store_->key_text_hash()("a text");
  key.add_secrets()->set_hash(hash.data(), hash.size());
  ASSERT_OK(RunCommand(*store_, std::move(command)).error);
  // The secret is made once: the text works after the next start, too.
  store_.reset();
  Open();
  ASSERT_THAT(store_->view()->access->entries(), ::testing::SizeIs(had + 1));
  EXPECT_TRUE(KeyTextHash::Equals(store_->key_text_hash()("a text"),
                                  store_->view()->access->Find(77)->stored->secrets(0).hash()));
  EXPECT_THAT(VerifyNow(*store_).differences, IsEmpty());
}

TEST_P(StoreGoldenTest, IsQueriedAsItWasAnswered) {
  const auto view = store_->view();
  constexpr int64_t kEndMs = kNoonMs * 2;
  EXPECT_EQ(CountInCube(*store_, *view, "shop", 0, kEndMs), 4);
  EXPECT_EQ(CountInCube(*store_, *view, "depth", 0, kEndMs), 2);
  EXPECT_EQ(view->FindSurvey("shop")->series_count, 3);
  const auto record =
      store_->records().GetByExternalId(*view, *view->FindSurvey("depth"), "dive-1");
  ASSERT_OK(record);
  EXPECT_EQ(record->header.score, -50);
  EXPECT_EQ(record->customer_id, "ann");
}

TEST_P(StoreGoldenTest, KnowsEveryActivityAgainAndTakesNewOnes) {
  const std::vector<Deed> deeds = GoldenDeeds(store_->hash());
  if (GetParam() < kFirstFormatWithActivities) {
    EXPECT_THAT(*store_->view()->kinds, IsEmpty());
    ASSERT_OK(DefineKind(*store_, "visit", "UTC").error);
    ASSERT_OK(DefineKind(*store_, "visit", "Europe/Berlin").error);
    EXPECT_THAT(Record(*store_, deeds), ::testing::Each("accepted"));
    EXPECT_THAT(FindFaults(Dump()), IsEmpty());
    return;
  }
  const uint64_t sequence = store_->view()->counters.sequence();
  std::vector<std::string> expected(deeds.size(), "existed");
  expected.back() = "ERASED";
  EXPECT_EQ(Record(*store_, deeds), expected);
  Deed other = deeds[0];
  other.amount = Euros(12);
  EXPECT_EQ(RecordOne(*store_, other), "CONTENT_DIFFERS");
  EXPECT_EQ(store_->view()->counters.sequence(), sequence);
  other.id = "new";
  EXPECT_EQ(RecordOne(*store_, other), "accepted");
  EXPECT_THAT(ActivitiesOf(*store_, "visit"), ::testing::SizeIs(8));
  EXPECT_THAT(ActivitiesOf(*store_, "call"), ::testing::SizeIs(2));
  const DatabaseDump dump = Dump();
  EXPECT_THAT(FindFaults(dump), IsEmpty());
  // Of visits in March 2024, ann's and bob's.
  std::vector<std::string> faults;
  EXPECT_THAT((StoredSets(dump, faults)[{1, 1, 3, 650}]), ::testing::SizeIs(2));
  // An amount came first in January 1970, but of nothing.
  EXPECT_THAT((StoredSets(dump, faults)[{1, 4, 3, 0}]), IsEmpty());
  // Of the subscription: bob, who was there in 1970, Zoë, and ann, who left in April.
  EXPECT_THAT((StoredSets(dump, faults)[{5, 6, 3, 650}]), ::testing::SizeIs(1));
  EXPECT_THAT((StoredSets(dump, faults)[{5, 7, 3, 651}]), ::testing::SizeIs(1));
}

TEST_P(StoreGoldenTest, KnowsEveryAnswerAgainAndTakesNewOnes) {
  const uint64_t sequence = store_->view()->counters.sequence();
  std::vector<std::string> expected(GoldenAnswers().size(), "existed");
  expected.back() = "ERASED";
  EXPECT_EQ(ToText(Submit(*store_, GoldenAnswers())), expected);
  Answer other = GoldenAnswers()[0];
  other.comment = "another comment";
  EXPECT_EQ(ToText(SubmitOne(*store_, other)), "CONTENT_DIFFERS");
  EXPECT_EQ(store_->view()->counters.sequence(), sequence);
  EXPECT_EQ(ToText(SubmitOne(*store_, {.survey = 1, .id = 99, .score = 10, .customer_id = "bob"})),
            "accepted");
  EXPECT_EQ(store_->view()->counters.sequence(), sequence + 1);
  EXPECT_THAT(FindFaults(Dump()), IsEmpty());
}

}  // namespace
}  // namespace emptychair::storage
