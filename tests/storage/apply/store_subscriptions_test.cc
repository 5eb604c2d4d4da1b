// Subscriptions: how they are declared, what their sets have, each against what is written here by
// hand; every other test has them recounted.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/notification.h"
#include "common/base/errors.h"
#include "storage/format/keys.h"
#include "storage/format/values.h"
#include "tests/storage/harness/activity_harness.h"
#include "tests/storage/harness/activity_recount.h"

namespace emptychair::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr int64_t kHourMs = 3'600'000;
constexpr int64_t kDayMs = 24 * kHourMs;
constexpr int32_t kNoonDay = 19'783;  // 2024-03-01, of month 650.
constexpr uint32_t kStart = 1;
constexpr uint32_t kEnd = 2;
constexpr uint32_t kMember = 3;

class StoreSubscriptionsTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    ASSERT_OK(DefineKind(store(), "join", "UTC").error);
    ASSERT_OK(DefineKind(store(), "cancel", "UTC").error);
  }

  CommandResult Declare(const std::string& kind = "member", uint32_t start = kStart,
                        uint32_t end = kEnd, const std::string& zone = "UTC") {
    return RunCommand(store(), DefineSubscriptionCommand(kind, zone, start, end));
  }

  // A start or an end, some days after noon of 2024-03-01.
  Deed At(uint32_t kind, const std::string& id, double days, const std::string& customer = "anna") {
    return {.kind_number = kind,
            .kind = kind == kStart ? "join" : "cancel",
            .id = id,
            .customer_id = customer,
            .time_ms = kNoonMs + static_cast<int64_t>(days * kDayMs)};
  }
  std::string Join(const std::string& id, double days, const std::string& customer = "anna") {
    return RecordOne(store(), At(kStart, id, days, customer));
  }
  std::string Cancel(const std::string& id, double days, const std::string& customer = "anna") {
    return RecordOne(store(), At(kEnd, id, days, customer));
  }
  void Erase(uint32_t kind, const std::string& id) {
    ASSERT_OK(RunCommand(store(), EraseActivityCommand(kind, id)).error);
  }

  // The rows in words: + entered, - left, the bucket counted from 2024-03-01, who.
  std::vector<std::string> Rows(int unit) {
    std::vector<std::string> texts;
    std::vector<std::string> faults;
    for (const auto& [row, customers] : StoredSets(harness_.Dump(), faults)) {
      const auto& [kind, set, of_unit, bucket] = row;
      if (kind == kMember && of_unit == unit) {
        texts.push_back(absl::StrCat(set == 6 ? "+" : "-", bucket - (unit == 2 ? kNoonDay : 650),
                                     ": ", absl::StrJoin(customers, " ")));
      }
    }
    EXPECT_THAT(faults, IsEmpty());
    EXPECT_THAT(FindFaults(harness_.Dump()), IsEmpty());
    return texts;
  }
  std::vector<std::string> Days() { return Rows(2); }
  std::vector<std::string> Months() { return Rows(3); }

  store::v1::StoredActivityKind Now(const std::string& kind) {
    const std::shared_ptr<const View> view = store().view();
    const ActivityKindView* found = view->FindKind(kind);
    return found == nullptr ? store::v1::StoredActivityKind() : *found->definition;
  }
  // Commands are answered in order, so that the build has gone on by a step with each of these.
  void WaitForBuild() {
    while (Now("member").build_ordinal() != 0) {
      RunCommand(store(), NewCommand());
    }
  }
};

INSTANTIATE_TEST_SUITE_P(Places, StoreSubscriptionsTest,
                         ::testing::Values(Place::kMemory, Place::kDisk), PlaceName);

TEST_P(StoreSubscriptionsTest, AreDeclaredOnceForEver) {
  const CommandResult first = Declare();
  ASSERT_OK(first.error);
  EXPECT_EQ(first.activity_kind->kind_number(), kMember);
  EXPECT_EQ(first.activity_kind->start_kind_number(), kStart);
  EXPECT_EQ(first.activity_kind->end_kind_number(), kEnd);
  EXPECT_EQ(first.activity_kind->build_ordinal(), 0u) << "there is nothing to build";
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(Declare().sequence, 3u) << "the same again";
    const absl::Status turned = Declare("member", kEnd, kStart).error;
    EXPECT_THAT(turned, testing::HasReason(v1::ERROR_REASON_FIELD_INVALID));
    EXPECT_EQ(MetadataOf(turned)["field"], "start_kind");
    EXPECT_EQ(MetadataOf(DefineKind(store(), "member", "UTC").error)["field"], "start_kind");
    EXPECT_EQ(MetadataOf(Declare("join", kMember, kEnd).error)["field"], "start_kind");
    EXPECT_EQ(store().view()->counters.sequence(), 3u);
    Reopen();
  }
}

