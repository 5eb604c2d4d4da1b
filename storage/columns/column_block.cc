#include "storage/columns/column_block.h"

#include <algorithm>

namespace emptychair::storage {

NarrowNumbers::NarrowNumbers(absl::Span<const uint32_t> numbers) {
  const bool are_narrow = std::all_of(numbers.begin(), numbers.end(),
                                      [](uint32_t number) { return number <= UINT16_MAX; });
  if (are_narrow) {
    narrow_.assign(numbers.begin(), numbers.end());
  } else {
    wide_.assign(numbers.begin(), numbers.end());
  }
}

ColumnBlock::ColumnBlock(absl::Span<const ColumnRow> rows, std::shared_ptr<ColumnMemory> memory)
    : memory_(std::move(memory)), first_ms_(rows.front().time_ms) {
  offsets_.reserve(rows.size());
  ties_.reserve(rows.size());
  customers_.reserve(rows.size());
  bins_.reserve(rows.size());
  dispositions_.reserve(rows.size());
  std::vector<uint32_t> series;
  series.reserve(rows.size());
  for (const ColumnRow& row : rows) {
    offsets_.push_back(static_cast<uint32_t>(row.time_ms - first_ms_));
    ties_.push_back(row.tie);
    customers_.push_back(row.customer);
    series.push_back(row.series);
    bins_.push_back(row.bin);
    dispositions_.push_back(row.disposition);
  }
  series_ = NarrowNumbers(series);
  bytes_ = BytesOf(rows.size()) - static_cast<int64_t>(rows.size() * sizeof(uint16_t)) +
           static_cast<int64_t>(series_.bytes());
  memory_->Add(bytes_);
}

ColumnBlock::~ColumnBlock() { memory_->Remove(bytes_); }

int64_t ColumnBlock::BytesOf(size_t rows) {
  constexpr size_t kRowBytes = sizeof(uint32_t) + sizeof(uint16_t) + sizeof(uint32_t) +
                               sizeof(uint16_t) + sizeof(uint8_t) + sizeof(uint8_t);
  return static_cast<int64_t>(sizeof(ColumnBlock) + rows * kRowBytes);
}

size_t ColumnBlock::LowerBound(int64_t ms) const {
  if (ms <= first_ms_) {
    return 0;
  }
  if (ms > last_ms()) {
    return size();
  }
  const auto offset = static_cast<uint32_t>(ms - first_ms_);
  return static_cast<size_t>(std::lower_bound(offsets_.begin(), offsets_.end(), offset) -
                             offsets_.begin());
}

ColumnBlock::LabelCodes ColumnBlock::LabelsOf(uint64_t dictionary) const {
  absl::ReaderMutexLock lock(&mutex_);
  for (const auto& [number, codes] : labels_) {
    if (number == dictionary) {
      return codes;
    }
  }
  return nullptr;
}

void ColumnBlock::SetLabels(uint64_t dictionary, absl::Span<const uint32_t> codes) const {
  auto numbers = std::make_unique<NarrowNumbers>(codes);
  const auto bytes = static_cast<int64_t>(numbers->bytes());
  memory_->Add(bytes);
  LabelCodes labels(numbers.release(), [memory = memory_, bytes](const NarrowNumbers* unused) {
    memory->Remove(bytes);
    delete unused;
  });
  absl::MutexLock lock(&mutex_);
  labels_.emplace_back(dictionary, std::move(labels));
}

void ColumnBlock::DropLabels(uint64_t dictionary) const {
  absl::MutexLock lock(&mutex_);
  labels_.erase(std::remove_if(labels_.begin(), labels_.end(),
                               [&](const auto& labels) { return labels.first == dictionary; }),
                labels_.end());
}

}  // namespace emptychair::storage
