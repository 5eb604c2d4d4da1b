// The money of periods and of those who come back, over activities written by hand, against a
// recount of customers.
#include "server/loyalty/retention_amounts.h"

#include <limits>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/loyalty/amount_wire.h"
#include "server/loyalty/retention.h"
#include "tests/domain/loyalty/hand_made_activities.h"
#include "tests/domain/loyalty/loyalty_model.h"
#include "tests/domain/loyalty/loyalty_testing.h"
#include "tests/helpers/seed.h"
#include "tests/helpers/status_matchers.h"

namespace emptychair::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const absl::Time kNow = StartOf("2026-01-01");

absl::StatusOr<v1::QueryRetentionResponse> Retain(HandMadeActivities& store,
                                                  const v1::QueryRetentionRequest& request,
                                                  size_t at_once = kAmountsAtOnce) {
  ASSIGN_OR_RETURN(RetentionQuery query, PrepareRetention(store.view(), request, kNow));
  EXPECT_TRUE(query.ReadsOneByOne());
  query.amounts_at_once = at_once;
  ASSIGN_OR_RETURN(const RetentionResult result, RunRetention(store.sources(), query));
  v1::QueryRetentionResponse response;
  WriteResponse(query, result, response);
  return response;
}

v1::QueryRetentionRequest Request(const v1::TimeInterval& interval) {
  v1::QueryRetentionRequest request;
  request.set_kind("purchase");
  *request.mutable_interval() = interval;
  request.set_with_amounts(true);
  return request;
}

Deed On(absl::string_view date, uint32_t customer, std::optional<int32_t> units,
        const std::string& currency = "EUR") {
  return {customer, absl::ToUnixMillis(StartOf(date) + absl::Hours(1)), units, currency};
}

// "CODE total before kept", in units, and "-" or the two rates where there are any.
std::vector<std::string> ToText(const v1::RetentionPoint& point) {
  std::vector<std::string> texts;
  for (const v1::RetentionAmounts& amounts : point.amounts()) {
    for (const v1::Amount* const amount : {&amounts.total(), &amounts.before(), &amounts.kept()}) {
      EXPECT_EQ(amount->currency_code(), amounts.currency_code());
    }
    texts.push_back(
        absl::StrCat(amounts.currency_code(), " ", amounts.total().units(), " ",
                     amounts.before().units(), " ", amounts.kept().units(), " ",
                     amounts.has_net_retention()
                         ? absl::StrCat(amounts.net_retention(), " ", amounts.gross_retention())
                         : "-"));
  }
  return texts;
}

class RetentionAmountsTest : public ::testing::Test {
 protected:
  RetentionAmountsTest() { store_.AddKind("purchase", "UTC"); }

  HandMadeActivities store_;
};

TEST_F(RetentionAmountsTest, GiveTheReferences) {
  // What eight customers came to in a month and in the next; one more came later.
  const std::vector<std::pair<int, int>> sums = {{40, 0},   {60, 60}, {80, 120}, {20, 25},
                                                 {100, 70}, {55, 0},  {45, 45},  {30, 60}};
  std::vector<Deed> deeds = {On("2024-02-20", 9, 33)};
  uint32_t customer = 0;
  for (const auto& [before, now] : sums) {
    ++customer;
    deeds.push_back(On("2024-01-05", customer, before - 5));
    deeds.push_back(On("2024-01-31", customer, 5));
    if (now > 0) {
      deeds.push_back(On("2024-02-01", customer, now));
    }
  }
  store_.Write(1, deeds);
  ASSERT_OK_AND_ASSIGN(const auto response,
                       Retain(store_, Request(Between("2024-02-01", "2024-03-01"))));
  ASSERT_EQ(response.points(0).amounts_size(), 1);
  const v1::RetentionAmounts& amounts = response.points(0).amounts(0);
  EXPECT_EQ(amounts.total().units(), 413);
  EXPECT_EQ(amounts.before().units(), 430);
  EXPECT_EQ(amounts.kept().units(), 380);
  EXPECT_NEAR(amounts.net_retention(), 88.3721, 5e-5);
  EXPECT_NEAR(amounts.net_retention_low(), 45.8046, 5e-5);
  EXPECT_NEAR(amounts.net_retention_high(), 130.9395, 5e-5);
  EXPECT_NEAR(amounts.gross_retention(), 70.9302, 5e-5);
  EXPECT_NEAR(amounts.gross_retention_low(), 42.2935, 5e-5);
  EXPECT_NEAR(amounts.gross_retention_high(), 99.5669, 5e-5);
  EXPECT_EQ(response.activities_scanned(), static_cast<int64_t>(deeds.size()));
}

