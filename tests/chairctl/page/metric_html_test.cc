#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/timestamp.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/chairctl/harness/chairctl_harness.h"
#include "tests/chairctl/harness/html_query.h"
#include "tests/chairctl/harness/metric_answers.h"
#include "tests/chairctl/harness/metric_command_test.h"
#include "tests/helpers/times.h"
#include "tools/chairctl/page/change_html.h"
#include "tools/chairctl/page/comparison_html.h"
#include "tools/chairctl/page/explanation_html.h"
#include "tools/chairctl/page/query_html.h"
#include "tools/chairctl/page/scorecard_html.h"
#include "tools/chairctl/page/words_html.h"

namespace emptychair {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// What a label's value can be at worst.
const char* const kHostile = "</td><script>alert(\"1\")</script> & 'q' 🙂 \u202eעברית";

std::string Html(const HtmlPage& page) {
  const std::string html = page.Render(absl::UnixEpoch());
  EXPECT_EQ(MarkupError(html), "");
  EXPECT_THAT(html, Not(HasSubstr("nan")));
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, Not(HasSubstr("</td><script")));
  return html;
}

// Every number of the answer is in a cell, in the digits of JSON.
void ExpectAllNumbers(const std::string& html, const google::protobuf::Message& response) {
  const std::set<std::string> shown = DataValuesOf(html);
  for (const std::string& number : NumbersOf(response)) {
    EXPECT_TRUE(shown.contains(number)) << number;
  }
}

size_t Count(const std::string& html, const std::string& text) {
  size_t count = 0;
  for (size_t at = html.find(text); at != std::string::npos; at = html.find(text, at + 1)) {
    ++count;
  }
  return count;
}

const char* const kInfo =
    R"("methodInfo": {"method": "METRIC_METHOD_NET_PROMOTER",
        "respondentRule": "RESPONDENT_RULE_ALL", "granularity": "GRANULARITY_MONTH",
        "trailingBuckets": 1, "minSample": 5, "timeZone": "Europe/Berlin", "confidence": 0.95,
        "intervalRule": "INTERVAL_RULE_CUSTOMERS", "effectsSequence": 913, "tests": 43,
        "intervalConfidence": 0.9875})";

const char* const kPoint =
    R"({"value": -30.0625, "low": -39.1506, "high": 15.2045, "standardError": 24.69817807045694,
        "grade": "GRADE_NEEDS_WORK", "answers": 10, "unscored": 14, "numerator": -3,
        "denominator": 11, "promoters": 2, "passives": 3, "detractors": 21, "customers": 8,
        "effectiveSample": 7.03125, "designEffect": 1.421875,
        "excluded": [{"reason": "EXCLUSION_REASON_BOT", "count": 6}], "histogram": [0, 12, 13]})";

// Two months of one group: a value and none; of another: a suppressed one and a value.
v1::QueryMetricResponse TwoMonths() {
  const std::string points = absl::StrCat("\"points\": [", kPoint, ", {}]");
  return FromJson<v1::QueryMetricResponse>(absl::StrCat(
      R"({"buckets": [{"startTime": "2023-12-31T23:00:00Z", "endTime": "2024-01-31T23:00:00Z"},
                      {"startTime": "2024-01-31T23:00:00Z", "endTime": "2024-02-29T23:00:00Z"}],
          "series": [{"groupValues": [{"value": "web"}], )",
      points, R"(}, {"groupValues": [{"none": true}],
                     "points": [{"answers": 4, "suppressed": true}, )",
      kPoint, R"(]}], "total": {)", points, R"(}, "sequence": 967, "cellsRead": 17,
         "recordsScanned": 19, )",
      kInfo, "}"));
}

v1::QueryMetricRequest ByChannel() {
  return FromJson<v1::QueryMetricRequest>(
      R"({"surveyIds": ["nps"], "groupBy": ["channel"],
          "interval": {"startTime": "2023-12-31T23:00:00Z", "endTime": "2024-02-29T23:00:00Z"},
          "filters": [{"key": "region", "values": ["EU"], "negate": true}]})");
}

