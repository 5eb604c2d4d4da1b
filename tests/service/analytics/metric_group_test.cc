// Slices: filters, groups and pooled surveys.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
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

v1::Feedback Labelled(const std::string& survey_id, int number, int score,
                      const std::string& region, const std::string& channel) {
  v1::Feedback feedback = Answer(survey_id, absl::StrCat("row ", number), kTime, score);
  if (!region.empty()) {
    (*feedback.mutable_labels())["region"] = region;
  }
  if (!channel.empty()) {
    (*feedback.mutable_labels())["channel"] = channel;
  }
  return feedback;
}

class MetricGroupTest : public ServiceTest {
 protected:
  // The same answers in a survey with both dimensions, and in a twin with none.
  MetricGroupTest() {
    Create(client(), NpsSurvey("cube", {"region", "channel"}));
    Create(client(), NpsSurvey("scan"));
    for (const char* survey_id : {"cube", "scan"}) {
      SubmitAll(client(), {
                              Labelled(survey_id, 0, 10, "north", "web"),
                              Labelled(survey_id, 1, 9, "north", "app"),
                              Labelled(survey_id, 2, 8, "south", "web"),
                              Labelled(survey_id, 3, 0, "south", ""),
                              Labelled(survey_id, 4, 7, "", "web"),
                              Labelled(survey_id, 5, 3, "", ""),
                              Labelled(survey_id, 6, 10, "Ölbronn", "app"),
                              Labelled(survey_id, 7, 10, "Zürich", "app"),
                          });
    }
  }

  // Answers that pass `filters`, from the cube; the scan must find as many.
  int64_t Passing(const std::string& filters) {
    const std::string question = "interval_rule: INTERVAL_RULE_ANSWERS " + filters;
    const v1::QueryMetricResponse cube = Query(client(), "survey_ids: 'cube' " + question);
    const v1::QueryMetricResponse scan = Query(client(), "survey_ids: 'scan' " + question);
    EXPECT_THAT(scan.total(), EqualsMessage(cube.total())) << filters;
    EXPECT_EQ(cube.records_scanned(), 0) << filters;
    EXPECT_EQ(scan.records_scanned(), 8) << filters;
    return cube.total().points(0).answers();
  }

  // Each group's values, joined, and its number of answers.
  std::vector<std::string> Groups(const std::string& text) {
    const v1::QueryMetricResponse response = Query(client(), text);
    std::vector<std::string> groups;
    int64_t sum = 0;
    for (const v1::MetricSeries& series : response.series()) {
      std::string name;
      for (const std::string& value : GroupTexts(series)) {
        absl::StrAppend(&name, value, " ");
      }
      groups.push_back(absl::StrCat(name, series.points(0).answers()));
      sum += series.points(0).answers();
    }
    EXPECT_EQ(response.total().points(0).answers(), sum);
    EXPECT_THAT(response.total().group_values(), IsEmpty());
    return groups;
  }
};

EMPTYCHAIR_ON_BOTH_BACKENDS(MetricGroupTest);

TEST_P(MetricGroupTest, FiltersSelectByValue) {
  const std::pair<const char*, int> rows[] = {
      {"filters { key: 'region' values: 'north' }", 2},
      {"filters { key: 'region' values: 'nowhere' }", 0},
      {"filters { key: 'region' values: ['north', 'south'] }", 4},
      {"filters { key: 'region' values: ['north', 'north', 'nowhere'] }", 2},
      {"filters { key: 'region' values: 'north' negate: true }", 6},
      {"filters { key: 'region' values: ['north', 'south'] negate: true }", 4},
      {"filters { key: 'region' values: '(none)' }", 2},
      {"filters { key: 'region' values: '(none)' negate: true }", 6},
      {"filters { key: 'region' values: ['(none)', 'north'] }", 4},
      {"filters { key: 'region' values: '(other)' }", 0},
      {"filters { key: 'region' values: '(other)' negate: true }", 8},
      {"filters { key: 'region' values: 'North' }", 0},
      {"filters { key: 'region' values: 'Zürich' }", 1},
      {"filters { key: 'region' values: 'north' } filters { key: 'channel' values: 'web' }", 1},
      {"filters { key: 'region' values: 'south' } filters { key: 'channel' values: '(none)' }", 1},
      {"filters { key: 'region' values: 'north' } filters { key: 'region' values: 'south' }", 0},
  };
  for (const auto& [filters, expected] : rows) {
    EXPECT_EQ(Passing(filters), expected) << filters;
  }
}

