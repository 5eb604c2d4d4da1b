#include "server/services/customer_service.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/base/status_macros.h"
#include "common/base/timestamp.h"
#include "server/access/permits.h"
#include "server/customers/activity.h"
#include "server/customers/activity_kind.h"
#include "server/customers/activity_list.h"
#include "server/customers/customer.h"
#include "server/profile/customer_view.h"
#include "server/profile/timeline.h"
#include "server/request/validation.h"
#include "server/services/batch.h"
#include "server/services/submit.h"

namespace emptychair {

void CustomerService::AddTo(MethodTable& table) {
  table.push_back(MethodSpec::AtOnce(Bind(this, &CustomerService::UpsertCustomer)));
  table.push_back(MethodSpec::RunOn(Lane::kQuery, Bind(this, &CustomerService::GetCustomer)));
  // All that a customer ever said is read for these three, which can be much.
  table.push_back(MethodSpec::RunOn(Lane::kScan, Bind(this, &CustomerService::ListTimeline)));
  table.push_back(MethodSpec::RunOn(Lane::kScan, Bind(this, &CustomerService::GetCustomerView)));
  table.push_back(MethodSpec::FeedOn(Lane::kScan, Bind(this, &CustomerService::ExportCustomer)));
  table.push_back(MethodSpec::AtOnce(Bind(this, &CustomerService::EraseCustomer)));
  table.push_back(MethodSpec::AtOnce(Bind(this, &CustomerService::DefineActivityKind)));
  table.push_back(MethodSpec::RunOn(Lane::kQuery, Bind(this, &CustomerService::ListActivityKinds)));
  table.push_back(MethodSpec::AtOnce(Bind(this, &CustomerService::DeleteActivityKind)));
  table.push_back(MethodSpec::AtOnce(Bind(this, &CustomerService::RecordActivity)));
  table.push_back(
      MethodSpec::StartOn(Lane::kIngest, Bind(this, &CustomerService::BatchRecordActivities))
          .WithBatches(BatchLimitsOf(v1::BatchRecordActivitiesRequest::kActivitiesFieldNumber)));
  table.push_back(
      MethodSpec::PipelineOn(
          Lane::kIngest, [this](auto resume) { store_->WhenWritable(std::move(resume)); },
          Bind(this, &CustomerService::StreamActivities))
          .WithBatches(BatchLimitsOf(v1::StreamActivitiesRequest::kActivitiesFieldNumber)));
  table.push_back(MethodSpec::ByRequest(Bind(this, &CustomerService::ListActivities)));
  table.push_back(MethodSpec::AtOnce(Bind(this, &CustomerService::EraseActivity)));
}

void CustomerService::UpsertCustomer(const RequestContext& context,
                                     const v1::UpsertCustomerRequest& request,
                                     v1::UpsertCustomerResponse& response, ReplyHandle reply) {
  SubmitCommand(*store_, PrepareUpsertCustomer(request), std::move(reply),
                [&context, &response](const storage::CommandResult& result) {
                  // What others have said of the customer is not for who may only add to it.
                  if (context.caller.May(v1::PERMISSION_READ_RECORDS)) {
                    *response.mutable_customer() = ToApi(*result.customer);
                  } else {
                    response.mutable_customer()->set_customer_id(result.customer->customer_id());
                  }
                  response.set_sequence(static_cast<int64_t>(result.sequence));
                  return absl::OkStatus();
                });
}

absl::Status CustomerService::GetCustomer(const RequestContext&,
                                          const v1::GetCustomerRequest& request,
                                          v1::GetCustomerResponse& response) const {
  const std::shared_ptr<const storage::View> view = store_->view();
  ASSIGN_OR_RETURN(*response.mutable_customer(),
                   FindCustomer(*store_, *view, request.customer_id()));
  response.set_sequence(static_cast<int64_t>(view->counters.sequence()));
  return absl::OkStatus();
}

absl::Status CustomerService::ListTimeline(const RequestContext&,
                                           const v1::ListTimelineRequest& request,
                                           v1::ListTimelineResponse& response) const {
  return ReadTimeline(*store_, request, response);
}

absl::Status CustomerService::GetCustomerView(const RequestContext&,
                                              const v1::GetCustomerViewRequest& request,
                                              v1::GetCustomerViewResponse& response) const {
  return SumUpCustomer(*store_, request, clock_->Now(), response);
}

absl::StatusOr<AuditedFeed<CustomerExport, v1::ExportCustomerResponse>>
CustomerService::ExportCustomer(const RequestContext& context,
                                const v1::ExportCustomerRequest& request) const {
  ASSIGN_OR_RETURN(CustomerExport source, CustomerExport::Prepare(store_, request));
  return AuditedFeed<CustomerExport, v1::ExportCustomerResponse>(
      store_, auditor_.NoteOf(context, request), std::move(source));
}

void CustomerService::EraseCustomer(const RequestContext& context,
                                    const v1::EraseCustomerRequest& request,
                                    v1::EraseCustomerResponse& response, ReplyHandle reply) {
  SubmitCommand(*store_,
                auditor_.With(context, request, PrepareEraseCustomer(request, clock_->Now())),
                std::move(reply), [&response](const storage::CommandResult& result) {
                  response.set_was_known(result.changed != 0);
                  response.set_sequence(static_cast<int64_t>(result.sequence));
                  return absl::OkStatus();
                });
}

void CustomerService::DefineActivityKind(const RequestContext& context,
                                         const v1::DefineActivityKindRequest& request,
                                         v1::DefineActivityKindResponse& response,
                                         ReplyHandle reply) {
  const std::shared_ptr<const storage::View> view = store_->view();
  SubmitCommand(*store_,
                auditor_.With(context, request, PrepareDefineKind(request, clock_->Now(), *view)),
                std::move(reply), [view, &response](const storage::CommandResult& result) {
                  *response.mutable_activity_kind() = ToApi(*result.activity_kind, *view);
                  response.set_sequence(static_cast<int64_t>(result.sequence));
                  return absl::OkStatus();
                });
}

absl::Status CustomerService::ListActivityKinds(const RequestContext&,
                                                const v1::ListActivityKindsRequest&,
                                                v1::ListActivityKindsResponse& response) const {
  const std::shared_ptr<const storage::View> view = store_->view();
  for (const auto& [name, kind] : *view->kinds) {
    *response.add_activity_kinds() = ToApi(*kind->definition, *view);
  }
  response.set_sequence(static_cast<int64_t>(view->counters.sequence()));
  return absl::OkStatus();
}

void CustomerService::DeleteActivityKind(const RequestContext& context,
                                         const v1::DeleteActivityKindRequest& request,
                                         v1::DeleteActivityKindResponse& response,
                                         ReplyHandle reply) {
  SubmitCommand(
      *store_,
      auditor_.With(context, request, PrepareDeleteKind(request, clock_->Now(), *store_->view())),
      std::move(reply), [&response](const storage::CommandResult& result) {
        response.set_sequence(static_cast<int64_t>(result.sequence));
        return absl::OkStatus();
      });
}

void CustomerService::RecordActivity(const RequestContext& context,
                                     const v1::RecordActivityRequest& request,
                                     v1::RecordActivityResponse& response, ReplyHandle reply) {
  if (absl::Status status = context.AdmitRecords(1); !status.ok()) {
    reply(status);
    return;
  }
  const absl::Time now = clock_->Now();
  auto command = storage::NewCommand();
  store::v1::RecordActivitiesCommand& record = *command->mutable_record_activities();
  record.set_time_ms(absl::ToUnixMillis(now));
  if (absl::Status status = PrepareActivity(request.activity(), now, *store_->view(),
                                            store_->hash(), *record.add_activities());
      !status.ok()) {
    reply(status);
    return;
  }
  v1::Activity& receipt = *response.mutable_activity();
  receipt.set_customer_id(request.activity().customer_id());
  receipt.set_kind(request.activity().kind());
  receipt.set_activity_id(request.activity().activity_id());
  SubmitSingle(
      *store_, std::move(command), /*want_record=*/false, std::move(reply),
      [&context, &response](const storage::CommandResult& result) {
        const storage::SubmissionOutcome& outcome = result.outcomes.front();
        if (outcome.kind == storage::SubmissionOutcome::Kind::kRefused) {
          return AsToldTo(context.caller, outcome.error);
        }
        v1::Activity& stored = *response.mutable_activity();
        *stored.mutable_occur_time() = ToTimestamp(absl::FromUnixMillis(outcome.id.UnixMs()));
        *stored.mutable_receive_time() = ToTimestamp(absl::FromUnixMillis(outcome.receive_time_ms));
        response.set_already_existed(outcome.kind ==
                                     storage::SubmissionOutcome::Kind::kAlreadyExisted);
        response.set_kind_created(!result.created_kinds.empty());
        response.set_sequence(static_cast<int64_t>(result.sequence));
        return absl::OkStatus();
      });
}

void CustomerService::BatchRecordActivities(const RequestContext& context,
                                            const v1::BatchRecordActivitiesRequest& request,
                                            v1::BatchRecordActivitiesResponse& response,
                                            ReplyHandle reply) {
  StartBatch(context, request, response, std::move(reply));
}

void CustomerService::StreamActivities(const RequestContext& context,
                                       const v1::StreamActivitiesRequest& request,
                                       v1::StreamActivitiesResponse& response, ReplyHandle reply) {
  response.set_batch_number(request.batch_number());
  StartBatch(context, request, response, std::move(reply));
}

template <typename Request, typename Response>
void CustomerService::StartBatch(const RequestContext& context, const Request& request,
                                 Response& response, ReplyHandle reply) {
  if (absl::Status status = context.AdmitRecords(request.activities_size()); !status.ok()) {
    reply(status);
    return;
  }
  if (absl::Status status = CheckImportId(request.import_id()); !status.ok()) {
    reply(status);
    return;
  }
  const absl::Time now = clock_->Now();
  const std::shared_ptr<const storage::View> view = store_->view();
  auto command = storage::NewCommand();
  store::v1::RecordActivitiesCommand& record = *command->mutable_record_activities();
  record.set_import_id(request.import_id());
  record.set_time_ms(absl::ToUnixMillis(now));
  CheckedBatch batch =
      PrepareBatch(request.activities(), *record.mutable_activities(),
                   [&](const v1::Activity& sent, store::v1::RecordedActivity& prepared) {
                     return PrepareActivity(sent, now, *view, store_->hash(), prepared);
                   });
  SubmitCommand(*store_, std::move(command), /*want_records=*/false, std::move(reply),
                [batch = std::move(batch), store = store_, &context,
                 &response](const storage::CommandResult& result) mutable {
                  CountDamage(result, *store);
                  WriteBatch(context.caller, result, std::move(batch), response);
                  for (const std::string& kind : result.created_kinds) {
                    response.add_created_kinds(kind);
                  }
                  return absl::OkStatus();
                });
}

absl::StatusOr<ScheduledWork<v1::ListActivitiesResponse>> CustomerService::ListActivities(
    const RequestContext&, const v1::ListActivitiesRequest& request) const {
  ASSIGN_OR_RETURN(ActivityList list, PrepareActivityList(*store_, request));
  // One that looks for what it lists reads more than it answers.
  const Lane lane = request.import_id().empty() ? Lane::kQuery : Lane::kScan;
  return ScheduledWork<v1::ListActivitiesResponse>(
      lane, [this, list = std::move(list)](v1::ListActivitiesResponse& response) {
        return RunActivityList(*store_, list, *customer_names_, response);
      });
}

void CustomerService::EraseActivity(const RequestContext& context,
                                    const v1::EraseActivityRequest& request,
                                    v1::EraseActivityResponse& response, ReplyHandle reply) {
  SubmitCommand(*store_,
                auditor_.With(context, request, PrepareEraseActivity(request, *store_->view())),
                std::move(reply), [&response](const storage::CommandResult& result) {
                  response.set_sequence(static_cast<int64_t>(result.sequence));
                  return absl::OkStatus();
                });
}

}  // namespace emptychair
