// The money of cohorts, over activities written by hand, against a recount of customers.
#include "server/loyalty/cohort_amounts.h"

#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/loyalty/cohorts.h"
#include "tests/domain/loyalty/hand_made_activities.h"
#include "tests/domain/loyalty/loyalty_model.h"
#include "tests/domain/loyalty/loyalty_testing.h"
#include "tests/helpers/seed.h"
#include "tests/helpers/status_matchers.h"

namespace emptychair::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const absl::Time kNow = StartOf("2026-01-01");

absl::StatusOr<v1::QueryCohortsResponse> Follow(HandMadeActivities& store,
                                                const v1::QueryCohortsRequest& request,
                                                size_t at_once = kAmountsAtOnce) {
  ASSIGN_OR_RETURN(CohortsQuery query, PrepareCohorts(store.view(), request, kNow));
  EXPECT_TRUE(query.ReadsActivities());
  query.amounts_at_once = at_once;
  ASSIGN_OR_RETURN(const CohortsResult result, RunCohorts(store.reader(), query));
  v1::QueryCohortsResponse response;
  WriteResponse(query, result, response);
  return response;
}

v1::QueryCohortsRequest Request(const v1::TimeInterval& interval) {
  v1::QueryCohortsRequest request;
  request.set_kind("purchase");
  *request.mutable_interval() = interval;
  request.set_with_amounts(true);
  return request;
}

Deed On(absl::string_view date, uint32_t customer, std::optional<int32_t> units,
        const std::string& currency = "EUR") {
  return {customer, absl::ToUnixMillis(StartOf(date) + absl::Hours(1)), units, currency};
}

// "CODE total mean", in units.
std::vector<std::string> ToText(const v1::CohortCell& cell) {
  std::vector<std::string> texts;
  for (const v1::CohortAmounts& amounts : cell.amounts()) {
    EXPECT_EQ(amounts.total().currency_code(), amounts.currency_code());
    texts.push_back(
        absl::StrCat(amounts.currency_code(), " ", amounts.total().units(), " ", amounts.mean()));
  }
  return texts;
}

class CohortAmountsTest : public ::testing::Test {
 protected:
  CohortAmountsTest() { store_.AddKind("purchase", "UTC"); }

  HandMadeActivities store_;
};

