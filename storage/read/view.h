// Snapshot that queries read: one point in the store's history.
#ifndef EMPTYCHAIR_STORAGE_READ_VIEW_H_
#define EMPTYCHAIR_STORAGE_READ_VIEW_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "emptychair/store/v1/value.pb.h"
#include "storage/read/access_table.h"
#include "storage/read/activity_kinds.h"
#include "storage/read/epochs.h"
#include "storage/read/erasing_customers.h"
#include "storage/read/import_table.h"
#include "storage/read/record_labels.h"
#include "storage/read/repeat_effects.h"
#include "storage/read/series_table.h"

namespace rocksdb {
class DB;
class Snapshot;
}  // namespace rocksdb

namespace emptychair::storage {

// A survey at one point in the store's history. Immutable.
struct SurveyView {
  std::shared_ptr<const store::v1::StoredSurvey> definition;
  std::shared_ptr<const SeriesTable> series;
  // Series below this number are in the view.
  uint32_t series_count = 0;
  std::shared_ptr<const ImportTable> imports = std::make_shared<const ImportTable>();
  // Null while none were measured.
  std::shared_ptr<const RepeatEffects> effects;

  uint32_t number() const { return definition->survey_number(); }

  SurveySeries all_series() const { return {definition.get(), series.get(), series_count}; }

  // Position of the dimension, or nothing for a label that is none.
  std::optional<size_t> DimensionOf(absl::string_view key) const;

  // The same for a dimension whose value the series of each answer tells, but for those that are
  // `(other)`. Not so of a retired one, and of one that answers are still sliced by anew: there
  // only a record's labels tell.
  std::optional<size_t> SlicedDimensionOf(absl::string_view key) const;

  // The series past `max_series` are counted together.
  bool IsFull() const { return series_count > definition->max_series(); }
};

// Surveys by id. Immutable once published.
using Catalog = std::map<std::string, std::shared_ptr<const SurveyView>, std::less<>>;

// The ids that deleted surveys had, by number.
using FormerSurveys = absl::flat_hash_map<uint32_t, std::string>;

// A RocksDB snapshot that is released with its last user.
class Snapshot {
 public:
  explicit Snapshot(rocksdb::DB* db);
  ~Snapshot();
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

  const rocksdb::Snapshot* get() const { return snapshot_; }

 private:
  rocksdb::DB* const db_;
  const rocksdb::Snapshot* const snapshot_;
};

// One published state: everything up to `counters.sequence()` and nothing after. Immutable and
// shared by all queries that began with it; must not outlive the store.
struct View {
  store::v1::StoredCounters counters;
  std::shared_ptr<const Catalog> catalog;
  std::shared_ptr<const ActivityKinds> kinds;
  std::shared_ptr<const AccessTable> access;
  std::shared_ptr<const FormerSurveys> former_surveys;
  std::shared_ptr<const Epochs> epochs;
  // Left out of every list, scan and set.
  std::shared_ptr<const ErasingCustomers> erasing = std::make_shared<const ErasingCustomers>();
  // The change that erased a customer last; 0: none since the store was opened.
  uint64_t last_customer_erasure = 0;
  std::shared_ptr<const Snapshot> snapshot;

  // Null when there is no such survey.
  const SurveyView* FindSurvey(absl::string_view survey_id) const;

  // Null when there is no such kind.
  const ActivityKindView* FindKind(absl::string_view kind) const;
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_READ_VIEW_H_
