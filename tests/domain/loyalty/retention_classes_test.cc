// Retention by what customers answered to an NPS survey, over a store with columns and one without,
// against a recount of answers and customers.
#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/loyalty/nps_classes.h"
#include "server/loyalty/retention.h"
#include "storage/read/erasing_customers.h"
#include "tests/domain/loyalty/loyalty_model.h"
#include "tests/domain/loyalty/loyalty_testing.h"
#include "tests/helpers/seed.h"
#include "tests/helpers/status_matchers.h"
#include "tests/storage/harness/activity_harness.h"
#include "tests/storage/harness/store_harness.h"

namespace emptychair::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;

const absl::Time kNow = StartOf("2026-01-01");

absl::StatusOr<v1::QueryRetentionResponse> Retain(storage::Store& store,
                                                  const v1::QueryRetentionRequest& request) {
  ASSIGN_OR_RETURN(const RetentionQuery query, PrepareRetention(store.view(), request, kNow));
  EXPECT_TRUE(query.ReadsOneByOne());
  ASSIGN_OR_RETURN(const RetentionResult result, RunRetention(LoyaltySources::Of(store), query));
  v1::QueryRetentionResponse response;
  WriteResponse(query, result, response);
  return response;
}

v1::QueryRetentionRequest Request(const v1::TimeInterval& interval) {
  v1::QueryRetentionRequest request;
  request.set_kind("purchase");
  *request.mutable_interval() = interval;
  request.set_group_by_class_of("pulse");
  return request;
}

// Without classes, of the month that the tests ask for.
v1::QueryRetentionResponse Plain(storage::Store& store) {
  v1::QueryRetentionRequest request = Request(Between("2024-02-01", "2024-03-01"));
  request.clear_group_by_class_of();
  const auto query = PrepareRetention(store.view(), request, kNow);
  EXPECT_OK(query);
  const auto result = RunRetention(LoyaltySources::Of(store), *query);
  EXPECT_OK(result);
  v1::QueryRetentionResponse response;
  WriteResponse(*query, *result, response);
  return response;
}

// S, E, N, R, W.
std::string ToText(const v1::RetentionPoint& point) {
  return absl::StrCat(point.customers_at_start(), " ", point.customers_at_end(), " ",
                      point.new_customers(), " ", point.returning_customers(), " ",
                      point.won_back_customers());
}

// Of one point: promoters, passives, detractors, none.
std::vector<std::string> ToText(const v1::QueryRetentionResponse& response, int point = 0) {
  std::vector<std::string> texts;
  for (int i = 0; i < response.classes_size(); ++i) {
    EXPECT_EQ(response.classes(i).nps_class(), i + 1);
    EXPECT_EQ(response.classes(i).points_size(), response.points_size());
    texts.push_back(ToText(response.classes(i).points(point)));
  }
  return texts;
}

std::string NameOf(uint32_t customer) { return customer == 0 ? "" : absl::StrCat("c", customer); }

storage::Answer ToAnswer(const Reply& reply) {
  storage::Answer answer;
  answer.id = static_cast<uint64_t>(reply.id);
  answer.time_ms = reply.unix_ms;
  answer.score = reply.score;
  answer.customer_id = NameOf(reply.customer);
  return answer;
}

// A store with the NPS survey `pulse`, and purchases in UTC.
class ClassStore {
 public:
  explicit ClassStore(int64_t column_bytes_max) {
    storage::StoreOptions options;
    options.column_bytes_max = column_bytes_max;
    EXPECT_OK(harness_.Open(std::move(options)));
    EXPECT_OK(storage::CreateSurvey(store(), storage::NpsSurvey("pulse")).error);
    EXPECT_OK(storage::DefineKind(store(), "purchase", "UTC").error);
  }

  storage::Store& store() { return harness_.store(); }

  void Tell(const std::vector<Deed>& deeds) {
    std::vector<storage::Deed> told;
    for (const Deed& deed : deeds) {
      told.push_back({.kind = "purchase",
                      .id = absl::StrCat("p", ++deeds_),
                      .customer_id = NameOf(deed.customer),
                      .time_ms = deed.unix_ms});
      if (deed.units.has_value()) {
        told.back().amount = storage::Euros(*deed.units);
      }
    }
    storage::Record(store(), told);
  }
  void Tell(const std::vector<Reply>& replies) {
    std::vector<storage::Answer> answers;
    for (const Reply& reply : replies) {
      answers.push_back(ToAnswer(reply));
    }
    storage::Submit(store(), answers);
    for (const Reply& reply : replies) {
      if (reply.is_excluded) {
        EXPECT_OK(storage::Exclude(store(), ToAnswer(reply), v1::EXCLUSION_REASON_TEST).error);
      }
    }
  }

