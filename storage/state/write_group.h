// A group of changes that is written at once.
#ifndef EMPTYCHAIR_STORAGE_STATE_WRITE_GROUP_H_
#define EMPTYCHAIR_STORAGE_STATE_WRITE_GROUP_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rocksdb/write_batch.h"
#include "storage/columns/column_row.h"
#include "storage/cube/cube_fold.h"
#include "storage/engine/engine.h"
#include "storage/format/changes.h"
#include "storage/format/values.h"
#include "storage/state/customer_set_fold.h"
#include "storage/state/pending_entries.h"
#include "storage/state/row_ages.h"

namespace emptychair::storage {

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

  // Visits all such entries until the visit answers false. Reads one at first, then some at once:
  // the first is almost always enough.
  using OnEntry = absl::FunctionRef<bool(const Entry&)>;
  absl::Status Visit(Family family, absl::string_view prefix, absl::string_view start,
                     OnEntry on_entry) const;

  // The same from the last entry before `end` on backwards.
  absl::Status VisitBack(Family family, absl::string_view prefix, absl::string_view end,
                         OnEntry on_entry) const;

  CubeFold& cube() { return cube_; }

  // Changes of sets of customers. Nobody reads them back before they are stored: what a set has
  // follows from `activity_by_customer`, which this group and the one before tell.
  CustomerSetFold& sets() { return sets_; }

  // Writes a row of a set whole, in the place of stored bytes that do not decode.
  void RewriteSet(const CustomerSetKey& row) { rewritten_sets_.insert(row); }

  // Deletes all rows of sets that the kind has.
  void DropSets(uint32_t kind_number);

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
  absl::Status Commit(MergedRowAges& ages, bool sync);

 private:
  using Changed = std::map<std::string, std::optional<absl::string_view>>;

  Changed ChangedFrom(Family family, absl::string_view prefix, absl::string_view from,
                      size_t entries_max) const;
  Changed ChangedBefore(Family family, absl::string_view prefix, absl::string_view end,
                        size_t entries_max) const;
  template <typename ListIn>
  Changed CollectChanged(Family family, absl::string_view prefix, size_t entries_max,
                         ListIn list_in) const;
  absl::StatusOr<std::vector<Entry>> ListBack(Family family, absl::string_view prefix,
                                              absl::string_view end, size_t entries_max) const;
  rocksdb::Status WriteChanges(rocksdb::WriteBatch& batch) const;
  rocksdb::Status WriteChanges(size_t begin, size_t end, rocksdb::WriteBatch& batch) const;
  absl::Status WriteCube(RowAges& ages, rocksdb::WriteBatch& batch);
  absl::Status WriteSets(RowAges& ages, rocksdb::WriteBatch& batch);
  absl::Status WriteSet(const CustomerSetKey& key, absl::Span<const SetMemberChange> changes,
                        RowAges& ages, rocksdb::WriteBatch& batch);
  absl::Status WriteRow(const CubeRowKey& key, const CubeCounts& added, RowAges& ages,
                        rocksdb::WriteBatch& batch);

  const Engine& engine_;
  const std::shared_ptr<PendingEntries> entries_ = std::make_shared<PendingEntries>();
  const std::shared_ptr<const PendingEntries> in_flight_;
  uint64_t first_sequence_ = 0;
  std::vector<ChangeLogEntry> changes_;
  std::vector<size_t> command_starts_;  // In `changes_`.
  CubeFold cube_;
  ColumnChanges columns_;
  CustomerSetFold sets_;
  absl::flat_hash_set<CustomerSetKey> rewritten_sets_;
  std::vector<uint32_t> dropped_kinds_;
  absl::flat_hash_set<CubeRowKey> corrected_rows_;
  std::vector<uint32_t> dropped_surveys_;
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_STATE_WRITE_GROUP_H_