TEST_P(StoreSubscriptionsTest, AreOfTwoPlainKindsOfOneZoneThatAreThere) {
  ASSERT_OK(Declare().error);
  ASSERT_OK(DefineKind(store(), "far", "Asia/Tokyo").error);
  const auto expect_changed = [&](uint32_t start, uint32_t end, const char* zone) {
    EXPECT_THAT(Declare("other", start, end, zone).error,
                testing::HasReason(v1::ERROR_REASON_KIND_CHANGED))
        << start << " " << end;
  };
  expect_changed(kStart, kStart, "UTC");
  expect_changed(kStart, 0, "UTC");
  expect_changed(kStart, 99, "UTC");
  expect_changed(kStart, kMember, "UTC");
  expect_changed(kStart, 4, "UTC");
  expect_changed(kStart, kEnd, "Asia/Tokyo");
  EXPECT_EQ(store().view()->FindKind("other"), nullptr);
}

TEST_P(StoreSubscriptionsTest, HoldTheKindsThatTheyAreMadeOf) {
  ASSERT_OK(Declare().error);
  for (int round = 0; round < 2; ++round) {
    const uint64_t before = store().view()->counters.sequence();
    for (const absl::Status& error : {RunCommand(store(), DeleteKindCommand(kEnd)).error,
                                      DefineKind(store(), "cancel", "Asia/Tokyo").error}) {
      EXPECT_THAT(error, testing::HasReason(v1::ERROR_REASON_IN_USE));
      EXPECT_EQ(error.code(), absl::StatusCode::kFailedPrecondition);
      EXPECT_EQ(MetadataOf(error)["kind"], "cancel");
      EXPECT_EQ(MetadataOf(error)["by"], "member");
    }
    EXPECT_EQ(store().view()->counters.sequence(), before);
    Reopen();
  }
  ASSERT_EQ(Join("1", 0), "accepted");
  ASSERT_OK(RunCommand(store(), DeleteKindCommand(kMember)).error);
  ASSERT_EQ(Cancel("2", 1), "accepted");
  EXPECT_OK(RunCommand(store(), DeleteKindCommand(kEnd)).error);
  Reopen();
  EXPECT_THAT(Days(), IsEmpty());
}

TEST_P(StoreSubscriptionsTest, TakeNoActivities) {
  ASSERT_OK(Declare().error);
  const uint64_t before = store().view()->counters.sequence();
  // As whoever knows its number, or knew it as no kind at all, would send it.
  for (const uint32_t number : {kMember, 0u}) {
    EXPECT_EQ(RecordOne(store(), {.kind_number = number, .kind = "member"}), "KIND_CHANGED");
  }
  EXPECT_EQ(store().view()->counters.sequence(), before);
}

TEST_P(StoreSubscriptionsTest, HaveTheNetChangesOfDaysAndMonths) {
  ASSERT_OK(Declare().error);
  ASSERT_EQ(Join("1", 0), "accepted");
  ASSERT_EQ(Join("2", 1), "accepted");  // A second start changes nothing.
  ASSERT_EQ(Cancel("3", 40), "accepted");
  ASSERT_EQ(Cancel("4", 41), "accepted");  // Nor does an end without a start.
  ASSERT_EQ(Cancel("5", 0, "bob"), "accepted");
  ASSERT_EQ(Join("6", 2, "cat"), "accepted");  // Starts and ends within a day: neither.
  ASSERT_EQ(Cancel("7", 2.25, "cat"), "accepted");
  ASSERT_EQ(Join("8", 3, "dan"), "accepted");  // And within a month.
  ASSERT_EQ(Cancel("9", 9, "dan"), "accepted");
  EXPECT_THAT(Days(), UnorderedElementsAre("+0: 1", "-40: 1", "+3: 4", "-9: 4"));
  EXPECT_THAT(Months(), UnorderedElementsAre("+0: 1", "-1: 1"));
}

