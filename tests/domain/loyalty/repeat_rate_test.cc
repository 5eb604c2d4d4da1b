// The repeat rate, over rows of sets that were written by hand, against a recount of customers.
#include "server/loyalty/repeat_rate.h"

#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/statistics/kaplan_meier.h"
#include "tests/domain/loyalty/hand_made_activities.h"
#include "tests/domain/loyalty/loyalty_model.h"
#include "tests/domain/loyalty/loyalty_testing.h"
#include "tests/helpers/seed.h"
#include "tests/helpers/status_matchers.h"

namespace emptychair::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;

const absl::Time kNow = StartOf("2026-01-01");

absl::StatusOr<v1::QueryRepeatRateResponse> Repeat(HandMadeActivities& store,
                                                   const v1::QueryRepeatRateRequest& request,
                                                   absl::Time now = kNow) {
  ASSIGN_OR_RETURN(const RepeatRateQuery query, PrepareRepeatRate(store.view(), request, now));
  ASSIGN_OR_RETURN(const RepeatRateResult result, RunRepeatRate(store.reader(), query));
  EXPECT_TRUE(result.activities_scanned == 0 || query.ReadsActivities());
  v1::QueryRepeatRateResponse response;
  WriteResponse(query, result, response);
  return response;
}

v1::QueryRepeatRateRequest Request(
    const v1::TimeInterval& interval = {},
    v1::RepeatRateMethod method = v1::REPEAT_RATE_METHOD_UNSPECIFIED) {
  v1::QueryRepeatRateRequest request;
  request.set_kind("purchase");
  *request.mutable_interval() = interval;
  request.set_method(method);
  return request;
}

// Those who came again, of all.
template <typename Message>
std::string ToText(const Message& message) {
  return absl::StrCat(message.repeat_customers(), "/", message.customers());
}

std::vector<std::string> ToText(
    const google::protobuf::RepeatedPtrField<v1::RepeatWithinDays>& within_days) {
  std::vector<std::string> texts;
  for (const v1::RepeatWithinDays& within : within_days) {
    texts.push_back(ToText(within));
  }
  return texts;
}

Deed At(absl::string_view date, int hour, uint32_t customer) {
  return {customer, absl::ToUnixMillis(StartOf(date) + absl::Hours(hour)), std::nullopt};
}

class RepeatRateTest : public ::testing::Test {
 protected:
  RepeatRateTest() { store_.AddKind("purchase", "UTC"); }

  HandMadeActivities store_;
};

TEST_F(RepeatRateTest, CountsDaysOrEvents) {
  store_.Write(1, {At("2024-01-05", 9, 1), At("2024-01-05", 10, 1), At("2024-01-06", 9, 2),
                   At("2024-01-09", 9, 2), At("2024-01-31", 9, 3), At("2024-02-01", 9, 3)});
  const v1::TimeInterval january = Between("2024-01-01", "2024-02-01");
  ASSERT_OK_AND_ASSIGN(auto response, Repeat(store_, Request(january)));
  EXPECT_EQ(ToText(response), "1/3");
  EXPECT_DOUBLE_EQ(response.repeat_rate(), 100.0 / 3);
  EXPECT_EQ(response.method(), v1::REPEAT_RATE_METHOD_BY_DAY);
  ASSERT_OK_AND_ASSIGN(response, Repeat(store_, Request(january, v1::REPEAT_RATE_METHOD_BY_EVENT)));
  EXPECT_EQ(ToText(response), "2/3");
  ASSERT_OK_AND_ASSIGN(response, Repeat(store_, Request()));
  EXPECT_EQ(ToText(response), "2/3");
  EXPECT_EQ(FromTimestamp(response.interval().start_time()), StartOf("2024-01-05"));
  EXPECT_EQ(FromTimestamp(response.interval().end_time()), kNow);
}

