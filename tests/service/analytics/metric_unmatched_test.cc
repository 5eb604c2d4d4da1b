// Filters that nothing fits are named in the answer.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"

namespace emptychair::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string FilterOn(const std::string& key, const std::vector<std::string>& values,
                     bool negate = false) {
  return absl::StrCat(" filters { key: '", key, "' values: ['", absl::StrJoin(values, "', '"),
                      "'] negate: ", negate ? "true" : "false", " }");
}

// "key: known" or "key=value: known", joined by spaces.
template <typename Response>
std::vector<std::string> Unmatched(const Response& response) {
  std::vector<std::string> texts;
  for (const v1::UnmatchedFilter& filter : response.unmatched()) {
    texts.push_back(absl::StrCat(filter.key(), filter.has_value() ? "=" : "", filter.value(), ": ",
                                 absl::StrJoin(filter.known(), " ")));
  }
  return texts;
}

class MetricUnmatchedTest : public ServiceTest {
 protected:
  MetricUnmatchedTest() { Create(client(), NpsSurvey("nps", {"channel"})); }

  void Load(const std::string& survey_id, int count, int first = 0) {
    std::vector<v1::Feedback> answers;
    for (int i = first; i < first + count; ++i) {
      answers.push_back(
          Answer(survey_id, absl::StrCat("row ", i), kTime + absl::Minutes(i), i % 11));
      answers.back().set_comment("words");
      (*answers.back().mutable_labels())["channel"] = i % 2 == 0 ? "web" : "app";
      (*answers.back().mutable_labels())["plan"] = i % 3 == 0 ? "pro" : "free";
    }
    SubmitAll(client(), answers);
  }

  std::vector<std::string> InQuery(const std::string& rest,
                                   const std::string& survey_ids = "'nps'") {
    return Unmatched(Query(client(), absl::StrCat("survey_ids: [", survey_ids, "] ", rest)));
  }
};

EMPTYCHAIR_ON_BOTH_BACKENDS(MetricUnmatchedTest);

TEST_P(MetricUnmatchedTest, AreAtMostAHundred) {
  Load("nps", 10);
  std::vector<std::string> values;
  for (int i = 0; i < 1000; ++i) {
    values.push_back(absl::StrCat("slip", i));
  }
  EXPECT_EQ(InQuery(FilterOn("channel", values)).size(), 100u);
  EXPECT_EQ(InQuery(FilterOn("plan", values)).size(), 0u);
}

TEST_P(MetricUnmatchedTest, KeysAndValuesThatNothingHasAreNamed) {
  Load("nps", 12);
  EXPECT_THAT(InQuery(FilterOn("chanel", {"web"})), ElementsAre("chanel: channel plan"));
  EXPECT_THAT(InQuery(FilterOn("channel", {"Web"})), ElementsAre("channel=Web: app web"));
  EXPECT_THAT(InQuery(FilterOn("channel", {"web", "Web", "fax"})),
              ElementsAre("channel=Web: app web", "channel=fax: app web"));
  EXPECT_THAT(InQuery(FilterOn("channel", {"Web"}, true) + FilterOn("chanel", {"x"}, true)),
              ElementsAre("chanel: channel plan", "channel=Web: app web"));
  EXPECT_THAT(InQuery(FilterOn("survey_id", {"nsp", "nps"})), ElementsAre("survey_id=nsp: nps"));
  // The filters count as they were sent.
  EXPECT_EQ(Query(client(), "survey_ids: 'nps'" + FilterOn("chanel", {"web"}, true))
                .total()
                .points(0)
                .answers(),
            12);
}

TEST_P(MetricUnmatchedTest, WhatFitsAnythingInTheSurveyIsNot) {
  Load("nps", 12);
  const std::string window = " interval { end_time { seconds: 1000000 } }";
  for (const std::string& filter : {FilterOn("channel", {"web"}), FilterOn("channel", {"(none)"}),
                                    FilterOn("channel", {"(other)"}), FilterOn("plan", {"pro"}),
                                    FilterOn("plan", {"nobody"}), FilterOn("survey_id", {"nps"})}) {
    EXPECT_THAT(InQuery(filter), IsEmpty()) << filter;
    EXPECT_THAT(InQuery(filter + window), IsEmpty()) << filter;
    EXPECT_THAT(InQuery(filter + FilterOn("channel", {"app"})), IsEmpty()) << filter;
  }
  EXPECT_THAT(InQuery(""), IsEmpty());
  EXPECT_THAT(InQuery(FilterOn("chanel", {"web"}) + window), ElementsAre("chanel: channel plan"));
  // Of the channel that is left out no label is read by the query itself.
  EXPECT_THAT(InQuery(FilterOn("channel", {"fax"}) + FilterOn("plan", {"pro"})),
              ElementsAre("channel=fax: app web"));
}

