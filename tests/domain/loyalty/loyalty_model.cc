#include "tests/domain/loyalty/loyalty_model.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"

namespace emptychair::testing {
namespace {

bool IsStart(v1::Granularity granularity, v1::WeekStart week_start, absl::CivilDay day) {
  switch (granularity) {
    case v1::GRANULARITY_DAY:
      return true;
    case v1::GRANULARITY_WEEK:
      return absl::GetWeekday(day) ==
             (week_start == v1::WEEK_START_SUNDAY ? absl::Weekday::sunday : absl::Weekday::monday);
    case v1::GRANULARITY_QUARTER:
      return day.day() == 1 && day.month() % 3 == 1;
    case v1::GRANULARITY_YEAR:
      return day.day() == 1 && day.month() == 1;
    default:
      return day.day() == 1;
  }
}

size_t CountOfBoth(const std::set<uint32_t>& a, const std::set<uint32_t>& b) {
  return static_cast<size_t>(
      std::count_if(a.begin(), a.end(), [&](uint32_t customer) { return b.contains(customer); }));
}

constexpr double kZ = 1.959963984540054;  // Of 95 %.

// 100 Σy / Σx, by the formulas as they are written, in two passes.
ModelValue Ratio(const std::vector<std::pair<double, double>>& pairs) {
  const auto n = static_cast<double>(pairs.size());
  double x_sum = 0;
  double y_sum = 0;
  for (const auto& [x, y] : pairs) {
    x_sum += x;
    y_sum += y;
  }
  ModelValue ratio;
  if (x_sum <= 0) {
    return ratio;
  }
  ratio.value = 100 * y_sum / x_sum;
  double squares = 0;
  for (const auto& [x, y] : pairs) {
    squares += std::pow(y - y_sum / x_sum * x, 2);
  }
  if (pairs.size() >= 2) {
    const double margin = kZ * 100 * std::sqrt(n / (n - 1) * squares) / x_sum;
    ratio.low = *ratio.value - margin;
    ratio.high = *ratio.value + margin;
  }
  return ratio;
}

}  // namespace

LoyaltyModel::LoyaltyModel(absl::TimeZone zone, std::vector<Deed> deeds)
    : zone_(zone), deeds_(std::move(deeds)) {
  for (const Deed& deed : deeds_) {
    days_of_[deed.customer].insert(DayOf(deed));
  }
}

absl::CivilDay LoyaltyModel::DayOf(const Deed& deed) const {
  return absl::ToCivilDay(absl::FromUnixMillis(deed.unix_ms), zone_);
}

LoyaltyModel LoyaltyModel::PositiveAmounts() const {
  std::vector<Deed> deeds;
  for (const Deed& deed : deeds_) {
    if (deed.units.value_or(0) > 0) {
      deeds.push_back(deed);
    }
  }
  return LoyaltyModel(zone_, std::move(deeds));
}

LoyaltyModel LoyaltyModel::Of(const std::set<uint32_t>& customers) const {
  std::vector<Deed> deeds;
  for (const Deed& deed : deeds_) {
    if (customers.contains(deed.customer)) {
      deeds.push_back(deed);
    }
  }
  return LoyaltyModel(zone_, std::move(deeds));
}

std::set<uint32_t> LoyaltyModel::Customers() const {
  std::set<uint32_t> customers;
  for (const Deed& deed : deeds_) {
    customers.insert(deed.customer);
  }
  return customers;
}

std::vector<LoyaltyModel::Days> LoyaltyModel::Periods(v1::Granularity granularity,
                                                      v1::WeekStart week_start, const Days& days) {
  std::vector<Days> periods;
  for (absl::CivilDay day = days.first; day < days.end; ++day) {
    if (IsStart(granularity, week_start, day)) {
      periods.push_back({day, day});
    }
    periods.back().end = day + 1;
  }
  return periods;
}

std::vector<LoyaltyModel::Days> LoyaltyModel::RollingPeriods(int rolling_days, const Days& days) {
  std::vector<Days> periods;
  for (absl::CivilDay end = days.end; end - rolling_days >= days.first; end -= rolling_days) {
    periods.insert(periods.begin(), {end - rolling_days, end});
  }
  return periods;
}

std::set<uint32_t> LoyaltyModel::Active(const Days& days) const {
  std::set<uint32_t> customers;
  for (const auto& [customer, active] : days_of_) {
    for (const absl::CivilDay day : active) {
      if (day >= days.first && day < days.end) {
        customers.insert(customer);
      }
    }
  }
  return customers;
}

std::set<uint32_t> LoyaltyModel::FirstEver(const Days& days) const {
  std::set<uint32_t> customers;
  for (const auto& [customer, active] : days_of_) {
    if (*active.begin() >= days.first && *active.begin() < days.end) {
      customers.insert(customer);
    }
  }
  return customers;
}

std::set<uint32_t> LoyaltyModel::AtLeast(int deeds, const Days& days, absl::Time as_of) const {
  std::map<uint32_t, int> counts;
  for (const Deed& deed : deeds_) {
    const absl::CivilDay day = DayOf(deed);
    if (day >= days.first && day < days.end && absl::FromUnixMillis(deed.unix_ms) < as_of) {
      ++counts[deed.customer];
    }
  }
  std::set<uint32_t> customers;
  for (const auto& [customer, count] : counts) {
    if (count >= deeds) {
      customers.insert(customer);
    }
  }
  return customers;
}

std::set<uint32_t> LoyaltyModel::OnTwoDays(const Days& days, absl::Time as_of) const {
  std::map<uint32_t, std::set<absl::CivilDay>> active;
  for (const Deed& deed : deeds_) {
    const absl::CivilDay day = DayOf(deed);
    if (day >= days.first && day < days.end && absl::FromUnixMillis(deed.unix_ms) < as_of) {
      active[deed.customer].insert(day);
    }
  }
  std::set<uint32_t> customers;
  for (const auto& [customer, on] : active) {
    if (on.size() >= 2) {
      customers.insert(customer);
    }
  }
  return customers;
}

std::map<std::string, std::map<uint32_t, int64_t>> LoyaltyModel::Sums(const Days& days) const {
  std::map<std::string, std::map<uint32_t, int64_t>> sums;
  for (const Deed& deed : deeds_) {
    const absl::CivilDay day = DayOf(deed);
    if (deed.units.has_value() && day >= days.first && day < days.end) {
      sums[deed.currency][deed.customer] += *deed.units;
    }
  }
  return sums;
}

std::map<std::string, ModelMoney> LoyaltyModel::Money(const Days& before, const Days& now) const {
  const auto sums_before = Sums(before);
  auto sums_now = Sums(now);
  std::map<std::string, ModelMoney> money;
  for (const auto& [currency, sums] : sums_now) {
    for (const auto& [customer, sum] : sums) {
      money[currency].total += sum;
    }
  }
  for (const auto& [currency, sums] : sums_before) {
    ModelMoney& of_currency = money[currency];
    std::vector<std::pair<double, double>> net;
    std::vector<std::pair<double, double>> gross;
    for (const auto& [customer, x] : sums) {
      const int64_t y = sums_now[currency][customer];
      of_currency.before += x;
      of_currency.kept += y;
      net.emplace_back(x, y);
      gross.emplace_back(x, std::max<int64_t>(0, std::min(x, y)));
    }
    of_currency.net = Ratio(net);
    of_currency.gross = Ratio(gross);
  }
  return money;
}

std::map<std::string, ModelCohortMoney> LoyaltyModel::CohortMoney(const std::set<uint32_t>& cohort,
                                                                  const Days& days) const {
  std::map<std::string, ModelCohortMoney> money;
  const auto n = static_cast<double>(cohort.size());
  for (const auto& [currency, sums] : Of(cohort).Sums(days)) {
    ModelCohortMoney& of_currency = money[currency];
    for (const auto& [customer, sum] : sums) {
      of_currency.total += sum;
    }
    const double mean = static_cast<double>(of_currency.total) / n;
    double squares = 0;
    for (const uint32_t customer : cohort) {
      const auto sum = sums.find(customer);
      squares += std::pow((sum == sums.end() ? 0 : static_cast<double>(sum->second)) - mean, 2);
    }
    of_currency.mean.value = mean;
    if (cohort.size() >= 2) {
      const double margin = kZ * std::sqrt(squares / (n - 1) / n);
      of_currency.mean.low = mean - margin;
      of_currency.mean.high = mean + margin;
    }
  }
  return money;
}

int LoyaltyModel::ClassAt(const std::vector<Reply>& replies, uint32_t customer, absl::Time time) {
  const Reply* latest = nullptr;
  for (const Reply& reply : replies) {
    if (reply.customer == customer && reply.score.has_value() && !reply.is_excluded &&
        absl::FromUnixMillis(reply.unix_ms) < time &&
        (latest == nullptr ||
         std::make_pair(reply.unix_ms, reply.id) > std::make_pair(latest->unix_ms, latest->id))) {
      latest = &reply;
    }
  }
  if (latest == nullptr) {
    return 3;
  }
  return *latest->score >= 9 ? 0 : *latest->score >= 7 ? 1 : 2;
}

std::string LoyaltyModel::Point(const std::set<uint32_t>& before, const std::set<uint32_t>& now,
                                const std::set<uint32_t>& first_ever) {
  size_t won_back = 0;
  for (const uint32_t customer : now) {
    won_back += !before.contains(customer) && !first_ever.contains(customer) ? 1 : 0;
  }
  return absl::StrCat(before.size(), " ", now.size(), " ", CountOfBoth(now, first_ever), " ",
                      CountOfBoth(before, now), " ", won_back);
}

}  // namespace emptychair::testing
