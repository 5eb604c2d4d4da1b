// Activities: what is stored once, refused, erased and taken back.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "storage/format/changes.h"
#include "tests/storage/harness/activity_harness.h"

namespace emptychair::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class StoreActivitiesTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    ASSERT_OK(DefineKind(store(), "visit", "UTC").error);
  }

  CommandResult Erase(const std::string& activity_id, uint32_t kind_number = 1) {
    return RunCommand(store(), EraseActivityCommand(kind_number, activity_id));
  }

  CommandResult TakeBack(uint32_t import_number, const std::vector<Deed>& deeds) {
    std::vector<Uuid> ids;
    for (const Deed& deed : deeds) {
      ids.push_back(IdOf(deed, store().hash()));
    }
    return RunCommand(store(), TakeBackCommand(1, import_number, ids));
  }

  std::optional<uint32_t> NumberOf(const std::string& import_id, const std::string& kind) {
    return store().view()->FindKind(kind)->imports->NumberOf(import_id);
  }

  std::vector<ChangeLogEntry> ChangesAfter(uint64_t after) {
    std::vector<ChangeLogEntry> changes;
    EXPECT_OK(
        store().changes().Read(*store().view(), after, [&](uint64_t, const ChangeLogEntry& change) {
          changes.push_back(change);
          return true;
        }));
    return changes;
  }

  uint64_t sequence() { return store().view()->counters.sequence(); }
  uint64_t count() { return store().view()->counters.activity_count(); }
};

INSTANTIATE_TEST_SUITE_P(Places, StoreActivitiesTest,
                         ::testing::Values(Place::kMemory, Place::kDisk), PlaceName);

const Deed kPlain{};
const Deed kPurchase{.id = "v-2",
                     .customer_id = "bob",
                     .time_ms = kNoonMs + 5,
                     .amount = Euros(12, 500'000'000),
                     .labels = {{"shop", "7"}, {"city", "Ulm"}}};

