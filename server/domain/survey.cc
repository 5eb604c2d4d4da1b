#include "server/domain/survey.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "server/domain/validation.h"
#include "server/metrics/score_method.h"
#include "storage/series_table.h"

namespace emptychair {
namespace {

constexpr size_t kDisplayNameBytesMax = 256;
constexpr size_t kQuestionBytesMax = 4096;
constexpr int32_t kMaxSeriesDefault = 10'000;
constexpr int32_t kMaxSeriesMax = 1'000'000;

// A name as the IANA database has them. What else the library would take (paths, the machine's own
// zone and rules, fixed offsets, the copies with and without leap seconds) means different things
// on different machines or is no zone.
bool IsZoneName(absl::string_view name) {
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' || c == '+' ||
           c == '/';
  });
  return plain && !name.empty() && name.size() <= 64 && name.front() != '/' &&
         !absl::StartsWith(name, "Fixed/") && !absl::StartsWith(name, "posix/") &&
         !absl::StartsWith(name, "right/") && name != "localtime" && name != "posixrules";
}

absl::Status CheckZone(const std::string& name) {
  absl::TimeZone zone;
  if (!IsZoneName(name) || !absl::LoadTimeZone(name, &zone)) {
    return FieldError(v1::ERROR_REASON_FIELD_INVALID, "survey.time_zone",
                      absl::StrCat("got ", Quoted(name),
                                   ", wanted a name of the IANA time-zone database such as "
                                   "\"Europe/Berlin\""));
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
                                                     absl::Time create_time) {
  RETURN_IF_ERROR(CheckName("survey.survey_id", survey.survey_id()));
  RETURN_IF_ERROR(CheckLength("survey.display_name", survey.display_name(), kDisplayNameBytesMax));
  RETURN_IF_ERROR(CheckLength("survey.question", survey.question(), kQuestionBytesMax));
  if (survey.kind() == v1::SURVEY_KIND_UNSPECIFIED) {
    return FieldError(v1::ERROR_REASON_FIELD_REQUIRED, "survey.kind", "must be given");
  }
  if (!v1::SurveyKind_IsValid(survey.kind())) {
    return FieldError(v1::ERROR_REASON_FIELD_INVALID, "survey.kind",
                      absl::StrCat("got ", survey.kind(), ", which is no SurveyKind"));
  }
  ASSIGN_OR_RETURN(
      std::optional<v1::Scale> scale,
      metrics::ResolveScale(survey.kind(), survey.has_scale() ? &survey.scale() : nullptr,
                            "survey.scale"));
  RETURN_IF_ERROR(CheckDimensions(survey));
  const std::string time_zone = survey.time_zone().empty() ? "UTC" : survey.time_zone();
  RETURN_IF_ERROR(CheckZone(time_zone));
  RETURN_IF_ERROR(CheckRange("survey.min_sample", survey.min_sample(), 0, kMinSampleMax));
  const int32_t max_series = survey.max_series() == 0 ? kMaxSeriesDefault : survey.max_series();
  RETURN_IF_ERROR(CheckRange("survey.max_series", max_series, 1, kMaxSeriesMax));

  store::v1::StoredSurvey stored;
  stored.set_survey_id(survey.survey_id());
  stored.set_display_name(survey.display_name());
  stored.set_question(survey.question());
  stored.set_kind(survey.kind());
  if (scale.has_value()) {
    *stored.mutable_scale() = *scale;
  }
  *stored.mutable_dimensions() = survey.dimensions();
  stored.set_time_zone(time_zone);
  stored.set_min_sample(static_cast<uint32_t>(survey.min_sample()));
  stored.set_max_series(static_cast<uint32_t>(max_series));
  stored.set_create_time_ms(absl::ToUnixMillis(create_time));
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
  *api.mutable_dimensions() = survey.dimensions();
  api.set_time_zone(survey.time_zone());
  api.set_min_sample(static_cast<int32_t>(survey.min_sample()));
  api.set_max_series(static_cast<int32_t>(survey.max_series()));
  *api.mutable_create_time() = ToTimestamp(survey.create_time_ms());
  if (survey.archive_time_ms() != 0) {
    *api.mutable_archive_time() = ToTimestamp(survey.archive_time_ms());
  }
  api.set_etag(absl::StrCat(survey.sequence()));
  return api;
}

absl::TimeZone ZoneOf(const store::v1::StoredSurvey& survey) {
  absl::TimeZone zone = absl::UTCTimeZone();
  absl::LoadTimeZone(survey.time_zone(), &zone);
  return zone;
}

}  // namespace emptychair
