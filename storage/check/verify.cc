#include "storage/check/verify.h"

#include <cstring>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
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
  for (const Family family : {Family::kFeedback, Family::kCubeRow, Family::kFeedbackByCustomer,
                              Family::kFeedbackByExternalId, Family::kCustomer, Family::kChange}) {
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
      by_external_id(sum_hash) {}

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

Difference Undecodable(absl::string_view family, absl::string_view key, std::string survey_id) {
  return {DifferenceKind::kUndecodable, std::move(survey_id),
          absl::StrCat(family, ": the entry under ", absl::BytesToHexString(key)),
          "bytes that do not decode", ""};
}

std::string NameOfRecord(const VerifyRun& run, const FeedbackKey& key) {
  return absl::StrCat("the record ", key.feedback_id.ToString(), " of survey ",
                      run.NameOf(key.survey_number));
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
  RETURN_IF_ERROR(CheckMeta(run));
  RETURN_IF_ERROR(CheckSeries(run));
  RETURN_IF_ERROR(CheckRecords(run));
  RETURN_IF_ERROR(CheckIndexes(run));
  RETURN_IF_ERROR(CheckCustomers(run));
  RETURN_IF_ERROR(CheckChanges(run));
  RETURN_IF_ERROR(CheckDerived(run));
  return run.summary;
}

}  // namespace emptychair::storage
