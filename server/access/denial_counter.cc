#include "server/access/denial_counter.h"

#include "server/access/audit_event.h"

namespace emptychair {
namespace {

int64_t HourOf(absl::Time time) { return absl::ToUnixSeconds(time) / 3'600; }

}  // namespace

void DenialCounter::Count(const Caller& caller, absl::string_view method, absl::string_view reason,
                          absl::Time now) {
  Row row{.hour = HourOf(now),
          .kind = caller.kind,
          .key_id = caller.key_id,
          .method = std::string(method),
          .reason = std::string(reason)};
  absl::MutexLock lock(&mutex_);
  if (rows_.size() >= kRowsMax - 1 && !rows_.contains(row)) {
    row = {.hour = row.hour, .kind = Caller::Kind::kAnonymous, .method = "others"};
  }
  ++rows_[std::move(row)];
}

std::vector<store::v1::StoredAuditEvent> DenialCounter::Take(absl::Time now) {
  std::vector<store::v1::StoredAuditEvent> events;
  absl::MutexLock lock(&mutex_);
  while (!rows_.empty() &&
         (now == absl::InfiniteFuture() || rows_.begin()->first.hour < HourOf(now))) {
    const auto& [row, count] = *rows_.begin();
    store::v1::StoredAuditEvent& event = events.emplace_back();
    event.set_time_ms(row.hour * 3'600'000);
    event.set_caller_kind(ToApi(row.kind));
    event.set_key_id(row.key_id);
    event.set_method(row.method);
    event.set_denied_count(count);
    event.set_denied_reason(row.reason);
    rows_.erase(rows_.begin());
  }
  return events;
}

}  // namespace emptychair
