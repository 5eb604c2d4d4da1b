#include "tools/chairctl/text/loyalty_output.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/civil_time.h"
#include "common/base/timestamp.h"
#include "tools/chairctl/base/enum_flag.h"
#include "tools/chairctl/base/output.h"
#include "tools/chairctl/base/written_time.h"
#include "tools/chairctl/text/metric_output.h"
#include "tools/chairctl/text/metric_text.h"

namespace emptychair {
namespace {

// `as of 2024-03-01T00:00:00Z, in UTC, 95 % intervals`.
std::string BasisText(const v1::LoyaltyMethodInfo& info) {
  std::string text = absl::StrCat(
      "as of ", LocalTimeText(info.has_as_of(), info.as_of(), ZoneOrUtc(info.time_zone())), ", in ",
      info.time_zone(), ", ", absl::StrFormat("%.0f", 100 * info.confidence()), " % intervals");
  if (info.positive_amounts_only()) {
    absl::StrAppend(&text, ", positive amounts only");
  }
  return text;
}

std::string LengthText(const v1::LoyaltyMethodInfo& info) {
  return info.rolling_days() > 0 ? absl::StrCat("by ", info.rolling_days(), " days")
                                 : absl::StrCat("by ", EnumFlag(info.granularity()));
}

// The name of a period; of days that are no unit of the calendar the first.
std::string PeriodName(const v1::TimeInterval& period, const v1::LoyaltyMethodInfo& info) {
  v1::MethodInfo bucket;
  bucket.set_granularity(info.rolling_days() > 0 ? v1::GRANULARITY_DAY : info.granularity());
  bucket.set_week_start(info.week_start());
  bucket.set_time_zone(info.time_zone());
  return BucketName(FromTimestamp(period.start_time()), bucket);
}

// Adds edges of a period to a line of CSV.
void AddEdges(const v1::TimeInterval& period, std::vector<CsvCell>& line) {
  line.push_back(TimestampText(period.has_start_time(), period.start_time()));
  line.push_back(TimestampText(period.has_end_time(), period.end_time()));
}

template <typename Rate>
std::vector<std::string> RateCells(const std::string& of, const Rate& rate) {
  return {of,
          absl::StrCat(rate.customers()),
          absl::StrCat(rate.repeat_customers()),
          RoundedOrAbsent(rate.has_repeat_rate(), rate.repeat_rate()),
          RoundedOrAbsent(rate.has_repeat_rate_low(), rate.repeat_rate_low()),
          RoundedOrAbsent(rate.has_repeat_rate_high(), rate.repeat_rate_high())};
}

template <typename Rate>
void WriteRate(const std::string& measure, const CsvNumber& days, const Rate& rate,
               CsvWriter& csv) {
  csv.Write({measure, days, CountOrEmpty(true, rate.customers()),
             CountOrEmpty(true, rate.repeat_customers()),
             ExactOrEmpty(rate.has_repeat_rate(), rate.repeat_rate()),
             ExactOrEmpty(rate.has_repeat_rate_low(), rate.repeat_rate_low()),
             ExactOrEmpty(rate.has_repeat_rate_high(), rate.repeat_rate_high())});
}

void WriteQuantile(const std::string& name, const v1::TimeToSecond& time,
                   const v1::DaysQuantile& quantile, CsvWriter& csv) {
  csv.Write({absl::StrCat("days_to_second_", name), CsvNumber{},
             CountOrEmpty(true, time.customers()), CountOrEmpty(true, time.repeat_customers()),
             CountOrEmpty(quantile.has_days(), quantile.days()),
             CountOrEmpty(quantile.has_days_low(), quantile.days_low()),
             CountOrEmpty(quantile.has_days_high(), quantile.days_high())});
}

// `103 (68 … 172)`; absent where not so many have come again.
std::string QuantileText(const v1::DaysQuantile& quantile) {
  if (!quantile.has_days()) {
    return std::string(kAbsent);
  }
  return absl::StrCat(quantile.days(), " (",
                      CountOrAbsent(quantile.has_days_low(), quantile.days_low()), " … ",
                      CountOrAbsent(quantile.has_days_high(), quantile.days_high()), ")");
}

}  // namespace

void PrintRetentionCsv(const v1::QueryRetentionResponse& response, CsvWriter& csv) {
  csv.Write({"period_start", "period_end", "customers_at_start", "customers_at_end",
             "new_customers", "returning_customers", "won_back_customers", "method", "retention",
             "retention_low", "retention_high", "churn", "churn_low", "churn_high"});
  for (const v1::RetentionPoint& point : response.points()) {
    std::vector<CsvCell> line;
    AddEdges(point.interval(), line);
    for (const int64_t count :
         {point.customers_at_start(), point.customers_at_end(), point.new_customers(),
          point.returning_customers(), point.won_back_customers()}) {
      line.push_back(CountOrEmpty(true, count));
    }
    line.push_back(EnumFlag(response.method()));
    line.push_back(ExactOrEmpty(point.has_retention(), point.retention()));
    line.push_back(ExactOrEmpty(point.has_retention_low(), point.retention_low()));
    line.push_back(ExactOrEmpty(point.has_retention_high(), point.retention_high()));
    line.push_back(ExactOrEmpty(point.has_churn(), point.churn()));
    line.push_back(ExactOrEmpty(point.has_churn_low(), point.churn_low()));
    line.push_back(ExactOrEmpty(point.has_churn_high(), point.churn_high()));
    csv.Write(line);
  }
}

void PrintRetentionTable(const v1::QueryRetentionRequest& request,
                         const v1::QueryRetentionResponse& response, std::ostream& out) {
  const v1::LoyaltyMethodInfo& info = response.method_info();
  out << Printable(absl::StrCat("retention of ", request.kind(), " ", LengthText(info), ", ",
                                EnumFlag(response.method()), ", ", BasisText(info)))
      << "\n";
  if (response.method() == v1::RETENTION_METHOD_FORMULA) {
    out << "The formula counts customers who were won back as retained: it can pass 100 %, and has "
           "no interval.\n";
  }
  out << "\n";
  Table table;
  table.AddColumn(info.rolling_days() > 0 ? "from" : "period", Table::Align::kLeft);
  for (const char* heading : {"before", "active", "new", "returned", "won back", "retention %",
                              "low", "high", "churn %"}) {
    table.AddColumn(heading, Table::Align::kRight);
  }
  for (const v1::RetentionPoint& point : response.points()) {
    table.AddRow({PeriodName(point.interval(), info), absl::StrCat(point.customers_at_start()),
                  absl::StrCat(point.customers_at_end()), absl::StrCat(point.new_customers()),
                  absl::StrCat(point.returning_customers()),
                  absl::StrCat(point.won_back_customers()),
                  RoundedOrAbsent(point.has_retention(), point.retention()),
                  RoundedOrAbsent(point.has_retention_low(), point.retention_low()),
                  RoundedOrAbsent(point.has_retention_high(), point.retention_high()),
                  RoundedOrAbsent(point.has_churn(), point.churn())});
  }
  table.Print(out);
}

void PrintCohortsCsv(const v1::QueryCohortsResponse& response, CsvWriter& csv) {
  csv.Write(
      {"cohort_start", "cohort_end", "size", "k", "customers", "share", "share_low", "share_high"});
  for (const v1::Cohort& cohort : response.cohorts()) {
    std::vector<CsvCell> start;
    AddEdges(cohort.interval(), start);
    start.push_back(CountOrEmpty(true, cohort.size()));
    for (int k = 0; k < cohort.cells_size(); ++k) {
      const v1::CohortCell& cell = cohort.cells(k);
      std::vector<CsvCell> line = start;
      line.push_back(CountOrEmpty(true, k));
      line.push_back(CountOrEmpty(true, cell.customers()));
      line.push_back(ExactOrEmpty(cell.has_share(), cell.share()));
      line.push_back(ExactOrEmpty(cell.has_share_low(), cell.share_low()));
      line.push_back(ExactOrEmpty(cell.has_share_high(), cell.share_high()));
      csv.Write(line);
    }
    if (cohort.cells().empty()) {
      start.resize(8, CsvNumber{});
      csv.Write(start);
    }
  }
}

void PrintCohortsTable(const v1::QueryCohortsRequest& request,
                       const v1::QueryCohortsResponse& response, std::ostream& out) {
  const v1::LoyaltyMethodInfo& info = response.method_info();
  out << Printable(
             absl::StrCat("cohorts of ", request.kind(), " ", LengthText(info), ", ",
                          EnumFlag(response.cohort_rule()),
                          response.min_activities() > 1
                              ? absl::StrCat(" at least ", response.min_activities(), " times")
                              : "",
                          ", back with ", response.return_kind(), " ",
                          EnumFlag(response.return_rule()), ", ", BasisText(info)))
      << "\n\n";
  int columns = 0;
  for (const v1::Cohort& cohort : response.cohorts()) {
    columns = std::max(columns, cohort.cells_size());
  }
  Table table;
  table.AddColumn("cohort", Table::Align::kLeft);
  table.AddColumn("size", Table::Align::kRight);
  for (int k = 0; k < columns; ++k) {
    table.AddColumn(absl::StrCat("+", k, " %"), Table::Align::kRight);
  }
  for (const v1::Cohort& cohort : response.cohorts()) {
    std::vector<std::string> cells = {PeriodName(cohort.interval(), info),
                                      absl::StrCat(cohort.size())};
    for (const v1::CohortCell& cell : cohort.cells()) {
      cells.push_back(RoundedOrAbsent(cell.has_share(), cell.share()));
    }
    cells.resize(static_cast<size_t>(columns) + 2);
    table.AddRow(std::move(cells));
  }
  table.Print(out);
}

void PrintRepeatRateCsv(const v1::QueryRepeatRateResponse& response, CsvWriter& csv) {
  csv.Write({"measure", "days", "customers", "repeat_customers", "value", "low", "high"});
  WriteRate("repeat_rate", CsvNumber{}, response, csv);
  for (const v1::RepeatWithinDays& within : response.within_days()) {
    WriteRate("repeat_rate_within", CountOrEmpty(true, within.days()), within, csv);
  }
  const v1::TimeToSecond& time = response.time_to_second();
  WriteQuantile("p25", time, time.p25(), csv);
  WriteQuantile("median", time, time.median(), csv);
  WriteQuantile("p75", time, time.p75(), csv);
}

void PrintRepeatRateTable(const v1::QueryRepeatRateRequest& request,
                          const v1::QueryRepeatRateResponse& response, std::ostream& out) {
  const v1::LoyaltyMethodInfo& info = response.method_info();
  out << Printable(absl::StrCat(
             "repeat rate of ", request.kind(), ", ", EnumFlag(response.method()), ", ",
             WindowText(response.interval(), ZoneOrUtc(info.time_zone())), ", ", BasisText(info)))
      << "\n\n";
  Table table;
  table.AddColumn("again", Table::Align::kLeft);
  for (const char* heading : {"customers", "repeated", "rate %", "low", "high"}) {
    table.AddColumn(heading, Table::Align::kRight);
  }
  table.AddRow(RateCells("in the window", response));
  for (const v1::RepeatWithinDays& within : response.within_days()) {
    table.AddRow(RateCells(absl::StrCat("within ", within.days(), " d"), within));
  }
  table.Print(out);
  const v1::TimeToSecond& time = response.time_to_second();
  out << "\nDays to the second day, of " << time.customers() << " new customers: p25 "
      << QuantileText(time.p25()) << ", median " << QuantileText(time.median()) << ", p75 "
      << QuantileText(time.p75()) << "\n";
}

}  // namespace emptychair
