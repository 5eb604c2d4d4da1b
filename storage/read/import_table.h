// The imports of a survey.
#ifndef EMPTYCHAIR_STORAGE_READ_IMPORT_TABLE_H_
#define EMPTYCHAIR_STORAGE_READ_IMPORT_TABLE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"

namespace emptychair::storage {

// The number of records that came with no import.
inline constexpr uint32_t kNoImport = 0;

// Maps the ids of a survey's imports to their numbers and back. Copied for each new import, which
// are few beside records. Not thread-safe, but for readers among themselves.
class ImportTable {
 public:
  void Add(uint32_t number, const std::string& import_id) {
    numbers_[import_id] = number;
    ids_[number] = import_id;
  }

  std::optional<uint32_t> NumberOf(absl::string_view import_id) const {
    const auto found = numbers_.find(import_id);
    return found == numbers_.end() ? std::nullopt : std::optional(found->second);
  }

  // Empty for a number that the survey does not have, such as kNoImport.
  absl::string_view IdOf(uint32_t number) const {
    const auto found = ids_.find(number);
    return found == ids_.end() ? absl::string_view() : absl::string_view(found->second);
  }

  bool Has(uint32_t number) const { return number == kNoImport || ids_.contains(number); }

  // Ids by number.
  const absl::flat_hash_map<uint32_t, std::string>& ids() const { return ids_; }

 private:
  absl::flat_hash_map<std::string, uint32_t> numbers_;
  absl::flat_hash_map<uint32_t, std::string> ids_;
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_READ_IMPORT_TABLE_H_
