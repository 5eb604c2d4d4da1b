// Says how much customers repeat themselves in windows of any length, from what was measured at
// some. Everything here is pure and thread-safe.
#ifndef EMPTYCHAIR_SERVER_STATISTICS_REPEAT_CURVE_H_
#define EMPTYCHAIR_SERVER_STATISTICS_REPEAT_CURVE_H_

#include <vector>

#include "server/statistics/effective_sample.h"

namespace emptychair::statistics {

// Two values that rest on the same customers are not taken to move together more than this.
inline constexpr double kCorrelationMax = 0.95;

// What was measured in windows of one length.
struct MeasuredEffect {
  double days = 0;
  RepeatEffect effect;
};

// The effects of a slice of a survey's answers by the length of a window. Pairs of answers of one
// customer grow with the length, so that straight lines join what was measured; the last goes on
// beyond the longest length, and below the shortest its effect holds.
class RepeatCurve {
 public:
  // Ascending by length, at least one.
  explicit RepeatCurve(std::vector<MeasuredEffect> measured);

  // In a window of so many days, which may be a part or infinite; never below 1.
  RepeatEffect At(double days) const;

  // Makes this the curve of a slice that is within both: at each length, the larger of both.
  void Join(const RepeatCurve& other);

  // The correlation of two windows that adjoin, of so many days: with N(L) = L D(L),
  //
  //   r = (N(a + b) - N(a) - N(b)) / (2 sqrt(N(a) N(b))), held within 0 and kCorrelationMax.
  //
  // 0 unless both are finite and longer than nothing.
  double CorrelationOfAdjoining(double base_days, double candidate_days) const;

 private:
  std::vector<std::vector<MeasuredEffect>> slices_;
};

}  // namespace emptychair::statistics

#endif  // EMPTYCHAIR_SERVER_STATISTICS_REPEAT_CURVE_H_
