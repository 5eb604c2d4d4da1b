#include "tools/chairbench/base/statistics.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

namespace emptychair::bench {

double Percentile(std::vector<double> samples, double percent) {
  if (samples.empty()) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  const double wanted = std::ceil(static_cast<double>(samples.size()) * percent / 100);
  const size_t rank = std::clamp<size_t>(static_cast<size_t>(wanted), 1, samples.size());
  const auto at = samples.begin() + static_cast<std::ptrdiff_t>(rank - 1);
  std::nth_element(samples.begin(), at, samples.end());
  return *at;
}

double Median(std::vector<double> samples) {
  if (samples.empty()) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  std::sort(samples.begin(), samples.end());
  const size_t middle = samples.size() / 2;
  return samples.size() % 2 == 1 ? samples[middle] : (samples[middle - 1] + samples[middle]) / 2;
}

}  // namespace emptychair::bench
