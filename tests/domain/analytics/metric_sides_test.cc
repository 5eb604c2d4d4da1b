#include "server/analytics/metric_sides.h"

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/domain/harness/hand_made_view.h"
#include "tests/helpers/seed.h"
#include "tests/helpers/status_matchers.h"

namespace emptychair::testing {
namespace {

using ::testing::AllOf;

constexpr auto kInvalid = v1::ERROR_REASON_FIELD_INVALID;

class MetricSidesTest : public ::testing::Test {
 protected:
  MetricQuery Query(const std::string& request) const {
    auto query = PrepareMetricQuery(view_, Parse<v1::QueryMetricRequest>(request));
    EXPECT_OK(query) << request;
    return *std::move(query);
  }
  absl::Status Disjoint(const std::string& base, const std::string& candidate) const {
    return CheckDisjoint(Query(base), Query(candidate));
  }
  absl::Status Prepare(const std::string& base, const std::string& candidate) const {
    return PrepareMetricSides(view_, Parse<v1::QueryMetricRequest>(base),
                              Parse<v1::QueryMetricRequest>(candidate))
        .status();
  }

  const std::shared_ptr<const storage::View> view_ =
      ViewOf({{.definition = "survey_id: 'a' kind: SURVEY_KIND_NPS dimensions: 'region'"},
              {.definition = "survey_id: 'b' kind: SURVEY_KIND_NPS dimensions: 'region'"},
              {.definition = "survey_id: 'text' kind: SURVEY_KIND_TEXT"}});
};

TEST_F(MetricSidesTest, WindowsThatTouchShareNoAnswer) {
  const std::string before = "survey_ids: 'a' interval { end_time { seconds: 100 } }";
  const std::string after = "survey_ids: 'a' interval { start_time { seconds: 100 } }";
  EXPECT_OK(Disjoint(before, after));
  EXPECT_OK(Disjoint(after, before));
  EXPECT_THAT(Disjoint(before, "survey_ids: 'a' interval { start_time { seconds: 99 } }"),
              AllOf(HasReason(kInvalid), HasField("interval")));
  EXPECT_THAT(Disjoint("survey_ids: 'a'", after), HasField("interval"));
}

TEST_F(MetricSidesTest, SlicesThatShareNoValueShareNoAnswer) {
  const std::string east = "survey_ids: 'a' filters { key: 'region' values: 'east' }";
  const std::string west = "survey_ids: 'a' filters { key: 'region' values: 'west' }";
  const std::string both = "survey_ids: 'a' filters { key: 'region' values: ['east', 'west'] }";
  const std::string rest = "survey_ids: 'a' filters { key: 'region' values: 'east' negate: true }";
  EXPECT_OK(Disjoint(east, west));
  EXPECT_OK(Disjoint(east, rest));
  EXPECT_THAT(Disjoint(east, both), AllOf(HasReason(kInvalid), HasField("filters")));
  EXPECT_THAT(Disjoint(west, rest), HasField("filters"));
  EXPECT_THAT(Disjoint(rest, rest), HasField("filters"));
  // Filters on different keys can both be passed.
  EXPECT_THAT(Disjoint(east, "survey_ids: 'a' filters { key: 'plan' values: 'pro' }"),
              HasField("filters"));
}

TEST_F(MetricSidesTest, SurveysThatAFilterLeavesOutAreNotShared) {
  EXPECT_OK(Disjoint("survey_ids: 'a'", "survey_ids: 'b'"));
  EXPECT_THAT(Disjoint("survey_ids: ['a', 'b']", "survey_ids: 'b'"), HasReason(kInvalid));
  EXPECT_OK(Disjoint("survey_ids: ['a', 'b'] filters { key: 'survey_id' values: 'a' }",
                     "survey_ids: 'b'"));
}

TEST_F(MetricSidesTest, BothSidesAskForTheSameValue) {
  const std::string base = "survey_ids: 'a' ";
  EXPECT_OK(Prepare(base, "survey_ids: 'b'"));
  const struct {
    std::string candidate;
    std::string field;
  } cases[] = {
      {"survey_ids: 'b' method: METRIC_METHOD_MEAN", "candidate.method"},
      {"survey_ids: 'b' confidence: 0.9", "candidate.confidence"},
      {"survey_ids: 'b' include_excluded: true", "candidate.include_excluded"},
      {"survey_ids: 'b' respondent_rule: RESPONDENT_RULE_FIRST_PER_CUSTOMER",
       "candidate.respondent_rule"},
      {"survey_ids: 'b' granularity: GRANULARITY_DAY", "candidate.granularity"},
      {"survey_ids: 'b' group_by: 'region'", "candidate.group_by"},
      {"survey_ids: 'b' include_histogram: true", "candidate.include_histogram"},
      {"survey_ids: 'text'", "candidate.method"},
      {"survey_ids: 'a'", "candidate.interval"},
  };
  for (const auto& test : cases) {
    EXPECT_THAT(Prepare(base, test.candidate), AllOf(HasReason(kInvalid), HasField(test.field)))
        << test.candidate;
  }
}

// Values that a record can have for a key, and what filters with random values say of them.
TEST_F(MetricSidesTest, SidesAreDisjointExactlyWhenNoValuePassesBoth) {
  std::mt19937_64 random(SeedFromEnvOrRandom());
  const std::vector<std::string> values = {"u", "v", "w"};
  for (int round = 0; round < 2'000; ++round) {
    std::string sides[2];
    for (std::string& side : sides) {
      side = "survey_ids: 'a' ";
      for (uint64_t filters = random() % 3; filters > 0; --filters) {
        absl::StrAppend(&side, "filters { key: 'region' values: '", values[random() % 3], "' ");
        if (random() % 2 == 0) {
          absl::StrAppend(&side, "values: '", values[random() % 3], "' ");
        }
        absl::StrAppend(&side, "negate: ", random() % 2 == 0 ? "true" : "false", " } ");
      }
    }
    const MetricQuery base = Query(sides[0]);
    const MetricQuery candidate = Query(sides[1]);
    const auto passes = [](const MetricQuery& query, const std::string& value) {
      return std::all_of(query.filters.begin(), query.filters.end(),
                         [&](const v1::LabelFilter& filter) { return Passes(filter, value); });
    };
    // "other" stands for all values that no filter names.
    bool is_shared = false;
    for (const std::string& value :
         {std::string("u"), std::string("v"), std::string("w"), std::string("other")}) {
      is_shared = is_shared || (passes(base, value) && passes(candidate, value));
    }
    EXPECT_EQ(CheckDisjoint(base, candidate).ok(), !is_shared) << sides[0] << " | " << sides[1];
  }
}

}  // namespace
}  // namespace emptychair::testing
