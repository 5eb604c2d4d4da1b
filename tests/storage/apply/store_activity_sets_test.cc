// Sets of customers as activities come and go, each against what is written here by hand; every
// other test has them recounted.
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "storage/format/changes.h"
#include "storage/format/customer_set.h"
#include "storage/format/keys.h"
#include "tests/storage/harness/activity_harness.h"
#include "tests/storage/harness/activity_recount.h"

namespace emptychair::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int64_t kHourMs = 3'600'000;
constexpr int64_t kDayMs = 24 * kHourMs;
constexpr int32_t kNoonDay = 19'783;  // 2024-03-01, of month 650.

class StoreActivitySetsTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    ASSERT_OK(DefineKind(store(), "visit", "UTC").error);
  }

  // An activity so many days after noon of 2024-03-01.
  std::string Do(const std::string& id, int64_t days, std::optional<Amount> amount = std::nullopt,
                 const std::string& customer = "anna") {
    return RecordOne(
        store(),
        {.id = id, .customer_id = customer, .time_ms = kNoonMs + days * kDayMs, .amount = amount});
  }
  void Erase(const std::string& id) {
    ASSERT_OK(RunCommand(store(), EraseActivityCommand(1, id)).error);
  }

  // A set in words: each bucket, days counted from 2024-03-01, and who is in it.
  std::vector<std::string> Sets(int set, int unit) {
    std::vector<std::string> texts;
    std::vector<std::string> faults;
    for (const auto& [row, customers] : StoredSets(harness_.Dump(), faults)) {
      if (std::get<1>(row) == set && std::get<2>(row) == unit) {
        texts.push_back(absl::StrCat(std::get<3>(row) - (unit == 2 ? kNoonDay : 650), ": ",
                                     absl::StrJoin(customers, " ")));
      }
    }
    EXPECT_THAT(faults, IsEmpty());
    return texts;
  }
  std::vector<std::string> Days(CustomerSet set) { return Sets(static_cast<int>(set), 2); }
  std::vector<std::string> Months(CustomerSet set) { return Sets(static_cast<int>(set), 3); }
};

INSTANTIATE_TEST_SUITE_P(Places, StoreActivitySetsTest,
                         ::testing::Values(Place::kMemory, Place::kDisk), PlaceName);

TEST_P(StoreActivitySetsTest, HaveEachCustomerOnceForEachDayAndMonth) {
  ASSERT_EQ(Do("1", 0), "accepted");
  ASSERT_EQ(Do("2", 0, std::nullopt, "bob"), "accepted");
  ASSERT_EQ(Do("3", 1), "accepted");
  ASSERT_EQ(Do("4", 40, Euros(1)), "accepted");
  EXPECT_THAT(Days(CustomerSet::kActive), ElementsAre("0: 1 2", "1: 1", "40: 1"));
  EXPECT_THAT(Months(CustomerSet::kActive), ElementsAre("0: 1 2", "1: 1"));
  EXPECT_THAT(Days(CustomerSet::kFirstEver), ElementsAre("0: 1 2"));
  EXPECT_THAT(Months(CustomerSet::kFirstEver), ElementsAre("0: 1 2"));
  EXPECT_THAT(Days(CustomerSet::kTwice), IsEmpty());
}

TEST_P(StoreActivitySetsTest, OfPositiveAmountsHaveNoneOfOthers) {
  ASSERT_EQ(Do("none", -3), "accepted");
  ASSERT_EQ(Do("zero", -2, Euros(0)), "accepted");
  ASSERT_EQ(Do("negative", -1, Euros(-5)), "accepted");
  ASSERT_EQ(Do("little", 0, Euros(0, 1)), "accepted");
  EXPECT_THAT(Days(CustomerSet::kActive), ElementsAre("-3: 1", "-2: 1", "-1: 1", "0: 1"));
  EXPECT_THAT(Days(CustomerSet::kActivePositive), ElementsAre("0: 1"));
  EXPECT_THAT(Days(CustomerSet::kFirstEver), ElementsAre("-3: 1"));
  EXPECT_THAT(Days(CustomerSet::kFirstEverPositive), ElementsAre("0: 1"));
  EXPECT_THAT(Months(CustomerSet::kFirstEver), ElementsAre("-1: 1"));
  EXPECT_THAT(Months(CustomerSet::kFirstEverPositive), ElementsAre("0: 1"));
}