TEST(QueryPage, ShowsTheQuestionTheTrendOfEveryGroupAndAllNumbers) {
  v1::QueryMetricResponse response = TwoMonths();
  response.mutable_method_info()->set_population(1'013);
  const std::string html = Html(QueryPage(ByChannel(), response));
  ExpectAllNumbers(html, response);
  EXPECT_THAT(html, HasSubstr("<h1><bdi>NPS: nps</bdi></h1>"));
  EXPECT_THAT(html, HasSubstr("2024-01-01 to 2024-03-01, end not included, Europe/Berlin"));
  EXPECT_THAT(html, HasSubstr("region!=EU"));
  EXPECT_THAT(html, HasSubstr("net-promoter, all, 95 % intervals, suppressed under 5 answers"));
  // The newest value there is, not that of the empty month behind it.
  EXPECT_THAT(html, HasSubstr("NPS in 2024-01"));
  EXPECT_THAT(html, HasSubstr("data-value=\"-30.0625\">−30.1</span>"));
  EXPECT_THAT(html, HasSubstr("−39.2 … 15.2 at 95 %, from 10 answers"));
  EXPECT_EQ(Count(html, "<figcaption>"), 3u);
  EXPECT_THAT(html, AllOf(HasSubstr("<figcaption><bdi>(all)</bdi>"),
                          HasSubstr("<figcaption><bdi>web</bdi>"),
                          HasSubstr("<figcaption><bdi>(none)</bdi>")));
  EXPECT_THAT(html, HasSubstr("<bdi>(n&lt;5)</bdi>"));
  EXPECT_THAT(html, HasSubstr("<span data-value=\"6\">6</span> bot"));
  EXPECT_THAT(html, Not(HasSubstr("Drawn are")));
  // Below the drawings, above the numbers.
  EXPECT_THAT(html,
              AllOf(HasSubstr("</div>\n<p><bdi>Intervals by customer: 10 answers of 8 customers "
                              "count like 7.0. They speak of 1,013 customers, of whom 8 "
                              "answered; who did not answer is another matter.</bdi></p>\n"
                              "<div class=\"scroll\""),
                    HasSubstr("<dt>intervals by</dt><dd><bdi>customers</bdi></dd>")));
}

TEST(QueryPage, SaysNothingOfIntervalsThatThereAreNone) {
  v1::QueryMetricResponse response = TwoMonths();
  response.mutable_method_info()->set_method(v1::METRIC_METHOD_COUNT);
  EXPECT_THAT(Html(QueryPage(ByChannel(), response)), Not(HasSubstr("Intervals by")));
}

TEST(QueryPage, MarksTheBucketThatIsNotOverAndCountsTheExcluded) {
  v1::QueryMetricResponse response = TwoMonths();
  EXPECT_THAT(Html(QueryPage(ByChannel(), response)), Not(HasSubstr("not over yet")));
  response.mutable_buckets(1)->set_is_open(true);
  const std::string html = Html(QueryPage(ByChannel(), response));
  EXPECT_THAT(html, AllOf(HasSubstr("<bdi>2024-02*</bdi>"), HasSubstr("<bdi>2024-01</bdi>"),
                          HasSubstr("<p><bdi>* not over yet</bdi></p>"),
                          HasSubstr("<p><bdi>excluded: 6 (bot)</bdi></p>")));
}

TEST(QueryPage, ShowsOneBucketAsDotsWithTheirIntervals) {
  v1::QueryMetricResponse response = TwoMonths();
  response.mutable_buckets()->DeleteSubrange(1, 1);
  for (v1::MetricSeries* series :
       {response.mutable_series(0), response.mutable_series(1), response.mutable_total()}) {
    series->mutable_points()->DeleteSubrange(1, 1);
  }
  response.mutable_method_info()->set_granularity(v1::GRANULARITY_NONE);
  const std::string html = Html(QueryPage(ByChannel(), response));
  ExpectAllNumbers(html, response);
  EXPECT_EQ(Count(html, "<figcaption>"), 1u);
  EXPECT_THAT(html, HasSubstr("−30.1 (−39.2 … 15.2), n = 10"));
  EXPECT_THAT(html, HasSubstr("too few answers (n&lt;5)"));
}

TEST(QueryPage, HoldsAnAnswerWithoutGroupsAndWithoutAnswers) {
  v1::QueryMetricRequest request;
  request.add_survey_ids("nps");
  v1::QueryMetricResponse response;
  response.add_buckets();
  response.add_series()->add_points();
  response.mutable_total()->add_points();
  response.mutable_method_info()->set_granularity(v1::GRANULARITY_NONE);
  const std::string html = Html(QueryPage(request, response));
  EXPECT_THAT(html, HasSubstr("no answers"));
  EXPECT_THAT(html, HasSubstr("everything"));
  Html(QueryPage(request, v1::QueryMetricResponse()));
}

TEST(QueryPage, EscapesWhatComesFromData) {
  v1::QueryMetricResponse response = TwoMonths();
  response.mutable_series(0)->mutable_group_values(0)->set_value(kHostile);
  v1::QueryMetricRequest request = ByChannel();
  request.mutable_filters(0)->set_values(0, kHostile);
  const std::string html = Html(QueryPage(request, response));
  const std::string escaped =
      "&lt;/td&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;q&#39; 🙂 "
      "\u202eעברית";
  // In the condition, the panel's caption, its two descriptions and two rows of the table.
  EXPECT_EQ(Count(html, escaped), 6u);
  EXPECT_THAT(html, HasSubstr("<bdi>" + escaped + "</bdi>"));
}

TEST(QueryPage, DrawsTheGroupsWithTheMostAnswersWhenThereAreMany) {
  v1::QueryMetricResponse response = TwoMonths();
  const v1::MetricSeries one = response.series(0);
  response.clear_series();
  for (int i = 0; i < 30; ++i) {
    v1::MetricSeries& series = *response.add_series() = one;
    series.mutable_group_values(0)->set_value(absl::StrCat("g", i, "."));
    series.mutable_points(0)->set_answers(i);
  }
  const std::string html = Html(QueryPage(ByChannel(), response));
  EXPECT_THAT(html, HasSubstr("Drawn are the 24 groups with the most answers of 30"));
  EXPECT_THAT(html, Not(HasSubstr("<figcaption><bdi>g5.</bdi>")));
  EXPECT_THAT(html, HasSubstr("<figcaption><bdi>g6.</bdi>"));
  EXPECT_THAT(html, HasSubstr("<th scope=\"row\"><bdi>g5.</bdi>"));
  ExpectAllNumbers(html, response);
}

v1::CompareMetricResponse Comparison() {
  return FromJson<v1::CompareMetricResponse>(
      absl::StrCat(R"({"base": )", kPoint, R"(, "candidate": {"value": 42.290749, "low": 36.015128,
          "high": 47.945946, "answers": 454, "customers": 227, "effectiveSample": 311.5,
          "designEffect": 1.46875}, "delta": 72.353249, "deltaLow": 50.5,
          "deltaHigh": 90.25, "z": 7.25, "pValue": 1.0748e-05, "verdict": "VERDICT_HIGHER",
          "direction": "CHANGE_DIRECTION_BETTER", "sequence": 968,
          "customerCorrelation": 0.807661, "looks": "LOOKS_OPEN_ENDED",
          "asOf": "2024-03-19T11:30:00Z", "zLimit": 4.5625, "informationFraction": 0.5633, )",
                   kInfo, "}"));
}

