// Labels beside the rows of a survey's columns.
#ifndef EMPTYCHAIR_STORAGE_COLUMNS_LABEL_COLUMN_H_
#define EMPTYCHAIR_STORAGE_COLUMNS_LABEL_COLUMN_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "storage/columns/column_block.h"
#include "storage/columns/survey_columns.h"
#include "storage/engine/engine.h"
#include "storage/read/append_only.h"
#include "storage/read/view.h"

namespace emptychair::storage {

// Says whether so many bytes more may be taken.
using MakeRoom = absl::FunctionRef<bool(int64_t bytes)>;

// Numbers the values that one label has in a survey's records. Thread-safe.
class LabelDictionary {
 public:
  // Of a record without the label.
  static constexpr uint32_t kNoLabel = 0;
  // A label with more values is no column.
  static constexpr size_t kValuesMax = 1'000'000;

  // `number` tells it from all others.
  LabelDictionary(uint64_t number, std::string key, std::shared_ptr<ColumnMemory> memory);
  ~LabelDictionary();

  uint64_t number() const { return number_; }

  // The text of a code below a size that Fill has answered.
  const std::string& TextOf(uint32_t code) const { return texts_[code]; }

  // Puts codes beside the rows of `blocks` that have none yet, from the records at the view, which
  // `columns` are of. The number of codes so far; 0 when there is no room, or when the records are
  // not the rows. One thread at a time reads records, others wait for it.
  size_t Fill(const Engine& engine, const View& view, const SurveyView& survey,
              const SurveyColumns& columns, const SurveyColumns::BlockRange& blocks,
              MakeRoom make_room);

 private:
  bool FillBlock(const Engine& engine, const View& view, const SurveyView& survey,
                 const SurveyColumns& columns, size_t block, MakeRoom make_room)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  uint32_t CodeOf(absl::string_view value) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const uint64_t number_;
  const std::string key_;
  const std::shared_ptr<ColumnMemory> memory_;
  AppendOnly<std::string> texts_;  // Appended to under the mutex.

  absl::Mutex mutex_;
  absl::flat_hash_map<std::string, uint32_t> codes_ ABSL_GUARDED_BY(mutex_);
  int64_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

// The labels of one key beside a survey's columns, for one query.
struct LabelColumn {
  std::shared_ptr<const LabelDictionary> dictionary;
  size_t code_count = 0;
  std::vector<ColumnBlock::LabelCodes> codes;  // By block; of those that were asked for.
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_COLUMNS_LABEL_COLUMN_H_
