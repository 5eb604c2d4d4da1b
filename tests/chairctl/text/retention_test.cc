// `metric retention` and `metric repeat`, against a service in the test's process.
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "tests/chairctl/harness/chairctl_harness.h"
#include "tests/chairctl/harness/fake_loyalty_server.h"
#include "tests/chairctl/harness/loyalty_answers.h"

namespace emptychair {
namespace {

using ::google::protobuf::util::MessageDifferencer;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class RetentionTest : public ::testing::Test {
 protected:
  RetentionTest() {
    chairctl_.variables["EMPTYCHAIR_ENDPOINT"] = server_.endpoint();
    server_.plan().retention = SomeRetention();
    server_.plan().repeat_rate = SomeRepeatRate();
  }

  ChairctlResult Metric(const std::string& command, const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments = {"metric", command, "--kind", "purchase"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return chairctl_.Run(arguments);
  }

  FakeLoyaltyServer server_;
  Chairctl chairctl_;
};

TEST_F(RetentionTest, SendsWhatTheFlagsSay) {
  ASSERT_EQ(Metric("retention", {"--window",       "2024-Q1",
                                 "--by",           "quarter",
                                 "--method",       "formula",
                                 "--filter",       "plan=gold",
                                 "--filter",       "plan=silver",
                                 "--filter",       "region!=EU",
                                 "--by-class-of",  "nps",
                                 "--with-amounts", "--positive-amounts-only",
                                 "--rolling",      "28",
                                 "--confidence",   "0.99",
                                 "--as-of",        "2024-03-05 12:00"})
                .exit_code,
            0);
  EXPECT_TRUE(MessageDifferencer::Equals(server_.plan().asked_retention,
                                         FromJson<v1::QueryRetentionRequest>(
                                             R"({"kind": "purchase",
              "interval": {"startTime": "2023-12-31T23:00:00Z", "endTime": "2024-03-31T22:00:00Z"},
              "granularity": "GRANULARITY_QUARTER", "rollingDays": 28,
              "method": "RETENTION_METHOD_FORMULA", "positiveAmountsOnly": true,
              "asOf": "2024-03-05T11:00:00Z", "confidence": 0.99,
              "filters": [{"key": "plan", "values": ["gold", "silver"]},
                          {"key": "region", "values": ["EU"], "negate": true}],
              "groupByClassOf": "nps", "withAmounts": true})")))
      << server_.plan().asked_retention.DebugString();
  const ChairctlResult bad = Metric("retention", {"--filter", "plan"});
  EXPECT_EQ(bad.exit_code, 2);
  EXPECT_THAT(bad.err, HasSubstr("--filter: is \"plan\""));
}

TEST_F(RetentionTest, ATerminalShowsBarsWithTheirIntervals) {
  chairctl_.is_terminal = true;
  EXPECT_THAT(
      Metric("retention").out,
      HasSubstr("\nperiod   before  returned  retention %    low   high  19.47                "
                "25.93\n"
                "2014-01       0         0            –      –      –\n"
                "2014-02     639       144        22.54  19.47  25.93  "
                "├───────────●────────────┤\n"));
  chairctl_.columns = 200;
  EXPECT_THAT(Metric("retention").out,
              AllOf(HasSubstr("\nperiod   before  active  new  returned  won back  retention %"),
                    HasSubstr("├──")));
  chairctl_.is_terminal = false;
  EXPECT_THAT(Metric("retention").out, Not(HasSubstr("├")));
}

TEST_F(RetentionTest, ByClassHasABlockForEachAndOneSentence) {
  server_.plan().retention = RetentionByClass();
  const std::string out = Metric("retention", {"--by-class-of", "nps"}).out;
  EXPECT_THAT(out, HasSubstr("\n\nall customers\nperiod "));
  EXPECT_THAT(out, HasSubstr("\n\npromoters\nperiod "));
  EXPECT_THAT(out, HasSubstr("\n\npassives\nperiod "));
  EXPECT_THAT(out, HasSubstr("\n\ndetractors\nperiod "));
  EXPECT_THAT(out, HasSubstr("\n\nno answer\nperiod "));
  EXPECT_THAT(out, HasSubstr("\n2014-02     639     714  563        21 "));
  EXPECT_THAT(
      out, HasSubstr(
               "\n\nPromoters come back more often than detractors: +15.7 points (+3.8 … +26.9 at "
               "95 %), p = 0.00906.\n"
               "Over all periods 45 of 120 promoters and 24 of 110 detractors came back. Customers "
               "who are active in several periods count in each, so the interval is narrower than "
               "customers are.\n"));
  v1::ClassDifference& difference = *server_.plan().retention.mutable_class_difference();
  difference.set_verdict(v1::VERDICT_NO_CLEAR_CHANGE);
  EXPECT_THAT(Metric("retention").out,
              HasSubstr("\nNo clear difference in how often promoters and detractors come back: "
                        "+15.7 points ("));
  difference.set_verdict(v1::VERDICT_LOWER);
  EXPECT_THAT(Metric("retention").out, HasSubstr("\nPromoters come back less often than"));
  difference.set_verdict(v1::VERDICT_TOO_FEW);
  EXPECT_THAT(
      Metric("retention").out,
      HasSubstr("\nToo few promoters or detractors to tell whether promoters come back more "
                "often.\n"));
}

TEST_F(RetentionTest, AmountsAreATableForEachCurrency) {
  server_.plan().retention = RetentionByClass();
  EXPECT_THAT(
      Metric("retention", {"--with-amounts"}).out,
      HasSubstr(
          "\nEUR, all customers\n"
          "period         total  before    kept  net %    low    high  gross %    low   "
          "high\n"
          "2014-01            –       –       –      –      –       –        –      –      –\n"
          "2014-02  1234567.125  430.00  380.00  88.37  45.80  130.94    70.93  42.29  "
          "99.57\n"));
}

TEST_F(RetentionTest, CsvHasClassesAndAmountsOnLinesOfTheirOwn) {
  server_.plan().retention = RetentionByClass();
  const std::string out = Metric("retention", {"--output", "csv"}).out;
  EXPECT_THAT(
      out,
      StartsWith("period_start,period_end,customers_at_start,customers_at_end,new_customers,"
                 "returning_customers,won_back_customers,method,retention,retention_low,"
                 "retention_high,churn,churn_low,churn_high,nps_class,currency_code,amount_total,"
                 "amount_before,amount_kept,net_retention,net_retention_low,net_retention_high,"
                 "gross_retention,gross_retention_low,gross_retention_high\n"
                 "2014-01-01T00:00:00.000Z,2014-02-01T00:00:00.000Z,0,639,639,0,0,strict,,,,,,"
                 ",,,,,,,,,,,\n"));
  EXPECT_THAT(out, HasSubstr("\n2014-02-01T00:00:00.000Z,2014-03-01T00:00:00.000Z,,,,,,strict,,,,,,"
                             ",,EUR,1234567.125,430,380,88.3721,45.8046,130.9395,70.9302,42.2935,"
                             "99.5669\n"));
  EXPECT_THAT(out, HasSubstr(",80.5347,promoter,,,,,,,,,,\n"));
  EXPECT_THAT(out, HasSubstr(",80.5347,none,,,,,,,,,,\n"));
}

TEST_F(RetentionTest, NamesAttributesThatNobodyHas) {
  v1::UnmatchedFilter& key = *server_.plan().retention.add_unmatched();
  key.set_key("plam");
  key.add_known("plan");
  v1::UnmatchedFilter& value = *server_.plan().retention.add_unmatched();
  value.set_key("region");
  value.set_value("Eu");
  EXPECT_EQ(Metric("retention", {"--filter", "plam=gold"}).err,
            "chairctl: plam is no attribute of any customer; there are plan\n"
            "chairctl: region has no value \"Eu\"\n");
}

TEST_F(RetentionTest, TheHeadingNamesFilters) {
  EXPECT_THAT(Metric("retention", {"--filter", "plan=gold"}).out,
              HasSubstr("95 % intervals, plan=gold\n"));
}

TEST_F(RetentionTest, RepeatSendsWhatTheFlagsSay) {
  ASSERT_EQ(Metric("repeat", {"--window", "2024", "--method", "by-event", "--within", "30",
                              "--within", "400", "--confidence", "0.8", "--as-of", "2024-06"})
                .exit_code,
            0);
  EXPECT_TRUE(MessageDifferencer::Equals(server_.plan().asked_repeat_rate,
                                         FromJson<v1::QueryRepeatRateRequest>(
                                             R"({"kind": "purchase",
              "interval": {"startTime": "2023-12-31T23:00:00Z", "endTime": "2024-12-31T23:00:00Z"},
              "method": "REPEAT_RATE_METHOD_BY_EVENT", "withinDays": [30, 400],
              "asOf": "2024-05-31T22:00:00Z", "confidence": 0.8})")))
      << server_.plan().asked_repeat_rate.DebugString();
}

}  // namespace
}  // namespace emptychair