TEST_P(MetricUnmatchedTest, EveryAnswerToFiltersNamesThem) {
  Load("nps", 12);
  const std::string slip = FilterOn("chanel", {"web"});
  const std::string early = "survey_ids: 'nps' interval { end_time { seconds: 1704067300 } }";
  const std::string late = "survey_ids: 'nps' interval { start_time { seconds: 1704067300 } }";
  const std::vector<std::string> wanted = {"chanel: channel plan"};
  EXPECT_EQ(Unmatched(Compare(client(), early + slip, late)), wanted);
  EXPECT_EQ(Unmatched(Compare(client(), early, late + slip)), wanted);
  EXPECT_EQ(Unmatched(Compare(client(), early + slip, late + slip)), wanted);
  EXPECT_EQ(Unmatched(Decompose(client(), early, late + slip)), wanted);
  v1::CompareWordsRequest words;
  *words.mutable_base() = FromText<v1::QueryMetricRequest>(early + slip);
  *words.mutable_candidate() = FromText<v1::QueryMetricRequest>(late);
  EXPECT_EQ(Unmatched(Value(client().CompareWords(words))), wanted);
  v1::ExplainMetricRequest explain;
  *explain.mutable_query() = FromText<v1::QueryMetricRequest>("survey_ids: 'nps'" + slip);
  EXPECT_EQ(Unmatched(Value(client().connection().ExplainMetric(explain))), wanted);
  auto list = FromText<v1::ListFeedbackRequest>("survey_id: 'nps'" + slip);
  EXPECT_EQ(Unmatched(Value(client().connection().ListFeedback(list))), wanted);
  list = FromText<v1::ListFeedbackRequest>("survey_id: 'nps'" + FilterOn("channel", {"Web"}));
  EXPECT_THAT(Unmatched(Value(client().connection().ListFeedback(list))),
              ElementsAre("channel=Web: app web"));
  // With the first page alone.
  list = FromText<v1::ListFeedbackRequest>("survey_id: 'nps' page_size: 2" +
                                           FilterOn("chanel", {"web"}, true));
  v1::ListFeedbackResponse page = Value(client().connection().ListFeedback(list));
  EXPECT_EQ(Unmatched(page), wanted);
  list.set_page_token(page.next_page_token());
  EXPECT_THAT(Unmatched(Value(client().connection().ListFeedback(list))), IsEmpty());
}

TEST_P(MetricUnmatchedTest, RecordsTellWhereSeriesDoNot) {
  v1::Survey full = NpsSurvey("full", {"channel"});
  full.set_max_series(1);
  Create(client(), full);
  Load("full", 12);
  EXPECT_THAT(InQuery(FilterOn("channel", {"app"}), "'full'"), IsEmpty());
  EXPECT_THAT(InQuery(FilterOn("channel", {"App"}), "'full'"), ElementsAre("channel=App: app web"));
  // A dimension of one survey and a label of the other.
  Create(client(), NpsSurvey("bare"));
  Load("bare", 12);
  EXPECT_THAT(InQuery(FilterOn("channel", {"app"}), "'nps', 'bare'"), IsEmpty());
  EXPECT_THAT(InQuery(FilterOn("channel", {"App"}), "'nps', 'bare'"),
              ElementsAre("channel=App: app web"));
  // A retired one.
  Load("nps", 12);
  v1::UpdateSurveyRequest retire;
  *retire.mutable_survey() = NpsSurvey("nps", {"plan"});
  retire.mutable_update_mask()->add_paths("dimensions");
  ASSERT_OK(client().UpdateSurvey(retire).status());
  EXPECT_THAT(InQuery(FilterOn("channel", {"app"})), IsEmpty());
  EXPECT_THAT(InQuery(FilterOn("channel", {"App"})), ElementsAre("channel=App: app web"));
}

// A look at the first 20,000 records does not tell; the query that reads all of them does.
TEST_P(MetricUnmatchedTest, NothingIsSaidWhereALookWouldHaveToBeLong) {
  Load("nps", 20'001);
  v1::Feedback last = Answer("nps", "last", kTime + absl::Hours(24 * 30), 9);
  (*last.mutable_labels())["shop"] = "7";
  Submit(client(), last);
  EXPECT_THAT(InQuery(FilterOn("shop", {"8"})), IsEmpty());
  EXPECT_THAT(InQuery(FilterOn("chop", {"8"})), ElementsAre("chop: channel plan"));
  EXPECT_THAT(InQuery(FilterOn("chop", {"8"}) + " interval { end_time { seconds: 1704067300 } }"),
              IsEmpty());
}

TEST_P(MetricUnmatchedTest, AtMostTenAreNamedByTheirBytes) {
  for (int i = 0; i < 30; ++i) {
    v1::Feedback feedback = Answer("nps", absl::StrCat("row ", i), kTime, 9);
    (*feedback.mutable_labels())["channel"] = absl::StrCat("c", i);
    Submit(client(), feedback);
  }
  EXPECT_THAT(InQuery(FilterOn("channel", {"x"})),
              ElementsAre("channel=x: c0 c1 c10 c11 c12 c13 c14 c15 c16 c17"));
}

}  // namespace
}  // namespace emptychair::testing
