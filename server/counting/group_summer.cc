#include "server/counting/group_summer.h"

#include "storage/format/values.h"

namespace emptychair {
namespace {

// Nobody known has given anything else.
bool IsAnonymous(const CustomerAnswer& answer) { return answer.customer == storage::kAnonymous; }

size_t CountOf(const AnswerSpans& answers) {
  size_t count = 0;
  for (const auto& span : answers) {
    count += span.size();
  }
  return count;
}

}  // namespace

GroupSummer::GroupSummer(size_t customers, const AnswerSpans& base, const AnswerSpans& candidate)
    : customers_(customers, CountOf(base) + CountOf(candidate)) {
  for (const auto& span : base) {
    for (const CustomerAnswer& answer : span) {
      ++customers_[answer.customer].base.answers_of_all;
    }
  }
  for (const auto& span : candidate) {
    for (const CustomerAnswer& answer : span) {
      Customer& customer = customers_[answer.customer];
      ++customer.candidate.answers_of_all;
      shared_answers_ += IsAnonymous(answer) ? 0 : customer.base.answers_of_all;
    }
  }
  customers_[storage::kAnonymous] = {};
}

void GroupSummer::Enter(const AnswerSpans& answers, Share Customer::*side) {
  for (const auto& span : answers) {
    for (const auto& [customer, points] : span) {
      if (customer != storage::kAnonymous) {
        Share& share = customers_[customer].*side;
        ++share.answers;
        share.points += points;
      }
    }
  }
}

void GroupSummer::Forget(const AnswerSpans& answers, Share Customer::*side) {
  for (const auto& span : answers) {
    for (const CustomerAnswer& answer : span) {
      Share& share = customers_[answer.customer].*side;
      share.answers = 0;
      share.points = 0;
    }
  }
}

// Each sum over customers is one over the group's answers, each with what its customer has.
void GroupSummer::Add(const CustomerAnswer& answer, const Share& own, statistics::GroupSums& sums) {
  const int64_t x = answer.points;
  sums.squared_answers += own.answers;
  sums.products += x * own.answers;
  sums.squared_sums += x * own.points;
  sums.answers_of_all += own.answers_of_all;
  sums.sums_of_all += x * own.answers_of_all;
}

statistics::GroupByCustomer GroupSummer::Sum(const AnswerSpans& base,
                                             const AnswerSpans& candidate) {
  Enter(base, &Customer::base);
  Enter(candidate, &Customer::candidate);
  statistics::GroupByCustomer sums;
  statistics::SharedGroupSums& shared = sums.shared;
  for (const auto& span : base) {
    for (const CustomerAnswer& answer : span) {
      const int64_t x = answer.points;
      if (IsAnonymous(answer)) {
        Add(answer, {1, 1, answer.points}, sums.base);
        continue;
      }
      const Customer& customer = customers_[answer.customer];
      Add(answer, customer.base, sums.base);
      const Share& other = customer.candidate;
      shared.sums_sums += x * other.points;
      shared.sums_answers += x * other.answers;
      shared.sums_all += x * other.answers_of_all;
      shared.answers_sums += other.points;
      shared.answers_answers += other.answers;
      shared.answers_all += other.answers_of_all;
    }
  }
  for (const auto& span : candidate) {
    for (const CustomerAnswer& answer : span) {
      if (IsAnonymous(answer)) {
        Add(answer, {1, 1, answer.points}, sums.candidate);
        continue;
      }
      const Customer& customer = customers_[answer.customer];
      Add(answer, customer.candidate, sums.candidate);
      shared.all_sums += int64_t{answer.points} * customer.base.answers_of_all;
      shared.all_answers += customer.base.answers_of_all;
    }
  }
  Forget(base, &Customer::base);
  Forget(candidate, &Customer::candidate);
  return sums;
}

}  // namespace emptychair
