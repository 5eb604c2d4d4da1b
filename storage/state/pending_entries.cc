#include "storage/state/pending_entries.h"

#include <endian.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/match.h"

namespace emptychair::storage {
namespace {

// Of the ordinal in which a key of kActivityByCustomer begins.
constexpr size_t kCustomerBytes = 4;

// An entry with the start of its key as numbers, which compare without a look at its bytes.
struct Sortable {
  uint64_t first;
  uint64_t second;
  const std::pair<const absl::string_view, std::optional<absl::string_view>>* entry;

  friend bool operator<(const Sortable& a, const Sortable& b) {
    return std::tie(a.first, a.second, a.entry->first) <
           std::tie(b.first, b.second, b.entry->first);
  }
};

// Bytes of a key as a number of the same order; those past its end count as 0.
uint64_t NumberAt(absl::string_view key, size_t at) {
  uint64_t bytes = 0;
  if (at < key.size()) {
    std::memcpy(&bytes, key.data() + at, std::min(sizeof(bytes), key.size() - at));
  }
  return be64toh(bytes);
}

}  // namespace

void PendingEntries::Put(Family family, absl::string_view key, absl::string_view value) {
  Set(family, key, Copy(value));
}

void PendingEntries::Delete(Family family, absl::string_view key) {
  Set(family, key, std::nullopt);
}

void PendingEntries::Set(Family family, absl::string_view key,
                         std::optional<absl::string_view> value) {
  Entries& entries = entries_[static_cast<size_t>(family)];
  byte_size_ += value.has_value() ? value->size() : 0;
  if (auto found = entries.find(key); found != entries.end()) {
    found->second = value;
    return;
  }
  const absl::string_view kept = Copy(key);
  entries.emplace(kept, value);
  if (family == Family::kActivityByCustomer) {
    activity_keys_[kept.substr(0, kCustomerBytes)].push_back(kept);
  }
  byte_size_ += key.size();
  ++count_;
}

absl::string_view PendingEntries::Copy(absl::string_view bytes) {
  auto* copy = static_cast<char*>(bytes_.allocate(bytes.size(), /*alignment=*/1));
  std::copy(bytes.begin(), bytes.end(), copy);
  return {copy, bytes.size()};
}

const std::optional<absl::string_view>* PendingEntries::Find(Family family,
                                                             absl::string_view key) const {
  const Entries& entries = entries_[static_cast<size_t>(family)];
  const auto found = entries.find(key);
  return found == entries.end() ? nullptr : &found->second;
}

void PendingEntries::List(Family family, absl::string_view prefix, Visit visit) const {
  const Entries& entries = entries_[static_cast<size_t>(family)];
  if (family == Family::kActivityByCustomer && prefix.size() >= kCustomerBytes) {
    const auto customer = activity_keys_.find(prefix.substr(0, kCustomerBytes));
    if (customer == activity_keys_.end()) {
      return;
    }
    for (const absl::string_view key : customer->second) {
      if (absl::StartsWith(key, prefix) && !visit(key, entries.at(key))) {
        return;
      }
    }
    return;
  }
  for (const auto& [key, value] : entries) {
    if (absl::StartsWith(key, prefix) && !visit(key, value)) {
      return;
    }
  }
}

rocksdb::Status PendingEntries::AppendTo(const Engine& engine, rocksdb::WriteBatch& batch) const {
  rocksdb::Status status;
  std::vector<Sortable> sorted;
  for (size_t family = 0; family < kFamilyCount; ++family) {
    sorted.clear();
    for (const auto& entry : entries_[family]) {
      sorted.push_back({NumberAt(entry.first, 0), NumberAt(entry.first, 8), &entry});
    }
    std::sort(sorted.begin(), sorted.end());
    rocksdb::ColumnFamilyHandle* handle = engine.handle(static_cast<Family>(family));
    for (const Sortable& at : sorted) {
      const auto& [key, value] = *at.entry;
      status = value.has_value() ? batch.Put(handle, ToSlice(key), ToSlice(*value))
                                 : batch.Delete(handle, ToSlice(key));
      if (!status.ok()) {
        return status;
      }
    }
  }
  return status;
}

}  // namespace emptychair::storage
