#include "server/services/access_service.h"

#include <optional>
#include <string>
#include <utility>

#include "common/base/errors.h"
#include "common/base/key_id.h"
#include "common/base/status_macros.h"
#include "server/access/audit_event.h"
#include "server/access/audit_list.h"
#include "server/access/keys.h"
#include "server/access/roles.h"
#include "server/request/page_token.h"
#include "server/services/submit.h"

namespace emptychair {
namespace {

// Answers with the key as it is then.
template <typename Response>
auto TranslateKey(const storage::Store& store, Response& response) {
  return [&store, &response](const storage::CommandResult& result) {
    *response.mutable_key() = emptychair::ToApi(*result.access, *store.view());
    return absl::OkStatus();
  };
}

// The same with the text that only this caller gets.
template <typename Response>
void SubmitWithText(storage::Store& store, absl::StatusOr<KeyCommand> made, Response& response,
                    ReplyHandle reply) {
  if (!made.ok()) {
    reply(made.status());
    return;
  }
  SubmitCommand(store, std::move(made->command), /*want_records=*/false, std::move(reply),
                [&store, key_text = std::move(made->key_text),
                 &response](const storage::CommandResult& result) {
                  response.set_key_text(key_text);
                  return TranslateKey(store, response)(result);
                });
}

}  // namespace

void AccessService::AddTo(MethodTable& table) {
  table.push_back(MethodSpec::AtOnce(Bind(this, &AccessService::CreateKey)));
  table.push_back(MethodSpec::RunOn(Lane::kQuery, Bind(this, &AccessService::GetKey)));
  table.push_back(MethodSpec::RunOn(Lane::kQuery, Bind(this, &AccessService::ListKeys)));
  table.push_back(MethodSpec::AtOnce(Bind(this, &AccessService::UpdateKey)));
  table.push_back(MethodSpec::AtOnce(Bind(this, &AccessService::RotateKey)));
  table.push_back(MethodSpec::AtOnce(Bind(this, &AccessService::RevokeKey)));
  table.push_back(MethodSpec::RunOn(Lane::kQuery, Bind(this, &AccessService::GetCaller)));
  table.push_back(MethodSpec::RunOn(Lane::kScan, Bind(this, &AccessService::ListAuditEvents)));
}

void AccessService::CreateKey(const RequestContext& context, const v1::CreateKeyRequest& request,
                              v1::CreateKeyResponse& response, ReplyHandle reply) {
  absl::StatusOr<KeyCommand> made = PrepareCreateKey(request, context.caller.key_id, clock_->Now(),
                                                     *store_->view(), store_->key_text_hash());
  if (made.ok()) {
    store::v1::StoredAuditEvent& event = *made->command->mutable_audit();
    event = AuditOf(context, request, store_->hash(), clock_->Now());
    store::v1::StoredAuditTarget& target = *event.add_targets();
    target.set_kind("key");
    target.set_id(KeyIdText(made->command->create_access().access().id()));
  }
  SubmitWithText(*store_, std::move(made), response, std::move(reply));
}

absl::Status AccessService::GetKey(const RequestContext&, const v1::GetKeyRequest& request,
                                   v1::GetKeyResponse& response) const {
  const std::shared_ptr<const storage::View> view = store_->view();
  ASSIGN_OR_RETURN(const store::v1::StoredAccess* stored,
                   FindKey(*view, "key_id", request.key_id()));
  *response.mutable_key() = emptychair::ToApi(*stored, *view);
  return absl::OkStatus();
}

absl::Status AccessService::ListKeys(const RequestContext&, const v1::ListKeysRequest& request,
                                     v1::ListKeysResponse& response) const {
  ASSIGN_OR_RETURN(const int32_t page_size, CheckPageSize(request.page_size()));
  ASSIGN_OR_RETURN(const std::string after, ReadPageToken(*store_, request));
  const std::shared_ptr<const storage::View> view = store_->view();
  const auto& entries = view->access->entries();
  auto entry = entries.begin();
  if (const std::optional<uint64_t> id = ParseKeyId(after); id.has_value()) {
    entry = entries.upper_bound(*id);
  }
  for (; entry != entries.end(); ++entry) {
    const store::v1::StoredAccess& stored = *entry->second.stored;
    if (stored.revoke_time_ms() != 0 && !request.include_revoked()) {
      continue;
    }
    if (response.keys_size() == page_size) {
      response.set_next_page_token(
          MakePageToken(*store_, request, response.keys(page_size - 1).key_id()));
      break;
    }
    *response.add_keys() = emptychair::ToApi(stored, *view);
  }
  return absl::OkStatus();
}

void AccessService::UpdateKey(const RequestContext& context, const v1::UpdateKeyRequest& request,
                              v1::UpdateKeyResponse& response, ReplyHandle reply) {
  StartUpdate(context, std::make_shared<v1::UpdateKeyRequest>(request), response, std::move(reply));
}

void AccessService::StartUpdate(const RequestContext& context,
                                std::shared_ptr<const v1::UpdateKeyRequest> request,
                                v1::UpdateKeyResponse& response, ReplyHandle reply) {
  absl::StatusOr<storage::CommandPtr> command =
      auditor_.With(context, *request, PrepareUpdateKey(*request, clock_->Now(), *store_->view()));
  if (!command.ok()) {
    reply(command.status());
    return;
  }
  store_->Enqueue(
      *std::move(command), /*want_records=*/false,
      [this, &context, request = std::move(request), &response,
       reply = std::move(reply)](storage::CommandResult result) mutable {
        // Another change came in between, and the caller set no condition: once more.
        if (ReasonOf(result.error) == v1::ERROR_REASON_ETAG_MISMATCH &&
            request->key().etag().empty()) {
          StartUpdate(context, std::move(request), response, std::move(reply));
          return;
        }
        reply(result.error.ok() ? TranslateKey(*store_, response)(result) : result.error);
      });
}

void AccessService::RotateKey(const RequestContext& context, const v1::RotateKeyRequest& request,
                              v1::RotateKeyResponse& response, ReplyHandle reply) {
  absl::StatusOr<KeyCommand> made =
      PrepareRotateKey(request, clock_->Now(), *store_->view(), store_->key_text_hash());
  if (made.ok()) {
    *made->command->mutable_audit() = AuditOf(context, request, store_->hash(), clock_->Now());
  }
  SubmitWithText(*store_, std::move(made), response, std::move(reply));
}

void AccessService::RevokeKey(const RequestContext& context, const v1::RevokeKeyRequest& request,
                              v1::RevokeKeyResponse& response, ReplyHandle reply) {
  SubmitCommand(
      *store_,
      auditor_.With(context, request, PrepareRevokeKey(request, clock_->Now(), *store_->view())),
      std::move(reply), TranslateKey(*store_, response));
}

absl::Status AccessService::ListAuditEvents(const RequestContext&,
                                            const v1::ListAuditEventsRequest& request,
                                            v1::ListAuditEventsResponse& response) const {
  return ListAudit(*store_, request, response);
}

absl::Status AccessService::GetCaller(const RequestContext& context, const v1::GetCallerRequest&,
                                      v1::GetCallerResponse& response) const {
  const Caller& caller = context.caller;
  const std::shared_ptr<const storage::View> view = store_->view();
  response.set_kind(emptychair::ToApi(caller.kind));
  if (const storage::AccessEntry* entry = view->access->Find(caller.key_id);
      caller.key_id != 0 && entry != nullptr) {
    *response.mutable_key() = emptychair::ToApi(*entry->stored, *view);
  }
  response.set_role(caller.role);
  for (const v1::Permission permission : ListOf(caller.permissions)) {
    response.add_permissions(permission);
  }
  return absl::OkStatus();
}

}  // namespace emptychair
