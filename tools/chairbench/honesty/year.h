// A year of customers some of whom answer again and again.
#ifndef EMPTYCHAIR_TOOLS_CHAIRBENCH_HONESTY_YEAR_H_
#define EMPTYCHAIR_TOOLS_CHAIRBENCH_HONESTY_YEAR_H_

#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/time/time.h"
#include "emptychair/client/client.h"
#include "tools/chairbench/honesty/generator.h"
#include "tools/chairbench/records/windows.h"

namespace emptychair::bench {

// Who answers in a year: 2,000 customers 0.15 times a month, 200 once and 20 ten times, by chance.
struct YearOfCustomers {
  std::string name;
  std::string id;
  // An occasion brings one answer up to so many.
  int answers_max = 1;
  // When customers are there: all the time, for 60 to 260 days, or from some day on.
  enum class Presence { kAlways, kChurn, kGrowth } presence = Presence::kAlways;
};

// The correlation of two answers of one customer.
inline constexpr double kRhoOfYear = 0.6;

// Hands the answers of a year to `sink`, with the labels `segment`, the customer's own, and
// `channel`, the answer's. Scores are drawn from `scores` as DrawAnswers draws them.
void DrawYear(const YearOfCustomers& year, const Distribution& scores, const Window& window,
              uint64_t seed, absl::FunctionRef<void(v1::Feedback)> sink);

}  // namespace emptychair::bench

#endif  // EMPTYCHAIR_TOOLS_CHAIRBENCH_HONESTY_YEAR_H_
