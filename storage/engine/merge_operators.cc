#include "storage/engine/merge_operators.h"

#include <vector>

#include "storage/format/customer_set.h"

namespace emptychair::storage {
namespace {

absl::string_view View(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

}  // namespace

bool CubeMergeOperator::FullMergeV2(const MergeOperationInput& in,
                                    MergeOperationOutput* out) const {
  // Under iterators it comes in with old bytes.
  out->new_value.clear();
  bool is_row = in.existing_value == nullptr || Append(*in.existing_value, out->new_value);
  for (const rocksdb::Slice& operand : in.operand_list) {
    is_row &= Append(operand, out->new_value);
  }
  if (!is_row) {
    MarkDamaged(out->new_value);
  }
  return true;
}

bool CubeMergeOperator::PartialMergeMulti(const rocksdb::Slice& key,
                                          const std::deque<rocksdb::Slice>& operands,
                                          std::string* new_value, rocksdb::Logger* logger) const {
  new_value->clear();
  bool is_row = true;
  for (const rocksdb::Slice& operand : operands) {
    is_row &= Append(operand, *new_value);
  }
  if (!is_row) {
    MarkDamaged(*new_value);
  }
  return true;
}

bool CubeMergeOperator::Append(const rocksdb::Slice& row, std::string& sum) const {
  if (AppendCubeRow(View(row), sum)) {
    return true;
  }
  undecodable_count_.fetch_add(1, std::memory_order_relaxed);
  AppendCubeRow(RowAddedToDamage(View(row)), sum);
  return false;
}

bool CustomerSetMergeOperator::FullMergeV2(const MergeOperationInput& in,
                                           MergeOperationOutput* out) const {
  CustomerSetRow row;
  int64_t undecodable = 0;
  if (in.existing_value != nullptr && !row.Read(View(*in.existing_value))) {
    ++undecodable;
  }
  for (const rocksdb::Slice& operand : in.operand_list) {
    undecodable += row.Apply(View(operand)) ? 0 : 1;
  }
  undecodable_count_.fetch_add(undecodable, std::memory_order_relaxed);
  out->new_value = row.Encode();
  return true;
}

bool CustomerSetMergeOperator::PartialMergeMulti(const rocksdb::Slice& key,
                                                 const std::deque<rocksdb::Slice>& operands,
                                                 std::string* new_value,
                                                 rocksdb::Logger* logger) const {
  std::vector<absl::string_view> changes;
  changes.reserve(operands.size());
  for (const rocksdb::Slice& operand : operands) {
    changes.push_back(View(operand));
  }
  int64_t undecodable = 0;
  *new_value = CombineSetChanges(changes, &undecodable);
  undecodable_count_.fetch_add(undecodable, std::memory_order_relaxed);
  return true;
}

}  // namespace emptychair::storage
