#include "server/rpc/server_builder.h"

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "emptychair/v1/feedback_service.grpc.pb.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"

namespace emptychair {
namespace {

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

TEST_F(ServerBuilderTest, ReadsMetadataUpToItsLimitOnly) {
  const auto submit = [&](size_t bytes) {
    grpc::ClientContext context;
    context.AddMetadata("x-long", std::string(bytes, 'x'));
    v1::SubmitFeedbackResponse response;
    return stub_->SubmitFeedback(&context, v1::SubmitFeedbackRequest(), &response).error_code();
  };
  // gRPC's own entries take some hundred bytes.
  EXPECT_EQ(submit(kMetadataBytesMax - 1'000), grpc::StatusCode::OK);
  EXPECT_EQ(submit(kMetadataBytesMax), grpc::StatusCode::RESOURCE_EXHAUSTED);
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

}  // namespace
}  // namespace emptychair