TEST_P(StoreActivitySetsTest, MoveTheFirstWithALateActivityAndBackWhenItIsErased) {
  ASSERT_EQ(Do("now", 0, Euros(1)), "accepted");
  ASSERT_EQ(Do("late", -1), "accepted");
  ASSERT_EQ(Do("later", -9, Euros(3)), "accepted");
  EXPECT_THAT(Days(CustomerSet::kFirstEver), ElementsAre("-9: 1"));
  EXPECT_THAT(Days(CustomerSet::kFirstEverPositive), ElementsAre("-9: 1"));
  EXPECT_THAT(Months(CustomerSet::kFirstEver), ElementsAre("-1: 1"));
  Erase("later");
  EXPECT_THAT(Days(CustomerSet::kFirstEver), ElementsAre("-1: 1"));
  EXPECT_THAT(Days(CustomerSet::kFirstEverPositive), ElementsAre("0: 1"));
  EXPECT_THAT(Months(CustomerSet::kFirstEverPositive), ElementsAre("0: 1"));
  Erase("now");
  EXPECT_THAT(Days(CustomerSet::kFirstEver), ElementsAre("-1: 1"));
  EXPECT_THAT(Days(CustomerSet::kFirstEverPositive), IsEmpty());
  Erase("late");
  EXPECT_THAT(Days(CustomerSet::kActive), IsEmpty());
  EXPECT_THAT(Months(CustomerSet::kActive), IsEmpty());
  EXPECT_THAT(Days(CustomerSet::kFirstEver), IsEmpty());
  EXPECT_THAT(harness_.Dump().at("activity_by_customer"), IsEmpty());
}

// What is remembered of a customer's activities must not outlive them.
TEST_P(StoreActivitySetsTest, KnowNothingOfAnErasedActivityWhenALaterOneComes) {
  ASSERT_EQ(Do("first", 0, Euros(1)), "accepted");
  ASSERT_EQ(Do("second", 5, Euros(1)), "accepted");
  Erase("second");
  ASSERT_EQ(Do("third", 5, Euros(1)), "accepted");
  EXPECT_THAT(Days(CustomerSet::kTwice), IsEmpty());
  Erase("first");
  Erase("third");
  ASSERT_EQ(Do("fourth", 9, Euros(1)), "accepted");
  EXPECT_THAT(Days(CustomerSet::kFirstEver), ElementsAre("9: 1"));
  EXPECT_THAT(Days(CustomerSet::kFirstEverPositive), ElementsAre("9: 1"));
  ASSERT_EQ(Do("fifth", 9), "accepted");
  EXPECT_THAT(Days(CustomerSet::kTwice), ElementsAre("9: 1"));
}

TEST_P(StoreActivitySetsTest, FindTheFirstPositiveOneBehindOthersThatAreKnown) {
  ASSERT_EQ(Do("none", 0), "accepted");
  ASSERT_EQ(Do("again", 1), "accepted");
  ASSERT_EQ(Do("paid", 2, Euros(1)), "accepted");
  ASSERT_EQ(Do("paid again", 3, Euros(1)), "accepted");
  EXPECT_THAT(Days(CustomerSet::kFirstEver), ElementsAre("0: 1"));
  EXPECT_THAT(Days(CustomerSet::kFirstEverPositive), ElementsAre("2: 1"));
}

TEST_P(StoreActivitySetsTest, KeepWhoDidAnotherThingOnTheDay) {
  ASSERT_EQ(Do("1", 0, Euros(1)), "accepted");
  ASSERT_EQ(Do("2", 0), "accepted");
  ASSERT_EQ(Do("3", 1, Euros(1)), "accepted");
  EXPECT_THAT(Days(CustomerSet::kTwice), ElementsAre("0: 1"));
  Erase("1");
  EXPECT_THAT(Days(CustomerSet::kActive), ElementsAre("0: 1", "1: 1"));
  EXPECT_THAT(Days(CustomerSet::kTwice), IsEmpty());
  EXPECT_THAT(Days(CustomerSet::kActivePositive), ElementsAre("1: 1"));
  EXPECT_THAT(Months(CustomerSet::kActivePositive), ElementsAre("0: 1"));
  Erase("2");
  EXPECT_THAT(Days(CustomerSet::kActive), ElementsAre("1: 1"));
  EXPECT_THAT(Months(CustomerSet::kActive), ElementsAre("0: 1"));
}

