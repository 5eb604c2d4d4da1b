// `metric cohorts`, against a service in the test's process.
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
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class CohortsTest : public ::testing::Test {
 protected:
  CohortsTest() {
    chairctl_.variables["EMPTYCHAIR_ENDPOINT"] = server_.endpoint();
    server_.plan().cohorts = SomeCohorts();
  }

  ChairctlResult Cohorts(const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments = {"metric", "cohorts", "--kind", "purchase"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return chairctl_.Run(arguments);
  }

  FakeLoyaltyServer server_;
  Chairctl chairctl_;
};

const char* const kHeading =
    "cohorts of purchase by month, first-ever, back with purchase exact, as of "
    "2014-04-01T00:00:00Z, in UTC, 95 % intervals\n\n";

TEST_F(CohortsTest, SendsWhatTheFlagsSay) {
  ASSERT_EQ(Cohorts({"--by", "week", "--week-start", "sunday", "--last", "1w", "--return-kind",
                     "visit", "--cohort", "active", "--return", "or-later", "--min-activities", "2",
                     "--with-amounts", "--confidence", "0.9", "--as-of", "2024-01"})
                .exit_code,
            0);
  // The clock stands on Wednesday, 2024-01-31; the kind is of Berlin, and weeks begin as asked.
  EXPECT_TRUE(MessageDifferencer::Equals(server_.plan().asked_cohorts,
                                         FromJson<v1::QueryCohortsRequest>(
                                             R"({"kind": "purchase", "returnKind": "visit",
              "interval": {"startTime": "2024-01-27T23:00:00Z", "endTime": "2024-02-03T23:00:00Z"},
              "granularity": "GRANULARITY_WEEK", "weekStart": "WEEK_START_SUNDAY",
              "cohortRule": "COHORT_RULE_ACTIVE", "returnRule": "RETURN_RULE_OR_LATER",
              "minActivities": 2, "asOf": "2023-12-31T23:00:00Z", "confidence": 0.9,
              "withAmounts": true})")))
      << server_.plan().asked_cohorts.DebugString();
  ASSERT_EQ(Cohorts().exit_code, 0);
  EXPECT_TRUE(MessageDifferencer::Equals(
      server_.plan().asked_cohorts, FromJson<v1::QueryCohortsRequest>(R"({"kind": "purchase"})")));
}

TEST_F(CohortsTest, APipeGetsAPlainTable) {
  const std::string plain = Cohorts().out;
  EXPECT_EQ(plain, std::string(kHeading) +
                       "cohort   size    +0 %   +1 %   +2 %\n"
                       "2014-01   639  100.00  22.54  11.11\n"
                       "2014-02   570  100.00   0.00\n"
                       "2014-03     0       –\n");
  chairctl_.columns = 20;
  EXPECT_EQ(Cohorts().out, plain);
}

TEST_F(CohortsTest, ATerminalGetsAHeatMapAndItsLegend) {
  chairctl_.is_terminal = true;
  EXPECT_THAT(Cohorts().out, HasSubstr("\x1b[38;5;231;48;5;18m 22.5\x1b[0m"
                                       "\x1b[38;5;16;48;5;75m 11.1\x1b[0m\n"));
  chairctl_.variables["NO_COLOR"] = "1";
  const std::string blocks = Cohorts().out;
  EXPECT_EQ(blocks, std::string(kHeading) +
                        "cohort   size    +0   +1   +2\n"
                        "2014-01   639 █ 100█22.5▒11.1\n"
                        "2014-02   570 █ 100  0.0\n"
                        "2014-03     0     –\n"
                        "░ to 5.6, ▒ to 11.3, ▓ to 16.9, █ above\n"
                        "Percent of each cohort active +k periods later.\n");
  chairctl_.variables["NO_COLOR"] = "";
  chairctl_.variables["TERM"] = "dumb";
  EXPECT_EQ(Cohorts().out, blocks);
  // Programs get no colours, whatever they write to.
  EXPECT_THAT(Cohorts({"--output", "csv"}).out, Not(HasSubstr("\x1b")));
}

TEST_F(CohortsTest, ANarrowTerminalGetsFewerDigitsThenFewerColumns) {
  chairctl_.is_terminal = true;
  chairctl_.variables["NO_COLOR"] = "1";
  chairctl_.columns = 28;
  EXPECT_THAT(Cohorts().out, HasSubstr("\n2014-01   639 █100█ 23▒ 11\n"));
  chairctl_.columns = 22;
  const std::string out = Cohorts().out;
  EXPECT_THAT(out, HasSubstr("\n2014-01   639 █100█ 23\n"));
  EXPECT_THAT(out, HasSubstr("\n+2 does not fit here; --html and --output csv have all\n"));
  chairctl_.columns = 15;
  EXPECT_THAT(Cohorts().out, HasSubstr("\n+1 to +2 do not fit here;"));
}

TEST_F(CohortsTest, AmountsAreATriangleForEachCurrency) {
  server_.plan().cohorts = CohortsWithAmounts();
  EXPECT_THAT(Cohorts({"--with-amounts"}).out,
              HasSubstr("\n\nEUR for each customer of the cohort up to the end of +k\n"
                        "cohort   size     +0     +1  +2\n"
                        "2014-01   639  20.01  50.00   –\n"
                        "2014-02   570      –      –\n"
                        "2014-03     0      –\n"
                        "\nUSD for each customer of the cohort up to the end of +k\n"));
  chairctl_.is_terminal = true;
  chairctl_.variables["NO_COLOR"] = "1";
  EXPECT_THAT(Cohorts({"--with-amounts"}).out, HasSubstr("\n2014-01   639 ▒20.01█50.00     –\n"));
}

TEST_F(CohortsTest, CsvHasAmountsOnLinesOfTheirOwn) {
  server_.plan().cohorts = CohortsWithAmounts();
  EXPECT_THAT(
      Cohorts({"--output", "csv"}).out,
      StartsWith("cohort_start,cohort_end,size,k,customers,share,share_low,share_high,"
                 "currency_code,amount_total,amount_mean,amount_mean_low,amount_mean_high\n"
                 "2014-01-01T00:00:00.000Z,2014-02-01T00:00:00.000Z,639,0,639,100,99.4,100,,,,,\n"
                 "2014-01-01T00:00:00.000Z,2014-02-01T00:00:00.000Z,639,0,,,,,EUR,12788.5,20.0125,"
                 "18.25,21.775\n"
                 "2014-01-01T00:00:00.000Z,2014-02-01T00:00:00.000Z,639,1,144,22.5352,19.4653,"
                 "25.9333,,,,,\n"
                 "2014-01-01T00:00:00.000Z,2014-02-01T00:00:00.000Z,639,1,,,,,EUR,31950,50,44.125,"
                 "55.875\n"
                 "2014-01-01T00:00:00.000Z,2014-02-01T00:00:00.000Z,639,1,,,,,USD,-3.25,-0.005086,"
                 ",\n"));
}

}  // namespace
}  // namespace emptychair
