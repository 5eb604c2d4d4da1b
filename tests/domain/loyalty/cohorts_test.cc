// Cohorts, over rows of sets that were written by hand, against a recount of customers.
#include "server/loyalty/cohorts.h"

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/domain/loyalty/hand_made_activities.h"
#include "tests/domain/loyalty/loyalty_model.h"
#include "tests/domain/loyalty/loyalty_testing.h"
#include "tests/helpers/seed.h"
#include "tests/helpers/status_matchers.h"

namespace emptychair::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const absl::Time kNow = StartOf("2026-01-01");

absl::StatusOr<v1::QueryCohortsResponse> Follow(HandMadeActivities& store,
                                                const v1::QueryCohortsRequest& request,
                                                absl::Time now = kNow) {
  ASSIGN_OR_RETURN(const CohortsQuery query, PrepareCohorts(store.view(), request, now));
  ASSIGN_OR_RETURN(const CohortsResult result, RunCohorts(store.reader(), query));
  EXPECT_TRUE(result.activities_scanned == 0 || query.ReadsActivities());
  v1::QueryCohortsResponse response;
  WriteResponse(query, result, response);
  return response;
}

v1::QueryCohortsRequest Request(const v1::TimeInterval& interval = {},
                                v1::CohortRule cohort_rule = v1::COHORT_RULE_UNSPECIFIED,
                                v1::ReturnRule return_rule = v1::RETURN_RULE_UNSPECIFIED) {
  v1::QueryCohortsRequest request;
  request.set_kind("purchase");
  *request.mutable_interval() = interval;
  request.set_cohort_rule(cohort_rule);
  request.set_return_rule(return_rule);
  return request;
}

// The size, then the cells.
std::vector<std::string> ToText(const v1::QueryCohortsResponse& response) {
  std::vector<std::string> texts;
  for (const v1::Cohort& cohort : response.cohorts()) {
    texts.push_back(absl::StrCat(
        cohort.size(), ": ",
        absl::StrJoin(cohort.cells(), " ", [](std::string* out, const v1::CohortCell& cell) {
          absl::StrAppend(out, cell.customers());
        })));
  }
  return texts;
}

Deed On(absl::string_view date, uint32_t customer) {
  return {customer, absl::ToUnixMillis(StartOf(date) + absl::Hours(1)), std::nullopt};
}

class CohortsTest : public ::testing::Test {
 protected:
  CohortsTest() { store_.AddKind("purchase", "UTC"); }

  void WriteSome() {
    store_.Write(
        1, {On("2024-01-05", 1), On("2024-01-06", 2), On("2024-01-07", 3), On("2024-01-07", 3),
            On("2024-02-01", 1), On("2024-02-02", 1), On("2024-03-01", 3), On("2024-03-31", 4),
            On("2024-03-31", 1), On("2024-03-31", 1), On("2024-03-31", 1)});
  }

  HandMadeActivities store_;
};

TEST_F(CohortsTest, FollowsThoseWhoAreNewThroughTheMonths) {
  WriteSome();
  const v1::TimeInterval quarter = Between("2024-01-01", "2024-04-01");
  ASSERT_OK_AND_ASSIGN(auto response, Follow(store_, Request(quarter)));
  EXPECT_THAT(ToText(response), ElementsAre("3: 3 1 2", "0: 0 0", "1: 1"));
  EXPECT_DOUBLE_EQ(response.cohorts(0).cells(1).share(), 100.0 / 3);
  EXPECT_TRUE(response.cohorts(0).cells(1).has_share_low());
  // Nobody was new in February: no shares.
  EXPECT_FALSE(response.cohorts(1).cells(0).has_share());
  ASSERT_OK_AND_ASSIGN(response, Follow(store_, Request(quarter, v1::COHORT_RULE_FIRST_EVER,
                                                        v1::RETURN_RULE_OR_LATER)));
  EXPECT_THAT(ToText(response), ElementsAre("3: 3 2 2", "0: 0 0", "1: 1"));
  ASSERT_OK_AND_ASSIGN(response, Follow(store_, Request(quarter, v1::COHORT_RULE_ACTIVE)));
  EXPECT_THAT(ToText(response), ElementsAre("3: 3 1 2", "1: 1 1", "3: 3"));
  // First-ever is read from before the interval.
  ASSERT_OK_AND_ASSIGN(response, Follow(store_, Request(Between("2024-02-01", "2024-04-01"))));
  EXPECT_THAT(ToText(response), ElementsAre("0: 0 0", "1: 1"));
}

TEST_F(CohortsTest, CountsActivitiesOfThePeriod) {
  WriteSome();
  v1::QueryCohortsRequest request =
      Request(Between("2024-01-01", "2024-04-01"), v1::COHORT_RULE_ACTIVE);
  request.set_min_activities(2);
  ASSERT_OK_AND_ASSIGN(auto response, Follow(store_, request));
  EXPECT_THAT(ToText(response), ElementsAre("1: 1 0 1", "1: 1 1", "1: 1"));
  EXPECT_EQ(response.activities_scanned(), 0);
  request.set_min_activities(3);
  ASSERT_OK_AND_ASSIGN(response, Follow(store_, request));
  EXPECT_THAT(ToText(response), ElementsAre("0: 0 0 0", "0: 0 0", "1: 1"));
  EXPECT_GT(response.activities_scanned(), 0);
  EXPECT_EQ(response.min_activities(), 3);
}

