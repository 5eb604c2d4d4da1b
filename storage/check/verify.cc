#include "storage/check/verify.h"

#include <cstring>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/civil_time.h"
#include "common/base/local_day.h"
#include "common/base/status_macros.h"
#include "common/base/zone_rules.h"
#include "storage/check/verify_parts.h"

namespace emptychair::storage {
namespace {

KeyedHash NewHash() {
  const std::string bytes = RandomBytes(KeyedHash::kSecretSize);
  KeyedHash::Secret secret;
  std::memcpy(secret.data(), bytes.data(), secret.size());
  return KeyedHash(secret);
}

int64_t EstimatedSteps(const Engine& engine) {
  int64_t steps = 0;
  for (const Family family :
       {Family::kFeedback, Family::kCubeRow, Family::kFeedbackByCustomer,
        Family::kFeedbackByExternalId, Family::kCustomer, Family::kChange, Family::kActivity,
        Family::kActivityByCustomer, Family::kActivityById, Family::kActiveSet}) {
    steps += engine.EstimatedKeys(family);
  }
  return steps;
}

}  // namespace

void SetSum::Add(absl::string_view key, absl::string_view value) {
  entry_.assign(key.data(), key.size());
  entry_.append(value.data(), value.size());
  const IdHash hash = hash_(HashPurpose::kContent, entry_);
  std::array<uint64_t, 2> parts;
  static_assert(sizeof(parts) == sizeof(hash));
  std::memcpy(parts.data(), hash.data(), hash.size());
  sums_[0] += parts[0];
  sums_[1] += parts[1];
}

VerifyRun::VerifyRun(const Engine& engine, const KeyedHash& hash, ColumnCache& columns,
                     const View& view, OnProgress on_progress, OnDifference on_difference)
    : engine(engine),
      hash(hash),
      columns(columns),
      view(view),
      on_difference(on_difference),
      sum_hash(NewHash()),
      steps(EstimatedSteps(engine), on_progress),
      by_customer(sum_hash),
      by_external_id(sum_hash),
      activity_by_customer(sum_hash),
      activity_by_id(sum_hash),
      erased_activities(sum_hash) {}

absl::Status VerifyRun::Report(absl::FunctionRef<Difference()> describe) {
  return ++summary.difference_count <= kDifferencesMax ? on_difference(describe())
                                                       : absl::OkStatus();
}

absl::Status VerifyRun::Notice(absl::FunctionRef<Difference()> describe) {
  return ++summary.zone_changes <= kDifferencesMax ? on_difference(describe()) : absl::OkStatus();
}

std::string VerifyRun::NameOf(uint32_t survey_number) const {
  const auto survey = surveys.find(survey_number);
  return survey == surveys.end() ? absl::StrCat("number ", survey_number) : survey->second.id();
}

std::string VerifyRun::NameOfKind(uint32_t kind_number) const {
  const auto kind = kinds.find(kind_number);
  return kind == kinds.end() ? absl::StrCat("number ", kind_number) : kind->second.name();
}

bool VerifyRun::IsPurged(uint32_t kind_number) const {
  const auto kind = kinds.find(kind_number);
  return kind != kinds.end() && kind->second.is_deleted();
}

Difference Undecodable(absl::string_view family, absl::string_view key, std::string survey_id) {
  return {DifferenceKind::kUndecodable, std::move(survey_id),
          absl::StrCat(family, ": the entry under ", absl::BytesToHexString(key)),
          "bytes that do not decode", ""};
}

std::string NameOfRecord(const VerifyRun& run, const FeedbackKey& key) {
  return absl::StrCat("the record ", key.feedback_id.ToString(), " of survey ",
                      run.NameOf(key.survey_number));
}

std::string NameOfActivity(const VerifyRun& run, const ActivityKey& key) {
  return absl::StrCat("the activity ", key.id.ToString(), " of kind ",
                      run.NameOfKind(key.kind_number));
}

std::string NameOfBucket(CubeUnit unit, int32_t bucket) {
  switch (unit) {
    case CubeUnit::kHour: {
      const absl::CivilHour hour = absl::CivilHour(1970) + bucket;
      return absl::StrFormat("hour %sT%02dZ", absl::FormatCivilTime(absl::CivilDay(hour)),
                             hour.hour());
    }
    case CubeUnit::kDay:
      return absl::StrCat("day ", absl::FormatCivilTime(absl::CivilDay(1970) + bucket));
    case CubeUnit::kMonth:
      return absl::StrCat("month ", absl::FormatCivilTime(absl::CivilMonth(1970) + bucket));
  }
  return "";
}

absl::Status ScanIndex(VerifyRun& run, Family family, absl::string_view part, OnEntry on_entry) {
  RETURN_IF_ERROR(run.steps.Begin(part));
  return ScanFamily(run.engine, run.view, family,
                    [&](absl::string_view key, absl::string_view value) {
                      ++run.summary.index_entries;
                      RETURN_IF_ERROR(run.steps.Step());
                      return on_entry(key, value);
                    });
}

absl::Status LookUnder(
    const VerifyRun& run, Family family, absl::string_view prefix,
    absl::FunctionRef<absl::StatusOr<bool>(absl::string_view key, absl::string_view value)> visit) {
  rocksdb::ReadOptions options;
  options.snapshot = run.view.snapshot->get();
  std::unique_ptr<rocksdb::Iterator> it(
      run.engine.db()->NewIterator(options, run.engine.handle(family)));
  for (it->Seek(ToSlice(prefix)); it->Valid() && absl::StartsWith(ToView(it->key()), prefix);
       it->Next()) {
    ASSIGN_OR_RETURN(const bool goes_on, visit(ToView(it->key()), ToView(it->value())));
    if (!goes_on) {
      return absl::OkStatus();
    }
  }
  return FromRocksDb(it->status(), "checking an index");
}

void ZoneCheck::Begin(const std::string& time_zone) {
  time_zone_ = time_zone;
  // A zone that this machine does not know has nothing to compare with.
  zone_ = LoadZone(time_zone);
  has_offset_.clear();
}

absl::Status ZoneCheck::Check(VerifyRun& run, absl::string_view survey_id, int64_t unix_ms,
                              int32_t zone_offset_seconds, absl::FunctionRef<std::string()> name) {
  if (!zone_.has_value()) {
    return absl::OkStatus();
  }
  const int32_t expected = DayOffsetSeconds(*zone_, absl::FromUnixMillis(unix_ms));
  if (zone_offset_seconds == expected) {
    return absl::OkStatus();
  }
  const auto [had, is_new] = has_offset_.try_emplace(zone_offset_seconds, false);
  if (is_new) {
    had->second = HasOffset(*zone_, zone_offset_seconds);
  }
  const auto describe = [&, kind = had->second ? DifferenceKind::kZoneChanged
                                               : DifferenceKind::kZoneOffset] {
    return Difference{kind, std::string(survey_id), name(),
                      absl::StrCat("zone offset ", zone_offset_seconds, " s"),
                      absl::StrCat(expected, " s in ", time_zone_)};
  };
  return had->second ? run.Notice(describe) : run.Report(describe);
}

absl::StatusOr<VerifySummary> Verify(const Engine& engine, const KeyedHash& hash,
                                     ColumnCache& columns, const View& view, OnProgress on_progress,
                                     OnDifference on_difference) {
  VerifyRun run(engine, hash, columns, view, on_progress, on_difference);
  run.summary.sequence = view.counters.sequence();
  // At once: later the view is too old for them.
  for (const auto& [survey_id, survey] : *view.catalog) {
    if (auto found = columns.Find(view, *survey)) {
      run.survey_columns.emplace(survey->number(), std::move(found));
    }
  }
  ASSIGN_OR_RETURN(run.surveys, SurveysOf(engine, view));
  ASSIGN_OR_RETURN(run.kinds, KindsOf(engine, view));
  RETURN_IF_ERROR(CheckMeta(run));
  RETURN_IF_ERROR(CheckSeries(run));
  RETURN_IF_ERROR(CheckCustomers(run));
  RETURN_IF_ERROR(CheckRecords(run));
  RETURN_IF_ERROR(CheckIndexes(run));
  RETURN_IF_ERROR(CheckActivities(run));
  RETURN_IF_ERROR(CheckActivityIndexes(run));
  RETURN_IF_ERROR(CheckChanges(run));
  RETURN_IF_ERROR(CheckDerived(run));
  RETURN_IF_ERROR(CheckAccess(run));
  RETURN_IF_ERROR(CheckAudit(run));
  RETURN_IF_ERROR(CheckLedger(run));
  return run.summary;
}

absl::StatusOr<VerifySummary> VerifyAudit(const Engine& engine, const KeyedHash& hash,
                                          ColumnCache& columns, const View& view,
                                          OnProgress on_progress, OnDifference on_difference) {
  VerifyRun run(engine, hash, columns, view, on_progress, on_difference);
  run.summary.sequence = view.counters.sequence();
  RETURN_IF_ERROR(CheckAudit(run));
  return run.summary;
}

}  // namespace emptychair::storage
