#include "server/access/key_meter.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"

namespace emptychair {
namespace {

using store::v1::StoredAccess;

constexpr double kRecordBurstMin = 10'000;
constexpr int64_t kDaySeconds = 24 * 3'600;

uint32_t DayOf(absl::Time time) {
  return static_cast<uint32_t>(absl::ToUnixSeconds(time) / kDaySeconds);
}

double RecordBurst(double rate) { return std::max(rate, kRecordBurstMin); }

absl::Status RateLimited(absl::string_view limit, int64_t rate, absl::Duration delay) {
  return RetryableError(v1::ERROR_REASON_RATE_LIMITED,
                        absl::StrCat("the key's limit ", limit, " is ", rate,
                                     "; send the call again after the delay"),
                        delay, {{"limit", limit}});
}

absl::Status QuotaExceeded(int64_t limit, uint32_t day) {
  const absl::Time reset = absl::FromUnixSeconds((int64_t{day} + 1) * kDaySeconds);
  const std::string reset_time = absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", reset, absl::UTCTimeZone());
  return Error(v1::ERROR_REASON_QUOTA_EXCEEDED,
               absl::StrCat("the key's limit records_per_day is ", limit,
                            ", which this call would pass; it counts anew from ", reset_time),
               {{"limit", "records_per_day"}, {"reset_time", reset_time}});
}

}  // namespace

void KeyMeter::Bucket::Fill(double rate, double burst, absl::Time now) {
  if (filled == absl::InfinitePast()) {
    tokens = burst;
  } else if (now > filled) {
    tokens = std::min(burst, tokens + rate * absl::ToDoubleSeconds(now - filled));
  }
  filled = std::max(filled, now);
}

absl::Duration KeyMeter::Bucket::Delay(double rate) const {
  return tokens > 0 ? absl::ZeroDuration()
                    : absl::Ceil(absl::Seconds(-tokens / rate), absl::Milliseconds(1)) +
                          absl::Milliseconds(1);
}

void KeyMeter::Meter::Begin(uint32_t today) {
  if (today > day) {
    day = today;
    records_of_day = 0;
    was_used = true;
  }
}

KeyMeter::Meter& KeyMeter::MeterOf(const StoredAccess& entry, absl::Time now, Shard& shard) {
  const auto [found, is_new] = shard.meters.try_emplace(entry.id());
  Meter& meter = found->second;
  if (is_new) {
    meter.day = entry.last_use_day();
    meter.records_of_day = entry.records_of_day();
  }
  meter.Begin(DayOf(now));
  return meter;
}

absl::Status KeyMeter::AdmitCall(const StoredAccess& entry, absl::Time now) {
  Shard& shard = ShardOf(entry.id());
  absl::MutexLock lock(&shard.mutex);
  Meter& meter = MeterOf(entry, now, shard);
  const auto rate = static_cast<double>(entry.limits().calls_per_second());
  if (rate == 0) {
    return absl::OkStatus();
  }
  meter.calls.Fill(rate, rate, now);
  if (const absl::Duration delay = meter.calls.Delay(rate); delay > absl::ZeroDuration()) {
    return RateLimited("calls_per_second", entry.limits().calls_per_second(), delay);
  }
  meter.calls.tokens -= 1;
  return absl::OkStatus();
}

absl::Status KeyMeter::AdmitRecords(const StoredAccess& entry, int64_t records, absl::Time now) {
  Shard& shard = ShardOf(entry.id());
  absl::MutexLock lock(&shard.mutex);
  Meter& meter = MeterOf(entry, now, shard);
  const int64_t per_day = entry.limits().records_per_day();
  if (per_day != 0 && meter.records_of_day + records > per_day) {
    return QuotaExceeded(per_day, meter.day);
  }
  if (const auto rate = static_cast<double>(entry.limits().records_per_second()); rate != 0) {
    meter.records.Fill(rate, RecordBurst(rate), now);
    if (const absl::Duration delay = meter.records.Delay(rate); delay > absl::ZeroDuration()) {
      return RateLimited("records_per_second", entry.limits().records_per_second(), delay);
    }
    meter.records.tokens -= static_cast<double>(records);
  }
  meter.records_of_day += records;
  meter.was_used = true;
  return absl::OkStatus();
}

absl::Duration KeyMeter::RecordDelay(const StoredAccess& entry, absl::Time now) {
  const auto rate = static_cast<double>(entry.limits().records_per_second());
  if (rate == 0) {
    return absl::ZeroDuration();
  }
  Shard& shard = ShardOf(entry.id());
  absl::MutexLock lock(&shard.mutex);
  Meter& meter = MeterOf(entry, now, shard);
  meter.records.Fill(rate, RecordBurst(rate), now);
  return meter.records.Delay(rate);
}

std::vector<store::v1::AccessUse> KeyMeter::Take() {
  std::vector<store::v1::AccessUse> uses;
  for (Shard& shard : shards_) {
    absl::MutexLock lock(&shard.mutex);
    for (auto& [id, meter] : shard.meters) {
      if (meter.was_used) {
        store::v1::AccessUse& use = uses.emplace_back();
        use.set_id(id);
        use.set_day(meter.day);
        use.set_records_of_day(meter.records_of_day);
        meter.was_used = false;
      }
    }
  }
  return uses;
}

void KeyMeter::Return(const std::vector<store::v1::AccessUse>& uses) {
  for (const store::v1::AccessUse& use : uses) {
    Shard& shard = ShardOf(use.id());
    absl::MutexLock lock(&shard.mutex);
    if (const auto found = shard.meters.find(use.id()); found != shard.meters.end()) {
      found->second.was_used = true;
    }
  }
}

}  // namespace emptychair
