#include "common/checks/feedback_checks.h"

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "common/base/timestamp.h"
#include "common/checks/field_checks.h"

namespace emptychair {
namespace {

constexpr size_t kNoteBytesMax = 1024;

absl::StatusOr<SentIdentity> CheckIdentity(const v1::Feedback& feedback, absl::Time now) {
  if (feedback.feedback_id().empty() && feedback.external_id().empty()) {
    return FieldError(v1::ERROR_REASON_ID_REQUIRED, "feedback.feedback_id",
                      "a feedback_id or an external_id must be given, so that the record can be "
                      "sent again safely");
  }
  SentIdentity sent;
  if (!feedback.external_id().empty()) {
    RETURN_IF_ERROR(CheckId("feedback.external_id", feedback.external_id()));
  }
  if (feedback.has_occur_time()) {
    ASSIGN_OR_RETURN(const absl::Time time,
                     CheckTimestamp("feedback.occur_time", feedback.occur_time()));
    RETURN_IF_ERROR(CheckOccurTime("feedback.occur_time", time, now));
    sent.occur_ms = absl::ToUnixMillis(time);
  }
  if (feedback.feedback_id().empty()) {
    return sent;
  }
  ASSIGN_OR_RETURN(sent.feedback_id,
                   ParseFeedbackId("feedback.feedback_id", feedback.feedback_id()));
  const int64_t id_ms = sent.feedback_id->UnixMs();
  RETURN_IF_ERROR(CheckOccurTime("feedback.feedback_id", absl::FromUnixMillis(id_ms), now));
  if (sent.occur_ms.has_value() && *sent.occur_ms != id_ms) {
    return FieldError(
        v1::ERROR_REASON_ID_TIME_MISMATCH, "feedback.occur_time",
        absl::StrCat("got ", *sent.occur_ms, " ms since 1970, but the feedback_id has ", id_ms));
  }
  sent.occur_ms = id_ms;
  return sent;
}

}  // namespace

absl::StatusOr<SentIdentity> CheckIdsAndTexts(const v1::Feedback& feedback, absl::Time now) {
  RETURN_IF_ERROR(CheckName("feedback.survey_id", feedback.survey_id()));
  ASSIGN_OR_RETURN(SentIdentity sent, CheckIdentity(feedback, now));
  if (!feedback.customer_id().empty()) {
    RETURN_IF_ERROR(CheckId("feedback.customer_id", feedback.customer_id()));
  }
  RETURN_IF_ERROR(CheckLength("feedback.comment", feedback.comment(), kCommentBytesMax));
  return sent;
}

absl::Status CheckLabelCount(absl::string_view field, size_t count, int max) {
  if (count > static_cast<size_t>(max)) {
    const absl::string_view name = field.substr(field.rfind('.') + 1);
    return FieldError(v1::ERROR_REASON_FIELD_INVALID, field,
                      absl::StrCat("got ", count, " ", name, ", wanted at most ", max));
  }
  return absl::OkStatus();
}

absl::Status CheckLabel(absl::string_view field, const std::string& key, const std::string& value,
                        bool takes_empty_value) {
  if (absl::Status status = CheckName(field, key); !status.ok()) {
    return FieldError(v1::ERROR_REASON_FIELD_INVALID, field,
                      absl::StrCat("got the key ", Quoted(key),
                                   ", wanted a lower-case letter and up to 62 more of a-z, 0-9, "
                                   "_ and -"));
  }
  // The path is only made for an error.
  if (!(value.empty() && takes_empty_value) && !CheckLabelValue("", value).ok()) {
    return CheckLabelValue(absl::StrCat(field, "[\"", key, "\"]"), value);
  }
  return absl::OkStatus();
}

absl::Status CheckExclusion(absl::string_view prefix, v1::ExclusionReason reason,
                            absl::string_view note) {
  const std::string field = absl::StrCat(prefix, "reason");
  if (reason == v1::EXCLUSION_REASON_UNSPECIFIED) {
    return FieldError(v1::ERROR_REASON_FIELD_REQUIRED, field, "must be given");
  }
  RETURN_IF_ERROR(CheckEnum(field, reason, v1::ExclusionReason_IsValid));
  return CheckLength(absl::StrCat(prefix, "note"), note, kNoteBytesMax);
}

absl::StatusOr<std::optional<absl::Time>> CheckSentExclusion(const v1::Exclusion& exclusion,
                                                             absl::Time now) {
  constexpr absl::string_view kTimeField = "feedback.exclusion.time";
  RETURN_IF_ERROR(CheckExclusion("feedback.exclusion.", exclusion.reason(), exclusion.note()));
  if (!exclusion.has_time()) {
    return std::nullopt;
  }
  ASSIGN_OR_RETURN(const absl::Time time, CheckTimestamp(kTimeField, exclusion.time()));
  RETURN_IF_ERROR(CheckOccurTime(kTimeField, time, now));
  return time;
}

absl::Status CheckFeedback(const v1::Feedback& feedback, absl::Time now) {
  RETURN_IF_ERROR(CheckIdsAndTexts(feedback, now).status());
  RETURN_IF_ERROR(CheckLabelCount("feedback.labels", feedback.labels().size(), kLabelsMax));
  for (const auto& [key, value] : feedback.labels()) {
    RETURN_IF_ERROR(CheckLabel("feedback.labels", key, value, /*takes_empty_value=*/false));
  }
  return feedback.has_exclusion() ? CheckSentExclusion(feedback.exclusion(), now).status()
                                  : absl::OkStatus();
}

absl::StatusOr<Uuid> ParseFeedbackId(absl::string_view field, absl::string_view text) {
  if (text.empty()) {
    return FieldError(v1::ERROR_REASON_FIELD_REQUIRED, field, "must be given");
  }
  const std::optional<Uuid> id = Uuid::Parse(text);
  if (!id.has_value() || !id->IsV7()) {
    return FieldError(v1::ERROR_REASON_FIELD_INVALID, field,
                      absl::StrCat("got ", Quoted(text),
                                   ", wanted a UUIDv7 such as "
                                   "\"0190163d-8694-739b-aea5-966c26f8ad91\""));
  }
  return *id;
}

}  // namespace emptychair
