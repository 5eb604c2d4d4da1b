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
  std::vector<uint32_t> targets;  // One for each row from `first_bucket` on.
  bool is_subtracted = false;     // The rows are taken away instead of added.

  friend bool operator==(const CubeRun&, const CubeRun&) = default;
};

// Records to read one by one, and the span that they count for.
struct RecordRun {
  MsSpan span;
  uint32_t target = 0;

  friend bool operator==(const RecordRun&, const RecordRun&) = default;
};

// Rows of the cube and spans of records to add up.
struct CubePlan {
  std::vector<CubeRun> rows;
  std::vector<RecordRun> records;
  // A row is summed up before it is added: what its pieces cancel out touches no group.
  bool sums_rows = false;
};

// Covers each of `spans`, which ascend and do not overlap: months inside, days of `zone` at their
// edges, hours at the edges of those, and records for what is less than an hour. The targets are
// positions in `spans`. With `may_subtract`, most days of a month are read as the month less its
// other days, which adds what is then taken away again; without it, nothing is added that has no
// answers in its span, at a higher price.
CubePlan PlanCube(const absl::TimeZone& zone, absl::Span<const MsSpan> spans,
                  bool may_subtract = true);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_CUBE_CUBE_PLAN_H_
