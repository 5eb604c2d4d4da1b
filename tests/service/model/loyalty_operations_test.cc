// Random activities, erasures, restarts and losses of power, and questions of loyalty, against a
// plain recount. EMPTYCHAIR_MODEL_ROUNDS makes the test longer.
#include <iostream>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/errors.h"
#include "common/base/zone_rules.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/domain/loyalty/loyalty_model.h"
#include "tests/domain/loyalty/loyalty_testing.h"
#include "tests/helpers/count.h"
#include "tests/helpers/seed.h"
#include "tests/helpers/status_matchers.h"
#include "tests/service/harness/crashing_server.h"
#include "tests/service/harness/requests.h"

namespace emptychair::testing {
namespace {

constexpr v1::ErrorReason kOk = v1::ERROR_REASON_UNSPECIFIED;
const char* const kKinds[] = {"purchase", "visit"};

// An activity as it must be stored.
struct Stored {
  v1::Activity sent;
  uint32_t customer = 0;
  bool is_erased = false;      // Of no number any more; its id stays used.
  bool is_anonymized = false;  // Of all numbers; its id stays used.
};

// One server, and what must be in it.
class LoyaltyRun {
 public:
  explicit LoyaltyRun(uint64_t seed) : random_(seed) {}

  void Start() {
    ASSERT_OK(server_.Start());
    for (const char* kind : kKinds) {
      zones_[kind] = RandomZone(random_);
      v1::DefineActivityKindRequest request;
      request.set_kind(kind);
      request.set_time_zone(zones_[kind]);
      ASSERT_OK(server_.client().DefineActivityKind(request).status());
    }
  }

  void Step() {
    const uint64_t dice = Below(100);
    if (dice < 55) {
      Record();
    } else if (dice < 62) {
      Erase();
    } else if (dice < 66) {
      EraseCustomer();
    } else if (dice < 94) {
      Ask();
    } else if (dice < 97) {
      Verify();
    } else {
      ASSERT_OK(Below(2) == 0 ? server_.Restart() : server_.Crash());
    }
  }

  void Verify() {
    for (const absl::StatusOr<v1::VerifyStoreResponse>& message : server_.client().VerifyStore()) {
      ASSERT_OK(message);
      ASSERT_FALSE(message->has_difference()) << message->DebugString();
    }
  }

  int64_t live() const {
    int64_t count = 0;
    for (const auto& [key, stored] : stored_) {
      count += stored.is_erased ? 0 : 1;
    }
    return count;
  }
  const std::map<v1::ErrorReason, int>& endings() const { return endings_; }

 private:
  uint64_t Below(uint64_t limit) { return random_() % limit; }

  v1::Activity New() {
    v1::Activity activity;
    activity.set_kind(kKinds[Below(2)]);
    activity.set_customer_id(absl::StrCat("c", Below(12)));
    activity.set_activity_id(absl::StrCat("a", Below(400)));
    const absl::Time start = StartOf("2023-12-20");
    *activity.mutable_occur_time() =
        ToTimestamp(start + absl::Milliseconds(static_cast<int64_t>(Below(150ull * 86'400'000))));
    if (Below(2) == 0) {
      activity.mutable_amount()->set_units(static_cast<int64_t>(Below(4)) - 1);
      activity.mutable_amount()->set_currency_code("EUR");
    }
    return activity;
  }

  // Something new, or what was sent before, as it was or another way.
  v1::Activity Next() {
    if (stored_.empty() || Below(4) != 0) {
      return New();
    }
    auto at = stored_.begin();
    std::advance(at, Below(stored_.size()));
    v1::Activity again = at->second.sent;
    if (Below(3) == 0) {
      again.set_customer_id(absl::StrCat("c", Below(12)));
    }
    return again;
  }

  void Record() {
    const v1::Activity sent = Next();
    v1::RecordActivityRequest request;
    *request.mutable_activity() = sent;
    const auto response = server_.client().RecordActivity(request);
    const auto found = stored_.find({sent.kind(), sent.activity_id()});
    v1::ErrorReason expected = kOk;
    if (found != stored_.end()) {
      expected = found->second.is_erased || found->second.is_anonymized ? v1::ERROR_REASON_ERASED
                 : found->second.sent.SerializeAsString() == sent.SerializeAsString()
                     ? kOk
                     : v1::ERROR_REASON_CONTENT_DIFFERS;
    }
    ++endings_[expected];
    ASSERT_EQ(ReasonOf(response.status()), expected) << sent.ShortDebugString();
    if (expected == kOk) {
      ASSERT_EQ(response->already_existed(), found != stored_.end());
      if (found == stored_.end()) {
        uint32_t& customer = customers_[sent.customer_id()];
        customer = customer == 0 ? ++last_customer_ : customer;
        stored_[{sent.kind(), sent.activity_id()}] = {sent, customer};
      }
    }
  }

