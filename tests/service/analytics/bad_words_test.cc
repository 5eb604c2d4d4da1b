// Comparisons of words and scorecards that are refused.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"

namespace emptychair::testing {
namespace {

constexpr auto kRequired = v1::ERROR_REASON_FIELD_REQUIRED;
constexpr auto kInvalid = v1::ERROR_REASON_FIELD_INVALID;
constexpr auto kNoSurvey = v1::ERROR_REASON_SURVEY_NOT_FOUND;

struct BadRow {
  std::string text;
  v1::ErrorReason reason;
  std::string field;
};

class BadWordsTest : public ServiceTest {
 protected:
  BadWordsTest() {
    Create(client(), NpsSurvey("nps", {"region"}));
    Create(client(), NpsSurvey("twin"));
    Create(client(), SurveyOf("text", "kind: SURVEY_KIND_TEXT"));
    Create(client(), SurveyOf("rating", "kind: SURVEY_KIND_RATING scale { min: 1 max: 5 }"));
  }

  void ExpectRefused(const absl::Status& status, const BadRow& row) {
    EXPECT_THAT(status, HasReason(row.reason));
    EXPECT_EQ(status.code(), CodeOf(row.reason));
    if (!row.field.empty()) {
      EXPECT_THAT(status, HasField(row.field));
    }
  }
};

EMPTYCHAIR_ON_BOTH_BACKENDS(BadWordsTest);

TEST_P(BadWordsTest, ComparisonsOfWordsAreRefusedWithReasonAndField) {
  const std::string nps = "survey_ids: 'nps' ";
  const std::string base = absl::StrCat("base { ", nps, "} ");
  const std::string sides = base + "candidate { survey_ids: 'twin' } ";
  const std::vector<BadRow> rows = {
      {"", kRequired, "base.survey_ids"},
      {"candidate { survey_ids: 'twin' }", kRequired, "base.survey_ids"},
      {base, kRequired, "candidate.survey_ids"},
      {base + "candidate {}", kRequired, "candidate.survey_ids"},
      {base + "candidate { survey_ids: 'nothing' }", kNoSurvey, ""},
      {"by_class: true", kRequired, "base.survey_ids"},
      {sides + "by_class: true", kInvalid, "candidate"},
      {base + "candidate {} by_class: true", kInvalid, "candidate"},
      {"base { survey_ids: 'text' } by_class: true", kInvalid, "by_class"},
      {"base { survey_ids: 'rating' } by_class: true", kInvalid, "by_class"},
      {"base { survey_ids: 'rating' method: METRIC_METHOD_TOP_BOX } by_class: true", kRequired,
       "base.top_box_min"},
      {absl::StrCat(base, "candidate { ", nps, "}"), kInvalid, "candidate.interval"},
      {absl::StrCat(base, "candidate { ", nps, "filters { key: 'region' values: 'a' } }"), kInvalid,
       "candidate.filters"},
      {absl::StrCat("base { ", nps, "granularity: GRANULARITY_DAY } by_class: true"), kInvalid,
       "base.granularity"},
      {absl::StrCat("base { ", nps, "trailing_buckets: 2 } by_class: true"), kInvalid,
       "base.trailing_buckets"},
      {absl::StrCat("base { ", nps, "group_by: 'region' } by_class: true"), kInvalid,
       "base.group_by"},
      {absl::StrCat("base { ", nps, "include_histogram: true } by_class: true"), kInvalid,
       "base.include_histogram"},
      {absl::StrCat(base, "candidate { survey_ids: 'twin' granularity: 8 }"), kInvalid,
       "candidate.granularity"},
      {absl::StrCat(base, "candidate { survey_ids: 'twin' confidence: 0.5 }"), kInvalid,
       "candidate.confidence"},
      {sides + "min_comments: -1", kInvalid, "min_comments"},
      {sides + "min_comments: 1000001", kInvalid, "min_comments"},
      {sides + "limit: -1", kInvalid, "limit"},
  };
  for (const BadRow& row : rows) {
    SCOPED_TRACE(row.text);
    ExpectRefused(client().CompareWords(FromText<v1::CompareWordsRequest>(row.text)).status(), row);
  }
  for (const char* more : {"", "min_comments: 1000000", "limit: 2147483647", "limit: 1"}) {
    EXPECT_OK(client().CompareWords(FromText<v1::CompareWordsRequest>(sides + more))) << more;
  }
}

TEST_P(BadWordsTest, ScorecardsAreRefusedWithReasonAndField) {
  const std::vector<BadRow> rows = {
      {"survey_ids: ''", kRequired, "survey_ids[0]"},
      {"survey_ids: 'NPS'", kInvalid, "survey_ids[0]"},
      {"survey_ids: 'nps' survey_ids: 'nothing'", kNoSurvey, ""},
      {"survey_ids: 'nps' survey_ids: 'twin' survey_ids: 'nps'", kInvalid, "survey_ids[2]"},
      {"granularity: GRANULARITY_NONE", kInvalid, "granularity"},
      {"granularity: 8", kInvalid, "granularity"},
      {"week_start: 3", kInvalid, "week_start"},
      {"as_of { seconds: -1 }", kInvalid, "as_of"},
      {"as_of { nanos: -1 }", kInvalid, "as_of"},
      {"as_of { nanos: 1000000000 }", kInvalid, "as_of"},
      {"as_of { seconds: 253402300800 }", kInvalid, "as_of"},
  };
  for (const BadRow& row : rows) {
    SCOPED_TRACE(row.text);
    ExpectRefused(client().GetScorecard(FromText<v1::GetScorecardRequest>(row.text)).status(), row);
  }
}

}  // namespace
}  // namespace emptychair::testing
