// What has changed, from the change log.
#ifndef EMPTYCHAIR_STORAGE_READ_CHANGE_LOG_READER_H_
#define EMPTYCHAIR_STORAGE_READ_CHANGE_LOG_READER_H_

#include <cstdint>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/format/changes.h"
#include "storage/format/values.h"
#include "storage/read/view.h"

namespace emptychair::storage {

class Engine;

// Reads the change log at a view. Thread-safe.
class ChangeLogReader {
 public:
  explicit ChangeLogReader(const Engine& engine) : engine_(engine) {}

  // Visits the changes whose numbers are above `after`, without gaps, until the visit answers false
  // or an error; 0: from the oldest that is kept. Errors: those of `visit`; SEQUENCE_TRIMMED when a
  // change after `after` is not kept any more; STORE_DAMAGED.
  using Visit =
      absl::FunctionRef<absl::StatusOr<bool>(uint64_t sequence, const ChangeLogEntry& change)>;
  absl::Status Read(const View& view, uint64_t after, Visit visit) const;

 private:
  const Engine& engine_;
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_READ_CHANGE_LOG_READER_H_
