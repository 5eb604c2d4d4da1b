// Reads the ledger: what was erased or taken away for good.
#ifndef EMPTYCHAIR_STORAGE_READ_LEDGER_READER_H_
#define EMPTYCHAIR_STORAGE_READ_LEDGER_READER_H_

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "common/base/uuid.h"
#include "emptychair/store/v1/value.pb.h"
#include "storage/engine/engine.h"
#include "storage/read/view.h"

namespace emptychair::storage {

// An entry of the ledger and its id.
struct LedgerItem {
  Uuid id;
  store::v1::StoredLedgerEntry entry;
};

// Visits the entries at a view whose ids are `from` or after, in the order of their ids, until the
// visit answers an error. Errors: those of `visit`, STORE_DAMAGED.
using VisitLedgerItem = absl::FunctionRef<absl::Status(const LedgerItem&)>;
absl::Status VisitLedger(const Engine& engine, const View& view, const Uuid& from,
                         VisitLedgerItem visit);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_READ_LEDGER_READER_H_
