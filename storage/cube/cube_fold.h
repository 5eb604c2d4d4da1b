// Gathers what a group of changes adds to the cube.
#ifndef EMPTYCHAIR_STORAGE_CUBE_CUBE_FOLD_H_
#define EMPTYCHAIR_STORAGE_CUBE_CUBE_FOLD_H_

#include <cstdint>

#include "absl/container/flat_hash_map.h"
#include "storage/format/cube_row.h"
#include "storage/format/keys.h"
#include "storage/format/values.h"

namespace emptychair::storage {

// The bucket of each unit in which a record counts. Depends only on what is stored with it.
struct RecordBuckets {
  int32_t hour = 0;
  int32_t day = 0;
  int32_t month = 0;
};
RecordBuckets BucketsOf(int64_t occur_time_ms, int32_t zone_offset_seconds);

// Rows of the cube and what to add to them. Not thread-safe.
class CubeFold {
 public:
  // Adds `count` (1, or -1 to take away) for one record.
  void Add(uint32_t survey_number, int64_t occur_time_ms, const FeedbackHeader& header,
           int32_t scale_min, int64_t count);

  // Adds `counts` to one row.
  void Add(const CubeRowKey& row, const CubeCounts& counts);

  bool empty() const { return rows_.empty(); }

  // Forgets what was added for the survey.
  void Drop(uint32_t survey_number);

  // Normalized when taken.
  absl::flat_hash_map<CubeRowKey, CubeCounts> TakeRows();

 private:
  absl::flat_hash_map<CubeRowKey, CubeCounts> rows_;
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_CUBE_CUBE_FOLD_H_
