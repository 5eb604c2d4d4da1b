#include "server/access/denial_counter.h"

#include <utility>

#include "server/access/audit_event.h"

namespace emptychair {
namespace {

using store::v1::StoredAuditEvent;

int64_t HourOf(absl::Time time) { return absl::ToUnixSeconds(time) / 3'600; }

}  // namespace

void DenialCounter::Count(const Caller& caller, absl::string_view method, absl::string_view reason,
                          absl::Time now) {
  Row row{.hour = HourOf(now),
          .kind = ToApi(caller.kind),
          .key_id = caller.key_id,
          .method = std::string(method),
          .reason = std::string(reason)};
  absl::MutexLock lock(&mutex_);
  Add(std::move(row), 1);
}

void DenialCounter::Return(const std::vector<StoredAuditEvent>& events) {
  absl::MutexLock lock(&mutex_);
  for (const StoredAuditEvent& event : events) {
    Add({.hour = HourOf(absl::FromUnixMillis(event.time_ms())),
         .kind = event.caller_kind(),
         .key_id = event.key_id(),
         .method = event.method(),
         .reason = event.denied_reason()},
        event.denied_count());
  }
}

void DenialCounter::Add(Row row, uint64_t count) {
  if (rows_.size() >= kRowsMax - 1 && !rows_.contains(row)) {
    row = {.hour = row.hour, .method = "others"};
  }
  rows_[std::move(row)] += count;
}

std::vector<StoredAuditEvent> DenialCounter::Take(absl::Time now) {
  std::vector<StoredAuditEvent> events;
  absl::MutexLock lock(&mutex_);
  while (!rows_.empty() &&
         (now == absl::InfiniteFuture() || rows_.begin()->first.hour < HourOf(now))) {
    const auto& [row, count] = *rows_.begin();
    StoredAuditEvent& event = events.emplace_back();
    event.set_time_ms(row.hour * 3'600'000);
    event.set_caller_kind(row.kind);
    event.set_key_id(row.key_id);
    event.set_method(row.method);
    event.set_denied_count(count);
    event.set_denied_reason(row.reason);
    rows_.erase(rows_.begin());
  }
  return events;
}

}  // namespace emptychair
