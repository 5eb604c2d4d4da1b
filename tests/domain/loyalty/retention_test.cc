// Retention, over rows of sets that were written by hand, against a recount of customers.
#include "server/loyalty/retention.h"

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
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

absl::StatusOr<v1::QueryRetentionResponse> Retain(HandMadeActivities& store,
                                                  const v1::QueryRetentionRequest& request,
                                                  absl::Time now = kNow) {
  ASSIGN_OR_RETURN(const RetentionQuery query, PrepareRetention(store.view(), request, now));
  ASSIGN_OR_RETURN(const RetentionResult result, RunRetention(store.sources(), query));
  v1::QueryRetentionResponse response;
  WriteResponse(query, result, response);
  return response;
}

v1::QueryRetentionRequest Request(const v1::TimeInterval& interval,
                                  v1::Granularity granularity = v1::GRANULARITY_UNSPECIFIED) {
  v1::QueryRetentionRequest request;
  request.set_kind("purchase");
  *request.mutable_interval() = interval;
  request.set_granularity(granularity);
  return request;
}

// S, E, N, R, W.
std::string ToText(const v1::RetentionPoint& point) {
  return absl::StrCat(point.customers_at_start(), " ", point.customers_at_end(), " ",
                      point.new_customers(), " ", point.returning_customers(), " ",
                      point.won_back_customers());
}

std::vector<std::string> ToText(const v1::QueryRetentionResponse& response) {
  std::vector<std::string> points;
  for (const v1::RetentionPoint& point : response.points()) {
    points.push_back(ToText(point));
  }
  return points;
}

Deed On(absl::string_view date, uint32_t customer, std::optional<int32_t> units = std::nullopt) {
  return {customer, absl::ToUnixMillis(StartOf(date)) + 3'600'000, units};
}

class RetentionTest : public ::testing::Test {
 protected:
  RetentionTest() { store_.AddKind("purchase", "UTC"); }

  HandMadeActivities store_;
};

TEST_F(RetentionTest, TellsThoseWhoStayedFromThoseWonBack) {
  store_.Write(
      1, {On("2024-01-05", 1), On("2024-01-06", 2), On("2024-01-07", 3), On("2024-02-01", 1),
          On("2024-02-29", 4), On("2024-03-01", 3), On("2024-03-31", 1), On("2024-03-31", 1)});
  ASSERT_OK_AND_ASSIGN(const auto response,
                       Retain(store_, Request(Between("2024-01-01", "2024-05-01"))));
  EXPECT_THAT(ToText(response), ElementsAre("0 3 3 0 0", "3 2 1 1 0", "2 2 0 1 1", "2 0 0 0 0"));
  EXPECT_FALSE(response.points(0).has_retention());
  EXPECT_FALSE(response.points(0).has_churn());
  EXPECT_DOUBLE_EQ(response.points(1).retention(), 100.0 / 3);
  EXPECT_DOUBLE_EQ(response.points(1).churn(), 200.0 / 3);
  EXPECT_DOUBLE_EQ(response.points(1).churn_low(), 100 - response.points(1).retention_high());
  EXPECT_DOUBLE_EQ(response.points(1).churn_high(), 100 - response.points(1).retention_low());
  // Nobody came: that is known.
  EXPECT_EQ(response.points(3).retention(), 0);
  EXPECT_TRUE(response.points(3).has_retention_high());
}

TEST_F(RetentionTest, ReadsThePeriodInFrontOfTheInterval) {
  store_.Write(1, {On("2023-11-05", 1), On("2024-01-31", 2), On("2024-02-01", 1),
                   On("2024-02-02", 2), On("2024-02-03", 3)});
  ASSERT_OK_AND_ASSIGN(const auto response,
                       Retain(store_, Request(Between("2024-02-01", "2024-03-01"))));
  EXPECT_THAT(ToText(response), ElementsAre("1 3 1 1 1"));
}

