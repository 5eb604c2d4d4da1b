#include "server/counting/metric_query.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/counting/answer_source.h"
#include "server/request/validation.h"
#include "tests/domain/harness/hand_made_view.h"
#include "tests/helpers/status_matchers.h"

namespace emptychair::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::SizeIs;

constexpr auto kRequired = v1::ERROR_REASON_FIELD_REQUIRED;
constexpr auto kInvalid = v1::ERROR_REASON_FIELD_INVALID;

class PrepareMetricQueryTest : public ::testing::Test {
 protected:
  absl::StatusOr<MetricQuery> Prepare(const std::string& request) const {
    return PrepareMetricQuery(view_, Parse<v1::QueryMetricRequest>(request));
  }

  const std::shared_ptr<const storage::View> view_ = ViewOf({
      {.definition = "survey_id: 'nps' kind: SURVEY_KIND_NPS dimensions: 'region' min_sample: 20"},
      {.definition = "survey_id: 'nps2' kind: SURVEY_KIND_NPS dimensions: ['plan', 'region']"},
      {.definition = "survey_id: 'berlin' kind: SURVEY_KIND_NPS time_zone: 'Europe/Berlin'"},
      {.definition = "survey_id: 'old' kind: SURVEY_KIND_NPS time_zone: 'Asia/Calcutta'"},
      {.definition = "survey_id: 'new' kind: SURVEY_KIND_NPS time_zone: 'Asia/Kolkata'"},
      {.definition = "survey_id: 'lost' kind: SURVEY_KIND_NPS time_zone: 'Nowhere/Land'"},
      {.definition = "survey_id: 'lost2' kind: SURVEY_KIND_NPS time_zone: 'Nowhere/Land'"},
      {.definition = "survey_id: 'csat' kind: SURVEY_KIND_CSAT"},
      {.definition = "survey_id: 'csat10' kind: SURVEY_KIND_CSAT scale { min: 1 max: 10 }"},
      {.definition = "survey_id: 'text' kind: SURVEY_KIND_TEXT"},
  });
};

TEST_F(PrepareMetricQueryTest, FillsInDefaults) {
  ASSERT_OK_AND_ASSIGN(const MetricQuery query, Prepare("survey_ids: 'nps2'"));
  ASSERT_THAT(query.surveys, SizeIs(1));
  EXPECT_EQ(query.surveys[0], view_->FindSurvey("nps2"));
  EXPECT_EQ(query.method->method(), v1::METRIC_METHOD_NET_PROMOTER);
  EXPECT_EQ(query.granularity, v1::GRANULARITY_NONE);
  EXPECT_EQ(query.trailing_buckets, 1);
  EXPECT_EQ(query.respondent_rule, v1::RESPONDENT_RULE_ALL);
  EXPECT_EQ(query.min_sample, 0);
  EXPECT_DOUBLE_EQ(query.confidence.level(), 0.95);
  EXPECT_FALSE(query.interval.start.has_value());
  EXPECT_FALSE(query.interval.end.has_value());
}

TEST_F(PrepareMetricQueryTest, PoolsSurveysWhoseZonesHaveTheSameRules) {
  EXPECT_OK(Prepare("survey_ids: ['old', 'new'] granularity: GRANULARITY_DAY").status());
  EXPECT_THAT(Prepare("survey_ids: ['old', 'berlin']").status(),
              HasReason(v1::ERROR_REASON_SURVEYS_NOT_POOLABLE));
}

TEST_F(PrepareMetricQueryTest, RefusesLocalDaysOfAZoneThatIsNotKnown) {
  for (const char* granularity : {"DAY", "WEEK", "MONTH", "QUARTER", "YEAR"}) {
    const absl::Status status =
        Prepare(absl::StrCat("survey_ids: 'lost' granularity: GRANULARITY_", granularity)).status();
    EXPECT_THAT(status, HasReason(v1::ERROR_REASON_ZONE_UNKNOWN)) << granularity;
    EXPECT_EQ(MetadataOf(status)["time_zone"], "Nowhere/Land");
    EXPECT_EQ(MetadataOf(status)["survey_id"], "lost");
  }
  EXPECT_THAT(Prepare("survey_ids: ['lost', 'new']").status(),
              HasReason(v1::ERROR_REASON_ZONE_UNKNOWN));
  // What needs no day goes on, but not by the rows of days.
  for (const char* rest : {"", "granularity: GRANULARITY_HOUR"}) {
    ASSERT_OK_AND_ASSIGN(const MetricQuery query,
                         Prepare(absl::StrCat("survey_ids: ['lost', 'lost2'] ", rest)));
    EXPECT_EQ(PlanSource(query), AnswerSource::kRecords) << rest;
  }
}

