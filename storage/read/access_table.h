// Keys and certificates, as calls see them.
#ifndef EMPTYCHAIR_STORAGE_READ_ACCESS_TABLE_H_
#define EMPTYCHAIR_STORAGE_READ_ACCESS_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "emptychair/store/v1/value.pb.h"

namespace emptychair::storage {

// At most so many, those that were revoked included.
inline constexpr size_t kAccessEntriesMax = 10'000;

// The numbers of the surveys that an entry may use.
using SurveyNumbers = absl::flat_hash_set<uint32_t>;

// A key or certificate. Immutable.
struct AccessEntry {
  std::shared_ptr<const store::v1::StoredAccess> stored;
  std::shared_ptr<const SurveyNumbers> surveys;
};

// All of them at one point in the store's history. Immutable.
class AccessTable {
 public:
  explicit AccessTable(std::map<uint64_t, AccessEntry> entries) : entries_(std::move(entries)) {
    for (const auto& [id, entry] : entries_) {
      by_id_.emplace(id, &entry);
      const store::v1::StoredAccess& stored = *entry.stored;
      if (stored.revoke_time_ms() == 0 && !stored.certificate_san().empty()) {
        by_san_.emplace(stored.certificate_san(), &entry);
      }
    }
  }
  AccessTable(const AccessTable&) = delete;
  AccessTable& operator=(const AccessTable&) = delete;

  // Null when there is none.
  const AccessEntry* Find(uint64_t id) const {
    const auto found = by_id_.find(id);
    return found == by_id_.end() ? nullptr : found->second;
  }

  // The same of a certificate's name, without those that were revoked.
  const AccessEntry* FindCertificate(absl::string_view san) const {
    const auto found = by_san_.find(san);
    return found == by_san_.end() ? nullptr : found->second;
  }

  // By id.
  const std::map<uint64_t, AccessEntry>& entries() const { return entries_; }

 private:
  const std::map<uint64_t, AccessEntry> entries_;
  absl::flat_hash_map<uint64_t, const AccessEntry*> by_id_;
  absl::flat_hash_map<std::string, const AccessEntry*> by_san_;
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_READ_ACCESS_TABLE_H_
