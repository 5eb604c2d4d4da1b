// Surveys whose zones have several names.
#include <iterator>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"

namespace emptychair::testing {
namespace {

using ::testing::SizeIs;

class SurveyZoneTest : public ServiceTest {
 protected:
  v1::Survey InZone(const std::string& survey_id, const std::string& zone) {
    return NpsSurvey(survey_id, {}, zone);
  }
  absl::StatusOr<v1::UpdateSurveyResponse> SetZone(const std::string& survey_id,
                                                   const std::string& zone) {
    v1::UpdateSurveyRequest request;
    *request.mutable_survey() = InZone(survey_id, zone);
    request.mutable_update_mask()->add_paths("time_zone");
    return client().UpdateSurvey(request);
  }
};

EMPTYCHAIR_ON_BOTH_BACKENDS(SurveyZoneTest);

TEST_P(SurveyZoneTest, NamesOfOneZoneCanBePooled) {
  const char* const rows[][2] = {
      {"Asia/Calcutta", "Asia/Kolkata"}, {"UTC", "Etc/UTC"}, {"US/Pacific", "America/Los_Angeles"}};
  for (size_t row = 0; row < std::size(rows); ++row) {
    const auto& [old_name, new_name] = rows[row];
    const std::string a = absl::StrCat("a", row);
    const std::string b = absl::StrCat("b", row);
    EXPECT_EQ(Create(client(), InZone(a, old_name)).time_zone(), old_name);
    EXPECT_EQ(Create(client(), InZone(b, new_name)).time_zone(), new_name);
    Submit(client(), Answer(a, "row", kTime + absl::Hours(20), 9));
    Submit(client(), Answer(b, "row", kTime + absl::Hours(20), 0));
    const v1::QueryMetricResponse days =
        Query(client(), "survey_ids: ['" + a + "', '" + b + "'] granularity: GRANULARITY_DAY");
    EXPECT_EQ(days.method_info().time_zone(), old_name);
    ASSERT_THAT(days.total().points(), SizeIs(1));
    EXPECT_EQ(days.total().points(0).answers(), 2);
    EXPECT_OK(client()
                  .CompareMetric(Sides("survey_ids: '" + a + "'", "survey_ids: '" + b + "'"))
                  .status());
  }
}

TEST_P(SurveyZoneTest, TheSameSurveyUnderAnotherNameOfItsZoneIsTheSameAgain) {
  Create(client(), InZone("kol", "Asia/Kolkata"));
  const auto again = TryCreate(client(), InZone("kol", "Asia/Calcutta"));
  ASSERT_OK(again.status());
  EXPECT_EQ(again->survey().time_zone(), "Asia/Kolkata");
  EXPECT_EQ(again->survey().etag(), "1");
  EXPECT_THAT(TryCreate(client(), InZone("kol", "Asia/Kathmandu")).status(),
              HasReason(v1::ERROR_REASON_SURVEY_EXISTS));
  EXPECT_THAT(TryCreate(client(), InZone("kol", "Asia/Nowhere")).status(),
              HasReason(v1::ERROR_REASON_FIELD_INVALID));
}

TEST_P(SurveyZoneTest, AZoneWithAnswersCanStillGetAnotherOfItsNames) {
  Create(client(), InZone("kol", "Asia/Calcutta"));
  Submit(client(), Answer("kol", "row", kTime, 9));
  const auto renamed = SetZone("kol", "Asia/Kolkata");
  ASSERT_OK(renamed.status());
  EXPECT_EQ(renamed->survey().time_zone(), "Asia/Kolkata");
  EXPECT_THAT(SetZone("kol", "Asia/Kathmandu").status(),
              HasReason(v1::ERROR_REASON_SURVEY_HAS_ANSWERS));
}

}  // namespace
}  // namespace emptychair::testing
