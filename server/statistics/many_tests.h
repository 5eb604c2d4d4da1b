// Corrects many tests in one answer for their number.
#ifndef EMPTYCHAIR_SERVER_STATISTICS_MANY_TESTS_H_
#define EMPTYCHAIR_SERVER_STATISTICS_MANY_TESTS_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "server/statistics/estimate.h"

namespace emptychair::statistics {

// The p values of tests, corrected for their number, and the one confidence that all of their
// intervals have: an interval leaves out 0 exactly when its q value is at most α.
struct ManyTests {
  int64_t tests = 0;
  // q_(k) = min over j >= k of `m p_(j) / j`, at most 1; aligned with the p values.
  std::vector<double> q_values;
  // `1 - max(R, 1) α / m`, where R tests have a q value of at most α. 1 - α without tests.
  double interval_confidence = 0;
  // Standard errors on either side of the middle of such an interval.
  double z_limit = 0;
};

// Sources: Y. Benjamini and Y. Hochberg, Journal of the Royal Statistical Society B 57 (1995);
// Y. Benjamini and D. Yekutieli, "False Discovery Rate-Adjusted Multiple Confidence Intervals for
// Selected Parameters", Journal of the American Statistical Association 100 (2005).
//
// Pure and thread-safe.
ManyTests CorrectForMany(absl::Span<const double> p_values, Confidence confidence);

}  // namespace emptychair::statistics

#endif  // EMPTYCHAIR_SERVER_STATISTICS_MANY_TESTS_H_
