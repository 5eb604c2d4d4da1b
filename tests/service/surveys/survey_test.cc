// Surveys: created once, read back, listed in pages.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"

namespace emptychair::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class SurveyTest : public ServiceTest {
 protected:
  absl::StatusOr<v1::Survey> Get(const std::string& survey_id) {
    v1::GetSurveyRequest request;
    request.set_survey_id(survey_id);
    absl::StatusOr<v1::GetSurveyResponse> response = client().GetSurvey(request);
    if (!response.ok()) {
      return response.status();
    }
    return response->survey();
  }

  absl::StatusOr<v1::ListSurveysResponse> List(int page_size, const std::string& page_token,
                                               bool include_archived = false) {
    v1::ListSurveysRequest request;
    request.set_page_size(page_size);
    request.set_page_token(page_token);
    request.set_include_archived(include_archived);
    return client().connection().ListSurveys(request);
  }

  // The ids of all pages.
  std::vector<std::string> ListAll(int page_size) {
    std::vector<std::string> ids;
    std::string token;
    do {
      const v1::ListSurveysResponse page = Value(List(page_size, token));
      EXPECT_LE(page.surveys_size(), page_size);
      for (const v1::Survey& survey : page.surveys()) {
        ids.push_back(survey.survey_id());
      }
      token = page.next_page_token();
    } while (!token.empty() && ids.size() < 10'000);
    return ids;
  }
};

EMPTYCHAIR_ON_BOTH_BACKENDS(SurveyTest);

TEST_P(SurveyTest, IsStoredAsSentWithItsDefaults) {
  v1::Survey sent = NpsSurvey("delivery", {"region", "carrier"}, "Europe/Berlin");
  sent.set_display_name("Delivery");
  sent.set_question("Würden Sie uns empfehlen?");
  sent.set_min_sample(5);
  const v1::Survey stored = Create(client(), sent);

  EXPECT_TRUE(stored.has_create_time());
  EXPECT_FALSE(stored.has_archive_time());
  EXPECT_FALSE(stored.etag().empty());
  v1::Survey expected = sent;
  expected.mutable_scale()->set_max(10);
  expected.set_max_series(10'000);
  *expected.mutable_create_time() = stored.create_time();
  expected.set_etag(stored.etag());
  EXPECT_THAT(stored, EqualsMessage(expected));
  EXPECT_THAT(Get("delivery"), IsOkAndHolds(EqualsMessage(stored)));
  EXPECT_EQ(Status(client()).survey_count(), 1);
}

TEST_P(SurveyTest, TheSameAgainAnswersWithTheStoredOne) {
  const v1::Survey sent = NpsSurvey("delivery", {"region"});
  const v1::Survey stored = Create(client(), sent);
  const int64_t sequence = Status(client()).sequence();
  EXPECT_THAT(Create(client(), sent), EqualsMessage(stored));
  // Also with what the server sets, and with the defaults written out.
  EXPECT_THAT(Create(client(), stored), EqualsMessage(stored));
  EXPECT_EQ(Status(client()).sequence(), sequence);
  EXPECT_EQ(Status(client()).survey_count(), 1);
}

TEST_P(SurveyTest, AnotherDefinitionUnderTheSameIdIsRefused) {
  const v1::Survey stored = Create(client(), NpsSurvey("delivery", {"region", "carrier"}));
  const std::vector<std::string> others = {
      "kind: SURVEY_KIND_CSAT dimensions: ['region', 'carrier']",
      "kind: SURVEY_KIND_NPS dimensions: ['carrier', 'region']",
      "kind: SURVEY_KIND_NPS dimensions: ['region']",
      "kind: SURVEY_KIND_NPS dimensions: ['region', 'carrier'] time_zone: 'Europe/Berlin'",
      "kind: SURVEY_KIND_NPS dimensions: ['region', 'carrier'] min_sample: 1",
      "kind: SURVEY_KIND_NPS dimensions: ['region', 'carrier'] max_series: 9999",
      "kind: SURVEY_KIND_NPS dimensions: ['region', 'carrier'] question: 'Why?'",
      "kind: SURVEY_KIND_NPS dimensions: ['region', 'carrier'] display_name: 'D'",
  };
  for (const std::string& other : others) {
    const absl::Status status = TryCreate(client(), SurveyOf("delivery", other)).status();
    EXPECT_THAT(status, HasReason(v1::ERROR_REASON_SURVEY_EXISTS)) << other;
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kAlreadyExists)) << other;
    EXPECT_EQ(MetadataOf(status)["survey_id"], "delivery");
  }
  EXPECT_THAT(Get("delivery"), IsOkAndHolds(EqualsMessage(stored)));
}

