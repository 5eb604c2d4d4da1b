#include "storage/cube_merge_operator.h"

#include <optional>
#include <utility>

namespace emptychair::storage {
namespace {

absl::string_view View(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

}  // namespace

void CubeMergeOperator::Gather(const rocksdb::Slice& operand, CubeCounts& sum) const {
  if (std::optional<CubeCounts> counts = DecodeCubeRow(View(operand))) {
    sum.insert(sum.end(), counts->begin(), counts->end());
  } else {
    undecodable_count_.fetch_add(1, std::memory_order_relaxed);
  }
}

bool CubeMergeOperator::FullMergeV2(const MergeOperationInput& in,
                                    MergeOperationOutput* out) const {
  CubeCounts added;
  for (const rocksdb::Slice& operand : in.operand_list) {
    Gather(operand, added);
  }
  Normalize(added);
  // Assigned, not appended to: under iterators it comes in with old bytes.
  if (in.existing_value == nullptr) {
    out->new_value = EncodeCubeRow(added);
  } else if (std::optional<std::string> row = AddToCubeRow(View(*in.existing_value), added)) {
    out->new_value = *std::move(row);
  } else {
    undecodable_count_.fetch_add(1, std::memory_order_relaxed);
    out->new_value = EncodeCubeRow(added);
  }
  return true;
}

bool CubeMergeOperator::PartialMergeMulti(const rocksdb::Slice& key,
                                          const std::deque<rocksdb::Slice>& operands,
                                          std::string* new_value, rocksdb::Logger* logger) const {
  CubeCounts sum;
  for (const rocksdb::Slice& operand : operands) {
    Gather(operand, sum);
  }
  Normalize(sum);
  *new_value = EncodeCubeRow(sum);
  return true;
}

}  // namespace emptychair::storage
