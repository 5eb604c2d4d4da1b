// Rows that a recount still adds to.
#ifndef EMPTYCHAIR_STORAGE_CHECK_OPEN_ROWS_H_
#define EMPTYCHAIR_STORAGE_CHECK_OPEN_ROWS_H_

#include <cstdint>
#include <map>
#include <utility>

#include "absl/status/status.h"
#include "common/base/status_macros.h"

namespace emptychair::storage {

// Rows by bucket and chunk, in the order of their keys. Not thread-safe.
template <typename Row>
class OpenRows {
 public:
  // Opens the row if it is not open.
  Row& At(int32_t bucket, uint16_t chunk) { return rows_[{bucket, chunk}]; }

  // Takes out the rows of buckets before `bucket`, one after the other. Errors: those of `on_row`,
  // which gets bucket, chunk and row.
  template <typename OnRow>
  absl::Status CompleteBefore(int64_t bucket, OnRow on_row) {
    while (!rows_.empty() && rows_.begin()->first.first < bucket) {
      const auto row = rows_.extract(rows_.begin());
      RETURN_IF_ERROR(on_row(row.key().first, row.key().second, row.mapped()));
    }
    return absl::OkStatus();
  }

 private:
  std::map<std::pair<int32_t, uint16_t>, Row> rows_;
};

// Past every bucket.
inline constexpr int64_t kEndOfBuckets = INT64_MAX;

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_CHECK_OPEN_ROWS_H_
