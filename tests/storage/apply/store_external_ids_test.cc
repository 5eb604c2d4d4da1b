// External ids: each leads to one record, also where two ids share the start of their hash.
#include <string>
#include <vector>

#include "storage/format/external_ids.h"
#include "storage/format/keyed_hash.h"
#include "tests/storage/check/verify_harness.h"
#include "tests/storage/harness/store_harness.h"

namespace emptychair::storage {
namespace {

using ::testing::IsEmpty;

class StoreExternalIdsTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    CreateSurvey(store(), NpsSurvey("pulse"));
  }

  // Submits an answer whose id is derived from `external_id` and the time, as the service does.
  std::string SubmitDerived(const std::string& external_id, int64_t time_ms, int score = 9) {
    CommandPtr command = SubmitCommand(
        {{.time_ms = time_ms, .sends_id = false, .score = score, .external_id = external_id}});
    const Uuid id = DerivedFeedbackId(store().hash(), "pulse", external_id, time_ms);
    command->mutable_submit_feedback()->mutable_submissions(0)->set_feedback_id(
        std::string(id.AsBytes()));
    return ToText(RunCommand(store(), std::move(command)).outcomes).front();
  }

  absl::StatusOr<FeedbackRecord> Find(const std::string& external_id) {
    const auto view = store().view();
    return store().records().GetByExternalId(*view, *view->FindSurvey("pulse"), external_id);
  }

  IdHash HashOf(const std::string& external_id) {
    return store().hash()(HashPurpose::kExternalId, external_id);
  }

  // Stores other entries under the hash of an id.
  void PutEntries(const std::string& external_id, const std::vector<ExternalIdEntry>& entries) {
    const std::string key = ExternalIdKey{1, Shortened(HashOf(external_id))}.Encode();
    harness_.Close();
    {
      PlainDatabase database(harness_.env(), harness_.directory(), PlainDatabase::Mode::kWrite);
      database.Put("feedback_by_external_id", key, EncodeExternalIdEntries(entries));
    }
    ASSERT_OK(harness_.Open());
  }

  std::vector<ExternalIdEntry> EntriesOf(const std::string& external_id) {
    const DatabaseDump dump = harness_.Dump();
    const auto& family = dump.at("feedback_by_external_id");
    return *DecodeExternalIdEntries(
        family.at(ExternalIdKey{1, Shortened(HashOf(external_id))}.Encode()));
  }
};

// Its tests leave a store with entries that no record makes.
class SharedExternalIdsTest : public StoreExternalIdsTest {
 protected:
  void TearDown() override {}
};

INSTANTIATE_TEST_SUITE_P(Places, StoreExternalIdsTest,
                         ::testing::Values(Place::kMemory, Place::kDisk), PlaceName);
INSTANTIATE_TEST_SUITE_P(Places, SharedExternalIdsTest,
                         ::testing::Values(Place::kMemory, Place::kDisk), PlaceName);

constexpr int64_t kTime = kNoonMs + 5;

TEST_P(StoreExternalIdsTest, OfDerivedIdsTakeATimeAlone) {
  EXPECT_EQ(SubmitDerived("order-1", kTime), "accepted");
  EXPECT_EQ(
      EntriesOf("order-1"),
      (std::vector<ExternalIdEntry>{{.kind = ExternalIdEntry::Kind::kDerived, .unix_ms = kTime}}));
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(Find("order-1")->body.external_id(), "order-1");
    EXPECT_FALSE(Find("order-2").ok());
    // Another time is form, where none was sent.
    EXPECT_EQ(SubmitDerived("order-1", kTime + 1), "existed");
    EXPECT_EQ(SubmitDerived("order-1", kTime, 3), "CONTENT_DIFFERS");
    EXPECT_THAT(VerifyNow(store()).differences, IsEmpty());
    Reopen();
  }
}

TEST_P(StoreExternalIdsTest, StayUsedOnceTheirRecordIsErased) {
  EXPECT_EQ(SubmitDerived("order-1", kTime), "accepted");
  auto command = NewCommand();
  command->mutable_erase_feedback()->mutable_target()->set_survey_number(1);
  command->mutable_erase_feedback()->mutable_target()->set_external_id("order-1");
  ASSERT_OK(RunCommand(store(), std::move(command)).error);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(SubmitDerived("order-1", kTime + 7), "ERASED");
    EXPECT_THAT(VerifyNow(store()).differences, IsEmpty());
    EXPECT_THAT(FindFaults(harness_.Dump()), IsEmpty());
    Reopen();
  }
}

TEST_P(SharedExternalIdsTest, AreToldApartByTheirTexts) {
  const Answer given{.id = 3, .score = 2, .external_id = "given"};
  EXPECT_EQ(SubmitDerived("derived", kTime), "accepted");
  EXPECT_EQ(ToText(Submit(store(), {given})).front(), "accepted");
  IdHash other_hash = HashOf("third");
  other_hash[15] ^= 1;
  // As if all these shared the start of the hash, with one more that was erased.
  PutEntries(
      "third",
      {{.kind = ExternalIdEntry::Kind::kDerived, .unix_ms = kTime},
       {.feedback_id = IdOf(given)},
       {.kind = ExternalIdEntry::Kind::kErased, .feedback_id = IdOf(given), .hash = other_hash}});
  EXPECT_FALSE(Find("third").ok());
  EXPECT_EQ(SubmitDerived("third", kTime), "accepted");
  EXPECT_EQ(EntriesOf("third").size(), 4u);
  Reopen();
  EXPECT_EQ(SubmitDerived("third", kTime), "existed");
  EXPECT_EQ(Find("third")->body.external_id(), "third");
  EXPECT_EQ(Find("given")->header.score, 2);
}

}  // namespace
}  // namespace emptychair::storage
