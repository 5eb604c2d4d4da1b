#include "server/surveys/survey.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "common/base/timestamp.h"
#include "common/base/zone_rules.h"
#include "google/protobuf/util/field_mask_util.h"
#include "server/request/validation.h"
#include "server/statistics/score_method.h"
#include "storage/read/records.h"
#include "storage/read/series_table.h"

namespace emptychair {
namespace {

constexpr size_t kDisplayNameBytesMax = 256;
constexpr size_t kQuestionBytesMax = 4096;
constexpr int32_t kMaxSeriesDefault = 10'000;
constexpr int32_t kMaxSeriesMax = 1'000'000;

// Whoever thinks of a scale of CES has to say which of its ends is good: numbers that are upside
// down do not show it, and the scale is fixed once there are answers.
absl::Status CheckDirection(const v1::Survey& survey) {
  if (survey.kind() == v1::SURVEY_KIND_CES && survey.has_scale() &&
      survey.scale().direction() == v1::SCALE_DIRECTION_UNSPECIFIED) {
    return FieldError(
        v1::ERROR_REASON_FIELD_REQUIRED, "survey.scale.direction",
        "must be given with a scale of kind CES: EASE when its highest score is good, "
        "EFFORT when its lowest is");
  }
  return absl::OkStatus();
}

absl::Status CheckDimensions(const v1::Survey& survey) {
  if (static_cast<size_t>(survey.dimensions_size()) > storage::kDimensionsMax) {
    return FieldError(v1::ERROR_REASON_FIELD_INVALID, "survey.dimensions",
                      absl::StrCat("got ", survey.dimensions_size(), " keys, wanted at most ",
                                   storage::kDimensionsMax));
  }
  std::vector<absl::string_view> seen;
  for (int i = 0; i < survey.dimensions_size(); ++i) {
    const std::string field = absl::StrCat("survey.dimensions[", i, "]");
    const absl::string_view key = survey.dimensions(i);
    RETURN_IF_ERROR(CheckName(field, key));
    if (key == kSurveyIdKey) {
      return FieldError(v1::ERROR_REASON_FIELD_INVALID, field,
                        "got \"survey_id\", which is reserved");
    }
    if (std::find(seen.begin(), seen.end(), key) != seen.end()) {
      return FieldError(v1::ERROR_REASON_FIELD_INVALID, field,
                        absl::StrCat("got \"", key, "\" twice"));
    }
    seen.push_back(key);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<store::v1::StoredSurvey> DefineSurvey(const v1::Survey& survey,
                                                     absl::Time create_time,
                                                     const store::v1::StoredSurvey* stored) {
  RETURN_IF_ERROR(CheckName("survey.survey_id", survey.survey_id()));
  RETURN_IF_ERROR(CheckLength("survey.display_name", survey.display_name(), kDisplayNameBytesMax));
  RETURN_IF_ERROR(CheckLength("survey.question", survey.question(), kQuestionBytesMax));
  if (survey.kind() == v1::SURVEY_KIND_UNSPECIFIED) {
    return FieldError(v1::ERROR_REASON_FIELD_REQUIRED, "survey.kind", "must be given");
  }
  RETURN_IF_ERROR(CheckEnum("survey.kind", survey.kind(), v1::SurveyKind_IsValid));
  ASSIGN_OR_RETURN(
      std::optional<v1::Scale> scale,
      statistics::ResolveScale(survey.kind(), survey.has_scale() ? &survey.scale() : nullptr,
                               "survey.scale"));
  RETURN_IF_ERROR(CheckDirection(survey));
  RETURN_IF_ERROR(CheckDimensions(survey));
  const std::string time_zone = survey.time_zone().empty() ? "UTC" : survey.time_zone();
  if (stored == nullptr || stored->time_zone() != time_zone) {
    RETURN_IF_ERROR(CheckZone("survey.time_zone", time_zone));
  }
  RETURN_IF_ERROR(CheckRange("survey.min_sample", survey.min_sample(), 0, kMinSampleMax));
  const int32_t max_series = survey.max_series() == 0 ? kMaxSeriesDefault : survey.max_series();
  RETURN_IF_ERROR(CheckRange("survey.max_series", max_series, 1, kMaxSeriesMax));

  store::v1::StoredSurvey defined;
  defined.set_survey_id(survey.survey_id());
  defined.set_display_name(survey.display_name());
  defined.set_question(survey.question());
  defined.set_kind(survey.kind());
  if (scale.has_value()) {
    *defined.mutable_scale() = *scale;
  }
  *defined.mutable_dimensions() = survey.dimensions();
  defined.set_time_zone(time_zone);
  defined.set_min_sample(static_cast<uint32_t>(survey.min_sample()));
  defined.set_max_series(static_cast<uint32_t>(max_series));
  defined.set_create_time_ms(absl::ToUnixMillis(create_time));
  return defined;
}

absl::StatusOr<const storage::SurveyView*> FindSurvey(const storage::View& view,
                                                      absl::string_view field,
                                                      absl::string_view survey_id) {
  RETURN_IF_ERROR(CheckName(field, survey_id));
  const storage::SurveyView* survey = view.FindSurvey(survey_id);
  if (survey == nullptr) {
    return Error(v1::ERROR_REASON_SURVEY_NOT_FOUND,
                 absl::StrCat(field, ": there is no survey ", Quoted(survey_id)),
                 {{"survey_id", survey_id}});
  }
  return survey;
}

absl::StatusOr<store::v1::StoredSurvey> RedefineSurvey(const v1::UpdateSurveyRequest& request,
                                                       const storage::View& view) {
  const v1::Survey& wanted = request.survey();
  ASSIGN_OR_RETURN(const storage::SurveyView* survey,
                   FindSurvey(view, "survey.survey_id", wanted.survey_id()));
  static constexpr absl::string_view kPaths[] = {"display_name", "question",   "kind",
                                                 "scale",        "dimensions", "time_zone",
                                                 "min_sample",   "max_series"};
  RETURN_IF_ERROR(CheckMask("update_mask", request.update_mask(), kPaths));
  v1::Survey changed = ToApi(*survey->definition);
  google::protobuf::FieldMask mask = request.update_mask();
  // A scale belongs to its kind: a new kind without one gets its default.
  const bool sets_kind =
      std::find(mask.paths().begin(), mask.paths().end(), "kind") != mask.paths().end();
  if (sets_kind && wanted.kind() != changed.kind()) {
    mask.add_paths("scale");
  }
  google::protobuf::util::FieldMaskUtil::MergeOptions options;
  options.set_replace_message_fields(true);
  options.set_replace_repeated_fields(true);
  google::protobuf::util::FieldMaskUtil::MergeMessageTo(wanted, mask, options, &changed);
  ASSIGN_OR_RETURN(store::v1::StoredSurvey stored,
                   DefineSurvey(changed, absl::UnixEpoch(), survey->definition.get()));
  stored.set_survey_number(survey->number());
  // 0 is the sequence of no survey.
  const uint64_t sequence = survey->definition->sequence();
  const bool is_current = wanted.etag().empty() || wanted.etag() == storage::EtagOf(sequence);
  stored.set_sequence(is_current ? sequence : 0);
  return stored;
}

v1::Survey ToApi(const store::v1::StoredSurvey& survey) {
  v1::Survey api;
  api.set_survey_id(survey.survey_id());
  api.set_display_name(survey.display_name());
  api.set_question(survey.question());
  api.set_kind(survey.kind());
  if (survey.has_scale()) {
    *api.mutable_scale() = survey.scale();
  }
  for (const std::string& key : survey.dimensions()) {
    const auto& retired = survey.retired_dimensions();
    const bool is_retired = std::find(retired.begin(), retired.end(), key) != retired.end();
    (is_retired ? api.add_retired_dimensions() : api.add_dimensions())->assign(key);
  }
  api.set_time_zone(survey.time_zone());
  api.set_min_sample(static_cast<int32_t>(survey.min_sample()));
  api.set_max_series(static_cast<int32_t>(survey.max_series()));
  *api.mutable_create_time() = ToTimestamp(absl::FromUnixMillis(survey.create_time_ms()));
  if (survey.archive_time_ms() != 0) {
    *api.mutable_archive_time() = ToTimestamp(absl::FromUnixMillis(survey.archive_time_ms()));
  }
  api.set_etag(storage::EtagOf(survey.sequence()));
  return api;
}

absl::StatusOr<absl::TimeZone> ZoneOf(const store::v1::StoredSurvey& survey) {
  const std::optional<absl::TimeZone> zone = LoadZone(survey.time_zone());
  if (!zone.has_value()) {
    return Error(v1::ERROR_REASON_ZONE_UNKNOWN,
                 absl::StrCat("the survey ", survey.survey_id(),
                              " counts its days in the time zone ", Quoted(survey.time_zone()),
                              ", which this server's time-zone database does not have"),
                 {{"survey_id", survey.survey_id()}, {"time_zone", survey.time_zone()}});
  }
  return *zone;
}

absl::StatusOr<bool> HaveSameDays(const store::v1::StoredSurvey& a,
                                  const store::v1::StoredSurvey& b) {
  if (a.time_zone() == b.time_zone()) {
    return true;
  }
  ASSIGN_OR_RETURN(const absl::TimeZone zone, ZoneOf(a));
  ASSIGN_OR_RETURN(const absl::TimeZone other, ZoneOf(b));
  return HaveSameRules(zone, other);
}

}  // namespace emptychair