TEST(ComparisonPage, ShowsBothSidesTheDifferenceAndTheVerdict) {
  v1::CompareMetricRequest request;
  request.mutable_base()->add_survey_ids("nps");
  const std::string html = Html(ComparisonPage(request, Comparison()));
  ExpectAllNumbers(html, Comparison());
  EXPECT_THAT(html, HasSubstr("data-value=\"72.353249\">+72.4</span>"));
  EXPECT_THAT(html, HasSubstr("higher, better: +50.5 … +90.2 at 95 %, p = 1.07e-05"));
  EXPECT_THAT(html, HasSubstr("data-value=\"1.0748e-05\">1.07e-05</td>"));
  EXPECT_THAT(html, HasSubstr("difference: +72.4 (+50.5 … +90.2)"));
  EXPECT_THAT(html,
              HasSubstr("<p><bdi>However often it is looked at: a change is called from z 4.56 on. "
                        "It is at z 7.25."
                        "</bdi></p>\n<p><bdi>Intervals by customer: base 10 answers of 8 customers "
                        "count like 7.0, candidate 454 of 227 count like 312.</bdi></p>\n"));
  EXPECT_THAT(html, HasSubstr("<p><bdi>customers on both sides: correlation 0.81</bdi></p>"));
  EXPECT_THAT(html,
              AllOf(HasSubstr("<dt>looks</dt><dd><bdi>open-ended</bdi></dd>"),
                    HasSubstr("<dt>as of</dt><dd><bdi>2024-03-19T12:30:00+01:00</bdi></dd>")));
  EXPECT_EQ(Count(html, "class=\"zero\""), 3u);  // Both sides cross 0, and the difference has it.
}

