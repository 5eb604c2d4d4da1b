// What loyalty means, in the simplest way: every customer and day looked at for every question.
// Shares nothing with the product but the messages and the time zones.
#ifndef EMPTYCHAIR_TESTS_DOMAIN_LOYALTY_LOYALTY_MODEL_H_
#define EMPTYCHAIR_TESTS_DOMAIN_LOYALTY_LOYALTY_MODEL_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "emptychair/v1/calendar.pb.h"
#include "emptychair/v1/loyalty_metrics.pb.h"

namespace emptychair::testing {

// What a customer did once.
struct Deed {
  uint32_t customer = 1;
  int64_t unix_ms = 0;
  std::optional<int32_t> units;  // An amount.
  std::string currency = "EUR";
};

// What somebody answered once.
struct Reply {
  uint32_t customer = 1;
  int64_t unix_ms = 0;
  int64_t id = 0;  // Of two at one time the higher one is the later.
  std::optional<int32_t> score;
  bool is_excluded = false;
};

// A value with its interval, as far as there are any.
struct ModelValue {
  std::optional<double> value;
  std::optional<double> low;
  std::optional<double> high;
};

// The money of one period in one currency, and what of it comes again, in units.
struct ModelMoney {
  int64_t total = 0;
  int64_t before = 0;
  int64_t kept = 0;
  ModelValue net;
  ModelValue gross;
};

// The money of the customers of a cohort in one currency, in units.
struct ModelCohortMoney {
  int64_t total = 0;
  ModelValue mean;
};

class LoyaltyModel {
 public:
  LoyaltyModel(absl::TimeZone zone, std::vector<Deed> deeds);

  // The same of what brought in money alone.
  LoyaltyModel PositiveAmounts() const;

  // The same of what these customers did alone.
  LoyaltyModel Of(const std::set<uint32_t>& customers) const;
  std::set<uint32_t> Customers() const;

  // Local days, the end not included.
  struct Days {
    absl::CivilDay first;
    absl::CivilDay end;
  };

  // The periods of days that make up `days`.
  static std::vector<Days> Periods(v1::Granularity granularity, v1::WeekStart week_start,
                                   const Days& days);
  static std::vector<Days> RollingPeriods(int rolling_days, const Days& days);

  std::set<uint32_t> Active(const Days& days) const;
  std::set<uint32_t> FirstEver(const Days& days) const;
  // Those with at least so many deeds before `as_of`.
  std::set<uint32_t> AtLeast(int deeds, const Days& days,
                             absl::Time as_of = absl::InfiniteFuture()) const;
  std::set<uint32_t> OnTwoDays(const Days& days, absl::Time as_of) const;

  // S, E, N, R, W as a text, for periods one of which is `periods[i]`; `before` is what comes
  // before the first.
  static std::string Point(const std::set<uint32_t>& before, const std::set<uint32_t>& now,
                           const std::set<uint32_t>& first_ever);

  // By currency; intervals of 95 %.
  std::map<std::string, ModelMoney> Money(const Days& before, const Days& now) const;
  std::map<std::string, ModelCohortMoney> CohortMoney(const std::set<uint32_t>& cohort,
                                                      const Days& days) const;

  // The class of a customer at a time: 0 promoter, 1 passive, 2 detractor, 3 none.
  static int ClassAt(const std::vector<Reply>& replies, uint32_t customer, absl::Time time);

  // The distinct days of each customer.
  const std::map<uint32_t, std::set<absl::CivilDay>>& days_of() const { return days_of_; }

 private:
  absl::CivilDay DayOf(const Deed& deed) const;
  // What each customer with an amount in the days came to, by currency.
  std::map<std::string, std::map<uint32_t, int64_t>> Sums(const Days& days) const;

  absl::TimeZone zone_;
  std::vector<Deed> deeds_;
  std::map<uint32_t, std::set<absl::CivilDay>> days_of_;
};

}  // namespace emptychair::testing

#endif  // EMPTYCHAIR_TESTS_DOMAIN_LOYALTY_LOYALTY_MODEL_H_
