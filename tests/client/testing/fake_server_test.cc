#include "emptychair/testing/fake_server.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/timestamp.h"
#include "emptychair/client/client.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"

namespace emptychair::testing {
namespace {

using ::testing::HasSubstr;

constexpr char kSubmit[] = "emptychair.v1.FeedbackService/SubmitFeedback";
constexpr char kStream[] = "emptychair.v1.FeedbackService/StreamFeedback";
constexpr char kStatus[] = "emptychair.v1.AdminService/GetStatus";

// A server of its own for each test, and a client of it that sends nothing twice.
class FakeServerTest : public ::testing::Test {
 protected:
  FakeServerTest()
      : server_(*FakeServer::Start({.time = kTime})), client_(MakeClient(server_->endpoint())) {
    Create(client_, NpsSurvey("nps"));
  }

  // As a program has it: tries again.
  Client PatientClient() const {
    return *Client::Create({.endpoint = server_->endpoint(), .timeout = kLong});
  }

  v1::Feedback SubmitNow(const std::string& id, absl::Time time = kTime) {
    return Submit(client_, Answer("nps", id, time, 9)).feedback();
  }
  absl::Time ReceiveTime(const std::string& id, absl::Time time = kTime) {
    return FromTimestamp(SubmitNow(id, time).receive_time());
  }
  absl::Status TrySubmitting(const std::string& id) {
    return TrySubmit(client_, Answer("nps", id, kTime, 9)).status();
  }

