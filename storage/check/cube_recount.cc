#include "storage/check/cube_recount.h"

#include <algorithm>
#include <string>

#include "common/base/status_macros.h"
#include "storage/check/maintenance.h"
#include "storage/cube/cube_fold.h"

namespace emptychair::storage {
namespace {

CubeCount FromPosition(uint32_t position, int64_t count) {
  return {static_cast<uint16_t>(position >> 16), static_cast<uint8_t>(position >> 8),
          static_cast<uint8_t>(position), count};
}

}  // namespace

CubeRecount::CubeRecount(uint32_t survey_number, int32_t scale_min, OnRow on_row)
    : survey_number_(survey_number), scale_min_(scale_min), on_row_(std::move(on_row)) {}

absl::Status CubeRecount::Add(int64_t occur_time_ms, const FeedbackHeader& header) {
  const RecordBuckets buckets = BucketsOf(occur_time_ms, header.zone_offset_seconds);
  if (hour_ != buckets.hour) {
    // No record of this time or later can count in them.
    const RecordBuckets first = BucketsOf(occur_time_ms, -kZoneOffsetSecondsMax);
    RETURN_IF_ERROR(CompleteBefore(CubeUnit::kHour, first.hour));
    RETURN_IF_ERROR(CompleteBefore(CubeUnit::kDay, first.day));
    RETURN_IF_ERROR(CompleteBefore(CubeUnit::kMonth, first.month));
    hour_ = buckets.hour;
  }
  const auto chunk = static_cast<uint16_t>(header.series / kSeriesPerChunk);
  const uint32_t position = CubeCount{static_cast<uint16_t>(header.series % kSeriesPerChunk),
                                      header.exclusion_reason, BinOf(header.score, scale_min_)}
                                .Position();
  ++RowsOf(CubeUnit::kHour).At(buckets.hour, chunk)[position];
  ++RowsOf(CubeUnit::kDay).At(buckets.day, chunk)[position];
  ++RowsOf(CubeUnit::kMonth).At(buckets.month, chunk)[position];
  return absl::OkStatus();
}

absl::Status CubeRecount::Finish() {
  for (const CubeUnit unit : kCubeUnits) {
    RETURN_IF_ERROR(CompleteBefore(unit, kEndOfBuckets));
  }
  return absl::OkStatus();
}

absl::Status CubeRecount::CompleteBefore(CubeUnit unit, int64_t bucket) {
  return RowsOf(unit).CompleteBefore(
      bucket, [&](int32_t of, uint16_t chunk, const Counts& row) -> absl::Status {
        CubeCounts counts;
        counts.reserve(row.size());
        for (const auto& [position, count] : row) {
          counts.push_back(FromPosition(position, count));
        }
        Normalize(counts);
        return on_row_({survey_number_, unit, of, chunk}, std::move(counts));
      });
}

CubeComparison::CubeComparison(const Engine& engine, const View& view, uint32_t survey_number,
                               int32_t scale_min, OnDifference on_difference)
    : on_difference_(std::move(on_difference)),
      recount_(survey_number, scale_min,
               [this](const CubeRowKey& key, CubeCounts recounted) {
                 return Compare(key, std::move(recounted));
               }),
      rows_{CubeRowIterator(engine, view, survey_number, CubeUnit::kHour, /*read_once=*/true),
            CubeRowIterator(engine, view, survey_number, CubeUnit::kDay, /*read_once=*/true),
            CubeRowIterator(engine, view, survey_number, CubeUnit::kMonth, /*read_once=*/true)} {
  for (CubeRowIterator& rows : rows_) {
    rows->SeekToFirst();
  }
}

absl::Status CubeComparison::Finish() {
  RETURN_IF_ERROR(recount_.Finish());
  // The rows behind the last that has records.
  for (const CubeUnit unit : kCubeUnits) {
    RETURN_IF_ERROR(VisitRest(*RowsOf(unit), [&](absl::string_view key, absl::string_view value) {
      return CompareWithNone(key, value);
    }));
  }
  return absl::OkStatus();
}

// Every stored row up to `key`'s, which is recounted in the order of keys.
absl::Status CubeComparison::Compare(const CubeRowKey& key, CubeCounts recounted) {
  CubeRowIterator& rows = RowsOf(key.unit);
  const std::string wanted = key.Encode();
  ASSIGN_OR_RETURN(const bool found,
                   VisitBefore(*rows, wanted, [&](absl::string_view key, absl::string_view value) {
                     return CompareWithNone(key, value);
                   }));
  if (!found) {
    cells_compared_ += static_cast<int64_t>(recounted.size());
    return on_difference_({key, /*is_row=*/true, {}, std::move(recounted)});
  }
  RETURN_IF_ERROR(CompareStored(key, ToView(rows->value()), std::move(recounted)));
  rows->Next();
  return absl::OkStatus();
}

absl::Status CubeComparison::CompareWithNone(absl::string_view key, absl::string_view stored) {
  const std::optional<CubeRowKey> row = CubeRowKey::Decode(key);
  return row.has_value() ? CompareStored(*row, stored, {}) : absl::OkStatus();
}

absl::Status CubeComparison::CompareStored(const CubeRowKey& key, absl::string_view stored,
                                           CubeCounts recounted) {
  std::optional<CubeCounts> counts = DecodeCubeRow(stored);
  const bool is_row = counts.has_value();
  if (!is_row) {
    counts = DecodeCubeRow(RowAddedToDamage(stored));
  }
  cells_compared_ += static_cast<int64_t>(std::max(recounted.size(), counts->size()));
  if (is_row && *counts == recounted) {
    return absl::OkStatus();
  }
  return on_difference_({key, is_row, *std::move(counts), std::move(recounted)});
}

CubeCounts Subtract(const CubeCounts& a, CubeCounts b) {
  for (CubeCount& count : b) {
    count.count = WrappingProduct(-1, count.count);
  }
  return Add(a, b);
}

}  // namespace emptychair::storage
