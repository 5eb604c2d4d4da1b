// Retention of subscribers: a few written out by hand, and random starts and ends, late, at equal
// times and erased ones among them, against a plain model.
#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "common/base/local_day.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/loyalty/cohorts.h"
#include "server/loyalty/repeat_rate.h"
#include "server/loyalty/retention.h"
#include "tests/domain/loyalty/loyalty_testing.h"
#include "tests/helpers/seed.h"
#include "tests/helpers/status_matchers.h"
#include "tests/storage/harness/activity_harness.h"
#include "tests/storage/harness/store_harness.h"

namespace emptychair::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const absl::Time kNow = StartOf("2026-01-01");
constexpr uint32_t kStart = 1;
constexpr uint32_t kEnd = 2;

// A start or an end.
struct Event {
  absl::Time time;
  bool is_start = true;
  std::string customer = "ann";
  std::string id;
};

storage::Deed ToDeed(const Event& event, const absl::TimeZone& zone) {
  storage::Deed deed;
  deed.kind_number = event.is_start ? kStart : kEnd;
  deed.kind = event.is_start ? "join" : "cancel";
  deed.id = event.id;
  deed.customer_id = event.customer;
  deed.time_ms = absl::ToUnixMillis(event.time);
  deed.zone_offset_seconds = DayOffsetSeconds(zone, event.time);
  return deed;
}

// A store with the kinds "join" and "cancel".
class SubscriptionStore {
 public:
  explicit SubscriptionStore(const char* zone_name = "UTC")
      : zone_name_(zone_name), zone_(*LoadZone(zone_name)) {
    EXPECT_OK(harness_.Open());
    EXPECT_OK(storage::DefineKind(store(), "join", zone_name).error);
    EXPECT_OK(storage::DefineKind(store(), "cancel", zone_name).error);
  }

  void Subscribe() {
    EXPECT_OK(storage::RunCommand(
                  store(), storage::DefineSubscriptionCommand("member", zone_name_, kStart, kEnd))
                  .error);
  }

  void Tell(const std::vector<Event>& events) {
    std::vector<storage::Deed> deeds;
    for (const Event& event : events) {
      deeds.push_back(ToDeed(event, zone_));
    }
    for (const std::string& outcome : storage::Record(store(), deeds)) {
      EXPECT_EQ(outcome, "accepted");
    }
  }

  void Erase(const Event& event) {
    EXPECT_OK(storage::RunCommand(
                  store(), storage::EraseActivityCommand(event.is_start ? kStart : kEnd, event.id))
                  .error);
  }

  bool IsBuilt() { return store().view()->FindKind("member")->definition->build_ordinal() == 0; }
  void WaitForBuild() {
    while (!IsBuilt()) {
      storage::RunCommand(store(), storage::NewCommand());
    }
  }

  RetentionResult Ask(const v1::QueryRetentionRequest& request) {
    const auto query = PrepareRetention(store().view(), request, kNow);
    EXPECT_OK(query);
    auto result = RunRetention(LoyaltySources::Of(store()), *query);
    EXPECT_OK(result);
    return *std::move(result);
  }

  storage::Store& store() { return harness_.store(); }

 private:
  const char* const zone_name_;
  const absl::TimeZone zone_;
  storage::StoreHarness harness_{storage::Place::kMemory};
};

v1::QueryRetentionRequest Request(const v1::TimeInterval& interval = {}) {
  v1::QueryRetentionRequest request;
  request.set_kind("member");
  *request.mutable_interval() = interval;
  return request;
}

// Each period as "S E N R W".
std::vector<std::string> Texts(const RetentionResult& result) {
  std::vector<std::string> texts;
  for (const RetentionCounts& counts : result.all.counts) {
    texts.push_back(absl::StrCat(counts.at_start, " ", counts.at_end, " ", counts.first_ever, " ",
                                 counts.returning, " ", counts.won_back()));
  }
  return texts;
}

Event Start(absl::string_view date, const std::string& customer) {
  return {StartOf(date) + absl::Hours(12), true, customer, absl::StrCat(date, customer)};
}
Event End(absl::string_view date, const std::string& customer) {
  return {StartOf(date) + absl::Hours(12), false, customer, absl::StrCat(date, customer)};
}

