// The settings in which promises about chance are tried: each loads its trials, asks, and adds a
// row for each promise.
#ifndef EMPTYCHAIR_TOOLS_CHAIRBENCH_HONESTY_ROWS_H_
#define EMPTYCHAIR_TOOLS_CHAIRBENCH_HONESTY_ROWS_H_

#include "absl/status/status.h"
#include "tools/chairbench/honesty/lab.h"
#include "tools/chairbench/honesty/row.h"

namespace emptychair::bench {

// Of a single comparison, looked at once, where nothing changed.
inline constexpr double kFalseChangesMax = 0.055;
// Of all that is compared at once, or looked at again and again.
inline constexpr double kFalseAnswersMax = 0.06;

// Intervals of NPS and shares, everybody once, over many truths.
absl::Status CheckOnceEach(HonestyLab& lab, HonestyRows& rows);
// Intervals of means, everybody once, over many shapes.
absl::Status CheckMeans(HonestyLab& lab, HonestyRows& rows);
// Intervals of customers who answer again, and comparisons of others of their kind.
absl::Status CheckRepeats(HonestyLab& lab, HonestyRows& rows);
// Comparisons where nothing changed.
absl::Status CheckComparisons(HonestyLab& lab, HonestyRows& rows);
// Comparisons where something did.
absl::Status CheckPower(HonestyLab& lab, HonestyRows& rows);
// Many surveys at once.
absl::Status CheckScorecards(HonestyLab& lab, HonestyRows& rows);
// Many slices at once.
absl::Status CheckDecompositions(HonestyLab& lab, HonestyRows& rows);
// Comparisons that are looked at every day.
absl::Status CheckLooks(HonestyLab& lab, HonestyRows& rows);
// Intervals and comparisons by what was measured of the customers of a year.
absl::Status CheckEstimates(HonestyLab& lab, HonestyRows& rows);

}  // namespace emptychair::bench

#endif  // EMPTYCHAIR_TOOLS_CHAIRBENCH_HONESTY_ROWS_H_
