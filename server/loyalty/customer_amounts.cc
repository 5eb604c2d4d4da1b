#include "server/loyalty/customer_amounts.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "common/base/status_macros.h"
#include "storage/cube/cube_fold.h"
#include "storage/format/keys.h"

namespace emptychair {
namespace {

constexpr int64_t kMsPerDay = 86'400'000;
constexpr int kLetters = 26;
constexpr int64_t kNanosPerUnit = 1'000'000'000;
constexpr uint64_t kCustomersEnd = uint64_t{1} << 32;

auto PlaceOf(const CustomerAmount& sum) { return std::tie(sum.customer, sum.currency, sum.period); }

bool IsBefore(const CustomerAmount& a, const CustomerAmount& b) { return PlaceOf(a) < PlaceOf(b); }

// Adds up what has one place; `sums` are in order.
void AddUpEqual(std::vector<CustomerAmount>& sums) {
  size_t kept = 0;
  for (size_t i = 1; i < sums.size(); ++i) {
    if (PlaceOf(sums[i]) == PlaceOf(sums[kept])) {
      sums[kept].set_nanos(sums[kept].nanos() + sums[i].nanos());
    } else {
      sums[++kept] = sums[i];
    }
  }
  sums.resize(sums.empty() ? 0 : kept + 1);
}

}  // namespace

CurrencyNumber NumberOf(const storage::Amount::Currency& code) {
  int number = 0;
  for (const char letter : code) {
    number = number * kLetters + (letter - 'A');
  }
  return static_cast<CurrencyNumber>(number);
}

std::string CodeOf(CurrencyNumber currency) {
  std::string code(std::tuple_size_v<storage::Amount::Currency>, 'A');
  for (size_t i = code.size(); i > 0; --i) {
    code[i - 1] = static_cast<char>('A' + currency % kLetters);
    currency /= kLetters;
  }
  return code;
}

CustomerAmounts::CustomerAmounts(const storage::CustomerSetReader& reader,
                                 const storage::View& view, AmountsAsked asked)
    : reader_(reader), view_(view), asked_(std::move(asked)) {}

absl::Status CustomerAmounts::ForEachCustomer(uint16_t chunk, Visit visit) {
  const uint64_t first = uint64_t{chunk} * storage::kCustomersPerChunk;
  const uint64_t end = first + storage::kCustomersPerChunk;
  for (uint64_t at = first; at < end; at = std::min(end, end_customer_)) {
    if (at >= end_customer_) {
      RETURN_IF_ERROR(Read(at));
    }
    const uint64_t visited_end = std::min(end, end_customer_);
    while (next_ < sums_.size() && sums_[next_].customer < visited_end) {
      const size_t begin = next_;
      while (next_ < sums_.size() && sums_[next_].customer == sums_[begin].customer) {
        ++next_;
      }
      if (sums_[begin].customer >= first) {
        RETURN_IF_ERROR(visit(absl::MakeConstSpan(sums_).subspan(begin, next_ - begin)));
      }
    }
  }
  return absl::OkStatus();
}

absl::Status CustomerAmounts::Read(uint64_t first_customer) {
  sums_.clear();
  in_order_ = 0;
  next_ = 0;
  compact_at_ = asked_.at_once;
  first_customer_ = first_customer;
  end_customer_ = kCustomersEnd;
  const DaySpan days{asked_.periods.front().first, asked_.periods.back().end};
  // Offsets from UTC are less than a day.
  RETURN_IF_ERROR(reader_.ForEachActivity(
      view_, *asked_.kind, (int64_t{days.first} - 1) * kMsPerDay,
      (int64_t{days.end} + 1) * kMsPerDay,
      [&](int64_t unix_ms, const storage::ActivityHeader& header) {
        ++activities_scanned_;
        const int32_t day = storage::BucketsOf(unix_ms, header.zone_offset_seconds).day;
        if (day >= days.first && day < days.end && header.amount.has_value() &&
            (!asked_.positive_amounts_only || header.is_positive()) &&
            header.customer_ordinal >= first_customer_ && header.customer_ordinal < end_customer_) {
          Add(header, day);
        }
      }));
  Compact();
  return absl::OkStatus();
}

void CustomerAmounts::Add(const storage::ActivityHeader& header, int32_t local_day) {
  if (sums_.size() >= compact_at_) {
    Compact();
    if (header.customer_ordinal >= end_customer_) {
      return;
    }
  }
  CustomerAmount amount{.customer = header.customer_ordinal,
                        .currency = NumberOf(header.amount->currency),
                        .period = PeriodOf(local_day)};
  amount.set_nanos(absl::int128(header.amount->units) * kNanosPerUnit + header.amount->nanos);
  sums_.push_back(amount);
}

void CustomerAmounts::Compact() {
  const auto middle = sums_.begin() + static_cast<std::ptrdiff_t>(in_order_);
  std::sort(middle, sums_.end(), IsBefore);
  std::inplace_merge(sums_.begin(), middle, sums_.end(), IsBefore);
  AddUpEqual(sums_);
  // With an eighth of it free, most of the work is not to put the same in order again.
  if (sums_.size() > asked_.at_once - asked_.at_once / 8) {
    LetLastGo();
  }
  in_order_ = sums_.size();
  compact_at_ = std::max(asked_.at_once, in_order_ + asked_.at_once / 8 + 1);
}

void CustomerAmounts::LetLastGo() {
  // The first customer stays, whatever its sums.
  end_customer_ = std::max<uint64_t>(sums_[sums_.size() / 4 * 3].customer,
                                     uint64_t{sums_.front().customer} + 1);
  const auto end = std::partition_point(
      sums_.begin(), sums_.end(),
      [this](const CustomerAmount& sum) { return sum.customer < end_customer_; });
  sums_.erase(end, sums_.end());
}

uint16_t CustomerAmounts::PeriodOf(int32_t local_day) {
  const std::vector<DaySpan>& periods = asked_.periods;
  // Activities come in the order of time, so most are in the period of the one before.
  if (local_day < periods[last_period_].first || local_day >= periods[last_period_].end) {
    const auto behind =
        std::upper_bound(periods.begin(), periods.end(), local_day,
                         [](int32_t day, const DaySpan& period) { return day < period.first; });
    last_period_ = static_cast<uint16_t>(behind - periods.begin() - 1);
  }
  return last_period_;
}

}  // namespace emptychair
