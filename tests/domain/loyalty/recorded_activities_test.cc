// The metrics of loyalty over activities that a store was told in any order, late ones and erased
// ones among them: as over rows that were written by hand from what is left.
#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/local_day.h"
#include "gtest/gtest.h"
#include "server/loyalty/cohorts.h"
#include "server/loyalty/repeat_rate.h"
#include "server/loyalty/retention.h"
#include "tests/domain/loyalty/hand_made_activities.h"
#include "tests/domain/loyalty/loyalty_testing.h"
#include "tests/helpers/seed.h"
#include "tests/helpers/status_matchers.h"
#include "tests/storage/harness/activity_harness.h"
#include "tests/storage/harness/store_harness.h"

namespace emptychair::testing {
namespace {

using View = std::shared_ptr<const storage::View>;

const absl::Time kNow = StartOf("2026-01-01");

// The order of customers, which is that of their numbers, shows in the last digits of spreads.
void ClearSpreads(v1::QueryRetentionResponse& response) {
  for (v1::RetentionPoint& point : *response.mutable_points()) {
    for (v1::RetentionAmounts& amounts : *point.mutable_amounts()) {
      amounts.clear_net_retention_low();
      amounts.clear_net_retention_high();
      amounts.clear_gross_retention_low();
      amounts.clear_gross_retention_high();
    }
  }
}
void ClearSpreads(v1::QueryCohortsResponse& response) {
  for (v1::Cohort& cohort : *response.mutable_cohorts()) {
    for (v1::CohortCell& cell : *cohort.mutable_cells()) {
      for (v1::CohortAmounts& amounts : *cell.mutable_amounts()) {
        amounts.clear_mean_low();
        amounts.clear_mean_high();
      }
    }
  }
}
void ClearSpreads(v1::QueryRepeatRateResponse&) {}

// What a query answers, but for what it cost and when that was.
template <typename Response, typename Query, typename Result, typename Request, typename Sources>
std::string Ask(const View& view, const Sources& sources, const Request& request,
                absl::StatusOr<Query> (*prepare)(View, const Request&, absl::Time),
                absl::StatusOr<Result> (*run)(const Sources&, const Query&)) {
  const absl::StatusOr<Query> query = prepare(view, request, kNow);
  EXPECT_OK(query);
  const absl::StatusOr<Result> result = run(sources, *query);
  EXPECT_OK(result);
  Response response;
  WriteResponse(*query, *result, response);
  ClearSpreads(response);
  response.clear_rows_read();
  response.clear_sequence();
  if constexpr (requires { response.clear_activities_scanned(); }) {
    response.clear_activities_scanned();
  }
  return response.DebugString();
}

// The questions of a round, and what is answered to them.
std::string AskAll(const View& view, const LoyaltySources& sources,
                   const v1::TimeInterval& interval, absl::Time as_of, int variant) {
  const storage::CustomerSetReader& reader = sources.sets;
  v1::QueryRetentionRequest retention;
  retention.set_kind("purchase");
  *retention.mutable_interval() = interval;
  retention.set_positive_amounts_only(variant % 2 == 0);
  retention.set_with_amounts(variant % 3 != 0);
  v1::QueryCohortsRequest cohorts;
  cohorts.set_kind("purchase");
  *cohorts.mutable_interval() = interval;
  cohorts.set_cohort_rule(variant % 2 == 0 ? v1::COHORT_RULE_ACTIVE : v1::COHORT_RULE_FIRST_EVER);
  cohorts.set_min_activities(variant % 2 == 0 ? 1 + variant % 4 : 0);
  cohorts.set_with_amounts(variant % 3 != 0);
  v1::QueryRepeatRateRequest repeat;
  repeat.set_kind("purchase");
  *repeat.mutable_interval() = interval;
  *repeat.mutable_as_of() = ToTimestamp(as_of);
  repeat.set_method(variant % 2 == 0 ? v1::REPEAT_RATE_METHOD_BY_EVENT
                                     : v1::REPEAT_RATE_METHOD_BY_DAY);
  repeat.add_within_days(20);
  return absl::StrCat(
      Ask<v1::QueryRetentionResponse>(view, sources, retention, &PrepareRetention, &RunRetention),
      Ask<v1::QueryCohortsResponse>(view, reader, cohorts, &PrepareCohorts, &RunCohorts),
      Ask<v1::QueryRepeatRateResponse>(view, reader, repeat, &PrepareRepeatRate, &RunRepeatRate));
}

class RecordedActivitiesTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_OK(harness_.Open()); }

