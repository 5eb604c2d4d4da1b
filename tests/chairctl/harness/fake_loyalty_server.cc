#include "tests/chairctl/harness/fake_loyalty_server.h"

#include <algorithm>
#include <cstddef>
#include <cstdlib>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/rpc/status_conversion.h"

namespace emptychair {

class FakeLoyaltyServer::Metrics final : public v1::MetricsService::Service {
 public:
  explicit Metrics(LoyaltyPlan& plan) : plan_(plan) {}

  grpc::Status QueryRetention(grpc::ServerContext*, const v1::QueryRetentionRequest* request,
                              v1::QueryRetentionResponse* response) override {
    plan_.asked_retention = *request;
    *response = plan_.retention;
    return grpc::Status::OK;
  }

  grpc::Status QueryCohorts(grpc::ServerContext*, const v1::QueryCohortsRequest* request,
                            v1::QueryCohortsResponse* response) override {
    plan_.asked_cohorts = *request;
    *response = plan_.cohorts;
    return grpc::Status::OK;
  }

  grpc::Status QueryRepeatRate(grpc::ServerContext*, const v1::QueryRepeatRateRequest* request,
                               v1::QueryRepeatRateResponse* response) override {
    plan_.asked_repeat_rate = *request;
    *response = plan_.repeat_rate;
    return grpc::Status::OK;
  }

 private:
  LoyaltyPlan& plan_;
};

class FakeLoyaltyServer::Customers final : public v1::CustomerService::Service {
 public:
  explicit Customers(LoyaltyPlan& plan) : plan_(plan) {}

  grpc::Status ListActivityKinds(grpc::ServerContext*, const v1::ListActivityKindsRequest*,
                                 v1::ListActivityKindsResponse* response) override {
    v1::ActivityKind& kind = *response->add_activity_kinds();
    kind.set_kind("purchase");
    kind.set_time_zone("Europe/Berlin");
    return grpc::Status::OK;
  }

  grpc::Status GetCustomerView(grpc::ServerContext*, const v1::GetCustomerViewRequest* request,
                               v1::GetCustomerViewResponse* response) override {
    plan_.asked_view = *request;
    *response = plan_.view;
    return ToGrpc(plan_.customer_status);
  }

  grpc::Status ListTimeline(grpc::ServerContext*, const v1::ListTimelineRequest* request,
                            v1::ListTimelineResponse* response) override {
    plan_.timeline_page_sizes.push_back(request->page_size());
    size_t at = 0;
    (void)absl::SimpleAtoi(request->page_token(), &at);
    for (int i = 0; i < std::min(2, request->page_size()) && at < plan_.timeline.size(); ++i) {
      *response->add_entries() = plan_.timeline[at++];
    }
    response->set_next_page_token(at < plan_.timeline.size() ? absl::StrCat(at) : "");
    return ToGrpc(plan_.customer_status);
  }

  grpc::Status ExportCustomer(grpc::ServerContext*, const v1::ExportCustomerRequest*,
                              grpc::ServerWriter<v1::ExportCustomerResponse>* writer) override {
    for (const v1::ExportCustomerResponse& part : plan_.customer_export) {
      writer->Write(part);
    }
    return ToGrpc(plan_.customer_status);
  }

  grpc::Status EraseCustomer(grpc::ServerContext*, const v1::EraseCustomerRequest* request,
                             v1::EraseCustomerResponse* response) override {
    plan_.asked_erase = *request;
    ++plan_.erase_calls;
    *response = plan_.erased;
    return ToGrpc(plan_.customer_status);
  }

 private:
  LoyaltyPlan& plan_;
};

class FakeLoyaltyServer::Admin final : public v1::AdminService::Service {
 public:
  explicit Admin(LoyaltyPlan& plan) : plan_(plan) {}

  grpc::Status GetStatus(grpc::ServerContext*, const v1::GetStatusRequest*,
                         v1::GetStatusResponse* response) override {
    if (!plan_.customers_erasing.empty()) {
      response->set_customers_erasing(plan_.customers_erasing.front());
      plan_.customers_erasing.pop_front();
    }
    return grpc::Status::OK;
  }

 private:
  LoyaltyPlan& plan_;
};

FakeLoyaltyServer::FakeLoyaltyServer()
    : metrics_(std::make_unique<Metrics>(plan_)),
      customers_(std::make_unique<Customers>(plan_)),
      admin_(std::make_unique<Admin>(plan_)) {
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(metrics_.get());
  builder.RegisterService(customers_.get());
  builder.RegisterService(admin_.get());
  server_ = builder.BuildAndStart();
  if (server_ == nullptr) {
    std::abort();
  }
  endpoint_ = absl::StrCat("127.0.0.1:", port);
}

FakeLoyaltyServer::~FakeLoyaltyServer() { server_->Shutdown(); }

}  // namespace emptychair
