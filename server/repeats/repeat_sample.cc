#include "server/repeats/repeat_sample.h"

#include <algorithm>
#include <tuple>

#include "common/base/random.h"

namespace emptychair {

// All room at once, which costs nothing until it is used: a vector that grows would take more than
// it may.
RepeatSample::RepeatSample(size_t bytes_max)
    : answers_max_(std::max<size_t>(bytes_max / sizeof(SampledAnswer), 1)) {
  answers_.reserve(answers_max_);
}

bool RepeatSample::IsIn(const SampledAnswer& answer) const {
  return (Random(answer.customer).Next() & (step_ - 1)) == 0;
}

void RepeatSample::Add(const SampledAnswer& answer) {
  if (!IsIn(answer)) {
    return;
  }
  while (answers_.size() >= answers_max_) {
    step_ *= 2;
    answers_.erase(std::remove_if(answers_.begin(), answers_.end(),
                                  [this](const SampledAnswer& kept) { return !IsIn(kept); }),
                   answers_.end());
    if (!IsIn(answer)) {
      return;
    }
  }
  answers_.push_back(answer);
}

void RepeatSample::Sort() {
  std::sort(answers_.begin(), answers_.end(), [](const SampledAnswer& a, const SampledAnswer& b) {
    return std::tie(a.is_anonymous, a.customer, a.day) <
           std::tie(b.is_anonymous, b.customer, b.day);
  });
}

}  // namespace emptychair
