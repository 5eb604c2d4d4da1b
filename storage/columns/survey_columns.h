// The records of a survey as columns, at one state of the store.
#ifndef EMPTYCHAIR_STORAGE_COLUMNS_SURVEY_COLUMNS_H_
#define EMPTYCHAIR_STORAGE_COLUMNS_SURVEY_COLUMNS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "storage/columns/column_block.h"
#include "storage/columns/column_row.h"

namespace emptychair::storage {

// Immutable; what changes shares the blocks that did not.
struct SurveyColumns {
  // Of which state of the store: the index of the last command that it has applied.
  uint64_t state = 0;
  // Rows from this time on are all that there are; older ones had no room.
  int64_t covers_from_ms = 0;
  // In order of their rows.
  std::vector<std::shared_ptr<const ColumnBlock>> blocks;
  size_t row_count = 0;
  // Times of records that do not decode, ascending.
  std::vector<int64_t> damaged_ms;

  // The blocks that can have rows from `start_ms` to before `end_ms`: the first, and the one behind
  // the last.
  struct BlockRange {
    size_t begin = 0;
    size_t end = 0;
  };
  BlockRange BlocksIn(int64_t start_ms, int64_t end_ms) const;

  // Whether a record from `start_ms` to before `end_ms` does not decode.
  bool HasDamage(int64_t start_ms, int64_t end_ms) const;
};

// Makes columns of rows that come in order of their keys. Not thread-safe.
class ColumnsBuilder {
 public:
  explicit ColumnsBuilder(std::shared_ptr<ColumnMemory> memory) : memory_(std::move(memory)) {}

  // `row` must not be below the one before in time and tie.
  void Add(const ColumnRow& row);

  // Takes a block as it is, whose rows are all above those before.
  void Add(std::shared_ptr<const ColumnBlock> block);

  // Rows that no block has yet.
  size_t pending_rows() const { return rows_.size(); }

  // So many rows more are to come before the next block; blocks are cut so that none is small.
  void Expect(size_t rows);

  // Puts the rows so far into blocks, even if these are small.
  void Cut();

  // Drops the oldest block, so that less is covered. False when there is none.
  bool DropOldest();

  std::vector<std::shared_ptr<const ColumnBlock>>& blocks() { return blocks_; }
  size_t row_count() const { return row_count_; }
  // The time from which on all rows are here.
  int64_t covers_from_ms() const { return covers_from_ms_; }
  void set_covers_from_ms(int64_t ms) { covers_from_ms_ = ms; }

 private:
  void SortRun();

  const std::shared_ptr<ColumnMemory> memory_;
  size_t rows_per_block_ = ColumnBlock::kRowsMax;
  std::vector<ColumnRow> rows_;
  size_t run_begin_ = 0;  // Of the rows with the time and tie of the last one.
  std::vector<std::shared_ptr<const ColumnBlock>> blocks_;
  size_t row_count_ = 0;  // In blocks.
  int64_t covers_from_ms_ = 0;
};

// What changes make of a survey's rows: those that go and those that come, each in order.
struct RowChanges {
  std::vector<ColumnRow> removed;
  std::vector<ColumnRow> added;
};

// The difference that `changes` make, in their order. With `undo` the one that takes them back.
RowChanges NetChanges(absl::Span<const ColumnChange* const> changes, bool undo);

// Bytes of the blocks that the changes would replace, and of what would replace them: what is alive
// twice meanwhile.
int64_t BytesToReplace(const SurveyColumns& columns, const RowChanges& changes);

// Columns with the changes, at another state. Nothing when a row that is to go is not there.
std::optional<SurveyColumns> Apply(const SurveyColumns& columns, const RowChanges& changes,
                                   uint64_t state, const std::shared_ptr<ColumnMemory>& memory);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_COLUMNS_SURVEY_COLUMNS_H_
