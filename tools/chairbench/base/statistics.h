// Order statistics of measurements.
#ifndef EMPTYCHAIR_TOOLS_CHAIRBENCH_BASE_STATISTICS_H_
#define EMPTYCHAIR_TOOLS_CHAIRBENCH_BASE_STATISTICS_H_

#include <vector>

namespace emptychair::bench {

// The smallest of `samples` that at least `percent` of 100 of them do not exceed (the nearest-rank
// percentile). NaN without samples. `percent` is above 0 and at most 100.
double Percentile(std::vector<double> samples, double percent);

// The middle one of `samples`, the mean of the two in the middle of an even number. NaN without
// samples.
double Median(std::vector<double> samples);

}  // namespace emptychair::bench

#endif  // EMPTYCHAIR_TOOLS_CHAIRBENCH_BASE_STATISTICS_H_
