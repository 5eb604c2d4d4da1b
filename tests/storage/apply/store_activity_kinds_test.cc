// Activity kinds: their zones, how many there are, and how they go.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "common/base/errors.h"
#include "storage/format/changes.h"
#include "storage/format/keys.h"
#include "storage/format/values.h"
#include "tests/storage/harness/activity_harness.h"

namespace emptychair::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class StoreActivityKindsTest : public StoreTest {
 protected:
  CommandResult Define(const std::string& kind, const std::string& zone) {
    return DefineKind(store(), kind, zone);
  }
  CommandResult Delete(uint32_t kind_number) {
    return RunCommand(store(), DeleteKindCommand(kind_number));
  }

  store::v1::StoredActivityKind Now(const std::string& kind) {
    const std::shared_ptr<const View> view = store().view();
    const ActivityKindView* found = view->FindKind(kind);
    EXPECT_NE(found, nullptr) << kind;
    return found == nullptr ? store::v1::StoredActivityKind() : *found->definition;
  }

  // Commands are answered in order, so the purge has gone on by a step with each of these.
  void WaitForPurge(uint32_t kind_number) {
    while (harness_.Dump().at("meta").count(ActivityKindKey(kind_number)) != 0) {
      RunCommand(store(), NewCommand());
    }
  }

  // Deletes the kind in a store that stops before the first step of the purge.
  void DeleteAndStop(uint32_t kind_number) {
    absl::Notification stopped;
    {
      Brake brake(store());
      store().Enqueue(DeleteKindCommand(kind_number), false, [&](CommandResult result) {
        EXPECT_OK(result.error);
        store().Stop();
        stopped.Notify();
      });
    }
    stopped.WaitForNotification();
    harness_.Close();
  }

  uint64_t sequence() { return store().view()->counters.sequence(); }
};

INSTANTIATE_TEST_SUITE_P(Places, StoreActivityKindsTest,
                         ::testing::Values(Place::kMemory, Place::kDisk), PlaceName);

TEST_P(StoreActivityKindsTest, AreDeclaredOnceAndChangedUntilTheyAreUsed) {
  const CommandResult first = Define("visit", "Asia/Tokyo");
  ASSERT_OK(first.error);
  EXPECT_EQ(first.activity_kind->kind_number(), 1u);
  EXPECT_EQ(first.activity_kind->sequence(), 1u);
  EXPECT_EQ(first.activity_kind->create_time_ms(), kNoonMs);
  EXPECT_EQ(Define("visit", "Asia/Tokyo").sequence, 1u) << "the same again";
  const CommandResult changed = Define("visit", "Europe/Berlin");
  ASSERT_OK(changed.error);
  EXPECT_EQ(changed.activity_kind->zone_revision(), 1u);
  EXPECT_EQ(Define("call", "UTC").activity_kind->kind_number(), 2u);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(Now("visit").time_zone(), "Europe/Berlin");
    EXPECT_EQ(Now("visit").sequence(), 2u);
    EXPECT_EQ(Now("visit").kind_number(), 1u);
    EXPECT_EQ(Now("call").sequence(), 3u);
    EXPECT_THAT(*store().view()->kinds, SizeIs(2));
    EXPECT_EQ(store().view()->FindKind("other"), nullptr);
    Reopen();
  }
}

TEST_P(StoreActivityKindsTest, KeepTheirZoneFromTheFirstActivityOn) {
  ASSERT_OK(Define("visit", "Asia/Tokyo").error);
  ASSERT_OK(Define("call", "Asia/Tokyo").error);
  ASSERT_EQ(RecordOne(store(), Deed{}), "accepted");
  // Even once it is erased, or taken back.
  ASSERT_OK(RunCommand(store(), EraseActivityCommand(1, "v-1")).error);
  const Deed call{.kind_number = 2, .kind = "call"};
  ASSERT_THAT(Record(store(), {call}, "june"), ElementsAre("accepted"));
  ASSERT_EQ(RunCommand(store(), TakeBackCommand(2, 1, {IdOf(call, store().hash())})).changed, 1);
  const uint64_t before = sequence();
  for (int round = 0; round < 2; ++round) {
    for (const std::string kind : {"visit", "call"}) {
      const absl::Status error = Define(kind, "UTC").error;
      EXPECT_THAT(error, testing::HasReason(v1::ERROR_REASON_KIND_HAS_ACTIVITIES));
      EXPECT_EQ(error.code(), absl::StatusCode::kFailedPrecondition);
      EXPECT_EQ(MetadataOf(error)["field"], "time_zone");
      EXPECT_EQ(MetadataOf(error)["kind"], kind);
      EXPECT_OK(Define(kind, "Asia/Tokyo").error);
      EXPECT_EQ(Now(kind).time_zone(), "Asia/Tokyo");
    }
    EXPECT_EQ(sequence(), before);
    Reopen();
  }
}