TEST_F(RetentionTest, CountsAnActivityOnItsLocalDay) {
  HandMadeActivities store;
  store.AddKind("purchase", "America/New_York");
  const absl::TimeZone zone = *LoadZone("America/New_York");
  // On the evening of the last of January there, and in February in UTC.
  store.Write(1, {{1, absl::ToUnixMillis(StartOf("2024-02-01")), std::nullopt},
                  {1, absl::ToUnixMillis(StartOf("2024-02-02")), std::nullopt}});
  ASSERT_OK_AND_ASSIGN(const auto response,
                       Retain(store, Request(Between("2024-01-01", "2024-03-01", zone))));
  EXPECT_THAT(ToText(response), ElementsAre("0 1 1 0 0", "1 1 0 1 0"));
  EXPECT_EQ(response.method_info().time_zone(), "America/New_York");
}

TEST_F(RetentionTest, KnowsNothingOfOthersWithPositiveAmountsOnly) {
  store_.Write(1, {On("2024-01-05", 1), On("2024-01-06", 2, 5), On("2024-02-01", 1, 1),
                   On("2024-02-02", 2, 0), On("2024-02-03", 3, -4), On("2024-03-01", 1, 1)});
  v1::QueryRetentionRequest request = Request(Between("2024-02-01", "2024-04-01"));
  request.set_positive_amounts_only(true);
  ASSERT_OK_AND_ASSIGN(const auto response, Retain(store_, request));
  EXPECT_THAT(ToText(response), ElementsAre("1 1 1 0 0", "1 1 0 1 0"));
  EXPECT_TRUE(response.method_info().positive_amounts_only());
}

TEST_F(RetentionTest, LeavesOutPeriodsThatEndAfterAsOf) {
  store_.Write(1, {On("2024-01-05", 1), On("2024-02-06", 1), On("2024-03-06", 1)});
  v1::QueryRetentionRequest request = Request(Between("2024-01-01", "2024-04-01"));
  *request.mutable_as_of() = ToTimestamp(StartOf("2024-03-01"));
  ASSERT_OK_AND_ASSIGN(auto response, Retain(store_, request));
  EXPECT_THAT(ToText(response), ElementsAre("0 1 1 0 0", "1 1 0 1 0"));
  *request.mutable_as_of() = ToTimestamp(StartOf("2024-03-01") - absl::Nanoseconds(1));
  ASSERT_OK_AND_ASSIGN(response, Retain(store_, request));
  EXPECT_THAT(ToText(response), ElementsAre("0 1 1 0 0"));
  // By default the server's clock.
  request.clear_as_of();
  ASSERT_OK_AND_ASSIGN(response, Retain(store_, request, StartOf("2024-02-15")));
  EXPECT_THAT(ToText(response), ElementsAre("0 1 1 0 0"));
  EXPECT_EQ(FromTimestamp(response.method_info().as_of()), StartOf("2024-02-15"));
}

TEST_F(RetentionTest, ReachesToTheFirstAndLastActivityWithoutEdges) {
  store_.Write(1, {On("2023-12-31", 1), On("2024-02-06", 1)});
  ASSERT_OK_AND_ASSIGN(auto response, Retain(store_, Request({})));
  EXPECT_THAT(ToText(response), ElementsAre("0 1 1 0 0", "1 0 0 0 0", "0 1 0 0 1"));
  EXPECT_EQ(FromTimestamp(response.points(0).interval().start_time()), StartOf("2023-12-01"));
  ASSERT_OK_AND_ASSIGN(response, Retain(store_, Request({}), StartOf("2024-02-15")));
  EXPECT_EQ(response.points_size(), 2);
  store_.AddKind("visit", "UTC");
  v1::QueryRetentionRequest request;
  request.set_kind("visit");
  ASSERT_OK_AND_ASSIGN(response, Retain(store_, request));
  EXPECT_THAT(response.points(), IsEmpty());
}