 private:
  storage::StoreHarness harness_{storage::Place::kMemory};
  int deeds_ = 0;
};

int64_t At(absl::string_view date, int64_t more_ms = 0) {
  return absl::ToUnixMillis(StartOf(date)) + more_ms;
}

// On whether there are columns, of which nothing may depend.
class RetentionClassesTest : public ::testing::TestWithParam<bool> {
 protected:
  static int64_t ColumnBytes() { return GetParam() ? int64_t{64} << 20 : 0; }

  ClassStore store_{ColumnBytes()};
};

INSTANTIATE_TEST_SUITE_P(Columns, RetentionClassesTest, ::testing::Bool(),
                         [](const auto& info) { return info.param ? "Kept" : "NotKept"; });

TEST_P(RetentionClassesTest, AreOfTheStartOfThePeriod) {
  store_.Tell(std::vector<Deed>{{1, At("2024-01-05")},
                                {2, At("2024-01-05")},
                                {3, At("2024-01-05")},
                                {1, At("2024-02-05")},
                                {2, At("2024-02-05")},
                                {4, At("2024-02-05")},
                                {5, At("2024-02-05")},
                                {2, At("2024-03-05")}});
  store_.Tell(std::vector<Reply>{{1, At("2024-02-01", -1), 1, 9},
                                 {2, At("2024-01-01"), 2, 10},
                                 {2, At("2024-02-01"), 3, 0},
                                 {4, At("2024-01-20"), 4, 7}});
  ASSERT_OK_AND_ASSIGN(const auto response,
                       Retain(store_.store(), Request(Between("2024-02-01", "2024-04-01"))));
  EXPECT_EQ(ToText(response.points(0)), "3 4 2 2 0");
  EXPECT_THAT(ToText(response, 0), ElementsAre("2 2 0 2 0", "0 1 1 0 0", "0 0 0 0 0", "1 1 1 0 0"));
  EXPECT_THAT(ToText(response, 1), ElementsAre("1 0 0 0 0", "1 0 0 0 0", "1 1 0 1 0", "1 0 0 0 0"));
  EXPECT_DOUBLE_EQ(response.classes(0).points(0).retention(), 100);
  EXPECT_FALSE(response.classes(1).points(0).has_retention());
}

TEST_P(RetentionClassesTest, AreOfTheLatestScoredCountedAnswer) {
  store_.Tell(std::vector<Deed>{
      {1, At("2024-01-05")}, {2, At("2024-01-05")}, {3, At("2024-01-05")}, {4, At("2024-01-05")}});
  // Of two at one time that with the higher id; ids of 1 differ far behind the time, where columns
  // do not reach.
  store_.Tell(std::vector<Reply>{{1, At("2024-01-10"), 6, 10},
                                 {1, At("2024-01-10"), 5, 0},
                                 {2, At("2024-01-10"), 7, 10},
                                 {2, At("2024-01-11"), 8, 3, /*is_excluded=*/true},
                                 {3, At("2024-01-10"), 9, 8},
                                 {3, At("2024-01-11"), 10, std::nullopt},
                                 {0, At("2024-01-11"), 11, 0},
                                 {4, At("2024-01-10"), 12, 9, /*is_excluded=*/true}});
  ASSERT_OK_AND_ASSIGN(const auto response,
                       Retain(store_.store(), Request(Between("2024-02-01", "2024-03-01"))));
  EXPECT_THAT(ToText(response), ElementsAre("2 0 0 0 0", "1 0 0 0 0", "0 0 0 0 0", "1 0 0 0 0"));
  EXPECT_EQ(store_.store().Stats().columns.surveys, GetParam() ? 1 : 0);
  // Each answer was read once.
  EXPECT_EQ(response.rows_read(), Plain(store_.store()).rows_read() + 8);
}

TEST_P(RetentionClassesTest, DifferByTheRuleOfComparisons) {
  // Of 100 promoters 90 come back, of 100 detractors 80.
  std::vector<Deed> deeds;
  std::vector<Reply> replies;
  for (uint32_t i = 0; i < 200; ++i) {
    deeds.push_back({i + 1, At("2024-01-05")});
    replies.push_back({i + 1, At("2024-01-10"), i, i < 100 ? 9 : 6});
    if (i < 90 || (i >= 100 && i < 180)) {
      deeds.push_back({i + 1, At("2024-02-05")});
    }
  }
  store_.Tell(deeds);
  store_.Tell(replies);
  const v1::QueryRetentionRequest request = Request(Between("2024-02-01", "2024-03-01"));
  ASSERT_OK_AND_ASSIGN(const auto response, Retain(store_.store(), request));
  const v1::ClassDifference& difference = response.class_difference();
  EXPECT_EQ(difference.promoters_at_start(), 100);
  EXPECT_EQ(difference.promoters_returning(), 90);
  EXPECT_EQ(difference.detractors_at_start(), 100);
  EXPECT_EQ(difference.detractors_returning(), 80);
  EXPECT_DOUBLE_EQ(difference.delta(), 10);
  EXPECT_NEAR(difference.delta_low(), -0.0859, 5e-5);
  EXPECT_NEAR(difference.delta_high(), 19.6938, 5e-5);
  EXPECT_NEAR(difference.z(), 1.9429, 5e-5);
  EXPECT_NEAR(difference.p_value(), 0.0520, 5e-5);
  EXPECT_EQ(difference.verdict(), v1::VERDICT_NO_CLEAR_CHANGE);
  v1::QueryRetentionRequest sure = request;
  sure.set_confidence(0.9);
  EXPECT_EQ(Retain(store_.store(), sure)->class_difference().verdict(), v1::VERDICT_HIGHER);
}