TEST_P(StoreActivitySetsTest, GoByTheOffsetThatIsStoredWithTheActivity) {
  // The last hours of February and of 1970-01-01 in UTC, in whose zones it is another month or day.
  const int64_t kLastHour = kNoonMs - 13 * kHourMs;
  EXPECT_THAT(
      Record(store(),
             {{.id = "1", .time_ms = kLastHour, .zone_offset_seconds = 3'600},
              {.id = "2", .customer_id = "bob", .time_ms = kLastHour},
              {.id = "3", .customer_id = "cat", .time_ms = 0, .zone_offset_seconds = -12'600}}),
      ElementsAre("accepted", "accepted", "accepted"));
  EXPECT_THAT(Days(CustomerSet::kActive), ElementsAre("-19784: 3", "-1: 2", "0: 1"));
  EXPECT_THAT(Months(CustomerSet::kActive), ElementsAre("-651: 3", "-1: 2", "0: 1"));
}

// A new time-zone database, which moves nothing, can put a later activity into an earlier day.
TEST_P(StoreActivitySetsTest, FindADaysActivitiesBehindOneOfTheNextDay) {
  const int64_t kEvening = kNoonMs + 10 * kHourMs;
  EXPECT_THAT(
      Record(store(), {{.id = "next day", .time_ms = kEvening, .zone_offset_seconds = 7'200},
                       {.id = "1", .time_ms = kEvening + 1},
                       {.id = "2", .time_ms = kEvening + 2},
                       {.id = "3", .time_ms = kEvening + 3}}),
      ::testing::Each("accepted"));
  EXPECT_THAT(Days(CustomerSet::kActive), ElementsAre("0: 1", "1: 1"));
  EXPECT_THAT(Days(CustomerSet::kTwice), ElementsAre("0: 1"));
  Erase("1");
  EXPECT_THAT(Days(CustomerSet::kTwice), ElementsAre("0: 1"));
  Erase("2");
  EXPECT_THAT(Days(CustomerSet::kActive), ElementsAre("0: 1", "1: 1"));
  EXPECT_THAT(Days(CustomerSet::kTwice), IsEmpty());
}

TEST_P(StoreActivitySetsTest, TakeTheFirstOfOneTimeInTheOrderOfTheirIds) {
  // Each customer's in two days, of which either may have the lower id.
  std::vector<Deed> deeds;
  for (int i = 0; i < 40; ++i) {
    deeds.push_back({.id = absl::StrCat(i),
                     .customer_id = absl::StrCat("c-", i % 20),
                     .zone_offset_seconds = i / 20 * 12 * 3'600});
  }
  EXPECT_THAT(Record(store(), deeds), ::testing::Each("accepted"));
  EXPECT_THAT(FindFaults(harness_.Dump()), IsEmpty());
  for (int i = 10; i < 30; ++i) {
    Erase(absl::StrCat(i));
  }
  EXPECT_THAT(FindFaults(harness_.Dump()), IsEmpty());
}

TEST_P(StoreActivitySetsTest, HaveAllCustomersOfALargeImport) {
  std::vector<Deed> deeds;
  for (int i = 0; i < 5'000; ++i) {
    deeds.push_back({.id = absl::StrCat(i), .customer_id = absl::StrCat("c-", i)});
  }
  for (int i = 0; i < 5'000; i += 1'000) {
    ASSERT_THAT(Record(store(), {deeds.begin() + i, deeds.begin() + i + 1'000}, "june"),
                ::testing::Each("accepted"));
  }
  std::vector<std::string> faults;
  const auto size_of_set = [&] {
    return StoredSets(harness_.Dump(), faults)[{1, 1, 2, kNoonDay}].size();
  };
  EXPECT_EQ(size_of_set(), 5'000u);
  // Again few enough for a row of the other form.
  std::vector<Uuid> ids;
  for (int i = 0; i < 1'000; ++i) {
    ids.push_back(IdOf(deeds[i], store().hash()));
  }
  EXPECT_EQ(RunCommand(store(), TakeBackCommand(1, 1, ids)).changed, 1'000);
  EXPECT_EQ(size_of_set(), 4'000u);
  EXPECT_THAT(faults, IsEmpty());
}

TEST_P(StoreActivitySetsTest, AreMendedByWhatActivitiesSayWhenTheCorrectionComes) {
  ASSERT_EQ(Do("1", 0), "accepted");
  ASSERT_EQ(Do("2", 0, std::nullopt, "bob"), "accepted");
  harness_.Close();
  const std::string key =
      CustomerSetKey{1, CustomerSet::kActive, CubeUnit::kDay, kNoonDay, 0}.Encode();
  const std::string stray =
      CustomerSetKey{9, CustomerSet::kActive, CubeUnit::kDay, kNoonDay, 0}.Encode();
  {
    PlainDatabase database(harness_.env(), harness_.directory(), PlainDatabase::Mode::kWrite);
    database.Put("active_set", key, "damaged");
    database.Put("active_set", stray, CustomerSetRow().Encode());
  }
  ASSERT_OK(harness_.Open());
  std::vector<CommandPtr> commands;
  // After the check that wrote the correction bob's activity goes, and cat's comes.
  commands.push_back(EraseActivityCommand(1, "2"));
  commands.push_back(RecordCommand(store().hash(), {{.id = "3", .customer_id = "cat"}}));
  commands.push_back(NewCommand());
  store::v1::CorrectCustomerSetsCommand& correct =
      *commands.back()->mutable_correct_customer_sets();
  store::v1::CustomerSetCorrection& row = *correct.add_rows();
  row.set_kind_number(1);
  row.set_set(1);
  row.set_unit(2);
  row.set_bucket(kNoonDay);
  for (const uint32_t member : {1, 2, 3, 4}) {
    row.add_members(member);
  }
  *correct.add_rows() = row;
  correct.mutable_rows(1)->set_kind_number(7);  // Gone meanwhile.
  correct.add_stray_keys(stray);
  correct.add_stray_keys(key);  // Of a kind that is there.
  for (const CommandResult& result : RunInOneGroup(store(), std::move(commands))) {
    EXPECT_OK(result.error);
  }
  EXPECT_THAT(Days(CustomerSet::kActive), ElementsAre("0: 1 3"));
  ChangeLogEntry last;
  EXPECT_OK(store().changes().Read(*store().view(), 5, [&](uint64_t, const ChangeLogEntry& entry) {
    last = entry;
    return true;
  }));
  EXPECT_EQ(last, (ChangeLogEntry{ChangeKind::kSetsCorrected, Entity::kActivityKind, 1, Uuid()}));
}

TEST_P(StoreActivitySetsTest, AreNotLeftBehindByAKindThatGoesWithItsCorrection) {
  ASSERT_EQ(Do("1", 0), "accepted");
  std::vector<CommandPtr> commands;
  commands.push_back(NewCommand());
  store::v1::CustomerSetCorrection& row =
      *commands.back()->mutable_correct_customer_sets()->add_rows();
  row.set_kind_number(1);
  row.set_set(1);
  row.set_unit(2);
  row.set_bucket(kNoonDay);
  row.add_members(1);
  commands.push_back(DeleteKindCommand(1));
  // The steps of a purge, as a copy of the store can apply them in one group.
  for (uint32_t stage = 0; stage <= 2; ++stage) {
    commands.push_back(NewCommand());
    commands.back()->mutable_purge_activity_kind()->set_kind_number(1);
    commands.back()->mutable_purge_activity_kind()->set_keys_max(10);
    commands.back()->mutable_purge_activity_kind()->set_stage(stage);
  }
  RunInOneGroup(store(), std::move(commands));
  const DatabaseDump dump = harness_.Dump();
  EXPECT_THAT(dump.at("active_set"), IsEmpty());
  EXPECT_THAT(FindFaults(dump), IsEmpty());
}

}  // namespace
}  // namespace emptychair::storage
