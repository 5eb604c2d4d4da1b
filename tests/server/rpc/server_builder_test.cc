#include "server/rpc/server_builder.h"

#include <chrono>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "emptychair/v1/feedback_service.grpc.pb.h"
#include "gmock/gmock.h"
#include "google/protobuf/descriptor.h"
#include "grpc/health/v1/health.pb.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"

namespace emptychair {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;
using HealthStub = grpc::TemplatedGenericStub<HealthCheckRequest, HealthCheckResponse>;

// Answers with the length of the comment.
class LengthService final : public v1::FeedbackService::CallbackService {
 public:
  grpc::ServerUnaryReactor* SubmitFeedback(grpc::CallbackServerContext* context,
                                           const v1::SubmitFeedbackRequest* request,
                                           v1::SubmitFeedbackResponse* response) override {
    response->set_sequence(static_cast<int64_t>(request->feedback().comment().size()));
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

class ServerBuilderTest : public testing::Test {
 protected:
  ServerBuilderTest() {
    server_ = Build("127.0.0.1:0", service_, port_);
    channel_ =
        grpc::CreateChannel(absl::StrCat("127.0.0.1:", port_), grpc::InsecureChannelCredentials());
    stub_ = v1::FeedbackService::NewStub(channel_);
  }

  static std::unique_ptr<grpc::Server> Build(const std::string& address, LengthService& service,
                                             int& port) {
    grpc::ServerBuilder builder;
    ConfigureServer(builder, 64 << 20);
    builder.AddListeningPort(address, grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&service);
    return builder.BuildAndStart();
  }

  grpc::Status Submit(size_t comment_bytes, grpc_compression_algorithm compression,
                      v1::SubmitFeedbackResponse& response) {
    grpc::ClientContext context;
    context.set_compression_algorithm(compression);
    v1::SubmitFeedbackRequest request;
    request.mutable_feedback()->set_comment(std::string(comment_bytes, 'x'));
    return stub_->SubmitFeedback(&context, request, &response);
  }

  // Asks grpc.health.v1.Health/Check for the server as a whole.
  HealthCheckResponse Check() {
    HealthStub stub(channel_);
    grpc::ClientContext context;
    HealthCheckRequest request;
    HealthCheckResponse response;
    absl::Notification done;
    stub.UnaryCall(&context, "/grpc.health.v1.Health/Check", {}, &request, &response,
                   [&](grpc::Status status) {
                     EXPECT_TRUE(status.ok()) << status.error_message();
                     done.Notify();
                   });
    done.WaitForNotification();
    return response;
  }

  LengthService service_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::FeedbackService::Stub> stub_;
};

TEST_F(ServerBuilderTest, ReadsRequestsUpToItsLimitOnly) {
  v1::SubmitFeedbackResponse response;
  const size_t allowed = kRequestBytesMax - 100;
  EXPECT_TRUE(Submit(allowed, GRPC_COMPRESS_NONE, response).ok());
  EXPECT_EQ(response.sequence(), allowed);
  EXPECT_EQ(Submit(kRequestBytesMax, GRPC_COMPRESS_NONE, response).error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(ServerBuilderTest, RefusesCompressedRequests) {
  v1::SubmitFeedbackResponse response;
  EXPECT_TRUE(Submit(100'000, GRPC_COMPRESS_NONE, response).ok());
  for (auto compression : {GRPC_COMPRESS_GZIP, GRPC_COMPRESS_DEFLATE}) {
    EXPECT_EQ(Submit(100'000, compression, response).error_code(), grpc::StatusCode::UNIMPLEMENTED);
  }
}

TEST_F(ServerBuilderTest, APortThatIsTakenIsAnError) {
  LengthService second;
  int port = 0;
  EXPECT_EQ(Build(absl::StrCat("127.0.0.1:", port_), second, port), nullptr);
}

TEST_F(ServerBuilderTest, TheHealthServiceIsThereWithItsSchema) {
  const auto* service = google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(
      "grpc.health.v1.Health");
  ASSERT_NE(service, nullptr);
  EXPECT_NE(service->FindMethodByName("Watch"), nullptr);

  EXPECT_EQ(Check().status(), HealthCheckResponse::SERVING);
  server_->GetHealthCheckService()->SetServingStatus(false);
  EXPECT_EQ(Check().status(), HealthCheckResponse::NOT_SERVING);
}

// An open Health/Watch, read until it ends.
class Watch final : public grpc::ClientBidiReactor<HealthCheckRequest, HealthCheckResponse> {
 public:
  explicit Watch(std::shared_ptr<grpc::Channel> channel) : stub_(std::move(channel)) {
    stub_.PrepareBidiStreamingCall(&context_, "/grpc.health.v1.Health/Watch", {}, this);
    StartWriteLast(&request_, {});
    StartRead(&response_);
    StartCall();
  }

  void OnReadDone(bool ok) override {
    if (ok) {
      if (!first_.HasBeenNotified()) {
        first_.Notify();
      }
      StartRead(&response_);
    }
  }
  void OnDone(const grpc::Status&) override { done_.Notify(); }

  void WaitForFirst() { first_.WaitForNotification(); }
  void WaitForEnd() { done_.WaitForNotification(); }

 private:
  HealthStub stub_;
  grpc::ClientContext context_;
  HealthCheckRequest request_;
  HealthCheckResponse response_;
  absl::Notification first_;
  absl::Notification done_;
};

TEST_F(ServerBuilderTest, AnOpenHealthWatchEndsWithTheDeadlineOfShutdown) {
  Watch watch(channel_);
  watch.WaitForFirst();
  // Returns at once, not when the watcher pleases.
  server_->Shutdown(std::chrono::system_clock::now());
  watch.WaitForEnd();
}

}  // namespace
}  // namespace emptychair
