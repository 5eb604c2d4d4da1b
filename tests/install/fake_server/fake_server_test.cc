// A program's own code against the server itself.
#include "emptychair/testing/fake_server.h"

#include <memory>

#include "emptychair/client/client.h"
#include "gtest/gtest.h"
#include "headline.h"

using emptychair::testing::FakeServer;

TEST(Headline, ComesBackWithTheService) {
  const std::unique_ptr<FakeServer> server = *FakeServer::Start();
  emptychair::ClientOptions options{.endpoint = server->endpoint()};
  const emptychair::Client client = *emptychair::Client::Create(options);
  emptychair::v1::Survey survey;
  survey.set_survey_id("checkout");
  survey.set_kind(emptychair::v1::SURVEY_KIND_NPS);
  survey.set_question("How likely are you to recommend us?");
  ASSERT_TRUE(client.CreateSurvey(survey).ok());
  EXPECT_EQ(Headline(client, "checkout"), "How likely are you to recommend us?");

  const char method[] = "emptychair.v1.SurveyService/GetSurvey";
  ASSERT_TRUE(server->FailNext(method, absl::StatusCode::kPermissionDenied, 1).ok());
  EXPECT_EQ(Headline(client, "checkout"), "Come back later.");
  ASSERT_TRUE(server->Restart().ok());
  EXPECT_EQ(Headline(client, "checkout"), "How likely are you to recommend us?");
}