TEST_F(RetentionTest, CountsRollingPeriodsBackFromTheEnd) {
  store_.Write(1, {On("2024-01-01", 1), On("2024-01-10", 2), On("2024-01-11", 1),
                   On("2024-01-20", 3), On("2024-01-30", 1)});
  v1::QueryRetentionRequest request = Request(Between("2024-01-05", "2024-01-31"));
  request.set_rolling_days(10);
  ASSERT_OK_AND_ASSIGN(auto response, Retain(store_, request));
  EXPECT_THAT(ToText(response), ElementsAre("2 2 1 1 0", "2 1 0 1 0"));
  EXPECT_EQ(FromTimestamp(response.points(0).interval().start_time()), StartOf("2024-01-11"));
  EXPECT_EQ(response.method_info().rolling_days(), 10);
  EXPECT_EQ(response.method_info().granularity(), v1::GRANULARITY_UNSPECIFIED);
  // From the day of as_of back to the first activity.
  request.clear_interval();
  *request.mutable_as_of() = ToTimestamp(StartOf("2024-01-31") + absl::Hours(5));
  ASSERT_OK_AND_ASSIGN(response, Retain(store_, request));
  EXPECT_THAT(ToText(response), ElementsAre("0 2 2 0 0", "2 2 1 1 0", "2 1 0 1 0"));
}

