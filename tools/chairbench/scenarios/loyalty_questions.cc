#include "tools/chairbench/scenarios/loyalty_questions.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "common/base/timestamp.h"
#include "tools/chairbench/records/purchases.h"
#include "tools/chairbench/records/windows.h"

namespace emptychair::bench {
namespace {

// Who is active in which month, and since when. A customer of the service is active before as_of,
// which is the end of all here.
constexpr char kActive[] =
    "WITH active AS (SELECT DISTINCT customer_id, "
    "date_trunc('month', occur_time AT TIME ZONE 'UTC') AS month FROM purchase "
    "WHERE occur_time < '2024-01-01T00:00:00Z'), "
    "firsts AS (SELECT customer_id, min(month) AS month FROM active GROUP BY customer_id)";

std::string MonthOf(const google::protobuf::Timestamp& start) {
  return absl::FormatTime("%Y-%m", FromTimestamp(start), absl::UTCTimeZone());
}

void SetInterval(const Window& window, v1::TimeInterval& interval) {
  *interval.mutable_start_time() = ToTimestamp(window.start);
  *interval.mutable_end_time() = ToTimestamp(window.end);
}

}  // namespace

v1::QueryRetentionRequest YearOfRetention() {
  Window year = PurchasePeriod();
  year.start =
      absl::FromCivil(absl::ToCivilMonth(year.start, absl::UTCTimeZone()) + kPurchaseMonths / 2,
                      absl::UTCTimeZone());
  v1::QueryRetentionRequest question;
  question.set_kind(std::string(kPurchaseKind));
  question.set_granularity(v1::GRANULARITY_MONTH);
  SetInterval(year, *question.mutable_interval());
  *question.mutable_as_of() = ToTimestamp(year.end);
  return question;
}

v1::QueryCohortsRequest CohortTriangle() {
  v1::QueryCohortsRequest question;
  question.set_kind(std::string(kPurchaseKind));
  question.set_granularity(v1::GRANULARITY_MONTH);
  question.set_cohort_rule(v1::COHORT_RULE_FIRST_EVER);
  question.set_return_rule(v1::RETURN_RULE_EXACT);
  SetInterval(PurchasePeriod(), *question.mutable_interval());
  *question.mutable_as_of() = ToTimestamp(PurchasePeriod().end);
  return question;
}

std::string CountsOf(const v1::QueryRetentionResponse& answer) {
  std::vector<std::string> lines;
  for (const v1::RetentionPoint& point : answer.points()) {
    lines.push_back(absl::StrCat(MonthOf(point.interval().start_time()), " ",
                                 point.customers_at_start(), " ", point.customers_at_end(), " ",
                                 point.new_customers(), " ", point.returning_customers()));
  }
  return absl::StrJoin(lines, "\n");
}

std::string CountsOf(const v1::QueryCohortsResponse& answer) {
  std::vector<std::string> lines;
  for (int cohort = 0; cohort < answer.cohorts_size(); ++cohort) {
    const auto& cells = answer.cohorts(cohort).cells();
    for (int k = 0; k < cells.size() && cohort + k < answer.cohorts_size(); ++k) {
      if (cells[k].customers() > 0) {
        lines.push_back(absl::StrCat(MonthOf(answer.cohorts(cohort).interval().start_time()), " ",
                                     MonthOf(answer.cohorts(cohort + k).interval().start_time()),
                                     " ", cells[k].customers()));
      }
    }
  }
  return absl::StrJoin(lines, "\n");
}

std::string PurchaseTable() {
  return "CREATE TABLE purchase (activity_id text PRIMARY KEY, customer_id text NOT NULL, "
         "occur_time timestamptz NOT NULL, amount numeric); "
         "CREATE INDEX purchase_by_customer ON purchase (customer_id, occur_time)";
}

std::string RetentionStatement() {
  return absl::StrCat(
      kActive,
      ", sizes AS (SELECT month, count(*) AS customers FROM active GROUP BY month) "
      "SELECT to_char(e.month, 'YYYY-MM'), before.customers, count(*), "
      "count(*) FILTER (WHERE firsts.month = e.month), count(s.customer_id) "
      "FROM active AS e JOIN firsts USING (customer_id) "
      "JOIN sizes AS before ON before.month = e.month - INTERVAL '1 month' "
      "LEFT JOIN active AS s ON s.customer_id = e.customer_id "
      "AND s.month = e.month - INTERVAL '1 month' "
      "WHERE e.month >= '2023-01-01' GROUP BY e.month, before.customers ORDER BY e.month");
}

std::string CohortsStatement() {
  return absl::StrCat(kActive,
                      " SELECT to_char(firsts.month, 'YYYY-MM'), to_char(active.month, 'YYYY-MM'), "
                      "count(*) FROM active JOIN firsts USING (customer_id) "
                      "GROUP BY firsts.month, active.month ORDER BY firsts.month, active.month");
}

}  // namespace emptychair::bench
