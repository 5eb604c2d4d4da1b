// The answer of a metric query, for people and as CSV.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_METRIC_OUTPUT_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_METRIC_OUTPUT_H_

#include <ostream>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "emptychair/v1/metrics_service.pb.h"

namespace emptychair {

// Writes a line for every point of every series, in the answer's order, exact, behind the header
// `bucket_start,bucket_end,<group keys>,value,low,high,standard_error,answers,unscored,promoters,
// passives,detractors,suppressed`. What is absent is empty; times are RFC 3339 in UTC.
void PrintMetricCsv(const v1::QueryMetricRequest& request, const v1::QueryMetricResponse& response,
                    std::ostream& out);

// Writes a heading that repeats the window and the method, then a line for every point, then those
// of the total where there are groups. With `columns` above 0, which is the width of a terminal,
// every line ends with the interval as a bar on a common axis, and the counts that leave no room
// for it are left out.
void PrintMetricTable(const v1::QueryMetricRequest& request,
                      const v1::QueryMetricResponse& response, int columns, std::ostream& out);

// A point with the values of its group, `(all)` for the total, and the name of its bucket, which is
// empty when there is only one.
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
std::string BucketName(absl::Time start, v1::Granularity granularity, absl::TimeZone zone);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_METRIC_OUTPUT_H_
