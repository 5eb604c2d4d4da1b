// Reads what was done.
#ifndef EMPTYCHAIR_STORAGE_READ_AUDIT_READER_H_
#define EMPTYCHAIR_STORAGE_READ_AUDIT_READER_H_

#include <cstdint>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "emptychair/store/v1/value.pb.h"
#include "storage/format/audit.h"
#include "storage/read/view.h"

namespace emptychair::storage {

class Engine;

// Thread-safe.
class AuditReader {
 public:
  explicit AuditReader(const Engine& engine) : engine_(engine) {}

  // Visits the events before number `end`, newest first, each with the chain's hash after it, until
  // the visit answers false. Errors: STORE_DAMAGED.
  using Visit = absl::FunctionRef<bool(uint64_t number, const AuditHash& hash,
                                       const store::v1::StoredAuditEvent& event)>;
  absl::Status ReadBack(const View& view, uint64_t end, Visit visit) const;

 private:
  const Engine& engine_;
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_READ_AUDIT_READER_H_