  // Adds what a store is told of `deed`.
  storage::Deed Told(const Deed& deed, const std::string& id, const absl::TimeZone& zone) {
    storage::Deed told;
    told.kind = "purchase";
    told.id = id;
    told.customer_id = absl::StrCat("c", deed.customer);
    told.time_ms = deed.unix_ms;
    told.zone_offset_seconds = DayOffsetSeconds(zone, absl::FromUnixMillis(deed.unix_ms));
    if (deed.units.has_value()) {
      told.amount = storage::Euros(*deed.units);
    }
    return told;
  }

  storage::StoreHarness harness_{storage::Place::kMemory};
};

TEST_F(RecordedActivitiesTest, CountAsIfAllHadComeAtOnce) {
  std::mt19937_64 random(SeedFromEnvOrRandom());
  for (int round = 0; round < 12; ++round) {
    const char* const zone_name = RandomZone(random);
    const absl::TimeZone zone = *LoadZone(zone_name);
    storage::StoreHarness harness(storage::Place::kMemory);
    ASSERT_OK(harness.Open());
    ASSERT_OK(storage::DefineKind(harness.store(), "purchase", zone_name).error);
    const std::vector<Deed> deeds = RandomDeeds(random);
    std::vector<storage::Deed> told;
    std::vector<Deed> left;
    std::vector<std::string> erased;
    for (const Deed& deed : deeds) {
      told.push_back(Told(deed, absl::StrCat("p", told.size()), zone));
      if (random() % 6 == 0) {
        erased.push_back(told.back().id);
      } else {
        left.push_back(deed);
      }
    }
    std::shuffle(told.begin(), told.end(), random);
    for (size_t at = 0; at < told.size();) {
      const size_t count = std::min<size_t>(1 + random() % 40, told.size() - at);
      storage::Record(harness.store(), {told.begin() + static_cast<long>(at),
                                        told.begin() + static_cast<long>(at + count)});
      at += count;
    }
    for (const std::string& id : erased) {
      ASSERT_OK(storage::RunCommand(harness.store(), storage::EraseActivityCommand(1, id)).error);
    }
    HandMadeActivities expected;
    expected.AddKind("purchase", zone_name);
    expected.Write(1, left);
    for (int variant = 0; variant < 6; ++variant) {
      const auto first =
          absl::CivilDay(absl::CivilMonth(2013, 11) + static_cast<int>(random() % 4));
      const auto end = absl::CivilDay(absl::CivilMonth(first) + 1 + static_cast<int>(random() % 6));
      const v1::TimeInterval interval =
          variant < 4 ? Between({first, end}, zone) : v1::TimeInterval();
      const absl::Time as_of = absl::FromCivil(first, zone) +
                               absl::Minutes(static_cast<int64_t>(random() % (100 * 24 * 60)));
      EXPECT_EQ(AskAll(harness.store().view(), LoyaltySources::Of(harness.store()), interval, as_of,
                       variant),
                AskAll(expected.view(), expected.sources(), interval, as_of, variant))
          << zone_name << " " << variant;
    }
  }
}

// A first activity that is heard of late, and one that is erased, move what is new.
TEST_F(RecordedActivitiesTest, MoveTheFirstOfAll) {
  storage::Store& store = harness_.store();
  ASSERT_OK(storage::DefineKind(store, "purchase", "UTC").error);
  const auto points = [&] {
    v1::QueryRetentionRequest request;
    request.set_kind("purchase");
    *request.mutable_interval() = Between("2024-01-01", "2024-04-01");
    const auto query = PrepareRetention(store.view(), request, kNow);
    EXPECT_OK(query);
    const auto result = RunRetention(LoyaltySources::Of(store), *query);
    EXPECT_OK(result);
    std::string text;
    for (const RetentionCounts& counts : result->all.counts) {
      absl::StrAppend(&text, counts.at_end, " ", counts.first_ever, " ", counts.won_back(), "; ");
    }
    return text;
  };
  const auto told = [&](absl::string_view date, const std::string& id) {
    return Told({1, absl::ToUnixMillis(StartOf(date)), std::nullopt}, id, absl::UTCTimeZone());
  };
  storage::Record(store, {told("2024-03-05", "march")});
  EXPECT_EQ(points(), "0 0 0; 0 0 0; 1 1 0; ");
  storage::Record(store, {told("2024-01-31", "january")});
  EXPECT_EQ(points(), "1 1 0; 0 0 0; 1 0 1; ");
  ASSERT_OK(storage::RunCommand(store, storage::EraseActivityCommand(1, "january")).error);
  EXPECT_EQ(points(), "0 0 0; 0 0 0; 1 1 0; ");
}

}  // namespace
}  // namespace emptychair::testing