TEST_F(RepeatRateTest, IsAbsentWhereNobodyWas) {
  v1::QueryRepeatRateRequest request = Request();
  request.add_within_days(30);
  ASSERT_OK_AND_ASSIGN(auto response, Repeat(store_, request));
  EXPECT_EQ(ToText(response), "0/0");
  EXPECT_FALSE(response.has_repeat_rate());
  EXPECT_FALSE(response.has_interval());
  EXPECT_THAT(ToText(response.within_days()), ElementsAre("0/0"));
  EXPECT_FALSE(response.within_days(0).has_repeat_rate());
  EXPECT_FALSE(response.time_to_second().median().has_days());
  *request.mutable_interval() = Between("2024-01-01", "2024-02-01");
  ASSERT_OK_AND_ASSIGN(response, Repeat(store_, request));
  EXPECT_FALSE(response.has_repeat_rate());
  EXPECT_TRUE(response.has_interval());
}

TEST_F(RepeatRateTest, CountsTheDayOfAsOfUpToIt) {
  store_.Write(1, {At("2024-01-05", 9, 1), At("2024-01-06", 9, 1), At("2024-01-06", 10, 2),
                   At("2024-01-06", 11, 2)});
  v1::QueryRepeatRateRequest request = Request({}, v1::REPEAT_RATE_METHOD_BY_EVENT);
  const auto at = [&](int hour) {
    *request.mutable_as_of() = ToTimestamp(StartOf("2024-01-06") + absl::Hours(hour));
    const auto response = Repeat(store_, request);
    EXPECT_OK(response);
    return response.ok() ? ToText(*response) : "";
  };
  EXPECT_EQ(at(0), "0/1");
  // What comes at as_of comes after it.
  EXPECT_EQ(at(9), "0/1");
  EXPECT_EQ(at(10), "1/1");
  EXPECT_EQ(at(11), "1/2");
  EXPECT_EQ(at(12), "2/2");
  request.set_method(v1::REPEAT_RATE_METHOD_BY_DAY);
  EXPECT_EQ(at(12), "1/2");
}

TEST_F(RepeatRateTest, GivesEveryoneTheirDaysBeforeTheyAreCounted) {
  store_.Write(1, {At("2024-01-01", 9, 1), At("2024-01-03", 9, 1), At("2024-01-02", 9, 2),
                   At("2024-01-02", 10, 2), At("2024-01-05", 9, 3), At("2024-01-06", 9, 3)});
  v1::QueryRepeatRateRequest request = Request(Between("2024-01-01", "2024-01-06"));
  for (const int days : {1, 2, 4, 5}) {
    request.add_within_days(days);
  }
  *request.mutable_as_of() = ToTimestamp(StartOf("2024-01-07") + absl::Hours(12));
  ASSERT_OK_AND_ASSIGN(auto response, Repeat(store_, request));
  // The second day of customer 3 is behind the interval, and counts.
  EXPECT_THAT(ToText(response.within_days()), ElementsAre("1/3", "1/2", "1/2", "1/1"));
  EXPECT_EQ(response.within_days(2).days(), 4);
  EXPECT_EQ(ToText(response.time_to_second()), "2/3");
  EXPECT_EQ(response.time_to_second().p25().days(), 1);
  EXPECT_EQ(response.time_to_second().median().days(), 2);
  EXPECT_FALSE(response.time_to_second().p75().has_days());
  // Whoever came before the interval has their first day there.
  *request.mutable_interval() = Between("2024-01-02", "2024-01-06");
  ASSERT_OK_AND_ASSIGN(response, Repeat(store_, request));
  EXPECT_EQ(ToText(response), "0/3");
  EXPECT_EQ(ToText(response.time_to_second()), "1/2");
}

TEST_F(RepeatRateTest, WatchesCustomersUpToTheDayBeforeAsOf) {
  // The second customer is watched for one day, and so not at risk on the second.
  store_.Write(1, {At("2024-01-01", 9, 1), At("2024-01-03", 9, 1), At("2024-01-05", 9, 2)});
  v1::QueryRepeatRateRequest request = Request();
  *request.mutable_as_of() = ToTimestamp(StartOf("2024-01-07"));
  ASSERT_OK_AND_ASSIGN(auto response, Repeat(store_, request));
  EXPECT_EQ(response.time_to_second().p75().days(), 2);
  *request.mutable_as_of() = ToTimestamp(StartOf("2024-01-08"));
  ASSERT_OK_AND_ASSIGN(response, Repeat(store_, request));
  EXPECT_EQ(response.time_to_second().median().days(), 2);
  EXPECT_FALSE(response.time_to_second().p75().has_days());
}

