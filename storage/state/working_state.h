// State that commands are applied to: the catalog, counters and caches in memory.
#ifndef EMPTYCHAIR_STORAGE_STATE_WORKING_STATE_H_
#define EMPTYCHAIR_STORAGE_STATE_WORKING_STATE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/base/uuid.h"
#include "emptychair/store/v1/value.pb.h"
#include "emptychair/v1/types.pb.h"
#include "storage/engine/engine.h"
#include "storage/format/keyed_hash.h"
#include "storage/read/import_table.h"
#include "storage/read/repeat_effects.h"
#include "storage/read/series_table.h"
#include "storage/read/view.h"
#include "storage/state/activity_cache.h"
#include "storage/state/customer_cache.h"
#include "storage/state/recent_ids.h"
#include "storage/state/working_access.h"
#include "storage/state/working_kinds.h"
#include "storage/state/write_group.h"

namespace emptychair::storage {

// A survey as the committer works on it.
struct WorkingSurvey {
  std::shared_ptr<const store::v1::StoredSurvey> definition;
  std::shared_ptr<SeriesTable> series;
  std::shared_ptr<ImportTable> imports = std::make_shared<ImportTable>();
  // Null while none were measured.
  std::shared_ptr<const RepeatEffects> effects;
  bool has_answers = false;  // Has or had; erased ones and those taken back count.

  SurveySeries all_series() const {
    return {definition.get(), series.get(), static_cast<uint32_t>(series->size())};
  }
  bool is_deleted() const { return definition->delete_time_ms() != 0; }
  int32_t scale_min() const { return definition->scale().min(); }
  int32_t scale_max() const { return definition->scale().max(); }
};

// The state that the next change is applied to. It runs ahead of what is published by the group at
// work and the one on its way to the disk. For one thread.
class WorkingState {
 public:
  // Reads everything but the records. Errors: STORE_DAMAGED.
  static absl::StatusOr<std::unique_ptr<WorkingState>> Load(const Engine& engine);

  const store::v1::StoredIdentity& identity() const { return identity_; }
  const KeyedHash& hash() const { return hash_; }
  store::v1::StoredCounters& counters() { return counters_; }
  // The index of the command that was applied last.
  uint64_t applied_index() const { return counters_.applied_index(); }
  const IdHash& digest() const { return digest_; }
  // Enters a command that was applied.
  void SetApplied(uint64_t index, const IdHash& digest);

  // To be called before a command is applied: its change belongs to this history. 0: to that of the
  // change before.
  void BeginCommand(uint64_t epoch) { command_epoch_ = epoch; }

  // The same of what the command enters into the ledger: under this id, of 16 bytes, and those that
  // count up from it. Any other text: nothing is entered.
  void BeginLedger(absl::string_view first_entry_id);
  // The id of the command's next entry; nothing when it enters none.
  std::optional<Uuid> NextLedgerId();

  // Takes the number of the next change. The first of an epoch puts that into `group`.
  uint64_t NextSequence(WriteGroup& group);

  // Where the stored form of a record is put together; its memory serves for the next.
  store::v1::StoredFeedback& stored_body() { return stored_body_; }

  CustomerCache& customers() { return customers_; }
  ActivityCache& activities() { return activities_; }
  RecentIds& recent_ids() { return recent_ids_; }

  WorkingKinds& kinds() { return kinds_; }
  WorkingAccess& access() { return access_; }

  // Customers whose erasure is not through, and what stays of them.
  const std::map<uint32_t, v1::EraseMode>& erasing() const { return erasing_; }
  void AddErasing(uint32_t customer_ordinal, v1::EraseMode mode);
  void ForgetErasing(uint32_t customer_ordinal);

  // Null when there is none, or when it was deleted.
  WorkingSurvey* FindSurvey(uint32_t survey_number);
  WorkingSurvey* FindSurvey(absl::string_view survey_id);

  // Adds a survey, or gives one a new definition.
  void PutSurvey(store::v1::StoredSurvey definition);

  // Surveys that are deleted but whose data is not purged.
  std::vector<uint32_t> DeletedSurveys() const;
  // Surveys whose answers are not all sliced anew yet.
  std::vector<std::shared_ptr<const store::v1::StoredSurvey>> UnslicedSurveys() const;
  // Null when there is none.
  WorkingSurvey* FindDeletedSurvey(uint32_t survey_number);
  void ForgetSurvey(uint32_t survey_number);
  // Keeps the id of a survey that was deleted.
  void AddFormerSurvey(uint32_t survey_number, const std::string& survey_id);

  // To be called after a change that queries must see in the catalog.
  void MarkCatalogChanged() { catalog_changed_ = true; }

  // Puts the counters into `group`.
  void PutCounters(WriteGroup& group);

  // The state as it is now, without a snapshot. What did not change is the same object as before.
  std::shared_ptr<View> MakeView();

 private:
  // The most that two tables of a million places hold.
  static constexpr size_t kCustomersCached = 1'800'000;
  static constexpr size_t kActivitiesCached = 1'800'000;
  static constexpr size_t kRecentIds = 1'000'000;

  WorkingState(store::v1::StoredIdentity identity, store::v1::StoredCounters counters);

  absl::Status LoadSeriesOf(const SeriesKey& key, absl::string_view value, absl::string_view copy);
  absl::Status LoadEpochs(const Engine& engine);
  absl::Status LoadFormerSurveys(const Engine& engine);
  absl::Status LoadSurveys(const Engine& engine);
  absl::Status LoadErasures(const Engine& engine);
  void PublishErasing();
  absl::Status LoadImports(const Engine& engine);
  absl::Status LoadRepeatEffects(const Engine& engine);
  std::shared_ptr<const Catalog> PublishedCatalog();
  absl::Status LoadNewestAnswers(const Engine& engine);
  absl::Status LoadSeries(const Engine& engine);

  const store::v1::StoredIdentity identity_;
  const KeyedHash hash_;
  store::v1::StoredCounters counters_;
  store::v1::StoredFeedback stored_body_;
  CustomerCache customers_{kCustomersCached};
  ActivityCache activities_{kActivitiesCached};
  RecentIds recent_ids_{kRecentIds};
  absl::flat_hash_map<uint32_t, WorkingSurvey> surveys_;
  absl::flat_hash_map<std::string, uint32_t> numbers_;  // Without those that were deleted.
  WorkingKinds kinds_;
  WorkingAccess access_;
  std::map<uint32_t, v1::EraseMode> erasing_;
  std::shared_ptr<const ErasingCustomers> published_erasing_ =
      std::make_shared<const ErasingCustomers>();
  uint64_t last_customer_erasure_ = 0;
  std::shared_ptr<const Catalog> catalog_;
  bool catalog_changed_ = true;
  std::shared_ptr<const FormerSurveys> former_surveys_ = std::make_shared<const FormerSurveys>();
  std::shared_ptr<const Epochs> epochs_ = std::make_shared<const Epochs>();
  IdHash digest_{};
  uint64_t command_epoch_ = 0;
  std::optional<Uuid> first_ledger_id_;
  uint32_t ledger_entries_of_command_ = 0;
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_STATE_WORKING_STATE_H_
