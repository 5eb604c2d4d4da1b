#include "server/counting/customer_answers.h"

#include <algorithm>
#include <utility>

#include "storage/format/values.h"

namespace emptychair {
namespace {

// Answers between the one that is added and the one whose customer is fetched from memory.
constexpr size_t kPrefetch = 24;

}  // namespace

void CustomerAnswers::Sort() {
  begins_.assign(slots_ * buckets_ + 1, 0);
  for (const uint32_t place : places_) {
    ++begins_[place + 1];
  }
  for (size_t place = 1; place < begins_.size(); ++place) {
    begins_[place] += begins_[place - 1];
  }
  if (!are_in_order_) {
    std::vector<CustomerAnswer> sorted(answers_.size());
    std::vector<size_t> next = begins_;
    for (size_t i = 0; i < answers_.size(); ++i) {
      sorted[next[places_[i]]++] = answers_[i];
    }
    answers_ = std::move(sorted);
  }
  places_ = {};
}

std::vector<statistics::CustomerSums> CustomerSummer::Sum(const CustomerAnswers& answers,
                                                          absl::Span<const uint32_t> groups,
                                                          size_t trailing) {
  const size_t buckets = answers.bucket_count();
  std::vector<statistics::CustomerSums> points(buckets);
  statistics::CustomerSums sums;
  for (size_t bucket = 0; bucket < buckets; ++bucket) {
    for (const uint32_t group : groups) {
      if (bucket >= trailing) {
        Leave(answers.Of(group, bucket - trailing), sums);
      }
      Enter(answers.Of(group, bucket), sums);
    }
    if (bucket + 1 >= trailing) {
      points[bucket] = sums;
    }
  }
  for (size_t bucket = buckets - std::min(buckets, trailing); bucket < buckets; ++bucket) {
    for (const uint32_t group : groups) {
      Forget(answers.Of(group, bucket));
    }
  }
  return points;
}

statistics::CustomerSums CustomerSummer::Sum(absl::Span<const CustomerAnswer> answers) {
  statistics::CustomerSums sums;
  Enter(answers, sums);
  Forget(answers);
  return sums;
}

// Each sum over customers is one over the candidate's answers, each with what its customer has in
// the base.
statistics::SharedCustomerSums CustomerSummer::SumShared(
    absl::Span<const CustomerAnswer> base, absl::Span<const CustomerAnswer> candidate) {
  for (const auto& [customer, points] : base) {
    if (customer != storage::kAnonymous) {
      ++shares_[customer].answers;
      shares_[customer].points += points;
    }
  }
  statistics::SharedCustomerSums shared;
  for (size_t i = 0; i < candidate.size(); ++i) {
    if (i + kPrefetch < candidate.size()) {
      shares_.Prefetch(candidate[i + kPrefetch].customer);
    }
    const auto [customer, points] = candidate[i];
    if (customer != storage::kAnonymous) {
      const auto [answers, sum] = shares_[customer];
      shared.answers += answers;
      shared.base_sums += sum;
      shared.candidate_sums += int64_t{answers} * points;
      shared.sums += int64_t{sum} * points;
    }
  }
  Forget(base);
  return shared;
}

// (m+1)² is m² and 2m+1, (m+1)(X+x) is mX and mx+X+x, (X+x)² is X² and 2xX+x².
void CustomerSummer::Enter(absl::Span<const CustomerAnswer> answers,
                           statistics::CustomerSums& sums) {
  for (size_t i = 0; i < answers.size(); ++i) {
    if (i + kPrefetch < answers.size()) {
      shares_.Prefetch(answers[i + kPrefetch].customer);
    }
    const auto [customer, x] = answers[i];
    const bool is_anonymous = customer == storage::kAnonymous;
    Share none;
    Share& share = is_anonymous ? none : shares_[customer];
    const int64_t m = share.answers;
    const int64_t total = share.points;
    sums.customers += m == 0 ? 1 : 0;
    sums.anonymous += is_anonymous ? 1 : 0;
    ++sums.answers;
    sums.sum += x;
    sums.squared_answers += 2 * m + 1;
    sums.products += m * x + total + x;
    sums.squared_sums += 2 * x * total + int64_t{x} * x;
    ++share.answers;
    share.points += x;
  }
}

void CustomerSummer::Leave(absl::Span<const CustomerAnswer> answers,
                           statistics::CustomerSums& sums) {
  for (size_t i = 0; i < answers.size(); ++i) {
    if (i + kPrefetch < answers.size()) {
      shares_.Prefetch(answers[i + kPrefetch].customer);
    }
    const auto [customer, x] = answers[i];
    const bool is_anonymous = customer == storage::kAnonymous;
    Share own{1, x};
    Share& share = is_anonymous ? own : shares_[customer];
    const int64_t m = --share.answers;
    const int64_t total = share.points -= x;
    sums.customers -= m == 0 ? 1 : 0;
    sums.anonymous -= is_anonymous ? 1 : 0;
    --sums.answers;
    sums.sum -= x;
    sums.squared_answers -= 2 * m + 1;
    sums.products -= m * x + total + x;
    sums.squared_sums -= 2 * x * total + int64_t{x} * x;
  }
}

void CustomerSummer::Forget(absl::Span<const CustomerAnswer> answers) {
  for (const CustomerAnswer& answer : answers) {
    if (answer.customer != storage::kAnonymous) {
      shares_[answer.customer] = {};
    }
  }
}

}  // namespace emptychair
