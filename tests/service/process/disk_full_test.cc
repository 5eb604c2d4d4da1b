// A small file system is filled and freed under the server again and again.
//
// EMPTYCHAIR_TEST_FILLS sets how often, else 3.
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "grpc/health/v1/health.pb.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/impl/codegen/proto_utils.h"
#include "gtest/gtest.h"
#include "tests/helpers/count.h"
#include "tests/helpers/status_matchers.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"
#include "tests/service/harness/small_disk.h"

namespace emptychair::testing {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

int Fills() { return CountFromEnvOr("EMPTYCHAIR_TEST_FILLS", 3); }

HealthCheckResponse::ServingStatus Health(const std::string& endpoint, const std::string& service) {
  grpc::TemplatedGenericStub<HealthCheckRequest, HealthCheckResponse> stub(
      grpc::CreateChannel(endpoint, grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  HealthCheckRequest request;
  request.set_service(service);
  HealthCheckResponse response;
  absl::Notification done;
  stub.UnaryCall(&context, "/grpc.health.v1.Health/Check", {}, &request, &response,
                 [&](grpc::Status status) {
                   EXPECT_TRUE(status.ok()) << status.error_message();
                   done.Notify();
                 });
  done.WaitForNotification();
  return response.status();
}

// What health says, once that is `wanted` or has had time to be. It follows the state.
HealthCheckResponse::ServingStatus HealthUntil(const std::string& endpoint,
                                               HealthCheckResponse::ServingStatus wanted) {
  const absl::Time deadline = absl::Now() + absl::Seconds(10);
  HealthCheckResponse::ServingStatus status;
  do {
    status = Health(endpoint, "emptychair.v1.FeedbackService");
  } while (status != wanted && absl::Now() < deadline);
  return status;
}

v1::Feedback Record(int number) {
  v1::Feedback record = Answer("nps", absl::StrCat("row ", number),
                               At("2024-01-01T00:00:00Z") + absl::Seconds(number));
  record.set_score(number % 11);
  record.set_comment(std::string(200, 'c'));
  return record;
}

// Submits new records until one ends as `wanted`, for as long as a state may take to be noticed.
absl::Status SubmitUntil(Client& client, absl::StatusCode wanted, int& number, int& accepted) {
  const absl::Time deadline = absl::Now() + absl::Seconds(10);
  absl::Status status;
  do {
    status = TrySubmit(client, Record(number++)).status();
    accepted += status.ok() ? 1 : 0;
  } while (status.code() != wanted && absl::Now() < deadline);
  return status;
}

TEST(DiskFullTest, RefusesChangesUntilThereIsRoomAgain) {
  SmallDisk disk;
  if (!disk.is_mounted()) {
    GTEST_SKIP() << "mounting a file system needs root";
  }
  constexpr int64_t kReserve = int64_t{64} << 20;
  ASSERT_OK_AND_ASSIGN(
      RunningBinary server,
      StartBinary(disk.Path("data"), {absl::StrCat("--disk_reserve_bytes=", kReserve)}));
  Client client = MakeClient(server.endpoint);
  Create(client, NpsSurvey("nps"));
  int number = 0;
  int accepted = 0;
  for (int fill = 0; fill < Fills(); ++fill) {
    SCOPED_TRACE(absl::StrCat("fill ", fill));
    ASSERT_OK(SubmitUntil(client, absl::StatusCode::kOk, number, accepted));
    disk.Fill(kReserve / 2);
    const absl::Status refused =
        SubmitUntil(client, absl::StatusCode::kResourceExhausted, number, accepted);
    ASSERT_THAT(refused, HasReason(v1::ERROR_REASON_DISK_FULL));
    EXPECT_TRUE(RetryDelayOf(refused).has_value());
    EXPECT_EQ(HealthUntil(server.endpoint, HealthCheckResponse::NOT_SERVING),
              HealthCheckResponse::NOT_SERVING);
    EXPECT_EQ(Health(server.endpoint, ""), HealthCheckResponse::SERVING);
    EXPECT_TRUE(Status(client).disk().is_full());
    EXPECT_OK(GetByExternalId(client, "nps", "row 0"));
    disk.Free();
    ASSERT_OK(SubmitUntil(client, absl::StatusCode::kOk, number, accepted));
    EXPECT_EQ(HealthUntil(server.endpoint, HealthCheckResponse::SERVING),
              HealthCheckResponse::SERVING);
    EXPECT_FALSE(Status(client).disk().is_full());
  }
  EXPECT_EQ(Status(client).feedback_count(), accepted);

  // Full when it starts. Its stop has freed what it had set aside.
  server.process->Signal(SIGTERM);
  ASSERT_THAT(server.process->Wait(kLong), IsOkAndHolds(0));
  disk.Fill(kReserve / 2);
  ASSERT_OK_AND_ASSIGN(
      server, StartBinary(disk.Path("data"), {absl::StrCat("--disk_reserve_bytes=", kReserve)}));
  client = MakeClient(server.endpoint);
  EXPECT_THAT(TrySubmit(client, Record(number)).status(), HasReason(v1::ERROR_REASON_DISK_FULL));
  EXPECT_EQ(Status(client).feedback_count(), accepted);
  EXPECT_EQ(HealthUntil(server.endpoint, HealthCheckResponse::NOT_SERVING),
            HealthCheckResponse::NOT_SERVING);
}

}  // namespace
}  // namespace emptychair::testing
