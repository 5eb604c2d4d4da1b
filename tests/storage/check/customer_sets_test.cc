// Verify names each kind of damage to sets of customers, and RebuildCube mends it.
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "storage/format/activities.h"
#include "storage/format/keys.h"
#include "storage/format/values.h"
#include "tests/storage/check/activity_store.h"

namespace emptychair::storage {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const char kActiveMarchFirst[] =
    "CUSTOMER_SET active_set: kind visit, active, day 2024-03-01, chunk 0: ";

std::vector<DamageCase> SetDamages() {
  const auto put = [](std::string key, std::string value) {
    return [key = std::move(key), value = std::move(value)](PlainDatabase& database,
                                                            const DatabaseDump&) {
      database.Put("active_set", key, value);
    };
  };
  std::vector<uint16_t> many;
  for (uint16_t member = 1; member <= 3'000; ++member) {
    many.push_back(member);
  }
  return {
      {"a row is missing",
       [](PlainDatabase& database, const DatabaseDump&) {
         database.Delete("active_set", ActiveDay());
       },
       ElementsAre(
           absl::StrCat(kActiveMarchFirst, "0 customers: 0 too many, 1 missing / 1 customer"))},
      {"a row has one too many", put(ActiveDay(), RowOf({1, 7})),
       ElementsAre(
           absl::StrCat(kActiveMarchFirst, "2 customers: 1 too many, 0 missing / 1 customer"))},
      {"a row has another", put(ActiveDay(), RowOf({2})),
       ElementsAre(
           absl::StrCat(kActiveMarchFirst, "1 customer: 1 too many, 1 missing / 1 customer"))},
      {"a row has more than one command mends", put(ActiveDay(), RowOf(many)),
       ElementsAre(absl::StrCat(kActiveMarchFirst,
                                "3000 customers: 2999 too many, 0 missing / 1 customer"))},
      {"rows of each set and unit are missing",
       [](PlainDatabase& database, const DatabaseDump& dump) {
         for (const auto& [key, value] : dump.at("active_set")) {
           database.Delete("active_set", key);
         }
       },
       // Anna: four sets in days and months, twice. Ben: two in each.
       AllOf(SizeIs(9 + 4), Each(HasSubstr("0 customers: 0 too many, 1 missing")))},
      {"a row is there that no activity makes",
       put(CustomerSetKey{2, CustomerSet::kTwice, CubeUnit::kDay, -3, 0}.Encode(), RowOf({1, 2})),
       ElementsAre("CUSTOMER_SET active_set: kind purchase, twice, day 1969-12-29, chunk 0: 2 "
                   "customers: 2 too many, 0 missing / 0 customers")},
      {"a row is there behind all others",
       put(CustomerSetKey{1, CustomerSet::kFirstEverPositive, CubeUnit::kMonth, INT32_MAX,
                          UINT16_MAX}
               .Encode(),
           RowOf({65'535})),
       ElementsAre(HasSubstr("visit, first ever with a positive amount, month"))},
      {"a row is there behind all customers", put(ActiveDay(kMarchFirst, 1, 9), RowOf({0})),
       ElementsAre("CUSTOMER_SET active_set: kind visit, active, day 2024-03-01, chunk 9: 1 "
                   "customer: 1 too many, 0 missing / 0 customers")},
      {"a row does not decode", put(ActiveDay(), "\x01\x02"),
       ElementsAre("UNDECODABLE active_set: kind visit, active, day 2024-03-01, chunk 0: bytes "
                   "that do not decode / a row of 1 customer")},
      {"a row does not decode and no activity makes it", put(ActiveDay(5, 2), ""),
       ElementsAre("UNDECODABLE active_set: kind purchase, active, day 1970-01-06, chunk 0: bytes "
                   "that do not decode / a row of 0 customers")},
      {"a row's key does not decode", put("short", RowOf({1})),
       ElementsAre(HasSubstr("UNDECODABLE active_set: the entry under 73686f7274"))},
      {"a row is of a set that there is not",
       put(CustomerSetKey{1, CustomerSet::kTwice, CubeUnit::kMonth, 5, 0}.Encode(), RowOf({1})),
       ElementsAre(HasSubstr("UNDECODABLE active_set: the entry under 000000010503"))},
      {"a row is of no kind", put(ActiveDay(1, 77), RowOf({1})),
       ElementsAre("CUSTOMER_SET active_set: kind number 77, active, day 1970-01-02, chunk 0: a "
                   "row of no kind / ")},
  };
}

TEST(CustomerSets, NamesEachDamageOfSetsWhichARebuildMends) {
  CheckDamages<ActivityStore>(SetDamages());
}

// Customers in windows of chunks that are compared one after the other.
TEST(CustomerSets, AreComparedForCustomersFarApart) {
  constexpr uint32_t kFarOrdinal = 17'000'000;
  const std::string far_row = ActiveDay(kMarchFirst, 1, 300);
  ActivityStore store;
  ASSERT_NO_FATAL_FAILURE(store.Damage([&](PlainDatabase& database, const DatabaseDump& dump) {
    store::v1::StoredCounters counters;
    ASSERT_TRUE(DecodeMessage(dump.at("meta").at(CountersKey()), counters));
    counters.set_last_customer_ordinal(20'000'000);
    database.Put("meta", CountersKey(), EncodeMessage(counters));
    // Ben gets another number, which only the index by customer says, too.
    PutBens(database, dump,
            [](ActivityHeader& header, auto&) { header.customer_ordinal = kFarOrdinal; });
    database.Delete("activity_by_customer", BensEntry(dump));
    database.Put("activity_by_customer", BensEntry(dump, kFarOrdinal), EncodeActivityMark({}));
    database.Put("active_set", far_row, RowOf({1, 2}));
  }));
  const std::vector<std::string> found = VerifyNow(store.store()).differences;
  // Four rows that Ben is still in, four that lack his new number, one too many, and the numbers
  // that no customer has.
  EXPECT_THAT(found, SizeIs(10));
  EXPECT_THAT(found, Contains("CUSTOMER customers 3 to 20000000:  / entries by number"));
  for (const char* row : {"2024-04-10, chunk 0: 1 customer: 1 too many, 0 missing / 0 customers",
                          "2024-04-10, chunk 259: 0 customers: 0 too many, 1 missing / 1 customer",
                          "2024-03-01, chunk 300: 2 customers: 2 too many, 0 missing / 0"}) {
    EXPECT_THAT(found, Contains(HasSubstr(row)));
  }
  EXPECT_EQ(RebuildNow(store.store()).rows_corrected, 9);
  EXPECT_THAT(VerifyNow(store.store()).differences, SizeIs(1));
}

// Rows are judged as they are when they are corrected, not as they were when they were compared.
TEST(CustomerSets, AreMendedWhileOthersWrite) {
  for (const bool is_there : {false, true}) {
    ActivityStore store;
    ASSERT_NO_FATAL_FAILURE(store.Damage([&](PlainDatabase& database, const DatabaseDump& dump) {
      for (const auto& [key, value] : dump.at("active_set")) {
        if (is_there) {
          database.Put("active_set", key, "damaged");
        } else {
          database.Delete("active_set", key);
        }
      }
    }));
    bool has_changed = false;
    ASSERT_OK(store.store()
                  .RebuildCube([&](const TaskProgress& progress) {
                    if (!has_changed && progress.part == "activities") {
                      has_changed = true;
                      Record(store.store(), {{.id = "w-1", .time_ms = kNoonMs - kDayMs},
                                             {.id = "w-2", .customer_id = "cleo"}});
                      EXPECT_OK(RunCommand(store.store(), EraseActivityCommand(1, "v-3")).error);
                    }
                    return absl::OkStatus();
                  })
                  .status());
    EXPECT_TRUE(has_changed);
    EXPECT_THAT(VerifyNow(store.store()).differences, IsEmpty());
    EXPECT_THAT(FindFaults(store.Dump()), IsEmpty());
  }
}

}  // namespace
}  // namespace emptychair::storage
