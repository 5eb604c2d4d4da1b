#include "tools/chairctl/records/import.h"

#include <deque>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace emptychair {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

class ImportTest : public ::testing::Test {
 protected:
  // Imports `text`, a CSV file, and answers how it ended.
  absl::Status Run(const std::string& text, int batch_size = 1000) {
    std::istringstream in(text);
    const std::unique_ptr<ImportReader> reader = ImportReader::ForCsv(in);
    EXPECT_TRUE(reader->Open().ok());
    EXPECT_TRUE(reader->Bind(Mapping()).ok());
    FeedbackBuilder builder("nps", absl::UTCTimeZone(), "");
    Import import(*reader, builder, {&err_, show_progress_, &rejects_});
    const absl::Status status = import.Run(
        batch_size,
        [this](const v1::BatchSubmitFeedbackRequest& request) { return Answer(request); },
        [this](absl::Duration duration) { slept_.push_back(duration); });
    summary_ = import.summary();
    EXPECT_EQ(summary_.read, summary_.accepted + summary_.already_existed + summary_.rejected);
    return status;
  }

  absl::StatusOr<v1::BatchSubmitFeedbackResponse> Answer(
      const v1::BatchSubmitFeedbackRequest& request) {
    sizes_.push_back(request.feedback_size());
    if (!answers_.empty()) {
      const absl::Status status = answers_.front();
      answers_.pop_front();
      if (!status.ok()) {
        return status;
      }
    }
    v1::BatchSubmitFeedbackResponse response;
    for (int i = 0; i < request.feedback_size(); ++i) {
      if (request.feedback(i).comment() == "refuse") {
        v1::BatchFailure& failure = *response.add_failures();
        failure.set_index(i);
        *failure.mutable_status() =
            ToProto(FieldError(v1::ERROR_REASON_SCORE_OUT_OF_RANGE, "score", "is too large"));
      } else if (request.feedback(i).comment() == "again") {
        response.set_already_existed_count(response.already_existed_count() + 1);
      } else {
        response.set_accepted_count(response.accepted_count() + 1);
      }
    }
    return response;
  }

  static std::string Rows(int count) {
    std::string text = "external_id,comment\n";
    for (int i = 0; i < count; ++i) {
      absl::StrAppend(&text, "t-", i, ",fine\n");
    }
    return text;
  }

  bool show_progress_ = false;
  std::deque<absl::Status> answers_;
  std::vector<int> sizes_;
  std::vector<absl::Duration> slept_;
  std::ostringstream err_;
  std::ostringstream rejects_;
  ImportSummary summary_;
};

TEST_F(ImportTest, CountsEveryFate) {
  ASSERT_TRUE(Run("external_id,comment,score\n"
                  "1,fine,9\n"
                  "2,again,9\n"
                  "3,refuse,99\n"
                  "4,fine,9.5\n"
                  "5,fine\n")
                  .ok());
  EXPECT_EQ(summary_.read, 5);
  EXPECT_EQ(summary_.accepted, 1);
  EXPECT_EQ(summary_.already_existed, 1);
  EXPECT_EQ(summary_.rejected, 3);
  EXPECT_THAT(err_.str(), HasSubstr("line 4: SCORE_OUT_OF_RANGE: score: is too large\n"));
  EXPECT_THAT(err_.str(), HasSubstr("line 5: FIELD_INVALID: score: is \"9.5\"; wanted an integer"));
  EXPECT_THAT(err_.str(), HasSubstr("line 6: FIELD_INVALID: row: has 2 fields; wanted 3"));
  EXPECT_THAT(rejects_.str(), HasSubstr("3,refuse,99,4,SCORE_OUT_OF_RANGE: score: is too large\n"));
}

TEST_F(ImportTest, ReportsRejectedRowsInTheOrderOfTheFile) {
  ASSERT_TRUE(Run("external_id,comment,score\n1,fine,x\n2,refuse,9\n3,fine,y\n4,refuse,9\n"
                  "5,fine,9\n6,fine,z\n",
                  2)
                  .ok());
  std::vector<std::string> lines;
  for (const absl::string_view line : absl::StrSplit(err_.str(), '\n', absl::SkipEmpty())) {
    lines.emplace_back(line.substr(0, line.find(':')));
  }
  EXPECT_THAT(lines, ElementsAre("line 2", "line 3", "line 4", "line 5", "line 7"));
}

TEST_F(ImportTest, SendsWhatWaitsWhenManyRowsAreRejected) {
  std::string text = "external_id,score\n1,9\n";
  for (int i = 0; i < 2500; ++i) {
    absl::StrAppend(&text, "x", i, ",bad\n");
  }
  ASSERT_TRUE(Run(text).ok());
  EXPECT_THAT(sizes_, ElementsAre(1));
  EXPECT_EQ(summary_.rejected, 2500);
}

