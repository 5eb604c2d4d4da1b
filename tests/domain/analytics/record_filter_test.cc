#include "server/counting/record_filter.h"

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/counting/metric_query.h"
#include "server/counting/series_groups.h"
#include "storage/cube/cube_reader.h"
#include "storage/format/values.h"
#include "tests/domain/harness/hand_made_view.h"
#include "tests/helpers/seed.h"
#include "tests/helpers/status_matchers.h"

namespace emptychair::testing {
namespace {

using ::testing::ElementsAre;

// A record of the survey "a" (number 1) or "b" (2), by the number of its series.
struct Record {
  uint32_t survey = 1;
  uint32_t series = 1;
  std::vector<std::pair<std::string, std::string>> labels;
};

class RecordFilterTest : public ::testing::Test {
 protected:
  MetricQuery Query(const std::string& filters) const {
    auto query = PrepareMetricQuery(
        view_, Parse<v1::QueryMetricRequest>("survey_ids: ['a', 'b'] " + filters));
    EXPECT_OK(query) << filters;
    return *std::move(query);
  }

  // The record's group, or storage::kNoGroup.
  absl::StatusOr<uint32_t> GroupOf(const MetricQuery& query, const Record& record) const {
    store::v1::StoredFeedback body;
    for (const auto& [key, value] : record.labels) {
      store::v1::StoredLabel& label = *body.add_labels();
      label.set_key(key);
      label.set_value(value);
    }
    const storage::FeedbackHeader header = {.score = 9, .series = record.series};
    const storage::SurveyView& survey = *view_->FindSurvey(record.survey == 1 ? "a" : "b");
    return GroupOf(query, record,
                   record.series < survey.series_count
                       ? storage::EncodeRecord(survey.all_series(), header, body)
                       : storage::EncodeFeedback(header, body));
  }
  absl::StatusOr<uint32_t> GroupOf(const MetricQuery& query, const Record& record,
                                   const std::string& value) const {
    const SeriesGroups groups(query);
    RecordFilter filter(query, groups.series());
    return filter.GroupOf({.position = {.survey_number = record.survey},
                           .header = {.score = 9, .series = record.series},
                           .value = value});
  }
  bool Admits(const std::string& filters, const Record& record) const {
    const absl::StatusOr<uint32_t> group = GroupOf(Query(filters), record);
    EXPECT_OK(group);
    return group.ok() && *group != storage::kNoGroup;
  }

