// Batches: every record is judged by itself, and the counts add up.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"

namespace emptychair::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class BatchTest : public ServiceTest {
 protected:
  BatchTest() { Create(client(), NpsSurvey("nps")); }
};

EMPTYCHAIR_ON_BOTH_BACKENDS(BatchTest);

v1::Feedback Row(int number, int32_t score = 9) {
  return Answer("nps", absl::StrCat("row ", number), kTime, score);
}

std::vector<int32_t> FailureIndexes(const v1::BatchSubmitFeedbackResponse& response) {
  std::vector<int32_t> indexes;
  for (const v1::BatchFailure& failure : response.failures()) {
    indexes.push_back(failure.index());
  }
  return indexes;
}

TEST_P(BatchTest, JudgesEveryRecordByItself) {
  Submit(client(), Row(1));
  v1::Feedback no_id = Row(0);
  no_id.clear_external_id();
  const v1::GetStatusResponse before = Status(client());
  const v1::BatchSubmitFeedbackResponse response = Value(TryBatch(
      client(), {
                    Row(10),                           // 0: new
                    Row(1),                            // 1: already there
                    Row(11, 11),                       // 2: no such score
                    Row(10),                           // 3: the same as 0
                    no_id,                             // 4: no id
                    Row(10, 8),                        // 5: as 0, but different
                    Row(1, 3),                         // 6: as what was there, but different
                    Answer("nothing", "x", kTime, 9),  // 7: no such survey
                    Row(12),                           // 8: new
                    Answer("nps", "old", kTime - absl::Hours(24 * 365 * 60), 9),  // 9: before 1970
                }));
  EXPECT_EQ(response.accepted_count(), 2);
  EXPECT_EQ(response.already_existed_count(), 2);
  EXPECT_THAT(response.already_existed_indexes(), ElementsAre(1, 3));
  EXPECT_THAT(FailureIndexes(response), ElementsAre(2, 4, 5, 6, 7, 9));
  EXPECT_EQ(response.sequence(), before.sequence() + 2);

  const v1::ErrorReason reasons[] = {
      v1::ERROR_REASON_SCORE_OUT_OF_RANGE, v1::ERROR_REASON_ID_REQUIRED,
      v1::ERROR_REASON_CONTENT_DIFFERS,    v1::ERROR_REASON_CONTENT_DIFFERS,
      v1::ERROR_REASON_SURVEY_NOT_FOUND,   v1::ERROR_REASON_TIME_OUT_OF_RANGE};
  for (int i = 0; i < response.failures_size(); ++i) {
    const absl::Status status = FromProto(response.failures(i).status());
    EXPECT_THAT(status, HasReason(reasons[i])) << i;
    EXPECT_FALSE(status.message().empty());
  }
  EXPECT_THAT(FromProto(response.failures(0).status()), HasField("feedback.score"));
  const v1::GetStatusResponse after = Status(client());
  EXPECT_EQ(after.sequence(), before.sequence() + 2);
  EXPECT_EQ(after.feedback_count(), 3);
  EXPECT_THAT(Total(client(), "nps"), IsNps(3, 0, 0));
}

TEST_P(BatchTest, AFailureReadsAsTheSameErrorOfASingleCall) {
  const std::vector<v1::Feedback> bad = {Row(1, 11), Answer("nothing", "x", kTime, 9),
                                         Answer("nps", std::string(129, 'x'), kTime, 9)};
  const v1::BatchSubmitFeedbackResponse response = Value(TryBatch(client(), bad));
  ASSERT_THAT(response.failures(), SizeIs(bad.size()));
  for (size_t i = 0; i < bad.size(); ++i) {
    const absl::Status single = TrySubmit(client(), bad[i]).status();
    const absl::Status failure = FromProto(response.failures(i).status());
    EXPECT_EQ(failure.code(), single.code());
    EXPECT_EQ(failure.message(), single.message());
    EXPECT_EQ(ReasonOf(failure), ReasonOf(single));
    EXPECT_EQ(MetadataOf(failure), MetadataOf(single));
    EXPECT_EQ(FieldsOf(failure), FieldsOf(single));
    EXPECT_EQ(ToProto(failure).details_size(), ToProto(single).details_size());
  }
}

