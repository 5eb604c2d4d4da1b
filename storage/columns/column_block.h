// Consecutive rows of a survey, column by column.
#ifndef EMPTYCHAIR_STORAGE_COLUMNS_COLUMN_BLOCK_H_
#define EMPTYCHAIR_STORAGE_COLUMNS_COLUMN_BLOCK_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "storage/columns/column_row.h"

namespace emptychair::storage {

// Counts the bytes of columns, of all that are alive. Thread-safe.
class ColumnMemory {
 public:
  void Add(int64_t bytes) {
    const int64_t now = bytes_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
    int64_t most = most_bytes_.load(std::memory_order_relaxed);
    while (most < now && !most_bytes_.compare_exchange_weak(most, now)) {
    }
  }
  void Remove(int64_t bytes) { bytes_.fetch_sub(bytes, std::memory_order_relaxed); }

  int64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  // The most that there have been.
  int64_t most_bytes() const { return most_bytes_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> bytes_{0};
  std::atomic<int64_t> most_bytes_{0};
};

// Whole numbers, in two bytes each while they fit.
class NarrowNumbers {
 public:
  NarrowNumbers() = default;
  explicit NarrowNumbers(absl::Span<const uint32_t> numbers);

  uint32_t operator[](size_t i) const { return wide_.empty() ? narrow_[i] : wide_[i]; }

  // The same for loops: what a block's arrays are does not change while it is read.
  class Reader {
   public:
    Reader() = default;
    explicit Reader(const NarrowNumbers& numbers)
        : narrow_(numbers.wide_.empty() ? numbers.narrow_.data() : nullptr),
          wide_(numbers.wide_.data()) {}
    uint32_t operator[](size_t i) const { return narrow_ != nullptr ? narrow_[i] : wide_[i]; }

   private:
    const uint16_t* narrow_ = nullptr;
    const uint32_t* wide_ = nullptr;
  };

  size_t bytes() const {
    return narrow_.size() * sizeof(uint16_t) + wide_.size() * sizeof(uint32_t);
  }

 private:
  std::vector<uint16_t> narrow_;
  std::vector<uint32_t> wide_;
};

// At least one row, in order. Immutable but for labels, which can be put beside the rows: of a key,
// the code of each row's value. Thread-safe.
class ColumnBlock {
 public:
  // Rows of a block are cut so that it has about so many. Rows of one time and tie are never cut
  // apart, so that a block's rows are those of a range of keys.
  static constexpr size_t kRowsMax = 4'096;
  // The most that lies between the times of its first and its last row, in milliseconds.
  static constexpr int64_t kSpanMax = UINT32_MAX;

  ColumnBlock(absl::Span<const ColumnRow> rows, std::shared_ptr<ColumnMemory> memory);
  ~ColumnBlock();
  ColumnBlock(const ColumnBlock&) = delete;
  ColumnBlock& operator=(const ColumnBlock&) = delete;

  // Bytes that a block of so many rows takes.
  static int64_t BytesOf(size_t rows);

  size_t size() const { return ties_.size(); }
  int64_t first_ms() const { return first_ms_; }
  int64_t last_ms() const { return first_ms_ + offsets_.back(); }

  int64_t TimeAt(size_t i) const { return first_ms_ + offsets_[i]; }
  uint16_t TieAt(size_t i) const { return ties_[i]; }
  uint32_t CustomerAt(size_t i) const { return customers_[i]; }
  uint32_t SeriesAt(size_t i) const { return series_[i]; }
  uint8_t BinAt(size_t i) const { return bins_[i]; }
  uint8_t DispositionAt(size_t i) const { return dispositions_[i]; }
  ColumnRow RowAt(size_t i) const {
    return {TimeAt(i), ties_[i], customers_[i], series_[i], bins_[i], dispositions_[i]};
  }
  // The arrays, for loops over many rows; valid as long as the block.
  struct Arrays {
    explicit Arrays(const ColumnBlock& block)
        : first_ms(block.first_ms_),
          offsets(block.offsets_.data()),
          customers(block.customers_.data()),
          series(block.series_),
          bins(block.bins_.data()),
          dispositions(block.dispositions_.data()) {}

    int64_t first_ms;
    const uint32_t* offsets;  // Milliseconds from `first_ms`.
    const uint32_t* customers;
    NarrowNumbers::Reader series;
    const uint8_t* bins;
    const uint8_t* dispositions;
  };

  // Whether the rows at `i` and behind it are ties.
  bool TiesWithNext(size_t i) const {
    return customers_[i] == customers_[i + 1] && customers_[i] != kAnonymous &&
           offsets_[i] == offsets_[i + 1] && ties_[i] == ties_[i + 1];
  }

  // The first row whose time is not below `ms`; the size when there is none.
  size_t LowerBound(int64_t ms) const;

  using LabelCodes = std::shared_ptr<const NarrowNumbers>;
  // The codes of a key's labels, by the number of its dictionary; null when there are none.
  LabelCodes LabelsOf(uint64_t dictionary) const;
  void SetLabels(uint64_t dictionary, absl::Span<const uint32_t> codes) const;
  void DropLabels(uint64_t dictionary) const;

 private:
  const std::shared_ptr<ColumnMemory> memory_;
  int64_t first_ms_ = 0;
  std::vector<uint32_t> offsets_;  // Milliseconds from the first.
  std::vector<uint16_t> ties_;
  std::vector<uint32_t> customers_;
  NarrowNumbers series_;
  std::vector<uint8_t> bins_;
  std::vector<uint8_t> dispositions_;
  int64_t bytes_ = 0;

  mutable absl::Mutex mutex_;
  // By the number of the dictionary; few.
  mutable std::vector<std::pair<uint64_t, LabelCodes>> labels_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_COLUMNS_COLUMN_BLOCK_H_
