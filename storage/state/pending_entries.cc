#include "storage/state/pending_entries.h"

#include <endian.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/match.h"

namespace emptychair::storage {
namespace {

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
    Keys& keys = activity_keys_[kept.substr(0, kCustomerBytes)];
    keys.insert(std::upper_bound(keys.begin(), keys.end(), kept), kept);
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

// Of the customer whom the prefix names.
const PendingEntries::Keys& PendingEntries::ActivityKeysUnder(absl::string_view prefix) const {
  static const Keys* const kNone = new Keys();
  const auto customer = activity_keys_.find(prefix.substr(0, kCustomerBytes));
  return customer == activity_keys_.end() ? *kNone : customer->second;
}

void PendingEntries::List(Family family, absl::string_view prefix, absl::string_view from,
                          Visit visit) const {
  const Entries& entries = entries_[static_cast<size_t>(family)];
  if (!ListsInOrder(family, prefix)) {
    for (const auto& [key, value] : entries) {
      if (absl::StartsWith(key, prefix) && key >= from && !visit(key, value)) {
        return;
      }
    }
    return;
  }
  const Keys& keys = ActivityKeysUnder(prefix);
  auto key = std::lower_bound(keys.begin(), keys.end(), std::max(prefix, from));
  for (; key != keys.end() && absl::StartsWith(*key, prefix); ++key) {
    if (!visit(*key, entries.at(*key))) {
      return;
    }
  }
}

void PendingEntries::ListBack(Family family, absl::string_view prefix, absl::string_view end,
                              Visit visit) const {
  const Entries& entries = entries_[static_cast<size_t>(family)];
  if (!ListsInOrder(family, prefix)) {
    for (const auto& [key, value] : entries) {
      if (absl::StartsWith(key, prefix) && key < end && !visit(key, value)) {
        return;
      }
    }
    return;
  }
  const Keys& keys = ActivityKeysUnder(prefix);
  auto behind = std::lower_bound(keys.begin(), keys.end(), end);
  while (behind != keys.begin() && absl::StartsWith(*std::prev(behind), prefix)) {
    --behind;
    if (!visit(*behind, entries.at(*behind))) {
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
