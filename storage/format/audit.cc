#include "storage/format/audit.h"

#include <sodium.h>

#include <cstring>

#include "absl/strings/str_cat.h"
#include "storage/format/little_endian.h"

namespace emptychair::storage {
namespace {

constexpr char kVersion = 1;

}  // namespace

AuditHash HashOfAudit(const AuditHash& before, uint64_t number, absl::string_view bytes) {
  std::string hashed(ToView(before));
  AppendLittleEndian(hashed, number);
  absl::StrAppend(&hashed, bytes);
  AuditHash hash;
  crypto_generichash(hash.data(), hash.size(),
                     reinterpret_cast<const unsigned char*>(hashed.data()), hashed.size(), nullptr,
                     0);
  return hash;
}

std::string EncodeAudit(const AuditEntry& entry) {
  return absl::StrCat(absl::string_view(&kVersion, 1), ToView(entry.hash), entry.bytes);
}

std::optional<AuditEntry> DecodeAudit(absl::string_view value) {
  AuditEntry entry;
  if (value.size() < 1 + entry.hash.size() || value[0] != kVersion) {
    return std::nullopt;
  }
  entry.hash = ToAuditHash(value.substr(1, entry.hash.size()));
  entry.bytes = std::string(value.substr(1 + entry.hash.size()));
  return entry;
}

AuditHash ToAuditHash(absl::string_view bytes) {
  AuditHash hash{};
  if (bytes.size() == hash.size()) {
    std::memcpy(hash.data(), bytes.data(), hash.size());
  }
  return hash;
}

}  // namespace emptychair::storage
