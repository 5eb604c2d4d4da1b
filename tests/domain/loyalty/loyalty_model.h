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
  std::optional<int32_t> units;  // An amount, in euros.
};

class LoyaltyModel {
 public:
  LoyaltyModel(absl::TimeZone zone, std::vector<Deed> deeds);

  // The same of what brought in money alone.
  LoyaltyModel PositiveAmounts() const;

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

  // The distinct days of each customer.
  const std::map<uint32_t, std::set<absl::CivilDay>>& days_of() const { return days_of_; }

 private:
  absl::CivilDay DayOf(const Deed& deed) const;

  absl::TimeZone zone_;
  std::vector<Deed> deeds_;
  std::map<uint32_t, std::set<absl::CivilDay>> days_of_;
};

}  // namespace emptychair::testing

#endif  // EMPTYCHAIR_TESTS_DOMAIN_LOYALTY_LOYALTY_MODEL_H_
