// Progress, scans and catalog that the long tasks on a store share.
#ifndef EMPTYCHAIR_STORAGE_CHECK_MAINTENANCE_H_
#define EMPTYCHAIR_STORAGE_CHECK_MAINTENANCE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "emptychair/store/v1/value.pb.h"
#include "storage/engine/engine.h"
#include "storage/format/activities.h"
#include "storage/format/keys.h"
#include "storage/format/values.h"
#include "storage/read/view.h"
#include "storage/state/command.h"

namespace emptychair::storage {

// Progress of a task.
struct TaskProgress {
  std::string part;       // What it works on, for people, for example "records".
  std::string survey_id;  // The survey whose records it reads; empty: it reads no records now.
  int64_t records = 0;    // Read so far.
  int64_t done = 0;       // Steps of the whole task.
  int64_t total = 0;      // An estimate; never below `done`.
};

// Called often, on the task's thread. An error ends the task with that error.
using OnProgress = absl::FunctionRef<absl::Status(const TaskProgress&)>;

// Counts the steps of a task and reports them at every new part and every few thousand steps. Not
// thread-safe.
class TaskSteps {
 public:
  TaskSteps(int64_t total, OnProgress on_progress) : total_(total), on_progress_(on_progress) {}

  // Errors: those of `on_progress`.
  absl::Status Begin(absl::string_view part, absl::string_view survey_id = "");
  absl::Status Step();
  absl::Status StepRecord();

  int64_t records() const { return progress_.records; }

 private:
  absl::Status Tell();

  const int64_t total_;
  const OnProgress on_progress_;
  TaskProgress progress_;
};

// Carries out one command and waits for it.
using CarryOut = absl::FunctionRef<absl::Status(ConstCommandPtr command)>;

// Reads the entries of a family in [first, past) once, in the order of their keys, past the block
// cache. An empty `past`: to the end. Not thread-safe; engine and view must outlive it.
class RangeIterator {
 public:
  RangeIterator(const Engine& engine, const View& view, Family family, std::string first,
                std::string past);
  RangeIterator(const RangeIterator&) = delete;
  RangeIterator& operator=(const RangeIterator&) = delete;

  rocksdb::Iterator* operator->() { return it_.get(); }
  rocksdb::Iterator& operator*() { return *it_; }

 private:
  const std::string first_;
  const std::string past_;
  const rocksdb::Slice lower_bound_;
  const rocksdb::Slice upper_bound_;
  std::unique_ptr<rocksdb::Iterator> it_;
};

// Gets an entry of the store.
using OnEntry = absl::FunctionRef<absl::Status(absl::string_view key, absl::string_view value)>;

// Visits all entries of a family at a view in the order of their keys, past the block cache.
// Errors: those of `on_entry`, STORE_DAMAGED for tables that cannot be read.
absl::Status ScanFamily(const Engine& engine, const View& view, Family family, OnEntry on_entry);

// The same for the records of one survey, and for the activities of one kind.
absl::Status ScanRecords(const Engine& engine, const View& view, uint32_t survey_number,
                         OnEntry on_entry);
absl::Status ScanActivities(const Engine& engine, const View& view, uint32_t kind_number,
                            OnEntry on_entry);

// Visits the rows from where the iterator stands to before `key`. True: there is one under `key`,
// and the iterator stands there. Errors: those of `on_row`, STORE_DAMAGED.
absl::StatusOr<bool> VisitBefore(rocksdb::Iterator& rows, absl::string_view key, OnEntry on_row);

// Visits the rows that are left. Errors: those of `on_row`, STORE_DAMAGED.
absl::Status VisitRest(rocksdb::Iterator& rows, OnEntry on_row);

// A survey that tasks work on.
struct TaskSurvey {
  std::shared_ptr<const store::v1::StoredSurvey> definition;
  std::shared_ptr<const SurveyView> view;  // As queries see it; null: they do not.
  uint32_t series_count = 1;               // Series below this number are known.

  const std::string& id() const { return definition->survey_id(); }
  int32_t scale_min() const { return definition->scale().min(); }
  int32_t scale_max() const { return definition->scale().max(); }
};

// By number: the surveys stored at `view`, and those of its catalog whose definition is damaged.
using TaskSurveys = std::map<uint32_t, TaskSurvey>;
absl::StatusOr<TaskSurveys> SurveysOf(const Engine& engine, const View& view);

// Says for people why a record of `survey` is not counted; nothing for one that is.
std::optional<std::string> WhyNotCounted(const TaskSurvey& survey, const FeedbackHeader& header);

// The row of the cube that `key` stands for; nothing for one that belongs to no survey.
std::optional<CubeRowKey> RowOfSurvey(absl::string_view key, const TaskSurveys& surveys);

// An activity kind that tasks work on.
struct TaskKind {
  std::shared_ptr<const store::v1::StoredActivityKind> definition;
  std::shared_ptr<const ActivityKindView> view;  // As queries see it; null: they do not.

  const std::string& name() const { return definition->kind(); }
  // Being purged, so that its entries no longer agree.
  bool is_deleted() const { return definition->delete_time_ms() != 0; }
  bool is_subscription() const { return definition->start_kind_number() != 0; }
  // Being built, so that its sets may lack customers.
  bool is_unbuilt() const { return definition->build_ordinal() != 0; }
};

// By number: the kinds stored at `view`, and those that queries see whose definition is damaged.
using TaskKinds = std::map<uint32_t, TaskKind>;
absl::StatusOr<TaskKinds> KindsOf(const Engine& engine, const View& view);

// The row of a set that `key` stands for; nothing for one that belongs to no kind, or to a kind
// that has no such sets.
std::optional<CustomerSetKey> RowOfKind(absl::string_view key, const TaskKinds& kinds);

// Says for people why sets do not have an activity, which is not erased, at `view`; nothing for one
// that they have.
std::optional<std::string> WhyInNoSet(const View& view, const ActivityHeader& header);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_CHECK_MAINTENANCE_H_