TEST_F(ImportTest, SendsBatchesOfTheSizeThatIsAskedFor) {
  ASSERT_TRUE(Run(Rows(25), 10).ok());
  EXPECT_THAT(sizes_, ElementsAre(10, 10, 5));
  EXPECT_EQ(summary_.accepted, 25);
}

TEST_F(ImportTest, SendsNothingForAFileWithoutRows) {
  ASSERT_TRUE(Run("external_id\n").ok());
  EXPECT_THAT(sizes_, SizeIs(0));
}

TEST_F(ImportTest, NamesTheLineOfARefusalInALaterBatch) {
  ASSERT_TRUE(Run("external_id,comment\n1,fine\n2,\"two\nlines\"\n3,fine\n4,refuse\n", 2).ok());
  EXPECT_THAT(err_.str(), HasSubstr("line 6: SCORE_OUT_OF_RANGE"));
}

TEST_F(ImportTest, KeepsBatchesBelowTheLimitOfBytes) {
  std::string text = "external_id,comment\n";
  const std::string comment(16 << 10, 'x');
  for (int i = 0; i < 600; ++i) {
    absl::StrAppend(&text, i, ",", comment, "\n");
  }
  ASSERT_TRUE(Run(text).ok());
  EXPECT_THAT(sizes_, ElementsAre(243, 243, 114));
  EXPECT_EQ(summary_.accepted, 600);
}

TEST_F(ImportTest, TriesAgainWhatIsWorthIt) {
  answers_ = {absl::UnavailableError("away"),
              RetryableError(v1::ERROR_REASON_QUEUE_FULL, "full", absl::Seconds(3)),
              absl::DeadlineExceededError("slow")};
  ASSERT_TRUE(Run(Rows(5)).ok());
  EXPECT_EQ(summary_.accepted, 5);
  EXPECT_THAT(sizes_, ElementsAre(5, 5, 5, 5));
  ASSERT_THAT(slept_, SizeIs(3));
  EXPECT_THAT(slept_, Each(Ge(absl::Milliseconds(100))));
  EXPECT_GE(slept_[1], absl::Seconds(3));
}

TEST_F(ImportTest, RejectsABatchThatIsRefusedAndGoesOn) {
  answers_ = {Error(v1::ERROR_REASON_BATCH_TOO_LARGE, "too large")};
  ASSERT_TRUE(Run(Rows(5), 3).ok());
  EXPECT_THAT(slept_, SizeIs(0));
  EXPECT_EQ(summary_.rejected, 3);
  EXPECT_EQ(summary_.accepted, 2);
  EXPECT_THAT(err_.str(), HasSubstr("line 2: BATCH_TOO_LARGE: too large\n"));
}

TEST_F(ImportTest, DoesNotRetryExhaustionWithoutADelay) {
  answers_ = {absl::ResourceExhaustedError("message too large")};
  ASSERT_TRUE(Run(Rows(1)).ok());
  EXPECT_THAT(slept_, SizeIs(0));
  EXPECT_THAT(err_.str(), HasSubstr("line 2: RESOURCE_EXHAUSTED: message too large\n"));
}

TEST_F(ImportTest, GivesUpWhenTheServiceStaysAway) {
  answers_.assign(100, absl::UnavailableError("away"));
  EXPECT_EQ(Run(Rows(10), 3).code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(sizes_, SizeIs(BatchSender::kAttemptsMax));
  EXPECT_EQ(summary_.read, 3);
  EXPECT_EQ(summary_.rejected, 3);
}

TEST_F(ImportTest, RejectsWhatWasReadButNotSentWhenItGivesUp) {
  answers_.assign(100, absl::UnavailableError("away"));
  const std::string large(3'000'000, 'x');
  EXPECT_FALSE(Run(absl::StrCat("external_id,comment\n1,", large, "\n2,", large, "\n")).ok());
  EXPECT_EQ(summary_.rejected, 2);
  EXPECT_THAT(err_.str(), HasSubstr("line 3: UNAVAILABLE: away"));
}

TEST_F(ImportTest, ShowsTheFirstHundredRejectsAndCountsTheRest) {
  std::string text = "external_id,score\n";
  for (int i = 0; i < 150; ++i) {
    absl::StrAppend(&text, i, ",x\n");
  }
  ASSERT_TRUE(Run(text).ok());
  EXPECT_THAT(err_.str(), HasSubstr("line 101: "));
  EXPECT_THAT(err_.str(), Not(HasSubstr("line 102: ")));
  EXPECT_THAT(err_.str(), HasSubstr("and 50 more rejected rows\n"));
  EXPECT_THAT(rejects_.str(), HasSubstr("149,x,151,\"FIELD_INVALID: "));
}

TEST_F(ImportTest, ShowsProgressOnlyOnATerminal) {
  ASSERT_TRUE(Run(Rows(3000)).ok());
  EXPECT_EQ(err_.str(), "");
  show_progress_ = true;
  ASSERT_TRUE(Run(Rows(3000)).ok());
  EXPECT_THAT(err_.str(), HasSubstr("2000 rows read"));
}

}  // namespace
}  // namespace emptychair
