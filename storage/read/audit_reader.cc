#include "storage/read/audit_reader.h"

#include <memory>
#include <optional>
#include <string>

#include "common/base/errors.h"
#include "storage/engine/engine.h"
#include "storage/format/keys.h"

namespace emptychair::storage {

absl::Status AuditReader::ReadBack(const View& view, uint64_t end, Visit visit) const {
  if (end == 0) {
    return absl::OkStatus();
  }
  rocksdb::ReadOptions options;
  options.snapshot = view.snapshot->get();
  std::unique_ptr<rocksdb::Iterator> it(
      engine_.db()->NewIterator(options, engine_.handle(Family::kAudit)));
  const std::string last = AuditKey(end - 1);
  for (it->SeekForPrev(ToSlice(last)); it->Valid(); it->Prev()) {
    const std::optional<uint64_t> number = DecodeAuditKey(ToView(it->key()));
    const std::optional<AuditEntry> entry = DecodeAudit(ToView(it->value()));
    store::v1::StoredAuditEvent event;
    if (!number.has_value() || !entry.has_value() || !event.ParseFromString(entry->bytes)) {
      return Error(v1::ERROR_REASON_STORE_DAMAGED, "a stored audit event cannot be decoded");
    }
    if (!visit(*number, entry->hash, event)) {
      return absl::OkStatus();
    }
  }
  return FromRocksDb(it->status(), "reading the audit");
}

}  // namespace emptychair::storage
