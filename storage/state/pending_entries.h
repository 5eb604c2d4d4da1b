// Entries on their way into the store.
#ifndef EMPTYCHAIR_STORAGE_STATE_PENDING_ENTRIES_H_
#define EMPTYCHAIR_STORAGE_STATE_PENDING_ENTRIES_H_

#include <array>
#include <cstddef>
#include <memory_resource>
#include <optional>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "rocksdb/status.h"
#include "rocksdb/write_batch.h"
#include "storage/engine/engine.h"

namespace emptychair::storage {

// Collects puts and deletes, the last of each key. Their bytes lie one behind the other
// and are freed at once. Not thread-safe, but for readers among themselves.
class PendingEntries {
 public:
  PendingEntries() = default;
  PendingEntries(const PendingEntries&) = delete;
  PendingEntries& operator=(const PendingEntries&) = delete;

  void Put(Family family, absl::string_view key, absl::string_view value);
  void Delete(Family family, absl::string_view key);

  // What is to become of a key: its value, or nothing within when it is to be deleted; null when
  // nothing is to be changed.
  const std::optional<absl::string_view>* Find(Family family, absl::string_view key) const;

  // Whether such keys are listed in their order: those of one customer in kActivityByCustomer.
  static bool ListsInOrder(Family family, absl::string_view prefix) {
    return family == Family::kActivityByCustomer && prefix.size() >= kCustomerBytes;
  }

  // Visits the entries of a family whose keys start with `prefix` and are not below `from`, until
  // the visit answers false; ascending where ListsInOrder, else in no order. Deleted ones have no
  // value.
  using Visit =
      absl::FunctionRef<bool(absl::string_view key, const std::optional<absl::string_view>& value)>;
  void List(Family family, absl::string_view prefix, absl::string_view from, Visit visit) const;
  // The same of those below `end`; descending where ListsInOrder.
  void ListBack(Family family, absl::string_view prefix, absl::string_view end, Visit visit) const;

  bool empty() const { return count_ == 0; }

  // About how many bytes they take in a batch.
  size_t byte_size() const { return byte_size_ + count_ * kBatchBytesPerEntry; }

  // Adds everything to `batch`, family by family in the order of their keys, in which RocksDB finds
  // the place of each close to that of the one before.
  rocksdb::Status AppendTo(const Engine& engine, rocksdb::WriteBatch& batch) const;

 private:
  using Entries = absl::flat_hash_map<absl::string_view, std::optional<absl::string_view>>;
  using Keys = absl::InlinedVector<absl::string_view, 2>;

  // Kind, family and lengths.
  static constexpr size_t kBatchBytesPerEntry = 8;
  static constexpr size_t kFirstBlockBytes = size_t{16} << 10;
  // Of the ordinal in which a key of kActivityByCustomer begins.
  static constexpr size_t kCustomerBytes = 4;

  const Keys& ActivityKeysUnder(absl::string_view prefix) const;
  void Set(Family family, absl::string_view key, std::optional<absl::string_view> value);
  absl::string_view Copy(absl::string_view bytes);

  std::pmr::monotonic_buffer_resource bytes_{kFirstBlockBytes};
  std::array<Entries, kFamilyCount> entries_;
  // The keys of kActivityByCustomer, ascending, by the bytes of the customer, in which they begin:
  // the family is listed by customer for many activities.
  absl::flat_hash_map<absl::string_view, Keys> activity_keys_;
  size_t count_ = 0;
  size_t byte_size_ = 0;
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_STATE_PENDING_ENTRIES_H_
