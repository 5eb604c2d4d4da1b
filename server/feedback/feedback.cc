#include "server/feedback/feedback.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "common/base/local_day.h"
#include "common/base/status_macros.h"
#include "common/base/timestamp.h"
#include "common/checks/field_checks.h"
#include "server/request/labels.h"
#include "server/surveys/survey.h"
#include "storage/format/cube_row.h"
#include "storage/format/external_ids.h"

namespace emptychair {
namespace {

// Takes over the exclusion that came with a record.
absl::Status TakeExclusion(const v1::Exclusion& exclusion, absl::Time receive_time,
                           store::v1::Submission& submission) {
  ASSIGN_OR_RETURN(const std::optional<absl::Time> time,
                   CheckSentExclusion(exclusion, receive_time));
  submission.set_exclusion_reason(exclusion.reason());
  submission.mutable_body()->set_exclusion_note(exclusion.note());
  submission.mutable_body()->set_exclusion_time_ms(absl::ToUnixMillis(time.value_or(receive_time)));
  return absl::OkStatus();
}

}  // namespace

absl::Status PrepareSubmission(const v1::Feedback& feedback, absl::Time receive_time,
                               const storage::View& view, const storage::KeyedHash& hash,
                               store::v1::Submission& submission) {
  ASSIGN_OR_RETURN(const SentIdentity sent, CheckIdsAndTexts(feedback, receive_time));
  store::v1::StoredFeedback& body = *submission.mutable_body();
  RETURN_IF_ERROR(TakeLabels("feedback.labels", feedback.labels(), {.max = kLabelsMax},
                             *body.mutable_labels()));
  ASSIGN_OR_RETURN(const storage::SurveyView* survey,
                   FindSurvey(view, "feedback.survey_id", feedback.survey_id()));

  submission.set_survey_number(survey->number());
  submission.set_customer_id(feedback.customer_id());
  if (feedback.has_score()) {
    submission.set_score(feedback.score());
  }
  body.set_external_id(feedback.external_id());
  body.set_comment(feedback.comment());
  body.set_receive_time_ms(absl::ToUnixMillis(receive_time));
  if (feedback.has_exclusion()) {
    RETURN_IF_ERROR(TakeExclusion(feedback.exclusion(), receive_time, submission));
  }

  const int64_t occur_ms = sent.occur_ms.value_or(absl::ToUnixMillis(receive_time));
  const Uuid feedback_id = sent.feedback_id.has_value()
                               ? *sent.feedback_id
                               : storage::DerivedFeedbackId(hash, feedback.survey_id(),
                                                            feedback.external_id(), occur_ms);
  submission.set_feedback_id(feedback_id.AsBytes().data(), Uuid::kSize);
  submission.set_id_was_sent(sent.feedback_id.has_value());
  submission.set_time_was_sent(sent.occur_ms.has_value());
  submission.set_zone_revision(survey->definition->zone_revision());
  ASSIGN_OR_RETURN(const absl::TimeZone zone, ZoneOf(*survey->definition));
  submission.set_zone_offset_seconds(DayOffsetSeconds(zone, absl::FromUnixMillis(occur_ms)));
  return absl::OkStatus();
}

void FillFeedback(const storage::FeedbackRecord& record, const storage::SurveyView& survey,
                  v1::Feedback& feedback) {
  feedback.set_survey_id(survey.definition->survey_id());
  feedback.set_feedback_id(record.feedback_id.ToString());
  feedback.set_external_id(record.body.external_id());
  feedback.set_customer_id(record.customer_id);
  if (record.header.score.has_value()) {
    feedback.set_score(*record.header.score);
  }
  feedback.set_comment(record.body.comment());
  for (const store::v1::StoredLabel& label : record.body.labels()) {
    (*feedback.mutable_labels())[label.key()] = label.value();
  }
  *feedback.mutable_occur_time() = ToTimestamp(absl::FromUnixMillis(record.feedback_id.UnixMs()));
  *feedback.mutable_receive_time() =
      ToTimestamp(absl::FromUnixMillis(record.body.receive_time_ms()));
  if (record.header.exclusion_reason != storage::kCountedDisposition) {
    v1::Exclusion& exclusion = *feedback.mutable_exclusion();
    exclusion.set_reason(static_cast<v1::ExclusionReason>(record.header.exclusion_reason));
    exclusion.set_note(record.body.exclusion_note());
    *exclusion.mutable_time() = ToTimestamp(absl::FromUnixMillis(record.body.exclusion_time_ms()));
  }
  feedback.set_sequence(static_cast<int64_t>(record.header.sequence));
  feedback.set_etag(storage::EtagOf(record.header.sequence));
  feedback.set_import_id(std::string(survey.imports->IdOf(record.body.import_number())));
}

}  // namespace emptychair
