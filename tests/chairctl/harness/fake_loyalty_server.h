// A service in the test's process that answers questions of loyalty and of one customer as it is
// told.
#ifndef EMPTYCHAIR_TESTS_CHAIRCTL_HARNESS_FAKE_LOYALTY_SERVER_H_
#define EMPTYCHAIR_TESTS_CHAIRCTL_HARNESS_FAKE_LOYALTY_SERVER_H_

#include <grpcpp/grpcpp.h>

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "emptychair/v1/admin_service.grpc.pb.h"
#include "emptychair/v1/customer_service.grpc.pb.h"
#include "emptychair/v1/metrics_service.grpc.pb.h"

namespace emptychair {

// What the service is to answer, and what it was asked last. The kind `purchase` is of
// Europe/Berlin. Change it between calls of chairctl alone.
struct LoyaltyPlan {
  v1::QueryRetentionResponse retention;
  v1::QueryCohortsResponse cohorts;
  v1::QueryRepeatRateResponse repeat_rate;
  v1::GetCustomerViewResponse view;
  // Newest first; answered in pages of two.
  std::vector<v1::TimelineEntry> timeline;
  std::vector<v1::ExportCustomerResponse> customer_export;
  v1::EraseCustomerResponse erased;
  // What the calls of GetStatus say of `customers_erasing`, one each; then 0.
  std::deque<int64_t> customers_erasing;
  // With what calls about a customer end.
  absl::Status customer_status;

  v1::QueryRetentionRequest asked_retention;
  v1::QueryCohortsRequest asked_cohorts;
  v1::QueryRepeatRateRequest asked_repeat_rate;
  v1::GetCustomerViewRequest asked_view;
  v1::EraseCustomerRequest asked_erase;
  int erase_calls = 0;
  std::vector<int> timeline_page_sizes;
};

// Answers by a plan that the test fills in.
class FakeLoyaltyServer {
 public:
  FakeLoyaltyServer();
  ~FakeLoyaltyServer();

  // "127.0.0.1:PORT".
  const std::string& endpoint() const { return endpoint_; }
  LoyaltyPlan& plan() { return plan_; }

 private:
  class Metrics;
  class Customers;
  class Admin;

  LoyaltyPlan plan_;
  std::unique_ptr<Metrics> metrics_;
  std::unique_ptr<Customers> customers_;
  std::unique_ptr<Admin> admin_;
  std::unique_ptr<grpc::Server> server_;
  std::string endpoint_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_TESTS_CHAIRCTL_HARNESS_FAKE_LOYALTY_SERVER_H_
