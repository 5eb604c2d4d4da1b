// Formats headings and numbers of metrics as text.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_METRIC_TEXT_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_METRIC_TEXT_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "emptychair/v1/metrics_service.pb.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "tools/chairctl/base/csv_writer.h"

namespace emptychair {

// Heading of the values, with their unit.
absl::string_view ValueHeading(v1::MetricMethod method);

// The metric of a method, for people: `NPS`, `satisfied %`.
std::string MetricName(v1::MetricMethod method);

// A verdict in a word or two: better, worse, no clear change, too few. A dash for COUNT, which has
// no error bar to judge by.
std::string VerdictWord(v1::Verdict verdict, v1::ChangeDirection direction,
                        v1::MetricMethod method);

// Returns whether values have promoters, passives and detractors.
bool HasClasses(v1::MetricMethod method);

// The zone of days; UTC when this machine does not know it.
absl::TimeZone ZoneOf(const v1::MethodInfo& info);

// Returns whether both sides ask for the same surveys, in one order.
bool SameSurveys(const v1::QueryMetricRequest& base, const v1::QueryMetricRequest& candidate);

// The surveys of two sides: those of both once where they are the same.
std::string SurveysText(const v1::QueryMetricRequest& base,
                        const v1::QueryMetricRequest& candidate);

// `, channel=web|app, region!=EU`, as sent; empty without filters.
std::string FiltersText(const google::protobuf::RepeatedPtrField<v1::LabelFilter>& filters);

// The value of a group; `(none)` and `(other)` are no values.
std::string GroupName(const v1::GroupValue& group);

// The window as it was read: `2024-01-01 to 2024-04-01, end not included`.
std::string WindowText(const v1::TimeInterval& interval, absl::TimeZone zone);

// The respondent rule, the confidence and what else is not the default.
std::string MethodText(const v1::MethodInfo& info);

// The window, its zone, and the filters that make it a slice; in front of them the surveys, where
// `names_surveys`.
std::string SelectionText(const v1::QueryMetricRequest& side, const v1::MethodInfo& info,
                          bool names_surveys = false);

// Printable lines that name what two sides ask for: surveys and method, then the window and filters
// of each; at last `intervals`, unless it is empty.
std::string SidesHeading(const v1::QueryMetricRequest& base,
                         const v1::QueryMetricRequest& candidate, const v1::MethodInfo& info,
                         absl::string_view intervals);

// Returns the decimals that tell values apart: more for score points than for percent, none for a
// count.
int DecimalsOf(v1::MetricMethod method);

// `number` with its sign, as it is written: `−6.2`.
std::string SignedText(double number, int decimals);

// `−15.4 … 3.4`.
std::string IntervalText(double low, double high, int decimals);

// The same with signs, for differences: `−15.4 … +3.4`.
std::string SignedIntervalText(double low, double high, int decimals);

// The value of a group for tables; absent where it has no answers, which is not too few.
std::string GroupValueText(const v1::MetricValue& group, int min_sample);

// The value for tables: rounded, absent or suppressed.
std::string ValueText(const v1::MetricValue& point, int min_sample);

// The band of an NPS in words, and whether the whole interval lies in it; absent for other points.
std::string GradeText(const v1::MetricValue& point);

// Numbers for tables.
std::string RoundedOrAbsent(bool present, double number);
std::string CountOrAbsent(bool present, int64_t count);

// How many answers were left out because they were excluded, whatever the reason.
int64_t ExcludedCountOf(const v1::MetricValue& point);

// Numbers for CSV; empty ones are absent.
CsvNumber ExactOrEmpty(bool present, double number);
CsvNumber CountOrEmpty(bool present, int64_t count);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_METRIC_TEXT_H_
