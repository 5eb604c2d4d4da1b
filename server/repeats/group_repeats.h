// Adds up how much customers repeat themselves in one group of answers.
#ifndef EMPTYCHAIR_SERVER_REPEATS_GROUP_REPEATS_H_
#define EMPTYCHAIR_SERVER_REPEATS_GROUP_REPEATS_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "emptychair/store/v1/value.pb.h"
#include "server/statistics/score_method.h"

namespace emptychair {

// An answer: its day from the oldest that is measured, and the bin of its score.
struct DayScore {
  uint16_t day = 0;
  uint8_t bin = 0;
};

// The sums of MeasureRepeats over the answers of a group, customer by customer. Not thread-safe.
class GroupRepeats {
 public:
  // Lengths of windows in days, ascending; the last is that of all days.
  GroupRepeats(const std::vector<int>& lengths,
               const std::vector<statistics::ScoreMethod>& methods);

  // The answers of one customer, ordered by day; at least one.
  void AddCustomer(absl::Span<const DayScore> answers);

  int64_t customers() const { return customers_; }

  // Of the answers in windows of this length: the share that is not its customer's first. 0 without
  // any.
  double RepeatShare(int length) const;

  // Writes all but the value.
  void Write(store::v1::StoredGroupEffects& effects) const;

 private:
  // Of all windows of one length.
  struct Windows {
    int days = 0;
    int64_t customers = 0;       // In each window, added up.
    double squared_answers = 0;  // Σ m²
    std::vector<int64_t> histogram;
    // By method.
    std::vector<double> squared_sums;  // Σ X²
    std::vector<double> products;      // Σ m X
  };

  void AddWindow(absl::Span<const DayScore> answers, Windows& windows);
  double MeanOf(size_t method) const;
  double DesignEffect(const Windows& windows, size_t method) const;

  const int days_;
  std::vector<std::vector<int32_t>> points_;  // By method and bin.
  int64_t customers_ = 0;
  std::vector<Windows> windows_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_REPEATS_GROUP_REPEATS_H_
