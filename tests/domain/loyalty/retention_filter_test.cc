// Retention of customers with certain attributes, over rows written by hand, against a recount of
// those customers alone.
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "server/loyalty/attribute_filter.h"
#include "server/loyalty/retention.h"
#include "storage/format/keys.h"
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
using ::testing::SizeIs;
using Attributes = std::map<std::string, std::string>;

const absl::Time kNow = StartOf("2026-01-01");

absl::StatusOr<v1::QueryRetentionResponse> Retain(HandMadeActivities& store,
                                                  const v1::QueryRetentionRequest& request) {
  ASSIGN_OR_RETURN(const RetentionQuery query, PrepareRetention(store.view(), request, kNow));
  EXPECT_EQ(query.ReadsOneByOne(), request.with_amounts() || request.filters_size() > 0);
  ASSIGN_OR_RETURN(const RetentionResult result, RunRetention(store.sources(), query));
  v1::QueryRetentionResponse response;
  WriteResponse(query, result, response);
  return response;
}

v1::LabelFilter Filter(const std::string& key, const std::vector<std::string>& values,
                       bool negate = false) {
  v1::LabelFilter filter;
  filter.set_key(key);
  filter.mutable_values()->Assign(values.begin(), values.end());
  filter.set_negate(negate);
  return filter;
}

v1::QueryRetentionRequest Request(const std::vector<v1::LabelFilter>& filters) {
  v1::QueryRetentionRequest request;
  request.set_kind("purchase");
  *request.mutable_interval() = Between("2024-02-01", "2024-03-01");
  request.mutable_filters()->Assign(filters.begin(), filters.end());
  return request;
}

// S, E, N, R, W.
std::string ToText(const v1::RetentionPoint& point) {
  return absl::StrCat(point.customers_at_start(), " ", point.customers_at_end(), " ",
                      point.new_customers(), " ", point.returning_customers(), " ",
                      point.won_back_customers());
}

// "key=value: known …", or "key: known …".
std::vector<std::string> ToText(
    const google::protobuf::RepeatedPtrField<v1::UnmatchedFilter>& unmatched) {
  std::vector<std::string> texts;
  for (const v1::UnmatchedFilter& filter : unmatched) {
    texts.push_back(absl::StrCat(filter.key(), filter.has_value() ? "=" + filter.value() : "", ":",
                                 filter.known().empty() ? "" : " ",
                                 absl::StrJoin(filter.known(), " ")));
  }
  return texts;
}

Deed On(absl::string_view date, uint32_t customer) {
  return {customer, absl::ToUnixMillis(StartOf(date) + absl::Hours(1)), std::nullopt};
}

class RetentionFilterTest : public ::testing::Test {
 protected:
  RetentionFilterTest() { store_.AddKind("purchase", "UTC"); }

