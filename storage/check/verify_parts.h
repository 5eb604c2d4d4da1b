// The parts that Verify is made of; for storage/verify*.cc alone.
#ifndef EMPTYCHAIR_STORAGE_CHECK_VERIFY_PARTS_H_
#define EMPTYCHAIR_STORAGE_CHECK_VERIFY_PARTS_H_

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "absl/time/time.h"
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

// Sums of an index whose keys end with a hash, by a part of that: where few entries differ, few
// must be looked up. That matters where an entry has only the time of its record, and many share
// it.
class HashedIndexSum {
 public:
  explicit HashedIndexSum(const KeyedHash& hash) : sums_(kParts, SetSum(hash)) {}

  void Add(absl::string_view key, absl::string_view value) { sums_[PartOf(key)].Add(key, value); }

  bool Equals(const HashedIndexSum& other) const {
    return std::equal(sums_.begin(), sums_.end(), other.sums_.begin(),
                      [](const SetSum& a, const SetSum& b) { return a.Equals(b); });
  }
  // False: what is under `key` is the same.
  bool MayDiffer(const HashedIndexSum& other, absl::string_view key) const {
    return !sums_[PartOf(key)].Equals(other.sums_[PartOf(key)]);
  }

 private:
  static constexpr size_t kParts = 4'096;
  static size_t PartOf(absl::string_view key) {
    return (static_cast<uint8_t>(key[key.size() - 2]) << 8 | static_cast<uint8_t>(key.back())) %
           kParts;
  }

  std::vector<SetSum> sums_;
};

// One run of Verify, as its parts see it. For one thread.
struct VerifyRun {
  VerifyRun(const Engine& engine, const KeyedHash& hash, ColumnCache& columns, const View& view,
            OnProgress on_progress, OnDifference on_difference);

  // Counts a difference; describes and tells it if it is one of the first kDifferencesMax.
  absl::Status Report(absl::FunctionRef<Difference()> describe);
  // The same for what is no difference, but to be told: a changed zone.
  absl::Status Notice(absl::FunctionRef<Difference()> describe);

  // The survey's id; for one that is not there, its number. The same of a kind.
  std::string NameOf(uint32_t survey_number) const;
  std::string NameOfKind(uint32_t kind_number) const;

  // Whether the kind is being purged: its entries no longer agree.
  bool IsPurged(uint32_t kind_number) const;

  // Whether the customer was erased, so that nothing but what is anonymized may be left.
  bool IsLeftOver(uint32_t customer_ordinal) const {
    return erased_customers.contains(customer_ordinal) && !view.erasing->Has(customer_ordinal);
  }

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
  TaskKinds kinds;
  // Those that were in memory when the run began, by the survey's number.
  std::map<uint32_t, std::shared_ptr<const SurveyColumns>> survey_columns;
  VerifySummary summary;
  absl::flat_hash_set<uint32_t> erased_customers;
  // What the records make.
  SetSum by_customer;
  HashedIndexSum by_external_id;
  // What the activities make. Of erased ones their own ids.
  SetSum activity_by_customer;
  HashedIndexSum activity_by_id;
  SetSum erased_activities;
};

// Meta, series and customers, before all others.
absl::Status CheckMeta(VerifyRun& run);
absl::Status CheckSeries(VerifyRun& run);
absl::Status CheckCustomers(VerifyRun& run);
// Records and the cube; adds up what indexes they make.
absl::Status CheckRecords(VerifyRun& run);
// The indexes, after the records.
absl::Status CheckIndexes(VerifyRun& run);
// Activities; adds up what indexes they make. Then sets of customers.
absl::Status CheckActivities(VerifyRun& run);
// Their indexes, after them.
absl::Status CheckActivityIndexes(VerifyRun& run);
// The change log.
absl::Status CheckChanges(VerifyRun& run);
// What was computed behind the writes.
absl::Status CheckDerived(VerifyRun& run);
// Keys and certificates.
absl::Status CheckAccess(VerifyRun& run);
// The chain of audit events.
absl::Status CheckAudit(VerifyRun& run);
// What was erased for good.
absl::Status CheckLedger(VerifyRun& run);

// The difference for bytes that no encoder made.
Difference Undecodable(absl::string_view family, absl::string_view key, std::string survey_id = "");

// "the record ID of survey SURVEY", "the activity ID of kind KIND".
std::string NameOfRecord(const VerifyRun& run, const FeedbackKey& key);
std::string NameOfActivity(const VerifyRun& run, const ActivityKey& key);

// "day 2024-03-01".
std::string NameOfBucket(CubeUnit unit, int32_t bucket);

// Visits the entries of an index, and counts them.
absl::Status ScanIndex(VerifyRun& run, Family family, absl::string_view part, OnEntry on_entry);

// Visits the entries under a prefix until the visit answers false. Errors: those of `visit`,
// STORE_DAMAGED.
absl::Status LookUnder(
    const VerifyRun& run, Family family, absl::string_view prefix,
    absl::FunctionRef<absl::StatusOr<bool>(absl::string_view key, absl::string_view value)> visit);

// Compares stored zone offsets with the rules of their zone, one zone after the other.
//
// The offset that is stored is what counts, whatever the zone's rules become: a newer time-zone
// database moves no answer. So another one that the zone has at other times is only told, because
// the rules may have been these when the record came. One that the zone never has they were not:
// the record was counted in days of another zone.
class ZoneCheck {
 public:
  void Begin(const std::string& time_zone);

  // `name`: of the record.
  absl::Status Check(VerifyRun& run, absl::string_view survey_id, int64_t unix_ms,
                     int32_t zone_offset_seconds, absl::FunctionRef<std::string()> name);

 private:
  std::string time_zone_;
  std::optional<absl::TimeZone> zone_;
  std::map<int32_t, bool> has_offset_;  // Whether `zone_` ever has it.
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_CHECK_VERIFY_PARTS_H_
