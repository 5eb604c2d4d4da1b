// Which of a customer's answers count.
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/uuid.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"

namespace emptychair::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

const char* const kAll = "respondent_rule: RESPONDENT_RULE_ALL ";
const char* const kLatest = "respondent_rule: RESPONDENT_RULE_LATEST_PER_CUSTOMER ";
const char* const kFirst = "respondent_rule: RESPONDENT_RULE_FIRST_PER_CUSTOMER ";

class MetricRespondentTest : public ServiceTest {
 protected:
  MetricRespondentTest() { Create(client(), NpsSurvey("nps", {"channel"})); }

  // Stores an answer whose number is the last byte of its id; `more` is the rest in text format.
  v1::Feedback Add(const std::string& survey, absl::Time time, uint8_t number,
                   const std::string& customer, std::optional<int> score,
                   const std::string& more = "") {
    auto feedback = FromText<v1::Feedback>(more);
    feedback.set_survey_id(survey);
    feedback.set_feedback_id(
        Uuid::MakeV7(absl::ToUnixMillis(time), {0, 0, 0, 0, 0, 0, 0, 0, 0, number}).ToString());
    feedback.set_customer_id(customer);
    if (score.has_value()) {
      feedback.set_score(*score);
    }
    return Submit(client(), feedback).feedback();
  }
  v1::Feedback AddAt(int hour, const std::string& customer, std::optional<int> score,
                     const std::string& more = "") {
    return Add("nps", kTime + absl::Hours(hour), ++made_, customer, score, more);
  }

  void Exclude(const v1::Feedback& feedback) {
    v1::ExcludeFeedbackRequest request;
    request.set_survey_id(feedback.survey_id());
    request.set_feedback_id(feedback.feedback_id());
    request.set_reason(v1::EXCLUSION_REASON_BOT);
    ASSERT_OK(client().ExcludeFeedback(request));
  }

  v1::MetricValue Point(const std::string& rule, const std::string& more = "") {
    return Query(client(), absl::StrCat("survey_ids: 'nps' ", rule, more)).total().points(0);
  }

  // "answers/customers" of each point of the total.
  std::vector<std::string> Counts(const std::string& text) {
    std::vector<std::string> counts;
    const v1::QueryMetricResponse response = Query(client(), text);
    for (const v1::MetricValue& point : response.total().points()) {
      counts.push_back(absl::StrCat(point.answers(), "/", point.customers()));
    }
    return counts;
  }

  // Each group's value and its promoters, passives and detractors, over the first bucket.
  std::vector<std::string> Groups(const std::string& text) {
    std::vector<std::string> groups;
    const v1::QueryMetricResponse response = Query(client(), text);
    for (const v1::MetricSeries& series : response.series()) {
      const v1::MetricValue& point = series.points(0);
      groups.push_back(absl::StrCat(GroupTexts(series)[0], " ", point.promoters(), " ",
                                    point.passives(), " ", point.detractors()));
    }
    return groups;
  }

 private:
  uint8_t made_ = 100;
};

EMPTYCHAIR_ON_BOTH_BACKENDS(MetricRespondentTest);

TEST_P(MetricRespondentTest, TheLatestOrTheFirstAnswerOfEachCustomerCounts) {
  AddAt(0, "ann", 10);
  AddAt(1, "ann", 7);
  AddAt(2, "ann", 0);
  AddAt(1, "bob", 8);
  EXPECT_THAT(Point(kAll), IsNps(1, 2, 1));
  EXPECT_THAT(Point(kLatest), IsNps(0, 1, 1));
  EXPECT_THAT(Point(kFirst), IsNps(1, 1, 0));
  EXPECT_EQ(Point(kLatest).customers(), 2);
  EXPECT_EQ(Point(kFirst).customers(), 2);
}

TEST_P(MetricRespondentTest, AnonymousAnswersEachCount) {
  AddAt(0, "", 10);
  AddAt(1, "", 10);
  AddAt(2, "ann", 9);
  AddAt(3, "ann", 9);
  for (const char* rule : {kLatest, kFirst}) {
    EXPECT_THAT(Point(rule), IsNps(3, 0, 0));
    EXPECT_EQ(Point(rule).customers(), 1);
  }
}

