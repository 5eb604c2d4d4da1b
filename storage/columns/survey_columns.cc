#include "storage/columns/survey_columns.h"

#include <algorithm>
#include <utility>

#include "storage/engine/fail_point.h"

namespace emptychair::storage {
namespace {

// Blocks that changes leave with fewer rows take those of the next one in.
constexpr size_t kRowsMin = ColumnBlock::kRowsMax / 4;

bool HasSamePlace(const ColumnRow& a, const ColumnRow& b) {
  return a.time_ms == b.time_ms && a.tie == b.tie;
}

bool IsPlacedBefore(const ColumnRow& a, const ColumnRow& b) {
  return a.time_ms != b.time_ms ? a.time_ms < b.time_ms : a.tie < b.tie;
}

// Rows from the one at `at` on, those below the start of the next block.
absl::Span<const ColumnRow> RowsBefore(const std::vector<ColumnRow>& rows, size_t& at,
                                       const ColumnBlock* next) {
  const size_t begin = at;
  if (next == nullptr) {
    at = rows.size();
  } else {
    at = static_cast<size_t>(
        std::partition_point(
            rows.begin() + static_cast<ptrdiff_t>(begin), rows.end(),
            [start = next->RowAt(0)](const ColumnRow& row) { return IsPlacedBefore(row, start); }) -
        rows.begin());
  }
  return absl::MakeConstSpan(rows).subspan(begin, at - begin);
}

// Walks blocks together with the changes that fall into each.
template <typename Visit>
bool ForEachBlock(const SurveyColumns& columns, const RowChanges& changes, Visit visit) {
  size_t removed = 0;
  size_t added = 0;
  for (size_t i = 0; i < columns.blocks.size(); ++i) {
    const ColumnBlock* next = i + 1 < columns.blocks.size() ? columns.blocks[i + 1].get() : nullptr;
    const absl::Span<const ColumnRow> goes = RowsBefore(changes.removed, removed, next);
    const absl::Span<const ColumnRow> comes = RowsBefore(changes.added, added, next);
    if (!visit(columns.blocks[i], goes, comes)) {
      return false;
    }
  }
  return true;
}

// Adds the rows of a block with changes. False when one that goes is not there.
bool AddChanged(const ColumnBlock& block, absl::Span<const ColumnRow> removed,
                absl::Span<const ColumnRow> added, ColumnsBuilder& builder) {
  auto goes = removed.begin();
  auto comes = added.begin();
  for (size_t i = 0; i < block.size(); ++i) {
    const ColumnRow row = block.RowAt(i);
    for (; comes != added.end() && *comes < row; ++comes) {
      builder.Add(*comes);
    }
    if (goes != removed.end() && *goes == row) {
      ++goes;
    } else {
      builder.Add(row);
    }
  }
  for (; comes != added.end(); ++comes) {
    builder.Add(*comes);
  }
  return goes == removed.end();
}

}  // namespace

SurveyColumns::BlockRange SurveyColumns::BlocksIn(int64_t start_ms, int64_t end_ms) const {
  const auto begin = std::partition_point(
      blocks.begin(), blocks.end(), [&](const auto& block) { return block->last_ms() < start_ms; });
  const auto end = std::partition_point(
      begin, blocks.end(), [&](const auto& block) { return block->first_ms() < end_ms; });
  return {static_cast<size_t>(begin - blocks.begin()), static_cast<size_t>(end - blocks.begin())};
}

bool SurveyColumns::HasDamage(int64_t start_ms, int64_t end_ms) const {
  const auto damaged = std::lower_bound(damaged_ms.begin(), damaged_ms.end(), start_ms);
  return damaged != damaged_ms.end() && *damaged < end_ms;
}

void ColumnsBuilder::Add(const ColumnRow& row) {
  if (!rows_.empty() && !HasSamePlace(rows_.back(), row)) {
    SortRun();
    if (rows_.size() >= rows_per_block_ ||
        row.time_ms - rows_.front().time_ms > ColumnBlock::kSpanMax) {
      Cut();
    }
    run_begin_ = rows_.size();
  }
  rows_.push_back(row);
}

void ColumnsBuilder::Add(std::shared_ptr<const ColumnBlock> block) {
  Cut();
  row_count_ += block->size();
  blocks_.push_back(std::move(block));
}

void ColumnsBuilder::Expect(size_t rows) {
  const size_t all = rows_.size() + rows;
  const size_t blocks = all / (ColumnBlock::kRowsMax + 1) + 1;
  rows_per_block_ = all / blocks + 1;
}

// In one time and tie keys come in order of their ids, rows in that of their fields.
void ColumnsBuilder::SortRun() {
  std::sort(rows_.begin() + static_cast<ptrdiff_t>(run_begin_), rows_.end());
}

void ColumnsBuilder::Cut() {
  if (rows_.empty()) {
    return;
  }
  SortRun();
  row_count_ += rows_.size();
  blocks_.push_back(std::make_shared<const ColumnBlock>(rows_, memory_));
  rows_.clear();
  run_begin_ = 0;
}

bool ColumnsBuilder::DropOldest() {
  if (blocks_.empty()) {
    return false;
  }
  covers_from_ms_ = blocks_.front()->last_ms() + 1;
  row_count_ -= blocks_.front()->size();
  blocks_.erase(blocks_.begin());
  return true;
}

RowChanges NetChanges(absl::Span<const ColumnChange* const> changes, bool undo) {
  std::vector<const ColumnChange*> by_id(changes.begin(), changes.end());
  std::stable_sort(by_id.begin(), by_id.end(), [](const ColumnChange* a, const ColumnChange* b) {
    return a->feedback_id < b->feedback_id;
  });
  RowChanges net;
  for (size_t begin = 0, end = 0; begin < by_id.size(); begin = end) {
    const Uuid& id = by_id[begin]->feedback_id;
    end = begin + 1;
    while (end < by_id.size() && by_id[end]->feedback_id == id) {
      ++end;
    }
    // A record's rows come and go by turns, so the first and the last change say it all. Where the
    // row is the same as before its labels may be others, so the block must still be a new one.
    const ColumnChange& first = *by_id[begin];
    const ColumnChange& last = *by_id[end - 1];
    const bool was_there = !first.is_added;
    const bool is_there = last.is_added;
    if (was_there) {
      (undo ? net.added : net.removed).push_back(first.row());
    }
    if (is_there) {
      (undo ? net.removed : net.added).push_back(last.row());
    }
  }
  if (IsOn(FailPoint::kColumnsKeepRemoved)) {
    net.removed.clear();
  }
  for (ColumnRow& row : net.added) {
    row.tie ^= IsOn(FailPoint::kColumnsWrongTie) ? 1 : 0;
  }
  std::sort(net.removed.begin(), net.removed.end());
  std::sort(net.added.begin(), net.added.end());
  return net;
}

int64_t BytesToReplace(const SurveyColumns& columns, const RowChanges& changes) {
  int64_t bytes = ColumnBlock::BytesOf(changes.added.size());
  ForEachBlock(columns, changes,
               [&](const std::shared_ptr<const ColumnBlock>& block,
                   absl::Span<const ColumnRow> removed, absl::Span<const ColumnRow> added) {
                 if (!removed.empty() || !added.empty()) {
                   bytes += ColumnBlock::BytesOf(block->size());
                 }
                 return true;
               });
  return bytes;
}

std::optional<SurveyColumns> Apply(const SurveyColumns& columns, const RowChanges& changes,
                                   uint64_t state, const std::shared_ptr<ColumnMemory>& memory) {
  // What is not covered is not kept up to date either.
  const auto is_older = [&](const ColumnRow& row) { return row.time_ms < columns.covers_from_ms; };
  RowChanges covered = changes;
  covered.removed.erase(
      covered.removed.begin(),
      std::partition_point(covered.removed.begin(), covered.removed.end(), is_older));
  covered.added.erase(covered.added.begin(),
                      std::partition_point(covered.added.begin(), covered.added.end(), is_older));
  ColumnsBuilder builder(memory);
  bool is_sound = true;
  if (columns.blocks.empty()) {
    is_sound = covered.removed.empty();
    for (const ColumnRow& row : covered.added) {
      builder.Add(row);
    }
  } else {
    is_sound = ForEachBlock(
        columns, covered,
        [&](const std::shared_ptr<const ColumnBlock>& block, absl::Span<const ColumnRow> removed,
            absl::Span<const ColumnRow> added) {
          const size_t pending = builder.pending_rows();
          if (removed.empty() && added.empty() && (pending == 0 || pending >= kRowsMin)) {
            builder.Add(block);
            return true;
          }
          builder.Expect(block->size() + added.size());
          return AddChanged(*block, removed, added, builder);
        });
  }
  if (!is_sound) {
    return std::nullopt;
  }
  builder.Cut();
  SurveyColumns changed;
  changed.state = state;
  changed.covers_from_ms = columns.covers_from_ms;
  changed.row_count = builder.row_count();
  changed.blocks = std::move(builder.blocks());
  changed.damaged_ms = columns.damaged_ms;
  return changed;
}

}  // namespace emptychair::storage