// Ann stays from January on, with a second start. Bob leaves in February and is back in March. Cat
// is there for a week of February, Dan for some hours of it, and starts for good in March: not new,
// as he started before. Eve ends before she ever starts, and starts on the first of March. Fay's
// start and end of 15 March are at one time, so that she is subscribed after it.
std::vector<Event> HandWritten() {
  std::vector<Event> events = {
      Start("2024-01-10", "ann"), Start("2024-02-20", "ann"), Start("2024-01-31", "bob"),
      End("2024-02-05", "bob"),   Start("2024-03-20", "bob"), Start("2024-02-10", "cat"),
      End("2024-02-17", "cat"),   Start("2024-02-11", "dan"), End("2024-02-11", "dan"),
      Start("2024-03-02", "dan"), End("2024-01-05", "eve"),   Start("2024-03-01", "eve"),
      Start("2024-03-15", "fay"), End("2024-03-15", "fay")};
  events[8].time += absl::Hours(5);
  return events;
}

TEST(Subscribers, OfMonthsWrittenByHand) {
  SubscriptionStore store;
  store.Subscribe();
  store.Tell(HandWritten());
  const RetentionResult result = store.Ask(Request(Between("2024-01-01", "2024-05-01")));
  //   S: at the start, E: at the end, N: new, R: both, W: won back.
  EXPECT_THAT(Texts(result), ElementsAre("0 2 2 0 0",    // January: Ann and Bob.
                                         "2 1 0 1 0",    // February: Bob leaves.
                                         "1 5 2 1 2",    // March: Eve and Fay; Bob and Dan.
                                         "5 5 0 5 0"));  // April.
  EXPECT_NEAR(result.all.counts[1].Retention(v1::RETENTION_METHOD_STRICT, {})->value, 50, 1e-9);
  // (5 - 2) / 1.
  EXPECT_NEAR(result.all.counts[2].Retention(v1::RETENTION_METHOD_FORMULA, {})->value, 300, 1e-9);
  EXPECT_FALSE(result.all.counts[0].Retention(v1::RETENTION_METHOD_STRICT, {}).has_value());
}

TEST(Subscribers, OfDaysAndWeeksWrittenByHand) {
  SubscriptionStore store;
  store.Subscribe();
  store.Tell(HandWritten());
  v1::QueryRetentionRequest request = Request(Between("2024-02-05", "2024-02-19"));
  request.set_granularity(v1::GRANULARITY_WEEK);
  // Bob leaves and Cat comes in the first week; in the second she leaves.
  EXPECT_THAT(Texts(store.Ask(request)), ElementsAre("2 2 1 1 0", "2 1 0 1 0"));
  request = Request(Between("2024-03-01", "2024-03-04"));
  request.set_granularity(v1::GRANULARITY_DAY);
  EXPECT_THAT(Texts(store.Ask(request)), ElementsAre("1 2 1 1 0", "2 3 0 2 1", "3 3 0 3 0"));
  request = Request(Between("2024-01-29", "2024-02-19"));
  request.set_rolling_days(10);
  // From 30 January; a day is left over.
  EXPECT_THAT(Texts(store.Ask(request)), ElementsAre("1 1 0 1 0", "1 1 0 1 0"));
}

// Without edges: from the first who was subscribed to the last period that is over.
TEST(Subscribers, AreThereUntilTheyLeave) {
  SubscriptionStore store;
  store.Subscribe();
  store.Tell({Start("2024-01-10", "ann")});
  v1::QueryRetentionRequest request = Request();
  *request.mutable_as_of() = ToTimestamp(StartOf("2024-04-15"));
  EXPECT_THAT(Texts(store.Ask(request)), ElementsAre("0 1 1 0 0", "1 1 0 1 0", "1 1 0 1 0"));
  *request.mutable_as_of() = ToTimestamp(StartOf("2024-01-20"));
  EXPECT_THAT(Texts(store.Ask(request)), IsEmpty());
  *request.mutable_as_of() = ToTimestamp(StartOf("2023-06-01"));
  EXPECT_THAT(Texts(store.Ask(request)), IsEmpty());
  // Years later nothing but the start is read.
  EXPECT_THAT(Texts(store.Ask(Request(Between("2025-01-01", "2025-03-01")))),
              ElementsAre("1 1 0 1 0", "1 1 0 1 0"));
}