TEST_F(PrepareMetricQueryTest, TakesTheLargestMinimalSample) {
  ASSERT_OK_AND_ASSIGN(const MetricQuery query,
                       Prepare("survey_ids: ['nps', 'nps2'] min_sample: 10"));
  EXPECT_EQ(query.min_sample, 20);
  ASSERT_OK_AND_ASSIGN(const MetricQuery larger,
                       Prepare("survey_ids: ['nps', 'nps2'] min_sample: 30"));
  EXPECT_EQ(larger.min_sample, 30);
}

TEST_F(PrepareMetricQueryTest, PoolsSurveysOfOneKindScaleAndZone) {
  ASSERT_OK_AND_ASSIGN(const MetricQuery query, Prepare("survey_ids: ['nps', 'nps2']"));
  EXPECT_THAT(query.surveys, ElementsAre(view_->FindSurvey("nps"), view_->FindSurvey("nps2")));
  for (const char* other : {"berlin", "csat"}) {
    EXPECT_THAT(Prepare(absl::StrCat("survey_ids: ['nps', '", other, "']")),
                AllOf(HasReason(v1::ERROR_REASON_SURVEYS_NOT_POOLABLE), HasField("survey_ids[1]")));
  }
  EXPECT_THAT(Prepare("survey_ids: ['csat', 'csat10']"),
              HasReason(v1::ERROR_REASON_SURVEYS_NOT_POOLABLE));
}

TEST_F(PrepareMetricQueryTest, AWeekBeginsOnMondayUnlessAskedOtherwise) {
  ASSERT_OK_AND_ASSIGN(const MetricQuery week,
                       Prepare("survey_ids: 'nps' granularity: GRANULARITY_WEEK"));
  EXPECT_EQ(week.week_start, v1::WEEK_START_MONDAY);
  ASSERT_OK_AND_ASSIGN(
      const MetricQuery sunday,
      Prepare("survey_ids: 'nps' granularity: GRANULARITY_WEEK week_start: WEEK_START_SUNDAY"));
  EXPECT_EQ(sunday.week_start, v1::WEEK_START_SUNDAY);
}

TEST_F(PrepareMetricQueryTest, RefusesWhatItCannotAnswer) {
  const struct {
    std::string request;
    v1::ErrorReason reason;
    std::string field;
  } cases[] = {
      {"", kRequired, "survey_ids"},
      {"survey_ids: 'Nps'", kInvalid, "survey_ids[0]"},
      {"survey_ids: ['nps', 'nps']", kInvalid, "survey_ids[1]"},
      {"survey_ids: 'nps' method: METRIC_METHOD_COUNT", kInvalid, "method"},
      {"survey_ids: 'text' respondent_rule: RESPONDENT_RULE_LATEST_PER_CUSTOMER", kInvalid,
       "respondent_rule"},
      {"survey_ids: 'nps' trailing_buckets: 2", kInvalid, "trailing_buckets"},
      {absl::StrCat("survey_ids: 'nps' granularity: GRANULARITY_DAY trailing_buckets: ",
                    kTrailingBucketsMax + 1),
       kInvalid, "trailing_buckets"},
      {"survey_ids: 'nps' interval { start_time { seconds: 9 } end_time { seconds: 9 } }", kInvalid,
       "interval.end_time"},
      {"survey_ids: 'nps' group_by: ['region', 'region']", kInvalid, "group_by[1]"},
      {"survey_ids: 'nps' group_by: 'plan'", v1::ERROR_REASON_NOT_A_DIMENSION, "group_by[0]"},
      // A dimension of one of the two is none of the pool.
      {"survey_ids: ['nps2', 'nps'] group_by: 'plan'", v1::ERROR_REASON_NOT_A_DIMENSION,
       "group_by[0]"},
      {"survey_ids: 'nps' filters { key: 'region' }", kRequired, "filters[0].values"},
      {"survey_ids: 'nps' confidence: 1", kInvalid, "confidence"},
      {"survey_ids: 'nps' min_sample: -1", kInvalid, "min_sample"},
      {absl::StrCat("survey_ids: 'nps' min_sample: ", kMinSampleMax + 1), kInvalid, "min_sample"},
  };
  for (const auto& test : cases) {
    EXPECT_THAT(Prepare(test.request), AllOf(HasReason(test.reason), HasField(test.field)))
        << test.request;
  }
  EXPECT_THAT(Prepare("survey_ids: 'none'"), HasReason(v1::ERROR_REASON_SURVEY_NOT_FOUND));
}

TEST_F(PrepareMetricQueryTest, GroupsByTheSurveyWhereverThereIsOne) {
  EXPECT_OK(Prepare("survey_ids: ['nps', 'nps2'] group_by: ['survey_id', 'region']"));
}

}  // namespace
}  // namespace emptychair::testing