TEST_F(RepeatRateTest, RefusesWhatItCannotCount) {
  const auto refused = [&](const v1::QueryRepeatRateRequest& request, absl::string_view field) {
    EXPECT_THAT(Repeat(store_, request),
                AllOf(HasReason(v1::ERROR_REASON_FIELD_INVALID), HasField(field)))
        << request.ShortDebugString();
  };
  v1::QueryRepeatRateRequest request = Request(Between("2024-01-01", "2024-02-01"));
  request.mutable_interval()->mutable_start_time()->set_nanos(1'000'000);
  refused(request, "interval.start_time");
  request = Request(Between("2024-01-01", "2024-02-01"));
  *request.mutable_as_of() = ToTimestamp(StartOf("2023-12-31"));
  refused(request, "as_of");
  for (const int days : {0, 401, -1}) {
    request = Request();
    request.add_within_days(30);
    request.add_within_days(days);
    refused(request, "within_days[1]");
  }
  request = Request();
  request.add_within_days(30);
  request.add_within_days(30);
  refused(request, "within_days[1]");
  request.clear_within_days();
  for (int days = 1; days <= 33; ++days) {
    request.add_within_days(days);
  }
  refused(request, "within_days");
  refused(Request({}, static_cast<v1::RepeatRateMethod>(9)), "method");
}

// What the model says of days to the second one: of those within, and of all.
struct ExpectedSeconds {
  std::vector<std::string> within;
  statistics::SurvivalCurve curve;
};

ExpectedSeconds SecondsOf(const LoyaltyModel& model, const LoyaltyModel::Days& days,
                          absl::CivilDay as_of, const std::vector<int>& within_days) {
  ExpectedSeconds expected;
  std::map<int64_t, statistics::DurationCount> durations;
  std::vector<std::pair<int, int>> within(within_days.size());
  for (const auto& [customer, all] : model.days_of()) {
    const absl::CivilDay first = *all.begin();
    if (first < days.first || first >= days.end || first >= as_of) {
      continue;
    }
    const bool has_second = all.size() > 1 && *std::next(all.begin()) < as_of;
    const int64_t duration = has_second ? *std::next(all.begin()) - first : as_of - 1 - first;
    durations[duration].duration = duration;
    ++(has_second ? durations[duration].events : durations[duration].censored);
    for (size_t i = 0; i < within.size(); ++i) {
      if (first + within_days[i] < as_of) {
        ++within[i].second;
        within[i].first += has_second && duration <= within_days[i] ? 1 : 0;
      }
    }
  }
  for (const auto& [again, customers] : within) {
    expected.within.push_back(absl::StrCat(again, "/", customers));
  }
  std::vector<statistics::DurationCount> counts;
  for (const auto& [duration, count] : durations) {
    counts.push_back(count);
  }
  expected.curve = statistics::EstimateSurvival(counts, {});
  return expected;
}