  // Customers of two chunks: 1 pro in the north, 2 pro, 3 free in the north, 70,000 free, 70,001 of
  // no attributes. All but 70,000 come back; 4 is new.
  void WriteSome() {
    store_.Write(
        1, {On("2024-01-05", 1), On("2024-01-05", 2), On("2024-01-05", 3), On("2024-01-05", 70'000),
            On("2024-01-05", 70'001), On("2024-02-05", 1), On("2024-02-05", 2), On("2024-02-05", 3),
            On("2024-02-05", 4), On("2024-02-05", 70'001)});
    store_.WriteCustomer(1, {{"plan", "pro"}, {"region", "north"}});
    store_.WriteCustomer(2, {{"plan", "pro"}});
    store_.WriteCustomer(3, {{"plan", "free"}, {"region", "north"}});
    store_.WriteCustomer(4, {{"plan", "pro"}});
    store_.WriteCustomer(70'000, {{"plan", "free"}});
    store_.WriteCustomer(70'001, {});
  }
  std::string Count(const std::vector<v1::LabelFilter>& filters) {
    const auto response = Retain(store_, Request(filters));
    EXPECT_OK(response);
    EXPECT_THAT(response->unmatched(), IsEmpty()) << response->ShortDebugString();
    return ToText(response->points(0));
  }

  HandMadeActivities store_;
};

TEST_F(RetentionFilterTest, KeepsThoseWhoMatchAll) {
  WriteSome();
  EXPECT_EQ(Count({}), "5 5 1 4 0");
  EXPECT_EQ(Count({Filter("plan", {"pro"})}), "2 3 1 2 0");
  EXPECT_EQ(Count({Filter("plan", {"free"})}), "2 1 0 1 0");
  EXPECT_EQ(Count({Filter("plan", {"free", "pro"})}), "4 4 1 3 0");
  EXPECT_EQ(Count({Filter("plan", {"pro"}), Filter("region", {"north"})}), "1 1 0 1 0");
  EXPECT_EQ(Count({Filter("plan", {"pro"}, /*negate=*/true)}), "3 2 0 2 0");
  EXPECT_EQ(Count({Filter("plan", {"(none)"})}), "1 1 0 1 0");
  EXPECT_EQ(Count({Filter("plan", {"(none)"}, /*negate=*/true)}), "4 4 1 3 0");
  EXPECT_EQ(Count({Filter("region", {"(none)", "north"}), Filter("plan", {"pro"})}), "2 3 1 2 0");
}

TEST_F(RetentionFilterTest, CountsWhatItReads) {
  WriteSome();
  ASSERT_OK_AND_ASSIGN(const auto all, Retain(store_, Request({})));
  ASSERT_OK_AND_ASSIGN(const auto some, Retain(store_, Request({Filter("plan", {"pro"})})));
  EXPECT_EQ(some.rows_read(), all.rows_read() + 6);
}

TEST_F(RetentionFilterTest, NamesWhatNobodyHas) {
  WriteSome();
  const auto unmatched = [&](const std::vector<v1::LabelFilter>& filters) {
    const auto response = Retain(store_, Request(filters));
    EXPECT_OK(response);
    return ToText(response->unmatched());
  };
  EXPECT_THAT(unmatched({Filter("plan", {"pro", "Pro", "(none)"})}),
              ElementsAre("plan=Pro: free pro"));
  EXPECT_THAT(unmatched({Filter("tier", {"pro", "x"}, true)}), ElementsAre("tier: plan region"));
  EXPECT_THAT(unmatched({Filter("region", {"south", "east"}), Filter("area", {"(none)"})}),
              ElementsAre("area: plan region", "region=east: north", "region=south: north"));
  // Also where nothing was done in the interval.
  v1::QueryRetentionRequest request = Request({Filter("tier", {"x"})});
  store_.AddKind("visit", "UTC");
  request.set_kind("visit");
  request.clear_interval();
  ASSERT_OK_AND_ASSIGN(const auto response, Retain(store_, request));
  EXPECT_THAT(response.points(), IsEmpty());
  EXPECT_THAT(response.unmatched(), SizeIs(1));
}

TEST_F(RetentionFilterTest, KnowsNothingOfWhoIsBeingErased) {
  WriteSome();
  store_.Hide(1);
  store_.Hide(3);
  ASSERT_OK_AND_ASSIGN(
      const auto response,
      Retain(store_, Request({Filter("plan", {"pro"}), Filter("region", {"(none)"})})));
  EXPECT_EQ(ToText(response.points(0)), "1 2 1 1 0");
  // Only they had one.
  EXPECT_THAT(ToText(response.unmatched()), ElementsAre("region: plan"));
}

TEST_F(RetentionFilterTest, NamesAHundredAndTellsTen) {
  for (uint32_t customer = 1; customer <= 12; ++customer) {
    store_.WriteCustomer(customer, {{"plan", absl::StrCat("p", 10 + customer)}});
  }
  std::vector<std::string> values;
  for (int i = 0; i < 150; ++i) {
    values.push_back(absl::StrCat("x", 100 + i));
  }
  ASSERT_OK_AND_ASSIGN(const auto response, Retain(store_, Request({Filter("plan", values)})));
  ASSERT_THAT(response.unmatched(), SizeIs(100));
  EXPECT_EQ(response.unmatched(99).value(), "x199");
  EXPECT_THAT(response.unmatched(0).known(), SizeIs(10));
  EXPECT_EQ(response.unmatched(0).known(9), "p20");
}

TEST_F(RetentionFilterTest, RefusesWhatNoAttributeIs) {
  const auto refused = [&](const std::vector<v1::LabelFilter>& filters, absl::string_view field) {
    EXPECT_THAT(Retain(store_, Request(filters)),
                AllOf(HasReason(v1::ERROR_REASON_FIELD_INVALID), HasField(field)));
  };
  refused({Filter("survey_id", {"nps"})}, "filters[0].key");
  refused({Filter("plan", {"x"}), Filter("plan", {"x", "(other)"})}, "filters[1].values[1]");
  refused({Filter("Plan", {"x"})}, "filters[0].key");
  refused(std::vector<v1::LabelFilter>(33, Filter("plan", {"x"})), "filters");
  EXPECT_THAT(Retain(store_, Request({Filter("plan", {})})),
              AllOf(HasReason(v1::ERROR_REASON_FIELD_REQUIRED), HasField("filters[0].values")));
}

TEST_F(RetentionFilterTest, NamesDamage) {
  WriteSome();
  EXPECT_TRUE(store_.engine()
                  .db()
                  ->Put({}, store_.engine().handle(storage::Family::kCustomer),
                        storage::CustomerByOrdinalKey(5), "\xff")
                  .ok());
  EXPECT_THAT(Retain(store_, Request({Filter("plan", {"pro"})})),
              HasReason(v1::ERROR_REASON_STORE_DAMAGED));
  EXPECT_OK(Retain(store_, Request({})));
}

bool Matches(const v1::LabelFilter& filter, const Attributes& attributes) {
  const auto found = attributes.find(filter.key());
  const std::string value = found == attributes.end() ? "(none)" : found->second;
  bool is_listed = false;
  for (const std::string& listed : filter.values()) {
    is_listed |= listed == value;
  }
  return is_listed != filter.negate();
}

TEST_F(RetentionFilterTest, AgreesWithARecountOfThoseAlone) {
  std::mt19937_64 random(SeedFromEnvOrRandom());
  const auto pick = [&](const std::vector<std::string>& from) {
    return from[random() % from.size()];
  };
  for (int round = 0; round < 20; ++round) {
    const char* const zone_name = RandomZone(random);
    const absl::TimeZone zone = *LoadZone(zone_name);
    HandMadeActivities store;
    store.AddKind("purchase", zone_name);
    std::vector<Deed> deeds = RandomDeeds(random);
    VaryMoney(random, deeds);
    store.Write(1, deeds);
    const LoyaltyModel all(zone, deeds);
    std::map<uint32_t, Attributes> attributes;
    for (const uint32_t customer : all.Customers()) {
      for (const char* const key : {"plan", "region"}) {
        if (random() % 3 > 0) {
          attributes[customer][key] = pick({"a", "b", "c"});
        }
      }
      store.WriteCustomer(customer, attributes[customer]);
    }
    v1::QueryRetentionRequest request;
    request.set_kind("purchase");
    const std::vector<LoyaltyModel::Days> periods =
        LoyaltyModel::Periods(v1::GRANULARITY_MONTH, v1::WEEK_START_MONDAY,
                              {absl::CivilDay(2013, 11, 1), absl::CivilDay(2014, 7, 1)});
    *request.mutable_interval() = Between({periods[1].first, periods.back().end}, zone);
    request.set_with_amounts(random() % 2 == 0);
    for (uint64_t i = 1 + random() % 3; i > 0; --i) {
      *request.add_filters() =
          Filter(pick({"plan", "region"}), {pick({"a", "b", "(none)"}), pick({"a", "c", "(none)"})},
                 random() % 2 == 0);
    }
    std::set<uint32_t> matching;
    for (const uint32_t customer : all.Customers()) {
      bool matches = true;
      for (const v1::LabelFilter& filter : request.filters()) {
        matches &= Matches(filter, attributes[customer]);
      }
      if (matches) {
        matching.insert(customer);
      }
    }
    const LoyaltyModel model = all.Of(matching);
    ASSERT_OK_AND_ASSIGN(const auto response, Retain(store, request));
    for (size_t i = 1; i < periods.size(); ++i) {
      const v1::RetentionPoint& point = response.points(static_cast<int>(i) - 1);
      EXPECT_EQ(ToText(point),
                LoyaltyModel::Point(model.Active(periods[i - 1]), model.Active(periods[i]),
                                    model.FirstEver(periods[i])))
          << request.ShortDebugString();
      const auto money = model.Money(periods[i - 1], periods[i]);
      ASSERT_EQ(point.amounts_size(), request.with_amounts() ? static_cast<int>(money.size()) : 0);
      for (const v1::RetentionAmounts& amounts : point.amounts()) {
        EXPECT_EQ(amounts.total().units(), money.at(amounts.currency_code()).total);
        EXPECT_EQ(amounts.kept().units(), money.at(amounts.currency_code()).kept);
      }
    }
  }
}

}  // namespace
}  // namespace emptychair::testing