TEST(ComparisonPage, SaysWhenNothingCanBeSaid) {
  v1::CompareMetricResponse response = Comparison();
  response.clear_delta();
  response.clear_delta_low();
  response.clear_delta_high();
  response.clear_z();
  response.clear_p_value();
  response.mutable_base()->Clear();
  response.mutable_base()->set_suppressed(true);
  response.set_verdict(v1::VERDICT_TOO_FEW);
  response.set_direction(v1::CHANGE_DIRECTION_NEITHER);
  const std::string html = Html(ComparisonPage(v1::CompareMetricRequest(), response));
  ExpectAllNumbers(html, response);
  EXPECT_THAT(html, HasSubstr("too few answers to tell"));
  EXPECT_THAT(html, HasSubstr("difference: not known"));
}

TEST(ChangePage, ShowsWhatEverySliceAdds) {
  const auto response = FromJson<v1::DecomposeChangeResponse>(
      absl::StrCat(R"({"base": )", kPoint, R"(, "candidate": {"value": -18.75, "answers": 400},
          "delta": 11.3125, "dimensions": [{"key": "segment", "contributions": [
            {"groupValue": {"value": "<b>big"}, "base": )",
                   kPoint, R"(, "candidate": {"value": -40.5, "answers": 300}, "mix": -7.03125,
             "score": 0.5, "total": -6.53125, "low": -17.6512, "high": 3.5887, "pValue": 0.01234,
             "qValue": 0.04936, "verdict": "VERDICT_LOWER"},
            {"groupValue": {"value": "one"}, "base": {"value": 50.25, "answers": 21},
             "candidate": {"value": 50.75, "answers": 22}, "mix": 0.125, "score": 0.25,
             "total": 0.375, "verdict": "VERDICT_TOO_FEW"},
            {"groupValue": {"other": true}, "base": {"answers": 4, "suppressed": true},
             "candidate": {"value": 45, "answers": 100}, "suppressed": true}]}],
          "sequence": 969, )",
                   kInfo, "}"));
  const std::string html = Html(ChangePage(v1::DecomposeChangeRequest(), response));
  ExpectAllNumbers(html, response);
  EXPECT_THAT(html, HasSubstr("<h2><bdi>By segment</bdi></h2>"));
  EXPECT_THAT(html,
              HasSubstr("aria-label=\"&lt;b&gt;big, total: −6.5 (−17.7 … +3.6), moved down\""));
  // Without an interval, which is not one from 0 to 0.
  EXPECT_THAT(html, HasSubstr("aria-label=\"one, total: +0.4, too few\""));
  EXPECT_THAT(html, HasSubstr("data-value=\"0.01234\">0.0123</td><td class=\"n\" "
                              "data-value=\"0.04936\">0.0494</td><td><bdi>moved down</bdi></td>"));
  EXPECT_THAT(html, HasSubstr("together with its 98.75 % interval (total)"));
  EXPECT_THAT(html,
              HasSubstr("<p><bdi>43 contributions tested: of the movers shown, at most 1 in 20 "
                        "is expected to be chance.</bdi></p>"));
  EXPECT_THAT(html, HasSubstr("<p><bdi>Intervals by customer: base 10 answers of 8 customers "));
  EXPECT_THAT(html, HasSubstr("aria-label=\"(other), total: too few answers\""));
  EXPECT_THAT(html, HasSubstr("NPS −30.1 to −18.8: +11.3"));
  EXPECT_EQ(ElementsOf(html, "rect").size(), 6u);
  Html(ChangePage(v1::DecomposeChangeRequest(), v1::DecomposeChangeResponse()));
}