TEST_P(MetricRespondentTest, AnAnswerWithoutAScoreIsCountedButNotChosen) {
  AddAt(0, "ann", std::nullopt);
  AddAt(1, "ann", 10);
  AddAt(2, "ann", 0);
  AddAt(3, "ann", std::nullopt);
  AddAt(3, "bob", std::nullopt);
  EXPECT_THAT(Point(kFirst), IsNps(1, 0, 0));
  EXPECT_THAT(Point(kLatest), IsNps(0, 0, 1));
  for (const char* rule : {kAll, kLatest, kFirst}) {
    EXPECT_EQ(Point(rule).unscored(), 3);
  }
  EXPECT_EQ(Point(kLatest).customers(), 1);
}

TEST_P(MetricRespondentTest, AnExcludedAnswerIsChosenOnlyWhenIncluded) {
  Exclude(AddAt(0, "ann", 10));
  AddAt(1, "ann", 7);
  Exclude(AddAt(2, "ann", 0));
  EXPECT_THAT(Point(kFirst), IsNps(0, 1, 0));
  EXPECT_THAT(Point(kLatest), IsNps(0, 1, 0));
  EXPECT_THAT(Point(kFirst, "include_excluded: true"), IsNps(1, 0, 0));
  EXPECT_THAT(Point(kLatest, "include_excluded: true"), IsNps(0, 0, 1));
  for (const char* more : {"", "include_excluded: true"}) {
    const v1::MetricValue point = Point(kLatest, more);
    ASSERT_THAT(point.excluded(), SizeIs(1));
    EXPECT_EQ(point.excluded(0).count(), 2);
  }
}

TEST_P(MetricRespondentTest, FiltersAreAppliedBeforeTheChoice) {
  AddAt(0, "ann", 10, "labels { key: 'channel' value: 'web' } labels { key: 'a' value: 'x' }");
  AddAt(1, "ann", 7, "labels { key: 'channel' value: 'app' }");
  AddAt(2, "ann", 0);
  EXPECT_THAT(Point(kLatest, "filters { key: 'channel' values: 'web' }"), IsNps(1, 0, 0));
  EXPECT_THAT(Point(kLatest, "filters { key: 'channel' values: '(none)' negate: true }"),
              IsNps(0, 1, 0));
  EXPECT_THAT(Point(kLatest, "filters { key: 'a' values: 'x' }"), IsNps(1, 0, 0));
  EXPECT_THAT(Point(kFirst, "filters { key: 'a' values: 'x' negate: true }"), IsNps(0, 1, 0));
  EXPECT_THAT(Point(kFirst, "filters { key: 'survey_id' values: 'x' }"), IsNps(0, 0, 0));
  EXPECT_EQ(Point(kFirst, "filters { key: 'survey_id' values: 'x' }").customers(), 0);
}

TEST_P(MetricRespondentTest, GroupsAreMadeBehindTheChoiceAndAddUp) {
  AddAt(0, "ann", 10, "labels { key: 'channel' value: 'web' }");
  AddAt(1, "ann", 7, "labels { key: 'channel' value: 'app' }");
  AddAt(0, "bob", 0, "labels { key: 'channel' value: 'app' }");
  AddAt(0, "", 10, "labels { key: 'channel' value: 'shop' }");
  const std::string by_channel = "survey_ids: 'nps' group_by: 'channel' ";
  // Of ann's two channels one is left.
  EXPECT_THAT(Groups(by_channel + kLatest), ElementsAre("app 0 1 1", "shop 1 0 0"));
  EXPECT_THAT(Groups(by_channel + kFirst), ElementsAre("app 0 0 1", "shop 1 0 0", "web 1 0 0"));
  EXPECT_THAT(Counts(by_channel + kLatest), ElementsAre("3/2"));
}