TEST_P(StoreSubscriptionsTest, LetTheEndComeFirstAtEqualTimes) {
  ASSERT_OK(Declare().error);
  ASSERT_EQ(Join("1", 0), "accepted");
  ASSERT_EQ(Join("2", 5), "accepted");
  ASSERT_EQ(Cancel("3", 5), "accepted");
  EXPECT_THAT(Days(), UnorderedElementsAre("+0: 1"));
  Erase(kStart, "2");
  EXPECT_THAT(Days(), UnorderedElementsAre("+0: 1", "-5: 1"));
}

TEST_P(StoreSubscriptionsTest, FollowLateEventsToTheNextOnes) {
  ASSERT_OK(Declare().error);
  ASSERT_EQ(Cancel("end", 70), "accepted");
  EXPECT_THAT(Days(), IsEmpty());
  ASSERT_EQ(Join("late", 35), "accepted");
  EXPECT_THAT(Days(), UnorderedElementsAre("+35: 1", "-70: 1"));
  EXPECT_THAT(Months(), UnorderedElementsAre("+1: 1", "-2: 1"));
  ASSERT_EQ(Join("later", 2), "accepted");
  EXPECT_THAT(Days(), UnorderedElementsAre("+2: 1", "-70: 1"));
  EXPECT_THAT(Months(), UnorderedElementsAre("+0: 1", "-2: 1"));
  ASSERT_EQ(Cancel("between", 10), "accepted");
  EXPECT_THAT(Days(), UnorderedElementsAre("+2: 1", "-10: 1", "+35: 1", "-70: 1"));
  EXPECT_THAT(Months(), UnorderedElementsAre("+1: 1", "-2: 1"));
  Erase(kStart, "late");
  EXPECT_THAT(Days(), UnorderedElementsAre("+2: 1", "-10: 1"));
  EXPECT_THAT(Months(), IsEmpty());
  Erase(kEnd, "between");
  EXPECT_THAT(Days(), UnorderedElementsAre("+2: 1", "-70: 1"));
  Erase(kStart, "later");
  Erase(kEnd, "end");
  EXPECT_THAT(Days(), IsEmpty());
  EXPECT_THAT(Months(), IsEmpty());
}

TEST_P(StoreSubscriptionsTest, AreLeftAsTheyWereByAnImportThatIsTakenBack) {
  ASSERT_OK(Declare().error);
  ASSERT_EQ(Join("1", 0), "accepted");
  const std::vector<Deed> ends = {At(kEnd, "2", 3), At(kEnd, "3", 3)};
  ASSERT_THAT(Record(store(), ends, "june"), ElementsAre("accepted", "accepted"));
  EXPECT_THAT(Days(), UnorderedElementsAre("+0: 1", "-3: 1"));
  ASSERT_EQ(RunCommand(store(), TakeBackCommand(kEnd, 1, {IdOf(ends[0], store().hash())})).changed,
            1);
  EXPECT_THAT(Days(), UnorderedElementsAre("+0: 1", "-3: 1"));
  ASSERT_EQ(RunCommand(store(), TakeBackCommand(kEnd, 1, {IdOf(ends[1], store().hash())})).changed,
            1);
  EXPECT_THAT(Days(), UnorderedElementsAre("+0: 1"));
}

// Two activities whose entries by customer are one.
TEST_P(StoreSubscriptionsTest, KeepWhatAnotherEventOfTheSameEntryMakes) {
  ASSERT_OK(Declare().error);
  const std::vector<std::string> ids = IdsThatShareTheirStart(store().hash(), "join", kNoonMs, 2);
  ASSERT_EQ(Join(ids[0], 0), "accepted");
  ASSERT_EQ(Join(ids[1], 0), "accepted");
  Erase(kStart, ids[0]);
  EXPECT_THAT(Days(), UnorderedElementsAre("+0: 1"));
  Erase(kStart, ids[1]);
  EXPECT_THAT(Days(), IsEmpty());
}

