// Pages of loyalty: what they say, and that they have all numbers of the answer.
#include <set>
#include <string>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/chairctl/harness/chairctl_harness.h"
#include "tests/chairctl/harness/fake_loyalty_server.h"
#include "tests/chairctl/harness/html_query.h"
#include "tests/chairctl/harness/loyalty_answers.h"
#include "tools/chairctl/page/cohorts_html.h"
#include "tools/chairctl/page/repeat_rate_html.h"
#include "tools/chairctl/page/retention_html.h"

namespace emptychair {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string Html(const HtmlPage& page) {
  const std::string html = page.Render(absl::UnixEpoch());
  EXPECT_EQ(MarkupError(html), "");
  EXPECT_THAT(html, AllOf(Not(HasSubstr("nan")), Not(HasSubstr("<script")), Not(HasSubstr("http:")),
                          Not(HasSubstr("https:"))));
  return html;
}

void ExpectAllNumbers(const std::string& html, const google::protobuf::Message& response) {
  const std::set<std::string> shown = DataValuesOf(html);
  for (const std::string& number : NumbersOf(response)) {
    EXPECT_TRUE(shown.contains(number)) << number;
  }
}

v1::QueryCohortsRequest CohortsOfPurchase() {
  v1::QueryCohortsRequest request;
  request.set_kind("purchase");
  return request;
}

v1::QueryRetentionRequest RetentionOf(const std::string& kind) {
  v1::QueryRetentionRequest request;
  request.set_kind(kind);
  return request;
}

size_t Count(const std::string& html, const std::string& text) {
  size_t count = 0;
  for (size_t at = html.find(text); at != std::string::npos; at = html.find(text, at + 1)) {
    ++count;
  }
  return count;
}

TEST(CohortsPage, IsATriangleWhoseCellsTellCountShareAndInterval) {
  const v1::QueryCohortsResponse response = SomeCohorts();
  const std::string html = Html(CohortsPage(CohortsOfPurchase(), response));
  ExpectAllNumbers(html, response);
  EXPECT_THAT(html, HasSubstr("<h1><bdi>Cohorts: purchase</bdi></h1>"));
  EXPECT_THAT(html,
              HasSubstr("<td class=\"n heat\" style=\"--heat:1.000\" tabindex=\"0\" "
                        "data-value=\"22.5352\">22.5<span class=\"tip\"> <bdi>2014-01 +1: 144 of "
                        "639 customers, 22.5 (19.5 … 25.9) %</bdi></span></td>"));
  EXPECT_THAT(html, HasSubstr("style=\"--heat:0.493\" tabindex=\"0\" data-value=\"11.1111\""));
  // A cohort of nobody has a cell without a share.
  EXPECT_THAT(html, HasSubstr("<td class=\"n\" tabindex=\"0\"><bdi>–</bdi><span class=\"tip\"> "
                              "<bdi>2014-03 +0: 0 of 0 customers, no value</bdi>"));
  // The keyboard gets to each of the six cells, or past them.
  EXPECT_EQ(Count(html, "<span class=\"tip\">"), 6u);
  EXPECT_THAT(html, AllOf(HasSubstr("<a class=\"skip\" href=\"#after-shares\">"),
                          HasSubstr("<span id=\"after-shares\"")));
  EXPECT_THAT(html, AllOf(HasSubstr("<th scope=\"row\"><bdi>2014-01</bdi></th>"),
                          HasSubstr("<th scope=\"col\" class=\"n\"><bdi>+2</bdi></th>")));
}

TEST(CohortsPage, HasAmountsOfEachCurrency) {
  const v1::QueryCohortsResponse response = CohortsWithAmounts();
  const std::string html = Html(CohortsPage(CohortsOfPurchase(), response));
  ExpectAllNumbers(html, response);
  EXPECT_THAT(html, HasSubstr("2014-01 +1: 50.0 (44.1 … 55.9) EUR for each of 639 customers"));
  EXPECT_THAT(html, HasSubstr("2014-02 +0: nothing in USD"));
  EXPECT_THAT(html, HasSubstr("<span data-value=\"-3\">−3</span>"
                              "<span data-value=\"-250000000\">.25</span>"));
}

TEST(CohortsPage, OfNothingIsAPage) {
  Html(CohortsPage(CohortsOfPurchase(), v1::QueryCohortsResponse()));
}

TEST(RetentionPage, HasABarForEachPeriodAndAllNumbers) {
  const v1::QueryRetentionResponse response = SomeRetention();
  v1::QueryRetentionRequest request = RetentionOf("purchase");
  v1::LabelFilter& filter = *request.add_filters();
  filter.set_key("plan");
  filter.add_values("</p><script>gold");
  const std::string html = Html(RetentionPage(request, response));
  ExpectAllNumbers(html, response);
  EXPECT_THAT(html, HasSubstr("Retention in 2014-02"));
  EXPECT_THAT(html, HasSubstr("19.5 … 25.9 at 95 %, 144 of 639 customers"));
  EXPECT_THAT(html, HasSubstr("<rect class=\"bar first\""));
  EXPECT_THAT(html, HasSubstr("2014-02: 22.5 (19.5 … 25.9), n = 639"));
  EXPECT_THAT(html, HasSubstr("plan=&lt;/p&gt;"));
  EXPECT_THAT(html, Not(HasSubstr("romoters")));
}

TEST(RetentionPage, ByClassTellsTheDifferenceFirst) {
  const v1::QueryRetentionResponse response = RetentionByClass();
  const std::string html = Html(RetentionPage(RetentionOf("purchase"), response));
  ExpectAllNumbers(html, response);
  EXPECT_THAT(html,
              AllOf(HasSubstr("data-value=\"15.681818\">+15.7</span>"),
                    HasSubstr("+3.8 … +26.9 at 95 %"), HasSubstr("promoters come back more often"),
                    HasSubstr("the interval is narrower than customers are")));
  EXPECT_THAT(html, HasSubstr("All numbers, detractors"));
  EXPECT_THAT(html, HasSubstr("Amounts, EUR, all customers"));
  EXPECT_THAT(html, HasSubstr("<div class=\"group\"><bdi>no answer</bdi></div>"));
}

TEST(RetentionPage, OfManyPeriodsIsALine) {
  v1::QueryRetentionResponse response = SomeRetention();
  for (int i = 0; i < 100; ++i) {
    *response.add_points() = response.points(1);
  }
  const std::string html = Html(RetentionPage(RetentionOf("purchase"), response));
  EXPECT_THAT(html, AllOf(HasSubstr("<path class=\"band first\""), Not(HasSubstr("<rect"))));
}

TEST(RetentionPage, OfTheFormulaWarnsAndOfNothingIsAPage) {
  v1::QueryRetentionResponse response;
  response.set_method(v1::RETENTION_METHOD_FORMULA);
  EXPECT_THAT(Html(RetentionPage(RetentionOf("purchase"), response)),
              AllOf(HasSubstr("it can pass 100 %"), HasSubstr("no complete period")));
}

TEST(RepeatRatePage, HasARowForEachQuestionAndAllNumbers) {
  const v1::QueryRepeatRateResponse response = SomeRepeatRate();
  v1::QueryRepeatRateRequest request;
  request.set_kind("purchase");
  const std::string html = Html(RepeatRatePage(request, response));
  ExpectAllNumbers(html, response);
  EXPECT_THAT(html, HasSubstr("data-value=\"30.0487\">30.0 %</span>"));
  EXPECT_THAT(html, HasSubstr("a quarter within 6 (5 … 7), half within 68 (61 … –), three quarters "
                              "within – days"));
  EXPECT_THAT(html, HasSubstr("within 30 d: 39.8 (37.1 … 42.6), n = 1209"));
  EXPECT_THAT(html, HasSubstr("within 400 d: no value"));
}

TEST(LoyaltyPages, AreWrittenByTheirCommands) {
  FakeLoyaltyServer server;
  server.plan().cohorts = SomeCohorts();
  server.plan().retention = SomeRetention();
  server.plan().repeat_rate = SomeRepeatRate();
  Chairctl chairctl;
  chairctl.variables["EMPTYCHAIR_ENDPOINT"] = server.endpoint();
  for (const char* command : {"cohorts", "retention", "repeat"}) {
    const TemporaryFile file("page.html", "");
    const ChairctlResult result =
        chairctl.Run({"metric", command, "--kind", "purchase", "--html", file.path()});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_THAT(file.Read(), HasSubstr("purchase</bdi></h1>")) << command;
  }
}

}  // namespace
}  // namespace emptychair
