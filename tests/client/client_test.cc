#include "emptychair/client/client.h"

#include <memory>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/errors.h"
#include "common/base/timestamp.h"
#include "common/base/uuid.h"
#include "emptychair/client/feedback_id.h"
#include "emptychair/client/mocks/mock_connection.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"

namespace emptychair {
namespace {

using ::emptychair::testing::HasReason;
using ::testing::_;
using ::testing::Return;
using ::testing::StrictMock;

constexpr int64_t kNowMs = 1'706'700'000'123;

class ClientTest : public ::testing::Test {
 protected:
  static v1::Feedback Record(const std::string& external_id = "", const std::string& id = "") {
    v1::Feedback feedback;
    feedback.set_survey_id("nps");
    feedback.set_score(9);
    feedback.set_external_id(external_id);
    feedback.set_feedback_id(id);
    return feedback;
  }

  // The record that arrives when `send` sends one.
  template <typename Send>
  v1::Feedback Arrives(Send send) {
    v1::Feedback arrived;
    EXPECT_CALL(*connection_, SubmitFeedback(_))
        .WillOnce([&](const v1::SubmitFeedbackRequest& request) {
          arrived = request.feedback();
          v1::SubmitFeedbackResponse response;
          response.set_sequence(5);
          return response;
        });
    const absl::StatusOr<v1::SubmitFeedbackResponse> response = send();
    EXPECT_TRUE(response.ok() && response->sequence() == 5);
    return arrived;
  }

  static int64_t MsOf(const std::string& feedback_id) {
    const std::optional<Uuid> uuid = Uuid::Parse(feedback_id);
    EXPECT_TRUE(uuid.has_value() && uuid->IsV7()) << feedback_id;
    return uuid.has_value() ? uuid->UnixMs() : -1;
  }

