#include "client/testing/fake_service.h"

#include <memory>
#include <string>

#include "common/base/timestamp.h"
#include "emptychair/client/client.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/testing/control_client.h"
#include "tests/helpers/status_matchers.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"

namespace emptychair::testing {
namespace {

constexpr char kSubmit[] = "emptychair.v1.FeedbackService/SubmitFeedback";

class FakeServiceTest : public ::testing::Test {
 protected:
  const std::unique_ptr<FakeServer> server_ = *FakeServer::Start({.time = kTime});
  const std::unique_ptr<FakeControl> service_ = *FakeControl::Start(server_.get());
  ControlClient control_{service_->endpoint()};
  Client client_ = *Client::Create({.endpoint = server_->endpoint(), .timeout = kLong});
};

TEST_F(FakeServiceTest, DoesWhatItIsAskedFor) {
  Create(client_, NpsSurvey("nps"));
  ASSERT_OK(control_.SetTime(absl::ToUnixSeconds(kTime) + 60, 5'000'000));
  ASSERT_OK(control_.FailNext(kSubmit, 10, 1, "planned"));
  const v1::Feedback answer = Answer("nps", "row", kTime, 9);
  EXPECT_EQ(client_.SubmitFeedback(answer).status(), absl::AbortedError("planned"));
  ASSERT_OK_AND_ASSIGN(const v1::SubmitFeedbackResponse stored, client_.SubmitFeedback(answer));
  EXPECT_EQ(FromTimestamp(stored.feedback().receive_time()),
            kTime + absl::Minutes(1) + absl::Milliseconds(5));

  // No matter which connections are cut: it is answered all the same.
  ASSERT_OK_AND_ASSIGN(const int dropped, control_.DropConnections());
  EXPECT_GE(dropped, 1);
  ASSERT_OK(control_.Restart());
  const v1::GetStatusResponse status = Value(client_.GetStatus());
  EXPECT_EQ(status.feedback_count(), 1);
  EXPECT_EQ(status.since_start().accepted(), 0);
}

TEST_F(FakeServiceTest, NamesTheFieldThatIsWrong) {
  EXPECT_THAT(control_.SetNoTime(), HasField("time"));
  EXPECT_THAT(control_.SetNoTime(), HasReason(v1::ERROR_REASON_FIELD_REQUIRED));
  EXPECT_THAT(control_.SetTime(0), HasField("time"));
  EXPECT_THAT(control_.SetTime(253'402'300'800), HasField("time"));
  EXPECT_THAT(control_.SetTime(int64_t{1} << 62), HasField("time"));
  EXPECT_THAT(control_.SetTime(1, -1), HasField("time.nanos"));
  EXPECT_THAT(control_.SetTime(1, 1'000'000'000), HasField("time.nanos"));
  EXPECT_THAT(control_.FailNext("SubmitFeedback", 14, 1), HasField("method"));
  EXPECT_THAT(control_.FailNext("emptychair.testing.v1.FakeService/Restart", 14, 1),
              HasField("method"));
  EXPECT_THAT(control_.FailNext(kSubmit, 0, 1), HasField("code"));
  EXPECT_THAT(control_.FailNext(kSubmit, 17, 1), HasField("code"));
  EXPECT_THAT(control_.FailNext(kSubmit, 14, 0), HasField("count"));
  EXPECT_THAT(control_.FailNext(kSubmit, 14, 0), HasReason(v1::ERROR_REASON_FIELD_INVALID));
  Create(client_, NpsSurvey("nps"));
  EXPECT_EQ(
      FromTimestamp(Submit(client_, Answer("nps", "row", kTime, 9)).feedback().receive_time()),
      kTime);
}

TEST_F(FakeServiceTest, IsNotServedBesideTheApi) {
  ControlClient wrong_port(server_->endpoint());
  EXPECT_THAT(wrong_port.Restart(), StatusIs(absl::StatusCode::kUnimplemented));
}

}  // namespace
}  // namespace emptychair::testing
