// Records of a writer, serialized one behind the other as they are sent.
#ifndef EMPTYCHAIR_CLIENT_WRITER_RECORD_BATCH_H_
#define EMPTYCHAIR_CLIENT_WRITER_RECORD_BATCH_H_

#include <any>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace emptychair {

// What a writer keeps of a record beside its bytes.
struct RecordInfo {
  // Counted from 0 in a writer, or in its spool: ascending in the order of Add.
  uint64_t number = 0;
  // When it came, on the writer's clock.
  absl::Duration added;
  // Its time is that of this machine's clock.
  bool has_time_of_clock = false;
  std::any context;
};

// Not thread-safe.
class RecordBatch {
 public:
  // The bytes that a record takes in a batch.
  static size_t EncodedSize(size_t serialized_size);

  bool empty() const { return first_ == records_.size(); }
  size_t size() const { return records_.size() - first_; }
  // Of the records that are left, as EncodedSize has them.
  size_t bytes() const { return records_.empty() ? 0 : records_.back().end - BeginOf(first_); }

  // `i` counts from the first that is left.
  const RecordInfo& info(size_t i) const { return records_[first_ + i].info; }
  RecordInfo& info(size_t i) { return records_[first_ + i].info; }
  // What the record was serialized to, out of `bytes`, which are those of the batch.
  absl::string_view Serialized(size_t i, absl::string_view bytes) const;
  absl::string_view Serialized(size_t i) const { return Serialized(i, bytes_); }

  void Add(RecordInfo info, absl::string_view serialized);
  // Forgets the first that is left.
  void RemoveFirst() { ++first_; }
  // Moves the first that is left to the end of `other`.
  void MoveFirstTo(RecordBatch& other);
  // Moves the second half of two records or more out.
  RecordBatch TakeSecondHalf();

  // Room for as many more bytes; no more than that for what is there.
  void Reserve(size_t bytes) { bytes_.reserve(bytes); }
  void ReturnSpareMemory();

  // The bytes for a while; the records' own begin at `begin`. Until they are put back there is
  // nothing but the infos.
  std::string TakeBytes() { return std::move(bytes_); }
  void PutBytes(std::string bytes) { bytes_ = std::move(bytes); }
  size_t begin() const { return BeginOf(first_); }

  // How often it was sent.
  int attempts = 0;

 private:
  struct Record {
    RecordInfo info;
    size_t end = 0;  // Where its bytes end.
  };

  size_t BeginOf(size_t index) const { return index == 0 ? 0 : records_[index - 1].end; }

  std::string bytes_;
  std::vector<Record> records_;
  size_t first_ = 0;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_CLIENT_WRITER_RECORD_BATCH_H_
