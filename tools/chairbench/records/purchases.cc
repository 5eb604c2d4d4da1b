#include "tools/chairbench/records/purchases.h"

#include <algorithm>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/civil_time.h"
#include "common/base/random.h"
#include "common/base/timestamp.h"
#include "tools/chairbench/records/answers.h"

namespace emptychair::bench {
namespace {

constexpr absl::CivilMonth kFirstMonth(2022, 1);
constexpr int kMsPerDay = 24 * 3'600 * 1'000;
constexpr int kDelayMax = 30;
constexpr int kCentsPerUnit = 100;

int Days() {
  return static_cast<int>(absl::CivilDay(kFirstMonth + kPurchaseMonths) -
                          absl::CivilDay(kFirstMonth));
}

// Calls `on_purchase` for each purchase of a customer: the day that it is heard of, and by how many
// days it is late.
void VisitPurchases(const PurchaseOptions& options, uint64_t salt, uint32_t customer,
                    absl::FunctionRef<void(int day, int delay)> on_purchase) {
  enum Habit { kRegular, kLapsing, kRare };
  constexpr int kUsualDays = 26;
  constexpr int kRareDays = 120;
  constexpr int kLapseMax = 300;
  const int days = Days();
  Random random(salt + customer);
  const int habit = random.Weighted({2, 2, 1});
  const int usual = habit == kRare ? kRareDays : kUsualDays;
  const int start = random.Weighted({2, 3}) == 0 ? random.Below(30) : random.Below(days);
  const int end = habit == kLapsing ? std::min(days, start + 1 + random.Below(kLapseMax)) : days;
  for (int day = start; day < end; day += 1 + random.Below(2 * usual - 1)) {
    // Some buy twice on a day.
    for (int times = random.Chance(50) ? 2 : 1; times > 0; --times) {
      const int late = random.Chance(20) ? 1 + random.Below(kDelayMax) : 0;
      const int delay = std::min(late, days - 1 - day);
      on_purchase(day + delay, delay);
    }
  }
}

}  // namespace

Window PurchasePeriod() {
  const auto start = [](absl::CivilMonth month) {
    return absl::FromCivil(month, absl::UTCTimeZone());
  };
  return {start(kFirstMonth), start(kFirstMonth + kPurchaseMonths)};
}

PurchaseHistory::PurchaseHistory(const PurchaseOptions& options)
    : options_(options), day_starts_(Days() + 1) {
  static_assert(kDelayMax < (1 << kDelayBits));
  const uint64_t salt = Random(options.seed).Next();
  const auto customers = static_cast<uint32_t>(options.customers);
  // Counted first, so that each goes to its place at once.
  for (uint32_t customer = 0; customer < customers; ++customer) {
    VisitPurchases(options, salt, customer, [this](int day, int) { ++day_starts_[day + 1]; });
  }
  for (size_t day = 1; day < day_starts_.size(); ++day) {
    day_starts_[day] += day_starts_[day - 1];
  }
  bought_.resize(day_starts_.back());
  std::vector<size_t> next(day_starts_.begin(), day_starts_.end() - 1);
  for (uint32_t customer = 0; customer < customers; ++customer) {
    VisitPurchases(options, salt, customer, [&](int day, int delay) {
      bought_[next[day]++] = (customer << kDelayBits) | static_cast<uint32_t>(delay);
    });
  }
  Random random(~options.seed);
  for (size_t day = 0; day + 1 < day_starts_.size(); ++day) {
    for (size_t left = day_starts_[day + 1] - day_starts_[day]; left > 1; --left) {
      std::swap(bought_[day_starts_[day] + left - 1],
                bought_[day_starts_[day] + random.Below(static_cast<int>(left))]);
    }
  }
}

Purchase PurchaseHistory::Get(size_t index) const {
  const auto behind = std::upper_bound(day_starts_.begin(), day_starts_.end(), index);
  const int64_t heard = behind - day_starts_.begin() - 1;
  const int64_t day = heard - (bought_[index] & ((1U << kDelayBits) - 1));
  Random random(Random(options_.seed + 1).Next() + index);
  Purchase purchase;
  purchase.activity_id = absl::StrFormat("order-%010d", index);
  purchase.customer = bought_[index] >> kDelayBits;
  purchase.time_ms =
      absl::ToUnixMillis(PurchasePeriod().start) + day * kMsPerDay + random.Below(kMsPerDay);
  if (options_.with_amounts) {
    purchase.cents = kCentsPerUnit + random.Below(200 * kCentsPerUnit);
  }
  return purchase;
}

void FillActivity(const Purchase& purchase, v1::Activity& activity) {
  constexpr int32_t kNanosPerCent = 10'000'000;
  activity.set_customer_id(CustomerId(purchase.customer));
  activity.set_kind(std::string(kPurchaseKind));
  activity.set_activity_id(purchase.activity_id);
  *activity.mutable_occur_time() = ToTimestamp(absl::FromUnixMillis(purchase.time_ms));
  if (purchase.cents.has_value()) {
    v1::Amount& amount = *activity.mutable_amount();
    amount.set_units(*purchase.cents / kCentsPerUnit);
    amount.set_nanos(static_cast<int32_t>(*purchase.cents % kCentsPerUnit) * kNanosPerCent);
    amount.set_currency_code("EUR");
  }
}

void AppendCsvLine(const Purchase& purchase, std::string& text) {
  absl::StrAppend(&text, purchase.activity_id, ",", CustomerId(purchase.customer), ",",
                  absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::FromUnixMillis(purchase.time_ms),
                                   absl::UTCTimeZone()),
                  ",");
  if (purchase.cents.has_value()) {
    absl::StrAppendFormat(&text, "%d.%02d", *purchase.cents / kCentsPerUnit,
                          *purchase.cents % kCentsPerUnit);
  }
  text += '\n';
}

}  // namespace emptychair::bench