TEST(ComparisonPage, NamesTheSurveysOfEachSideWhereTheyDiffer) {
  v1::CompareMetricRequest request;
  request.mutable_base()->add_survey_ids("a");
  request.mutable_candidate()->add_survey_ids("b");
  const std::string html = Html(ComparisonPage(request, Comparison()));
  EXPECT_THAT(html, AllOf(HasSubstr("compared: a and b"),
                          HasSubstr("<dt>base survey</dt><dd><bdi>a</bdi></dd>"),
                          HasSubstr("<dt>candidate survey</dt><dd><bdi>b</bdi></dd>"),
                          Not(HasSubstr("<dt>survey</dt>"))));
}

TEST(WordsPage, ShowsTheWordsOfBothSides) {
  v1::CompareWordsRequest request;
  request.set_by_class(true);
  request.mutable_base()->add_survey_ids("nps");
  v1::Survey survey;
  survey.set_kind(v1::SURVEY_KIND_NPS);
  survey.set_time_zone("UTC");
  const WordSides sides = SidesOf(request, survey, survey);
  const std::string html = Html(WordsPage(request, SomeWords(), sides));
  ExpectAllNumbers(html, SomeWords());
  EXPECT_THAT(html,
              AllOf(HasSubstr("Words of promoters and detractors: nps"),
                    HasSubstr("promoters use more"), HasSubstr("detractors use more"),
                    HasSubstr("aria-label=\"late, promoters: 30.0 %, 30\""),
                    HasSubstr("aria-label=\"late, detractors: 2.0 %, 4\""),
                    HasSubstr("data-value=\"0.0011542\">0.00115</td><td class=\"n\" "
                              "data-value=\"0.0069252\">0.00693</td>"),
                    HasSubstr("<p><bdi>12 words tested: of those with q up to 0.05, at most 1 "
                              "in 20 is expected to be chance.</bdi></p>")));
  EXPECT_THAT(Html(WordsPage(request, v1::CompareWordsResponse(), sides)), HasSubstr("No word."));
}

