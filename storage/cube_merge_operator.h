// Adds rows of the cube inside RocksDB.
#ifndef EMPTYCHAIR_STORAGE_CUBE_MERGE_OPERATOR_H_
#define EMPTYCHAIR_STORAGE_CUBE_MERGE_OPERATOR_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "rocksdb/merge_operator.h"
#include "storage/cube_row.h"

namespace emptychair::storage {

// Total: it never fails, because a merge that fails stops every later compaction. What cannot be
// decoded is left out of the sum and counted. Thread-safe.
class CubeMergeOperator final : public rocksdb::MergeOperator {
 public:
  bool FullMergeV2(const MergeOperationInput& in, MergeOperationOutput* out) const override;
  bool PartialMergeMulti(const rocksdb::Slice& key, const std::deque<rocksdb::Slice>& operands,
                         std::string* new_value, rocksdb::Logger* logger) const override;

  // On disk: DO NOT CHANGE.
  const char* Name() const override { return "emptychair.CubeRow"; }

  // Rows and operands that could not be decoded since this object was made.
  int64_t undecodable_count() const { return undecodable_count_.load(std::memory_order_relaxed); }

 private:
  // Adds the counts of `operand` to the end of `sum`.
  void Gather(const rocksdb::Slice& operand, CubeCounts& sum) const;

  mutable std::atomic<int64_t> undecodable_count_{0};
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_CUBE_MERGE_OPERATOR_H_
