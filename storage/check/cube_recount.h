// Counts records again and compares the stored cube with it.
#ifndef EMPTYCHAIR_STORAGE_CHECK_CUBE_RECOUNT_H_
#define EMPTYCHAIR_STORAGE_CHECK_CUBE_RECOUNT_H_

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "storage/check/open_rows.h"
#include "storage/cube/cube_row_iterator.h"
#include "storage/engine/engine.h"
#include "storage/format/cube_row.h"
#include "storage/format/keys.h"
#include "storage/format/values.h"
#include "storage/read/view.h"

namespace emptychair::storage {

// No zone is further from UTC. A recount holds the days that this can still reach.
inline constexpr int32_t kZoneOffsetSecondsMax = 2 * 24 * 3'600;

// Recounts the cube of one survey from its records. Holds the rows that records to come can still
// count in, and no others: an hour, some days and one or two months. Not thread-safe.
class CubeRecount {
 public:
  // Gets each row when it is complete; those of one unit in the order of their keys.
  using OnRow = std::function<absl::Status(const CubeRowKey&, CubeCounts)>;

  CubeRecount(uint32_t survey_number, int32_t scale_min, OnRow on_row);

  // Counts one record. Times must not descend; zone offsets must be within kZoneOffsetSecondsMax
  // of 0. Errors: those of `on_row`.
  absl::Status Add(int64_t occur_time_ms, const FeedbackHeader& header);

  // Completes all rows, after the last record. Errors: those of `on_row`.
  absl::Status Finish();

 private:
  using Counts = absl::flat_hash_map<uint32_t, int64_t>;  // By CubeCount::Position().

  absl::Status CompleteBefore(CubeUnit unit, int64_t bucket);
  OpenRows<Counts>& RowsOf(CubeUnit unit) { return open_[static_cast<size_t>(unit) - 1]; }

  const uint32_t survey_number_;
  const int32_t scale_min_;
  const OnRow on_row_;
  std::array<OpenRows<Counts>, kCubeUnits.size()> open_;
  std::optional<int32_t> hour_;  // Of the newest record.
};

// A row of the cube that is not what the records make.
struct CubeRowDifference {
  CubeRowKey key;
  bool is_row = true;  // False for stored bytes that do not decode.
  CubeCounts stored;   // Empty: no such row. Of damage, what was added to it.
  CubeCounts recounted;
};

// Compares the stored cube of one survey, at a view, with a recount, both ways. Rows under keys
// that do not decode are passed over. Not thread-safe; engine and view must outlive it.
class CubeComparison {
 public:
  using OnDifference = std::function<absl::Status(const CubeRowDifference&)>;

  CubeComparison(const Engine& engine, const View& view, uint32_t survey_number, int32_t scale_min,
                 OnDifference on_difference);

  // As for CubeRecount. Errors: those of `on_difference`, STORE_DAMAGED.
  absl::Status Add(int64_t occur_time_ms, const FeedbackHeader& header) {
    return recount_.Add(occur_time_ms, header);
  }
  absl::Status Finish();

  // Counts that were compared, on either side.
  int64_t cells_compared() const { return cells_compared_; }

 private:
  absl::Status Compare(const CubeRowKey& key, CubeCounts recounted);
  // A row that no record makes.
  absl::Status CompareWithNone(absl::string_view key, absl::string_view stored);
  absl::Status CompareStored(const CubeRowKey& key, absl::string_view stored, CubeCounts recounted);
  CubeRowIterator& RowsOf(CubeUnit unit) { return rows_[static_cast<size_t>(unit) - 1]; }

  const OnDifference on_difference_;
  CubeRecount recount_;
  std::array<CubeRowIterator, kCubeUnits.size()> rows_;
  int64_t cells_compared_ = 0;
};

// `a` less `b`.
CubeCounts Subtract(const CubeCounts& a, CubeCounts b);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_CHECK_CUBE_RECOUNT_H_
