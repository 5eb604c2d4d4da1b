#include "storage/check/maintenance.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "storage/check/cube_recount.h"

namespace emptychair::storage {
namespace {

constexpr int64_t kStepsPerProgress = 4'096;

absl::Status Scan(const Engine& engine, const View& view, Family family, std::string first,
                  std::string past, OnEntry on_entry) {
  RangeIterator it(engine, view, family, std::move(first), std::move(past));
  it->SeekToFirst();
  return VisitRest(*it, on_entry);
}

}  // namespace

RangeIterator::RangeIterator(const Engine& engine, const View& view, Family family,
                             std::string first, std::string past)
    : first_(std::move(first)),
      past_(std::move(past)),
      lower_bound_(ToSlice(first_)),
      upper_bound_(ToSlice(past_)) {
  rocksdb::ReadOptions options;
  options.snapshot = view.snapshot->get();
  options.fill_cache = false;
  options.iterate_lower_bound = &lower_bound_;
  options.iterate_upper_bound = past_.empty() ? nullptr : &upper_bound_;
  it_.reset(engine.db()->NewIterator(options, engine.handle(family)));
}

absl::StatusOr<bool> VisitBefore(rocksdb::Iterator& rows, absl::string_view key, OnEntry on_row) {
  for (; rows.Valid() && ToView(rows.key()) < key; rows.Next()) {
    RETURN_IF_ERROR(on_row(ToView(rows.key()), ToView(rows.value())));
  }
  RETURN_IF_ERROR(FromRocksDb(rows.status(), "scanning the store"));
  return rows.Valid() && ToView(rows.key()) == key;
}

absl::Status VisitRest(rocksdb::Iterator& rows, OnEntry on_row) {
  for (; rows.Valid(); rows.Next()) {
    RETURN_IF_ERROR(on_row(ToView(rows.key()), ToView(rows.value())));
  }
  return FromRocksDb(rows.status(), "scanning the store");
}

absl::Status TaskSteps::Begin(absl::string_view part, absl::string_view survey_id) {
  progress_.part = std::string(part);
  progress_.survey_id = std::string(survey_id);
  return Tell();
}

absl::Status TaskSteps::Step() {
  return ++progress_.done % kStepsPerProgress == 0 ? Tell() : absl::OkStatus();
}

absl::Status TaskSteps::StepRecord() {
  ++progress_.records;
  return Step();
}

absl::Status TaskSteps::Tell() {
  progress_.total = std::max(progress_.done, total_);
  return on_progress_(progress_);
}

absl::Status ScanFamily(const Engine& engine, const View& view, Family family, OnEntry on_entry) {
  return Scan(engine, view, family, "", "", on_entry);
}

absl::Status ScanRecords(const Engine& engine, const View& view, uint32_t survey_number,
                         OnEntry on_entry) {
  const bool is_last = survey_number == UINT32_MAX;
  return Scan(engine, view, Family::kFeedback, FeedbackKey{survey_number, Uuid()}.Encode(),
              is_last ? "" : FeedbackKey{survey_number + 1, Uuid()}.Encode(), on_entry);
}

absl::Status ScanActivities(const Engine& engine, const View& view, uint32_t kind_number,
                            OnEntry on_entry) {
  const bool is_last = kind_number == UINT32_MAX;
  return Scan(engine, view, Family::kActivity, KindDataPrefix(kind_number),
              is_last ? "" : KindDataPrefix(kind_number + 1), on_entry);
}

absl::StatusOr<TaskSurveys> SurveysOf(const Engine& engine, const View& view) {
  TaskSurveys surveys;
  for (const auto& [survey_id, survey] : *view.catalog) {
    surveys[survey->number()] = {survey->definition, survey, survey->series_count};
  }
  RETURN_IF_ERROR(
      ScanFamily(engine, view, Family::kMeta, [&](absl::string_view key, absl::string_view value) {
        const std::optional<uint32_t> number = DecodeSurveyKey(key);
        auto definition = std::make_shared<store::v1::StoredSurvey>();
        if (number.has_value() && DecodeMessage(value, *definition) &&
            definition->survey_number() == *number) {
          surveys[*number].definition = std::move(definition);
        }
        return absl::OkStatus();
      }));
  RETURN_IF_ERROR(ScanFamily(
      engine, view, Family::kSeries, [&](absl::string_view key, absl::string_view value) {
        const std::optional<SeriesKey> series = SeriesKey::Decode(key);
        const auto survey =
            series.has_value() ? surveys.find(series->survey_number) : surveys.end();
        if (survey != surveys.end()) {
          survey->second.series_count = std::max(survey->second.series_count, series->series + 1);
        }
        return absl::OkStatus();
      }));
  return surveys;
}

std::optional<std::string> WhyNotCounted(const TaskSurvey& survey, const FeedbackHeader& header) {
  const bool takes_scores = survey.definition->kind() != v1::SURVEY_KIND_TEXT;
  if (header.score.has_value() &&
      (!takes_scores || *header.score < survey.scale_min() || *header.score > survey.scale_max())) {
    return absl::StrCat("score ", *header.score);
  }
  if (header.series >= survey.series_count) {
    return absl::StrCat("series ", header.series);
  }
  if (std::abs(int64_t{header.zone_offset_seconds}) > kZoneOffsetSecondsMax) {
    return absl::StrCat("zone offset ", header.zone_offset_seconds, " s");
  }
  return std::nullopt;
}

std::optional<CubeRowKey> RowOfSurvey(absl::string_view key, const TaskSurveys& surveys) {
  const std::optional<CubeRowKey> row = CubeRowKey::Decode(key);
  return row.has_value() && surveys.count(row->survey_number) != 0 ? row : std::nullopt;
}

absl::StatusOr<TaskKinds> KindsOf(const Engine& engine, const View& view) {
  TaskKinds kinds;
  for (const auto& [name, kind] : *view.kinds) {
    kinds[kind->number()] = {kind->definition, kind};
  }
  RETURN_IF_ERROR(
      ScanFamily(engine, view, Family::kMeta, [&](absl::string_view key, absl::string_view value) {
        const std::optional<uint32_t> number = DecodeActivityKindKey(key);
        auto definition = std::make_shared<store::v1::StoredActivityKind>();
        if (number.has_value() && DecodeMessage(value, *definition) &&
            definition->kind_number() == *number) {
          kinds[*number].definition = std::move(definition);
        }
        return absl::OkStatus();
      }));
  return kinds;
}

std::optional<CustomerSetKey> RowOfKind(absl::string_view key, const TaskKinds& kinds) {
  const std::optional<CustomerSetKey> row = CustomerSetKey::Decode(key);
  const auto kind = row.has_value() ? kinds.find(row->kind_number) : kinds.end();
  return kind != kinds.end() && kind->second.is_subscription() == IsOfSubscription(row->set)
             ? row
             : std::nullopt;
}

std::optional<std::string> WhyInNoSet(const View& view, const ActivityHeader& header) {
  if (header.customer_ordinal > view.counters.last_customer_ordinal()) {
    return absl::StrCat("customer ", header.customer_ordinal);
  }
  if (std::abs(int64_t{header.zone_offset_seconds}) > kZoneOffsetSecondsMax) {
    return absl::StrCat("zone offset ", header.zone_offset_seconds, " s");
  }
  return std::nullopt;
}

}  // namespace emptychair::storage
