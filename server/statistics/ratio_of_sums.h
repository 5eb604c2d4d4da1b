// Estimates from customers' amounts of money: how much of them was retained, and how much there is
// per customer.
//
// Amounts are sums of a customer's activities in one currency, in nanos: 10^-9 of its unit. An
// activity has at most 10^12 units, so all amounts of an estimate stay within 128 bits for 10^17
// activities, which is a limit of every class here. Amounts may be negative: refunds.
//
// Sums are exact. What spreads around them is summed in long doubles, around the means so far (the
// method of Welford), because sums of squares would leave 128 bits, and rounded ones would lose a
// small spread of large amounts. An amount is rounded once on its way there, to 64 bits on x86:
// below 10^10 units not at all. Rounding, and with it the order in which amounts are added, changes
// a standard error by about 1e-9 of that of the amounts themselves, whatever their size.
//
// Objects have a fixed size, whatever is added. Constant methods are pure; an object that is not
// changed can be read by many threads.
#ifndef EMPTYCHAIR_SERVER_STATISTICS_RATIO_OF_SUMS_H_
#define EMPTYCHAIR_SERVER_STATISTICS_RATIO_OF_SUMS_H_

#include <cstdint>
#include <optional>

#include "absl/numeric/int128.h"
#include "server/statistics/estimate.h"

namespace emptychair::statistics {

// `r = Σy / Σx` over pairs (x, y), of independent customers.
class RatioOfSums {
 public:
  void Add(absl::int128 x, absl::int128 y);

  int64_t pairs() const { return pairs_; }
  absl::int128 sum_x() const { return sum_x_; }
  absl::int128 sum_y() const { return sum_y_; }

  // `100 r`, absent when Σx <= 0. Of n pairs the standard error is
  // `100 sqrt(n / (n - 1) Σ(y - r x)²) / Σx`, the interval `100 r ± z se`; both absent for n < 2.
  // The interval is not clamped: with refunds a ratio has no bounds.
  //
  // Source: W. G. Cochran, "Sampling Techniques" (1977), 6.
  std::optional<Estimate> InPercent(Confidence confidence) const;

 private:
  // Σ(y - r x)². The means of y and r x are the same, so that it is the sum around them.
  long double SquaredResiduals() const;

  int64_t pairs_ = 0;
  absl::int128 sum_x_ = 0;
  absl::int128 sum_y_ = 0;
  long double mean_x_ = 0;
  long double mean_y_ = 0;
  // Σ(x - mean)², Σ(x - mean)(y - mean) and Σ(y - mean)².
  long double squares_x_ = 0;
  long double products_ = 0;
  long double squares_y_ = 0;
};

// What customers of one period spend in the next: x before, y now. Takes those who have an amount
// before; y is 0 for who has none now.
class AmountRetention {
 public:
  void Add(absl::int128 before, absl::int128 now);

  int64_t customers() const { return net_.pairs(); }
  // Σx and Σy, in nanos.
  absl::int128 before() const { return net_.sum_x(); }
  absl::int128 now() const { return net_.sum_y(); }

  // `Σy / Σx` and `Σ max(0, min(x, y)) / Σx` in percent, as RatioOfSums::InPercent has them: gross
  // retention leaves out what customers spend more than before. With all x >= 0 its value is within
  // 0 … 100; its interval need not be.
  std::optional<Estimate> Net(Confidence confidence) const { return net_.InPercent(confidence); }
  std::optional<Estimate> Gross(Confidence confidence) const {
    return gross_.InPercent(confidence);
  }

 private:
  RatioOfSums net_;
  RatioOfSums gross_;
};

// The mean amount of customers, some of whom have none.
class AmountPerCustomer {
 public:
  // The amount of another customer.
  void Add(absl::int128 amount);

  // Customers whose amount was added.
  int64_t customers() const { return added_; }
  // In nanos.
  absl::int128 sum() const { return sum_; }

  // The mean of n = `customers` in units of the currency, absent for none; at least as many as were
  // added, and the others have 0. The standard error is sqrt(s² / n) of the sample variance
  // `s² = Σ(y - mean)² / (n - 1)`, the interval `mean ± z se`, not clamped; both absent for n < 2.
  //
  // Source: as above, with x = 1 for everybody.
  std::optional<Estimate> Mean(int64_t customers, Confidence confidence) const;

 private:
  int64_t added_ = 0;
  absl::int128 sum_ = 0;
  // Of those added.
  long double mean_ = 0;
  long double squares_ = 0;  // Σ(y - mean)²
};

}  // namespace emptychair::statistics

#endif  // EMPTYCHAIR_SERVER_STATISTICS_RATIO_OF_SUMS_H_