TEST(Subscribers, AreNoneWhereNobodyWas) {
  SubscriptionStore store;
  store.Subscribe();
  EXPECT_THAT(Texts(store.Ask(Request())), IsEmpty());
  store.Tell({End("2024-01-10", "ann")});
  EXPECT_THAT(Texts(store.Ask(Request())), IsEmpty());
  EXPECT_THAT(Texts(store.Ask(Request(Between("2024-01-01", "2024-02-01")))),
              ElementsAre("0 0 0 0 0"));
}

TEST(Subscribers, AreNotAskedForWhatTheyDoNotHave) {
  SubscriptionStore store;
  store.Subscribe();
  const auto expect_invalid = [](const absl::Status& status, absl::string_view field) {
    EXPECT_THAT(status, HasReason(v1::ERROR_REASON_FIELD_INVALID));
    EXPECT_EQ(MetadataOf(status)["field"], field);
  };
  v1::QueryRetentionRequest request = Request();
  request.set_positive_amounts_only(true);
  expect_invalid(PrepareRetention(store.store().view(), request, kNow).status(),
                 "positive_amounts_only");
  request = Request();
  request.set_with_amounts(true);
  expect_invalid(PrepareRetention(store.store().view(), request, kNow).status(), "with_amounts");
  v1::QueryCohortsRequest cohorts;
  cohorts.set_kind("member");
  expect_invalid(PrepareCohorts(store.store().view(), cohorts, kNow).status(), "kind");
  cohorts.set_kind("join");
  cohorts.set_return_kind("member");
  expect_invalid(PrepareCohorts(store.store().view(), cohorts, kNow).status(), "return_kind");
  v1::QueryRepeatRateRequest repeat;
  repeat.set_kind("member");
  expect_invalid(PrepareRepeatRate(store.store().view(), repeat, kNow).status(), "kind");
}

TEST(Subscribers, AreNotToldWhileTheyAreBuilt) {
  SubscriptionStore store;
  store.Tell(HandWritten());
  // The view in which the subscription is declared, before the first step.
  std::shared_ptr<const storage::View> unbuilt;
  absl::Notification declared;
  {
    storage::Brake brake(store.store());
    store.store().Enqueue(storage::DefineSubscriptionCommand("member", "UTC", kStart, kEnd), false,
                          [&](const storage::CommandResult& result) {
                            EXPECT_OK(result.error);
                            unbuilt = store.store().view();
                            declared.Notify();
                          });
  }
  declared.WaitForNotification();
  store.WaitForBuild();
  ASSERT_NE(unbuilt->FindKind("member"), nullptr);
  const auto refused = PrepareRetention(unbuilt, Request(), kNow);
  EXPECT_THAT(refused.status(), HasReason(v1::ERROR_REASON_KIND_CHANGED));
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(Texts(store.Ask(Request(Between("2024-01-01", "2024-03-01")))),
              ElementsAre("0 2 2 0 0", "2 1 0 1 0"));
}

// The same questions, answered of all events anew each time.
class Model {
 public:
  Model(std::vector<Event> events, absl::TimeZone zone) : zone_(zone) {
    std::sort(events.begin(), events.end(), [](const Event& a, const Event& b) {
      return std::tie(a.time, a.is_start) < std::tie(b.time, b.is_start);
    });
    for (Event& event : events) {
      by_customer_[event.customer].push_back(std::move(event));
    }
  }

  std::string Count(absl::CivilDay first, absl::CivilDay end) const {
    int at_start = 0;
    int at_end = 0;
    int is_new = 0;
    int both = 0;
    for (const auto& [customer, events] : by_customer_) {
      const bool before = IsSubscribedAt(events, first);
      const bool after = IsSubscribedAt(events, end);
      at_start += before ? 1 : 0;
      at_end += after ? 1 : 0;
      both += before && after ? 1 : 0;
      is_new += !before && after && FirstStart(events) >= FirstInstantOf(zone_, first) ? 1 : 0;
    }
    return absl::StrCat(at_start, " ", at_end, " ", is_new, " ", both, " ", at_end - is_new - both);
  }

 private:
  bool IsSubscribedAt(const std::vector<Event>& events, absl::CivilDay day) const {
    bool is_subscribed = false;
    for (const Event& event : events) {
      is_subscribed = event.time < FirstInstantOf(zone_, day) ? event.is_start : is_subscribed;
    }
    return is_subscribed;
  }

