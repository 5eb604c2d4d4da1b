#include <optional>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "storage/check/verify_parts.h"
#include "storage/format/keys.h"

namespace emptychair::storage {
namespace {

using store::v1::StoredLedgerEntry;

// Ids are there as hashes, and everything an entry of its kind needs is there.
bool IsComplete(const StoredLedgerEntry& entry) {
  const auto is_hash = [](const std::string& bytes) {
    return bytes.size() == std::tuple_size_v<IdHash>;
  };
  switch (entry.kind()) {
    case store::v1::LEDGER_KIND_RECORD_ERASED:
      return !entry.survey_id().empty() && entry.record_id().size() == Uuid::kSize &&
             (entry.id_hash().empty() || is_hash(entry.id_hash()));
    case store::v1::LEDGER_KIND_ACTIVITY_ERASED:
      return !entry.activity_kind().empty() && entry.record_id().size() == Uuid::kSize &&
             (entry.id_hash().empty() || is_hash(entry.id_hash()));
    case store::v1::LEDGER_KIND_CUSTOMER_ERASED:
      return is_hash(entry.customer_hash());
    case store::v1::LEDGER_KIND_SURVEY_DELETED:
      return !entry.survey_id().empty();
    case store::v1::LEDGER_KIND_KIND_DELETED:
      return !entry.activity_kind().empty();
    case store::v1::LEDGER_KIND_IMPORT_TAKEN_BACK:
      return !entry.import_id().empty() &&
             entry.survey_id().empty() != entry.activity_kind().empty();
    case store::v1::LEDGER_KIND_KEY_REVOKED:
      return entry.access_id() != 0;
    case store::v1::LEDGER_KIND_KEY_ROTATED:
    case store::v1::LEDGER_KIND_KEY_NARROWED:
      return entry.access_id() != 0 && entry.access().id() == entry.access_id();
    default:
      return false;
  }
}

absl::Status CheckCount(VerifyRun& run, absl::string_view what, uint64_t counted,
                        uint64_t expected) {
  return counted == expected ? absl::OkStatus() : run.Report([&] {
    return Difference{DifferenceKind::kCounter, "", absl::StrCat("meta: the number of ", what),
                      absl::StrCat(counted), absl::StrCat(expected)};
  });
}

}  // namespace

absl::Status CheckLedger(VerifyRun& run) {
  RETURN_IF_ERROR(run.steps.Begin("ledger"));
  uint64_t entries = 0;
  uint64_t waiting = 0;
  RETURN_IF_ERROR(ScanFamily(
      run.engine, run.view, Family::kLedger, [&](absl::string_view key, absl::string_view value) {
        RETURN_IF_ERROR(run.steps.Step());
        ++entries;
        StoredLedgerEntry entry;
        if (!DecodeLedgerKey(key).has_value() || !DecodeMessage(value, entry) ||
            !IsComplete(entry)) {
          return run.Report([&] { return Undecodable("ledger", key); });
        }
        waiting += entry.is_waiting() ? 1 : 0;
        if (entry.sequence() > run.view.counters.sequence()) {
          return run.Report([&] {
            return Difference{DifferenceKind::kCounter, "", "ledger: an entry's sequence",
                              absl::StrCat(entry.sequence()),
                              absl::StrCat("at most ", run.view.counters.sequence())};
          });
        }
        return absl::OkStatus();
      }));
  RETURN_IF_ERROR(
      CheckCount(run, "entries of the ledger", run.view.counters.ledger_count(), entries));
  return CheckCount(run, "entries of the ledger that wait",
                    run.view.counters.ledger_waiting_count(), waiting);
}

}  // namespace emptychair::storage
