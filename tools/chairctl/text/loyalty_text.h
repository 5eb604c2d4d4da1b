// What the metrics of loyalty have in common, as text.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_LOYALTY_TEXT_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_LOYALTY_TEXT_H_

#include <set>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "emptychair/v1/metrics_service.pb.h"
#include "tools/chairctl/base/csv_writer.h"
#include "tools/chairctl/plot/number_axis.h"

namespace emptychair {

// `as of 2024-03-01T00:00:00Z, in UTC, 95 % intervals`.
std::string BasisText(const v1::LoyaltyMethodInfo& info);

// `95 % intervals`.
std::string IntervalsText(const v1::LoyaltyMethodInfo& info);

// `by month`, `by 28 days`.
std::string LengthText(const v1::LoyaltyMethodInfo& info);

// The name of a period; of days that are no unit of the calendar the first.
std::string PeriodName(const v1::TimeInterval& period, const v1::LoyaltyMethodInfo& info);

// The heading of such names.
absl::string_view PeriodHeading(const v1::LoyaltyMethodInfo& info);

// Adds the edges of a period to a line of CSV.
void AddEdges(const v1::TimeInterval& period, std::vector<CsvCell>& line);

// The customers of a class: `promoters`; `no answer` for those without one.
std::string ClassName(v1::NpsClass nps_class);

// Whether promoters come back more often than detractors, in a sentence.
std::string ClassDifferenceText(const v1::ClassDifference& difference,
                                const v1::LoyaltyMethodInfo& info);

// What the sentence rests on, and what its interval leaves out of account.
std::string ClassDifferenceBasis(const v1::ClassDifference& difference);

// Retention by the method with its interval, as far as they are there.
IntervalMark MarkOf(const v1::RetentionPoint& point);

// Adds the currencies that any of `points`, messages with `amounts`, has amounts in.
template <typename Points>
void AddCurrencies(const Points& points, std::set<std::string>& currency_codes) {
  for (const auto& point : points) {
    for (const auto& amounts : point.amounts()) {
      currency_codes.insert(amounts.currency_code());
    }
  }
}

// The amounts of `point` in a currency; none where there are none.
template <typename Point>
auto AmountsIn(const Point& point, absl::string_view currency_code) -> decltype(&point.amounts(0)) {
  for (const auto& amounts : point.amounts()) {
    if (amounts.currency_code() == currency_code) {
      return &amounts;
    }
  }
  return nullptr;
}

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_LOYALTY_TEXT_H_
