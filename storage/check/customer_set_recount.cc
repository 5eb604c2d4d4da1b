#include "storage/check/customer_set_recount.h"

#include <algorithm>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "storage/check/cube_recount.h"

namespace emptychair::storage {
namespace {

constexpr uint32_t kChunksAtOnce = 256;
constexpr uint32_t kEndOfChunks = uint32_t{UINT16_MAX} + 1;
constexpr int64_t kMsPerDay = 86'400'000;

std::unique_ptr<RangeIterator> StoredRows(const Engine& engine, const View& view,
                                          uint32_t kind_number, CustomerSet set, CubeUnit unit) {
  std::string first = CustomerSetKey{kind_number, set, unit, INT32_MIN, 0}.Encode();
  const std::string last = CustomerSetKey{kind_number, set, unit, INT32_MAX, UINT16_MAX}.Encode();
  auto rows = std::make_unique<RangeIterator>(engine, view, Family::kActiveSet, std::move(first),
                                              absl::StrCat(last, absl::string_view("\0", 1)));
  (*rows)->SeekToFirst();
  return rows;
}

}  // namespace

std::vector<ChunkWindow> ChunkWindows(const View& view) {
  const uint32_t last = view.counters.last_customer_ordinal() / kCustomersPerChunk;
  std::vector<ChunkWindow> windows;
  for (uint32_t first = 0; first <= last; first += kChunksAtOnce) {
    windows.push_back({first, first + kChunksAtOnce});
  }
  // Behind the last customer there are no activities, but there can be rows.
  windows.back().end = kEndOfChunks;
  return windows;
}

CustomerSetComparison::CustomerSetComparison(const Engine& engine, const View& view,
                                             uint32_t kind_number, ChunkWindow window,
                                             OnSetDifference on_difference)
    : kind_number_(kind_number), window_(window), on_difference_(on_difference) {
  for (const CustomerSet set : kCustomerSets) {
    for (const CubeUnit unit : {CubeUnit::kDay, CubeUnit::kMonth}) {
      if (set != CustomerSet::kTwice || unit == CubeUnit::kDay) {
        sets_.push_back({set, unit, {}, StoredRows(engine, view, kind_number, set, unit)});
      }
    }
  }
}

absl::Status CustomerSetComparison::Add(int64_t unix_ms, const ActivityHeader& header) {
  const auto chunk = static_cast<uint16_t>(header.customer_ordinal / kCustomersPerChunk);
  if (!window_.Has(chunk)) {
    return absl::OkStatus();
  }
  if (utc_day_ != unix_ms / kMsPerDay) {
    utc_day_ = unix_ms / kMsPerDay;
    const RecordBuckets first = BucketsOf(unix_ms, -kZoneOffsetSecondsMax);
    for (SetRows& rows : sets_) {
      RETURN_IF_ERROR(CompleteBefore(rows, rows.unit == CubeUnit::kDay ? first.day : first.month));
    }
  }
  const auto member = static_cast<uint16_t>(header.customer_ordinal % kCustomersPerChunk);
  const RecordBuckets buckets = BucketsOf(unix_ms, header.zone_offset_seconds);
  if (RowsOf(CustomerSet::kActive, CubeUnit::kDay).open.At(buckets.day, chunk).Has(member)) {
    RowsOf(CustomerSet::kTwice, CubeUnit::kDay).open.At(buckets.day, chunk).Add(member);
  }
  const auto put = [&](CustomerSet active, CustomerSet first_ever, CustomerSetRow& seen) {
    Put(active, buckets, header.customer_ordinal);
    if (!seen.Has(member)) {
      seen.Add(member);
      Put(first_ever, buckets, header.customer_ordinal);
    }
  };
  put(CustomerSet::kActive, CustomerSet::kFirstEver, seen_[chunk]);
  if (header.is_positive()) {
    put(CustomerSet::kActivePositive, CustomerSet::kFirstEverPositive, seen_positive_[chunk]);
  }
  return absl::OkStatus();
}

absl::Status CustomerSetComparison::Finish() {
  for (SetRows& rows : sets_) {
    RETURN_IF_ERROR(CompleteBefore(rows, kEndOfBuckets));
    // The rows behind the last that has activities.
    RETURN_IF_ERROR(VisitRest(**rows.stored, [&](absl::string_view key, absl::string_view value) {
      return CompareWithNone(key, value);
    }));
  }
  return absl::OkStatus();
}

CustomerSetComparison::SetRows& CustomerSetComparison::RowsOf(CustomerSet set, CubeUnit unit) {
  return *std::find_if(sets_.begin(), sets_.end(),
                       [&](const SetRows& rows) { return rows.set == set && rows.unit == unit; });
}

// In both units.
void CustomerSetComparison::Put(CustomerSet set, const RecordBuckets& buckets,
                                uint32_t customer_ordinal) {
  const auto chunk = static_cast<uint16_t>(customer_ordinal / kCustomersPerChunk);
  const auto member = static_cast<uint16_t>(customer_ordinal % kCustomersPerChunk);
  RowsOf(set, CubeUnit::kDay).open.At(buckets.day, chunk).Add(member);
  RowsOf(set, CubeUnit::kMonth).open.At(buckets.month, chunk).Add(member);
}

absl::Status CustomerSetComparison::CompleteBefore(SetRows& rows, int64_t bucket) {
  return rows.open.CompleteBefore(
      bucket, [&](int32_t of, uint16_t chunk, const CustomerSetRow& row) {
        return Compare(rows, {kind_number_, rows.set, rows.unit, of, chunk}, row);
      });
}

// Every stored row up to `key`'s, which is recounted in the order of keys.
absl::Status CustomerSetComparison::Compare(SetRows& rows, const CustomerSetKey& key,
                                            const CustomerSetRow& recounted) {
  ASSIGN_OR_RETURN(
      const bool found,
      VisitBefore(**rows.stored, key.Encode(), [&](absl::string_view row, absl::string_view value) {
        return CompareWithNone(row, value);
      }));
  if (!found) {
    return recounted.size() == 0 ? absl::OkStatus()
                                 : on_difference_({key, /*is_row=*/true, {}, recounted});
  }
  RETURN_IF_ERROR(CompareStored(key, ToView((*rows.stored)->value()), recounted));
  (*rows.stored)->Next();
  return absl::OkStatus();
}

// A row that no activity makes, unless it is of another window.
absl::Status CustomerSetComparison::CompareWithNone(absl::string_view key,
                                                    absl::string_view stored) {
  const std::optional<CustomerSetKey> row = CustomerSetKey::Decode(key);
  return row.has_value() && window_.Has(row->chunk) ? CompareStored(*row, stored, {})
                                                    : absl::OkStatus();
}

absl::Status CustomerSetComparison::CompareStored(const CustomerSetKey& key,
                                                  absl::string_view stored,
                                                  const CustomerSetRow& recounted) {
  CustomerSetRow row;
  const bool is_row = row.Read(stored);
  return is_row && row == recounted ? absl::OkStatus()
                                    : on_difference_({key, is_row, row, recounted});
}

absl::Status CompareCustomerSets(const Engine& engine, const View& view, uint32_t kind_number,
                                 TaskSteps& steps, OnSetDifference on_difference) {
  for (const ChunkWindow& window : ChunkWindows(view)) {
    CustomerSetComparison comparison(engine, view, kind_number, window, on_difference);
    RETURN_IF_ERROR(ScanActivities(
        engine, view, kind_number, [&](absl::string_view key_bytes, absl::string_view value) {
          RETURN_IF_ERROR(steps.Step());
          const std::optional<ActivityKey> key = ActivityKey::Decode(key_bytes);
          const std::optional<ActivityHeader> header = DecodeActivityHeader(value);
          if (!key.has_value() || !header.has_value() || header->is_erased ||
              WhyInNoSet(view, *header).has_value()) {
            return absl::OkStatus();
          }
          return comparison.Add(key->id.UnixMs(), *header);
        }));
    RETURN_IF_ERROR(comparison.Finish());
  }
  return absl::OkStatus();
}

}  // namespace emptychair::storage
