// Marks of a metric's values in drawings, on terminals and on pages.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_METRIC_MARKS_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_METRIC_MARKS_H_

#include <vector>

#include "emptychair/v1/metrics_service.pb.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "tools/chairctl/plot/number_axis.h"

namespace emptychair {

// A value with its interval; empty where it is absent or suppressed.
IntervalMark MarkOf(const v1::MetricValue& point);

std::vector<IntervalMark> MarksOf(
    const google::protobuf::RepeatedPtrField<v1::MetricValue>& points);

// The total with its interval; empty when suppressed.
IntervalMark MarkOf(const v1::Contribution& contribution);

// Percent that `count` is of `whole`; 0 of nothing.
double PercentOf(int64_t count, int64_t whole);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_METRIC_MARKS_H_