// 101 channels and 100 days would be more than the 10,000 points that an answer can have.
TEST_P(MetricRespondentTest, GroupsThatEveryCustomerLeftTakeNoRoom) {
  for (int i = 0; i <= 100; ++i) {
    AddAt(0, "ann", 9, absl::StrCat("labels { key: 'channel' value: 'c", 100 + i, "' }"));
  }
  const std::string days =
      "survey_ids: 'nps' group_by: 'channel' granularity: GRANULARITY_DAY "
      "interval { start_time { seconds: 1704067200 } end_time { seconds: 1712707200 } } ";
  for (const auto& [rule, channel] : {std::pair(kLatest, "c200"), std::pair(kFirst, "c100")}) {
    const v1::QueryMetricResponse response = Query(client(), days + rule);
    EXPECT_EQ(response.buckets_size(), 100);
    ASSERT_THAT(response.series(), SizeIs(1)) << rule;
    EXPECT_THAT(GroupTexts(response.series(0)), ElementsAre(channel));
  }
}

TEST_P(MetricRespondentTest, EachBucketChoosesByItselfAndSoDoesEachTrailingWindow) {
  for (const int day : {0, 0, 1, 3}) {
    AddAt(24 * day, "ann", 10);
    AddAt(24 * day + 1, "ann", day);
  }
  AddAt(24, "bob", 10);
  AddAt(24, "", 10);
  const std::string days =
      "survey_ids: 'nps' granularity: GRANULARITY_DAY interval { start_time { seconds: 1704067200 }"
      " end_time { seconds: 1704412800 } } ";
  for (const char* rule : {kLatest, kFirst}) {
    EXPECT_THAT(Counts(days + rule), ElementsAre("1/1", "3/2", "0/0", "1/1"));
    EXPECT_THAT(Counts(days + "trailing_buckets: 2 " + rule),
                ElementsAre("1/1", "3/2", "3/2", "1/1"));
    EXPECT_THAT(Counts(days + "trailing_buckets: 3 " + rule),
                ElementsAre("1/1", "3/2", "3/2", "3/2"));
    EXPECT_THAT(Counts(absl::StrCat("survey_ids: 'nps' ", rule)), ElementsAre("3/2"));
  }
  // Ann's last scores of the days are 0, 1 and 3, her first ones 10: a window shows its own.
  const v1::QueryMetricResponse latest =
      Query(client(), days + "trailing_buckets: 2 group_by: 'channel' " + kLatest);
  const v1::QueryMetricResponse first =
      Query(client(), days + "trailing_buckets: 2 group_by: 'channel' " + kFirst);
  const int detractors[] = {1, 1, 1, 1};
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(latest.total().points(i).detractors(), detractors[i]) << i;
    EXPECT_EQ(first.total().points(i).detractors(), 0) << i;
    EXPECT_THAT(latest.series(0).points(i), EqualsMessage(latest.total().points(i)));
  }
}

TEST_P(MetricRespondentTest, AWindowThatReachesBackSeesWhatIsBeforeTheInterval) {
  AddAt(-24, "ann", 10);
  AddAt(0, "ann", 0);
  const std::string day =
      "survey_ids: 'nps' granularity: GRANULARITY_DAY trailing_buckets: 2 "
      "interval { start_time { seconds: 1704067200 } end_time { seconds: 1704153600 } } ";
  EXPECT_THAT(Query(client(), day + kFirst).total().points(0), IsNps(1, 0, 0));
  EXPECT_THAT(Query(client(), day + kLatest).total().points(0), IsNps(0, 0, 1));
}

TEST_P(MetricRespondentTest, AGroupThatNoPointChoseFromIsNotListed) {
  AddAt(-48, "ann", 10, "labels { key: 'channel' value: 'web' }");
  AddAt(-24, "ann", 0, "labels { key: 'channel' value: 'app' }");
  const std::string day =
      "survey_ids: 'nps' granularity: GRANULARITY_DAY trailing_buckets: 3 group_by: 'channel' "
      "interval { start_time { seconds: 1704067200 } end_time { seconds: 1704153600 } } ";
  EXPECT_THAT(Groups(day + kLatest), ElementsAre("app 0 0 1"));
  EXPECT_THAT(Groups(day + kFirst), ElementsAre("web 1 0 0"));
}