  void Erase() {
    const v1::Activity wanted = Next();
    v1::EraseActivityRequest request;
    request.set_kind(wanted.kind());
    request.set_activity_id(wanted.activity_id());
    const auto response = server_.client().EraseActivity(request);
    const auto found = stored_.find({wanted.kind(), wanted.activity_id()});
    const v1::ErrorReason expected =
        found == stored_.end() ? v1::ERROR_REASON_ACTIVITY_NOT_FOUND : kOk;
    ++endings_[expected];
    ASSERT_EQ(ReasonOf(response.status()), expected) << request.ShortDebugString();
    // What is anonymized has no id any more to be erased by.
    if (expected == kOk && !found->second.is_anonymized) {
      found->second.is_erased = true;
    }
  }

  void EraseCustomer() {
    v1::EraseCustomerRequest request;
    request.set_customer_id(absl::StrCat("c", Below(12)));
    request.set_mode(Below(2) == 0 ? v1::ERASE_MODE_DELETE : v1::ERASE_MODE_ANONYMIZE);
    const auto response = server_.client().EraseCustomer(request);
    ASSERT_OK(response);
    const auto customer = customers_.find(request.customer_id());
    ASSERT_EQ(response->was_known(), customer != customers_.end());
    if (customer == customers_.end()) {
      return;
    }
    // Numbers are those of before or after: what is between is asked in another test.
    if (Below(4) == 0) {
      ASSERT_OK(server_.Crash());
    }
    while (Status(server_.client()).customers_erasing() != 0) {
    }
    for (auto& [key, stored] : stored_) {
      if (stored.customer == customer->second && !stored.is_erased) {
        (request.mode() == v1::ERASE_MODE_DELETE ? stored.is_erased : stored.is_anonymized) = true;
      }
    }
    customers_.erase(customer);
  }

  LoyaltyModel ModelOf(const std::string& kind) {
    std::vector<Deed> deeds;
    for (const auto& [key, stored] : stored_) {
      if (key.first == kind && !stored.is_erased) {
        Deed deed{.customer = stored.customer,
                  .unix_ms = absl::ToUnixMillis(FromTimestamp(stored.sent.occur_time()))};
        if (stored.sent.has_amount()) {
          deed.units = static_cast<int32_t>(stored.sent.amount().units());
        }
        deeds.push_back(deed);
      }
    }
    return LoyaltyModel(*LoadZone(zones_.at(kind)), deeds);
  }

  void Ask() {
    const std::string kind = kKinds[Below(2)];
    const LoyaltyModel all = ModelOf(kind);
    const bool positive = Below(2) == 0;
    const LoyaltyModel model = positive ? all.PositiveAmounts() : all;
    const LoyaltyModel::Days days{absl::CivilDay(2024, 1, 1), absl::CivilDay(2024, 5, 1)};
    switch (Below(3)) {
      case 0:
        return AskRetention(kind, positive, model, days);
      case 1:
        return AskCohorts(kind, all, days);
      default:
        return AskRepeats(kind, all, days);
    }
  }

  v1::TimeInterval Interval(const std::string& kind, const LoyaltyModel::Days& days) {
    return Between(days, *LoadZone(zones_.at(kind)));
  }

  void AskRetention(const std::string& kind, bool positive, const LoyaltyModel& model,
                    const LoyaltyModel::Days& days) {
    v1::QueryRetentionRequest request;
    request.set_kind(kind);
    request.set_positive_amounts_only(positive);
    *request.mutable_interval() = Interval(kind, days);
    *request.mutable_as_of() = ToTimestamp(StartOf("2025-01-01"));
    std::vector<LoyaltyModel::Days> periods;
    LoyaltyModel::Days before;
    if (Below(2) == 0) {
      periods = LoyaltyModel::Periods(v1::GRANULARITY_MONTH, v1::WEEK_START_MONDAY, days);
      before = {absl::CivilDay(2023, 12, 1), days.first};
    } else {
      const int length = 1 + static_cast<int>(Below(40));
      request.set_rolling_days(length);
      periods = LoyaltyModel::RollingPeriods(length, days);
      before = {periods.front().first - length, periods.front().first};
    }
    const auto response = server_.client().QueryRetention(request);
    ASSERT_OK(response);
    ASSERT_EQ(response->points_size(), static_cast<int>(periods.size()));
    std::set<uint32_t> previous = model.Active(before);
    for (size_t i = 0; i < periods.size(); ++i) {
      const v1::RetentionPoint& point = response->points(static_cast<int>(i));
      const std::set<uint32_t> active = model.Active(periods[i]);
      ASSERT_EQ(absl::StrJoin(
                    {point.customers_at_start(), point.customers_at_end(), point.new_customers(),
                     point.returning_customers(), point.won_back_customers()},
                    " "),
                LoyaltyModel::Point(previous, active, model.FirstEver(periods[i])))
          << request.ShortDebugString() << " period " << i;
      previous = active;
    }
  }

