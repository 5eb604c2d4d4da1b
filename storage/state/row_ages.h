// Ages of rows that are added to by merges.
#ifndef EMPTYCHAIR_STORAGE_STATE_ROW_AGES_H_
#define EMPTYCHAIR_STORAGE_STATE_ROW_AGES_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"

namespace emptychair::storage {

// What each row of a column family has gathered since it was last written whole. Bounds what
// reading a row costs over what its content needs. For one thread.
class RowAges {
 public:
  // Whether an operand of `bytes` may be added to the row under `key`; else the row must be written
  // whole. Rows that it knows nothing of, such as all after a start, are written whole once.
  bool TakesOperand(absl::string_view key, size_t bytes) {
    const auto found = ages_.find(key);
    if (found == ages_.end()) {
      return false;
    }
    Age& age = found->second;
    age.operand_bytes += static_cast<uint32_t>(bytes);
    return ++age.operands < kOperandsMax &&
           age.operand_bytes <= std::max(kOperandBytesMin, age.row_bytes / kOperandShare);
  }

  // To be called when the row was written whole, or cannot be.
  void SetWhole(absl::string_view key, size_t row_bytes) {
    if (ages_.size() >= kRowsMax) {
      ages_.clear();
    }
    ages_[key] = {.row_bytes = static_cast<uint32_t>(row_bytes)};
  }

 private:
  struct Age {
    uint32_t row_bytes = 0;
    uint32_t operand_bytes = 0;
    uint32_t operands = 0;
  };

  // A row is written whole in the place of so many operands ...
  static constexpr uint32_t kOperandsMax = 64;
  // ... and when they have this share of its bytes. A reader decodes operands apart, so that many
  // large ones, as batches make them, would cost far more than the row.
  static constexpr uint32_t kOperandShare = 8;
  // But so many bytes cost no reader anything.
  static constexpr uint32_t kOperandBytesMin = 1024;
  // Rows known at once; past it all are forgotten, which costs each a whole write.
  static constexpr size_t kRowsMax = 200'000;

  absl::flat_hash_map<std::string, Age> ages_;
};

// Those of all column families that have such rows.
struct MergedRowAges {
  RowAges cube;
  RowAges sets;
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_STATE_ROW_AGES_H_
