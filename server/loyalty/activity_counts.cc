#include "server/loyalty/activity_counts.h"

#include <algorithm>

#include "common/base/status_macros.h"
#include "storage/cube/cube_fold.h"

namespace emptychair {
namespace {

constexpr int64_t kMsPerDay = 86'400'000;

}  // namespace

ActivityCounts::ActivityCounts(uint16_t first_chunk)
    : first_chunk_(first_chunk), counts_(size_t{kChunksPerPass} * storage::kCustomersPerChunk) {}

absl::StatusOr<ActivityCounts> ActivityCounts::Read(const storage::CustomerSetReader& reader,
                                                    const KindQuery& query, const DaySpan& days,
                                                    absl::Time end, uint16_t first_chunk,
                                                    int64_t& scanned) {
  ActivityCounts counts(first_chunk);
  const uint64_t first_ordinal = uint64_t{first_chunk} * storage::kCustomersPerChunk;
  // Offsets from UTC are less than a day.
  const int64_t start_ms = (int64_t{days.first} - 1) * kMsPerDay;
  // Activities have whole milliseconds.
  const int64_t before_ms = absl::ToUnixMillis(end + absl::Milliseconds(1) - absl::Nanoseconds(1));
  const int64_t end_ms = std::min((int64_t{days.end} + 1) * kMsPerDay, before_ms);
  RETURN_IF_ERROR(reader.ForEachActivity(
      *query.view, *query.kind, start_ms, end_ms,
      [&](int64_t unix_ms, const storage::ActivityHeader& header) {
        ++scanned;
        const int32_t day = storage::BucketsOf(unix_ms, header.zone_offset_seconds).day;
        // Customers of chunks before wrap around.
        const uint64_t place = header.customer_ordinal - first_ordinal;
        if (day >= days.first && day < days.end && place < counts.counts_.size() &&
            (!query.positive_amounts_only || header.is_positive()) &&
            counts.counts_[place] < UINT8_MAX) {
          ++counts.counts_[place];
        }
      }));
  return counts;
}

storage::CustomerSetRow ActivityCounts::AtLeast(int32_t activities, uint16_t chunk) const {
  storage::CustomerSetRow members;
  const uint8_t* const counts = counts_.data() + size_t{chunk} * storage::kCustomersPerChunk -
                                size_t{first_chunk_} * storage::kCustomersPerChunk;
  for (uint32_t member = 0; member < storage::kCustomersPerChunk; ++member) {
    if (counts[member] >= activities) {
      members.Add(static_cast<uint16_t>(member));
    }
  }
  return members;
}

}  // namespace emptychair