TEST_F(RetentionAmountsTest, KeepCurrenciesApart) {
  store_.Write(
      1, {On("2024-01-05", 1, 10), On("2024-01-06", 1, 7, "USD"), On("2024-01-07", 2, 4),
          On("2024-02-01", 1, 5), On("2024-02-02", 2, 9, "CHF"), On("2024-02-03", 3, 100, "USD"),
          On("2024-03-05", 3, 0, "USD"), On("2024-03-06", 3, std::nullopt)});
  ASSERT_OK_AND_ASSIGN(const auto response,
                       Retain(store_, Request(Between("2024-02-01", "2024-05-01"))));
  EXPECT_THAT(
      ToText(response.points(0)),
      ElementsAre("CHF 9 0 0 -", absl::StrCat("EUR 5 14 5 ", 100.0 * 5 / 14, " ", 100.0 * 5 / 14),
                  "USD 100 7 0 0 0"));
  EXPECT_THAT(ToText(response.points(1)),
              ElementsAre("CHF 0 9 0 0 0", "EUR 0 5 0 0 0", "USD 0 100 0 0 0"));
  // An amount of nothing is one, of which nothing can be kept.
  EXPECT_THAT(ToText(response.points(2)), ElementsAre("USD 0 0 0 -"));
  // One customer tells nothing of others.
  EXPECT_FALSE(response.points(0).amounts(2).has_net_retention_low());
  EXPECT_TRUE(response.points(0).amounts(1).has_net_retention_low());
}

TEST_F(RetentionAmountsTest, TakeRefundsOff) {
  store_.Write(1, {On("2024-01-05", 1, 10), On("2024-01-06", 1, -10), On("2024-01-07", 2, 20),
                   On("2024-02-05", 1, 5), On("2024-02-06", 2, -8)});
  v1::QueryRetentionRequest request = Request(Between("2024-02-01", "2024-04-01"));
  ASSERT_OK_AND_ASSIGN(auto response, Retain(store_, request));
  EXPECT_THAT(ToText(response.points(0)), ElementsAre("EUR -3 20 -3 -15 0"));
  // Nothing can be a share of less than nothing.
  EXPECT_THAT(ToText(response.points(1)), ElementsAre("EUR 0 -3 0 -"));
  request.set_positive_amounts_only(true);
  ASSERT_OK_AND_ASSIGN(response, Retain(store_, request));
  EXPECT_THAT(ToText(response.points(0)),
              ElementsAre(absl::StrCat("EUR 5 30 5 ", 100.0 / 6, " ", 100.0 / 6)));
}

TEST_F(RetentionAmountsTest, AreOfTheLocalDay) {
  HandMadeActivities store;
  store.AddKind("purchase", "America/New_York");
  const absl::TimeZone zone = *LoadZone("America/New_York");
  // On the evening of the last of January there, and on the first of March.
  store.Write(1, {{1, absl::ToUnixMillis(StartOf("2024-02-01") + absl::Hours(4)), 6},
                  {1, absl::ToUnixMillis(StartOf("2024-02-01") + absl::Hours(6)), 3},
                  {1, absl::ToUnixMillis(StartOf("2024-03-01") + absl::Hours(6)), 50}});
  ASSERT_OK_AND_ASSIGN(const auto response,
                       Retain(store, Request(Between("2024-02-01", "2024-03-01", zone))));
  EXPECT_THAT(ToText(response.points(0)), ElementsAre("EUR 3 6 3 50 50"));
}

TEST_F(RetentionAmountsTest, LeaveOutWhoIsBeingErased) {
  store_.Write(1, {On("2024-01-05", 1, 10), On("2024-01-05", 2, 20), On("2024-02-05", 1, 5),
                   On("2024-02-05", 2, 6)});
  store_.Hide(2);
  ASSERT_OK_AND_ASSIGN(const auto response,
                       Retain(store_, Request(Between("2024-02-01", "2024-03-01"))));
  EXPECT_EQ(response.points(0).customers_at_start(), 1);
  EXPECT_THAT(ToText(response.points(0)), ElementsAre("EUR 5 10 5 50 50"));
}

