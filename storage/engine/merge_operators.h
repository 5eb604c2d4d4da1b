// Adds to rows inside RocksDB. Operators are total: one never fails, because a merge that fails
// stops every later compaction.
#ifndef EMPTYCHAIR_STORAGE_ENGINE_MERGE_OPERATORS_H_
#define EMPTYCHAIR_STORAGE_ENGINE_MERGE_OPERATORS_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "rocksdb/merge_operator.h"
#include "storage/format/cube_row.h"

namespace emptychair::storage {

// Adds rows of the cube by appending: whoever reads adds up, and the committer writes a row whole
// before that costs much. Where something is no row, it is counted and the sum is none either:
// damage stays until the cube is rebuilt, and what was added to it is kept for that. Thread-safe.
class CubeMergeOperator final : public rocksdb::MergeOperator {
 public:
  bool FullMergeV2(const MergeOperationInput& in, MergeOperationOutput* out) const override;
  bool PartialMergeMulti(const rocksdb::Slice& key, const std::deque<rocksdb::Slice>& operands,
                         std::string* new_value, rocksdb::Logger* logger) const override;

  // On disk: DO NOT CHANGE.
  const char* Name() const override { return "emptychair.CubeRow"; }

  // How often something was no row, since this object was made.
  int64_t undecodable_count() const { return undecodable_count_.load(std::memory_order_relaxed); }

 private:
  // False, and counted, for what is no row; of that, what was added to it is appended.
  bool Append(const rocksdb::Slice& row, std::string& sum) const;

  mutable std::atomic<int64_t> undecodable_count_{0};
};

// Carries out changes of sets of customers. What does not decode counts as empty or as no change,
// and is counted; a check finds what is missing then. Thread-safe.
class CustomerSetMergeOperator final : public rocksdb::MergeOperator {
 public:
  bool FullMergeV2(const MergeOperationInput& in, MergeOperationOutput* out) const override;
  bool PartialMergeMulti(const rocksdb::Slice& key, const std::deque<rocksdb::Slice>& operands,
                         std::string* new_value, rocksdb::Logger* logger) const override;

  // On disk: DO NOT CHANGE.
  const char* Name() const override { return "emptychair.CustomerSet"; }

  // How often something was no row or no change, since this object was made.
  int64_t undecodable_count() const { return undecodable_count_.load(std::memory_order_relaxed); }

 private:
  mutable std::atomic<int64_t> undecodable_count_{0};
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_ENGINE_MERGE_OPERATORS_H_
