// Columns of surveys in memory, kept as queries need them.
#ifndef EMPTYCHAIR_STORAGE_COLUMNS_COLUMN_CACHE_H_
#define EMPTYCHAIR_STORAGE_COLUMNS_COLUMN_CACHE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "storage/columns/column_block.h"
#include "storage/columns/column_row.h"
#include "storage/columns/column_scan.h"
#include "storage/columns/label_column.h"
#include "storage/columns/survey_columns.h"
#include "storage/engine/engine.h"
#include "storage/read/view.h"

namespace emptychair::storage {

// What the cache holds.
struct ColumnStats {
  int64_t bytes = 0;
  int64_t most_bytes = 0;  // Since the start.
  int64_t bytes_max = 0;
  int64_t records = 0;
  int64_t surveys = 0;
};

// Answers a survey's columns at a view. They are made from the records when a query first needs
// them; from then on the writing thread leaves each group's changes here, and the next query
// applies those up to its view. So a group costs the writing thread nothing but a pointer, and a
// view and its columns are one state, whichever came later. A view that is a little older than the
// columns gets a copy with the changes taken back.
//
// Columns go when there is no room for others, least recently used first; when so many changes
// came, without a query, that to make them anew costs no more; and with their survey. Thread-safe.
class ColumnCache {
 public:
  struct Options {
    // Bytes of all columns and changes; 0: none are kept.
    int64_t bytes_max = int64_t{256} << 20;
    // Called when a survey's columns begin to be made, of the newest view; may be null.
    std::function<void()> on_build;
  };

  // `engine` must outlive the cache.
  ColumnCache(const Engine& engine, const Options& options);

  // Takes the changes that lead to `view`; to be called before anybody else gets that view, by one
  // thread at a time. The first view has none.
  void Publish(std::shared_ptr<const View> view, const ColumnChanges& changes)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // The survey's columns at the view, which are made when there are none. `share` says how much of
  // the survey the query is about, from 0 to 1: columns are only made once queries add up to a
  // part that is worth it. Null when records have to be read: so for little, for a view that is too
  // old, or without room.
  std::shared_ptr<const SurveyColumns> Get(const View& view, const SurveyView& survey, double share)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // The same, but null when there are none yet.
  std::shared_ptr<const SurveyColumns> Find(const View& view, const SurveyView& survey)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // The labels of `key` beside `blocks` of columns that Get answered for this view. Null when
  // records have to be read.
  std::shared_ptr<const LabelColumn> GetLabels(const View& view, const SurveyView& survey,
                                               const SurveyColumns& columns,
                                               const SurveyColumns::BlockRange& blocks,
                                               const std::string& key) ABSL_LOCKS_EXCLUDED(mutex_);

  // Drops a survey's columns, or all.
  void Drop(uint32_t survey_number) ABSL_LOCKS_EXCLUDED(mutex_);
  void DropAll() ABSL_LOCKS_EXCLUDED(mutex_);

  ColumnStats stats() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct LoggedChanges {
    uint64_t state = 0;
    std::shared_ptr<const ColumnChanges::Changes> changes;
  };

  struct LabelEntry {
    std::shared_ptr<LabelDictionary> dictionary;
    uint64_t last_used = 0;
  };

  // The columns of a survey.
  struct Entry {
    std::shared_ptr<const SurveyColumns> columns;  // Null while they are made.
    bool is_busy = false;                          // A thread makes them, or brings them forward.
    uint64_t last_used = 0;
    // Changes of the states after `log_begin`.
    uint64_t log_begin = 0;
    std::deque<LoggedChanges> log;
    size_t log_changes = 0;
    std::map<std::string, LabelEntry, std::less<>> labels;
  };
  using EntryPtr = std::shared_ptr<Entry>;

  std::shared_ptr<const SurveyColumns> GetExisting(uint64_t state, const std::string& survey_id,
                                                   uint32_t number, const EntryPtr& entry)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void MakeEntry(const std::string& survey_id, uint32_t number, const EntryPtr& entry)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // A part of the columns that are being made; not whole where there was no room, or damage.
  struct Part {
    explicit Part(const std::shared_ptr<ColumnMemory>& memory) : builder(memory) {}

    ColumnsBuilder builder;
    std::vector<int64_t> damaged_ms;
    bool is_whole = true;
  };

  std::shared_ptr<const SurveyColumns> Make(const View& view, const SurveyView& survey)
      ABSL_LOCKS_EXCLUDED(mutex_);
  void ReadPart(const View& view, const SurveyView& survey, const RowPlace& begin,
                const std::optional<RowPlace>& end, Part& part) ABSL_LOCKS_EXCLUDED(mutex_);
  std::shared_ptr<const SurveyColumns> BringForward(uint64_t state, const std::string& survey_id,
                                                    uint32_t number, const EntryPtr& entry)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::shared_ptr<const SurveyColumns> TakeBack(uint64_t state, uint32_t number, const Entry& entry)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool IsWorthIt(uint32_t survey_number, double share) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Log(uint64_t state, std::shared_ptr<const ColumnChanges::Changes> changes, Entry& entry)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void PopLog(Entry& entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ForgetOldChanges(Entry& entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Remove(uint32_t survey_number) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool IsKept(uint32_t survey_number, const EntryPtr& entry) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool MakeRoomFor(int64_t bytes, uint32_t survey_number) ABSL_LOCKS_EXCLUDED(mutex_);
  bool MakeRoomLocked(int64_t bytes, uint32_t survey_number) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool RemoveLeastUsed(uint32_t but_survey_number) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Engine& engine_;
  const Options options_;
  const std::shared_ptr<ColumnMemory> memory_ = std::make_shared<ColumnMemory>();

  mutable absl::Mutex mutex_;
  std::shared_ptr<const View> newest_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<uint32_t, EntryPtr> entries_ ABSL_GUARDED_BY(mutex_);
  // Of surveys without columns, the shares that were asked for.
  absl::flat_hash_map<uint32_t, double> asked_ ABSL_GUARDED_BY(mutex_);
  uint64_t uses_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t dictionaries_ ABSL_GUARDED_BY(mutex_) = 0;
};

// The state of the store that a view is of.
inline uint64_t StateOf(const View& view) { return view.counters.applied_index(); }

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_COLUMNS_COLUMN_CACHE_H_
