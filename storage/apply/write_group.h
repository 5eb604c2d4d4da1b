// A group of changes that is written at once.
#ifndef EMPTYCHAIR_STORAGE_APPLY_WRITE_GROUP_H_
#define EMPTYCHAIR_STORAGE_APPLY_WRITE_GROUP_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rocksdb/write_batch.h"
#include "storage/apply/pending_entries.h"
#include "storage/columns/column_row.h"
#include "storage/cube/cube_fold.h"
#include "storage/engine/engine.h"
#include "storage/format/changes.h"
#include "storage/format/values.h"

namespace emptychair::storage {

// What each row of the cube has gathered since it was last written whole. Bounds what reading a row
// costs over what its counts need. For one thread.
class CubeRowAges {
 public:
  // Whether an operand of `bytes` may be added to the row; else the row must be written whole. Rows
  // that it knows nothing of, such as all after a start, are written whole once.
  bool TakesOperand(const CubeRowKey& key, size_t bytes);

  // To be called when the row was written whole, or cannot be.
  void SetWhole(const CubeRowKey& key, size_t row_bytes);

 private:
  struct Age {
    uint32_t row_bytes = 0;
    uint32_t operand_bytes = 0;
    uint32_t operands = 0;
  };

  // A row is written whole in the place of so many operands ...
  static constexpr uint32_t kOperandsMax = 64;
  // ... and when they have this share of its bytes. A reader decodes operands apart, so that many
  // large ones, as batches make them, would cost far more than the row.
  static constexpr uint32_t kOperandShare = 8;
  // But so many bytes cost no reader anything.
  static constexpr uint32_t kOperandBytesMin = 1024;
  // Rows known at once; past it all are forgotten, which costs each a whole write.
  static constexpr size_t kRowsMax = 200'000;

  absl::flat_hash_map<CubeRowKey, Age> ages_;
};

// One atomic write in the making: what is put is read back by later changes of the same group, and
// reaches the database with Commit, all of it or nothing. For one thread at a time.
class WriteGroup {
 public:
  // `in_flight` are the entries of the group before, which may not be stored yet; null: there is
  // none.
  explicit WriteGroup(const Engine& engine,
                      std::shared_ptr<const PendingEntries> in_flight = nullptr);

  // Reads what this group has put, else the group before, else what is stored; false when there is
  // none, or when the last of them has deleted it.
  absl::StatusOr<bool> Get(Family family, absl::string_view key, std::string* value) const;
  void Put(Family family, absl::string_view key, absl::string_view value);
  void Delete(Family family, absl::string_view key) { entries_->Delete(family, key); }

  // What the group after this one must see. Not to be read while this one still changes.
  std::shared_ptr<const PendingEntries> entries() const { return entries_; }

  // Lists the first `entries_max` entries, in order of their keys, whose key starts with `prefix`
  // and is not below `start`: as this group, else the one before, else the store has them, so that
  // the answer does not depend on where groups end. Rows of the cube are not seen before they are
  // stored.
  struct Entry {
    std::string key;
    std::string value;
  };
  absl::StatusOr<std::vector<Entry>> List(Family family, absl::string_view prefix,
                                          absl::string_view start, size_t entries_max) const;

  CubeFold& cube() { return cube_; }

  // What changes in the columns that queries count from; not stored.
  ColumnChanges& columns() { return columns_; }
  const ColumnChanges& columns() const { return columns_; }

  // Deletes all rows of the cube and of columns that the survey has. The cube's go by their range:
  // which rows there are depends on where groups end, because what cancels within one is not
  // written.
  void DropCounts(uint32_t survey_number);

  // Ends the entry of the change log that the command before has begun: entries are of one command
  // each, wherever groups end.
  void BeginCommand() { command_starts_.push_back(changes_.size()); }

  // Appends a change to the change log. `sequence` is one more than that of the one before.
  void AppendChange(uint64_t sequence, const ChangeLogEntry& change);

  // Adds `added` to a row of the cube, and writes the row whole, in the place of stored bytes that
  // do not decode.
  void CorrectRow(const CubeRowKey& row, const CubeCounts& added);

  bool empty() const;

  // Writes the group with its cube rows, and with `sync` syncs it to disk. On an error nothing of
  // the group may be acknowledged.
  absl::Status Commit(CubeRowAges& ages, bool sync);

 private:
  using Changed = std::map<std::string, std::optional<absl::string_view>>;

  Changed ChangedFrom(Family family, absl::string_view prefix, absl::string_view from) const;
  rocksdb::Status WriteChanges(rocksdb::WriteBatch& batch) const;
  rocksdb::Status WriteChanges(size_t begin, size_t end, rocksdb::WriteBatch& batch) const;
  absl::Status WriteCube(CubeRowAges& ages, rocksdb::WriteBatch& batch);
  absl::Status WriteRow(const CubeRowKey& key, const CubeCounts& added, CubeRowAges& ages,
                        rocksdb::WriteBatch& batch);

  const Engine& engine_;
  const std::shared_ptr<PendingEntries> entries_ = std::make_shared<PendingEntries>();
  const std::shared_ptr<const PendingEntries> in_flight_;
  uint64_t first_sequence_ = 0;
  std::vector<ChangeLogEntry> changes_;
  std::vector<size_t> command_starts_;  // In `changes_`.
  CubeFold cube_;
  ColumnChanges columns_;
  absl::flat_hash_set<CubeRowKey> corrected_rows_;
  std::vector<uint32_t> dropped_surveys_;
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_APPLY_WRITE_GROUP_H_
