#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "storage/check/verify_parts.h"
#include "storage/format/audit.h"
#include "storage/format/keys.h"

namespace emptychair::storage {
namespace {

Difference ChainDifference(uint64_t number, std::string stored, std::string expected) {
  return {DifferenceKind::kAuditChain, "", absl::StrCat("audit event ", number), std::move(stored),
          std::move(expected)};
}

// Each event must be the one that follows, by number and by a hash of all before it. One that was
// changed leaves the hashes of those behind it right, so that each is named once.
class ChainCheck {
 public:
  explicit ChainCheck(VerifyRun& run)
      : run_(run),
        head_(run.view.counters.audit()),
        next_(head_.first_kept()),
        before_(ToAuditHash(head_.hash_before_first())) {}

  absl::Status CheckRow(absl::string_view key, absl::string_view value) {
    const std::optional<uint64_t> number = DecodeAuditKey(key);
    if (!number.has_value()) {
      return run_.Report([&] { return Undecodable("audit", key); });
    }
    if (*number < head_.first_kept() || *number > head_.count()) {
      return run_.Report([&] { return ChainDifference(*number, "an event", ""); });
    }
    RETURN_IF_ERROR(ReportMissingBefore(*number));
    const std::optional<AuditEntry> entry = DecodeAudit(value);
    store::v1::StoredAuditEvent event;
    if (!entry.has_value() || !event.ParseFromString(entry->bytes)) {
      RETURN_IF_ERROR(run_.Report([&] { return Undecodable("audit", key); }));
    } else if (HashOfAudit(before_, *number, entry->bytes) != entry->hash) {
      RETURN_IF_ERROR(run_.Report([&] {
        return ChainDifference(*number, "an event of another hash", "the one that follows");
      }));
    }
    before_ = entry.has_value() ? entry->hash : AuditHash();
    next_ = *number + 1;
    return absl::OkStatus();
  }

  absl::Status Finish() {
    if (head_.count() == 0) {
      return absl::OkStatus();
    }
    RETURN_IF_ERROR(ReportMissingBefore(head_.count() + 1));
    if (ToAuditHash(head_.hash()) != before_) {
      return run_.Report([&] {
        return Difference{DifferenceKind::kAuditHead, "", "the head of the audit", "a hash",
                          "that of the newest event"};
      });
    }
    return absl::OkStatus();
  }

 private:
  absl::Status ReportMissingBefore(uint64_t number) {
    for (; next_ < number; ++next_) {
      RETURN_IF_ERROR(run_.Report([&] { return ChainDifference(next_, "", "an event"); }));
    }
    return absl::OkStatus();
  }

  VerifyRun& run_;
  const store::v1::StoredAuditHead& head_;
  uint64_t next_;
  AuditHash before_;
};

}  // namespace

absl::Status CheckAudit(VerifyRun& run) {
  RETURN_IF_ERROR(run.steps.Begin("audit"));
  ChainCheck check(run);
  RETURN_IF_ERROR(ScanFamily(run.engine, run.view, Family::kAudit,
                             [&](absl::string_view key, absl::string_view value) {
                               RETURN_IF_ERROR(run.steps.Step());
                               return check.CheckRow(key, value);
                             }));
  return check.Finish();
}

}  // namespace emptychair::storage
