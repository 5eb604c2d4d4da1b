// The answer of a metric query, for people and as CSV.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_METRIC_OUTPUT_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_METRIC_OUTPUT_H_

#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "emptychair/v1/metrics_service.pb.h"
#include "tools/chairctl/base/csv_writer.h"

namespace emptychair {

// Writes a line for every point of every series, in the answer's order, exact, behind the header
// `bucket_start,bucket_end,<group keys>,value,low,high,standard_error,answers,unscored,customers,
// promoters,passives,detractors,suppressed,excluded,is_open,effective_sample,design_effect,
// interval_rule`. What is absent is empty; times are RFC 3339 in UTC; `excluded` counts the answers
// that were left out, whatever the reason.
void PrintMetricCsv(const v1::QueryMetricRequest& request, const v1::QueryMetricResponse& response,
                    CsvWriter& csv);

// Writes a heading that repeats the window and the method and says what intervals rest on, then a
// line for every point, then those of the total where there are groups, then how many answers were
// excluded, if any, and what the mark of an open bucket means, if there is one. With `columns`
// above 0, which is the width of a terminal, every line ends with the interval as a bar on a common
// axis, and the counts that leave no room for it are left out.
void PrintMetricTable(const v1::QueryMetricRequest& request,
                      const v1::QueryMetricResponse& response, int columns, std::ostream& out);

// A point with the values of its group, `(all)` for the total, and the name of its bucket with its
// mark, which is empty when there is only one.
struct MetricLine {
  std::vector<std::string> groups;
  std::string bucket;
  const v1::MetricValue* point;
};

// The points of every series in the answer's order, then those of the total where there are groups.
// `response` must outlive them.
std::vector<MetricLine> LinesOf(const v1::QueryMetricRequest& request,
                                const v1::QueryMetricResponse& response);

// The name of the bucket that starts at `start`: `2024-W05`, `2024-01`, `2024-01-31 10:00+01:00`.
// Weeks from Sunday, which have no number in ISO 8601, are named by their first day.
std::string BucketName(absl::Time start, const v1::MethodInfo& info);

// The same with `*` behind it while the bucket is open.
std::string MarkedBucketName(const v1::MetricBucket& bucket, const v1::MethodInfo& info);

// What the mark means; empty when no bucket that has a name is open.
absl::string_view OpenBucketNote(const v1::QueryMetricResponse& response);

// `3 (test 2, bot 1)`: the answers that the total leaves out; empty for none. Trailing points share
// answers: then it is those of the last one.
std::string ExcludedText(const v1::QueryMetricResponse& response);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_METRIC_OUTPUT_H_