TEST_F(RepeatRateTest, AgreesWithARecountOfRandomStores) {
  std::mt19937_64 random(SeedFromEnvOrRandom());
  for (int round = 0; round < 40; ++round) {
    const char* const zone_name = RandomZone(random);
    const absl::TimeZone zone = *LoadZone(zone_name);
    HandMadeActivities store;
    store.AddKind("purchase", zone_name);
    const std::vector<Deed> deeds = RandomDeeds(random);
    store.Write(1, deeds);
    const LoyaltyModel model(zone, deeds);
    for (int i = 0; i < 4; ++i) {
      const absl::CivilDay first = absl::CivilDay(2013, 11, 15) + static_cast<int>(random() % 150);
      const LoyaltyModel::Days days{first, first + 1 + static_cast<int>(random() % 150)};
      v1::QueryRepeatRateRequest request = Request(Between(days, zone));
      absl::Time as_of = kNow;
      if (random() % 4 > 0) {
        as_of = absl::FromCivil(first, zone) +
                absl::Minutes(static_cast<int64_t>(random() % (200 * 24 * 60)));
        *request.mutable_as_of() = ToTimestamp(as_of);
      }
      const std::vector<int> within_days = {1, static_cast<int>(2 + random() % 60), 90};
      request.mutable_within_days()->Add(within_days.begin(), within_days.end());
      const size_t customers = model.AtLeast(1, days, as_of).size();
      const std::string by_day = absl::StrCat(model.OnTwoDays(days, as_of).size(), "/", customers);
      const std::string by_event =
          absl::StrCat(model.AtLeast(2, days, as_of).size(), "/", customers);
      ASSERT_OK_AND_ASSIGN(auto response, Repeat(store, request));
      EXPECT_EQ(ToText(response), by_day) << request.ShortDebugString();
      const ExpectedSeconds seconds =
          SecondsOf(model, days, absl::ToCivilDay(as_of, zone), within_days);
      EXPECT_EQ(ToText(response.within_days()), seconds.within) << request.ShortDebugString();
      const v1::TimeToSecond& time = response.time_to_second();
      EXPECT_EQ(ToText(time), absl::StrCat(seconds.curve.events, "/", seconds.curve.subjects));
      for (const auto& [q, days] : {std::pair(0.25, time.p25()), std::pair(0.5, time.median()),
                                    std::pair(0.75, time.p75())}) {
        const statistics::DurationQuantile quantile = statistics::QuantileOf(seconds.curve, q);
        EXPECT_EQ(days.has_days(), quantile.value.has_value());
        EXPECT_EQ(days.days(), quantile.value.value_or(0)) << request.ShortDebugString();
        EXPECT_EQ(days.days_low(), quantile.low.value_or(0));
        EXPECT_EQ(days.days_high(), quantile.high.value_or(0));
      }
      request.set_method(v1::REPEAT_RATE_METHOD_BY_EVENT);
      ASSERT_OK_AND_ASSIGN(response, Repeat(store, request));
      EXPECT_EQ(ToText(response), by_event) << request.ShortDebugString();
    }
  }
}

TEST_F(RepeatRateTest, AnswersWhatIsKnownOfRealPurchases) {
  const auto deeds = ReadTransactions();
  if (!deeds.has_value()) {
    GTEST_SKIP() << TransactionsPath() << " is not there";
  }
  store_.Write(1, *deeds);
  const v1::TimeInterval year = Between("2014-01-01", "2015-01-01");
  v1::QueryRepeatRateRequest request = Request(year, v1::REPEAT_RATE_METHOD_BY_EVENT);
  ASSERT_OK_AND_ASSIGN(auto response, Repeat(store_, request));
  EXPECT_NEAR(response.repeat_rate(), 53.72, 1e-9);
  request.clear_method();
  for (const int days : {30, 60, 90}) {
    request.add_within_days(days);
  }
  *request.mutable_as_of() = ToTimestamp(StartOf("2015-01-01"));
  ASSERT_OK_AND_ASSIGN(response, Repeat(store_, request));
  EXPECT_NEAR(response.repeat_rate(), 51.76, 1e-9);
  EXPECT_THAT(ToText(response.within_days()), ElementsAre("2206/5000", "2407/5000", "2483/5000"));
  const v1::TimeToSecond& time = response.time_to_second();
  EXPECT_EQ(time.p25().days(), 6);
  EXPECT_EQ(time.p25().days_low(), 5);
  EXPECT_EQ(time.p25().days_high(), 6);
  EXPECT_EQ(time.median().days(), 103);
  EXPECT_EQ(time.median().days_low(), 68);
  EXPECT_EQ(time.median().days_high(), 172);
  *request.mutable_as_of() = ToTimestamp(StartOf("2014-09-01"));
  ASSERT_OK_AND_ASSIGN(response, Repeat(store_, request));
  EXPECT_THAT(ToText(response.within_days()), ElementsAre("1917/4357", "1804/3754", "1549/3147"));
  EXPECT_NEAR(response.within_days(0).repeat_rate(), 43.9982, 5e-5);
  EXPECT_NEAR(response.within_days(0).repeat_rate_low(), 42.5302, 5e-5);
  EXPECT_NEAR(response.within_days(0).repeat_rate_high(), 45.4767, 5e-5);
  EXPECT_NEAR(response.within_days(2).repeat_rate_low(), 47.4768, 5e-5);
  EXPECT_NEAR(response.within_days(2).repeat_rate_high(), 50.9681, 5e-5);
  EXPECT_EQ(response.customers(), 4'977);
}

}  // namespace
}  // namespace emptychair::testing
