// Keeps the answers of a query by their customers, for variances that take those of one together.
#ifndef EMPTYCHAIR_SERVER_COUNTING_CUSTOMER_ANSWERS_H_
#define EMPTYCHAIR_SERVER_COUNTING_CUSTOMER_ANSWERS_H_

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "server/counting/customer_table.h"
#include "server/statistics/effective_sample.h"

namespace emptychair {

// An answer with a score, as ScoreMethod::PointsOf counts it.
struct CustomerAnswer {
  uint32_t customer = 0;  // storage::kAnonymous: nobody known.
  int32_t points = 0;
};

// The scored answers of a query by group and bucket. Takes up to 20 bytes for each while they come,
// 8 afterwards. Not thread-safe until it is sorted.
class CustomerAnswers {
 public:
  CustomerAnswers(size_t buckets, std::vector<int32_t> points_of_bins)
      : buckets_(buckets), points_of_bins_(std::move(points_of_bins)) {}

  // In any order. Groups that have answers are as few as in a TallyGrid.
  void Add(uint32_t group, uint32_t bucket, uint32_t customer, uint8_t bin) {
    if (group >= slot_of_group_.size()) {
      slot_of_group_.resize(size_t{group} + 1, kNoSlot);
    }
    uint32_t& slot = slot_of_group_[group];
    slot = slot == kNoSlot ? slots_++ : slot;
    const auto place = static_cast<uint32_t>(slot * buckets_ + bucket);
    are_in_order_ = are_in_order_ && (places_.empty() || places_.back() <= place);
    places_.push_back(place);
    answers_.push_back({customer, points_of_bins_[bin]});
  }

  // To be called once, after the last answer and before what is below.
  void Sort();

  size_t bucket_count() const { return buckets_; }
  size_t answer_count() const { return answers_.size(); }

  // The answers of a group in a bucket, in the order in which they were added; none of a group that
  // was never added to.
  absl::Span<const CustomerAnswer> Of(uint32_t group, size_t bucket) const {
    if (group >= slot_of_group_.size() || slot_of_group_[group] == kNoSlot) {
      return {};
    }
    const size_t place = slot_of_group_[group] * buckets_ + bucket;
    return absl::MakeConstSpan(answers_).subspan(begins_[place],
                                                 begins_[place + 1] - begins_[place]);
  }

 private:
  static constexpr uint32_t kNoSlot = UINT32_MAX;

  const size_t buckets_;
  const std::vector<int32_t> points_of_bins_;
  // Groups that have answers, in the order in which these came.
  std::vector<uint32_t> slot_of_group_;
  uint32_t slots_ = 0;
  // Of the answers, until they are sorted; a place is a group's bucket, slot by slot.
  std::vector<uint32_t> places_;
  bool are_in_order_ = true;
  // Where each place begins, and the last one ends, once they are sorted.
  std::vector<size_t> begins_;
  std::vector<CustomerAnswer> answers_;
};

// Adds up what customers answered, in one pass over the answers, whatever points trail: one answer
// that comes into a point changes the sums, and so does one that leaves it. Takes some 8 bytes for
// each customer that the store knows, or 16 for each that is met. Not thread-safe.
class CustomerSummer {
 public:
  // Customers are below `customers`; there are at most about `answers` to add up.
  CustomerSummer(size_t customers, size_t answers) : shares_(customers, answers) {}

  // The sums of the groups taken together in each bucket, as a point that ends with it and has the
  // last `trailing` of them; those before the first point are empty.
  std::vector<statistics::CustomerSums> Sum(const CustomerAnswers& answers,
                                            absl::Span<const uint32_t> groups, size_t trailing);

  // Of all of these.
  statistics::CustomerSums Sum(absl::Span<const CustomerAnswer> answers);

  // Of the customers on both sides.
  statistics::SharedCustomerSums SumShared(absl::Span<const CustomerAnswer> base,
                                           absl::Span<const CustomerAnswer> candidate);

 private:
  // What a customer has in the point at hand.
  struct Share {
    int32_t answers = 0;
    int32_t points = 0;
  };

  void Enter(absl::Span<const CustomerAnswer> answers, statistics::CustomerSums& sums);
  void Leave(absl::Span<const CustomerAnswer> answers, statistics::CustomerSums& sums);
  void Forget(absl::Span<const CustomerAnswer> answers);

  CustomerTable<Share> shares_;  // All empty between two calls.
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_COUNTING_CUSTOMER_ANSWERS_H_