  const std::unique_ptr<FakeServer> server_;
  Client client_;
};

TEST_F(FakeServerTest, ItsClockStandsWhereItIsSet) {
  EXPECT_EQ(ReceiveTime("at the start"), kTime);
  ASSERT_OK(server_->SetTime(kTime + absl::Hours(1)));
  EXPECT_EQ(ReceiveTime("an hour later"), kTime + absl::Hours(1));
  ASSERT_OK(server_->SetTime(kTime - absl::Hours(24)));
  EXPECT_EQ(ReceiveTime("a day before", kTime - absl::Hours(24)), kTime - absl::Hours(24));
  EXPECT_THAT(TrySubmitting("from the future"), HasReason(v1::ERROR_REASON_TIME_OUT_OF_RANGE));
}

TEST_F(FakeServerTest, DeadlinesGoByTheMachinesClock) {
  const absl::Time far = absl::Now() + absl::Hours(24 * 365);
  ASSERT_OK(server_->SetTime(far));
  EXPECT_EQ(ReceiveTime("a year ahead"), absl::FromUnixMillis(absl::ToUnixMillis(far)));
}

TEST_F(FakeServerTest, RefusesTimesThatNoRecordCanHave) {
  for (const absl::Time time : {absl::UnixEpoch(), absl::InfinitePast(), absl::InfiniteFuture(),
                                At("9999-12-31T23:59:59Z") + absl::Seconds(1)}) {
    EXPECT_THAT(server_->SetTime(time), HasField("time")) << time;
    EXPECT_THAT(FakeServer::Start({.time = time}), HasField("time")) << time;
  }
  EXPECT_EQ(ReceiveTime("unmoved"), kTime);
  EXPECT_OK(server_->SetTime(At("9999-12-31T23:59:59Z")));
}

TEST_F(FakeServerTest, FailsTheNextCallsOfAMethodAndNoOthers) {
  ASSERT_OK(server_->FailNext(kSubmit, absl::StatusCode::kAborted, 3, "planned"));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(TrySubmitting("row"), absl::AbortedError("planned"));
    EXPECT_EQ(Status(client_).feedback_count(), 0);
  }
  EXPECT_OK(TrySubmitting("row"));
  EXPECT_EQ(Status(client_).feedback_count(), 1);
}

TEST_F(FakeServerTest, FailsCallsOfEveryMethodAfterThoseOfTheirOwn) {
  ASSERT_OK(server_->FailNext("", absl::StatusCode::kInternal, 2));
  ASSERT_OK(server_->FailNext(kStatus, absl::StatusCode::kUnavailable, 1));
  EXPECT_THAT(client_.GetStatus(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("FailNext")));
  EXPECT_THAT(client_.GetStatus(), StatusIs(absl::StatusCode::kInternal));
  EXPECT_THAT(TrySubmitting("row"), StatusIs(absl::StatusCode::kInternal));
  EXPECT_OK(TrySubmitting("row"));
}

TEST_F(FakeServerTest, ClientsTryAgainUntilNothingFailsAnyMore) {
  ASSERT_OK(server_->FailNext(kSubmit, absl::StatusCode::kUnavailable, 2));
  EXPECT_OK(PatientClient().SubmitFeedback(Answer("nps", "row", kTime, 9)));
  EXPECT_EQ(Status(client_).feedback_count(), 1);
}

TEST_F(FakeServerTest, AStreamFailsWhenItBeginsAndNotUnderWay) {
  int acknowledged = 0;
  const auto count = [&](const auto&, const auto&) { ++acknowledged; };
  v1::StreamFeedbackRequest batch;
  *batch.add_feedback() = Answer("nps", "row", kTime, 9);
  const auto under_way = client_.StreamFeedback(count);
  ASSERT_OK(under_way->Send(batch));
  ASSERT_OK(under_way->AwaitAcknowledgement(kLong));

  ASSERT_OK(server_->FailNext(kStream, absl::StatusCode::kAborted, 1));
  *batch.mutable_feedback(0) = Answer("nps", "row 2", kTime, 9);
  ASSERT_OK(under_way->Send(batch));
  EXPECT_OK(under_way->Finish());
  EXPECT_EQ(acknowledged, 2);

  const auto failed = client_.StreamFeedback(count);
  failed->Send(batch).IgnoreError();
  EXPECT_THAT(failed->Finish(), StatusIs(absl::StatusCode::kAborted));
  const auto next = client_.StreamFeedback(count);
  ASSERT_OK(next->Send(batch));
  EXPECT_OK(next->Finish());
  EXPECT_EQ(acknowledged, 3);
}

TEST_F(FakeServerTest, RefusesFailuresThatCannotBe) {
  for (const char* method :
       {"SubmitFeedback", "FeedbackService/SubmitFeedback",
        "/emptychair.v1.FeedbackService/GetFeedback",
        "emptychair.v1.FeedbackService.SubmitFeedback", "emptychair.v1.FeedbackService/Submit",
        "emptychair.v1.FeedbackService", "emptychair/v1.FeedbackService/SubmitFeedback",
        "emptychair.v1.FeedbackService/SubmitFeedback ", "grpc.health.v1.Health/Check", "\xff"}) {
    EXPECT_THAT(server_->FailNext(method, absl::StatusCode::kAborted, 1), HasField("method"))
        << method;
  }
  for (const int code : {-1, 0, 17}) {
    EXPECT_THAT(server_->FailNext("", static_cast<absl::StatusCode>(code), 1), HasField("code"));
  }
  for (const int count : {-1, 0}) {
    EXPECT_THAT(server_->FailNext("", absl::StatusCode::kAborted, count), HasField("count"));
  }
  EXPECT_OK(TrySubmitting("nothing fails"));
}

TEST_F(FakeServerTest, CutsStreamsInTheMiddle) {
  auto watch = client_.WatchFeedback(v1::WatchFeedbackRequest());
  auto message = watch.begin();
  ASSERT_OK(*message);
  EXPECT_GE(server_->DropConnections(), 1);
  ++message;
  EXPECT_THAT(*message, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_OK(PatientClient().GetStatus());
}

TEST_F(FakeServerTest, AnUploadGoesOnWhereItsConnectionWasCut) {
  constexpr int kBatches = 20;
  int acknowledged = 0;
  const Client client = PatientClient();
  const auto stream = client.StreamFeedback([&](const auto&, const auto&) { ++acknowledged; });
  for (int i = 0; i < kBatches; ++i) {
    v1::StreamFeedbackRequest batch;
    *batch.add_feedback() = Answer("nps", absl::StrCat("row ", i), kTime, 9);
    ASSERT_OK(stream->Send(std::move(batch)));
    if (i % 5 == 0) {
      server_->DropConnections();
    }
  }
  ASSERT_OK(stream->Finish());
  EXPECT_EQ(acknowledged, kBatches);
  EXPECT_EQ(Value(client.GetStatus()).feedback_count(), kBatches);
}

TEST_F(FakeServerTest, ARestartKeepsWhatIsStoredTimeAndFailures) {
  const std::string endpoint = server_->endpoint();
  SubmitNow("before");
  ASSERT_OK(server_->SetTime(kTime + absl::Hours(1)));
  ASSERT_OK(server_->FailNext(kSubmit, absl::StatusCode::kAborted, 1));
  ASSERT_OK(server_->Restart());
  EXPECT_EQ(server_->endpoint(), endpoint);

  const Client client = PatientClient();
  EXPECT_EQ(Value(client.GetStatus()).feedback_count(), 1);
  EXPECT_EQ(Value(client.GetStatus()).since_start().accepted(), 0);
  EXPECT_THAT(client.SubmitFeedback(Answer("nps", "after", kTime, 9)),
              StatusIs(absl::StatusCode::kAborted));
  const auto stored = client.SubmitFeedback(Answer("nps", "after", kTime, 9));
  ASSERT_OK(stored);
  EXPECT_EQ(FromTimestamp(stored->feedback().receive_time()), kTime + absl::Hours(1));
}

TEST_F(FakeServerTest, AWatchGoesOnThroughRestartsWithoutGapOrRepeat) {
  const Client client = PatientClient();
  auto watch = client.WatchFeedback(
      FromText<v1::WatchFeedbackRequest>("survey_ids: 'nps' after_sequence: 0"));
  auto message = watch.begin();
  ASSERT_OK(*message);
  std::vector<std::string> submitted;
  std::vector<std::string> seen;
  for (int i = 0; i < 10; ++i) {
    submitted.push_back(absl::StrCat("row ", i));
    ASSERT_OK(client.SubmitFeedback(Answer("nps", submitted.back(), kTime, i)));
    while (seen.size() < submitted.size()) {
      ++message;
      ASSERT_OK(*message);
      for (const v1::FeedbackChange& change : (*message)->changes()) {
        seen.push_back(change.feedback().external_id());
      }
    }
    ASSERT_EQ(seen, submitted);
    ASSERT_OK(server_->Restart());
  }
}

TEST_F(FakeServerTest, TwoInAProcessHaveNothingInCommon) {
  const std::unique_ptr<FakeServer> other = *FakeServer::Start({.time = kTime + absl::Hours(1)});
  EXPECT_NE(other->endpoint(), server_->endpoint());
  ASSERT_OK(other->FailNext(kSubmit, absl::StatusCode::kAborted, 1));
  EXPECT_EQ(ReceiveTime("row"), kTime);
  Client client = MakeClient(other->endpoint());
  EXPECT_EQ(Status(client).feedback_count(), 0);
  EXPECT_EQ(Status(client).survey_count(), 0);
}

TEST_F(FakeServerTest, EndsWhileCallsAreOpen) {
  std::unique_ptr<FakeServer> server = *FakeServer::Start();
  const Client client = MakeClient(server->endpoint());
  auto watch = client.WatchFeedback(v1::WatchFeedbackRequest());
  // Its first message says where it stands.
  const auto message = watch.begin();
  ASSERT_OK(*message);
  server.reset();
  EXPECT_THAT(client.GetStatus(), StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace emptychair::testing
