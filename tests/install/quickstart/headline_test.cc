#include "headline.h"

#include <memory>

#include "emptychair/client/mocks/mock_connection.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace {

using ::testing::_;
using ::testing::Property;
using ::testing::Return;

TEST(Headline, IsTheSurveysQuestion) {
  auto connection = std::make_shared<emptychair::MockConnection>();
  emptychair::v1::GetSurveyResponse response;
  response.mutable_survey()->set_question("How likely are you to recommend us?");
  EXPECT_CALL(*connection,
              GetSurvey(Property(&emptychair::v1::GetSurveyRequest::survey_id, "checkout")))
      .WillOnce(Return(response));
  EXPECT_EQ(Headline(emptychair::Client(connection), "checkout"),
            "How likely are you to recommend us?");
}

TEST(Headline, SaysSomethingWhileTheServiceIsAway) {
  auto connection = std::make_shared<emptychair::MockConnection>();
  EXPECT_CALL(*connection, GetSurvey(_)).WillOnce(Return(absl::UnavailableError("away")));
  EXPECT_EQ(Headline(emptychair::Client(connection), "checkout"), "Come back later.");
}

}  // namespace
