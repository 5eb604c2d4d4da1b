#include "storage/check/verify_columns.h"

#include <algorithm>

namespace emptychair::storage {

void ColumnComparison::Add(const ColumnRow& row) {
  if (row.time_ms < columns_->covers_from_ms) {
    return;
  }
  if (!run_.empty() && (run_.front().time_ms != row.time_ms || run_.front().tie != row.tie)) {
    CompareRun();
  }
  run_.push_back(row);
}

std::optional<ColumnComparison::Difference> ColumnComparison::Finish() {
  CompareRun();
  Compare(std::nullopt);
  return difference_;
}

void ColumnComparison::CompareRun() {
  std::sort(run_.begin(), run_.end());
  for (const ColumnRow& row : run_) {
    Compare(row);
  }
  run_.clear();
}

void ColumnComparison::Compare(const std::optional<ColumnRow>& record) {
  const auto is_covered = [this](const ColumnRow& row) {
    return row.time_ms >= columns_->covers_from_ms;
  };
  std::optional<ColumnRow> column;
  while (block_ < columns_->blocks.size() && !column.has_value()) {
    const ColumnBlock& block = *columns_->blocks[block_];
    if (is_covered(block.RowAt(row_))) {
      column = block.RowAt(row_);
    }
    if (++row_ == block.size()) {
      row_ = 0;
      ++block_;
    }
  }
  if (column != record && !difference_.has_value()) {
    difference_ = Difference{column, record};
  }
}

}  // namespace emptychair::storage