TEST_P(SurveyTest, EveryKindHasItsScales) {
  const struct {
    std::string sent;
    std::string scale;
  } rows[] = {
      {"kind: SURVEY_KIND_NPS", "min: 0 max: 10"},
      {"kind: SURVEY_KIND_NPS scale { min: 0 max: 10 }", "min: 0 max: 10"},
      {"kind: SURVEY_KIND_CSAT", "min: 1 max: 5"},
      {"kind: SURVEY_KIND_CSAT scale { min: 1 max: 10 }", "min: 1 max: 10"},
      {"kind: SURVEY_KIND_CES", "min: 1 max: 7 direction: SCALE_DIRECTION_EASE"},
      {"kind: SURVEY_KIND_CES scale { min: 1 max: 5 direction: SCALE_DIRECTION_EFFORT }",
       "min: 1 max: 5 direction: SCALE_DIRECTION_EFFORT"},
      {"kind: SURVEY_KIND_RATING scale { min: -50 max: 50 }", "min: -50 max: 50"},
      {"kind: SURVEY_KIND_RATING scale { min: 7 max: 7 }", "min: 7 max: 7"},
      {"kind: SURVEY_KIND_RATING scale { min: 2147483547 max: 2147483647 }",
       "min: 2147483547 max: 2147483647"},
      {"kind: SURVEY_KIND_RATING scale { min: -2147483648 max: -2147483548 }",
       "min: -2147483648 max: -2147483548"},
  };
  int number = 0;
  for (const auto& row : rows) {
    const v1::Survey stored = Create(client(), SurveyOf(absl::StrCat("s", number++), row.sent));
    EXPECT_THAT(stored.scale(), EqualsMessage(FromText<v1::Scale>(row.scale))) << row.sent;
    EXPECT_EQ(stored.time_zone(), "UTC");
  }
  EXPECT_FALSE(Create(client(), SurveyOf("text", "kind: SURVEY_KIND_TEXT")).has_scale());
}