  // Series 0 of each survey is "(other)"; those below are 1, 2 and 3.
  const std::shared_ptr<const storage::View> view_ =
      ViewOf({{.definition = "survey_id: 'a' kind: SURVEY_KIND_NPS dimensions: 'region'",
               .series = {{"east"}, {"west"}, {""}}},
              {.definition = "survey_id: 'b' kind: SURVEY_KIND_NPS dimensions: ['plan', 'region']",
               .series = {{"pro", "east"}, {"pro", ""}, {"free", "west"}}}});
};

TEST_F(RecordFilterTest, AdmitsByTheSeriesWhereTheKeyIsADimension) {
  const std::string east = "filters { key: 'region' values: 'east' }";
  EXPECT_TRUE(Admits(east, {.survey = 1, .series = 1}));
  EXPECT_FALSE(Admits(east, {.survey = 1, .series = 2}));
  EXPECT_TRUE(Admits(east, {.survey = 2, .series = 1}));
  EXPECT_FALSE(Admits(east, {.survey = 2, .series = 3}));
  const std::string none = "filters { key: 'region' values: '(none)' }";
  EXPECT_TRUE(Admits(none, {.survey = 1, .series = 3}));
  EXPECT_TRUE(Admits(none, {.survey = 2, .series = 2}));
  EXPECT_FALSE(Admits(none, {.survey = 1, .series = 0}));
  EXPECT_TRUE(Admits("filters { key: 'region' values: '(other)' }", {.survey = 1, .series = 0}));
}

TEST_F(RecordFilterTest, AdmitsByTheRecordWhereTheKeyIsNoDimension) {
  // "plan" is a dimension of "b" alone.
  const std::string pro = "filters { key: 'plan' values: 'pro' }";
  EXPECT_TRUE(Admits(pro, {.survey = 1, .labels = {{"plan", "pro"}}}));
  EXPECT_FALSE(Admits(pro, {.survey = 1, .labels = {{"plan", "free"}}}));
  EXPECT_FALSE(Admits(pro, {.survey = 1}));
  EXPECT_TRUE(Admits(pro, {.survey = 2, .series = 1}));
  EXPECT_FALSE(Admits(pro, {.survey = 2, .series = 3, .labels = {{"plan", "pro"}}}));
}

TEST_F(RecordFilterTest, LeavesOutTheSurveysThatAFilterLeavesOut) {
  const MetricQuery query = Query("filters { key: 'survey_id' values: 'b' }");
  const SeriesGroups groups(query);
  EXPECT_THAT(RecordFilter(query, groups.series()).surveys(), ElementsAre(view_->FindSurvey("b")));
}

TEST_F(RecordFilterTest, ASeriesThatIsNotYetInTheViewIsLeftOut) {
  EXPECT_FALSE(Admits("", {.survey = 1, .series = 4}));
}

TEST_F(RecordFilterTest, OnlyARecordWhoseLabelsAreReadMustBeDecodable) {
  const MetricQuery by_series = Query("filters { key: 'region' values: 'east' }");
  EXPECT_THAT(GroupOf(by_series, {.survey = 1, .series = 1}, "damaged"), IsOkAndHolds(0u));
  const MetricQuery by_label = Query("filters { key: 'shop' values: '7' }");
  EXPECT_THAT(GroupOf(by_label, {.survey = 1, .series = 1}, "damaged"),
              HasReason(v1::ERROR_REASON_STORE_DAMAGED));
}

// Any filters, judged by what a record says in so many words.
TEST_F(RecordFilterTest, AdmitsExactlyWhatPassesEachFilter) {
  std::mt19937_64 random(SeedFromEnvOrRandom());
  const auto pick = [&](const std::vector<std::string>& from) {
    return from[random() % from.size()];
  };
  // The values of the dimensions by survey and series, as a filter names them.
  const std::vector<std::vector<std::map<std::string, std::string>>> series_values = {
      {{{"region", "(other)"}}, {{"region", "east"}}, {{"region", "west"}}, {{"region", "(none)"}}},
      {{{"plan", "(other)"}, {"region", "(other)"}},
       {{"plan", "pro"}, {"region", "east"}},
       {{"plan", "pro"}, {"region", "(none)"}},
       {{"plan", "free"}, {"region", "west"}}}};
  for (int round = 0; round < 2'000; ++round) {
    std::string filters;
    for (uint64_t count = random() % 4; count > 0; --count) {
      absl::StrAppend(&filters, "filters { key: '", pick({"region", "plan", "shop"}), "' values: '",
                      pick({"east", "west", "pro", "free", "7", "(none)", "(other)"}),
                      "' values: '", pick({"east", "pro", "7", "(none)"}),
                      "' negate: ", pick({"true", "false"}), " } ");
    }
    Record record = {.survey = 1 + static_cast<uint32_t>(random() % 2),
                     .series = static_cast<uint32_t>(random() % 4)};
    std::map<std::string, std::string> values = {{"plan", "(none)"}, {"shop", "(none)"}};
    for (const char* key : {"plan", "shop"}) {
      if (random() % 2 == 0) {
        record.labels.emplace_back(key, pick({"pro", "free", "7"}));
        values[key] = record.labels.back().second;
      }
    }
    for (const auto& [key, value] : series_values[record.survey - 1][record.series]) {
      values[key] = value;
    }
    const MetricQuery query = Query(filters);
    const bool passes =
        std::all_of(query.filters.begin(), query.filters.end(), [&](const v1::LabelFilter& filter) {
          const bool is_listed =
              std::count(filter.values().begin(), filter.values().end(), values[filter.key()]) > 0;
          return is_listed != filter.negate();
        });
    ASSERT_OK_AND_ASSIGN(const uint32_t group, GroupOf(query, record));
    EXPECT_EQ(group != storage::kNoGroup, passes)
        << filters << " survey " << record.survey << " series " << record.series;
  }
}

}  // namespace
}  // namespace emptychair::testing
