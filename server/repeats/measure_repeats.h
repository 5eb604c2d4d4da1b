// Measures how much the customers of a survey repeat themselves.
#ifndef EMPTYCHAIR_SERVER_REPEATS_MEASURE_REPEATS_H_
#define EMPTYCHAIR_SERVER_REPEATS_MEASURE_REPEATS_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "emptychair/store/v1/command.pb.h"
#include "server/statistics/score_method.h"
#include "storage/read/view.h"
#include "storage/store.h"

namespace emptychair {

// Answers of at most so many whole local days are measured, of at least so many.
inline constexpr int kRepeatDaysMax = 365;
inline constexpr int kRepeatDaysMin = 30;
// Groups of fewer customers are not measured, nor more groups of a dimension.
inline constexpr int64_t kRepeatCustomersMin = 30;
inline constexpr size_t kRepeatGroupsMax = 100;
// Memory for the answers; of more than fit, those of every s-th customer.
inline constexpr size_t kRepeatBytesMax = size_t{64} << 20;

// What is measured of a survey at a view. Everything must outlive the call.
struct RepeatMeasurement {
  const storage::Store& store;
  const storage::View& view;
  const storage::SurveyView& survey;
  // The days are those before that of this time.
  absl::Time as_of;
  // Ends it early, with SHUTTING_DOWN, once it is true.
  const std::atomic<bool>& stop;
  size_t bytes_max = kRepeatBytesMax;
};

// The methods that effects are measured of: those of the survey that take no parameter, in the
// order of the enum. None for TEXT.
std::vector<statistics::ScoreMethod> RepeatMethods(const store::v1::StoredSurvey& survey);

// Measures in one pass over the headers of the survey's records. For each length L of 1, 30, 91 and
// A days, where A are the days that there are, the A days are cut into whole windows of L days from
// the end back. Over the answers x of these windows, of which m with the sum X are a customer's in
// one, and with θ, the mean over all A days,
//
//   D = Σ (X - θ m)² / Σ (x - θ)²     m* = Σ m² / n
//
// with sums over customers and windows, and over answers. Where all answers are alike D is m*, as
// if every customer always answered the same. What was measured before needs no effects: the result
// has no groups when there are fewer than kRepeatDaysMin days, kRepeatCustomersMin customers or no
// scores. Formulas: docs/honest_numbers.md.
//
// Errors: STORE_DAMAGED; ZONE_UNKNOWN; SHUTTING_DOWN.
absl::StatusOr<store::v1::PutRepeatEffects> MeasureRepeats(const RepeatMeasurement& measurement);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_REPEATS_MEASURE_REPEATS_H_