TEST_P(RetentionClassesTest, SayNothingOfFewOrOfOneCustomer) {
  // Ten promoters of a month, and one detractor of a year.
  std::vector<Deed> deeds;
  std::vector<Reply> replies = {{11, At("2022-12-10"), 100, 0}};
  for (uint32_t i = 1; i <= 10; ++i) {
    deeds.push_back({i, At("2023-01-05")});
    replies.push_back({i, At("2023-01-10"), i, 9});
  }
  for (int month = 1; month <= 12; ++month) {
    deeds.push_back({11, absl::ToUnixMillis(absl::FromCivil(absl::CivilDay(2023, month, 3),
                                                            absl::UTCTimeZone()))});
  }
  store_.Tell(deeds);
  store_.Tell(replies);
  const v1::QueryRetentionRequest request = Request(Between("2023-02-01", "2024-01-01"));
  ASSERT_OK_AND_ASSIGN(auto response, Retain(store_.store(), request));
  EXPECT_EQ(response.class_difference().promoters_at_start(), 10);
  EXPECT_EQ(response.class_difference().detractors_at_start(), 11);
  EXPECT_EQ(response.class_difference().detractors_returning(), 11);
  EXPECT_DOUBLE_EQ(response.class_difference().delta(), -100);
  EXPECT_FALSE(response.class_difference().has_z());
  EXPECT_EQ(response.class_difference().verdict(), v1::VERDICT_TOO_FEW);
  // A second detractor, and there are enough.
  store_.Tell(std::vector<Deed>{{12, At("2023-01-05")}});
  store_.Tell(std::vector<Reply>{{12, At("2023-01-10"), 200, 5}});
  ASSERT_OK_AND_ASSIGN(response, Retain(store_.store(), request));
  EXPECT_EQ(response.class_difference().verdict(), v1::VERDICT_LOWER);
  // Nine promoters are too few.
  ASSERT_OK(storage::Erase(store_.store(), ToAnswer(replies.back())).error);
  ASSERT_OK_AND_ASSIGN(response, Retain(store_.store(), request));
  EXPECT_EQ(response.class_difference().verdict(), v1::VERDICT_TOO_FEW);
  EXPECT_FALSE(response.class_difference().has_delta_low());
  EXPECT_TRUE(response.class_difference().has_delta());
}

TEST_P(RetentionClassesTest, LeaveOutWhoIsBeingErased) {
  store_.Tell(std::vector<Deed>{{1, At("2024-01-05")}, {2, At("2024-01-05")}});
  store_.Tell(std::vector<Reply>{{1, At("2024-01-10"), 1, 10}, {2, At("2024-01-10"), 2, 10}});
  auto view = std::make_shared<storage::View>(*store_.store().view());
  view->erasing = std::make_shared<const storage::ErasingCustomers>(
      absl::flat_hash_set<uint32_t>{2}, absl::flat_hash_set<uint32_t>{2});
  ASSERT_OK_AND_ASSIGN(const RetentionQuery query,
                       PrepareRetention(view, Request(Between("2024-02-01", "2024-03-01")), kNow));
  ASSERT_OK_AND_ASSIGN(const RetentionResult result,
                       RunRetention(LoyaltySources::Of(store_.store()), query));
  EXPECT_EQ(result.classes[kPromoters].counts[0].at_start, 1);
  EXPECT_EQ(result.all.counts[0].at_start, 1);
}

TEST_P(RetentionClassesTest, AreThereWithoutPeriods) {
  v1::QueryRetentionRequest request = Request({});
  ASSERT_OK_AND_ASSIGN(const auto response, Retain(store_.store(), request));
  EXPECT_EQ(response.classes_size(), 4);
  EXPECT_EQ(response.points_size(), 0);
  EXPECT_EQ(response.class_difference().verdict(), v1::VERDICT_TOO_FEW);
  EXPECT_FALSE(response.class_difference().has_delta());
}

