// Verify names each kind of damage to activities and their indexes.
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "storage/format/activities.h"
#include "storage/format/external_ids.h"
#include "storage/format/keys.h"
#include "storage/format/values.h"
#include "tests/storage/check/activity_store.h"

namespace emptychair::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;
using ::testing::UnorderedElementsAreArray;

TEST(VerifyActivities, FindsNothingInASoundStore) {
  ActivityStore store;
  const Verdict verdict = VerifyNow(store.store());
  EXPECT_THAT(verdict.differences, IsEmpty());
  EXPECT_EQ(verdict.summary.records, 0);
  // Three by customer, four by id.
  EXPECT_EQ(verdict.summary.index_entries, 7);
  EXPECT_EQ(RebuildNow(store.store()).rows_corrected, 0);
}

std::vector<DamageCase> RecordDamages() {
  const auto change = [](std::function<void(ActivityHeader&, store::v1::StoredActivity&)> how) {
    return [how = std::move(how)](PlainDatabase& database, const DatabaseDump& dump) {
      PutBens(database, dump, how);
    };
  };
  return {
      {"an activity's message does not decode",
       [](PlainDatabase& database, const DatabaseDump& dump) {
         database.Put("activity", KeyOf(dump, 2), dump.at("activity").at(KeyOf(dump, 2)) + "\xff");
       },
       ElementsAre(HasSubstr("of kind visit: a message that does not decode / ")), SizeIs(1)},
      {"an activity's key does not decode",
       [](PlainDatabase& database, const DatabaseDump&) { database.Put("activity", "key", "v"); },
       ElementsAre("UNDECODABLE activity: the entry under 6b6579: bytes that do not decode / "),
       SizeIs(1)},
      {"an activity is newer than the store",
       change([](ActivityHeader& header, auto&) { header.sequence = 99; }),
       ElementsAre(HasSubstr("of kind visit: sequence 99 / 1 to 7")), SizeIs(1)},
      {"an activity is of an import that its kind does not have",
       change([](auto&, store::v1::StoredActivity& body) { body.set_import_number(3); }),
       ElementsAre(HasSubstr("of kind visit: import 3 / an import of its kind")), SizeIs(1)},
      {"an activity has another id than its own",
       change([](auto&, store::v1::StoredActivity& body) { body.set_activity_id("v-5"); }),
       UnorderedElementsAre(
           HasSubstr(": an id of its own / the one made of kind, activity_id and time"),
           StartsWith("INDEX_ENTRY_MISSING activity_by_id: the entry of the activity "),
           StartsWith("INDEX_ENTRY_EXTRA activity_by_id: an entry of an activity of ")),
       SizeIs(3)},
      {"an activity has no id",
       change([](auto&, store::v1::StoredActivity& body) { body.clear_activity_id(); }),
       UnorderedElementsAre(HasSubstr(": no activity_id / one"),
                            StartsWith("INDEX_ENTRY_EXTRA activity_by_id: ")),
       SizeIs(2)},
      {"an erased activity's id is none",
       [](PlainDatabase& database, const DatabaseDump& dump) {
         ActivityKey key = *ActivityKey::Decode(KeyOf(dump, 0));
         database.Delete("activity", key.Encode());
         key.id.bytes[6] = 0;
         database.Put("activity", key.Encode(), EncodeTombstone(7));
       },
       UnorderedElementsAre(HasSubstr(": an id of its own / "),
                            StartsWith("INDEX_ENTRY_EXTRA activity_by_id: an entry of the erased "),
                            StartsWith("INDEX_ENTRY_MISSING activity_by_id: the entries of erased "
                                       "activities of kind visit: 0 entries / 1 entries")),
       SizeIs(3)},
      {"the count of activities is behind",
       [](PlainDatabase& database, const DatabaseDump& dump) {
         store::v1::StoredCounters counters;
         ASSERT_TRUE(DecodeMessage(dump.at("meta").at(CountersKey()), counters));
         counters.set_activity_count(2);
         database.Put("meta", CountersKey(), EncodeMessage(counters));
       },
       ElementsAre("COUNTER meta: the count of activities: 2 / 3"), SizeIs(1)},
      {"a kind was never given out",
       [](PlainDatabase& database, const DatabaseDump& dump) {
         store::v1::StoredCounters counters;
         ASSERT_TRUE(DecodeMessage(dump.at("meta").at(CountersKey()), counters));
         counters.set_last_kind_number(1);
         database.Put("meta", CountersKey(), EncodeMessage(counters));
       },
       ElementsAre("COUNTER meta: the number of kind purchase: 2 / 1 to 1"), SizeIs(1)},
      {"a kind is newer than the store",
       [](PlainDatabase& database, const DatabaseDump& dump) {
         store::v1::StoredActivityKind kind;
         ASSERT_TRUE(DecodeMessage(dump.at("meta").at(ActivityKindKey(2)), kind));
         kind.set_sequence(8);
         database.Put("meta", ActivityKindKey(2), EncodeMessage(kind));
       },
       ElementsAre("COUNTER meta: the sequence of kind purchase: 8 / 1 to 7"), SizeIs(1)},
  };
}

