#include "storage/cube_merge_operator.h"

#include "storage/cube_row.h"

namespace emptychair::storage {
namespace {

absl::string_view View(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

// Sums rows as they come; operands are small beside the row they are added to.
class Sum {
 public:
  explicit Sum(std::atomic<int64_t>& undecodable_count) : undecodable_count_(undecodable_count) {}

  void Base(const rocksdb::Slice& row) {
    if (auto counts = Decode(row)) {
      base_ = *std::move(counts);
    }
  }

  void Operand(const rocksdb::Slice& row) {
    if (auto counts = Decode(row)) {
      added_.insert(added_.end(), counts->begin(), counts->end());
    }
  }

  std::string Encode() {
    Normalize(added_);
    return EncodeCubeRow(Add(base_, added_));
  }

 private:
  std::optional<CubeCounts> Decode(const rocksdb::Slice& row) {
    auto counts = DecodeCubeRow(View(row));
    if (!counts.has_value()) {
      undecodable_count_.fetch_add(1, std::memory_order_relaxed);
    }
    return counts;
  }

  std::atomic<int64_t>& undecodable_count_;
  CubeCounts base_;
  CubeCounts added_;
};

}  // namespace

bool CubeMergeOperator::FullMergeV2(const MergeOperationInput& in,
                                    MergeOperationOutput* out) const {
  Sum sum(undecodable_count_);
  if (in.existing_value != nullptr) {
    sum.Base(*in.existing_value);
  }
  for (const rocksdb::Slice& operand : in.operand_list) {
    sum.Operand(operand);
  }
  // Assigned, not appended to: under iterators it comes in with old bytes.
  out->new_value = sum.Encode();
  return true;
}

bool CubeMergeOperator::PartialMergeMulti(const rocksdb::Slice& key,
                                          const std::deque<rocksdb::Slice>& operands,
                                          std::string* new_value, rocksdb::Logger* logger) const {
  Sum sum(undecodable_count_);
  for (const rocksdb::Slice& operand : operands) {
    sum.Operand(operand);
  }
  *new_value = sum.Encode();
  return true;
}

}  // namespace emptychair::storage
