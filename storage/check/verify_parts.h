// The parts that Verify is made of; for storage/verify*.cc alone.
#ifndef EMPTYCHAIR_STORAGE_CHECK_VERIFY_PARTS_H_
#define EMPTYCHAIR_STORAGE_CHECK_VERIFY_PARTS_H_

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "storage/check/verify.h"
#include "storage/format/index_entries.h"

namespace emptychair::storage {

// A sum of keyed hashes: two sets of entries are the same if their sums are, whatever the order in
// which they were added. The key is new for each run, so that no damage can be made to fit it.
class SetSum {
 public:
  explicit SetSum(const KeyedHash& hash) : hash_(hash) {}

  // `key` and `value` must tell from their sizes where one ends.
  void Add(absl::string_view key, absl::string_view value);

  bool Equals(const SetSum& other) const { return sums_ == other.sums_; }

 private:
  const KeyedHash& hash_;
  std::array<uint64_t, 2> sums_{};
  std::string entry_;
};

// One run of Verify, as its parts see it. For one thread.
struct VerifyRun {
  VerifyRun(const Engine& engine, const KeyedHash& hash, ColumnCache& columns, const View& view,
            OnProgress on_progress, OnDifference on_difference);

  // Counts a difference; describes and tells it if it is one of the first kDifferencesMax.
  absl::Status Report(absl::FunctionRef<Difference()> describe);
  // The same for what is no difference, but to be told: a changed zone.
  absl::Status Notice(absl::FunctionRef<Difference()> describe);

  // The survey's id; for one that is not there, its number.
  std::string NameOf(uint32_t survey_number) const;

  // Reads a value at the view.
  absl::StatusOr<bool> Get(Family family, absl::string_view key, std::string* value) const {
    return engine.Get(family, key, value, view.snapshot->get());
  }

  const Engine& engine;
  const KeyedHash& hash;
  ColumnCache& columns;
  const View& view;
  const OnDifference on_difference;
  const KeyedHash sum_hash;  // Of this run alone.
  TaskSteps steps;
  TaskSurveys surveys;
  // Those that were in memory when the run began, by the survey's number.
  std::map<uint32_t, std::shared_ptr<const SurveyColumns>> survey_columns;
  VerifySummary summary;
  // What the records make.
  SetSum by_customer;
  SetSum by_external_id;
};

// Meta and series, before all others; customers.
absl::Status CheckMeta(VerifyRun& run);
absl::Status CheckSeries(VerifyRun& run);
absl::Status CheckCustomers(VerifyRun& run);
// Records and the cube; adds up what indexes they make.
absl::Status CheckRecords(VerifyRun& run);
// The indexes, after the records.
absl::Status CheckIndexes(VerifyRun& run);
// The change log.
absl::Status CheckChanges(VerifyRun& run);
// What was computed behind the writes.
absl::Status CheckDerived(VerifyRun& run);

// The difference for bytes that no encoder made.
Difference Undecodable(absl::string_view family, absl::string_view key, std::string survey_id = "");

// "the record ID of SURVEY".
std::string NameOfRecord(const VerifyRun& run, const FeedbackKey& key);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_CHECK_VERIFY_PARTS_H_
