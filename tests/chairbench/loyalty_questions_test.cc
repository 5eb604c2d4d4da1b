#include "tools/chairbench/scenarios/loyalty_questions.h"

#include "common/base/timestamp.h"
#include "gtest/gtest.h"

namespace emptychair::bench {
namespace {

void SetMonth(int year, int month, v1::TimeInterval& interval) {
  *interval.mutable_start_time() =
      ToTimestamp(absl::FromCivil(absl::CivilMonth(year, month), absl::UTCTimeZone()));
}

TEST(LoyaltyQuestions, AreOfTheSecondYearAndOfBoth) {
  EXPECT_EQ(YearOfRetention().interval().start_time().seconds(), 1'672'531'200);
  EXPECT_EQ(YearOfRetention().interval().end_time().seconds(), 1'704'067'200);
  EXPECT_EQ(CohortTriangle().interval().start_time().seconds(), 1'640'995'200);
  EXPECT_EQ(CohortTriangle().interval().end_time().seconds(), 1'704'067'200);
  EXPECT_EQ(CohortTriangle().as_of().seconds(), 1'704'067'200);
}

TEST(LoyaltyQuestions, TellCountsOfRetentionByMonth) {
  v1::QueryRetentionResponse answer;
  for (const int month : {1, 2}) {
    v1::RetentionPoint& point = *answer.add_points();
    SetMonth(2023, month, *point.mutable_interval());
    point.set_customers_at_start(5);
    point.set_customers_at_end(6);
    point.set_new_customers(month);
    point.set_returning_customers(4);
  }
  EXPECT_EQ(CountsOf(answer), "2023-01 5 6 1 4\n2023-02 5 6 2 4");
}

TEST(LoyaltyQuestions, TellCellsOfCohortsThatAreNotEmpty) {
  v1::QueryCohortsResponse answer;
  for (const int month : {1, 2}) {
    v1::Cohort& cohort = *answer.add_cohorts();
    SetMonth(2022, month, *cohort.mutable_interval());
    cohort.add_cells()->set_customers(7 * month);
    if (month == 1) {
      cohort.add_cells()->set_customers(3);
    }
  }
  EXPECT_EQ(CountsOf(answer), "2022-01 2022-01 7\n2022-01 2022-02 3\n2022-02 2022-02 14");
  answer.mutable_cohorts(0)->mutable_cells(1)->set_customers(0);
  EXPECT_EQ(CountsOf(answer), "2022-01 2022-01 7\n2022-02 2022-02 14");
}

}  // namespace
}  // namespace emptychair::bench