TEST_P(BatchTest, TheSameBatchAgainAddsNothing) {
  std::vector<v1::Feedback> batch;
  for (int i = 0; i < 1'000; ++i) {
    batch.push_back(Row(i));
  }
  const v1::BatchSubmitFeedbackResponse first = Value(TryBatch(client(), batch));
  EXPECT_EQ(first.accepted_count(), 1'000);
  EXPECT_THAT(first.already_existed_indexes(), IsEmpty());
  const v1::BatchSubmitFeedbackResponse again = Value(TryBatch(client(), batch));
  EXPECT_EQ(again.accepted_count(), 0);
  EXPECT_EQ(again.already_existed_count(), 1'000);
  ASSERT_THAT(again.already_existed_indexes(), SizeIs(1'000));
  for (int i = 0; i < 1'000; ++i) {
    ASSERT_EQ(again.already_existed_indexes(i), i);
  }
  EXPECT_EQ(again.sequence(), first.sequence());
  EXPECT_EQ(Total(client(), "nps").answers(), 1'000);
}

TEST_P(BatchTest, AHundredFailuresAreToldInFullAndTheRestInShort) {
  std::vector<v1::Feedback> batch;
  for (int i = 0; i < 300; ++i) {
    // Of those that fail every second is found before the store is asked, the others by it.
    batch.push_back(i % 3 == 0   ? Row(i)
                    : i % 3 == 1 ? Row(i, 11)
                                 : Answer("nps", std::string(200, 'x'), kTime, 9));
  }
  const v1::BatchSubmitFeedbackResponse response = Value(TryBatch(client(), batch));
  EXPECT_EQ(response.accepted_count(), 100);
  ASSERT_THAT(response.failures(), SizeIs(200));
  for (int i = 0; i < 200; ++i) {
    const v1::BatchFailure& failure = response.failures(i);
    ASSERT_EQ(failure.index(), i / 2 * 3 + 1 + i % 2);
    const absl::Status status = FromProto(failure.status());
    ASSERT_THAT(status, HasReason(i % 2 == 0 ? v1::ERROR_REASON_SCORE_OUT_OF_RANGE
                                             : v1::ERROR_REASON_FIELD_INVALID));
    ASSERT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
    if (i < 100) {
      ASSERT_THAT(status, HasField(i % 2 == 0 ? "feedback.score" : "feedback.external_id"));
      ASSERT_FALSE(status.message().empty());
    } else {
      ASSERT_THAT(status.message(), IsEmpty());
      ASSERT_THAT(failure.status().details(), SizeIs(1));
      ASSERT_TRUE(failure.status().details(0).Is<google::rpc::ErrorInfo>());
    }
  }
}

TEST_P(BatchTest, CanBeOfSeveralSurveys) {
  Create(client(), NpsSurvey("other"));
  Create(client(), SurveyOf("text", "kind: SURVEY_KIND_TEXT"));
  v1::Feedback comment = Answer("text", "a", kTime);
  comment.set_comment("Fine.");
  const v1::BatchSubmitFeedbackResponse response =
      Value(TryBatch(client(), {Answer("nps", "a", kTime, 9), Answer("other", "a", kTime, 0),
                                comment, Answer("text", "b", kTime, 5)}));
  EXPECT_EQ(response.accepted_count(), 3);
  EXPECT_THAT(FailureIndexes(response), ElementsAre(3));
  EXPECT_THAT(FromProto(response.failures(0).status()),
              HasReason(v1::ERROR_REASON_SCORE_NOT_ALLOWED));
  EXPECT_THAT(Total(client(), "nps"), IsNps(1, 0, 0));
  EXPECT_THAT(Total(client(), "other"), IsNps(0, 0, 1));
  EXPECT_EQ(Total(client(), "text").value(), 1);
}

TEST_P(BatchTest, WithNothingButFailuresStoresNothing) {
  const v1::GetStatusResponse before = Status(client());
  const v1::BatchSubmitFeedbackResponse response =
      Value(TryBatch(client(), {Row(1, 11), Answer("nothing", "x", kTime, 9)}));
  EXPECT_EQ(response.accepted_count(), 0);
  EXPECT_THAT(FailureIndexes(response), ElementsAre(0, 1));
  EXPECT_EQ(response.sequence(), before.sequence());
  EXPECT_EQ(Status(client()).feedback_count(), 0);
}

TEST_P(BatchTest, OfTenThousandIsTaken) {
  std::vector<v1::Feedback> batch;
  for (int i = 0; i < 10'000; ++i) {
    batch.push_back(Row(i));
  }
  EXPECT_EQ(Value(TryBatch(client(), batch)).accepted_count(), 10'000);
  EXPECT_EQ(Status(client()).feedback_count(), 10'000);
  batch.push_back(Row(10'000));
  const absl::Status status = TryBatch(client(), batch).status();
  EXPECT_THAT(status, HasReason(v1::ERROR_REASON_BATCH_TOO_LARGE));
  EXPECT_THAT(status, HasField("feedback"));
  EXPECT_EQ(MetadataOf(status)["limit"], "10000");
  EXPECT_EQ(Status(client()).feedback_count(), 10'000);
}

TEST_P(BatchTest, OfFourMebibytesIsTaken) {
  constexpr size_t kBytesMax = size_t{4} << 20;
  std::vector<v1::Feedback> batch;
  for (int i = 0; i < 260; ++i) {
    batch.push_back(Row(i));
    batch.back().set_comment(std::string(16'000, 'x'));
  }
  v1::BatchSubmitFeedbackRequest request = BatchOf(batch);
  // Filled up to the last byte.
  while (request.ByteSizeLong() < kBytesMax) {
    const size_t missing = kBytesMax - request.ByteSizeLong();
    v1::Feedback& last = *request.add_feedback();
    last = Row(1'000 + request.feedback_size());
    const size_t base = request.ByteSizeLong();
    if (base + 200 > kBytesMax) {
      request.mutable_feedback()->RemoveLast();
      std::string& comment = *request.mutable_feedback(0)->mutable_comment();
      comment.resize(comment.size() + missing, 'y');
      break;
    }
    last.set_comment(std::string(std::min<size_t>(16'000, kBytesMax - base - 100), 'x'));
  }
  ASSERT_EQ(request.ByteSizeLong(), kBytesMax);
  v1::BatchSubmitFeedbackRequest larger = request;
  larger.mutable_feedback(0)->mutable_comment()->push_back('z');
  const absl::Status status = client().BatchSubmitFeedback(larger).status();
  EXPECT_THAT(status, HasReason(v1::ERROR_REASON_BATCH_TOO_LARGE));
  EXPECT_EQ(MetadataOf(status)["limit"], absl::StrCat(kBytesMax));
  EXPECT_EQ(Status(client()).feedback_count(), 0);

  EXPECT_EQ(Value(client().BatchSubmitFeedback(request)).accepted_count(), request.feedback_size());
}

TEST_P(BatchTest, WithoutRecordsIsRefused) {
  const absl::Status status = TryBatch(client(), {}).status();
  EXPECT_THAT(status, HasReason(v1::ERROR_REASON_FIELD_REQUIRED));
  EXPECT_THAT(status, HasField("feedback"));
}

TEST_P(BatchTest, PastTheSizeOfAMessageIsRefusedWithoutAWordToTryAgain) {
  std::vector<v1::Feedback> batch;
  for (int i = 0; i < 400; ++i) {
    batch.push_back(Row(i));
    batch.back().set_comment(std::string(16'000, 'x'));
  }
  const absl::Status status = TryBatch(client(), batch).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_FALSE(RetryDelayOf(status).has_value());
  EXPECT_EQ(Status(client()).feedback_count(), 0);
}

}  // namespace
}  // namespace emptychair::testing
