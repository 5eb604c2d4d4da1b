// `metric retention`, `cohorts` and `repeat` on the real server.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/base/timestamp.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/chairctl/harness/chairctl_harness.h"
#include "tests/helpers/status_matchers.h"
#include "tests/service/harness/backend.h"

namespace emptychair {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class LoyaltyTest : public ::testing::Test {
 protected:
  LoyaltyTest() : backend_(testing::Backend::Start(testing::BackendKind::kInProcess)) {
    chairctl_.variables["EMPTYCHAIR_ENDPOINT"] = backend_->endpoint();
    const Client client = testing::MakeClient(backend_->endpoint());
    v1::DefineActivityKindRequest kind;
    kind.set_kind("purchase");
    kind.set_time_zone("Europe/Berlin");
    EXPECT_OK(client.DefineActivityKind(kind));
    // January: a and b; February: a twice and c; March: b, a.
    v1::BatchRecordActivitiesRequest batch;
    for (const auto& [customer, day] :
         std::vector<std::pair<std::string, std::string>>{{"a", "2024-01-05"},
                                                          {"b", "2024-01-06"},
                                                          {"a", "2024-02-01"},
                                                          {"a", "2024-02-01"},
                                                          {"c", "2024-02-20"},
                                                          {"b", "2024-03-03"},
                                                          {"a", "2024-03-04"}}) {
      v1::Activity& activity = *batch.add_activities();
      activity.set_kind("purchase");
      activity.set_activity_id(absl::StrCat(batch.activities_size()));
      activity.set_customer_id(customer);
      absl::Time time;
      std::string error;
      EXPECT_TRUE(absl::ParseTime("%Y-%m-%d", day, &time, &error)) << error;
      *activity.mutable_occur_time() = ToTimestamp(time);
    }
    const auto recorded = client.BatchRecordActivities(batch);
    EXPECT_OK(recorded);
    EXPECT_EQ(recorded->accepted_count(), 7);
  }

  // Runs `chairctl metric COMMAND --kind purchase MORE`.
  ChairctlResult Metric(const std::string& command, const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"metric", command, "--kind", "purchase"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return chairctl_.Run(arguments);
  }