TEST_P(StoreActivityKindsTest, UsedBeforeTheyAreDeclaredAreDeclaredInUtc) {
  const Deed visit{.kind_number = 0};
  const Deed call{.kind_number = 0, .kind = "call", .id = "c-1"};
  const CommandResult result =
      RunCommand(store(), RecordCommand(store().hash(), {visit, call, visit}));
  EXPECT_THAT(ToText(result.outcomes), ElementsAre("accepted", "accepted", "existed"));
  EXPECT_THAT(result.created_kinds, ElementsAre("visit", "call"));
  EXPECT_EQ(result.sequence, 4u);
  EXPECT_EQ(Now("visit").time_zone(), "UTC");
  EXPECT_EQ(Now("visit").create_time_ms(), kNoonMs);
  EXPECT_EQ(Now("call").kind_number(), 2u);
  // Whoever does not know the number yet says the name.
  Deed second = visit;
  second.id = "v-2";
  const CommandResult again = RunCommand(store(), RecordCommand(store().hash(), {second, visit}));
  EXPECT_THAT(ToText(again.outcomes), ElementsAre("accepted", "existed"));
  EXPECT_THAT(again.created_kinds, IsEmpty());
  EXPECT_OK(Define("visit", "UTC").error);
  EXPECT_THAT(Define("visit", "Asia/Tokyo").error,
              testing::HasReason(v1::ERROR_REASON_KIND_HAS_ACTIVITIES));
}

