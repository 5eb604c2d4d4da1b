// How many streams a caller and a connection may have open.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/errors.h"
#include "emptychair/v1/feedback_service.pb.h"
#include "gmock/gmock.h"
#include "grpc/health/v1/health.pb.h"
#include "grpc/reflection/v1/reflection.pb.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"
#include "tests/service/access/access_harness.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/open_call.h"

namespace emptychair::testing {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;
using grpc::reflection::v1::ServerReflectionRequest;
using grpc::reflection::v1::ServerReflectionResponse;

constexpr char kWatch[] = "/grpc.health.v1.Health/Watch";
constexpr char kReflection[] = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";

using HealthWatch = OpenCall<HealthCheckRequest, HealthCheckResponse>;
using ReflectionCall = OpenCall<ServerReflectionRequest, ServerReflectionResponse>;
using FeedbackWatch = OpenCall<v1::WatchFeedbackRequest, v1::WatchFeedbackResponse>;

// How the first message of a stream was answered; OK: it goes on.
template <typename Call, typename Request, typename Response>
absl::Status Ask(Call& call, const Request& request, Response response) {
  return call.Write(request) && call.Read(response) ? absl::OkStatus() : call.Finish();
}

absl::Status Ask(HealthWatch& call) {
  return Ask(call, HealthCheckRequest(), HealthCheckResponse());
}
absl::Status Ask(FeedbackWatch& call) {
  return Ask(call, v1::WatchFeedbackRequest(), v1::WatchFeedbackResponse());
}
absl::Status Ask(ReflectionCall& call) {
  ServerReflectionRequest request;
  request.set_list_services("");
  return Ask(call, request, ServerReflectionResponse());
}

template <typename Call>
class Streams {
 public:
  Streams(std::shared_ptr<grpc::Channel> channel, std::string path, std::string authorization = "")
      : channel_(std::move(channel)),
        path_(std::move(path)),
        authorization_(std::move(authorization)) {}

  // Opens another one.
  absl::Status Open() {
    auto call = std::make_unique<Call>(channel_, path_, authorization_);
    const absl::Status status = Ask(*call);
    if (status.ok()) {
      open_.push_back(std::move(call));
    }
    return status;
  }
  void CloseOne() { open_.pop_back(); }

 private:
  const std::shared_ptr<grpc::Channel> channel_;
  const std::string path_;
  const std::string authorization_;
  std::vector<std::unique_ptr<Call>> open_;
};

// Opens `max`, and no more; and another once one has ended.
template <typename Call>
void ExpectRoomFor(int max, const std::string& limit, Streams<Call>& streams) {
  for (int i = 0; i < max; ++i) {
    ASSERT_OK(streams.Open()) << i;
  }
  const absl::Status refused = streams.Open();
  EXPECT_THAT(refused, HasReason(v1::ERROR_REASON_RATE_LIMITED));
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(MetadataOf(refused)["limit"], limit);
  EXPECT_TRUE(RetryDelayOf(refused).has_value());
  streams.CloseOne();
  // The server hears of it in a moment.
  const absl::Time end = absl::Now() + kLong;
  absl::Status again = streams.Open();
  while (!again.ok() && absl::Now() < end) {
    again = streams.Open();
  }
  EXPECT_OK(again);
}

TEST(StreamLimit, AConnectionHas32WatchesOfHealth) {
  AccessServer server;
  // A Unix socket gives no address by which to tell connections apart.
  for (const std::string& endpoint :
       {server.endpoint(), absl::StrCat("unix:", server.socket_path())}) {
    Streams<HealthWatch> first(OwnConnection(endpoint), kWatch);
    Streams<HealthWatch> second(OwnConnection(endpoint), kWatch);
    ExpectRoomFor(32, "streams_per_connection", first);
    ExpectRoomFor(32, "streams_per_connection", second);
  }
}

TEST(StreamLimit, AConnectionHas8StreamsOfReflection) {
  AccessServer server("reader");
  const std::shared_ptr<grpc::Channel> channel = OwnConnection(server.endpoint());
  Streams<ReflectionCall> reflection(channel, kReflection);
  ExpectRoomFor(8, "streams_per_connection", reflection);
  // Each method by itself.
  Streams<HealthWatch> health(channel, kWatch);
  EXPECT_OK(health.Open());
}

TEST(StreamLimit, ACallerHas1000StreamsOverAllConnections) {
  AccessServer server;
  const std::string path = "/emptychair.v1.FeedbackService/WatchFeedback";
  const std::string key = server.MakeKey("name: 'a' role: ROLE_ANALYST all_surveys: true");
  Streams<FeedbackWatch> some(OwnConnection(server.endpoint()), path, key);
  for (int i = 0; i < 400; ++i) {
    ASSERT_OK(some.Open()) << i;
  }
  Streams<FeedbackWatch> more(OwnConnection(server.endpoint()), path, key);
  ExpectRoomFor(600, "streams_per_caller", more);
  // Other callers have their own.
  Streams<FeedbackWatch> others(OwnConnection(server.endpoint()), path,
                                server.MakeKey("name: 'b' role: ROLE_ANALYST all_surveys: true"));
  EXPECT_OK(others.Open());
}

}  // namespace
}  // namespace emptychair::testing
