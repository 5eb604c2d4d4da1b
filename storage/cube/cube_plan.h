// Splits spans of time into the cheapest parts of the cube that cover them exactly.
#ifndef EMPTYCHAIR_STORAGE_CUBE_CUBE_PLAN_H_
#define EMPTYCHAIR_STORAGE_CUBE_CUBE_PLAN_H_

#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "storage/format/keys.h"

namespace emptychair::storage {

// [start_ms, end_ms), in milliseconds since 1970.
struct MsSpan {
  int64_t start_ms = 0;
  int64_t end_ms = 0;

  friend bool operator==(const MsSpan&, const MsSpan&) = default;
};

// Consecutive rows of one unit, and the span that each counts for.
struct CubeRun {
  CubeUnit unit = CubeUnit::kHour;
  int32_t first_bucket = 0;
  // The span, which is the grid's bucket, of each row from `first_bucket` on.
  std::vector<uint32_t> targets;
  bool is_subtracted = false;  // The rows are taken away instead of added.

  friend bool operator==(const CubeRun&, const CubeRun&) = default;
};

// Records to read one by one, and the span that they count for.
struct RecordRun {
  MsSpan span;
  uint32_t target = 0;  // As in CubeRun.

  friend bool operator==(const RecordRun&, const RecordRun&) = default;
};

// Rows of the cube and spans of records to add up.
struct CubePlan {
  std::vector<CubeRun> rows;
  std::vector<RecordRun> records;
  // Normalise each row before it is added, so that counts which cancel do not allocate a group.
  bool exact_groups = false;
};

// Covers each of `spans`, which ascend and do not overlap: months inside, days of `zone` at their
// edges, hours at the edges of those, and records for what is less than an hour. The targets are
// positions in `spans`. Most days of a month are read as the month less its other days, so that a
// group can be touched whose counts then cancel; with `exact_groups`, at a higher price, only
// groups that have answers in a span are.
CubePlan PlanCube(const absl::TimeZone& zone, absl::Span<const MsSpan> spans,
                  bool exact_groups = false);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_CUBE_CUBE_PLAN_H_