TEST_P(MetricRespondentTest, ACustomerIsOneOverAllSurveysOfAQuery) {
  Create(client(), NpsSurvey("later"));
  AddAt(0, "ann", 10);
  Add("later", kTime + absl::Hours(1), 0, "ann", 7);
  AddAt(2, "ann", 0);
  Add("later", kTime, 0, "bob", 7);
  for (const char* both :
       {"survey_ids: 'nps' survey_ids: 'later' ", "survey_ids: 'later' survey_ids: 'nps' "}) {
    EXPECT_THAT(Query(client(), absl::StrCat(both, kLatest)).total().points(0), IsNps(0, 1, 1));
    EXPECT_THAT(Query(client(), absl::StrCat(both, kFirst)).total().points(0), IsNps(1, 1, 0));
    EXPECT_THAT(Groups(absl::StrCat(both, kLatest, "group_by: 'survey_id'")),
                ElementsAre("later 0 1 0", "nps 0 0 1"));
    // A survey that is filtered out has no say.
    EXPECT_THAT(
        Query(client(), absl::StrCat(both, kLatest, "filters { key: 'survey_id' values: 'later' }"))
            .total()
            .points(0),
        IsNps(0, 2, 0));
  }
}

TEST_P(MetricRespondentTest, OfAnswersOfOneTimeTheIdDecidesAndThenTheSurvey) {
  Create(client(), NpsSurvey("later"));
  Add("nps", kTime, 2, "ann", 10);
  Add("nps", kTime, 1, "ann", 0);
  EXPECT_THAT(Point(kFirst), IsNps(0, 0, 1));
  EXPECT_THAT(Point(kLatest), IsNps(1, 0, 0));
  Add("nps", kTime, 5, "bob", 10);
  Add("later", kTime, 5, "bob", 0);
  const std::string both = "survey_ids: 'later' survey_ids: 'nps' ";
  EXPECT_THAT(Query(client(), both + kFirst).total().points(0), IsNps(1, 0, 1));
  EXPECT_THAT(Query(client(), both + kLatest).total().points(0), IsNps(1, 0, 1));
  EXPECT_THAT(Groups(both + kFirst + "group_by: 'survey_id'"), ElementsAre("nps 1 0 1"));
  EXPECT_THAT(Groups(both + kLatest + "group_by: 'survey_id'"),
              ElementsAre("later 0 0 1", "nps 1 0 0"));
}

TEST_P(MetricRespondentTest, WhatIsErasedIsNotChosen) {
  AddAt(0, "ann", 10);
  const v1::Feedback last = AddAt(1, "ann", 0);
  v1::EraseFeedbackRequest request;
  request.set_survey_id("nps");
  request.set_feedback_id(last.feedback_id());
  ASSERT_OK(client().EraseFeedback(request));
  EXPECT_THAT(Point(kLatest), IsNps(1, 0, 0));
}

TEST_P(MetricRespondentTest, TheAnswerSaysTheRuleAndWhatItRead) {
  AddAt(0, "ann", 10);
  AddAt(1, "ann", 7);
  AddAt(30, "bob", 7);
  const v1::QueryMetricResponse latest = Query(
      client(),
      absl::StrCat("survey_ids: 'nps' interval { end_time { seconds: 1704153600 } } ", kLatest));
  EXPECT_EQ(latest.method_info().respondent_rule(), v1::RESPONDENT_RULE_LATEST_PER_CUSTOMER);
  EXPECT_EQ(latest.records_scanned(), 2);
  EXPECT_EQ(latest.cells_read(), 0);
  EXPECT_EQ(latest.sequence(), Status(client()).sequence());
  EXPECT_EQ(
      Query(client(), absl::StrCat("survey_ids: 'nps' ", kFirst)).method_info().respondent_rule(),
      v1::RESPONDENT_RULE_FIRST_PER_CUSTOMER);
}