TEST_F(RetentionTest, RefusesWhatMakesNoPeriods) {
  const auto refused = [&](v1::QueryRetentionRequest request, absl::string_view field) {
    EXPECT_THAT(Retain(store_, request),
                AllOf(HasReason(v1::ERROR_REASON_FIELD_INVALID), HasField(field)))
        << request.ShortDebugString();
  };
  refused(Request(Between("2024-01-02", "2024-03-01")), "interval.start_time");
  refused(Request(Between("2024-01-01", "2024-02-29")), "interval.end_time");
  refused(Request(Between("2024-01-02", "2024-01-15"), v1::GRANULARITY_WEEK),
          "interval.start_time");
  refused(Request(Between("2024-02-01", "2024-04-01"), v1::GRANULARITY_QUARTER),
          "interval.start_time");
  refused(Request(Between("2024-01-01", "2024-02-01"), v1::GRANULARITY_NONE), "granularity");
  refused(Request(Between("2024-01-01", "2024-02-01"), v1::GRANULARITY_HOUR), "granularity");
  refused(Request({}, static_cast<v1::Granularity>(99)), "granularity");
  v1::QueryRetentionRequest request = Request(Between("2024-01-01", "2024-02-01"));
  request.set_rolling_days(-1);
  refused(request, "rolling_days");
  request.set_rolling_days(1'001);
  refused(request, "rolling_days");
  request.set_rolling_days(30);
  *request.mutable_as_of() = ToTimestamp(StartOf("2024-02-01") - absl::Nanoseconds(1));
  refused(request, "as_of");
  request.mutable_interval()->mutable_end_time()->set_nanos(1'000'000);
  request.clear_as_of();
  refused(request, "interval.end_time");
  request = Request(Between("2024-01-01", "2024-02-01"), v1::GRANULARITY_MONTH);
  request.set_rolling_days(30);
  refused(request, "rolling_days");
  request.clear_rolling_days();
  *request.mutable_as_of() = ToTimestamp(StartOf("2023-12-31"));
  refused(request, "as_of");
  request.clear_as_of();
  request.set_method(static_cast<v1::RetentionMethod>(99));
  refused(request, "method");
  request.clear_method();
  request.set_confidence(0.5);
  refused(request, "confidence");
  request = Request(Between("2027-01-01", "2027-02-01"));
  refused(request, "interval.start_time");
  request.set_kind("Purchase");
  refused(request, "kind");
  request.clear_kind();
  EXPECT_THAT(Retain(store_, request), HasReason(v1::ERROR_REASON_FIELD_REQUIRED));
  request.set_kind("visit");
  EXPECT_THAT(Retain(store_, request), HasReason(v1::ERROR_REASON_KIND_NOT_FOUND));
  store_.AddKind("visit", "Mars/Base");
  EXPECT_THAT(Retain(store_, request), HasReason(v1::ERROR_REASON_ZONE_UNKNOWN));
}

TEST_F(RetentionTest, AnswersAtMostTenThousandPoints) {
  const absl::TimeZone utc = absl::UTCTimeZone();
  const absl::CivilDay first(1990, 1, 1);
  v1::QueryRetentionRequest request =
      Request(Between(LoyaltyModel::Days{first, first + 10'000}, utc), v1::GRANULARITY_DAY);
  ASSERT_OK_AND_ASSIGN(auto response, Retain(store_, request));
  EXPECT_EQ(response.points_size(), 10'000);
  request = Request(Between(LoyaltyModel::Days{first, first + 10'001}, utc), v1::GRANULARITY_DAY);
  EXPECT_THAT(Retain(store_, request), HasReason(v1::ERROR_REASON_TOO_MANY_POINTS));
  request.clear_granularity();
  request.set_rolling_days(1);
  EXPECT_THAT(Retain(store_, request), HasReason(v1::ERROR_REASON_TOO_MANY_POINTS));
}

TEST_F(RetentionTest, NamesDamage) {
  store_.Write(1, {On("2024-01-05", 1), On("2024-02-06", 70'000)});
  for (const uint16_t chunk : {0, 1}) {
    HandMadeActivities store;
    store.AddKind("purchase", "UTC");
    store.Write(1, {On("2024-01-05", 1), On("2024-01-06", 70'000)});
    store.PutRow({1, storage::CustomerSet::kActive, storage::CubeUnit::kMonth, 54 * 12, chunk},
                 "damage");
    EXPECT_THAT(Retain(store, Request(Between("2024-01-01", "2024-02-01"))),
                HasReason(v1::ERROR_REASON_STORE_DAMAGED));
    EXPECT_OK(Retain(store, Request(Between("2024-03-01", "2024-04-01"))));
  }
}

// A period's S, E, N, R, W by the model.
std::vector<std::string> Expected(const LoyaltyModel& model,
                                  const std::vector<LoyaltyModel::Days>& periods,
                                  const LoyaltyModel::Days& before) {
  std::vector<std::string> points;
  std::set<uint32_t> previous = model.Active(before);
  for (const LoyaltyModel::Days& period : periods) {
    const std::set<uint32_t> active = model.Active(period);
    points.push_back(LoyaltyModel::Point(previous, active, model.FirstEver(period)));
    previous = active;
  }
  return points;
}

TEST_F(RetentionTest, AgreesWithARecountOfRandomStores) {
  std::mt19937_64 random(SeedFromEnvOrRandom());
  for (int round = 0; round < 20; ++round) {
    const char* const zone_name = RandomZone(random);
    const absl::TimeZone zone = *LoadZone(zone_name);
    HandMadeActivities store;
    store.AddKind("purchase", zone_name);
    const std::vector<Deed> deeds = RandomDeeds(random);
    store.Write(1, deeds);
    const bool positive = random() % 2 == 0;
    const LoyaltyModel all(zone, deeds);
    const LoyaltyModel model = positive ? all.PositiveAmounts() : all;
    const v1::WeekStart week_start =
        random() % 2 == 0 ? v1::WEEK_START_MONDAY : v1::WEEK_START_SUNDAY;
    for (int g = v1::GRANULARITY_DAY; g <= v1::GRANULARITY_YEAR + 1; ++g) {
      v1::QueryRetentionRequest request;
      request.set_kind("purchase");
      request.set_week_start(week_start);
      request.set_positive_amounts_only(positive);
      std::vector<LoyaltyModel::Days> periods;
      if (g <= v1::GRANULARITY_YEAR) {
        const auto granularity = static_cast<v1::Granularity>(g);
        request.set_granularity(granularity);
        periods = LoyaltyModel::Periods(
            granularity, week_start,
            {week_start == v1::WEEK_START_SUNDAY && granularity == v1::GRANULARITY_WEEK
                 ? absl::CivilDay(2012, 1, 1)
                 : absl::CivilDay(granularity == v1::GRANULARITY_WEEK ? 2007 : 2012, 1, 1),
             absl::CivilDay(2015, 1, 1)});
        if (granularity == v1::GRANULARITY_WEEK) {
          periods.pop_back();
        }
      } else {
        const int days = static_cast<int>(1 + random() % 100);
        request.set_rolling_days(days);
        const absl::CivilDay end = absl::CivilDay(2014, 6, 1) + static_cast<int>(random() % 90);
        periods = LoyaltyModel::RollingPeriods(days, {absl::CivilDay(2013, 1, 1), end});
      }
      // The periods from a random one to a random one behind it.
      const size_t first = 1 + random() % (periods.size() - 1);
      const size_t end = first + 1 + random() % (periods.size() - first);
      const std::vector<LoyaltyModel::Days> asked(periods.begin() + static_cast<long>(first),
                                                  periods.begin() + static_cast<long>(end));
      *request.mutable_interval() = Between({asked.front().first, asked.back().end}, zone);
      ASSERT_OK_AND_ASSIGN(const auto response, Retain(store, request));
      EXPECT_EQ(ToText(response), Expected(model, asked, periods[first - 1]))
          << zone_name << " " << request.ShortDebugString();
    }
  }
}

TEST_F(RetentionTest, AnswersWhatIsKnownOfRealPurchases) {
  const auto deeds = ReadTransactions();
  if (!deeds.has_value()) {
    GTEST_SKIP() << TransactionsPath() << " is not there";
  }
  store_.Write(1, *deeds);
  v1::QueryRetentionRequest request = Request(Between("2014-02-01", "2015-01-01"));
  ASSERT_OK_AND_ASSIGN(const auto strict, Retain(store_, request));
  request.set_method(v1::RETENTION_METHOD_FORMULA);
  ASSERT_OK_AND_ASSIGN(const auto formula, Retain(store_, request));
  struct Known {
    int month;
    const char* counts;
    double strict, formula;
  };
  for (const Known& known : std::vector<Known>{{2, "639 714 570 144 0", 22.535211, 22.535211},
                                               {3, "714 842 638 174 30", 24.369748, 28.571429},
                                               {4, "842 853 582 238 33", 28.2660, 32.1853},
                                               {6, "1008 914 599 265 50", 26.289683, 31.25},
                                               {9, "984 382 23 280 79", 28.455285, 36.48374},
                                               {10, "382 232 0 144 88", 37.6963, 60.7330},
                                               {12, "186 144 0 91 53", 48.924731, 77.419355}}) {
    EXPECT_EQ(ToText(strict.points(known.month - 2)), known.counts) << known.month;
    EXPECT_NEAR(strict.points(known.month - 2).retention(), known.strict, 5e-5);
    EXPECT_NEAR(formula.points(known.month - 2).retention(), known.formula, 5e-5);
    EXPECT_FALSE(formula.points(known.month - 2).has_retention_low());
  }
  EXPECT_NEAR(strict.points(0).retention_low(), 19.4653, 5e-5);
  EXPECT_NEAR(strict.points(0).retention_high(), 25.9333, 5e-5);
  EXPECT_NEAR(strict.points(2).retention_low(), 25.3286, 5e-5);
  EXPECT_NEAR(strict.points(2).retention_high(), 31.4009, 5e-5);
  EXPECT_NEAR(strict.points(8).retention_low(), 32.9817, 5e-5);
  EXPECT_NEAR(strict.points(8).retention_high(), 42.6560, 5e-5);

  HandMadeActivities elsewhere;
  elsewhere.AddKind("purchase", "America/New_York");
  elsewhere.Write(1, *deeds);
  const absl::TimeZone zone = *LoadZone("America/New_York");
  ASSERT_OK_AND_ASSIGN(const auto february,
                       Retain(elsewhere, Request(Between("2014-02-01", "2014-03-01", zone))));
  EXPECT_EQ(february.points(0).customers_at_start(), 644);
  EXPECT_EQ(february.points(0).customers_at_end(), 725);
  EXPECT_NEAR(february.points(0).retention(), 23.6025, 5e-5);
}

}  // namespace
}  // namespace emptychair::testing