TEST_P(MetricGroupTest, AFilterOnAnUnknownLabelSeesAnswersWithoutIt) {
  const v1::QueryMetricResponse none =
      Query(client(), "survey_ids: 'cube' filters { key: 'agent' values: '(none)' }");
  EXPECT_EQ(none.total().points(0).answers(), 8);
  EXPECT_EQ(none.records_scanned(), 8);
  EXPECT_EQ(Query(client(), "survey_ids: 'cube' filters { key: 'agent' values: 'x' }")
                .total()
                .points(0)
                .answers(),
            0);
}

TEST_P(MetricGroupTest, GroupsAreOrderedByTheirBytesNoneLast) {
  EXPECT_THAT(Groups("survey_ids: 'cube' group_by: 'region'"),
              ElementsAre("Zürich 1", "north 2", "south 2", "Ölbronn 1", "(none) 2"));
  EXPECT_THAT(Groups("survey_ids: 'cube' group_by: 'channel' group_by: 'region'"),
              ElementsAre("app Zürich 1", "app north 1", "app Ölbronn 1", "web north 1",
                          "web south 1", "web (none) 1", "(none) south 1", "(none) (none) 1"));
  EXPECT_THAT(Groups("survey_ids: 'cube' group_by: 'survey_id' group_by: 'channel'"),
              ElementsAre("cube app 3", "cube web 3", "cube (none) 2"));
}

TEST_P(MetricGroupTest, GroupsWithoutAnswersAreNotThere) {
  EXPECT_THAT(Groups(R"(survey_ids: 'cube' group_by: 'region'
                        filters { key: 'channel' values: 'app' })"),
              ElementsAre("Zürich 1", "north 1", "Ölbronn 1"));
  EXPECT_THAT(Groups(R"(survey_ids: 'cube' group_by: 'region'
                        interval { end_time { seconds: 1000 } })"),
              IsEmpty());
}

// Most of January is read as the month less its first day, on which many regions have answers.
TEST_P(MetricGroupTest, GroupsOutsideOfTheIntervalTakeNoRoom) {
  Create(client(), NpsSurvey("wide", {"region"}));
  std::vector<v1::Feedback> answers;
  for (int i = 0; i < 300; ++i) {
    answers.push_back(Labelled("wide", i, 9, absl::StrCat("region ", i), ""));
  }
  v1::Feedback inside = Labelled("wide", 300, 9, "inside", "");
  *inside.mutable_occur_time() = ToTimestamp(kTime + absl::Hours(24 * 14));
  answers.push_back(inside);
  SubmitAll(client(), answers);
  // A month, in which there is room for all, and three years, with room for 277.
  for (const int64_t end : {1'706'745'600, 1'798'761'600}) {
    const v1::QueryMetricResponse response =
        Query(client(), absl::StrCat("survey_ids: 'wide' group_by: 'region' "
                                     "granularity: GRANULARITY_MONTH "
                                     "interval { start_time { seconds: 1704153600 } "
                                     "end_time { seconds: ",
                                     end, " } }"));
    ASSERT_THAT(response.series(), SizeIs(1));
    EXPECT_THAT(GroupTexts(response.series(0)), ElementsAre("inside"));
    EXPECT_EQ(response.total().points(0).answers(), 1);
  }
}

// 101 regions and 100 days would be more than the 10,000 points that an answer can have.
TEST_P(MetricGroupTest, GroupsThatAllAnswersLeftTakeNoRoom) {
  for (int i = 0; i < 101; ++i) {
    v1::AmendFeedbackRequest request;
    *request.mutable_feedback() =
        Submit(client(), Labelled("cube", 100 + i, 9, absl::StrCat("region ", i), "")).feedback();
    (*request.mutable_feedback()->mutable_labels())["region"] = "north";
    request.mutable_update_mask()->add_paths("labels");
    ASSERT_OK(client().AmendFeedback(request).status());
  }
  const v1::QueryMetricResponse days = Query(client(), R"(
      survey_ids: 'cube' group_by: 'region' granularity: GRANULARITY_DAY
      interval { start_time { seconds: 1704067200 } end_time { seconds: 1712707200 } })");
  EXPECT_EQ(days.buckets_size(), 100);
  ASSERT_THAT(days.series(), SizeIs(5));
  EXPECT_THAT(GroupTexts(days.series(1)), ElementsAre("north"));
  EXPECT_EQ(days.series(1).points(0).answers(), 103);
}