  void AskCohorts(const std::string& kind, const LoyaltyModel& all,
                  const LoyaltyModel::Days& days) {
    v1::QueryCohortsRequest request;
    request.set_kind(kind);
    *request.mutable_interval() = Interval(kind, days);
    *request.mutable_as_of() = ToTimestamp(StartOf("2025-01-01"));
    const auto response = server_.client().QueryCohorts(request);
    ASSERT_OK(response);
    const auto periods = LoyaltyModel::Periods(v1::GRANULARITY_MONTH, v1::WEEK_START_MONDAY, days);
    ASSERT_EQ(response->cohorts_size(), static_cast<int>(periods.size()));
    for (size_t i = 0; i < periods.size(); ++i) {
      const v1::Cohort& cohort = response->cohorts(static_cast<int>(i));
      const std::set<uint32_t> first = all.FirstEver(periods[i]);
      ASSERT_EQ(cohort.size(), static_cast<int64_t>(first.size()));
      ASSERT_EQ(cohort.cells_size(), static_cast<int>(periods.size() - i));
      for (int k = 0; k < cohort.cells_size(); ++k) {
        const std::set<uint32_t> active = all.Active(periods[i + static_cast<size_t>(k)]);
        int64_t both = 0;
        for (const uint32_t customer : first) {
          both += active.count(customer) != 0 ? 1 : 0;
        }
        ASSERT_EQ(cohort.cells(k).customers(), both) << "cohort " << i << " cell " << k;
      }
    }
  }

  void AskRepeats(const std::string& kind, const LoyaltyModel& model,
                  const LoyaltyModel::Days& days) {
    v1::QueryRepeatRateRequest request;
    request.set_kind(kind);
    *request.mutable_interval() = Interval(kind, days);
    *request.mutable_as_of() = ToTimestamp(StartOf("2025-01-01"));
    const bool by_event = Below(2) == 0;
    request.set_method(by_event ? v1::REPEAT_RATE_METHOD_BY_EVENT : v1::REPEAT_RATE_METHOD_BY_DAY);
    const auto response = server_.client().QueryRepeatRate(request);
    ASSERT_OK(response);
    const std::set<uint32_t> twice =
        by_event ? model.AtLeast(2, days) : model.OnTwoDays(days, StartOf("2025-01-01"));
    ASSERT_EQ(response->customers(), static_cast<int64_t>(model.Active(days).size()));
    ASSERT_EQ(response->repeat_customers(), static_cast<int64_t>(twice.size()));
  }

  std::mt19937_64 random_;
  CrashingServer server_;
  std::map<std::string, std::string> zones_;
  std::map<std::pair<std::string, std::string>, Stored> stored_;
  std::map<std::string, uint32_t> customers_;
  uint32_t last_customer_ = 0;
  std::map<v1::ErrorReason, int> endings_;
};

TEST(LoyaltyOperationsTest, TheNumbersAreThoseOfARecountWhateverComes) {
  LoyaltyRun run(SeedFromEnvOrRandom());
  ASSERT_NO_FATAL_FAILURE(run.Start());
  const int rounds = CountFromEnvOr("EMPTYCHAIR_MODEL_ROUNDS", 1'500);
  for (int round = 0; round < rounds; ++round) {
    ASSERT_NO_FATAL_FAILURE(run.Step()) << "round " << round;
  }
  ASSERT_NO_FATAL_FAILURE(run.Verify());
  EXPECT_GT(run.live(), 0);
  for (const v1::ErrorReason reason :
       {kOk, v1::ERROR_REASON_ERASED, v1::ERROR_REASON_CONTENT_DIFFERS,
        v1::ERROR_REASON_ACTIVITY_NOT_FOUND}) {
    EXPECT_GT(run.endings().count(reason), 0u) << v1::ErrorReason_Name(reason);
  }
}

}  // namespace
}  // namespace emptychair::testing
