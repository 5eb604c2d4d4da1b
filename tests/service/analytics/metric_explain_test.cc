// The answers behind a point.
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"

namespace emptychair::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const char* const kLatest = "respondent_rule: RESPONDENT_RULE_LATEST_PER_CUSTOMER ";
const char* const kFirst = "respondent_rule: RESPONDENT_RULE_FIRST_PER_CUSTOMER ";

class MetricExplainTest : public ServiceTest {
 protected:
  MetricExplainTest() { Create(client(), NpsSurvey("nps", {"channel"})); }

  v1::Feedback Add(const std::string& survey, const std::string& id, int hour,
                   const std::string& customer, std::optional<int> score,
                   const std::string& channel = "") {
    v1::Feedback feedback = Answer(survey, id, kTime + absl::Hours(hour));
    feedback.set_customer_id(customer);
    if (score.has_value()) {
      feedback.set_score(*score);
    }
    if (!channel.empty()) {
      (*feedback.mutable_labels())["channel"] = channel;
    }
    return Submit(client(), feedback).feedback();
  }

  void Exclude(const v1::Feedback& feedback) {
    v1::ExcludeFeedbackRequest request;
    request.set_survey_id(feedback.survey_id());
    request.set_feedback_id(feedback.feedback_id());
    request.set_reason(v1::EXCLUSION_REASON_BOT);
    ASSERT_OK(client().ExcludeFeedback(request));
  }

  absl::StatusOr<v1::ExplainMetricResponse> Page(const std::string& text) {
    return client().connection().ExplainMetric(FromText<v1::ExplainMetricRequest>(text));
  }

  // "external id: PART" of the rows of all pages of the request in text format.
  std::vector<std::string> Rows(const std::string& text, int page_size = 0) {
    auto request = FromText<v1::ExplainMetricRequest>(text);
    request.set_page_size(page_size);
    std::vector<std::string> rows;
    for (const absl::StatusOr<v1::ExplainMetricRow>& row : client().ExplainMetric(request)) {
      EXPECT_OK(row);
      if (!row.ok()) {
        break;
      }
      rows.push_back(absl::StrCat(row->feedback().external_id(), ": ",
                                  v1::CountedAs_Name(row->counted_as()).substr(11)));
    }
    return rows;
  }

  // Rows by what they count as, compared with the point over all groups.
  std::map<std::string, int> CountRows(const std::string& query) {
    std::map<std::string, int> counts;
    for (const std::string& row : Rows(absl::StrCat("query { ", query, " }"))) {
      ++counts[row.substr(row.find(": ") + 2)];
    }
    const v1::MetricValue point = Query(client(), query).total().points(0);
    EXPECT_EQ(counts["UNSCORED"] + (point.answers() == 0 ? counts["COUNTED"] : 0),
              point.unscored());
    if (point.answers() > 0) {
      EXPECT_EQ(counts["PROMOTER"], point.promoters());
      EXPECT_EQ(counts["PASSIVE"], point.passives());
      EXPECT_EQ(counts["DETRACTOR"], point.detractors());
      EXPECT_EQ(counts["PROMOTER"] + counts["PASSIVE"] + counts["DETRACTOR"] +
                    counts["IN_NUMERATOR"] + counts["NOT_IN_NUMERATOR"] + counts["COUNTED"],
                point.answers());
    }
    return counts;
  }
};

EMPTYCHAIR_ON_BOTH_BACKENDS(MetricExplainTest);

TEST_P(MetricExplainTest, ListsEachAnswerNewestFirstWithWhatItCountsAs) {
  const v1::Feedback promoter = Add("nps", "a", 0, "ann", 9, "web");
  Add("nps", "b", 1, "", 8);
  Add("nps", "c", 2, "ann", 7);
  Add("nps", "d", 3, "bob", 6);
  Add("nps", "e", 4, "bob", std::nullopt);
  Exclude(Add("nps", "f", 5, "bob", 10));
  Exclude(Add("nps", "g", 6, "bob", std::nullopt));
  EXPECT_THAT(Rows("query { survey_ids: 'nps' }"),
              ElementsAre("g: EXCLUDED", "f: EXCLUDED", "e: UNSCORED", "d: DETRACTOR", "c: PASSIVE",
                          "b: PASSIVE", "a: PROMOTER"));
  EXPECT_THAT(Rows("query { survey_ids: 'nps' include_excluded: true }"),
              ElementsAre("g: UNSCORED", "f: PROMOTER", "e: UNSCORED", "d: DETRACTOR", "c: PASSIVE",
                          "b: PASSIVE", "a: PROMOTER"));
  CountRows("survey_ids: 'nps'");
  CountRows("survey_ids: 'nps' include_excluded: true");
  const v1::ExplainMetricResponse page = Value(Page("query { survey_ids: 'nps' }"));
  EXPECT_THAT(page.rows(6).feedback(), EqualsMessage(promoter));
  EXPECT_EQ(page.sequence(), Status(client()).sequence());
  EXPECT_EQ(page.next_page_token(), "");
}