TEST_P(SurveyTest, AreListedByIdInPages) {
  std::vector<std::string> ids;
  for (int i = 0; i < 25; ++i) {
    ids.push_back(absl::StrFormat("s%02d", i));
  }
  for (int i = 24; i >= 0; --i) {
    Create(client(), NpsSurvey(ids[i]));
  }
  for (int page_size : {1, 7, 24, 25, 26, 1'000}) {
    EXPECT_EQ(ListAll(page_size), ids) << page_size;
  }
  // 0 means 100, and more than 1,000 is cut.
  EXPECT_THAT(Value(List(0, "")).surveys(), SizeIs(25));
  EXPECT_THAT(Value(List(INT32_MAX, "")).surveys(), SizeIs(25));
  EXPECT_THAT(Value(List(25, "")).next_page_token(), IsEmpty());
  EXPECT_THAT(Value(List(1, "")).surveys(0), EqualsMessage(Value(Get("s00"))));
}

TEST_P(SurveyTest, APageHoldsAHundredUnlessToldOtherwise) {
  for (int i = 0; i < 101; ++i) {
    Create(client(), NpsSurvey(absl::StrFormat("s%03d", i)));
  }
  const v1::ListSurveysResponse page = Value(List(0, ""));
  EXPECT_THAT(page.surveys(), SizeIs(100));
  EXPECT_THAT(Value(List(0, page.next_page_token())).surveys(), SizeIs(1));
}

TEST_P(SurveyTest, PagesAreStableUnderWrites) {
  for (const char* id : {"b", "d", "f", "h"}) {
    Create(client(), NpsSurvey(id));
  }
  const v1::ListSurveysResponse first = Value(List(2, ""));
  ASSERT_THAT(first.surveys(), SizeIs(2));
  // One behind the page, one on it, one before it.
  for (const char* id : {"e", "c", "a"}) {
    Create(client(), NpsSurvey(id));
  }
  const v1::ListSurveysResponse second = Value(List(100, first.next_page_token()));
  std::vector<std::string> rest;
  for (const v1::Survey& survey : second.surveys()) {
    rest.push_back(survey.survey_id());
  }
  EXPECT_THAT(rest, ElementsAre("e", "f", "h"));
}

TEST_P(SurveyTest, APageTokenIsBoundToItsRequest) {
  for (const char* id : {"a", "b", "c"}) {
    Create(client(), NpsSurvey(id));
  }
  const std::string token = Value(List(1, "")).next_page_token();
  ASSERT_FALSE(token.empty());
  // Another page size is fine, another filter is not.
  EXPECT_THAT(Value(List(2, token)).surveys(), SizeIs(2));
  const absl::Status status = List(1, token, /*include_archived=*/true).status();
  EXPECT_THAT(status, HasReason(v1::ERROR_REASON_PAGE_TOKEN_INVALID));
  EXPECT_THAT(status, HasField("page_token"));
}

TEST_P(SurveyTest, ADamagedPageTokenIsRefused) {
  for (const char* id : {"a", "b", "c"}) {
    Create(client(), NpsSurvey(id));
  }
  const std::string token = Value(List(1, "")).next_page_token();
  std::vector<std::string> damaged = {"x", "%%%", std::string(100'000, 'A'), token + "AAAA"};
  for (size_t i = 0; i < token.size(); ++i) {
    damaged.push_back(token.substr(0, i) + (token[i] == 'A' ? 'B' : 'A') + token.substr(i + 1));
    if (i > 0) {
      damaged.push_back(token.substr(0, i));
    }
  }
  for (const std::string& bad : damaged) {
    const absl::StatusOr<v1::ListSurveysResponse> page = List(1, bad);
    // The last character of base64 has bits that stand for nothing.
    if (page.ok() && bad.size() == token.size() && bad.back() != token.back()) {
      EXPECT_EQ(page->surveys(0).survey_id(), "b");
      continue;
    }
    EXPECT_THAT(page, HasReason(v1::ERROR_REASON_PAGE_TOKEN_INVALID)) << bad.substr(0, 200);
  }
}

TEST_P(SurveyTest, APageTokenOfAnotherStoreIsRefused) {
  const std::unique_ptr<Backend> other = Backend::Start(GetParam());
  Client other_client = MakeClient(other->endpoint());
  for (const char* id : {"a", "b"}) {
    Create(client(), NpsSurvey(id));
    Create(other_client, NpsSurvey(id));
  }
  EXPECT_NE(Status(client()).store_id(), Status(other_client).store_id());
  v1::ListSurveysRequest request;
  request.set_page_size(1);
  request.set_page_token(Value(other_client.connection().ListSurveys(request)).next_page_token());
  EXPECT_THAT(client().connection().ListSurveys(request),
              HasReason(v1::ERROR_REASON_PAGE_TOKEN_INVALID));
  EXPECT_OK(other_client.connection().ListSurveys(request));
}

TEST_P(SurveyTest, AnEmptyStoreHasNone) {
  EXPECT_THAT(Value(List(0, "")).surveys(), IsEmpty());
  EXPECT_THAT(Get("nothing"), HasReason(v1::ERROR_REASON_SURVEY_NOT_FOUND));
  EXPECT_THAT(Get("nothing"), StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace emptychair::testing
