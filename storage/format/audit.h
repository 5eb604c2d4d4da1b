// The chain of audit events. docs/storage_format.md has the bytes, with test vectors.
#ifndef EMPTYCHAIR_STORAGE_FORMAT_AUDIT_H_
#define EMPTYCHAIR_STORAGE_FORMAT_AUDIT_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace emptychair::storage {

using AuditHash = std::array<uint8_t, 32>;

// The hash of event `number`, of its bytes and of the hash before it: BLAKE2b-256 (RFC 7693). Of
// event 1 the hash before is all zero.
AuditHash HashOfAudit(const AuditHash& before, uint64_t number, absl::string_view bytes);

// Column family `audit`: the hash, then a StoredAuditEvent as the bytes that were hashed.
struct AuditEntry {
  AuditHash hash{};
  std::string bytes;
};
std::string EncodeAudit(const AuditEntry& entry);
std::optional<AuditEntry> DecodeAudit(absl::string_view value);

// A hash as it stands in messages; of bytes that are none, all zero.
AuditHash ToAuditHash(absl::string_view bytes);
inline absl::string_view ToView(const AuditHash& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_FORMAT_AUDIT_H_