TEST_P(MetricExplainTest, TheRowsAddUpToTheCountsOfEveryMethod) {
  const std::pair<const char*, const char*> surveys[] = {
      {"csat", "kind: SURVEY_KIND_CSAT"},
      {"effort", "kind: SURVEY_KIND_CES scale { direction: SCALE_DIRECTION_EFFORT }"},
      {"rating", "kind: SURVEY_KIND_RATING scale { min: -2 max: 2 }"}};
  for (const auto& [id, text] : surveys) {
    const v1::Survey survey = Create(client(), SurveyOf(id, text));
    SubmitAll(client(), ScoredAnswers(id, survey.scale().min(), {1, 2, 3, 4, 5}, kTime));
  }
  Create(client(), SurveyOf("text", "kind: SURVEY_KIND_TEXT"));
  SubmitAll(client(), {Answer("text", "a", kTime), Answer("text", "b", kTime)});
  Exclude(Submit(client(), Answer("text", "c", kTime)).feedback());
  using Counts = std::map<std::string, int>;
  const auto without_zeros = [](Counts counts) {
    for (auto it = counts.begin(); it != counts.end();) {
      it = it->second == 0 ? counts.erase(it) : std::next(it);
    }
    return counts;
  };
  const struct {
    const char* query;
    Counts counts;
  } rows[] = {
      {"survey_ids: 'csat'", {{"IN_NUMERATOR", 9}, {"NOT_IN_NUMERATOR", 6}}},
      {"survey_ids: 'csat' method: METRIC_METHOD_MEAN", {{"COUNTED", 15}}},
      {"survey_ids: 'effort'", {{"IN_NUMERATOR", 6}, {"NOT_IN_NUMERATOR", 9}}},
      {"survey_ids: 'effort' method: METRIC_METHOD_NET",
       {{"PROMOTER", 3}, {"PASSIVE", 7}, {"DETRACTOR", 5}}},
      {"survey_ids: 'rating'", {{"COUNTED", 15}}},
      {"survey_ids: 'rating' method: METRIC_METHOD_TOP_BOX top_box_min: 2",
       {{"IN_NUMERATOR", 5}, {"NOT_IN_NUMERATOR", 10}}},
      {"survey_ids: 'text'", {{"COUNTED", 2}, {"EXCLUDED", 1}}},
      {"survey_ids: 'text' include_excluded: true", {{"COUNTED", 3}}},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(without_zeros(CountRows(row.query)), row.counts) << row.query;
  }
}

TEST_P(MetricExplainTest, AGroupHasItsOwnAnswersAndTheTotalAll) {
  v1::Survey survey = NpsSurvey("full", {"channel"});
  survey.set_max_series(2);
  Create(client(), survey);
  Add("full", "a", 0, "", 9, "web");
  Add("full", "b", 1, "", 9);
  Add("full", "c", 2, "", 9, "app");  // Past max_series.
  const std::string query = "query { survey_ids: 'full' group_by: 'channel' } ";
  EXPECT_THAT(Rows(query + "group_values { value: 'web' }"), ElementsAre("a: PROMOTER"));
  EXPECT_THAT(Rows(query + "group_values { none: true }"), ElementsAre("b: PROMOTER"));
  EXPECT_THAT(Rows(query + "group_values { other: true }"), ElementsAre("c: PROMOTER"));
  EXPECT_THAT(Rows(query + "group_values { value: 'app' }"), IsEmpty());
  EXPECT_THAT(Rows(query), SizeIs(3));
  const std::string both =
      "query { survey_ids: 'full' survey_ids: 'nps' group_by: 'survey_id' group_by: 'channel' } ";
  Add("nps", "d", 3, "", 0, "web");
  EXPECT_THAT(Rows(both + "group_values { value: 'nps' } group_values { value: 'web' }"),
              ElementsAre("d: DETRACTOR"));
  EXPECT_THAT(Rows(both), SizeIs(4));
}

