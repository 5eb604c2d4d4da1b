#include "server/feedback/feedback_commands.h"

#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "server/feedback/feedback.h"
#include "server/request/labels.h"
#include "server/request/validation.h"
#include "server/surveys/survey.h"
#include "storage/state/command.h"

namespace emptychair {
namespace {

// `prefix` is the path of the message that has the ids.
absl::StatusOr<store::v1::RecordTarget> FindTarget(
    absl::string_view prefix, absl::string_view survey_id, absl::string_view feedback_id,
    const std::string& external_id, const std::string& etag, const storage::View& view) {
  ASSIGN_OR_RETURN(const storage::SurveyView* survey,
                   FindSurvey(view, absl::StrCat(prefix, "survey_id"), survey_id));
  store::v1::RecordTarget target;
  target.set_survey_number(survey->number());
  target.set_etag(etag);
  if (!external_id.empty()) {
    const std::string field = absl::StrCat(prefix, "external_id");
    if (!feedback_id.empty()) {
      return FieldError(v1::ERROR_REASON_FIELD_INVALID, field,
                        "came with a feedback_id; wanted one of the two");
    }
    RETURN_IF_ERROR(CheckId(field, external_id));
    target.set_external_id(external_id);
    return target;
  }
  const std::string field = absl::StrCat(prefix, "feedback_id");
  if (feedback_id.empty()) {
    return FieldError(v1::ERROR_REASON_FIELD_REQUIRED, field,
                      "a feedback_id or an external_id must be given");
  }
  ASSIGN_OR_RETURN(const Uuid id, ParseFeedbackId(field, feedback_id));
  target.set_feedback_id(std::string(id.AsBytes()));
  return target;
}

}  // namespace

absl::StatusOr<storage::CommandPtr> PrepareAmend(const v1::AmendFeedbackRequest& request,
                                                 absl::Time now, const storage::View& view) {
  const v1::Feedback& feedback = request.feedback();
  auto result = storage::NewCommand();
  store::v1::AmendFeedbackCommand& command = *result->mutable_amend_feedback();
  // A record as it was answered has both ids.
  ASSIGN_OR_RETURN(
      *command.mutable_target(),
      FindTarget("feedback.", feedback.survey_id(), feedback.feedback_id(),
                 feedback.feedback_id().empty() ? feedback.external_id() : std::string(),
                 feedback.etag(), view));
  command.set_time_ms(absl::ToUnixMillis(now));
  static constexpr absl::string_view kPaths[] = {"score", "comment", "labels"};
  RETURN_IF_ERROR(CheckMask("update_mask", request.update_mask(), kPaths));
  for (const std::string& path : request.update_mask().paths()) {
    if (path == "score") {
      command.set_set_score(true);
      if (feedback.has_score()) {
        command.set_score(feedback.score());
      }
    } else if (path == "comment") {
      RETURN_IF_ERROR(CheckLength("feedback.comment", feedback.comment(), kCommentBytesMax));
      command.set_set_comment(true);
      command.set_comment(feedback.comment());
    } else {
      RETURN_IF_ERROR(TakeLabels("feedback.labels", feedback.labels(), {.max = kLabelsMax},
                                 *command.mutable_labels()));
      command.set_set_labels(true);
    }
  }
  return result;
}

absl::StatusOr<storage::CommandPtr> PrepareExclude(const v1::ExcludeFeedbackRequest& request,
                                                   absl::Time now, const storage::View& view) {
  auto result = storage::NewCommand();
  store::v1::ExcludeFeedbackCommand& command = *result->mutable_exclude_feedback();
  ASSIGN_OR_RETURN(*command.mutable_target(),
                   FindTarget("", request.survey_id(), request.feedback_id(), request.external_id(),
                              request.etag(), view));
  RETURN_IF_ERROR(CheckExclusion("", request.reason(), request.note()));
  command.set_reason(request.reason());
  command.set_note(request.note());
  command.set_time_ms(absl::ToUnixMillis(now));
  return result;
}

absl::StatusOr<storage::CommandPtr> PrepareInclude(const v1::IncludeFeedbackRequest& request,
                                                   const storage::View& view) {
  auto result = storage::NewCommand();
  store::v1::IncludeFeedbackCommand& command = *result->mutable_include_feedback();
  ASSIGN_OR_RETURN(*command.mutable_target(),
                   FindTarget("", request.survey_id(), request.feedback_id(), request.external_id(),
                              request.etag(), view));
  return result;
}

absl::StatusOr<storage::CommandPtr> PrepareErase(const v1::EraseFeedbackRequest& request,
                                                 const storage::View& view) {
  auto result = storage::NewCommand();
  store::v1::EraseFeedbackCommand& command = *result->mutable_erase_feedback();
  ASSIGN_OR_RETURN(
      *command.mutable_target(),
      FindTarget("", request.survey_id(), request.feedback_id(), request.external_id(), "", view));
  return result;
}

}  // namespace emptychair