TEST(VerifyActivities, NamesEachDamageOfActivities) {
  CheckDamages<ActivityStore>(RecordDamages());
}

std::vector<DamageCase> IndexDamages() {
  return {
      {"an entry by customer is gone",
       [](PlainDatabase& database, const DatabaseDump& dump) {
         database.Delete("activity_by_customer", BensEntry(dump));
       },
       ElementsAre(StartsWith("INDEX_ENTRY_MISSING activity_by_customer: the entry of ")),
       SizeIs(1)},
      {"an entry by customer is another's",
       [](PlainDatabase& database, const DatabaseDump& dump) {
         database.Put("activity_by_customer", BensEntry(dump, 1), EncodeActivityMark({}));
       },
       ElementsAre("INDEX_ENTRY_EXTRA activity_by_customer: an entry of customer 1 in kind visit: "
                   "an entry / "),
       SizeIs(1)},
      {"an entry by customer has another mark",
       [](PlainDatabase& database, const DatabaseDump& dump) {
         database.Put("activity_by_customer", BensEntry(dump),
                      EncodeActivityMark({.is_positive = true, .zone_offset_seconds = 60}));
       },
       ElementsAre("INDEX_ENTRY_EXTRA activity_by_customer: an entry of customer 2 in kind visit: "
                   "a positive amount, zone offset 60 s / no positive amount, zone offset 0 s"),
       SizeIs(1)},
      {"an entry by customer does not decode",
       [](PlainDatabase& database, const DatabaseDump& dump) {
         database.Put("activity_by_customer", BensEntry(dump), "");
       },
       ElementsAre(StartsWith("UNDECODABLE activity_by_customer: the entry under 00000002")),
       SizeIs(1)},
      {"an entry by id is gone",
       [](PlainDatabase& database, const DatabaseDump& dump) {
         database.Delete("activity_by_id", EntryById(dump, true));
       },
       ElementsAre(StartsWith("INDEX_ENTRY_MISSING activity_by_id: the entry of the activity ")),
       SizeIs(1)},
      {"an entry by id is of another time",
       [](PlainDatabase& database, const DatabaseDump& dump) {
         database.Put("activity_by_id", EntryById(dump, true),
                      EncodeExternalIdEntries(
                          {{.kind = ExternalIdEntry::Kind::kDerived, .unix_ms = kNoonMs}}));
       },
       UnorderedElementsAre(
           AllOf(StartsWith("INDEX_ENTRY_MISSING activity_by_id: "), HasSubstr("others")),
           StartsWith("INDEX_ENTRY_EXTRA activity_by_id: an entry of an activity of ")),
       SizeIs(2)},
      {"an entry by id is there twice",
       [](PlainDatabase& database, const DatabaseDump& dump) {
         const std::string key = EntryById(dump, true);
         auto entries = *DecodeExternalIdEntries(dump.at("activity_by_id").at(key));
         entries.push_back(entries.front());
         database.Put("activity_by_id", key, EncodeExternalIdEntries(entries));
       },
       ElementsAre(StartsWith("INDEX_ENTRY_EXTRA activity_by_id: an entry of an activity of ")),
       SizeIs(1)},
      {"an entry by id is of a kind of entries that activities do not have",
       [](PlainDatabase& database, const DatabaseDump& dump) {
         database.Put("activity_by_id", EntryById(dump, true),
                      EncodeExternalIdEntries({{.feedback_id = BensKey(dump).id}}));
       },
       AllOf(SizeIs(3), ::testing::Contains(StartsWith("UNDECODABLE activity_by_id: "))),
       SizeIs(3)},
      {"an erased activity's entry by id is gone",
       [](PlainDatabase& database, const DatabaseDump& dump) {
         database.Delete("activity_by_id", EntryById(dump, false));
       },
       ElementsAre("INDEX_ENTRY_MISSING activity_by_id: the entries of erased activities of kind "
                   "visit: 0 entries / 1 entries"),
       SizeIs(1)},
      {"an erased activity's entry by id has the hash of another key",
       [](PlainDatabase& database, const DatabaseDump& dump) {
         const std::string key = EntryById(dump, false);
         auto entries = *DecodeExternalIdEntries(dump.at("activity_by_id").at(key));
         entries.front().hash[0] ^= 1;
         database.Put("activity_by_id", key, EncodeExternalIdEntries(entries));
       },
       ::testing::Contains(StartsWith("UNDECODABLE activity_by_id: ")), SizeIs(1)},
      {"a tombstone is gone",
       [](PlainDatabase& database, const DatabaseDump& dump) {
         database.Delete("activity", KeyOf(dump, 0));
       },
       ElementsAre(
           StartsWith("INDEX_ENTRY_EXTRA activity_by_id: an entry of the erased activity ")),
       SizeIs(1)},
  };
}

