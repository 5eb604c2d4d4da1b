// Compares the columns of a survey in memory with its records; for storage/check/verify*.cc alone.
#ifndef EMPTYCHAIR_STORAGE_CHECK_VERIFY_COLUMNS_H_
#define EMPTYCHAIR_STORAGE_CHECK_VERIFY_COLUMNS_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "storage/columns/column_row.h"
#include "storage/columns/survey_columns.h"

namespace emptychair::storage {

// Gets the rows that a survey's records make, in order of their keys. Not thread-safe.
class ColumnComparison {
 public:
  explicit ColumnComparison(std::shared_ptr<const SurveyColumns> columns)
      : columns_(std::move(columns)) {}

  void Add(const ColumnRow& row);

  // To be called after the last row. What differs first; nothing when they are the same.
  struct Difference {
    std::optional<ColumnRow> column;  // Absent: there is none.
    std::optional<ColumnRow> record;
  };
  std::optional<Difference> Finish();

 private:
  // Compares rows of one time and tie, which columns have in another order.
  void CompareRun();
  void Compare(const std::optional<ColumnRow>& record);

  const std::shared_ptr<const SurveyColumns> columns_;
  std::vector<ColumnRow> run_;
  size_t block_ = 0;
  size_t row_ = 0;
  std::optional<Difference> difference_;
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_CHECK_VERIFY_COLUMNS_H_