TEST_P(MetricExplainTest, KeepsToTheFiltersAndToTheBucket) {
  Add("nps", "a", 0, "", 9, "web");
  Add("nps", "b", 24, "", 9, "web");
  Add("nps", "c", 25, "", 9, "app");
  Add("nps", "d", 48, "", 9, "web");
  EXPECT_THAT(Rows("query { survey_ids: 'nps' filters { key: 'channel' values: 'web' } }"),
              ElementsAre("d: PROMOTER", "b: PROMOTER", "a: PROMOTER"));
  EXPECT_THAT(Rows("query { survey_ids: 'nps' filters { key: 'x' values: 'y' } }"), IsEmpty());
  EXPECT_THAT(Rows("query { survey_ids: 'nps' filters { key: 'survey_id' values: 'y' } }"),
              IsEmpty());
  const std::string by_day =
      "survey_ids: 'nps' granularity: GRANULARITY_DAY interval { start_time { seconds: 1704067200 "
      "} end_time { seconds: 1704243600 } } ";
  const v1::QueryMetricResponse days = Query(client(), by_day);
  ASSERT_THAT(days.buckets(), SizeIs(3));
  const std::vector<std::string> rows[] = {
      {"a: PROMOTER"}, {"c: PROMOTER", "b: PROMOTER"}, {"d: PROMOTER"}};
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Rows(absl::StrCat("query { ", by_day, " } interval { ",
                                IntervalOf(days.buckets(i)).ShortDebugString(), " }")),
              rows[i]);
  }
  // An edge that is absent is that of the query.
  EXPECT_THAT(
      Rows(absl::StrCat("query { ", by_day, " } interval { start_time { seconds: 1704157200 } }")),
      ElementsAre("d: PROMOTER", "c: PROMOTER"));
}

TEST_P(MetricExplainTest, OfARuleTheChosenAnswersAreListed) {
  Create(client(), NpsSurvey("later", {"channel"}));
  Add("nps", "a", 0, "ann", 10, "web");
  Add("later", "b", 1, "ann", 7, "app");
  Add("nps", "c", 2, "ann", std::nullopt, "app");
  Exclude(Add("nps", "d", 3, "ann", 0, "app"));
  Add("nps", "e", 1, "", 9, "web");
  Add("later", "f", 0, "bob", 0, "web");
  const std::string both = "survey_ids: 'nps' survey_ids: 'later' group_by: 'channel' ";
  for (const int page_size : {1, 2, 100}) {
    EXPECT_THAT(Rows(absl::StrCat("query { ", both, kLatest, " }"), page_size),
                ::testing::UnorderedElementsAre("d: EXCLUDED", "c: UNSCORED", "b: PASSIVE",
                                                "e: PROMOTER", "f: DETRACTOR"));
    EXPECT_THAT(Rows(absl::StrCat("query { ", both, kFirst, " }"), page_size),
                ::testing::UnorderedElementsAre("d: EXCLUDED", "c: UNSCORED", "e: PROMOTER",
                                                "a: PROMOTER", "f: DETRACTOR"));
  }
  // The choice is made before the groups.
  EXPECT_THAT(Rows(absl::StrCat("query { ", both, kLatest, " } group_values { value: 'web' }")),
              ElementsAre("e: PROMOTER", "f: DETRACTOR"));
  EXPECT_THAT(Rows(absl::StrCat("query { ", both, kLatest, "include_excluded: true }")),
              ElementsAre("d: DETRACTOR", "c: UNSCORED", "e: PROMOTER", "f: DETRACTOR"));
  // And behind the filters and in the bucket.
  EXPECT_THAT(
      Rows(absl::StrCat("query { ", both, kLatest, "filters { key: 'channel' values: 'web' } }")),
      ::testing::UnorderedElementsAre("e: PROMOTER", "f: DETRACTOR", "a: PROMOTER"));
  EXPECT_THAT(Rows(absl::StrCat("query { ", both, kLatest,
                                " } interval { end_time { seconds: 1704070800 } }")),
              ::testing::UnorderedElementsAre("f: DETRACTOR", "a: PROMOTER"));
  CountRows(both + kLatest);
  CountRows(both + kFirst);
}