TEST_P(MetricGroupTest, PastMaxSeriesAnswersCountAsOther) {
  v1::Survey survey = NpsSurvey("full", {"region", "channel"});
  survey.set_max_series(2);
  Create(client(), survey);
  SubmitAll(client(), {Labelled("full", 0, 10, "b", "web"), Labelled("full", 1, 10, "", ""),
                       Labelled("full", 2, 10, "c", "web"), Labelled("full", 3, 9, "b", "app"),
                       Labelled("full", 4, 8, "b", "web"), Labelled("full", 5, 7, "z", "")});
  EXPECT_THAT(Groups("survey_ids: 'full' group_by: 'region'"),
              ElementsAre("b 2", "(none) 1", "(other) 3"));
  EXPECT_THAT(Groups("survey_ids: 'full' group_by: 'region' filters { key: 'channel' values: "
                     "'(other)' }"),
              ElementsAre("(other) 3"));
  EXPECT_THAT(
      Groups("survey_ids: 'full' group_by: 'channel' filters { key: 'region' values: 'c' }"),
      ElementsAre("(other) 1"));
  // The record keeps what was sent, and the status says so.
  EXPECT_EQ(Value(GetByExternalId(client(), "full", "row 2")).feedback().labels().at("region"),
            "c");
  const v1::GetStatusResponse status = Status(client());
  ASSERT_THAT(status.series_overflows(), SizeIs(1));
  EXPECT_THAT(status.series_overflows(0),
              EqualsMessage(FromText<v1::SeriesOverflow>(
                  "survey_id: 'full' max_series: 2 feedback_count: 3")));
}

TEST_P(MetricGroupTest, PooledSurveysAddUp) {
  Create(client(), NpsSurvey("more", {"channel", "region"}));
  SubmitAll(client(),
            {Labelled("more", 0, 10, "north", "phone"), Labelled("more", 1, 2, "", "web")});
  const std::string both = "survey_ids: 'cube' survey_ids: 'more' ";
  EXPECT_THAT(Query(client(), both).total().points(0), IsNps(5, 2, 3));
  EXPECT_THAT(Groups(both + "group_by: 'region'"),
              ElementsAre("Zürich 1", "north 3", "south 2", "Ölbronn 1", "(none) 3"));
  EXPECT_THAT(Groups(both + "group_by: 'survey_id'"), ElementsAre("cube 8", "more 2"));
  EXPECT_THAT(Groups("survey_ids: 'more' survey_ids: 'cube' group_by: 'survey_id'"),
              ElementsAre("cube 8", "more 2"));
  EXPECT_THAT(Groups(both + "group_by: 'survey_id' filters { key: 'survey_id' values: 'more' }"),
              ElementsAre("more 2"));
  EXPECT_THAT(Groups(both + R"(group_by: 'survey_id'
                               filters { key: 'survey_id' values: 'more' negate: true })"),
              ElementsAre("cube 8"));
  EXPECT_THAT(Groups(both + "group_by: 'survey_id' filters { key: 'survey_id' values: 'x' }"),
              IsEmpty());
}

TEST_P(MetricGroupTest, ALabelCanBeADimensionOfOneOfTwoSurveys) {
  EXPECT_THAT(Groups(R"(survey_ids: 'cube' survey_ids: 'scan' group_by: 'survey_id'
                        filters { key: 'region' values: ['north', '(none)'] })"),
              ElementsAre("cube 4", "scan 4"));
}

TEST_P(MetricGroupTest, ASuppressedGroupStillCountsInTheTotal) {
  const v1::QueryMetricResponse response =
      Query(client(), "survey_ids: 'cube' group_by: 'region' min_sample: 2");
  ASSERT_THAT(response.series(), SizeIs(5));
  EXPECT_TRUE(response.series(0).points(0).suppressed());
  EXPECT_FALSE(response.series(0).points(0).has_value());
  EXPECT_FALSE(response.series(1).points(0).suppressed());
  EXPECT_THAT(response.total().points(0), IsNps(4, 2, 2));
}

}  // namespace
}  // namespace emptychair::testing
