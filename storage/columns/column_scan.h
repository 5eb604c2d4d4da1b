// Reads stored records as rows.
#ifndef EMPTYCHAIR_STORAGE_COLUMNS_COLUMN_SCAN_H_
#define EMPTYCHAIR_STORAGE_COLUMNS_COLUMN_SCAN_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/base/uuid.h"
#include "storage/columns/column_row.h"
#include "storage/engine/engine.h"
#include "storage/format/values.h"
#include "storage/read/view.h"

namespace emptychair::storage {

// A place between the rows of a survey: the first with this time and tie, or a later one.
struct RowPlace {
  int64_t time_ms = 0;
  uint16_t tie = 0;
};

// The time half-way between the survey's first record and its last; nothing without any. Errors as
// for ScanRows.
absl::StatusOr<std::optional<int64_t>> MiddleTime(const Engine& engine, const View& view,
                                                  uint32_t survey_number);

// Gets each record that is not erased, in order of its key; the header is null for one that does
// not decode. False ends the scan.
using OnRecordRow = absl::FunctionRef<bool(const Uuid& feedback_id, const FeedbackHeader* header,
                                           absl::string_view value)>;

// Visits the survey's records at a view from one place to before another, which is absent for the
// end. Past the block cache. Errors: STORE_DAMAGED for tables that cannot be read.
absl::Status ScanRows(const Engine& engine, const View& view, uint32_t survey_number,
                      const RowPlace& begin, const std::optional<RowPlace>& end,
                      OnRecordRow on_record);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_COLUMNS_COLUMN_SCAN_H_
