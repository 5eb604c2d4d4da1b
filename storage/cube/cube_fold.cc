#include "storage/cube/cube_fold.h"

#include <utility>

#include "absl/time/civil_time.h"

namespace emptychair::storage {
namespace {

constexpr int64_t kMsPerSecond = 1'000;
constexpr int64_t kMsPerHour = 3'600 * kMsPerSecond;
constexpr int64_t kMsPerDay = 24 * kMsPerHour;

int64_t FloorDiv(int64_t dividend, int64_t divisor) {
  const int64_t quotient = dividend / divisor;
  return dividend % divisor < 0 ? quotient - 1 : quotient;
}

}  // namespace

RecordBuckets BucketsOf(int64_t occur_time_ms, int32_t zone_offset_seconds) {
  const int64_t day = FloorDiv(occur_time_ms + zone_offset_seconds * kMsPerSecond, kMsPerDay);
  const absl::CivilDay civil = absl::CivilDay(1970, 1, 1) + day;
  return {static_cast<int32_t>(FloorDiv(occur_time_ms, kMsPerHour)), static_cast<int32_t>(day),
          static_cast<int32_t>(absl::CivilMonth(civil) - absl::CivilMonth(1970, 1))};
}

void CubeFold::Add(uint32_t survey_number, int64_t occur_time_ms, const FeedbackHeader& header,
                   int32_t scale_min, int64_t count) {
  const RecordBuckets buckets = BucketsOf(occur_time_ms, header.zone_offset_seconds);
  const auto chunk = static_cast<uint16_t>(header.series / kSeriesPerChunk);
  const CubeCount cell{static_cast<uint16_t>(header.series % kSeriesPerChunk),
                       header.exclusion_reason, BinOf(header.score, scale_min), count};
  rows_[{survey_number, CubeUnit::kHour, buckets.hour, chunk}].push_back(cell);
  rows_[{survey_number, CubeUnit::kDay, buckets.day, chunk}].push_back(cell);
  rows_[{survey_number, CubeUnit::kMonth, buckets.month, chunk}].push_back(cell);
}

void CubeFold::Drop(uint32_t survey_number) {
  absl::erase_if(rows_, [&](const auto& row) { return row.first.survey_number == survey_number; });
}

void CubeFold::Add(const CubeRowKey& row, const CubeCounts& counts) {
  CubeCounts& added = rows_[row];
  added.insert(added.end(), counts.begin(), counts.end());
}

absl::flat_hash_map<CubeRowKey, CubeCounts> CubeFold::TakeRows() {
  for (auto& [key, counts] : rows_) {
    Normalize(counts);
  }
  return std::exchange(rows_, {});
}

}  // namespace emptychair::storage
