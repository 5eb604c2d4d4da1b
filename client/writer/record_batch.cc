#include "client/writer/record_batch.h"

#include <utility>

namespace emptychair {
namespace {

// The tag of StreamFeedbackRequest's field `feedback`: number 2, with a length.
constexpr char kTag = 2 << 3 | 2;

size_t VarintSize(size_t value) {
  size_t size = 1;
  while (value >= 0x80) {
    value >>= 7;
    ++size;
  }
  return size;
}

// Of tag and length.
size_t HeadSize(size_t serialized_size) { return 1 + VarintSize(serialized_size); }

}  // namespace

size_t RecordBatch::EncodedSize(size_t serialized_size) {
  return HeadSize(serialized_size) + serialized_size;
}

absl::string_view RecordBatch::Serialized(size_t i, absl::string_view bytes) const {
  const size_t begin = BeginOf(first_ + i);
  const size_t size = records_[first_ + i].end - begin;
  size_t head = 2;
  while (head + (size_t{1} << (7 * (head - 1))) <= size) {
    ++head;
  }
  return bytes.substr(begin + head, size - head);
}

void RecordBatch::Add(RecordInfo info, absl::string_view serialized) {
  bytes_.push_back(kTag);
  size_t left = serialized.size();
  for (; left >= 0x80; left >>= 7) {
    bytes_.push_back(static_cast<char>(left | 0x80));
  }
  bytes_.push_back(static_cast<char>(left));
  bytes_.append(serialized.data(), serialized.size());
  records_.push_back({std::move(info), bytes_.size()});
}

void RecordBatch::MoveFirstTo(RecordBatch& other) {
  other.Add(std::move(records_[first_].info), Serialized(0));
  RemoveFirst();
}

RecordBatch RecordBatch::TakeSecondHalf() {
  RecordBatch half;
  half.attempts = attempts;
  const size_t middle = first_ + (size() + 1) / 2;
  const size_t begin = BeginOf(middle);
  half.bytes_ = bytes_.substr(begin);
  bytes_.resize(begin);
  for (size_t i = middle; i < records_.size(); ++i) {
    half.records_.push_back({std::move(records_[i].info), records_[i].end - begin});
  }
  records_.resize(middle);
  return half;
}

void RecordBatch::ReturnSpareMemory() {
  if (bytes_.capacity() > bytes_.size() + bytes_.size() / 4) {
    bytes_.shrink_to_fit();
  }
  if (records_.capacity() > records_.size() + records_.size() / 4) {
    records_.shrink_to_fit();
  }
}

}  // namespace emptychair
