// Calls whose lane depends on their request, or on what is found on the way.
#include <functional>
#include <memory>
#include <stdexcept>
#include <thread>
#include <utility>

#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "common/rpc/status_conversion.h"
#include "emptychair/v1/admin_service.grpc.pb.h"
#include "gmock/gmock.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"
#include "server/rpc/unary_call.h"
#include "tests/helpers/status_matchers.h"
#include "tests/server/rpc/call_harness.h"

namespace emptychair {
namespace {

using ::emptychair::testing::IsOkAndHolds;

using Request = v1::GetStatusRequest;
using Response = v1::GetStatusResponse;

// A service whose one method is one of ours.
class ScheduledService final
    : public v1::AdminService::WithRawCallbackMethod_GetStatus<v1::AdminService::Service> {
 public:
  void Serve(CallRunner* runner, const MethodSpec* method) {
    runner_ = runner;
    method_ = method;
  }

  grpc::ServerUnaryReactor* GetStatus(grpc::CallbackServerContext* context,
                                      const grpc::ByteBuffer* request,
                                      grpc::ByteBuffer* response) override {
    return ServeUnary(runner_, method_, context, request, response);
  }

 private:
  CallRunner* runner_ = nullptr;
  const MethodSpec* method_ = nullptr;
};

class ScheduledCallTest : public ServedTest {
 protected:
  ScheduledCallTest() : ServedTest({.query = {.threads = 1, .queue_max = 2}}) {
    auto service = std::make_unique<ScheduledService>();
    service_ = service.get();
    stub_ = v1::AdminService::NewStub(ServeOn(std::move(service)));
  }

  void Serve(MethodSpec method) { service_->Serve(&runner_, Keep(std::move(method))); }

  absl::StatusOr<int64_t> Get() {
    grpc::ClientContext context;
    Response response;
    RETURN_IF_ERROR(FromGrpc(stub_->GetStatus(&context, {}, &response)));
    return response.sequence();
  }

  ScheduledService* service_;
  std::unique_ptr<v1::AdminService::Stub> stub_;
};

TEST_F(ScheduledCallTest, TheRequestChoosesTheLane) {
  absl::StatusOr<Lane> lane = Lane::kScan;
  std::thread::id scan_thread;
  {
    Blocker blocker(executor_, Lane::kScan);  // Once it is gone, the lane has room again.
    scan_thread = blocker.thread();
  }
  std::thread::id ran_on;
  Serve(MethodSpec::ByRequest(
      [&](const RequestContext&, const Request&) -> absl::StatusOr<ScheduledWork<Response>> {
        if (!lane.ok()) {
          return lane.status();
        }
        if (*lane == Lane::kIngest) {
          throw std::runtime_error("secret");
        }
        return ScheduledWork<Response>(*lane, [&](Response& response) {
          ran_on = std::this_thread::get_id();
          response.set_sequence(4);
          return absl::OkStatus();
        });
      }));
  EXPECT_THAT(Get(), IsOkAndHolds(4));
  EXPECT_EQ(ran_on, scan_thread);
  lane = Lane::kQuery;
  EXPECT_THAT(Get(), IsOkAndHolds(4));
  EXPECT_NE(ran_on, scan_thread);
  lane = Error(v1::ERROR_REASON_SURVEY_NOT_FOUND, "there is none");
  EXPECT_EQ(ReasonOf(Get().status()), v1::ERROR_REASON_SURVEY_NOT_FOUND);
  lane = Lane::kIngest;
  EXPECT_EQ(Get().status().code(), absl::StatusCode::kInternal);
}

TEST_F(ScheduledCallTest, APlanSaysOnWhichLaneACallGoesOn) {
  absl::StatusOr<Lane> planned = Lane::kScan;
  bool throws = false;
  std::thread::id planned_on;
  std::thread::id ran_on;
  Serve(MethodSpec::ByRequest(
      [&](const RequestContext&, const Request&) -> absl::StatusOr<ScheduledWork<Response>> {
        ScheduledWork<Response> work(Lane::kQuery, [&](Response& response) {
          ran_on = std::this_thread::get_id();
          response.set_sequence(4);
          return absl::OkStatus();
        });
        work.plan = [&]() -> absl::StatusOr<Lane> {
          planned_on = std::this_thread::get_id();
          if (throws) {
            throw std::runtime_error("secret");
          }
          return planned;
        };
        return work;
      }));
  EXPECT_THAT(Get(), IsOkAndHolds(4));
  EXPECT_NE(ran_on, planned_on);
  planned = Lane::kQuery;
  EXPECT_THAT(Get(), IsOkAndHolds(4));
  EXPECT_EQ(ran_on, planned_on);
  ran_on = std::thread::id();
  planned = Error(v1::ERROR_REASON_STORE_DAMAGED, "not to be read");
  EXPECT_EQ(ReasonOf(Get().status()), v1::ERROR_REASON_STORE_DAMAGED);
  throws = true;
  EXPECT_EQ(Get().status().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(ran_on, std::thread::id());
}

}  // namespace
}  // namespace emptychair
