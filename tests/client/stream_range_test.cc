#include "client/stream_range.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "emptychair/v1/admin_service.grpc.pb.h"
#include "gmock/gmock.h"
#include "grpc/health/v1/health.pb.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"

namespace emptychair {
namespace {

using ::emptychair::testing::HasField;
using ::emptychair::testing::HasReason;
using ::testing::ElementsAre;

// Gives the messages 1 to `count`, then `status`.
class FakeReader final : public grpc::ClientReaderInterface<v1::GetStatusResponse> {
 public:
  FakeReader(int count, grpc::Status status, std::vector<std::string>* log)
      : count_(count), status_(std::move(status)), log_(log) {}

  bool Read(v1::GetStatusResponse* response) override {
    if (read_ == count_) {
      return false;
    }
    response->set_sequence(++read_);
    log_->push_back(absl::StrCat("read ", read_));
    return true;
  }
  grpc::Status Finish() override {
    log_->push_back("finish");
    return status_;
  }
  bool NextMessageSize(uint32_t*) override { return false; }
  void WaitForInitialMetadata() override {}

 private:
  const int count_;
  const grpc::Status status_;
  std::vector<std::string>* const log_;
  int read_ = 0;
};

class StreamTest : public ::testing::Test {
 protected:
  Stream<v1::GetStatusResponse> Open(int count, grpc::Status status) {
    return Stream<v1::GetStatusResponse>(
        std::make_unique<grpc::ClientContext>(),
        std::make_unique<FakeReader>(count, std::move(status), &log_));
  }

  std::vector<std::string> log_;
};

TEST_F(StreamTest, GivesTheMessagesAndTheEnd) {
  {
    Stream<v1::GetStatusResponse> stream = Open(2, grpc::Status::OK);
    EXPECT_EQ((*stream.Next())->sequence(), 1);
    EXPECT_EQ((*stream.Next())->sequence(), 2);
    EXPECT_FALSE(stream.Next().has_value());
  }
  EXPECT_THAT(log_, ElementsAre("read 1", "read 2", "finish"));
}

TEST_F(StreamTest, GivesTheErrorThatEndedIt) {
  const absl::Status damaged = Error(v1::ERROR_REASON_STORE_DAMAGED, "damaged");
  Stream<v1::GetStatusResponse> stream = Open(1, ToGrpc(damaged));
  EXPECT_TRUE(stream.Next()->ok());
  EXPECT_EQ(stream.Next()->status(), damaged);
}

TEST_F(StreamTest, IsReadToItsEndAndFinishedWhenItIsLeft) {
  { EXPECT_TRUE(Open(3, grpc::Status::CANCELLED).Next()->ok()); }
  EXPECT_THAT(log_, ElementsAre("read 1", "read 2", "read 3", "finish"));
}

using HealthCheckRequest = grpc::health::v1::HealthCheckRequest;
using HealthCheckResponse = grpc::health::v1::HealthCheckResponse;

// The one method with a stream of answers that gRPC brings along.
class WatchStub {
 public:
  explicit WatchStub(const std::shared_ptr<grpc::ChannelInterface>& channel)
      : channel_(channel),
        method_("/grpc.health.v1.Health/Watch", grpc::internal::RpcMethod::SERVER_STREAMING,
                channel) {}

  std::unique_ptr<grpc::ClientReader<HealthCheckResponse>> Watch(
      grpc::ClientContext* context, const HealthCheckRequest& request) {
    return std::unique_ptr<grpc::ClientReader<HealthCheckResponse>>(
        grpc::internal::ClientReaderFactory<HealthCheckResponse>::Create(channel_.get(), method_,
                                                                         context, request));
  }

 private:
  const std::shared_ptr<grpc::ChannelInterface> channel_;
  const grpc::internal::RpcMethod method_;
};

class StreamRangeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    grpc::EnableDefaultHealthCheckService(true);
    int port = 0;
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&admin_);  // A server needs a service of its own.
    server_ = builder.BuildAndStart();
    grpc::EnableDefaultHealthCheckService(false);
    ASSERT_NE(server_, nullptr);
    stub_ = std::make_unique<WatchStub>(
        grpc::CreateChannel(absl::StrCat("127.0.0.1:", port), grpc::InsecureChannelCredentials()));
  }
  void TearDown() override { server_->Shutdown(std::chrono::system_clock::now()); }

  ResultRange<HealthCheckResponse> Watch(const std::string& service) {
    HealthCheckRequest request;
    request.set_service(service);
    return StreamRange(*stub_, &WatchStub::Watch, request, absl::Minutes(1));
  }

  v1::AdminService::Service admin_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<WatchStub> stub_;
};

TEST_F(StreamRangeTest, ReadsARealStreamAsItGoesOn) {
  ResultRange<HealthCheckResponse> states = Watch("");
  auto state = states.begin();
  ASSERT_TRUE(state->ok());
  EXPECT_EQ((*state)->status(), HealthCheckResponse::SERVING);
  server_->GetHealthCheckService()->SetServingStatus("", false);
  ++state;
  ASSERT_TRUE(state->ok());
  EXPECT_EQ((*state)->status(), HealthCheckResponse::NOT_SERVING);
}

TEST_F(StreamRangeTest, ARealStreamThatIsLeftIsCancelled) {
  // A watch never ends by itself: without the cancellation this test would not, either.
  { EXPECT_TRUE(Watch("").begin()->ok()); }
  { const ResultRange<HealthCheckResponse> untouched = Watch(""); }
}

TEST_F(StreamRangeTest, ARealStreamThatBreaksEndsWithItsError) {
  ResultRange<HealthCheckResponse> states = Watch("");
  ASSERT_TRUE(states.begin()->ok());
  server_->Shutdown(std::chrono::system_clock::now());
  absl::Status last;
  for (const auto& state : states) {
    last = state.status();
  }
  EXPECT_FALSE(last.ok());
}

TEST_F(StreamRangeTest, TextThatIsNotUtf8IsTheOnlyResult) {
  std::vector<absl::Status> results;
  for (const auto& state : Watch("\xFF")) {
    results.push_back(state.status());
  }
  ASSERT_EQ(results.size(), 1u);
  EXPECT_THAT(results[0], HasReason(v1::ERROR_REASON_FIELD_INVALID));
  EXPECT_THAT(results[0], HasField("service"));
}

}  // namespace
}  // namespace emptychair
