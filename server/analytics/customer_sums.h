// Sums over customers, for variances that take a customer's answers together.
#ifndef EMPTYCHAIR_SERVER_ANALYTICS_CUSTOMER_SUMS_H_
#define EMPTYCHAIR_SERVER_ANALYTICS_CUSTOMER_SUMS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "server/statistics/score_method.h"

namespace emptychair {

// Of the scored answers of one group in one point, where customer i gave n_i answers whose values
// add up to X_i. An answer without a customer is that of a customer of its own. With them the
// variance of a ratio of sums is that of Deng, Knoblich and Lu (2018): with the mean m, the sum of
// (X_i - m n_i)² is squared_sums - 2 m products + m² squared_answers.
struct CustomerSums {
  int64_t customers = 0;
  int64_t answers = 0;          // Σ n_i
  int64_t sum = 0;              // Σ X_i
  int64_t squared_answers = 0;  // Σ n_i²
  int64_t products = 0;         // Σ n_i X_i
  int64_t squared_sums = 0;     // Σ X_i²

  friend bool operator==(const CustomerSums&, const CustomerSums&) = default;
};

// What an answer adds to the metric's sum, by the bin of its score: for a net 1, 0 or -1, for a
// share 1 or 0, for a mean the score. The first, that of no score, is 0.
std::vector<int32_t> ValuesOfBins(const statistics::ScoreMethod& method);

// Takes answers in any order, and then adds up each group in one pass over its answers, whatever
// the points trail: one answer that comes into a point changes the sums, and so does one that
// leaves it. Takes up to 20 bytes for each answer and 8 for each customer that the store knows. Not
// thread-safe.
class CustomerSumsCounter {
 public:
  // Points end with the buckets from the `trailing`th on, each with the last `trailing` of them.
  CustomerSumsCounter(size_t buckets, size_t trailing, size_t customers,
                      std::vector<int32_t> values_of_bins)
      : buckets_(buckets),
        trailing_(trailing),
        customers_(customers),
        values_of_bins_(std::move(values_of_bins)) {}

  // An answer with a score; `customer` is below the number of them. Groups that have answers are as
  // few as in a TallyGrid.
  void Add(uint32_t group, uint32_t bucket, uint32_t customer, uint8_t bin) {
    if (group >= slot_of_group_.size()) {
      slot_of_group_.resize(size_t{group} + 1, kNoSlot);
    }
    uint32_t& slot = slot_of_group_[group];
    slot = slot == kNoSlot ? slots_++ : slot;
    const auto place = static_cast<uint32_t>(slot * buckets_ + bucket);
    are_in_order_ = are_in_order_ && (places_.empty() || places_.back() <= place);
    places_.push_back(place);
    values_.push_back({customer, values_of_bins_[bin]});
  }

  // The sums of each group in each bucket, as a point that ends with it; those before the first
  // point are empty, and a group without answers has none. To be called once, after the last
  // answer.
  std::vector<std::vector<CustomerSums>> Finish();

 private:
  static constexpr uint32_t kNoSlot = UINT32_MAX;

  struct Value {
    uint32_t customer = 0;
    int32_t value = 0;
  };
  // What a customer has in the point at hand.
  struct Share {
    int32_t answers = 0;
    int32_t sum = 0;
  };

  // Where each place begins in `values_`, which are put in its order, and the last one ends.
  std::vector<size_t> SortByPlace();
  void Enter(absl::Span<const Value> values, CustomerSums& sums);
  void Leave(absl::Span<const Value> values, CustomerSums& sums);

  const size_t buckets_;
  const size_t trailing_;
  const size_t customers_;
  const std::vector<int32_t> values_of_bins_;
  // Groups that have answers, in the order in which these came.
  std::vector<uint32_t> slot_of_group_;
  uint32_t slots_ = 0;
  // Of the answers; a place is a group's bucket, slot by slot.
  std::vector<uint32_t> places_;
  std::vector<Value> values_;
  bool are_in_order_ = true;
  std::vector<Share> shares_;  // By the customer's number.
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_ANALYTICS_CUSTOMER_SUMS_H_