  FakeClock clock_{absl::FromUnixMillis(kNowMs)};
  std::shared_ptr<StrictMock<MockConnection>> connection_ =
      std::make_shared<StrictMock<MockConnection>>();
  Client client_{connection_, [this] { return clock_.Now(); }};
};

TEST_F(ClientTest, ARecordWithoutIdsGetsOneOfNow) {
  const v1::Feedback arrived = Arrives([&] { return client_.SubmitFeedback(Record()); });
  EXPECT_EQ(MsOf(arrived.feedback_id()), kNowMs);
  EXPECT_EQ(FromTimestamp(arrived.occur_time()), absl::FromUnixMillis(kNowMs));
  EXPECT_EQ(arrived.score(), 9);
}

TEST_F(ClientTest, ARecordWithATimeGetsAnIdOfThatTime) {
  v1::SubmitFeedbackRequest request;
  *request.mutable_feedback() = Record();
  request.mutable_feedback()->mutable_occur_time()->set_seconds(1'600'000'000);
  request.mutable_feedback()->mutable_occur_time()->set_nanos(987'654'321);
  const v1::Feedback arrived = Arrives([&] { return client_.SubmitFeedback(request); });
  EXPECT_EQ(MsOf(arrived.feedback_id()), 1'600'000'000'987);
  EXPECT_EQ(arrived.occur_time().nanos(), 987'654'321);
}

TEST_F(ClientTest, ARecordWithAnIdIsSentAsItIs) {
  for (const v1::Feedback& record :
       {Record("ticket-1"), Record("", NewFeedbackId(absl::UnixEpoch())), Record("x", "not one")}) {
    const v1::Feedback arrived = Arrives([&] { return client_.SubmitFeedback(record); });
    EXPECT_EQ(arrived.SerializeAsString(), record.SerializeAsString());
  }
}

TEST_F(ClientTest, ARequestWithoutARecordIsSentAsItIs) {
  EXPECT_CALL(*connection_, SubmitFeedback(_))
      .WillOnce([](const v1::SubmitFeedbackRequest& request)
                    -> absl::StatusOr<v1::SubmitFeedbackResponse> {
        EXPECT_FALSE(request.has_feedback());
        return Error(v1::ERROR_REASON_FIELD_REQUIRED, "feedback");
      });
  EXPECT_THAT(client_.SubmitFeedback(v1::SubmitFeedbackRequest()),
              HasReason(v1::ERROR_REASON_FIELD_REQUIRED));
}

TEST_F(ClientTest, RecordsOfABatchGetIdsWhereTheyLackThem) {
  v1::BatchSubmitFeedbackRequest request;
  *request.add_feedback() = Record("ticket-1");
  *request.add_feedback() = Record();
  *request.add_feedback() = Record();
  request.mutable_feedback(2)->mutable_occur_time()->set_seconds(7);
  v1::BatchSubmitFeedbackRequest arrived;
  EXPECT_CALL(*connection_, BatchSubmitFeedback(_))
      .WillOnce([&](const v1::BatchSubmitFeedbackRequest& sent) {
        arrived = sent;
        return v1::BatchSubmitFeedbackResponse();
      });
  EXPECT_TRUE(client_.BatchSubmitFeedback(request).ok());
  ASSERT_EQ(arrived.feedback_size(), 3);
  EXPECT_EQ(arrived.feedback(0).feedback_id(), "");
  EXPECT_EQ(arrived.feedback(0).external_id(), "ticket-1");
  EXPECT_EQ(MsOf(arrived.feedback(1).feedback_id()), kNowMs);
  EXPECT_EQ(MsOf(arrived.feedback(2).feedback_id()), 7000);
  EXPECT_EQ(request.feedback(1).feedback_id(), "");
}

TEST_F(ClientTest, ABatchWithIdsIsNotCopied) {
  v1::BatchSubmitFeedbackRequest request;
  *request.add_feedback() = Record("ticket-1");
  EXPECT_CALL(*connection_, BatchSubmitFeedback(::testing::Ref(request)))
      .WillOnce(Return(v1::BatchSubmitFeedbackResponse()));
  EXPECT_TRUE(client_.BatchSubmitFeedback(request).ok());
}

TEST_F(ClientTest, TheShortFormsAskTheSame) {
  EXPECT_CALL(*connection_, GetSurvey(_)).WillOnce([](const v1::GetSurveyRequest& request) {
    v1::GetSurveyResponse response;
    response.mutable_survey()->set_survey_id(request.survey_id());
    return response;
  });
  EXPECT_EQ(client_.GetSurvey("nps")->survey_id(), "nps");

  EXPECT_CALL(*connection_, CreateSurvey(_)).WillOnce([](const v1::CreateSurveyRequest& request) {
    v1::CreateSurveyResponse response;
    *response.mutable_survey() = request.survey();
    return response;
  });
  v1::Survey survey;
  survey.set_survey_id("new");
  EXPECT_EQ(client_.CreateSurvey(survey)->survey_id(), "new");

  EXPECT_CALL(*connection_, GetFeedback(_)).WillOnce([](const v1::GetFeedbackRequest& request) {
    v1::GetFeedbackResponse response;
    response.mutable_feedback()->set_survey_id(request.survey_id());
    response.mutable_feedback()->set_feedback_id(request.feedback_id());
    return response;
  });
  const absl::StatusOr<v1::Feedback> feedback = client_.GetFeedback("nps", "some id");
  EXPECT_EQ(feedback->survey_id() + " " + feedback->feedback_id(), "nps some id");
}

TEST_F(ClientTest, AComparisonIsSentAsItIs) {
  v1::CompareMetricRequest request;
  request.mutable_base()->add_survey_ids("nps");
  EXPECT_CALL(*connection_, CompareMetric(::testing::Ref(request)))
      .WillOnce([](const v1::CompareMetricRequest&) {
        v1::CompareMetricResponse response;
        response.set_verdict(v1::VERDICT_HIGHER);
        return response;
      });
  EXPECT_EQ(client_.CompareMetric(request)->verdict(), v1::VERDICT_HIGHER);
}

TEST_F(ClientTest, ADecompositionIsSentAsItIs) {
  v1::DecomposeChangeRequest request;
  request.add_keys("channel");
  EXPECT_CALL(*connection_, DecomposeChange(::testing::Ref(request)))
      .WillOnce([](const v1::DecomposeChangeRequest&) {
        v1::DecomposeChangeResponse response;
        response.set_delta(-3);
        return response;
      });
  EXPECT_EQ(client_.DecomposeChange(request)->delta(), -3);
}

TEST_F(ClientTest, AComparisonOfWordsIsSentAsItIs) {
  v1::CompareWordsRequest request;
  request.set_by_class(true);
  EXPECT_CALL(*connection_, CompareWords(::testing::Ref(request)))
      .WillOnce([](const v1::CompareWordsRequest&) {
        v1::CompareWordsResponse response;
        response.set_base_comments(7);
        return response;
      });
  EXPECT_EQ(client_.CompareWords(request)->base_comments(), 7);
}

TEST_F(ClientTest, AskingForAScorecardIsSentAsItIs) {
  v1::GetScorecardRequest request;
  request.add_survey_ids("nps");
  EXPECT_CALL(*connection_, GetScorecard(::testing::Ref(request)))
      .WillOnce([](const v1::GetScorecardRequest&) {
        v1::GetScorecardResponse response;
        response.set_sequence(7);
        return response;
      });
  EXPECT_EQ(client_.GetScorecard(request)->sequence(), 7);
}

TEST_F(ClientTest, AnExplanationGoesOnFromPageToPage) {
  v1::ExplainMetricRequest request;
  request.mutable_query()->add_survey_ids("nps");
  const auto page = [](const std::string& customer_id, const std::string& next_page_token) {
    v1::ExplainMetricResponse response;
    response.add_rows()->mutable_feedback()->set_customer_id(customer_id);
    response.set_next_page_token(next_page_token);
    return response;
  };
  EXPECT_CALL(*connection_, ExplainMetric(_))
      .WillOnce([&](const v1::ExplainMetricRequest& asked) {
        EXPECT_EQ(asked.query().survey_ids(0), "nps");
        EXPECT_EQ(asked.page_token(), "");
        return page("ann", "more");
      })
      .WillOnce([&](const v1::ExplainMetricRequest& asked) {
        EXPECT_EQ(asked.query().survey_ids(0), "nps");
        EXPECT_EQ(asked.page_token(), "more");
        return page("bob", "");
      });
  std::vector<std::string> customers;
  for (const absl::StatusOr<v1::ExplainMetricRow>& row : client_.ExplainMetric(request)) {
    customers.push_back(row->feedback().customer_id());
  }
  EXPECT_EQ(customers, std::vector<std::string>({"ann", "bob"}));
}

TEST_F(ClientTest, TheShortFormsPassErrorsOn) {
  const absl::Status none = Error(v1::ERROR_REASON_SURVEY_NOT_FOUND, "none", {{"survey_id", "x"}});
  EXPECT_CALL(*connection_, GetSurvey(_)).WillOnce(Return(none));
  EXPECT_CALL(*connection_, CreateSurvey(_)).WillOnce(Return(none));
  EXPECT_CALL(*connection_, GetFeedback(_)).WillOnce(Return(none));
  EXPECT_EQ(client_.GetSurvey("x").status(), none);
  EXPECT_EQ(client_.CreateSurvey(v1::Survey()).status(), none);
  EXPECT_EQ(client_.GetFeedback("x", "y").status(), none);
}

TEST_F(ClientTest, AListOutlivesItsClient) {
  EXPECT_CALL(*connection_, ListSurveys(_)).WillOnce([](const v1::ListSurveysRequest& request) {
    EXPECT_EQ(request.page_size(), 7);
    v1::ListSurveysResponse response;
    response.add_surveys()->set_survey_id("only");
    return response;
  });
  auto client = std::make_unique<Client>(connection_);
  v1::ListSurveysRequest request;
  request.set_page_size(7);
  ResultRange<v1::Survey> surveys = client->ListSurveys(request);
  client.reset();
  connection_.reset();
  std::vector<std::string> ids;
  for (const absl::StatusOr<v1::Survey>& survey : surveys) {
    ids.push_back(survey->survey_id());
  }
  EXPECT_THAT(ids, ::testing::ElementsAre("only"));
}

TEST_F(ClientTest, CopiesShareTheConnection) {
  const Client copy = client_;
  EXPECT_EQ(&copy.connection(), connection_.get());
}

}  // namespace
}  // namespace emptychair
