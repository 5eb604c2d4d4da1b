#include "tests/domain/loyalty/loyalty_model.h"

#include <algorithm>
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