TEST(VerifyActivities, NamesEachDamageOfTheirIndexes) {
  CheckDamages<ActivityStore>(IndexDamages());
}

// What Ben's activity has in sets.
std::vector<std::string> BensSets() {
  std::vector<std::string> sets;
  for (const char* set : {"active", "first ever"}) {
    for (const char* bucket : {"day 2024-04-10", "month 2024-04"}) {
      sets.push_back(absl::StrCat("CUSTOMER_SET active_set: kind visit, ", set, ", ", bucket,
                                  ", chunk 0: 1 customer: 1 too many, 0 missing / 0 customers"));
    }
  }
  return sets;
}

// A rebuild takes out of sets only whom the index does not have either.
TEST(VerifyActivities, NamesAllThatALostActivityHad) {
  for (const bool loses_entry : {false, true}) {
    SCOPED_TRACE(loses_entry);
    ActivityStore store;
    ASSERT_NO_FATAL_FAILURE(store.Damage([&](PlainDatabase& database, const DatabaseDump& dump) {
      if (loses_entry) {
        database.Delete("activity_by_customer", BensEntry(dump));
      }
      database.Delete("activity", KeyOf(dump, 2));
    }));
    std::vector<std::string> wanted = {
        "COUNTER meta: the count of activities: 3 / 2",
        absl::StrCat("INDEX_ENTRY_EXTRA activity_by_id: an entry of "
                     "an activity of ",
                     kNoonMs + 40 * kDayMs, " ms of kind visit: an entry / ")};
    if (!loses_entry) {
      wanted.push_back(
          "INDEX_ENTRY_EXTRA activity_by_customer: an entry of customer 2 in kind "
          "visit: an entry / ");
    }
    std::vector<std::string> with_sets = wanted;
    for (const std::string& set : BensSets()) {
      with_sets.push_back(set);
    }
    EXPECT_THAT(VerifyNow(store.store()).differences, UnorderedElementsAreArray(with_sets));
    RebuildNow(store.store());
    EXPECT_THAT(VerifyNow(store.store()).differences,
                UnorderedElementsAreArray(loses_entry ? wanted : with_sets));
  }
}

