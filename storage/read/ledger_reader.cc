#include "storage/read/ledger_reader.h"

#include <memory>
#include <optional>

#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "storage/format/keys.h"
#include "storage/format/values.h"

namespace emptychair::storage {

absl::Status VisitLedger(const Engine& engine, const View& view, const Uuid& from,
                         VisitLedgerItem visit) {
  rocksdb::ReadOptions options;
  options.snapshot = view.snapshot->get();
  const std::unique_ptr<rocksdb::Iterator> it(
      engine.db()->NewIterator(options, engine.handle(Family::kLedger)));
  LedgerItem item;
  for (it->Seek(ToSlice(LedgerKey(from))); it->Valid(); it->Next()) {
    const std::optional<Uuid> id = DecodeLedgerKey(ToView(it->key()));
    if (!id.has_value() || !DecodeMessage(ToView(it->value()), item.entry)) {
      return Error(v1::ERROR_REASON_STORE_DAMAGED, "an entry of the ledger cannot be decoded");
    }
    item.id = *id;
    RETURN_IF_ERROR(visit(item));
  }
  return FromRocksDb(it->status(), "reading the ledger");
}

}  // namespace emptychair::storage
