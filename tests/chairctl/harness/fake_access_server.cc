#include "tests/chairctl/harness/fake_access_server.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/rpc/status_conversion.h"

namespace emptychair {

class FakeAccessServer::Service final : public v1::AccessService::Service {
 public:
  explicit Service(AccessPlan& plan) : plan_(plan) {}

  grpc::Status CreateKey(grpc::ServerContext* context, const v1::CreateKeyRequest* request,
                         v1::CreateKeyResponse* response) override {
    plan_.created = *request;
    *response->mutable_key() = plan_.key;
    response->set_key_text(plan_.key_text);
    return Note(*context, *request);
  }
  grpc::Status GetKey(grpc::ServerContext* context, const v1::GetKeyRequest* request,
                      v1::GetKeyResponse* response) override {
    *response->mutable_key() = plan_.key;
    return Note(*context, *request);
  }
  grpc::Status ListKeys(grpc::ServerContext* context, const v1::ListKeysRequest* request,
                        v1::ListKeysResponse* response) override {
    size_t at = 0;
    (void)absl::SimpleAtoi(request->page_token(), &at);
    for (int i = 0; i < 2 && at < plan_.keys.size(); ++i) {
      *response->add_keys() = plan_.keys[at++];
    }
    response->set_next_page_token(at < plan_.keys.size() ? absl::StrCat(at) : "");
    return Note(*context, *request);
  }
  grpc::Status UpdateKey(grpc::ServerContext* context, const v1::UpdateKeyRequest* request,
                         v1::UpdateKeyResponse* response) override {
    plan_.updated = *request;
    *response->mutable_key() = plan_.key;
    return Note(*context, *request);
  }
  grpc::Status RotateKey(grpc::ServerContext* context, const v1::RotateKeyRequest* request,
                         v1::RotateKeyResponse* response) override {
    plan_.rotated = *request;
    *response->mutable_key() = plan_.key;
    response->set_key_text(plan_.key_text);
    return Note(*context, *request);
  }
  grpc::Status RevokeKey(grpc::ServerContext* context, const v1::RevokeKeyRequest* request,
                         v1::RevokeKeyResponse* response) override {
    *response->mutable_key() = plan_.key;
    return Note(*context, *request);
  }
  grpc::Status GetCaller(grpc::ServerContext* context, const v1::GetCallerRequest* request,
                         v1::GetCallerResponse* response) override {
    *response = plan_.caller;
    return Note(*context, *request);
  }
  grpc::Status ListAuditEvents(grpc::ServerContext* context,
                               const v1::ListAuditEventsRequest* request,
                               v1::ListAuditEventsResponse* response) override {
    int at = 0;
    (void)absl::SimpleAtoi(request->page_token(), &at);
    *response = plan_.audit;
    response->clear_events();
    while (request->up_to_number() != 0 && at < plan_.audit.events_size() &&
           plan_.audit.events(at).number() > request->up_to_number()) {
      ++at;
    }
    for (int i = 0; i < std::min(2, request->page_size()) && at < plan_.audit.events_size(); ++i) {
      *response->add_events() = plan_.audit.events(at++);
    }
    response->set_next_page_token(at < plan_.audit.events_size() ? absl::StrCat(at) : "");
    return Note(*context, *request);
  }

 private:
  template <typename Request>
  grpc::Status Note(const grpc::ServerContext& context, const Request& request) {
    plan_.requests.push_back(
        absl::StrCat(Request::descriptor()->name(), ": ", request.ShortDebugString()));
    const auto found = context.client_metadata().find("authorization");
    plan_.authorization = found == context.client_metadata().end()
                              ? ""
                              : std::string(found->second.data(), found->second.size());
    return ToGrpc(plan_.status);
  }

  AccessPlan& plan_;
};

class FakeAccessServer::Admin final : public v1::AdminService::Service {
 public:
  explicit Admin(AccessPlan& plan) : plan_(plan) {}

  grpc::Status VerifyStore(grpc::ServerContext*, const v1::VerifyStoreRequest* request,
                           grpc::ServerWriter<v1::VerifyStoreResponse>* writer) override {
    plan_.requests.push_back(absl::StrCat("VerifyStoreRequest: ", request->ShortDebugString()));
    for (const v1::VerifyStoreResponse& message : plan_.verdict) {
      writer->Write(message);
    }
    return ToGrpc(plan_.status);
  }

 private:
  AccessPlan& plan_;
};

FakeAccessServer::FakeAccessServer(std::shared_ptr<grpc::ServerCredentials> credentials,
                                   const std::string& address)
    : service_(std::make_unique<Service>(plan_)), admin_(std::make_unique<Admin>(plan_)) {
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address, std::move(credentials), &port);
  builder.RegisterService(service_.get());
  builder.RegisterService(admin_.get());
  server_ = builder.BuildAndStart();
  if (server_ == nullptr) {
    std::abort();
  }
  endpoint_ = absl::StrCat("127.0.0.1:", port);
}

FakeAccessServer::~FakeAccessServer() { server_->Shutdown(); }

}  // namespace emptychair