TEST_F(RetentionAmountsTest, AreNotThereUnlessAskedFor) {
  store_.Write(1, {On("2024-01-05", 1, 10), On("2024-02-05", 1, 10)});
  v1::QueryRetentionRequest request = Request(Between("2024-02-01", "2024-03-01"));
  request.clear_with_amounts();
  ASSERT_OK_AND_ASSIGN(const RetentionQuery query, PrepareRetention(store_.view(), request, kNow));
  EXPECT_FALSE(query.ReadsOneByOne());
  ASSERT_OK_AND_ASSIGN(const RetentionResult result, RunRetention(store_.sources(), query));
  v1::QueryRetentionResponse response;
  WriteResponse(query, result, response);
  EXPECT_THAT(response.points(0).amounts(), IsEmpty());
  EXPECT_EQ(response.activities_scanned(), 0);
}

TEST_F(RetentionAmountsTest, AreAtMostTenThousand) {
  // On each of 5,000 days in two currencies: 10,000 amounts, and as many before.
  std::vector<Deed> deeds;
  const absl::CivilDay first(2000, 1, 1);
  for (int day = 0; day < 5'000; ++day) {
    const int64_t ms = absl::ToUnixMillis(absl::FromCivil(first + day, absl::UTCTimeZone()));
    deeds.push_back({1, ms, 1, "EUR"});
    deeds.push_back({1, ms, 1, "USD"});
  }
  store_.Write(1, deeds);
  v1::QueryRetentionRequest request =
      Request(Between(LoyaltyModel::Days{first, first + 5'000}, absl::UTCTimeZone()));
  request.set_granularity(v1::GRANULARITY_DAY);
  EXPECT_OK(Retain(store_, request));
  // A day more has what was before.
  *request.mutable_interval() =
      Between(LoyaltyModel::Days{first, first + 5'001}, absl::UTCTimeZone());
  EXPECT_THAT(Retain(store_, request), HasReason(v1::ERROR_REASON_TOO_MANY_POINTS));
}

TEST(AmountOnTheWire, HasTheSignOfItsSum) {
  v1::Amount amount;
  const CurrencyNumber chf = NumberOf({'C', 'H', 'F'});
  WriteAmount(absl::int128(-1'500'000'000), chf, amount);
  EXPECT_EQ(amount.units(), -1);
  EXPECT_EQ(amount.nanos(), -500'000'000);
  EXPECT_EQ(amount.currency_code(), "CHF");
  WriteAmount(absl::int128(999'999'999), NumberOf({'Z', 'Z', 'Z'}), amount);
  EXPECT_EQ(amount.units(), 0);
  EXPECT_EQ(amount.nanos(), 999'999'999);
  EXPECT_EQ(amount.currency_code(), "ZZZ");
  EXPECT_EQ(CodeOf(NumberOf({'A', 'A', 'A'})), "AAA");
}

TEST(AmountOnTheWire, IsRefusedRatherThanWrong) {
  const absl::int128 unit = 1'000'000'000;
  const CurrencyNumber eur = NumberOf({'E', 'U', 'R'});
  const absl::int128 max = unit * std::numeric_limits<int64_t>::max() + (unit - 1);
  EXPECT_OK(CheckFitsAmount(max, eur));
  EXPECT_OK(CheckFitsAmount(unit * std::numeric_limits<int64_t>::min(), eur));
  EXPECT_THAT(CheckFitsAmount(max + 1, eur),
              AllOf(HasReason(v1::ERROR_REASON_FIELD_INVALID), HasField("with_amounts")));
  const absl::Status below =
      CheckFitsAmount(unit * std::numeric_limits<int64_t>::min() - unit, eur);
  EXPECT_THAT(below, HasReason(v1::ERROR_REASON_FIELD_INVALID));
  EXPECT_THAT(below.message(), HasSubstr("EUR"));
}

TEST(AmountOnTheWire, IsCheckedForEachSum) {
  // Ten million of the highest amounts pass an Amount.
  CustomerAmount much{.customer = 1, .currency = NumberOf({'E', 'U', 'R'}), .period = 1};
  much.set_nanos(absl::int128(1'000'000'000) * 1'000'000'000'000 * 10'000'000);
  RetentionAmounts total(2);
  EXPECT_OK(total.AddTotal(much));
  EXPECT_THAT(total.Check(), HasReason(v1::ERROR_REASON_FIELD_INVALID));
  CustomerAmount little = much;
  little.set_nanos(5);
  RetentionAmounts before(2);
  EXPECT_OK(before.AddKept(much, &little));
  EXPECT_THAT(before.Check(), HasReason(v1::ERROR_REASON_FIELD_INVALID));
  RetentionAmounts kept(2);
  EXPECT_OK(kept.AddKept(little, &much));
  EXPECT_THAT(kept.Check(), HasReason(v1::ERROR_REASON_FIELD_INVALID));
  RetentionAmounts fits(2);
  EXPECT_OK(fits.AddTotal(little));
  EXPECT_OK(fits.Check());
}

template <typename Has, typename Get>
std::optional<double> If(Has has, Get get) {
  return has ? std::make_optional<double>(get) : std::nullopt;
}

void ExpectMoney(const std::map<std::string, ModelMoney>& expected, const v1::RetentionPoint& point,
                 const std::string& what) {
  ASSERT_EQ(point.amounts_size(), static_cast<int>(expected.size())) << what;
  int i = 0;
  for (const auto& [currency, money] : expected) {
    const v1::RetentionAmounts& amounts = point.amounts(i++);
    EXPECT_EQ(amounts.currency_code(), currency) << what;
    EXPECT_EQ(amounts.total().units(), money.total) << what;
    EXPECT_EQ(amounts.before().units(), money.before) << what;
    EXPECT_EQ(amounts.kept().units(), money.kept) << what;
    EXPECT_EQ(amounts.total().nanos(), 0) << what;
    ExpectNear(money.net, If(amounts.has_net_retention(), amounts.net_retention()),
               If(amounts.has_net_retention_low(), amounts.net_retention_low()),
               If(amounts.has_net_retention_high(), amounts.net_retention_high()), what);
    ExpectNear(money.gross, If(amounts.has_gross_retention(), amounts.gross_retention()),
               If(amounts.has_gross_retention_low(), amounts.gross_retention_low()),
               If(amounts.has_gross_retention_high(), amounts.gross_retention_high()), what);
  }
}

TEST_F(RetentionAmountsTest, AgreeWithARecountOfRandomStores) {
  std::mt19937_64 random(SeedFromEnvOrRandom());
  for (int round = 0; round < 20; ++round) {
    const char* const zone_name = RandomZone(random);
    const absl::TimeZone zone = *LoadZone(zone_name);
    HandMadeActivities store;
    store.AddKind("purchase", zone_name);
    std::vector<Deed> deeds = RandomDeeds(random);
    VaryMoney(random, deeds);
    store.Write(1, deeds);
    const LoyaltyModel all(zone, deeds);
    for (const bool positive : {false, true}) {
      const LoyaltyModel model = positive ? all.PositiveAmounts() : all;
      const int days = static_cast<int>(1 + random() % 60);
      const std::vector<LoyaltyModel::Days> periods = LoyaltyModel::RollingPeriods(
          days, {absl::CivilDay(2013, 10, 1),
                 absl::CivilDay(2014, 3, 1) + static_cast<int>(random() % 120)});
      v1::QueryRetentionRequest request =
          Request(Between({periods[1].first, periods.back().end}, zone));
      request.set_rolling_days(days);
      request.set_positive_amounts_only(positive);
      // Few sums at once, so that activities are read again and again.
      const size_t at_once = random() % 2 == 0 ? 2 + random() % 40 : kAmountsAtOnce;
      const std::string what =
          absl::StrCat(zone_name, " ", at_once, " ", request.ShortDebugString());
      ASSERT_OK_AND_ASSIGN(const auto response, Retain(store, request, at_once));
      ASSERT_EQ(response.points_size(), static_cast<int>(periods.size()) - 1) << what;
      for (size_t i = 1; i < periods.size(); ++i) {
        ExpectMoney(model.Money(periods[i - 1], periods[i]),
                    response.points(static_cast<int>(i) - 1), what);
      }
    }
  }
}

TEST_F(RetentionAmountsTest, ReadActivitiesAgainForCustomersWithoutRoom) {
  std::vector<Deed> deeds;
  for (uint32_t customer = 1; customer <= 200; ++customer) {
    deeds.push_back(On("2024-01-05", customer * 700, 10));
    deeds.push_back(On("2024-02-05", customer * 700, 5));
  }
  store_.Write(1, deeds);
  const v1::QueryRetentionRequest request = Request(Between("2024-02-01", "2024-03-01"));
  ASSERT_OK_AND_ASSIGN(const auto once, Retain(store_, request));
  EXPECT_EQ(once.activities_scanned(), 400);
  ASSERT_OK_AND_ASSIGN(auto again, Retain(store_, request, 64));
  EXPECT_GE(again.activities_scanned(), 400 * 400 / 64);
  // Three quarters of the room are used at least.
  EXPECT_LE(again.activities_scanned(), 400 * (400 / (64 * 5 / 8) + 2));
  again.set_activities_scanned(400);
  EXPECT_EQ(again.DebugString(), once.DebugString());
}

}  // namespace
}  // namespace emptychair::testing
