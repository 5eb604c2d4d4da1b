#include "server/statistics/many_tests.h"

#include <algorithm>
#include <cstddef>
#include <numeric>

#include "server/statistics/distributions.h"

namespace emptychair::statistics {

ManyTests CorrectForMany(absl::Span<const double> p_values, Confidence confidence) {
  const double alpha = 1 - confidence.level();
  ManyTests many;
  many.tests = static_cast<int64_t>(p_values.size());
  many.q_values.resize(p_values.size());
  std::vector<size_t> ascending(p_values.size());
  std::iota(ascending.begin(), ascending.end(), size_t{0});
  std::sort(ascending.begin(), ascending.end(),
            [&](size_t a, size_t b) { return p_values[a] < p_values[b]; });
  const auto m = static_cast<double>(p_values.size());
  double least = 1;
  size_t found = 0;
  for (size_t rank = ascending.size(); rank > 0; --rank) {
    const size_t test = ascending[rank - 1];
    least = std::min(least, m * p_values[test] / static_cast<double>(rank));
    many.q_values[test] = least;
    found += least <= alpha ? 1 : 0;
  }
  if (p_values.empty()) {
    many.interval_confidence = confidence.level();
    many.z_limit = confidence.z();
    return many;
  }
  const double share = static_cast<double>(std::max<size_t>(found, 1)) / m;
  many.interval_confidence = 1 - share * alpha;
  many.z_limit = share == 1 ? confidence.z() : TwoSidedZ(share * alpha);
  return many;
}

}  // namespace emptychair::statistics
