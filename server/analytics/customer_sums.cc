#include "server/analytics/customer_sums.h"

#include <utility>

#include "storage/format/values.h"

namespace emptychair {
namespace {

// Answers between the one that is added and the one whose customer is fetched from memory.
constexpr size_t kPrefetch = 24;

}  // namespace

std::vector<int32_t> ValuesOfBins(const statistics::ScoreMethod& method) {
  std::vector<int32_t> values = {0};
  for (size_t i = 0; i < method.scale_size(); ++i) {
    const int32_t score = method.scale().low + static_cast<int32_t>(i);
    if (method.kind() == statistics::ScoreMethod::Kind::kMean) {
      values.push_back(score);
    } else {
      values.push_back((method.positive().contains(score) ? 1 : 0) -
                       (method.negative().contains(score) ? 1 : 0));
    }
  }
  return values;
}

std::vector<size_t> CustomerSumsCounter::SortByPlace() {
  std::vector<size_t> begins(slots_ * buckets_ + 1);
  for (const uint32_t place : places_) {
    ++begins[place + 1];
  }
  for (size_t place = 1; place < begins.size(); ++place) {
    begins[place] += begins[place - 1];
  }
  if (!are_in_order_) {
    std::vector<Value> sorted(values_.size());
    std::vector<size_t> next = begins;
    for (size_t i = 0; i < values_.size(); ++i) {
      sorted[next[places_[i]]++] = values_[i];
    }
    values_ = std::move(sorted);
  }
  return begins;
}

std::vector<std::vector<CustomerSums>> CustomerSumsCounter::Finish() {
  const std::vector<size_t> begins = SortByPlace();
  places_ = {};
  shares_.resize(customers_);
  std::vector<std::vector<CustomerSums>> groups(slot_of_group_.size());
  for (size_t group = 0; group < groups.size(); ++group) {
    if (slot_of_group_[group] == kNoSlot) {
      continue;
    }
    const auto values_of = [&](size_t bucket) {
      const size_t place = slot_of_group_[group] * buckets_ + bucket;
      return absl::MakeConstSpan(values_).subspan(begins[place], begins[place + 1] - begins[place]);
    };
    groups[group].resize(buckets_);
    CustomerSums sums;
    for (size_t bucket = 0; bucket < buckets_; ++bucket) {
      if (bucket >= trailing_) {
        Leave(values_of(bucket - trailing_), sums);
      }
      Enter(values_of(bucket), sums);
      if (bucket + 1 >= trailing_) {
        groups[group][bucket] = sums;
      }
    }
    // Leaves nothing of the group behind for the next one.
    for (size_t bucket = buckets_ - std::min(buckets_, trailing_); bucket < buckets_; ++bucket) {
      for (const Value& value : values_of(bucket)) {
        shares_[value.customer] = {};
      }
    }
  }
  return groups;
}

// (n+1)² is n² and 2n+1, (n+1)(X+x) is nX and nx+X+x, (X+x)² is X² and 2xX+x².
void CustomerSumsCounter::Enter(absl::Span<const Value> values, CustomerSums& sums) {
  for (size_t i = 0; i < values.size(); ++i) {
    if (i + kPrefetch < values.size()) {
      __builtin_prefetch(&shares_[values[i + kPrefetch].customer], 1);
    }
    const auto [customer, x] = values[i];
    Share none;
    Share& share = customer == storage::kAnonymous ? none : shares_[customer];
    const int64_t n = share.answers;
    const int64_t total = share.sum;
    sums.customers += n == 0 ? 1 : 0;
    ++sums.answers;
    sums.sum += x;
    sums.squared_answers += 2 * n + 1;
    sums.products += n * x + total + x;
    sums.squared_sums += 2 * x * total + int64_t{x} * x;
    ++share.answers;
    share.sum += x;
  }
}

void CustomerSumsCounter::Leave(absl::Span<const Value> values, CustomerSums& sums) {
  for (size_t i = 0; i < values.size(); ++i) {
    if (i + kPrefetch < values.size()) {
      __builtin_prefetch(&shares_[values[i + kPrefetch].customer], 1);
    }
    const auto [customer, x] = values[i];
    Share own{1, x};
    Share& share = customer == storage::kAnonymous ? own : shares_[customer];
    const int64_t n = --share.answers;
    const int64_t total = share.sum -= x;
    sums.customers -= n == 0 ? 1 : 0;
    --sums.answers;
    sums.sum -= x;
    sums.squared_answers -= 2 * n + 1;
    sums.products -= n * x + total + x;
    sums.squared_sums -= 2 * x * total + int64_t{x} * x;
  }
}

}  // namespace emptychair