TEST_P(StoreActivityKindsTest, SendBackAnActivityThatComesWithAnotherZonesOffset) {
  ASSERT_OK(Define("visit", "UTC").error);
  ASSERT_OK(Define("visit", "Asia/Tokyo").error);
  // Its offset was found before the change; or before the kind was declared, in UTC.
  for (const Deed& late : {Deed{}, Deed{.kind_number = 0}}) {
    const CommandResult result = RunCommand(store(), RecordCommand(store().hash(), {late}));
    ASSERT_THAT(ToText(result.outcomes), ElementsAre("KIND_CHANGED"));
    EXPECT_EQ(result.outcomes[0].error.code(), absl::StatusCode::kUnavailable);
    EXPECT_TRUE(RetryDelayOf(result.outcomes[0].error).has_value());
    EXPECT_EQ(MetadataOf(result.outcomes[0].error)["kind"], "visit");
    EXPECT_THAT(result.created_kinds, IsEmpty());
  }
  EXPECT_EQ(store().view()->counters.last_customer_ordinal(), 0u);
  EXPECT_EQ(sequence(), 2u);
  const Deed right{.zone_revision = 1, .zone_offset_seconds = 9 * 3'600};
  EXPECT_EQ(RecordOne(store(), right), "accepted");
  // A retry ends as the first try did, whatever it was made from.
  EXPECT_EQ(RecordOne(store(), Deed{}), "existed");
  EXPECT_EQ(RecordOne(store(), Deed{.kind_number = 0}), "existed");
}

TEST_P(StoreActivityKindsTest, AreAtMost256) {
  for (int i = 1; i <= 255; ++i) {
    ASSERT_OK(Define(absl::StrCat("kind-", i), "UTC").error);
  }
  const Deed used{.kind_number = 0, .kind = "kind-256"};
  ASSERT_EQ(RecordOne(store(), used), "accepted");
  for (int round = 0; round < 2; ++round) {
    const absl::Status error = Define("visit", "UTC").error;
    EXPECT_THAT(error, testing::HasReason(v1::ERROR_REASON_LIMIT_REACHED));
    EXPECT_EQ(MetadataOf(error)["limit"], "256");
    EXPECT_THAT(Record(store(), {Deed{.kind_number = 0}, used}),
                ElementsAre("LIMIT_REACHED", "existed"));
    EXPECT_EQ(sequence(), 257u);
    EXPECT_EQ(store().view()->FindKind("visit"), nullptr);
    Reopen();
  }
  // One that is being purged still takes its place.
  std::vector<CommandPtr> commands;
  commands.push_back(DeleteKindCommand(7));
  commands.push_back(DefineKindCommand("visit", "UTC"));
  const std::vector<CommandResult> results = RunInOneGroup(store(), std::move(commands));
  EXPECT_OK(results[0].error);
  EXPECT_THAT(results[1].error, testing::HasReason(v1::ERROR_REASON_LIMIT_REACHED));
  WaitForPurge(7);
  EXPECT_EQ(Define("visit", "UTC").activity_kind->kind_number(), 257u);
}

TEST_P(StoreActivityKindsTest, AreInTheChangeLog) {
  ASSERT_OK(Define("visit", "UTC").error);
  ASSERT_OK(Define("visit", "Asia/Tokyo").error);
  ASSERT_EQ(RecordOne(store(), Deed{.kind_number = 0, .kind = "call"}), "accepted");
  ASSERT_OK(Delete(1).error);
  WaitForPurge(1);
  std::vector<ChangeLogEntry> changes;
  EXPECT_OK(store().changes().Read(*store().view(), 0, [&](uint64_t, const ChangeLogEntry& change) {
    if (change.entity == Entity::kActivityKind) {
      changes.push_back(change);
    }
    return true;
  }));
  EXPECT_THAT(changes,
              ElementsAre(ChangeLogEntry{ChangeKind::kCreated, Entity::kActivityKind, 1, Uuid()},
                          ChangeLogEntry{ChangeKind::kChanged, Entity::kActivityKind, 1, Uuid()},
                          ChangeLogEntry{ChangeKind::kCreated, Entity::kActivityKind, 2, Uuid()},
                          ChangeLogEntry{ChangeKind::kDeleted, Entity::kActivityKind, 1, Uuid()}));
  // The purge takes no sequence.
  EXPECT_EQ(sequence(), 5u);
}

TEST_P(StoreActivityKindsTest, DeletedAreHiddenAtOnceAndTheirNameIsFree) {
  ASSERT_OK(Define("visit", "Asia/Tokyo").error);
  const Deed tokyo{.amount = Euros(1), .zone_offset_seconds = 9 * 3'600};
  ASSERT_THAT(Record(store(), {tokyo}, "june"), ElementsAre("accepted"));
  std::vector<CommandPtr> commands;
  commands.push_back(DeleteKindCommand(1));
  commands.push_back(RecordCommand(store().hash(), {tokyo}));
  commands.push_back(EraseActivityCommand(1, "v-1"));
  commands.push_back(TakeBackCommand(1, 1, {IdOf(tokyo, store().hash())}));
  commands.push_back(DeleteKindCommand(1));
  commands.push_back(RecordCommand(store().hash(), {Deed{.kind_number = 0}}, "june"));
  const std::vector<CommandResult> results = RunInOneGroup(store(), std::move(commands));
  ASSERT_OK(results[0].error);
  EXPECT_THAT(ToText(results[1].outcomes), ElementsAre("KIND_NOT_FOUND"));
  for (const size_t i : {2, 3, 4}) {
    EXPECT_THAT(results[i].error, testing::HasReason(v1::ERROR_REASON_KIND_NOT_FOUND)) << i;
  }
  // Another kind of that name, which knows nothing of the first.
  EXPECT_THAT(ToText(results[5].outcomes), ElementsAre("accepted"));
  EXPECT_THAT(results[5].created_kinds, ElementsAre("visit"));
  WaitForPurge(1);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(Now("visit").kind_number(), 2u);
    EXPECT_EQ(Now("visit").time_zone(), "UTC");
    EXPECT_THAT(ActivitiesOf(store(), "visit"), SizeIs(1));
    EXPECT_EQ(store().view()->FindKind("visit")->imports->NumberOf("june"), 2u);
    EXPECT_EQ(store().view()->counters.activity_count(), 1u);
    EXPECT_THAT(FindFaults(harness_.Dump()), IsEmpty());
    Reopen();
  }
}

TEST_P(StoreActivityKindsTest, DeletedArePurgedInStepsThatGoOnAfterARestart) {
  ASSERT_OK(Define("visit", "UTC").error);
  ASSERT_OK(Define("call", "UTC").error);
  ASSERT_OK(CreateSurvey(store(), NpsSurvey("pulse")).error);
  constexpr int kDeeds = 2'300;
  std::vector<Deed> deeds;
  for (int i = 0; i < kDeeds; ++i) {
    deeds.push_back({.id = absl::StrCat("v-", i),
                     .customer_id = absl::StrCat("c-", i % 200),
                     .time_ms = kNoonMs + i % 50 * 7'000'000,
                     .amount = Euros(i % 3 - 1)});
  }
  ASSERT_THAT(Record(store(), deeds, "june"), ::testing::Each("accepted"));
  ASSERT_OK(RunCommand(store(), EraseActivityCommand(1, "v-5")).error);
  Deed call = deeds[7];
  call.kind = "call";
  call.kind_number = 2;
  ASSERT_THAT(Record(store(), {call}, "june"), ElementsAre("accepted"));
  ASSERT_EQ(ToText(SubmitOne(store(), {.id = 1, .score = 9, .customer_id = "c-1"})), "accepted");
  ASSERT_NO_FATAL_FAILURE(DeleteAndStop(1));
  // One step for each start, while there are activities.
  for (size_t left = kDeeds + 1; left > 1;) {
    ASSERT_OK(harness_.Open());
    EXPECT_EQ(store().view()->FindKind("visit"), nullptr);
    store().Stop();
    harness_.Close();
    const DatabaseDump now = harness_.Dump();
    EXPECT_THAT(FindFaults(now), IsEmpty());
    ASSERT_LT(now.at("activity").size(), left);
    left = now.at("activity").size();
  }
  ASSERT_OK(harness_.Open());
  WaitForPurge(1);
  harness_.Close();
  const DatabaseDump dump = harness_.Dump();
  EXPECT_THAT(dump.at("activity"), SizeIs(1));
  EXPECT_THAT(dump.at("activity_by_customer"), SizeIs(1));
  EXPECT_THAT(dump.at("activity_by_id"), SizeIs(1));
  for (const auto& [key, value] : dump.at("active_set")) {
    EXPECT_EQ(CustomerSetKey::Decode(key)->kind_number, 2u);
  }
  EXPECT_EQ(dump.at("meta").count(ImportKey(1)), 0u);
  EXPECT_EQ(dump.at("meta").count(ImportKey(2)), 1u);
  EXPECT_THAT(dump.at("feedback"), SizeIs(1));
  ASSERT_OK(harness_.Open());
  EXPECT_EQ(store().view()->counters.activity_count(), 1u);
  EXPECT_EQ(store().view()->counters.last_customer_ordinal(), 200u) << "customers stay";
  EXPECT_EQ(RecordOne(store(), call), "existed");
  EXPECT_EQ(Define("visit", "Asia/Tokyo").activity_kind->kind_number(), 3u);
}

TEST_P(StoreActivityKindsTest, MustBeThereToBeDeleted) {
  EXPECT_THAT(Delete(1).error, testing::HasReason(v1::ERROR_REASON_KIND_NOT_FOUND));
  EXPECT_THAT(Record(store(), {Deed{.kind_number = 1}}), ElementsAre("KIND_NOT_FOUND"));
  EXPECT_EQ(sequence(), 0u);
  EXPECT_EQ(store().view()->counters.last_customer_ordinal(), 0u);
}

}  // namespace
}  // namespace emptychair::storage