TEST_P(StoreSubscriptionsTest, ShareAKind) {
  ASSERT_OK(DefineKind(store(), "other", "UTC").error);
  ASSERT_OK(Declare("second", kEnd, kStart).error);  // Number 4, the other way round.
  ASSERT_OK(Declare("third", kStart, 3).error);
  ASSERT_EQ(Join("1", 0), "accepted");
  ASSERT_EQ(Cancel("2", 1), "accepted");
  std::vector<std::string> faults;
  std::vector<std::string> texts;
  for (const auto& [row, customers] : StoredSets(harness_.Dump(), faults)) {
    const auto& [kind, set, unit, bucket] = row;
    if (kind > 3 && unit == 2) {
      texts.push_back(absl::StrCat(kind, set == 6 ? "+" : "-", bucket - kNoonDay));
    }
  }
  EXPECT_THAT(texts, ElementsAre("4+1", "5+0"));
  EXPECT_THAT(FindFaults(harness_.Dump()), IsEmpty());
}

TEST_P(StoreSubscriptionsTest, AreBuiltOfWhatIsThere) {
  ASSERT_EQ(Join("1", 0), "accepted");
  ASSERT_EQ(Cancel("2", 40), "accepted");
  ASSERT_EQ(Cancel("3", 50), "accepted");
  ASSERT_EQ(Join("4", 60), "accepted");
  ASSERT_EQ(Join("5", 1, "bob"), "accepted");
  ASSERT_EQ(Join("6", 1, "cat"), "accepted");
  Erase(kStart, "6");
  const CommandResult declared = Declare();
  EXPECT_EQ(declared.activity_kind->build_ordinal(), 1u);
  ASSERT_NO_FATAL_FAILURE(WaitForBuild());
  EXPECT_EQ(store().view()->counters.sequence(), declared.sequence) << "nothing new is told";
  EXPECT_THAT(Days(), UnorderedElementsAre("+0: 1", "-40: 1", "+60: 1", "+1: 2"));
  EXPECT_THAT(Months(), UnorderedElementsAre("+0: 1 2"));
  Reopen();
  EXPECT_EQ(Now("member").build_ordinal(), 0u);
}

// Steps are so small that others come between them.
TEST_P(StoreSubscriptionsTest, AreBuiltInStepsThatAStartTakesUpAgain) {
  constexpr int kCustomers = 1'200;
  std::vector<Deed> deeds;
  for (int i = 0; i < kCustomers; ++i) {
    deeds.push_back(At(kStart, absl::StrCat("s-", i), 0, absl::StrCat("c-", i)));
  }
  Record(store(), deeds);
  absl::Notification stopped;
  {
    Brake brake(store());
    store().Enqueue(DefineSubscriptionCommand("member", "UTC", kStart, kEnd), false,
                    [&](CommandResult result) {
                      EXPECT_OK(result.error);
                      store().Stop();
                      stopped.Notify();
                    });
  }
  stopped.WaitForNotification();
  harness_.Close();
  EXPECT_THAT(FindFaults(harness_.Dump()), IsEmpty());
  ASSERT_OK(harness_.Open());
  // Of customers whom the build may not have come to, and of one whom it has.
  ASSERT_EQ(Cancel("e-1", 5, "c-1199"), "accepted");
  ASSERT_EQ(Join("s-early", -5, "c-1198"), "accepted");
  ASSERT_EQ(Join("s-new", 0, "new"), "accepted");
  Erase(kStart, "s-1197");
  Erase(kStart, "s-0");
  ASSERT_NO_FATAL_FAILURE(WaitForBuild());
  EXPECT_THAT(FindFaults(harness_.Dump()), IsEmpty());
  const std::vector<std::string> months = Months();
  EXPECT_EQ(months.size(), 2u);
}

TEST_P(StoreSubscriptionsTest, DoNothingForAStepThatIsOutOfTurn) {
  ASSERT_EQ(Join("1", 0), "accepted");
  ASSERT_OK(Declare().error);
  ASSERT_NO_FATAL_FAILURE(WaitForBuild());
  const DatabaseDump before = harness_.Dump();
  for (const uint32_t kind : {kStart, kMember, 77u}) {
    auto command = NewCommand();
    command->mutable_build_subscription()->set_kind_number(kind);
    command->mutable_build_subscription()->set_start_ordinal(1);
    EXPECT_OK(RunCommand(store(), std::move(command)).error);
  }
  EXPECT_EQ(harness_.Dump().at("active_set"), before.at("active_set"));
  EXPECT_EQ(Now("member").build_ordinal(), 0u);
}

}  // namespace
}  // namespace emptychair::storage
