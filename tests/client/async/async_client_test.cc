// AsyncX of a client whose connection is a mock, as in the tests of its users.
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "common/base/clock.h"
#include "common/base/errors.h"
#include "common/base/uuid.h"
#include "emptychair/client/client.h"
#include "emptychair/client/mocks/mock_connection.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"

namespace emptychair {
namespace {

using ::emptychair::testing::StatusIs;
using ::testing::_;
using ::testing::Return;
using ::testing::SizeIs;
using ::testing::StrictMock;

constexpr int64_t kNowMs = 1'706'700'000'123;

class AsyncClientTest : public ::testing::Test {
 protected:
  // Runs what the executor was given so far.
  void RunTasks() {
    while (!tasks_.empty()) {
      const std::function<void()> task = std::move(tasks_.front());
      tasks_.pop_front();
      task();
    }
  }

  std::deque<std::function<void()>> tasks_;
  std::shared_ptr<StrictMock<MockConnection>> connection_ =
      std::make_shared<StrictMock<MockConnection>>(
          [this](std::function<void()> task) { tasks_.push_back(std::move(task)); });
  FakeClock clock_{absl::FromUnixMillis(kNowMs)};
  Client client_{connection_, [this] { return clock_.Now(); }};
};

TEST_F(AsyncClientTest, TheCallbackGetsWhatTheMethodAnswers) {
  EXPECT_CALL(*connection_, GetSurvey(_)).WillOnce([](const v1::GetSurveyRequest& request) {
    v1::GetSurveyResponse response;
    response.mutable_survey()->set_survey_id(request.survey_id());
    return response;
  });
  std::optional<absl::StatusOr<v1::GetSurveyResponse>> got;
  {
    v1::GetSurveyRequest request;
    request.set_survey_id("nps");
    client_.AsyncGetSurvey(request, [&](absl::StatusOr<v1::GetSurveyResponse> response) {
      got = std::move(response);
    });
  }
  EXPECT_FALSE(got.has_value());
  RunTasks();
  ASSERT_TRUE(got.has_value());
  ASSERT_OK(*got);
  EXPECT_EQ((*got)->survey().survey_id(), "nps");
}

TEST_F(AsyncClientTest, TheCallbackGetsTheErrorWithItsDetails) {
  const absl::Status none = Error(v1::ERROR_REASON_SURVEY_NOT_FOUND, "none", {{"survey_id", "x"}});
  EXPECT_CALL(*connection_, GetSurvey(_)).WillOnce(Return(none));
  absl::Status got;
  client_.AsyncGetSurvey(
      {}, [&](const absl::StatusOr<v1::GetSurveyResponse>& response) { got = response.status(); });
  RunTasks();
  EXPECT_EQ(got, none);
}

TEST_F(AsyncClientTest, AListGivesOnePage) {
  EXPECT_CALL(*connection_, ListSurveys(_)).WillOnce([](const v1::ListSurveysRequest&) {
    v1::ListSurveysResponse response;
    response.add_surveys();
    response.set_next_page_token("more");
    return response;
  });
  std::string token;
  client_.AsyncListSurveys({}, [&](const absl::StatusOr<v1::ListSurveysResponse>& response) {
    token = response->next_page_token();
  });
  RunTasks();
  EXPECT_EQ(token, "more");
}

TEST_F(AsyncClientTest, RecordsGetIdsWhenTheCallIsMade) {
  const auto ms_of = [](const v1::Feedback& record) {
    const std::optional<Uuid> uuid = Uuid::Parse(record.feedback_id());
    return uuid.has_value() && uuid->IsV7() ? uuid->UnixMs() : -1;
  };
  EXPECT_CALL(*connection_, SubmitFeedback(_))
      .WillOnce([&](const v1::SubmitFeedbackRequest& request) {
        EXPECT_EQ(ms_of(request.feedback()), kNowMs);
        return v1::SubmitFeedbackResponse();
      })
      .WillOnce([&](const v1::SubmitFeedbackRequest& request) {
        EXPECT_EQ(request.feedback().feedback_id(), "");
        return v1::SubmitFeedbackResponse();
      });
  EXPECT_CALL(*connection_, BatchSubmitFeedback(_))
      .WillOnce([&](const v1::BatchSubmitFeedbackRequest& request) {
        EXPECT_EQ(ms_of(request.feedback(0)), kNowMs);
        EXPECT_EQ(request.feedback(1).feedback_id(), "");
        return v1::BatchSubmitFeedbackResponse();
      });
  int stored = 0;
  const auto count = [&](const auto& response) { stored += response.ok() ? 1 : 0; };
  v1::SubmitFeedbackRequest single;
  single.mutable_feedback()->set_score(9);
  client_.AsyncSubmitFeedback(single, count);
  single.mutable_feedback()->set_external_id("ticket-1");
  client_.AsyncSubmitFeedback(single, count);
  v1::BatchSubmitFeedbackRequest batch;
  batch.add_feedback()->set_score(9);
  batch.add_feedback()->set_external_id("ticket-2");
  client_.AsyncBatchSubmitFeedback(batch, count);
  clock_.Advance(absl::Hours(1));
  RunTasks();
  EXPECT_EQ(stored, 3);
}

TEST_F(AsyncClientTest, ACancelledCallIsNotMade) {
  absl::Status got;
  const AsyncCall call = client_.AsyncGetSurvey(
      {}, [&](const absl::StatusOr<v1::GetSurveyResponse>& response) { got = response.status(); });
  const AsyncCall copy = call;
  copy.Cancel();
  EXPECT_THAT(tasks_, SizeIs(1));
  RunTasks();
  EXPECT_THAT(got, StatusIs(absl::StatusCode::kCancelled));
  call.Cancel();
  AsyncCall().Cancel();
}

TEST_F(AsyncClientTest, ADestroyedHandleCancelsNothing) {
  EXPECT_CALL(*connection_, GetSurvey(_)).WillOnce(Return(v1::GetSurveyResponse()));
  absl::Status got = absl::UnknownError("not called");
  {
    client_.AsyncGetSurvey({}, [&](const auto& response) { got = response.status(); });
  }
  RunTasks();
  EXPECT_OK(got);
}

TEST_F(AsyncClientTest, ACallbackCanHaveWhatCannotBeCopied) {
  EXPECT_CALL(*connection_, GetSurvey(_)).WillOnce(Return(v1::GetSurveyResponse()));
  auto owned = std::make_unique<int>(7);
  const std::weak_ptr<int> held = [&] {
    auto shared = std::make_shared<int>(0);
    client_.AsyncGetSurvey({},
                           [owned = std::move(owned), shared](const auto&) { *shared = *owned; });
    return std::weak_ptr<int>(shared);
  }();
  EXPECT_FALSE(held.expired());
  // Goes with the task that has run, whoever has copies of it.
  const std::function<void()> copy = tasks_.front();
  RunTasks();
  EXPECT_TRUE(held.expired());
}

TEST(AsyncMock, WithoutAnExecutorCallbacksRunOnAThreadOfItsOwn) {
  const auto connection = std::make_shared<StrictMock<MockConnection>>();
  EXPECT_CALL(*connection, GetSurvey(_)).WillOnce(Return(v1::GetSurveyResponse()));
  absl::Notification done;
  std::thread::id thread;
  Client(connection).AsyncGetSurvey({}, [&](const auto&) {
    thread = std::this_thread::get_id();
    done.Notify();
  });
  done.WaitForNotification();
  EXPECT_NE(thread, std::this_thread::get_id());
}

TEST(AsyncMock, CancelsWhatHasNotBegunWhenACallbackLetsItGo) {
  auto connection = std::make_shared<StrictMock<MockConnection>>();
  EXPECT_CALL(*connection, GetSurvey(_)).WillOnce(Return(v1::GetSurveyResponse()));
  auto client = std::make_shared<Client>(std::move(connection));
  absl::Notification begin;
  absl::Notification done;
  client->AsyncGetSurvey({}, [&](const auto&) {
    begin.WaitForNotification();
    client.reset();
  });
  absl::Status second;
  client->AsyncGetSurvey({}, [&](const auto& response) {
    second = response.status();
    done.Notify();
  });
  begin.Notify();
  done.WaitForNotification();
  EXPECT_THAT(second, StatusIs(absl::StatusCode::kCancelled));
}

}  // namespace
}  // namespace emptychair