TEST(VerifyActivities, LeavesOutOfSetsWhatCannotBe) {
  const struct {
    const char* name;
    std::function<void(ActivityHeader&, store::v1::StoredActivity&)> change;
    std::string wanted;
  } kCases[] = {
      {"an offset that cannot be",
       [](ActivityHeader& header, auto&) { header.zone_offset_seconds = 999'999'999; },
       "zone offset 999999999 s / one that can be"},
      {"a customer that was never given out",
       [](ActivityHeader& header, auto&) { header.customer_ordinal = 70'000; },
       "customer 70000 / one that can be"},
  };
  for (const auto& each : kCases) {
    SCOPED_TRACE(each.name);
    ActivityStore store;
    ASSERT_NO_FATAL_FAILURE(store.Damage([&](PlainDatabase& database, const DatabaseDump& dump) {
      PutBens(database, dump, each.change);
    }));
    const std::vector<std::string> found = VerifyNow(store.store()).differences;
    EXPECT_THAT(found, ::testing::Contains(HasSubstr(each.wanted)));
    EXPECT_THAT(found, ::testing::IsSupersetOf(BensSets()));
  }
}

TEST(VerifyActivities, NamesActivitiesOfNoKind) {
  ActivityStore store;
  ASSERT_NO_FATAL_FAILURE(store.Damage([](PlainDatabase& database, const DatabaseDump& dump) {
    ActivityKey key = BensKey(dump);
    key.kind_number = 9;
    database.Put("activity", key.Encode(), dump.at("activity").at(KeyOf(dump, 2)));
  }));
  EXPECT_THAT(VerifyNow(store.store()).differences,
              UnorderedElementsAre(
                  AllOf(StartsWith("UNKNOWN_SURVEY the activity "), HasSubstr("of kind number 9")),
                  StartsWith("INDEX_ENTRY_MISSING activity_by_customer: "),
                  StartsWith("INDEX_ENTRY_MISSING activity_by_id: "),
                  "COUNTER meta: the count of activities: 3 / 4"));
}

TEST(VerifyActivities, ComparesStoredOffsetsWithTheRulesOfTheZone) {
  DamageableStore store;
  ASSERT_OK(DefineKind(store.store(), "visit", "Europe/Berlin").error);
  const Deed changed = {.id = "v-2", .zone_offset_seconds = 7'200};
  const Deed wrong = {.id = "v-3"};
  Record(store.store(), {{.id = "v-1", .zone_offset_seconds = 3'600}, changed, wrong});
  const auto line = [&](const char* kind, const Deed& deed) {
    return absl::StrCat(kind, " the activity ", IdOf(deed, store.store().hash()).ToString(),
                        " of kind visit: zone offset ", deed.zone_offset_seconds,
                        " s / 3600 s in Europe/Berlin");
  };
  const Verdict verdict = VerifyNow(store.store());
  EXPECT_THAT(verdict.differences,
              UnorderedElementsAre(line("ZONE_CHANGED", changed), line("ZONE_OFFSET", wrong)));
  EXPECT_EQ(verdict.summary.zone_changes, 1);
}

TEST(VerifyActivities, LeavesKindsAloneThatArePurged) {
  ActivityStore store;
  std::vector<Deed> deeds;
  for (int i = 0; i < 2'500; ++i) {
    deeds.push_back({.id = absl::StrCat("w-", i),
                     .customer_id = absl::StrCat("c", i % 300),
                     .time_ms = kNoonMs + i % 7 * kDayMs});
  }
  Record(store.store(), deeds);
  ASSERT_OK(RunCommand(store.store(), DeleteKindCommand(1)).error);
  for (int i = 0; i < 5; ++i) {
    EXPECT_THAT(VerifyNow(store.store()).differences, IsEmpty());
    EXPECT_EQ(RebuildNow(store.store()).rows_corrected, 0);
  }
}

}  // namespace
}  // namespace emptychair::storage
