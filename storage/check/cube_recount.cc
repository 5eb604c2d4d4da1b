#include "storage/check/cube_recount.h"

#include <algorithm>
#include <string>

#include "common/base/status_macros.h"
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
    RETURN_IF_ERROR(CompleteBefore(occur_time_ms));
    hour_ = buckets.hour;
  }
  const auto chunk = static_cast<uint16_t>(header.series / kSeriesPerChunk);
  const uint32_t position = CubeCount{static_cast<uint16_t>(header.series % kSeriesPerChunk),
                                      header.exclusion_reason, BinOf(header.score, scale_min_)}
                                .Position();
  ++RowsOf(CubeUnit::kHour)[{buckets.hour, chunk}][position];
  ++RowsOf(CubeUnit::kDay)[{buckets.day, chunk}][position];
  ++RowsOf(CubeUnit::kMonth)[{buckets.month, chunk}][position];
  return absl::OkStatus();
}

absl::Status CubeRecount::Finish() {
  for (const CubeUnit unit : kCubeUnits) {
    OpenRows& rows = RowsOf(unit);
    while (!rows.empty()) {
      RETURN_IF_ERROR(Complete(unit, rows.begin()));
    }
  }
  return absl::OkStatus();
}

absl::Status CubeRecount::Complete(CubeUnit unit, OpenRows::iterator row) {
  CubeCounts counts;
  counts.reserve(row->second.size());
  for (const auto& [position, count] : row->second) {
    counts.push_back(FromPosition(position, count));
  }
  Normalize(counts);
  const CubeRowKey key{survey_number_, unit, row->first.first, row->first.second};
  RowsOf(unit).erase(row);
  return on_row_(key, std::move(counts));
}

// Completes the rows that no record of `occur_time_ms` or later can count in.
absl::Status CubeRecount::CompleteBefore(int64_t occur_time_ms) {
  const RecordBuckets first = BucketsOf(occur_time_ms, -kZoneOffsetSecondsMax);
  for (const auto& [unit, bucket] :
       {std::pair(CubeUnit::kHour, first.hour), std::pair(CubeUnit::kDay, first.day),
        std::pair(CubeUnit::kMonth, first.month)}) {
    OpenRows& rows = RowsOf(unit);
    while (!rows.empty() && rows.begin()->first.first < bucket) {
      RETURN_IF_ERROR(Complete(unit, rows.begin()));
    }
  }
  return absl::OkStatus();
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
    CubeRowIterator& rows = RowsOf(unit);
    for (; rows->Valid(); rows->Next()) {
      if (const auto key = CubeRowKey::Decode(ToView(rows->key()))) {
        RETURN_IF_ERROR(CompareStored(*key, ToView(rows->value()), {}));
      }
    }
    RETURN_IF_ERROR(FromRocksDb(rows->status(), "reading the cube"));
  }
  return absl::OkStatus();
}

// Every stored row up to `key`'s, which is recounted in the order of keys.
absl::Status CubeComparison::Compare(const CubeRowKey& key, CubeCounts recounted) {
  CubeRowIterator& rows = RowsOf(key.unit);
  const std::string wanted = key.Encode();
  for (; rows->Valid() && ToView(rows->key()) < absl::string_view(wanted); rows->Next()) {
    if (const auto stored = CubeRowKey::Decode(ToView(rows->key()))) {
      RETURN_IF_ERROR(CompareStored(*stored, ToView(rows->value()), {}));
    }
  }
  RETURN_IF_ERROR(FromRocksDb(rows->status(), "reading the cube"));
  if (!rows->Valid() || ToView(rows->key()) != absl::string_view(wanted)) {
    cells_compared_ += static_cast<int64_t>(recounted.size());
    return on_difference_({key, /*is_row=*/true, {}, std::move(recounted)});
  }
  RETURN_IF_ERROR(CompareStored(key, ToView(rows->value()), std::move(recounted)));
  rows->Next();
  return absl::OkStatus();
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