TEST_F(CohortsTest, ComesBackWithAnotherKind) {
  WriteSome();
  store_.AddKind("visit", "UTC");
  store_.Write(2, {On("2024-02-10", 2), On("2024-04-10", 3), On("2024-04-10", 9)});
  v1::QueryCohortsRequest request = Request();
  request.set_return_kind("visit");
  ASSERT_OK_AND_ASSIGN(const auto response, Follow(store_, request));
  EXPECT_THAT(ToText(response), ElementsAre("3: 0 1 0 1", "0: 0 0 0", "1: 0 0", "0: 0"));
  EXPECT_EQ(response.return_kind(), "visit");
  store_.AddKind("call", "Asia/Tokyo");
  request.set_return_kind("call");
  EXPECT_THAT(Follow(store_, request),
              AllOf(HasReason(v1::ERROR_REASON_FIELD_INVALID), HasField("return_kind")));
  request.set_return_kind("email");
  EXPECT_THAT(Follow(store_, request), HasReason(v1::ERROR_REASON_KIND_NOT_FOUND));
}

TEST_F(CohortsTest, HasNoCellsThatAreNotComplete) {
  WriteSome();
  v1::QueryCohortsRequest request = Request(Between("2024-01-01", "2024-05-01"));
  *request.mutable_as_of() = ToTimestamp(StartOf("2024-03-15"));
  ASSERT_OK_AND_ASSIGN(auto response, Follow(store_, request));
  EXPECT_THAT(ToText(response), ElementsAre("3: 3 1", "0: 0"));
  request.set_return_rule(v1::RETURN_RULE_OR_LATER);
  ASSERT_OK_AND_ASSIGN(response, Follow(store_, request));
  EXPECT_THAT(ToText(response), ElementsAre("3: ", "0: "));
  // An open end is that of the last complete period.
  request.mutable_interval()->clear_end_time();
  ASSERT_OK_AND_ASSIGN(response, Follow(store_, request));
  EXPECT_THAT(ToText(response), ElementsAre("3: 3 1", "0: 0"));
  *request.mutable_as_of() = ToTimestamp(StartOf("2024-01-15"));
  ASSERT_OK_AND_ASSIGN(response, Follow(store_, request));
  EXPECT_THAT(response.cohorts(), IsEmpty());
}

TEST_F(CohortsTest, RefusesWhatItCannotFollow) {
  const auto refused = [&](const v1::QueryCohortsRequest& request, absl::string_view field) {
    EXPECT_THAT(Follow(store_, request),
                AllOf(HasReason(v1::ERROR_REASON_FIELD_INVALID), HasField(field)))
        << request.ShortDebugString();
  };
  refused(Request(Between("2024-01-01", "2024-02-02")), "interval.end_time");
  refused(Request({}, static_cast<v1::CohortRule>(9)), "cohort_rule");
  refused(Request({}, v1::COHORT_RULE_ACTIVE, static_cast<v1::ReturnRule>(9)), "return_rule");
  v1::QueryCohortsRequest request = Request();
  request.set_min_activities(2);
  refused(request, "min_activities");
  request.set_cohort_rule(v1::COHORT_RULE_ACTIVE);
  request.set_min_activities(101);
  refused(request, "min_activities");
  request.set_min_activities(-1);
  refused(request, "min_activities");
  // 140 periods make 9,870 cells, 141 make 10,011.
  const absl::CivilDay first(2020, 1, 1);
  request = Request(Between(LoyaltyModel::Days{first, first + 140}, absl::UTCTimeZone()));
  request.set_granularity(v1::GRANULARITY_DAY);
  EXPECT_OK(Follow(store_, request));
  *request.mutable_interval() =
      Between(LoyaltyModel::Days{first, first + 141}, absl::UTCTimeZone());
  EXPECT_THAT(Follow(store_, request), HasReason(v1::ERROR_REASON_TOO_MANY_POINTS));
}

std::vector<std::string> Expected(const LoyaltyModel& model, const LoyaltyModel& returns,
                                  const std::vector<LoyaltyModel::Days>& periods,
                                  const v1::QueryCohortsRequest& request) {
  std::vector<std::string> texts;
  for (size_t c = 0; c < periods.size(); ++c) {
    const std::set<uint32_t> cohort =
        request.cohort_rule() == v1::COHORT_RULE_ACTIVE
            ? model.AtLeast(std::max(request.min_activities(), 1), periods[c])
            : model.FirstEver(periods[c]);
    std::vector<size_t> cells;
    for (size_t k = c; k < periods.size(); ++k) {
      const bool or_later = request.return_rule() == v1::RETURN_RULE_OR_LATER;
      const std::set<uint32_t> back =
          returns.Active({periods[k].first, or_later ? periods.back().end : periods[k].end});
      cells.push_back(0);
      for (const uint32_t customer : cohort) {
        cells.back() += back.contains(customer) ? 1 : 0;
      }
    }
    texts.push_back(absl::StrCat(cohort.size(), ": ", absl::StrJoin(cells, " ")));
  }
  return texts;
}

