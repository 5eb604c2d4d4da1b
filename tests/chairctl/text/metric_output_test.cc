#include "tools/chairctl/text/metric_output.h"

#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/times.h"
#include "tools/chairctl/base/csv_writer.h"
#include "tools/chairctl/base/output.h"
#include "tools/chairctl/base/written_time.h"

namespace emptychair {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

absl::Time Instant(absl::string_view rfc3339) { return testing::At(rfc3339); }

absl::Time Day(int year, int month, int day, absl::TimeZone zone = absl::UTCTimeZone()) {
  return absl::FromCivil(absl::CivilDay(year, month, day), zone);
}

// The NPS of 5 promoters, 3 passives and 2 detractors.
void FillPoint(v1::MetricValue& point) {
  point.set_value(30);
  point.set_low(-19.0506);
  point.set_high(65.2045);
  point.set_standard_error(24.69817807045694);
  point.set_grade(v1::GRADE_GOOD);
  point.set_answers(10);
  point.set_unscored(1);
  point.set_promoters(5);
  point.set_passives(3);
  point.set_detractors(2);
}

class MetricOutput : public ::testing::Test {
 protected:
  // Two months by channel: a value, nothing, a suppressed value, a value.
  void SetUp() override {
    request_.add_survey_ids("support");
    request_.add_group_by("channel");
    request_.set_granularity(v1::GRANULARITY_MONTH);
    *request_.mutable_interval()->mutable_start_time() = ToTimestamp(Day(2024, 1, 1));
    *request_.mutable_interval()->mutable_end_time() = ToTimestamp(Day(2024, 3, 1));
    for (int month = 1; month <= 2; ++month) {
      v1::MetricBucket& bucket = *response_.add_buckets();
      *bucket.mutable_start_time() = ToTimestamp(Day(2024, month, 1));
      *bucket.mutable_end_time() = ToTimestamp(Day(2024, month + 1, 1));
    }
    v1::MetricSeries& web = *response_.add_series();
    web.add_group_values()->set_value("web, app");
    FillPoint(*web.add_points());
    web.add_points();
    v1::MetricSeries& none = *response_.add_series();
    none.add_group_values()->set_none(true);
    v1::MetricValue& suppressed = *none.add_points();
    suppressed.set_answers(2);
    suppressed.set_suppressed(true);
    FillPoint(*none.add_points());
    FillPoint(*response_.mutable_total()->add_points());
    FillPoint(*response_.mutable_total()->add_points());
    v1::MethodInfo& info = *response_.mutable_method_info();
    info.set_method(v1::METRIC_METHOD_NET_PROMOTER);
    info.set_respondent_rule(v1::RESPONDENT_RULE_ALL);
    info.set_granularity(v1::GRANULARITY_MONTH);
    info.set_trailing_buckets(1);
    info.set_time_zone("UTC");
    info.set_confidence(0.95);
    info.set_min_sample(5);
  }

  std::string Table(int columns) {
    std::ostringstream out;
    PrintMetricTable(request_, response_, columns, out);
    return out.str();
  }

  std::string Csv() {
    std::ostringstream out;
    CsvWriter csv(out, CsvForm::kExact);
    PrintMetricCsv(request_, response_, csv);
    return out.str();
  }

