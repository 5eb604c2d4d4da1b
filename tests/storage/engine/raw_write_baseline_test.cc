#include "storage/engine/raw_write_baseline.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/storage/harness/store_harness.h"

namespace emptychair::storage {
namespace {

using ::testing::SizeIs;

// What the store makes of `answer` as its `index`-th record, each of a new customer and series.
RawRecord ToPlain(const Answer& answer, uint32_t index, uint64_t sequence) {
  const store::v1::Submission submission = ToSubmission(answer);
  RawRecord record;
  record.survey_number = answer.survey;
  record.feedback_id = IdOf(answer);
  record.header.score = answer.score;
  record.header.customer_ordinal = answer.customer_id.empty() ? kAnonymous : index + 1;
  record.header.series = index + 1;
  record.header.zone_offset_seconds = answer.zone_offset_seconds;
  record.header.sequence = sequence;
  record.body = submission.body();
  // The series says the survey's one dimension.
  auto& labels = *record.body.mutable_labels();
  labels.erase(std::remove_if(labels.begin(), labels.end(),
                              [](const auto& label) { return label.key() == "channel"; }),
               labels.end());
  return record;
}

std::set<std::string> ValuesOf(const std::map<std::string, std::string>& family) {
  std::set<std::string> values;
  for (const auto& [key, value] : family) {
    values.insert(value);
  }
  return values;
}

TEST(PlainWriteLimit, WritesTheBytesThatTheStoreWrites) {
  std::vector<Answer> answers(3);
  answers[0] = {.id = 1, .score = 9, .external_id = "order-1", .customer_id = "ada"};
  answers[0].labels = {{"channel", "web"}, {"agent", "seven"}};
  answers[1] = {.id = 2, .score = 0, .customer_id = "bob", .comment = "Late again."};
  answers[1].labels = {{"channel", "app"}};
  answers[2] = {.id = 3, .zone_offset_seconds = 3'600};
  answers[2].labels = {{"channel", "phone"}};

  StoreHarness harness(Place::kDisk);
  ASSERT_OK(harness.Open());
  const CommandResult created = CreateSurvey(harness.store(), NpsSurvey("shop", {"channel"}));
  Submit(harness.store(), answers);
  harness.Close();
  const DatabaseDump stored = harness.Dump();

  testing::TempDir folder;
  const std::string directory = folder.Join("plain");
  std::vector<RawRecord> records;
  for (uint32_t i = 0; i < answers.size(); ++i) {
    records.push_back(ToPlain(answers[i], i, created.sequence + 1 + i));
  }
  {
    ASSERT_OK_AND_ASSIGN(const std::unique_ptr<RawWriteBaseline> limit,
                         RawWriteBaseline::Open(directory));
    ASSERT_OK(limit->Write(records));
  }
  const DatabaseDump plain =
      PlainDatabase(rocksdb::Env::Default(), directory, PlainDatabase::Mode::kRead).Dump();

  EXPECT_THAT(plain.at("feedback"), SizeIs(3));
  EXPECT_EQ(plain.at("feedback"), stored.at("feedback"));
  EXPECT_THAT(plain.at("feedback_by_customer"), SizeIs(2));
  EXPECT_EQ(plain.at("feedback_by_customer"), stored.at("feedback_by_customer"));
  // Their keys are hashes under each store's own secret.
  EXPECT_THAT(plain.at("feedback_by_external_id"), SizeIs(1));
  EXPECT_EQ(ValuesOf(plain.at("feedback_by_external_id")),
            ValuesOf(stored.at("feedback_by_external_id")));
}

}  // namespace
}  // namespace emptychair::storage