TEST_F(CohortsTest, AgreesWithARecountOfRandomStores) {
  std::mt19937_64 random(SeedFromEnvOrRandom());
  for (int round = 0; round < 20; ++round) {
    const char* const zone_name = RandomZone(random);
    const absl::TimeZone zone = *LoadZone(zone_name);
    HandMadeActivities store;
    store.AddKind("purchase", zone_name);
    store.AddKind("visit", zone_name);
    const std::vector<Deed> deeds = RandomDeeds(random);
    const std::vector<Deed> visits = RandomDeeds(random);
    store.Write(1, deeds);
    store.Write(2, visits);
    const LoyaltyModel model(zone, deeds);
    const LoyaltyModel visit_model(zone, visits);
    for (int i = 0; i < 6; ++i) {
      v1::QueryCohortsRequest request = Request({}, static_cast<v1::CohortRule>(random() % 3),
                                                static_cast<v1::ReturnRule>(random() % 3));
      const auto granularity = random() % 2 == 0 ? v1::GRANULARITY_MONTH : v1::GRANULARITY_WEEK;
      request.set_granularity(granularity);
      const bool by_visit = random() % 3 == 0;
      if (by_visit) {
        request.set_return_kind("visit");
      }
      if (request.cohort_rule() == v1::COHORT_RULE_ACTIVE) {
        request.set_min_activities(static_cast<int32_t>(random() % 5));
      }
      // Both are starts of weeks and of months.
      std::vector<LoyaltyModel::Days> periods = LoyaltyModel::Periods(
          granularity, v1::WEEK_START_MONDAY,
          granularity == v1::GRANULARITY_MONTH
              ? LoyaltyModel::Days{absl::CivilDay(2013, 11, 1), absl::CivilDay(2014, 7, 1)}
              : LoyaltyModel::Days{absl::CivilDay(2013, 11, 4), absl::CivilDay(2014, 6, 30)});
      periods.erase(periods.begin(), periods.begin() + static_cast<long>(random() % 4));
      periods.resize(periods.size() - random() % 4);
      *request.mutable_interval() = Between({periods.front().first, periods.back().end}, zone);
      ASSERT_OK_AND_ASSIGN(const auto response, Follow(store, request));
      EXPECT_EQ(ToText(response), Expected(model, by_visit ? visit_model : model, periods, request))
          << zone_name << " " << request.ShortDebugString();
    }
  }
}

TEST_F(CohortsTest, AnswersWhatIsKnownOfRealPurchases) {
  const auto deeds = ReadTransactions();
  if (!deeds.has_value()) {
    GTEST_SKIP() << TransactionsPath() << " is not there";
  }
  store_.Write(1, *deeds);
  const v1::TimeInterval year = Between("2014-01-01", "2015-01-01");
  ASSERT_OK_AND_ASSIGN(const auto exact, Follow(store_, Request(year)));
  EXPECT_EQ(ToText(exact)[0], "639: 639 144 71 45 32 33 22 20 18 13 12 14");
  EXPECT_THAT(ToText(exact)[1], ::testing::StartsWith("570: 570 133 58 "));
  EXPECT_THAT(ToText(exact)[2], ::testing::StartsWith("638: 638 168 80 "));
  const auto cell = [&](int cohort) { return exact.cohorts(cohort).cells(1); };
  EXPECT_NEAR(cell(0).share(), 22.5352, 5e-5);
  EXPECT_NEAR(cell(0).share_low(), 19.4653, 5e-5);
  EXPECT_NEAR(cell(0).share_high(), 25.9333, 5e-5);
  EXPECT_NEAR(cell(1).share(), 23.3333, 5e-5);
  EXPECT_NEAR(cell(1).share_low(), 20.0467, 5e-5);
  EXPECT_NEAR(cell(2).share(), 26.3323, 5e-5);
  EXPECT_NEAR(cell(2).share_high(), 29.8842, 5e-5);
  ASSERT_OK_AND_ASSIGN(const auto later, Follow(store_, Request(year, v1::COHORT_RULE_FIRST_EVER,
                                                                v1::RETURN_RULE_OR_LATER)));
  EXPECT_EQ(ToText(later)[0], "639: 639 197 106 71 56 50 37 32 27 24 18 14");
  EXPECT_THAT(ToText(later)[1], ::testing::StartsWith("570: 570 172 91 "));
  EXPECT_THAT(ToText(later)[2], ::testing::StartsWith("638: 638 209 118 "));
}

}  // namespace
}  // namespace emptychair::testing