TEST(ScorecardPage, ShowsEverySurveyAtAGlance) {
  const std::string html = Html(ScorecardPage(v1::GetScorecardRequest(), SomeScorecard()));
  ExpectAllNumbers(html, SomeScorecard());
  EXPECT_EQ(Count(html, "<div class=\"score\">"), 4u);
  EXPECT_THAT(html, HasSubstr("After &lt;each&gt; delivery (nps)"));
  EXPECT_THAT(html, HasSubstr("<div class=\"worse\"><bdi>worse</bdi></div>"));
  EXPECT_THAT(html, HasSubstr("−46.1 since the period before (−52.5 … −40.2 at 97.5 %)"));
  EXPECT_THAT(html, HasSubstr("last complete month as of 2024-12-03T00:00:00Z"));
  EXPECT_THAT(
      html, HasSubstr("<p><bdi>Intervals by customer: answers of a period count like 50 % of as "
                      "many.</bdi></p>\n<p><bdi>2 surveys tested: of the changes shown, at most 1 "
                      "in 20 is expected to be chance.</bdi></p>\n"));
  EXPECT_THAT(html, HasSubstr("data-value=\"2.1496e-05\">2.15e-05</td>"));
  Html(ScorecardPage(v1::GetScorecardRequest(), v1::GetScorecardResponse()));
}

TEST(ExplanationPage, ListsTheAnswers) {
  v1::ExplainMetricRow row;
  row.set_counted_as(v1::COUNTED_AS_PROMOTER);
  row.mutable_feedback()->set_score(9);
  row.mutable_feedback()->set_sequence(77);
  row.mutable_feedback()->set_comment(kHostile);
  *row.mutable_feedback()->mutable_occur_time() = ToTimestamp(testing::At("2025-03-31T22:15:00Z"));
  const std::string html =
      Html(ExplanationPage(v1::ExplainMetricRequest(), {row}, testing::Zone("Europe/Berlin")));
  ExpectAllNumbers(html, row);
  EXPECT_THAT(
      html, AllOf(HasSubstr("2025-04-01T00:15:00+02:00"), HasSubstr("everything, Europe/Berlin")));
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;"));
}

class HtmlFlag : public MetricCommandTest {
 protected:
  HtmlFlag() {
    server_.SetMetric(TwoMonths());
    server_.SetComparison(Comparison());
    server_.SetWords(SomeWords());
    server_.SetScorecard(SomeScorecard());
    server_.SetExplanation(v1::ExplainMetricResponse());
  }
};

TEST_F(HtmlFlag, WritesThePageBesideWhatIsPrinted) {
  const TemporaryFile file("page.html", "old");
  const std::vector<std::vector<std::string>> commands = {
      {"query", "nps"},
      {"compare", "nps", "--base", "2017", "--candidate", "2018"},
      {"change", "nps", "--base", "2017", "--candidate", "2018"},
      {"words", "nps", "--by-class"},
      {"scorecard"},
      {"explain", "nps"}};
  for (const std::vector<std::string>& command : commands) {
    for (const char* output : {"table", "json", "csv"}) {
      std::vector<std::string> more(command.begin() + 1, command.end());
      more.insert(more.end(), {"--output", output});
      const ChairctlResult plain = Metric(command[0], more);
      more.insert(more.end(), {"--html", file.path()});
      const ChairctlResult result = Metric(command[0], more);
      ASSERT_EQ(result.exit_code, 0) << result.err;
      EXPECT_EQ(result.out, plain.out);
      const std::string html = file.Read();
      EXPECT_EQ(MarkupError(html), "");
      EXPECT_THAT(html, HasSubstr("Made 2024-01-31T11:20:00Z by chairctl"));
    }
  }
}

TEST_F(HtmlFlag, AFileThatCannotBeWrittenIsAFailureOfTheTool) {
  const TemporaryFile file("page.html", "old");
  const ChairctlResult result =
      Metric("query", {"nps", "--html", file.directory() + "/none/page.html"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, AllOf(HasSubstr("chairctl: --html: cannot write"),
                                HasSubstr("page.html\": No such file or directory")));
  EXPECT_EQ(Metric("query", {"nps", "--html", ""}).exit_code, 2);
}

TEST_F(HtmlFlag, AnErrorOfTheServiceWritesNothing) {
  const TemporaryFile file("page.html", "old");
  EXPECT_EQ(Metric("words", {"none", "--by-class", "--html", file.path()}).exit_code, 69);
  EXPECT_EQ(file.Read(), "old");
}

}  // namespace
}  // namespace emptychair
