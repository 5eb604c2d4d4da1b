#include "server/statistics/ratio_of_sums.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace emptychair::statistics {
namespace {

constexpr long double kNanosPerUnit = 1e9L;

// Of n independent parts, with Σ(part - value)² of `squares`. `scale` makes sums values.
Estimate AroundValue(long double value, int64_t n, long double squares, long double scale,
                     Confidence confidence) {
  Estimate estimate{.value = static_cast<double>(value)};
  if (n < 2) {
    return estimate;
  }
  const auto parts = static_cast<long double>(n);
  // Rounding may take that of equal ones below 0.
  const long double standard_error =
      scale * std::sqrt(parts / (parts - 1) * std::max(0.0L, squares));
  const long double margin = confidence.z() * standard_error;
  estimate.standard_error = static_cast<double>(standard_error);
  estimate.interval = Interval{.low = static_cast<double>(value - margin),
                               .high = static_cast<double>(value + margin)};
  return estimate;
}

}  // namespace

void RatioOfSums::Add(absl::int128 x, absl::int128 y) {
  sum_x_ += x;
  sum_y_ += y;
  ++pairs_;
  const auto at_x = static_cast<long double>(x);
  const auto at_y = static_cast<long double>(y);
  const long double from_x = at_x - mean_x_;
  const long double from_y = at_y - mean_y_;
  const long double share = 1 / static_cast<long double>(pairs_);
  mean_x_ += from_x * share;
  mean_y_ += from_y * share;
  squares_x_ += from_x * (at_x - mean_x_);
  products_ += from_x * (at_y - mean_y_);
  squares_y_ += from_y * (at_y - mean_y_);
}

long double RatioOfSums::SquaredResiduals() const {
  const long double r = static_cast<long double>(sum_y_) / static_cast<long double>(sum_x_);
  return squares_y_ - r * (2 * products_ - r * squares_x_);
}

std::optional<Estimate> RatioOfSums::InPercent(Confidence confidence) const {
  if (sum_x_ <= 0) {
    return std::nullopt;
  }
  const long double scale = 100 / static_cast<long double>(sum_x_);
  return AroundValue(scale * static_cast<long double>(sum_y_), pairs_, SquaredResiduals(), scale,
                     confidence);
}

void AmountRetention::Add(absl::int128 before, absl::int128 now) {
  net_.Add(before, now);
  gross_.Add(before, std::max(absl::int128(0), std::min(before, now)));
}

void AmountPerCustomer::Add(absl::int128 amount) {
  sum_ += amount;
  ++added_;
  const auto at = static_cast<long double>(amount);
  const long double from = at - mean_;
  mean_ += from / static_cast<long double>(added_);
  squares_ += from * (at - mean_);
}

std::optional<Estimate> AmountPerCustomer::Mean(int64_t customers, Confidence confidence) const {
  assert(customers >= added_);
  if (customers == 0) {
    return std::nullopt;
  }
  const auto n = static_cast<long double>(customers);
  const auto added = static_cast<long double>(added_);
  const long double scale = 1 / (kNanosPerUnit * n);
  // Those with 0 lie around a mean of their own.
  const long double squares = squares_ + mean_ * mean_ * added * (n - added) / n;
  return AroundValue(scale * static_cast<long double>(sum_), customers, squares, scale, confidence);
}

}  // namespace emptychair::statistics
