#include "server/loyalty/second_days.h"

#include "common/base/status_macros.h"

namespace emptychair {

SecondDays::SecondDays(const DaySpan& first_days, int32_t end_day,
                       absl::Span<const int32_t> within_days)
    : first_days_(first_days),
      end_day_(end_day),
      within_days_(within_days.begin(), within_days.end()),
      within_(within_days.size()),
      first_day_(storage::kCustomersPerChunk) {}

void SecondDays::Begin(int32_t day, const storage::CustomerSetRow& customers) {
  const int64_t size = customers.size();
  for (size_t i = 0; i < within_.size(); ++i) {
    within_[i].customers += day + within_days_[i] < end_day_ ? size : 0;
  }
  customers.ForEach([&](uint16_t member) { first_day_[member] = day; });
  waiting_.Add(customers);
}

void SecondDays::Visit(int32_t day, storage::CustomerSetRow customers) {
  customers.Keep(waiting_);
  customers.ForEach([&](uint16_t member) {
    const int32_t first_day = first_day_[member];
    const int32_t gap = day - first_day;
    if (gap <= 0) {
      return;
    }
    waiting_.Remove(member);
    ++durations_[gap].events;
    for (size_t i = 0; i < within_.size(); ++i) {
      const int32_t within = within_days_[i];
      within_[i].repeating += first_day + within < end_day_ && gap <= within ? 1 : 0;
    }
  });
}

absl::Status SecondDays::AddChunk(storage::CustomerSetCursor& rows, const KindQuery& query,
                                  uint16_t chunk) {
  waiting_ = storage::CustomerSetRow();
  RETURN_IF_ERROR(rows.ForEach(
      query.first_ever_set(), {storage::CubeUnit::kDay, first_days_.first, first_days_.end}, chunk,
      [&](int32_t day, const storage::CustomerSetRow& row) { Begin(day, row); }));
  RETURN_IF_ERROR(rows.ForEach(
      query.active_set(), {storage::CubeUnit::kDay, first_days_.first, end_day_}, chunk,
      [&](int32_t day, const storage::CustomerSetRow& row) { Visit(day, row); }));
  waiting_.ForEach(
      [&](uint16_t member) { ++durations_[end_day_ - 1 - first_day_[member]].censored; });
  return absl::OkStatus();
}

std::vector<statistics::DurationCount> SecondDays::Durations() const {
  std::vector<statistics::DurationCount> durations;
  for (const auto& [days, counts] : durations_) {
    durations.push_back({days, counts.events, counts.censored});
  }
  return durations;
}

}  // namespace emptychair