  v1::QueryMetricRequest request_;
  v1::QueryMetricResponse response_;
};

TEST_F(MetricOutput, CsvHasALinePerPointAndLeavesOutWhatIsAbsent) {
  EXPECT_EQ(
      Csv(),
      "bucket_start,bucket_end,channel,value,low,high,standard_error,answers,unscored,customers,"
      "promoters,passives,detractors,suppressed,excluded,is_open,effective_sample,design_effect,"
      "interval_rule\n"
      "2024-01-01T00:00:00.000Z,2024-02-01T00:00:00.000Z,\"web, app\",30,-19.0506,65.2045,"
      "24.69817807045694,10,1,,5,3,2,false,0,false,,,\n"
      "2024-02-01T00:00:00.000Z,2024-03-01T00:00:00.000Z,\"web, "
      "app\",,,,,0,0,,,,,false,0,false,,,\n"
      "2024-01-01T00:00:00.000Z,2024-02-01T00:00:00.000Z,(none),,,,,2,0,,,,,true,0,false,,,\n"
      "2024-02-01T00:00:00.000Z,2024-03-01T00:00:00.000Z,(none),30,-19.0506,65.2045,24."
      "69817807045694,"
      "10,1,,5,3,2,false,0,false,,,\n");
}

TEST_F(MetricOutput, SaysWhatIntervalsRestOn) {
  response_.mutable_method_info()->set_interval_rule(v1::INTERVAL_RULE_CUSTOMERS);
  double effective_sample = 4.5;
  for (v1::MetricValue* point :
       {response_.mutable_total()->mutable_points(0), response_.mutable_total()->mutable_points(1),
        response_.mutable_series(0)->mutable_points(0)}) {
    point->set_customers(7);
    point->set_effective_sample(effective_sample);
    point->set_design_effect(1.25);
    effective_sample += 2;
  }
  EXPECT_THAT(Csv(), AllOf(HasSubstr(",10,1,7,5,3,2,false,0,false,8.5,1.25,customers\n"),
                           HasSubstr(",true,0,false,,,customers\n")));
  EXPECT_THAT(
      Table(0),
      AllOf(HasSubstr("\nmethod: all, 95 % intervals, suppressed under 5 answers\n"
                      "Intervals by customer: answers of a point count like 45 % to 65 % of as "
                      "many.\n"
                      "\n"
                      "channel "),
            HasSubstr("answers  unscored  customers  promoters"),
            HasSubstr("     10         1          7          5")));
  response_.mutable_method_info()->set_interval_rule(v1::INTERVAL_RULE_ESTIMATED);
  EXPECT_THAT(Csv(), HasSubstr(",8.5,1.25,estimated\n"));
  EXPECT_THAT(Table(0), Not(HasSubstr("customers  promoters")));
}

TEST_F(MetricOutput, CsvLeavesTheEdgesOfAnOpenWindowEmpty) {
  response_.clear_buckets();
  response_.clear_series();
  response_.add_buckets();
  response_.add_series()->add_points();
  request_.clear_group_by();
  EXPECT_THAT(Csv(), HasSubstr("interval_rule\n,,,,,,0,0,,,,,false,0,false,,,\n"));
}

TEST_F(MetricOutput, ShowsTheCustomersWhereARuleChoosesAmongTheirAnswers) {
  response_.mutable_method_info()->set_respondent_rule(v1::RESPONDENT_RULE_LATEST_PER_CUSTOMER);
  response_.mutable_series(0)->mutable_points(0)->set_customers(8);
  EXPECT_THAT(Table(0), HasSubstr("answers  unscored  customers  promoters"));
  EXPECT_THAT(Table(0), HasSubstr("     10         1          8          5"));
  EXPECT_THAT(Table(0), HasSubstr("     10         1          –          5"));
  EXPECT_THAT(Csv(), HasSubstr(",10,1,8,5,3,2,false,0,false,,,\n"));
}

TEST_F(MetricOutput, TableRepeatsWindowAndMethodAndIsPlainWhenPiped) {
  EXPECT_EQ(Table(0),
            "support: net-promoter\n"
            "window: 2024-01-01 to 2024-03-01, end not included, UTC\n"
            "method: all, 95 % intervals, suppressed under 5 answers\n"
            "\n"
            "channel   month      NPS     low   high  answers  unscored  promoters  passives  "
            "detractors  grade\n"
            "web, app  2024-01  30.00  -19.05  65.20       10         1          5         3  "
            "         2  good, uncertain\n"
            "web, app  2024-02      –       –      –        0         0          –         –  "
            "         –  –\n"
            "(none)    2024-01  (n<5)       –      –        2         0          –         –  "
            "         –  –\n"
            "(none)    2024-02  30.00  -19.05  65.20       10         1          5         3  "
            "         2  good, uncertain\n"
            "(all)     2024-01  30.00  -19.05  65.20       10         1          5         3  "
            "         2  good, uncertain\n"
            "(all)     2024-02  30.00  -19.05  65.20       10         1          5         3  "
            "         2  good, uncertain\n");
}

TEST_F(MetricOutput, TableDrawsTheIntervalWithinTheTerminal) {
  for (const int columns : {80, 100, 200}) {
    const std::string table = Table(columns);
    EXPECT_THAT(table, HasSubstr("├"));
    EXPECT_THAT(table, HasSubstr("●"));
    EXPECT_THAT(table, HasSubstr("┤"));
    EXPECT_THAT(table, HasSubstr("-19.05"));
    for (const absl::string_view line : absl::StrSplit(table, '\n')) {
      EXPECT_LE(DisplayWidth(line), static_cast<size_t>(columns)) << line;
    }
  }
}

TEST_F(MetricOutput, TableLeavesCountsOutWhereTheBarNeedsTheirRoom) {
  EXPECT_THAT(Table(80), Not(HasSubstr("promoters")));
  EXPECT_THAT(Table(200), HasSubstr("promoters"));
}

TEST_F(MetricOutput, TableDrawsNothingOnATerminalThatIsTooNarrow) {
  EXPECT_THAT(Table(50), Not(HasSubstr("●")));
}

TEST_F(MetricOutput, BarsPutTheValueWhereItIsOnTheAxis) {
  response_.clear_series();
  request_.clear_group_by();
  v1::MetricSeries& series = *response_.add_series();
  for (const double value : {-100.0, 100.0}) {
    v1::MetricValue& point = *series.add_points();
    point.set_value(value);
  }
  const std::vector<std::string> lines = absl::StrSplit(Table(200), '\n');
  ASSERT_GE(lines.size(), 7u);
  const std::string low(lines[5]);
  const std::string high(lines[6]);
  EXPECT_EQ(DisplayWidth(high), DisplayWidth(lines[4]));
  EXPECT_TRUE(absl::EndsWith(high, "●")) << high;
  EXPECT_LT(low.find("●"), low.find("┊"));
  EXPECT_GT(high.find("●"), high.find("┊"));
}

TEST_F(MetricOutput, TableSaysWhenNothingBoundsTheWindow) {
  request_.clear_interval();
  EXPECT_THAT(Table(0), HasSubstr("window: everything, UTC\n"));
  *request_.mutable_interval()->mutable_end_time() = ToTimestamp(Day(2024, 3, 1) + absl::Hours(10));
  EXPECT_THAT(Table(0),
              HasSubstr("window: the beginning to 2024-03-01T10:00:00Z, end not included, UTC\n"));
}

TEST_F(MetricOutput, TableNamesTheConditions) {
  v1::LabelFilter& filter = *request_.add_filters();
  filter.set_key("region");
  filter.add_values("EU");
  filter.add_values("US");
  filter.set_negate(true);
  response_.mutable_method_info()->set_trailing_buckets(3);
  EXPECT_THAT(Table(0), HasSubstr("support: net-promoter, region!=EU|US\n"));
  EXPECT_THAT(Table(0), HasSubstr("each point over 3 buckets"));
}

TEST_F(MetricOutput, TableHasNoBucketColumnForOneBucket) {
  response_.mutable_method_info()->set_granularity(v1::GRANULARITY_NONE);
  EXPECT_THAT(Table(0), HasSubstr("channel     NPS"));
}

void Exclude(v1::MetricValue& point, v1::ExclusionReason reason, int64_t count) {
  v1::ExcludedCount& excluded = *point.add_excluded();
  excluded.set_reason(reason);
  excluded.set_count(count);
}

TEST_F(MetricOutput, SaysHowManyAnswersAreExcluded) {
  EXPECT_THAT(Table(0), Not(HasSubstr("excluded")));
  Exclude(*response_.mutable_total()->mutable_points(0), v1::EXCLUSION_REASON_TEST, 2);
  EXPECT_THAT(Table(0), HasSubstr("\nexcluded: 2 (test)\n"));
  Exclude(*response_.mutable_total()->mutable_points(0), v1::EXCLUSION_REASON_BOT, 1);
  Exclude(*response_.mutable_total()->mutable_points(1), v1::EXCLUSION_REASON_TEST, 3);
  for (const int columns : {0, 200}) {
    EXPECT_THAT(Table(columns), HasSubstr("\nexcluded: 6 (test 5, bot 1)\n"));
  }
  Exclude(*response_.mutable_series(0)->mutable_points(1), v1::EXCLUSION_REASON_TEST, 3);
  Exclude(*response_.mutable_series(0)->mutable_points(1), v1::EXCLUSION_REASON_BOT, 1);
  EXPECT_THAT(Csv(), HasSubstr(",0,0,,,,,false,4,false,,,\n"));
}

TEST_F(MetricOutput, CountsNoExcludedAnswerTwiceWherePointsOverlap) {
  response_.mutable_method_info()->set_trailing_buckets(2);
  Exclude(*response_.mutable_total()->mutable_points(0), v1::EXCLUSION_REASON_TEST, 2);
  Exclude(*response_.mutable_total()->mutable_points(1), v1::EXCLUSION_REASON_TEST, 3);
  EXPECT_THAT(Table(0), HasSubstr("\nexcluded: 3 (test) in the last point\n"));
}

TEST_F(MetricOutput, MarksABucketThatIsNotOver) {
  EXPECT_THAT(Table(0), AllOf(Not(HasSubstr("*")), Not(HasSubstr("not over"))));
  response_.mutable_buckets(1)->set_is_open(true);
  for (const int columns : {0, 200}) {
    EXPECT_THAT(Table(columns),
                AllOf(HasSubstr("web, app  2024-01 "), HasSubstr("web, app  2024-02* "),
                      HasSubstr("(all)     2024-02* "), EndsWith("\n* not over yet\n")));
  }
  EXPECT_THAT(Csv(), AllOf(HasSubstr("true,0,false,,,\n"), HasSubstr("false,0,true,,,\n")));
  // The window as a whole has no name to mark.
  response_.mutable_method_info()->set_granularity(v1::GRANULARITY_NONE);
  EXPECT_THAT(Table(0), AllOf(Not(HasSubstr("*")), Not(HasSubstr("not over"))));
}

TEST_F(MetricOutput, AWindowThatBeginsWithTheDayIsNamedByItWhereTheClockSkipsItsMidnight) {
  // In Brazil midnight of that day was one o'clock.
  response_.mutable_method_info()->set_time_zone("America/Sao_Paulo");
  *request_.mutable_interval()->mutable_start_time() = ToTimestamp(Instant("2018-11-04T03:00:00Z"));
  EXPECT_THAT(Table(0), HasSubstr("window: 2018-11-04 to "));
  // In Greenland its last half hour went, too.
  response_.mutable_method_info()->set_time_zone("America/Scoresbysund");
  *request_.mutable_interval()->mutable_start_time() = ToTimestamp(Instant("2024-03-31T01:00:00Z"));
  EXPECT_THAT(Table(0), HasSubstr("window: 2024-03-31 to "));
}

v1::MethodInfo InfoOf(v1::Granularity granularity, v1::WeekStart week_start,
                      const std::string& zone) {
  v1::MethodInfo info;
  info.set_granularity(granularity);
  info.set_week_start(week_start);
  info.set_time_zone(zone);
  return info;
}

TEST(BucketName, NamesWeeksFromSundayByTheirFirstDay) {
  const v1::MethodInfo info =
      InfoOf(v1::GRANULARITY_WEEK, v1::WEEK_START_SUNDAY, "America/New_York");
  const std::pair<const char*, const char*> rows[] = {{"2025-01-05T05:00:00Z", "2025-01-05"},
                                                      {"2025-01-12T04:59:59Z", "2025-01-05"},
                                                      {"2025-01-12T05:00:00Z", "2025-01-12"},
                                                      {"2025-01-01T05:00:00Z", "2024-12-29"},
                                                      // A window can begin within the week.
                                                      {"2025-01-09T12:00:00Z", "2025-01-05"}};
  for (const auto& [start, name] : rows) {
    EXPECT_EQ(BucketName(Instant(start), info), name) << start;
  }
  EXPECT_EQ(BucketName(Instant("2025-01-05T05:00:00Z"),
                       InfoOf(v1::GRANULARITY_WEEK, v1::WEEK_START_MONDAY, "America/New_York")),
            "2025-W01");
}

TEST(BucketName, NamesEveryUnit) {
  const absl::Time time = Instant("2024-12-30T09:00:00Z");
  const std::pair<v1::Granularity, const char*> rows[] = {
      {v1::GRANULARITY_HOUR, "2024-12-30 10:00+01:00"},
      {v1::GRANULARITY_DAY, "2024-12-30"},
      {v1::GRANULARITY_WEEK, "2025-W01"},
      {v1::GRANULARITY_MONTH, "2024-12"},
      {v1::GRANULARITY_QUARTER, "2024-Q4"},
      {v1::GRANULARITY_YEAR, "2024"},
      {v1::GRANULARITY_NONE, ""}};
  for (const auto& [granularity, name] : rows) {
    EXPECT_EQ(BucketName(time, InfoOf(granularity, v1::WEEK_START_MONDAY, "Europe/Berlin")), name);
  }
}

}  // namespace
}  // namespace emptychair