TEST_P(RetentionClassesTest, NeedAnNpsSurvey) {
  store::v1::StoredSurvey other = storage::NpsSurvey("stars");
  other.set_kind(v1::SURVEY_KIND_RATING);
  ASSERT_OK(storage::CreateSurvey(store_.store(), other).error);
  v1::QueryRetentionRequest request = Request({});
  request.set_group_by_class_of("stars");
  EXPECT_THAT(Retain(store_.store(), request),
              AllOf(HasReason(v1::ERROR_REASON_FIELD_INVALID), HasField("group_by_class_of")));
  request.set_group_by_class_of("Pulse");
  EXPECT_THAT(Retain(store_.store(), request),
              AllOf(HasReason(v1::ERROR_REASON_FIELD_INVALID), HasField("group_by_class_of")));
  request.set_group_by_class_of("nothing");
  EXPECT_THAT(Retain(store_.store(), request), HasReason(v1::ERROR_REASON_SURVEY_NOT_FOUND));
}

TEST_P(RetentionClassesTest, AgreeWithARecountOfRandomStores) {
  std::mt19937_64 random(SeedFromEnvOrRandom());
  for (int round = 0; round < 8; ++round) {
    ClassStore store(ColumnBytes());
    std::vector<Deed> deeds = RandomDeeds(random);
    for (Deed& deed : deeds) {
      deed.customer %= 50;  // Those who answer.
      ++deed.customer;
    }
    std::vector<Reply> replies;
    const int64_t start_ms = At("2013-11-20");
    for (uint64_t i = random() % 300; i > 0; --i) {
      Reply reply{static_cast<uint32_t>(random() % 60), start_ms, static_cast<int64_t>(i)};
      // Some at midnight, so that they meet each other and the edges of periods.
      reply.unix_ms += static_cast<int64_t>(random() % 220) * 86'400'000;
      reply.unix_ms += random() % 2 == 0 ? 0 : static_cast<int64_t>(random() % 86'400'000);
      if (random() % 5 > 0) {
        reply.score = static_cast<int32_t>(random() % 11);
      }
      reply.is_excluded = random() % 6 == 0;
      replies.push_back(reply);
    }
    std::shuffle(replies.begin(), replies.end(), random);
    store.Tell(deeds);
    store.Tell(replies);
    const LoyaltyModel model(absl::UTCTimeZone(), deeds);
    const auto granularity = random() % 2 == 0 ? v1::GRANULARITY_MONTH : v1::GRANULARITY_WEEK;
    std::vector<LoyaltyModel::Days> periods = LoyaltyModel::Periods(
        granularity, v1::WEEK_START_MONDAY,
        granularity == v1::GRANULARITY_MONTH
            ? LoyaltyModel::Days{absl::CivilDay(2013, 11, 1), absl::CivilDay(2014, 7, 1)}
            : LoyaltyModel::Days{absl::CivilDay(2013, 11, 4), absl::CivilDay(2014, 6, 30)});
    v1::QueryRetentionRequest request =
        Request(Between({periods[1].first, periods.back().end}, absl::UTCTimeZone()));
    request.set_granularity(granularity);
    request.set_with_amounts(random() % 2 == 0);
    ASSERT_OK_AND_ASSIGN(const auto response, Retain(store.store(), request));
    ASSERT_EQ(response.classes_size(), 4);
    for (size_t i = 1; i < periods.size(); ++i) {
      const absl::Time start = absl::FromCivil(periods[i].first, absl::UTCTimeZone());
      std::map<int, std::set<uint32_t>> in_class;
      for (const uint32_t customer : model.Customers()) {
        in_class[LoyaltyModel::ClassAt(replies, customer, start)].insert(customer);
      }
      for (int c = 0; c < 4; ++c) {
        const LoyaltyModel part = model.Of(in_class[c]);
        const v1::RetentionPoint& point = response.classes(c).points(static_cast<int>(i) - 1);
        EXPECT_EQ(ToText(point),
                  LoyaltyModel::Point(part.Active(periods[i - 1]), part.Active(periods[i]),
                                      part.FirstEver(periods[i])))
            << i << " " << c << " " << request.ShortDebugString();
        const auto money = part.Money(periods[i - 1], periods[i]);
        ASSERT_EQ(point.amounts_size(),
                  request.with_amounts() ? static_cast<int>(money.size()) : 0);
        for (const v1::RetentionAmounts& amounts : point.amounts()) {
          EXPECT_EQ(amounts.total().units(), money.at(amounts.currency_code()).total);
          EXPECT_EQ(amounts.before().units(), money.at(amounts.currency_code()).before);
          EXPECT_EQ(amounts.kept().units(), money.at(amounts.currency_code()).kept);
        }
      }
    }
  }
}

}  // namespace
}  // namespace emptychair::testing
