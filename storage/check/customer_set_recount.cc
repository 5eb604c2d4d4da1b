#include "storage/check/customer_set_recount.h"

#include <algorithm>
#include <memory>

#include "common/base/status_macros.h"
#include "storage/check/cube_recount.h"
#include "storage/check/subscription_recount.h"

namespace emptychair::storage {
namespace {

constexpr uint32_t kChunksAtOnce = 256;
constexpr uint32_t kEndOfChunks = uint32_t{UINT16_MAX} + 1;
constexpr int64_t kMsPerDay = 86'400'000;

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
    : window_(window) {
  for (const CustomerSet set : kCustomerSets) {
    for (const CubeUnit unit : {CubeUnit::kDay, CubeUnit::kMonth}) {
      if (set != CustomerSet::kTwice || unit == CubeUnit::kDay) {
        sets_.push_back({set,
                         unit,
                         {},
                         std::make_unique<StoredSet>(engine, view, kind_number, set, unit, window,
                                                     on_difference)});
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
    RETURN_IF_ERROR(rows.stored->CompareRest());
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
  return rows.open.CompleteBefore(bucket,
                                  [&](int32_t of, uint16_t chunk, const CustomerSetRow& row) {
                                    return rows.stored->Compare(of, chunk, row);
                                  });
}

absl::Status CompareCustomerSets(const Engine& engine, const View& view, const TaskKind& kind,
                                 TaskSteps& steps, OnSetDifference on_difference) {
  if (kind.is_subscription()) {
    return kind.is_unbuilt()
               ? absl::OkStatus()
               : CompareSubscriptionSets(engine, view, *kind.definition, steps, on_difference);
  }
  const uint32_t kind_number = kind.definition->kind_number();
  for (const ChunkWindow& window : ChunkWindows(view)) {
    CustomerSetComparison comparison(engine, view, kind_number, window, on_difference);
    RETURN_IF_ERROR(ScanActivities(
        engine, view, kind_number, [&](absl::string_view key_bytes, absl::string_view value) {
          RETURN_IF_ERROR(steps.Step());
          const std::optional<ActivityKey> key = ActivityKey::Decode(key_bytes);
          const std::optional<ActivityHeader> header = DecodeActivityHeader(value);
          if (!key.has_value() || !header.has_value() || header->is_erased ||
              view.erasing->IsLeaving(header->customer_ordinal) ||
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