  std::unique_ptr<testing::Backend> backend_;
  Chairctl chairctl_;
};

TEST_F(LoyaltyTest, ShowsRetention) {
  ChairctlResult result = Metric("retention", {"--window", "2024-Q1", "--as-of", "2024-04-01"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(
      result.out,
      "retention of purchase by month, strict, as of 2024-04-01T00:00:00+02:00, in "
      "Europe/Berlin, 95 % intervals\n"
      "\n"
      "period   before  active  new  returned  won back  retention %   low   high  churn %\n"
      "2024-01       0       2    2         0         0            –     –      –        –\n"
      "2024-02       2       2    1         1         0        50.00  9.45  90.55    50.00\n"
      "2024-03       2       2    0         1         1        50.00  9.45  90.55    50.00\n");
  result = Metric("retention", {"--from", "2024-03", "--to", "2024-04", "--as-of", "2024-04-01",
                                "--method", "formula", "--output", "csv"});
  EXPECT_THAT(result.out,
              StartsWith("period_start,period_end,customers_at_start,customers_at_end,"
                         "new_customers,returning_customers,won_back_customers,method,retention,"
                         "retention_low,retention_high,churn,churn_low,churn_high,nps_class,"
                         "currency_code,amount_total,amount_before,amount_kept,net_retention,"
                         "net_retention_low,net_retention_high,gross_retention,"
                         "gross_retention_low,gross_retention_high\n"
                         "2024-02-29T23:00:00.000Z,2024-03-31T22:00:00.000Z,2,2,0,1,1,formula,100,"
                         ",,50,9.4531205734"));
  result = Metric("retention", {"--rolling", "30", "--to", "2024-03-31", "--from", "2024-01-31",
                                "--as-of", "2024-04-01"});
  EXPECT_THAT(result.out, HasSubstr("by 30 days, strict"));
  EXPECT_THAT(result.out, HasSubstr("\nfrom        before"));
  EXPECT_THAT(result.out, HasSubstr("\n2024-03-01       2"));
  result = Metric("retention", {"--window", "2024-01-15..2024-04", "--output", "json"});
  EXPECT_EQ(result.exit_code, 67);
  EXPECT_THAT(result.err, HasSubstr("interval.start_time"));
  EXPECT_EQ(Metric("retention", {"--by", "hour"}).exit_code, 2);
  EXPECT_EQ(Metric("retention", {"--as-of", "soon"}).exit_code, 2);
}

TEST_F(LoyaltyTest, ShowsCohorts) {
  ChairctlResult result = Metric("cohorts", {"--window", "2024-Q1", "--as-of", "2024-04-01"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out,
            "cohorts of purchase by month, first-ever, back with purchase exact, as of "
            "2024-04-01T00:00:00+02:00, in Europe/Berlin, 95 % intervals\n"
            "\n"
            "cohort   size    +0 %   +1 %    +2 %\n"
            "2024-01     2  100.00  50.00  100.00\n"
            "2024-02     1  100.00   0.00\n"
            "2024-03     0       –\n");
  result = Metric("cohorts", {"--window", "2024-Q1", "--as-of", "2024-04-01", "--cohort", "active",
                              "--min-activities", "2", "--return", "or-later", "--output", "csv"});
  EXPECT_THAT(result.out,
              StartsWith("cohort_start,cohort_end,size,k,customers,share,share_low,"
                         "share_high,currency_code,amount_total,amount_mean,amount_mean_low,"
                         "amount_mean_high\n"
                         "2023-12-31T23:00:00.000Z,2024-01-31T23:00:00.000Z,0,0,0,,,,,,,,\n"));
  EXPECT_THAT(result.out,
              HasSubstr("\n2024-01-31T23:00:00.000Z,2024-02-29T23:00:00.000Z,1,1,1,100,"));
  // While the window lasts nothing is known of later.
  result = Metric("cohorts", {"--window", "2024-Q2..2024-Q4", "--as-of", "2024-05-01", "--return",
                              "or-later", "--output", "csv"});
  EXPECT_THAT(result.out,
              HasSubstr("\n2024-03-31T22:00:00.000Z,2024-04-30T22:00:00.000Z,0,,,,,,,,,,\n"));
}

TEST_F(LoyaltyTest, ATerminalShowsCohortsAsAHeatMap) {
  chairctl_.is_terminal = true;
  chairctl_.variables["NO_COLOR"] = "1";
  EXPECT_THAT(Metric("cohorts", {"--window", "2024-Q1", "--as-of", "2024-04-01"}).out,
              HasSubstr("\n2024-01     2 █ 100▒50.0█ 100\n"
                        "2024-02     1 █ 100  0.0\n"
                        "2024-03     0     –\n"));
}

TEST_F(LoyaltyTest, ShowsTheRepeatRate) {
  ChairctlResult result = Metric("repeat", {"--window", "2024-Q1", "--as-of", "2024-04-01",
                                            "--within", "30", "--within", "60"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out,
            "repeat rate of purchase, by-day, 2024-01-01 to 2024-04-01, end not included, as of "
            "2024-04-01T00:00:00+02:00, in Europe/Berlin, 95 % intervals\n"
            "\n"
            "again          customers  repeated  rate %    low    high\n"
            "in the window          3         2   66.67  20.77   93.85\n"
            "within 30 d            3         1   33.33   6.15   79.23\n"
            "within 60 d            2         2  100.00  34.24  100.00\n"
            "\n"
            "Days to the second day, of 3 new customers: p25 27 (27 … –), median 57 (27 … –), p75 "
            "57 (27 … –)\n");
  result = Metric("repeat", {"--window", "2024-Q1", "--as-of", "2024-04-01", "--method", "by-event",
                             "--output", "csv"});
  EXPECT_THAT(result.out, StartsWith("measure,days,customers,repeat_customers,value,low,high\n"
                                     "repeat_rate,,3,2,66.6666"));
  EXPECT_THAT(result.out, HasSubstr("\ndays_to_second_median,,3,2,57,27,\n"));
  result = Metric("repeat", {"--within", "401"});
  EXPECT_EQ(result.exit_code, 67);
}

}  // namespace
}  // namespace emptychair
