#include "tools/chairctl/text/repeat_rate_output.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "tools/chairctl/base/enum_flag.h"
#include "tools/chairctl/base/output.h"
#include "tools/chairctl/base/written_time.h"
#include "tools/chairctl/text/loyalty_text.h"
#include "tools/chairctl/text/metric_text.h"

namespace emptychair {
namespace {

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

}  // namespace

std::string RepeatRateHeading(const v1::QueryRepeatRateRequest& request,
                              const v1::QueryRepeatRateResponse& response) {
  const v1::LoyaltyMethodInfo& info = response.method_info();
  return absl::StrCat("repeat rate of ", request.kind(), ", ", EnumFlag(response.method()), ", ",
                      WindowText(response.interval(), ZoneOrUtc(info.time_zone())), ", ",
                      BasisText(info));
}

std::string DaysQuantileText(const v1::DaysQuantile& quantile) {
  if (!quantile.has_days()) {
    return std::string(kAbsent);
  }
  return absl::StrCat(quantile.days(), " (",
                      CountOrAbsent(quantile.has_days_low(), quantile.days_low()), " … ",
                      CountOrAbsent(quantile.has_days_high(), quantile.days_high()), ")");
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
  out << Printable(RepeatRateHeading(request, response)) << "\n\n";
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
      << DaysQuantileText(time.p25()) << ", median " << DaysQuantileText(time.median()) << ", p75 "
      << DaysQuantileText(time.p75()) << "\n";
}

}  // namespace emptychair