  static absl::Time FirstStart(const std::vector<Event>& events) {
    for (const Event& event : events) {
      if (event.is_start) {
        return event.time;
      }
    }
    return absl::InfinitePast();
  }

  const absl::TimeZone zone_;
  std::map<std::string, std::vector<Event>> by_customer_;
};

// Starts and ends around the turn of a year and both changes of the clock, often at edges of days
// and at equal times.
std::vector<Event> RandomEvents(std::mt19937_64& random, const absl::TimeZone& zone) {
  std::vector<Event> events;
  const uint64_t customers = 1 + random() % 12;
  for (uint64_t i = random() % 150; i > 0; --i) {
    Event event;
    event.customer = absl::StrCat("c", random() % customers);
    event.is_start = random() % 5 < 3;
    event.id = absl::StrCat("e", i);
    event.time =
        absl::FromCivil(absl::CivilDay(2024, 9, 1) + static_cast<int>(random() % 260), zone);
    if (random() % 3 != 0) {
      event.time += absl::Minutes(static_cast<int64_t>(random() % (24 * 60)));
    } else if (random() % 2 == 0) {
      event.time -= absl::Milliseconds(1);
    }
    events.push_back(event);
    if (random() % 4 == 0) {
      event.id += "b";
      event.is_start = !event.is_start;
      events.push_back(event);
    }
  }
  return events;
}

TEST(Subscribers, AreThoseOfAPlainModel) {
  static constexpr const char* kZones[] = {"UTC", "America/New_York", "Asia/Kolkata",
                                           "Pacific/Auckland", "Africa/Cairo"};
  std::mt19937_64 random(SeedFromEnvOrRandom());
  for (int round = 0; round < 25; ++round) {
    const char* const zone_name = kZones[random() % std::size(kZones)];
    SCOPED_TRACE(absl::StrCat("round ", round, " ", zone_name));
    const absl::TimeZone zone = *LoadZone(zone_name);
    SubscriptionStore store(zone_name);
    std::vector<Event> events = RandomEvents(random, zone);
    std::shuffle(events.begin(), events.end(), random);
    std::vector<Event> left;
    const size_t told_before = random() % 2 == 0 ? 0 : events.size() / 2;
    for (size_t at = 0; at < events.size() || at == 0;) {
      if (at >= told_before && store.store().view()->FindKind("member") == nullptr) {
        store.Subscribe();
      }
      const size_t count = std::min<size_t>(1 + random() % 20, events.size() - at);
      store.Tell(
          {events.begin() + static_cast<long>(at), events.begin() + static_cast<long>(at + count)});
      at += std::max<size_t>(count, 1);
    }
    if (store.store().view()->FindKind("member") == nullptr) {
      store.Subscribe();
    }
    for (const Event& event : events) {
      if (random() % 6 == 0) {
        store.Erase(event);
      } else {
        left.push_back(event);
      }
    }
    store.WaitForBuild();
    const Model model(left, zone);
    for (const v1::Granularity unit : {v1::GRANULARITY_DAY, v1::GRANULARITY_WEEK,
                                       v1::GRANULARITY_MONTH, v1::GRANULARITY_UNSPECIFIED}) {
      v1::QueryRetentionRequest request = Request();
      const absl::CivilDay first(2024, 8, 1);
      *request.mutable_interval() = Between({first, absl::CivilDay(2025, 7, 1)}, zone);
      if (unit == v1::GRANULARITY_WEEK) {
        // Mondays.
        *request.mutable_interval() =
            Between({absl::CivilDay(2024, 8, 26), absl::CivilDay(2025, 6, 9)}, zone);
      }
      request.set_granularity(unit);
      request.set_rolling_days(
          unit == v1::GRANULARITY_UNSPECIFIED ? 1 + static_cast<int32_t>(random() % 70) : 0);
      const RetentionResult result = store.Ask(request);
      const std::vector<std::string> texts = Texts(result);
      ASSERT_THAT(texts, ::testing::Not(IsEmpty()));
      for (size_t i = 0; i < texts.size(); ++i) {
        const DaySpan& days = result.periods[i].days;
        EXPECT_EQ(texts[i], model.Count(absl::CivilDay(1970, 1, 1) + days.first,
                                        absl::CivilDay(1970, 1, 1) + days.end))
            << v1::Granularity_Name(unit) << " " << i;
      }
    }
  }
}

}  // namespace
}  // namespace emptychair::testing