TEST_P(MetricRespondentTest, CustomersAreSaidWhereTheyCountAndNotWhenSuppressed) {
  AddAt(0, "ann", 10);
  EXPECT_FALSE(Point(kAll, "interval_rule: INTERVAL_RULE_ANSWERS").has_customers());
  EXPECT_FALSE(Point("", "interval_rule: INTERVAL_RULE_ANSWERS").has_customers());
  EXPECT_EQ(Point(kAll).customers(), 1);
  EXPECT_TRUE(Point(kLatest).has_customers());
  EXPECT_FALSE(Point(kLatest, "min_sample: 2").has_customers());
  EXPECT_EQ(Point(kLatest, "min_sample: 2").answers(), 1);
  EXPECT_TRUE(Point(kLatest, "min_sample: 1").has_customers());
  const v1::MetricValue nothing = Point(kFirst, "interval { end_time { seconds: 1704067200 } }");
  EXPECT_TRUE(nothing.has_customers());
  EXPECT_EQ(nothing.customers(), 0);
  EXPECT_FALSE(nothing.has_value());
}

TEST_P(MetricRespondentTest, TooFewCustomersAreSuppressedHoweverManyTheirAnswers) {
  for (int i = 0; i < 5; ++i) {
    AddAt(i, "ann", 10);
  }
  EXPECT_FALSE(Point(kAll, "min_sample: 2").suppressed());
  EXPECT_TRUE(Point(kLatest, "min_sample: 2").suppressed());
}

TEST_P(MetricRespondentTest, EitherSideOfAComparisonChoosesByItself) {
  for (int i = 0; i < 12; ++i) {
    const std::string customer = absl::StrCat("c", i);
    for (const int day : {0, 1}) {
      AddAt(24 * day + i, customer, 0);
      AddAt(24 * day + i + 1, customer, day == 0 ? 7 : 10);
    }
  }
  const std::string early = "survey_ids: 'nps' interval { end_time { seconds: 1704153600 } } ";
  const std::string late = "survey_ids: 'nps' interval { start_time { seconds: 1704153600 } } ";
  const v1::CompareMetricResponse latest = Compare(client(), early + kLatest, late + kLatest);
  EXPECT_THAT(latest.base(), IsNps(0, 12, 0));
  EXPECT_THAT(latest.candidate(), IsNps(12, 0, 0));
  EXPECT_EQ(latest.candidate().customers(), 12);
  EXPECT_EQ(latest.verdict(), v1::VERDICT_HIGHER);
  EXPECT_EQ(latest.method_info().respondent_rule(), v1::RESPONDENT_RULE_LATEST_PER_CUSTOMER);
  EXPECT_EQ(Compare(client(), early + kFirst, late + kFirst).verdict(),
            v1::VERDICT_NO_CLEAR_CHANGE);
}

TEST_P(MetricRespondentTest, OtherMethodsChooseAlike) {
  Create(client(), SurveyOf("csat", "kind: SURVEY_KIND_CSAT"));
  Add("csat", kTime, 0, "ann", 5);
  Add("csat", kTime, 1, "ann", 2);
  Add("csat", kTime, 2, "bob", 4);
  const v1::MetricValue share =
      Query(client(), absl::StrCat("survey_ids: 'csat' ", kLatest)).total().points(0);
  EXPECT_EQ(share.numerator(), 1);
  EXPECT_EQ(share.denominator(), 2);
  const v1::MetricValue mean =
      Query(client(), absl::StrCat("survey_ids: 'csat' method: METRIC_METHOD_MEAN "
                                   "include_histogram: true ",
                                   kFirst))
          .total()
          .points(0);
  EXPECT_EQ(mean.value(), 4.5);
  EXPECT_THAT(mean.histogram(), ElementsAre(0, 0, 0, 1, 1));
}

}  // namespace
}  // namespace emptychair::testing