TEST_P(MetricExplainTest, PagesOfAnySizeMakeUpTheWhole) {
  std::vector<v1::Feedback> answers;
  for (int i = 0; i < 50; ++i) {
    answers.push_back(Answer("nps", absl::StrCat("row ", i), kTime + absl::Minutes(i / 3), i % 11));
    answers.back().set_customer_id(absl::StrCat("c", i % 20));
  }
  SubmitAll(client(), answers);
  for (const std::string rule : {"", kLatest, kFirst}) {
    const std::string query = absl::StrCat("query { survey_ids: 'nps' ", rule, "}");
    const std::vector<std::string> whole = Rows(query, 1'000);
    EXPECT_THAT(whole, SizeIs(rule.empty() ? 50 : 20));
    for (const int page_size : {1, 7, 20, 49}) {
      EXPECT_EQ(Rows(query, page_size), whole) << page_size;
    }
  }
}

TEST_P(MetricExplainTest, EndsAPageEarlyRatherThanLookingAtEverything) {
  std::vector<v1::Feedback> many = {Answer("nps", "the one", kTime, 10)};
  (*many.back().mutable_labels())["channel"] = "web";
  for (int i = 0; i < 20'500; ++i) {
    many.push_back(Answer("nps", absl::StrCat("m", i), kTime + absl::Minutes(1 + i), 10));
  }
  SubmitAll(client(), many);
  const std::string query =
      "query { survey_ids: 'nps' group_by: 'channel' } group_values { value: 'web' } ";
  const v1::ExplainMetricResponse first = Value(Page(query));
  EXPECT_THAT(first.rows(), IsEmpty());
  EXPECT_NE(first.next_page_token(), "");
  EXPECT_THAT(Rows(query), ElementsAre("the one: PROMOTER"));
}

TEST_P(MetricExplainTest, TakesAPageTokenForNothingElse) {
  Add("nps", "a", 0, "", 9);
  Add("nps", "b", 1, "", 9);
  const std::string token =
      Value(Page("query { survey_ids: 'nps' } page_size: 1")).next_page_token();
  ASSERT_NE(token, "");
  const std::string with_token = absl::StrCat(" page_token: '", token, "'");
  EXPECT_THAT(Value(Page("query { survey_ids: 'nps' } page_size: 5" + with_token)).rows(),
              SizeIs(1));
  for (const char* other :
       {"query { survey_ids: 'nps' min_sample: 1 }", "query { survey_ids: 'nps' } interval {}",
        "query { survey_ids: 'nps' respondent_rule: RESPONDENT_RULE_FIRST_PER_CUSTOMER }"}) {
    EXPECT_THAT(Page(other + with_token), HasReason(v1::ERROR_REASON_PAGE_TOKEN_INVALID)) << other;
  }
}

TEST_P(MetricExplainTest, EachPageIsReadAtItsOwnState) {
  Add("nps", "a", 0, "ann", 10);
  Add("nps", "b", 1, "bob", 9);
  Add("nps", "c", 2, "cid", 8);
  const std::string query = absl::StrCat("query { survey_ids: 'nps' ", kLatest, "} ");
  const v1::ExplainMetricResponse first = Value(Page(query + "page_size: 1"));
  ASSERT_THAT(first.rows(), SizeIs(1));
  // In front of the page: ann has no row in the rest.
  Add("nps", "d", 3, "ann", 0);
  const v1::ExplainMetricResponse rest =
      Value(Page(absl::StrCat(query, "page_token: '", first.next_page_token(), "'")));
  ASSERT_THAT(rest.rows(), SizeIs(1));
  EXPECT_EQ(rest.rows(0).feedback().external_id(), "b");
  EXPECT_EQ(rest.sequence(), first.sequence() + 1);
}

TEST_P(MetricExplainTest, APointThatIsSuppressedIsNotExplained) {
  Add("nps", "a", 0, "ann", 10, "web");
  Add("nps", "b", 1, "ann", 9, "app");
  Add("nps", "c", 2, "", std::nullopt, "app");
  const struct {
    std::string query, more;
    const char* answers;  // Null: it is shown.
  } rows[] = {
      {"min_sample: 2", "", nullptr},
      {"min_sample: 3", "", "2"},
      {"min_sample: 2 group_by: 'channel'", "", nullptr},
      {"min_sample: 2 group_by: 'channel'", "group_values { value: 'web' }", "1"},
      {"min_sample: 1 group_by: 'channel'", "group_values { value: 'web' }", nullptr},
      {"min_sample: 1 group_by: 'channel'", "group_values { value: 'x' }", "0"},
      {"group_by: 'channel'", "group_values { value: 'x' }", nullptr},
      {absl::StrCat("min_sample: 2 ", kLatest), "", "1"},
      {absl::StrCat("min_sample: 1 group_by: 'channel' ", kLatest), "group_values { value: 'web' }",
       "0"},
      {"min_sample: 2", "interval { end_time { seconds: 1704070800 } }", "1"},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.query + " " + row.more);
    const absl::StatusOr<v1::ExplainMetricResponse> page =
        Page(absl::StrCat("query { survey_ids: 'nps' ", row.query, " } ", row.more));
    if (row.answers == nullptr) {
      EXPECT_OK(page);
      continue;
    }
    ASSERT_THAT(page, HasReason(v1::ERROR_REASON_SUPPRESSED));
    EXPECT_EQ(page.status().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(MetadataOf(page.status())["answers"], row.answers);
  }
  v1::Survey shy = NpsSurvey("shy");
  shy.set_min_sample(2);
  Create(client(), shy);
  EXPECT_THAT(Page("query { survey_ids: 'shy' }"), HasReason(v1::ERROR_REASON_SUPPRESSED));
}

TEST_P(MetricExplainTest, BadRequestsAreRefusedWithReasonAndField) {
  constexpr auto kRequired = v1::ERROR_REASON_FIELD_REQUIRED;
  constexpr auto kInvalid = v1::ERROR_REASON_FIELD_INVALID;
  const std::string nps = "query { survey_ids: 'nps' } ";
  const std::string by_channel = "query { survey_ids: 'nps' group_by: 'channel' } ";
  const std::string january =
      "query { survey_ids: 'nps' interval { start_time { seconds: 1704067200 } end_time { seconds: "
      "1706745600 } } } ";
  const struct {
    std::string text;
    v1::ErrorReason reason;
    std::string field;
  } rows[] = {
      {"", kRequired, "query.survey_ids"},
      {"query {}", kRequired, "query.survey_ids"},
      {"query { survey_ids: 'nothing' }", v1::ERROR_REASON_SURVEY_NOT_FOUND, ""},
      {"query { survey_ids: 'nps' method: METRIC_METHOD_MEAN }", kInvalid, "query.method"},
      {"query { survey_ids: 'nps' respondent_rule: 9 }", kInvalid, "query.respondent_rule"},
      {"query { survey_ids: 'nps' group_by: 'agent' }", v1::ERROR_REASON_NOT_A_DIMENSION,
       "query.group_by[0]"},
      {"query { survey_ids: 'nps' filters {} }", kRequired, "query.filters[0].key"},
      {"query { survey_ids: 'nps' min_sample: -1 }", kInvalid, "query.min_sample"},
      {"query { survey_ids: 'nps' granularity: GRANULARITY_DAY }", kRequired, "interval"},
      {"query { survey_ids: 'nps' granularity: GRANULARITY_DAY trailing_buckets: 2 } interval {}",
       kInvalid, "query.trailing_buckets"},
      {nps + "group_values { value: 'web' }", kInvalid, "group_values"},
      {by_channel + "group_values { value: 'web' } group_values { none: true }", kInvalid,
       "group_values"},
      {by_channel + "group_values {}", kRequired, "group_values[0]"},
      {by_channel + "group_values { value: '' }", kRequired, "group_values[0].value"},
      {by_channel + "group_values { value: '(none)' }", kInvalid, "group_values[0].value"},
      {by_channel + "group_values { value: '\\n' }", kInvalid, "group_values[0].value"},
      {by_channel + "group_values { none: false }", kInvalid, "group_values[0].none"},
      {by_channel + "group_values { other: false }", kInvalid, "group_values[0].other"},
      {nps + "interval { start_time { seconds: 9 } end_time { seconds: 9 } }", kInvalid,
       "interval.end_time"},
      {nps + "interval { start_time { nanos: -1 } }", kInvalid, "interval.start_time"},
      {january + "interval { start_time { seconds: 1704067199 } }", kInvalid,
       "interval.start_time"},
      {january + "interval { end_time { seconds: 1706745601 } }", kInvalid, "interval.end_time"},
      {january + "interval { start_time { seconds: 1706745600 } }", kInvalid, "interval"},
      {january + "interval { end_time { seconds: 1704067200 } }", kInvalid, "interval"},
      {nps + "page_size: -1", kInvalid, "page_size"},
      {nps + "page_token: 'x'", v1::ERROR_REASON_PAGE_TOKEN_INVALID, "page_token"},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.text);
    const absl::Status status = Page(row.text).status();
    EXPECT_THAT(status, HasReason(row.reason));
    if (!row.field.empty()) {
      EXPECT_THAT(status, HasField(row.field));
      EXPECT_THAT(std::string(status.message()), ::testing::StartsWith(row.field + ": "));
    }
  }
  for (const std::string& fine :
       {january +
            "interval { start_time { seconds: 1704067200 } end_time { seconds: 1706745600 } }",
        nps + "page_size: 2147483647", by_channel + "group_values { value: 'nobody' }",
        std::string("query { survey_ids: 'nps' trailing_buckets: 1 week_start: WEEK_START_SUNDAY "
                    "include_histogram: true }")}) {
    EXPECT_OK(Page(fine)) << fine;
  }
}

}  // namespace
}  // namespace emptychair::testing
