// The imports of a survey.
#ifndef EMPTYCHAIR_STORAGE_READ_IMPORT_TABLE_H_
#define EMPTYCHAIR_STORAGE_READ_IMPORT_TABLE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/node_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"

namespace emptychair::storage {

// The number of records that came with no import.
inline constexpr uint32_t kNoImport = 0;

// Maps the ids of a survey's imports to their numbers and back. Shared by all views: of an import
// that came after a view, the view has no record, so that knowing it changes no answer.
// Thread-safe.
class ImportTable {
 public:
  void Add(uint32_t number, const std::string& import_id) {
    absl::MutexLock lock(&mutex_);
    numbers_[ids_.insert_or_assign(number, import_id).first->second] = number;
  }

  std::optional<uint32_t> NumberOf(absl::string_view import_id) const {
    absl::ReaderMutexLock lock(&mutex_);
    const auto found = numbers_.find(import_id);
    return found == numbers_.end() ? std::nullopt : std::optional(found->second);
  }

  // Empty for a number that the survey does not have, such as kNoImport. Valid as long as the
  // table.
  absl::string_view IdOf(uint32_t number) const {
    if (number == kNoImport) {
      return "";
    }
    absl::ReaderMutexLock lock(&mutex_);
    const auto found = ids_.find(number);
    return found == ids_.end() ? absl::string_view() : absl::string_view(found->second);
  }

  bool Has(uint32_t number) const { return number == kNoImport || !IdOf(number).empty(); }

  // Those of all imports, in no order.
  std::vector<uint32_t> Numbers() const {
    absl::ReaderMutexLock lock(&mutex_);
    std::vector<uint32_t> numbers;
    for (const auto& [id, number] : numbers_) {
      numbers.push_back(number);
    }
    return numbers;
  }

 private:
  mutable absl::Mutex mutex_;
  absl::node_hash_map<uint32_t, std::string> ids_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<absl::string_view, uint32_t> numbers_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_READ_IMPORT_TABLE_H_