TEST_P(StoreActivitiesTest, AreStoredAsTheyCame) {
  EXPECT_THAT(Record(store(), {kPurchase, kPlain}), ElementsAre("accepted", "accepted"));
  for (int round = 0; round < 2; ++round) {
    const std::vector<ActivityRecord> activities = ActivitiesOf(store(), "visit");
    ASSERT_THAT(activities, SizeIs(2));
    EXPECT_EQ(activities[0].id, IdOf(kPlain, store().hash()));
    EXPECT_EQ(activities[0].header.amount, std::nullopt);
    EXPECT_EQ(activities[1].id.UnixMs(), kNoonMs + 5);
    EXPECT_EQ(activities[1].header.amount, Euros(12, 500'000'000));
    EXPECT_EQ(activities[1].body.activity_id(), "v-2");
    EXPECT_EQ(activities[1].body.receive_time_ms(), kNoonMs + 1'000);
    ASSERT_EQ(activities[1].body.labels_size(), 2);
    EXPECT_EQ(activities[1].body.labels(0).key(), "city");
    EXPECT_EQ(activities[1].body.labels(1).value(), "7");
    // Numbers of customers follow the order in which they came.
    EXPECT_THAT(ActivitiesOf(store(), "visit", 1), SizeIs(1));
    EXPECT_EQ(ActivitiesOf(store(), "visit", 2)[0].body.activity_id(), "v-1");
    EXPECT_EQ(count(), 2u);
    EXPECT_EQ(sequence(), 3u);
    Reopen();
  }
}

TEST_P(StoreActivitiesTest, SentAgainAreTheSame) {
  ASSERT_EQ(RecordOne(store(), kPurchase), "accepted");
  const DatabaseDump before = harness_.Dump();
  Deed without_time = kPurchase;
  without_time.sends_time = false;
  without_time.time_ms += 86'400'000;  // The server's clock went on.
  for (int round = 0; round < 2; ++round) {
    for (const Deed& again : {kPurchase, without_time}) {
      const CommandResult result = RunCommand(store(), RecordCommand(store().hash(), {again}));
      EXPECT_THAT(ToText(result.outcomes), ElementsAre("existed"));
      // The caller hears of the first one's id and times.
      EXPECT_EQ(result.outcomes[0].id, IdOf(kPurchase, store().hash()));
      EXPECT_EQ(result.outcomes[0].receive_time_ms, kNoonMs + 1'000);
      EXPECT_EQ(result.sequence, 2u);
      EXPECT_THAT(result.created_kinds, IsEmpty());
    }
    EXPECT_EQ(harness_.Dump(), before);
    Reopen();
  }
}

TEST_P(StoreActivitiesTest, SentAgainWithAnythingElseAreRefusedAndStay) {
  ASSERT_THAT(Record(store(), {kPurchase, kPlain}), ElementsAre("accepted", "accepted"));
  const DatabaseDump before = harness_.Dump();
  std::vector<std::pair<std::string, Deed>> others;
  const auto add = [&](const std::string& fields, auto change) {
    Deed other = kPurchase;
    change(other);
    others.emplace_back(fields, other);
  };
  add("customer_id", [](Deed& deed) { deed.customer_id = "anna"; });
  add("customer_id", [](Deed& deed) { deed.customer_id = "nobody yet"; });
  add("occur_time", [](Deed& deed) { ++deed.time_ms; });
  add("amount", [](Deed& deed) { deed.amount = std::nullopt; });
  add("amount", [](Deed& deed) { deed.amount = Euros(12); });
  add("amount", [](Deed& deed) { deed.amount = Euros(-12, -500'000'000); });
  add("amount", [](Deed& deed) { deed.amount->currency = {'U', 'S', 'D'}; });
  add("labels", [](Deed& deed) { deed.labels.pop_back(); });
  add("labels", [](Deed& deed) { deed.labels[0].second = "8"; });
  add("labels", [](Deed& deed) { deed.labels[0].first = "show"; });
  add("labels", [](Deed& deed) { deed.labels.emplace_back("x", "y"); });
  add("customer_id, occur_time, amount, labels", [](Deed& deed) {
    deed = Deed{.id = "v-2", .customer_id = "cat", .labels = {{"a", "b"}}};
  });
  for (const auto& [fields, other] : others) {
    const CommandResult result = RunCommand(store(), RecordCommand(store().hash(), {other}));
    ASSERT_THAT(ToText(result.outcomes), ElementsAre("CONTENT_DIFFERS")) << fields;
    EXPECT_THAT(std::string(result.outcomes[0].error.message()),
                ::testing::HasSubstr(absl::StrCat("another ", fields, ";")));
    EXPECT_EQ(MetadataOf(result.outcomes[0].error)["kind"], "visit");
    EXPECT_EQ(MetadataOf(result.outcomes[0].error)["activity_id"], "v-2");
    EXPECT_EQ(harness_.Dump(), before) << fields;
  }
  // Nor does an amount come to one that had none, be it zero.
  Deed zero = kPlain;
  zero.amount = Euros(0);
  EXPECT_EQ(RecordOne(store(), zero), "CONTENT_DIFFERS");
}

TEST_P(StoreActivitiesTest, OfAnotherKindAreOthers) {
  ASSERT_OK(DefineKind(store(), "call", "UTC").error);
  Deed call = kPurchase;
  call.kind = "call";
  call.kind_number = 2;
  EXPECT_THAT(Record(store(), {kPurchase, call}), ElementsAre("accepted", "accepted"));
  EXPECT_THAT(ActivitiesOf(store(), "visit"), SizeIs(1));
  EXPECT_THAT(ActivitiesOf(store(), "call"), SizeIs(1));
  ASSERT_OK(Erase("v-2").error);
  EXPECT_EQ(RecordOne(store(), call), "existed");
}

TEST_P(StoreActivitiesTest, HaveAmountsOfEveryAllowedSize) {
  const int64_t kMost = 1'000'000'000'000;
  const std::vector<Amount> amounts = {
      Euros(0),     Euros(kMost),          Euros(-kMost),          Euros(0, 1),
      Euros(0, -1), Euros(3, 999'999'999), Euros(-3, -999'999'999)};
  for (const Amount& amount : amounts) {
    Deed deed = kPlain;
    deed.id = absl::StrCat(amount.units, ".", amount.nanos);
    deed.customer_id = deed.id;
    deed.amount = amount;
    ASSERT_EQ(RecordOne(store(), deed), "accepted");
    EXPECT_EQ(RecordOne(store(), deed), "existed");
    EXPECT_EQ(ActivitiesOf(store(), "visit", sequence() - 1)[0].header.amount, amount);
  }
}

TEST_P(StoreActivitiesTest, ErasedLeaveTheirIdUsed) {
  ASSERT_THAT(Record(store(), {kPlain, kPurchase}), ElementsAre("accepted", "accepted"));
  ASSERT_EQ(sequence(), 3u);
  for (int round = 0; round < 2; ++round) {
    const CommandResult erased = Erase("v-2");
    EXPECT_OK(erased.error);
    EXPECT_EQ(erased.sequence, 4u) << "erased again, nothing changes";
    Deed other = kPurchase;
    other.customer_id = "cat";
    other.sends_time = false;
    ++other.time_ms;
    EXPECT_THAT(Record(store(), {kPurchase, other}), ElementsAre("ERASED", "ERASED"));
    EXPECT_EQ(sequence(), 4u);
    EXPECT_EQ(count(), 1u);
    EXPECT_THAT(ActivitiesOf(store(), "visit"), SizeIs(1));
    EXPECT_THAT(ActivitiesOf(store(), "visit", 2), IsEmpty());
    EXPECT_THAT(FindFaults(harness_.Dump()), IsEmpty());
    Reopen();
  }
  // Nothing of it is left but ids.
  for (const auto& [family, entries] : harness_.Dump()) {
    for (const auto& [key, value] : entries) {
      EXPECT_EQ((key + value).find("Ulm"), std::string::npos) << family;
      EXPECT_EQ((key + value).find("v-2"), std::string::npos) << family;
    }
  }
}

TEST_P(StoreActivitiesTest, ErasedMustHaveBeenThere) {
  const absl::Status error = Erase("v-9").error;
  EXPECT_THAT(error, testing::HasReason(v1::ERROR_REASON_ACTIVITY_NOT_FOUND));
  EXPECT_EQ(MetadataOf(error)["kind"], "visit");
  EXPECT_EQ(MetadataOf(error)["activity_id"], "v-9");
  EXPECT_THAT(Erase("v-9", /*kind_number=*/9).error,
              testing::HasReason(v1::ERROR_REASON_KIND_NOT_FOUND));
  EXPECT_EQ(sequence(), 1u);
}

TEST_P(StoreActivitiesTest, OfAnImportKnowIt) {
  ASSERT_OK(DefineKind(store(), "call", "UTC").error);
  Deed call = kPlain;
  call.kind = "call";
  call.kind_number = 2;
  ASSERT_EQ(RecordOne(store(), kPlain), "accepted");
  EXPECT_THAT(Record(store(), {kPlain, kPurchase}, "june"), ElementsAre("existed", "accepted"));
  // The same name in another kind is another import.
  EXPECT_THAT(Record(store(), {call}, "june"), ElementsAre("accepted"));
  EXPECT_THAT(Record(store(), {call}, "july"), ElementsAre("existed"));
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(NumberOf("june", "visit"), 1u);
    EXPECT_EQ(NumberOf("june", "call"), 2u);
    EXPECT_EQ(NumberOf("july", "call"), std::nullopt) << "it stored nothing";
    EXPECT_EQ(ActivitiesOf(store(), "visit")[0].body.import_number(), kNoImport);
    EXPECT_EQ(ActivitiesOf(store(), "visit")[1].body.import_number(), 1u);
    EXPECT_EQ(ActivitiesOf(store(), "call")[0].body.import_number(), 2u);
    Reopen();
  }
}

TEST_P(StoreActivitiesTest, TakenBackLeaveNoTraceAndFreeTheirIds) {
  Deed second = kPurchase;
  second.id = "v-3";
  ASSERT_EQ(RecordOne(store(), kPlain), "accepted");
  ASSERT_THAT(Record(store(), {kPurchase, second}, "june"), ElementsAre("accepted", "accepted"));
  ASSERT_OK(Erase("v-3").error);
  // Not what came otherwise, nor what is erased.
  EXPECT_EQ(TakeBack(1, {kPlain, kPurchase, second}).changed, 1);
  EXPECT_EQ(sequence(), 6u);
  EXPECT_EQ(count(), 1u);
  EXPECT_EQ(TakeBack(1, {kPlain, kPurchase, second}).changed, 0);
  EXPECT_EQ(sequence(), 6u);
  EXPECT_THAT(Erase("v-2").error, testing::HasReason(v1::ERROR_REASON_ACTIVITY_NOT_FOUND));
  Reopen();
  EXPECT_THAT(FindFaults(harness_.Dump()), IsEmpty());
  Deed right = kPurchase;
  right.customer_id = "cat";
  EXPECT_THAT(Record(store(), {right, second}, "july"), ElementsAre("accepted", "ERASED"));
  EXPECT_EQ(ActivitiesOf(store(), "visit")[1].body.import_number(), NumberOf("july", "visit"));
  EXPECT_THAT(RunCommand(store(), TakeBackCommand(9, 1, {})).error,
              testing::HasReason(v1::ERROR_REASON_KIND_NOT_FOUND));
}

TEST_P(StoreActivitiesTest, AreInTheChangeLog) {
  ASSERT_EQ(RecordOne(store(), kPlain), "accepted");
  ASSERT_THAT(Record(store(), {kPurchase, kPlain}, "june"), ElementsAre("accepted", "existed"));
  ASSERT_OK(Erase("v-1").error);
  ASSERT_OK(Erase("v-1").error);
  ASSERT_EQ(TakeBack(1, {kPurchase}).changed, 1);
  const Uuid plain = IdOf(kPlain, store().hash());
  const Uuid purchase = IdOf(kPurchase, store().hash());
  EXPECT_THAT(ChangesAfter(0),
              ElementsAre(ChangeLogEntry{ChangeKind::kCreated, Entity::kActivityKind, 1, Uuid()},
                          ChangeLogEntry{ChangeKind::kCreated, Entity::kActivity, 1, plain},
                          ChangeLogEntry{ChangeKind::kCreated, Entity::kActivity, 1, purchase},
                          ChangeLogEntry{ChangeKind::kErased, Entity::kActivity, 1, plain},
                          ChangeLogEntry{ChangeKind::kErased, Entity::kActivity, 1, purchase}));
}

TEST_P(StoreActivitiesTest, ShareCustomersWithFeedback) {
  ASSERT_OK(CreateSurvey(store(), NpsSurvey("pulse")).error);
  EXPECT_EQ(ToText(SubmitOne(store(), {.id = 1, .score = 9, .customer_id = "bob"})), "accepted");
  ASSERT_THAT(Record(store(), {kPlain, kPurchase}), ElementsAre("accepted", "accepted"));
  EXPECT_EQ(ActivitiesOf(store(), "visit", 1)[0].body.activity_id(), "v-2");
  EXPECT_EQ(ToText(SubmitOne(store(), {.id = 2, .score = 9, .customer_id = "anna"})), "accepted");
  EXPECT_EQ(store().view()->counters.last_customer_ordinal(), 2u);
}

TEST_P(StoreActivitiesTest, ThatShareAnEntryAreToldApart) {
  const std::vector<std::string> ids = IdsThatShareTheirStart(store().hash(), "visit", kNoonMs, 3);
  std::vector<Deed> deeds;
  for (const std::string& id : ids) {
    deeds.push_back({.id = id});
  }
  deeds[1].amount = Euros(5);
  ASSERT_THAT(Record(store(), deeds), ElementsAre("accepted", "accepted", "accepted"));
  const DatabaseDump dump = harness_.Dump();
  EXPECT_THAT(dump.at("activity_by_customer"), SizeIs(1));
  EXPECT_THAT(FindFaults(dump), IsEmpty());
  EXPECT_THAT(ActivitiesOf(store(), "visit", 1), SizeIs(3));
  // Of another customer at the same time too: an entry of its own.
  Deed other = deeds[2];
  other.id = "other";
  other.customer_id = "bob";
  ASSERT_EQ(RecordOne(store(), other), "accepted");
  EXPECT_THAT(ActivitiesOf(store(), "visit", 1), SizeIs(3));
  for (const std::string& id : {ids[1], ids[0], ids[2]}) {
    ASSERT_OK(Erase(id).error);
    EXPECT_THAT(FindFaults(harness_.Dump()), IsEmpty()) << id;
  }
  EXPECT_THAT(harness_.Dump().at("activity_by_customer"), SizeIs(1));
}

// What a group has put is not stored yet when its next command is judged.
TEST_P(StoreActivitiesTest, AreJudgedByWhatCameBeforeInTheirGroup) {
  const KeyedHash& hash = store().hash();
  Deed other = kPurchase;
  other.amount = std::nullopt;
  Deed late = kPurchase;
  late.id = "v-3";
  late.time_ms -= 40 * 86'400'000LL;
  std::vector<CommandPtr> commands;
  commands.push_back(RecordCommand(hash, {kPurchase, kPurchase, late}, "june"));
  commands.push_back(RecordCommand(hash, {kPurchase, other}));
  commands.push_back(TakeBackCommand(1, 1, {IdOf(kPurchase, hash)}));
  commands.push_back(RecordCommand(hash, {other}));
  commands.push_back(EraseActivityCommand(1, "v-2"));
  commands.push_back(RecordCommand(hash, {other, late}));
  const std::vector<CommandResult> results = RunInOneGroup(store(), std::move(commands));
  EXPECT_THAT(ToText(results[0].outcomes), ElementsAre("accepted", "existed", "accepted"));
  EXPECT_THAT(ToText(results[1].outcomes), ElementsAre("existed", "CONTENT_DIFFERS"));
  EXPECT_EQ(results[2].changed, 1);
  EXPECT_THAT(ToText(results[3].outcomes), ElementsAre("accepted"));
  EXPECT_OK(results[4].error);
  EXPECT_THAT(ToText(results[5].outcomes), ElementsAre("ERASED", "existed"));
  EXPECT_EQ(count(), 1u);
}

}  // namespace
}  // namespace emptychair::storage
