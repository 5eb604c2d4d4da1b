// Adds up what decomposing a change by customer takes.
#ifndef EMPTYCHAIR_SERVER_COUNTING_GROUP_SUMMER_H_
#define EMPTYCHAIR_SERVER_COUNTING_GROUP_SUMMER_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "server/counting/customer_answers.h"
#include "server/counting/customer_table.h"
#include "server/statistics/decomposition.h"

namespace emptychair {

// Answers of one side, wherever they lie; owns none.
using AnswerSpans = std::vector<absl::Span<const CustomerAnswer>>;

// Sums over the customers of groups of two sides, each in one pass over its answers. Takes some 24
// bytes for each customer that the store knows, or 32 for each that is met. Not thread-safe.
class GroupSummer {
 public:
  // Customers are below `customers`; the answers are all of each side.
  GroupSummer(size_t customers, const AnswerSpans& base, const AnswerSpans& candidate);

  // Over the customers of both sides: Σ M M', of their answers on each.
  int64_t shared_answers() const { return shared_answers_; }

  // The sums of a group, by its answers on each side.
  statistics::GroupByCustomer Sum(const AnswerSpans& base, const AnswerSpans& candidate);

 private:
  // What a customer has on a side.
  struct Share {
    int32_t answers_of_all = 0;
    int32_t answers = 0;  // Of the group at hand.
    int32_t points = 0;
  };
  struct Customer {
    Share base;
    Share candidate;
  };

  void Enter(const AnswerSpans& answers, Share Customer::*side);
  void Forget(const AnswerSpans& answers, Share Customer::*side);
  static void Add(const CustomerAnswer& answer, const Share& own, statistics::GroupSums& sums);

  CustomerTable<Customer> customers_;  // The group at hand is empty between two calls.
  int64_t shared_answers_ = 0;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_COUNTING_GROUP_SUMMER_H_