TEST_F(CohortAmountsTest, AddUpFromPeriodToPeriod) {
  store_.Write(1, {On("2024-01-05", 1, 10), On("2024-01-06", 2, 4), On("2024-01-07", 3, {}),
                   On("2024-01-08", 4, 2, "USD"), On("2024-02-01", 1, 20), On("2024-03-01", 2, -4),
                   On("2024-03-05", 5, 7), On("2024-04-01", 1, 1'000)});
  ASSERT_OK_AND_ASSIGN(const auto response,
                       Follow(store_, Request(Between("2024-01-01", "2024-04-01"))));
  const v1::Cohort& january = response.cohorts(0);
  EXPECT_THAT(ToText(january.cells(0)), ElementsAre("EUR 14 3.5", "USD 2 0.5"));
  EXPECT_THAT(ToText(january.cells(1)), ElementsAre("EUR 34 8.5", "USD 2 0.5"));
  EXPECT_THAT(ToText(january.cells(2)), ElementsAre("EUR 30 7.5", "USD 2 0.5"));
  // Of 10, 4, 0 and 0: a variance of 67/3 of each.
  EXPECT_NEAR(january.cells(0).amounts(0).mean_high(), 3.5 + 1.959963984540054 * 2.362908, 1e-5);
  EXPECT_NEAR(january.cells(0).amounts(0).mean_low(), 3.5 - 1.959963984540054 * 2.362908, 1e-5);
  EXPECT_THAT(ToText(response.cohorts(1).cells(0)), IsEmpty());
  EXPECT_THAT(ToText(response.cohorts(2).cells(0)), ElementsAre("EUR 7 7"));
  EXPECT_FALSE(response.cohorts(2).cells(0).amounts(0).has_mean_low());
  // Also what could be of the days by another offset.
  EXPECT_EQ(response.activities_scanned(), 8);
}

TEST_F(CohortAmountsTest, AreOfTheKindThatCustomersComeBackWith) {
  store_.Write(1, {On("2024-02-05", 1, 10), On("2024-03-05", 2, 3)});
  store_.AddKind("visit", "UTC");
  // What was there before the cohort does not count.
  store_.Write(2, {On("2024-01-05", 1, 500), On("2024-02-05", 1, 1), On("2024-04-30", 1, 6),
                   On("2024-02-06", 9, 70)});
  v1::QueryCohortsRequest request = Request(Between("2024-01-01", "2024-05-01"));
  request.set_return_kind("visit");
  ASSERT_OK_AND_ASSIGN(const auto response, Follow(store_, request));
  EXPECT_THAT(ToText(response.cohorts(1).cells(0)), ElementsAre("EUR 1 1"));
  EXPECT_THAT(ToText(response.cohorts(1).cells(2)), ElementsAre("EUR 7 7"));
  EXPECT_THAT(ToText(response.cohorts(2).cells(1)), IsEmpty());
}

TEST_F(CohortAmountsTest, AreAtMostTenThousand) {
  // 140 days make 9,870 cells; each of the first customer's has an amount in a second currency.
  const absl::CivilDay first(2020, 1, 1);
  std::vector<Deed> deeds;
  for (uint32_t day = 0; day < 140; ++day) {
    const int64_t ms =
        absl::ToUnixMillis(absl::FromCivil(first + static_cast<int>(day), absl::UTCTimeZone()));
    deeds.push_back({day + 1, ms, 1});
  }
  store_.Write(1, deeds);
  v1::QueryCohortsRequest request =
      Request(Between(LoyaltyModel::Days{first, first + 140}, absl::UTCTimeZone()));
  request.set_granularity(v1::GRANULARITY_DAY);
  EXPECT_OK(Follow(store_, request));
  deeds.push_back({1, deeds.front().unix_ms, 1, "USD"});
  HandMadeActivities store;
  store.AddKind("purchase", "UTC");
  store.Write(1, deeds);
  EXPECT_THAT(Follow(store, request), HasReason(v1::ERROR_REASON_TOO_MANY_POINTS));
}

TEST_F(CohortAmountsTest, AreCheckedForEachSum) {
  CustomerAmount much{.customer = 1, .currency = NumberOf({'E', 'U', 'R'}), .period = 0};
  much.set_nanos(absl::int128(1'000'000'000) * 1'000'000'000'000 * 10'000'000);
  CohortAmounts amounts;
  EXPECT_OK(amounts.Add(0, 2, {much}));
  EXPECT_THAT(amounts.Check(), HasReason(v1::ERROR_REASON_FIELD_INVALID));
}

std::optional<double> If(bool has, double value) {
  return has ? std::make_optional(value) : std::nullopt;
}

void ExpectMoney(const std::map<std::string, ModelCohortMoney>& expected,
                 const v1::CohortCell& cell, const std::string& what) {
  ASSERT_EQ(cell.amounts_size(), static_cast<int>(expected.size())) << what;
  int i = 0;
  for (const auto& [currency, money] : expected) {
    const v1::CohortAmounts& amounts = cell.amounts(i++);
    EXPECT_EQ(amounts.currency_code(), currency) << what;
    EXPECT_EQ(amounts.total().units(), money.total) << what;
    ExpectNear(money.mean, amounts.mean(), If(amounts.has_mean_low(), amounts.mean_low()),
               If(amounts.has_mean_high(), amounts.mean_high()), what);
  }
}

TEST_F(CohortAmountsTest, AgreeWithARecountOfRandomStores) {
  std::mt19937_64 random(SeedFromEnvOrRandom());
  for (int round = 0; round < 20; ++round) {
    const char* const zone_name = RandomZone(random);
    const absl::TimeZone zone = *LoadZone(zone_name);
    HandMadeActivities store;
    store.AddKind("purchase", zone_name);
    store.AddKind("visit", zone_name);
    std::vector<Deed> deeds = RandomDeeds(random);
    std::vector<Deed> visits = RandomDeeds(random);
    VaryMoney(random, deeds);
    VaryMoney(random, visits);
    store.Write(1, deeds);
    store.Write(2, visits);
    const LoyaltyModel model(zone, deeds);
    const LoyaltyModel visit_model(zone, visits);
    std::vector<LoyaltyModel::Days> periods =
        LoyaltyModel::Periods(v1::GRANULARITY_MONTH, v1::WEEK_START_MONDAY,
                              {absl::CivilDay(2013, 11, 1), absl::CivilDay(2014, 7, 1)});
    periods.erase(periods.begin(), periods.begin() + static_cast<long>(random() % 4));
    v1::QueryCohortsRequest request =
        Request(Between({periods.front().first, periods.back().end}, zone));
    const bool by_visit = random() % 2 == 0;
    if (by_visit) {
      request.set_return_kind("visit");
    }
    const int least = static_cast<int>(random() % 4);
    if (least > 0) {
      request.set_cohort_rule(v1::COHORT_RULE_ACTIVE);
      request.set_min_activities(least);
    }
    request.set_return_rule(static_cast<v1::ReturnRule>(random() % 3));
    const size_t at_once = random() % 2 == 0 ? 2 + random() % 40 : kAmountsAtOnce;
    const std::string what = absl::StrCat(zone_name, " ", at_once, " ", request.ShortDebugString());
    ASSERT_OK_AND_ASSIGN(const auto response, Follow(store, request, at_once));
    for (size_t c = 0; c < periods.size(); ++c) {
      const std::set<uint32_t> cohort =
          least > 0 ? model.AtLeast(least, periods[c]) : model.FirstEver(periods[c]);
      for (size_t k = c; k < periods.size(); ++k) {
        ExpectMoney((by_visit ? visit_model : model)
                        .CohortMoney(cohort, {periods[c].first, periods[k].end}),
                    response.cohorts(static_cast<int>(c)).cells(static_cast<int>(k - c)), what);
      }
    }
  }
}

}  // namespace
}  // namespace emptychair::testing
