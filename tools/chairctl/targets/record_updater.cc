#include "tools/chairctl/targets/record_updater.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "common/base/timestamp.h"
#include "emptychair/error.h"

namespace emptychair {
namespace {

// How often a record is read again because somebody changed it in between.
constexpr int kAttemptsMax = 5;

absl::StatusOr<v1::Feedback> Stored(const Client& client, const v1::Feedback& record) {
  v1::GetFeedbackRequest request;
  request.set_survey_id(record.survey_id());
  if (record.external_id().empty()) {
    request.set_feedback_id(record.feedback_id());
  } else {
    request.set_external_id(record.external_id());
  }
  ASSIGN_OR_RETURN(v1::GetFeedbackResponse response, client.GetFeedback(request));
  return std::move(*response.mutable_feedback());
}

absl::Status Differs(absl::string_view what) {
  return Error(v1::ERROR_REASON_CONTENT_DIFFERS,
               absl::StrCat("the stored record has another ", what, ", which cannot be changed"));
}

absl::Status CheckWhatStays(const v1::Feedback& stored, const v1::Feedback& record) {
  if (record.has_occur_time() && absl::ToUnixMillis(FromTimestamp(record.occur_time())) !=
                                     absl::ToUnixMillis(FromTimestamp(stored.occur_time()))) {
    return Differs("time");
  }
  if (!record.customer_id().empty() && record.customer_id() != stored.customer_id()) {
    return Differs("customer");
  }
  return absl::OkStatus();
}

// The amendment that makes `stored` say what `record` does; its mask is empty when it does already.
v1::AmendFeedbackRequest AmendmentOf(const v1::Feedback& stored, const v1::Feedback& record) {
  v1::AmendFeedbackRequest request;
  v1::Feedback& amended = *request.mutable_feedback();
  amended.set_survey_id(stored.survey_id());
  amended.set_feedback_id(stored.feedback_id());
  amended.set_etag(stored.etag());
  if (record.has_score() && !(stored.has_score() && stored.score() == record.score())) {
    amended.set_score(record.score());
    request.mutable_update_mask()->add_paths("score");
  }
  if (!record.comment().empty() && record.comment() != stored.comment()) {
    amended.set_comment(record.comment());
    request.mutable_update_mask()->add_paths("comment");
  }
  bool labels_differ = false;
  *amended.mutable_labels() = stored.labels();
  for (const auto& [key, value] : record.labels()) {
    std::string& label = (*amended.mutable_labels())[key];
    labels_differ |= label != value;
    label = value;
  }
  if (labels_differ) {
    request.mutable_update_mask()->add_paths("labels");
  }
  return request;
}

}  // namespace

absl::StatusOr<bool> UpdateRecord(const Client& client, const v1::Feedback& record) {
  absl::Status status;
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    ASSIGN_OR_RETURN(const v1::Feedback stored, Stored(client, record));
    RETURN_IF_ERROR(CheckWhatStays(stored, record));
    const v1::AmendFeedbackRequest request = AmendmentOf(stored, record);
    if (request.update_mask().paths().empty()) {
      return false;
    }
    status = client.AmendFeedback(request).status();
    if (ReasonOf(status) != v1::ERROR_REASON_ETAG_MISMATCH) {
      break;
    }
  }
  RETURN_IF_ERROR(status);
  return true;
}

}  // namespace emptychair
