// Adds up rows of the cube.
#ifndef EMPTYCHAIR_STORAGE_CUBE_CUBE_READER_H_
#define EMPTYCHAIR_STORAGE_CUBE_CUBE_READER_H_

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "storage/cube/cube_plan.h"
#include "storage/read/view.h"

namespace emptychair::storage {

class Engine;
class RecordReader;
class TallyGrid;

// Cost of a query.
struct ReadCost {
  int64_t cells_read = 0;
  int64_t records_scanned = 0;
};

// Stands for series that a query leaves out.
inline constexpr uint32_t kNoGroup = UINT32_MAX;

// The buckets of a unit that a survey has rows in.
struct BucketRange {
  int32_t first = 0;
  int32_t last = 0;  // Inclusive.
};

// Reads the cube at a view. Thread-safe.
class CubeReader {
 public:
  CubeReader(const Engine& engine, const RecordReader& records)
      : engine_(engine), records_(records) {}

  // Adds everything in `plan` to `grid`, each series under its group in `group_of_series`, which
  // has one entry for every series of the view. Stops early when the grid is full. Errors:
  // STORE_DAMAGED.
  absl::Status Read(const View& view, const SurveyView& survey, const CubePlan& plan,
                    absl::Span<const uint32_t> group_of_series, TallyGrid& grid,
                    ReadCost& cost) const;

  // Nothing when the survey has no rows.
  absl::StatusOr<std::optional<BucketRange>> Extent(const View& view, const SurveyView& survey,
                                                    CubeUnit unit) const;

 private:
  const Engine& engine_;
  const RecordReader& records_;
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_CUBE_CUBE_READER_H_
