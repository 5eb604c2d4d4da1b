#include "server/profile/customer_export.h"

#include "absl/container/flat_hash_set.h"
#include "common/base/status_macros.h"
#include "server/customers/activity.h"
#include "server/customers/customer.h"
#include "server/feedback/feedback.h"
#include "server/request/validation.h"
#include "storage/read/activities.h"

namespace emptychair {
namespace {

// A message ends when it has so many records or about so many bytes.
constexpr int kRecordsMax = 1'000;
constexpr size_t kMessageBytesMax = size_t{256} << 10;

}  // namespace

absl::StatusOr<CustomerExport> CustomerExport::Prepare(const storage::Store* store,
                                                       const v1::ExportCustomerRequest& request) {
  RETURN_IF_ERROR(CheckId("customer_id", request.customer_id()));
  return CustomerExport(store, request.customer_id());
}

absl::StatusOr<bool> CustomerExport::Next(v1::ExportCustomerResponse& response) {
  message_bytes_ = 0;
  const bool is_first = !ordinal_.has_value();
  if (is_first) {
    RETURN_IF_ERROR(Begin(response));
  }
  while (!surveys_.empty() && !IsFull(response)) {
    RETURN_IF_ERROR(ReadAnswers(*surveys_.front(), response));
  }
  while (!kinds_.empty() && !IsFull(response)) {
    RETURN_IF_ERROR(ReadActivities(*kinds_.front(), response));
  }
  response.set_sequence(static_cast<int64_t>(view_->counters.sequence()));
  is_over_ = !is_first && response.feedback().empty() && response.activities().empty();
  return !is_over_;
}

absl::Status CustomerExport::Begin(v1::ExportCustomerResponse& response) {
  ASSIGN_OR_RETURN(*response.mutable_customer(), FindCustomer(*store_, *view_, customer_id_));
  ASSIGN_OR_RETURN(ordinal_, FindCustomerOrdinal(*store_, *view_, customer_id_));
  absl::flat_hash_set<uint32_t> answered;
  storage::RecordRange range;
  range.customer_ordinal = ordinal_;
  RETURN_IF_ERROR(store_->records().Scan(*view_, range, [&](const storage::ScannedRecord& scanned) {
    answered.insert(scanned.position.survey_number);
    return true;
  }));
  for (const auto& [survey_id, survey] : *view_->catalog) {
    if (answered.contains(survey->number())) {
      surveys_.push_back(survey.get());
    }
  }
  ASSIGN_OR_RETURN(kinds_, store_->activities().KindsOf(*view_, *ordinal_));
  return absl::OkStatus();
}

absl::Status CustomerExport::ReadAnswers(const storage::SurveyView& survey,
                                         v1::ExportCustomerResponse& response) {
  storage::RecordRange range;
  range.surveys = {&survey};
  range.customer_ordinal = ordinal_;
  range.after = after_answer_;
  bool is_through = true;
  RETURN_IF_ERROR(store_->records().Scan(
      *view_, range, [&](const storage::ScannedRecord& scanned) -> absl::StatusOr<bool> {
        if (IsFull(response)) {
          is_through = false;
          return false;
        }
        ASSIGN_OR_RETURN(storage::FeedbackRecord record,
                         storage::DecodeFeedbackRecord(
                             survey.all_series(), scanned.position.feedback_id, scanned.value));
        record.customer_id = customer_id_;
        FillFeedback(record, survey, *response.add_feedback());
        message_bytes_ += response.feedback().rbegin()->ByteSizeLong();
        after_answer_ = scanned.position;
        return true;
      }));
  if (is_through) {
    surveys_.erase(surveys_.begin());
    after_answer_.reset();
  }
  return absl::OkStatus();
}

absl::Status CustomerExport::ReadActivities(const storage::ActivityKindView& kind,
                                            v1::ExportCustomerResponse& response) {
  const storage::ActivityRange range{.kind_number = kind.number(),
                                     .customer_ordinal = ordinal_,
                                     .after = after_activity_,
                                     .fails_on_damage = true};
  bool is_through = true;
  RETURN_IF_ERROR(store_->activities().Scan(
      *view_, range, [&](const storage::ActivityRecord& record) -> absl::StatusOr<bool> {
        if (IsFull(response)) {
          is_through = false;
          return false;
        }
        v1::Activity& activity = *response.add_activities();
        FillActivity(record, kind, activity);
        activity.set_customer_id(customer_id_);
        message_bytes_ += activity.ByteSizeLong();
        after_activity_ = record.id;
        return true;
      }));
  if (is_through) {
    kinds_.erase(kinds_.begin());
    after_activity_.reset();
  }
  return absl::OkStatus();
}

bool CustomerExport::IsFull(const v1::ExportCustomerResponse& response) const {
  return response.feedback_size() + response.activities_size() >= kRecordsMax ||
         message_bytes_ >= kMessageBytesMax;
}

}  // namespace emptychair
