// Verify names each kind of damage to the sets of a subscription, and RebuildCube mends it.
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

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

constexpr uint32_t kMember = 3;

// The subscription "member" (number 3) of the store's kinds: Anna enters with her visits of
// 2024-03-01 and leaves with a purchase ten days later, Ben enters on 2024-04-10.
class SubscriptionStore : public ActivityStore {
 public:
  SubscriptionStore() {
    EXPECT_OK(RunCommand(store(), DefineSubscriptionCommand("member", "Nowhere/Land", 1, 2)).error);
    Record(store(),
           {{.kind_number = 2, .kind = "purchase", .id = "p-1", .time_ms = kNoonMs + 10 * kDayMs}});
    while (store().view()->FindKind("member")->definition->build_ordinal() != 0) {
      RunCommand(store(), NewCommand());
    }
  }
};

std::string SetKey(CustomerSet set, CubeUnit unit, int32_t bucket, uint32_t kind = kMember,
                   uint16_t chunk = 0) {
  return CustomerSetKey{kind, set, unit, bucket, chunk}.Encode();
}

std::vector<DamageCase> SubscriptionDamages() {
  const auto put = [](std::string key, std::string value) {
    return [key = std::move(key), value = std::move(value)](PlainDatabase& database,
                                                            const DatabaseDump&) {
      database.Put("active_set", key, value);
    };
  };
  const std::string march_first = SetKey(CustomerSet::kEntered, CubeUnit::kDay, kMarchFirst);
  return {
      {"all rows are missing",
       [](PlainDatabase& database, const DatabaseDump& dump) {
         for (const auto& [key, value] : dump.at("active_set")) {
           if (CustomerSetKey::Decode(key)->kind_number == kMember) {
             database.Delete("active_set", key);
           }
         }
       },
       AllOf(SizeIs(4), Each(HasSubstr("0 customers: 0 too many, 1 missing / 1 customer")),
             Contains(HasSubstr("CUSTOMER_SET active_set: kind member, entered, day 2024-03-01, "
                                "chunk 0")),
             Contains(HasSubstr("kind member, left, day 2024-03-11")),
             Contains(HasSubstr("kind member, entered, day 2024-04-10")),
             Contains(HasSubstr("kind member, entered, month 2024-04")))},
      {"a row has one too many", put(march_first, RowOf({1, 7})),
       ElementsAre(HasSubstr("entered, day 2024-03-01, chunk 0: 2 customers: 1 too many, 0 "
                             "missing / 1 customer"))},
      {"a row has another", put(march_first, RowOf({2})),
       ElementsAre(HasSubstr("1 customer: 1 too many, 1 missing / 1 customer"))},
      {"a day without events has a row",
       put(SetKey(CustomerSet::kLeft, CubeUnit::kDay, kMarchFirst + 3), RowOf({1})),
       ElementsAre(HasSubstr("left, day 2024-03-04, chunk 0: 1 customer: 1 too many"))},
      {"a month has a row that cancels out",
       put(SetKey(CustomerSet::kEntered, CubeUnit::kMonth, 650), RowOf({1})),
       ElementsAre(HasSubstr("entered, month 2024-03, chunk 0: 1 customer: 1 too many"))},
      {"rows are there at both ends",
       [](PlainDatabase& database, const DatabaseDump&) {
         for (const CubeUnit unit : {CubeUnit::kDay, CubeUnit::kMonth}) {
           for (const int32_t bucket : {INT32_MIN, INT32_MAX}) {
             database.Put("active_set",
                          SetKey(CustomerSet::kLeft, unit, bucket, kMember, UINT16_MAX),
                          RowOf({65'535}));
           }
         }
       },
       AllOf(SizeIs(4), Each(HasSubstr("chunk 65535: 1 customer: 1 too many")))},
      {"a row does not decode", put(march_first, "\x01\x02"),
       ElementsAre(HasSubstr("UNDECODABLE active_set: kind member, entered, day 2024-03-01"))},
      {"a subscription has a set of plain kinds",
       put(SetKey(CustomerSet::kActive, CubeUnit::kDay, kMarchFirst), RowOf({1})),
       ElementsAre(HasSubstr("kind member, active, day 2024-03-01, chunk 0: a row of no kind"))},
      {"a plain kind has a set of subscriptions",
       put(SetKey(CustomerSet::kEntered, CubeUnit::kDay, kMarchFirst, 1), RowOf({1})),
       ElementsAre(HasSubstr("kind visit, entered, day 2024-03-01, chunk 0: a row of no kind"))},
  };
}

TEST(SubscriptionSets, HaveEachDamageNamedAndMended) {
  CheckDamages<SubscriptionStore>(SubscriptionDamages());
}

// Rows are judged as they are when they are corrected, not as they were when they were compared.
TEST(SubscriptionSets, AreMendedWhileOthersWrite) {
  SubscriptionStore store;
  ASSERT_NO_FATAL_FAILURE(store.Damage([&](PlainDatabase& database, const DatabaseDump& dump) {
    for (const auto& [key, value] : dump.at("active_set")) {
      database.Put("active_set", key, "damaged");
    }
  }));
  bool has_changed = false;
  ASSERT_OK(store.store()
                .RebuildCube([&](const TaskProgress& progress) {
                  if (!has_changed && progress.part == "activities") {
                    has_changed = true;
                    Record(store.store(), {{.kind_number = 2,
                                            .kind = "purchase",
                                            .id = "p-2",
                                            .time_ms = kNoonMs + 2 * kDayMs},
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

// A build that is taken up again finds what is there by then.
TEST(SubscriptionSets, AreWhatTheBuildLeaves) {
  SubscriptionStore store;
  ASSERT_NO_FATAL_FAILURE(store.Damage([&](PlainDatabase& database, const DatabaseDump& dump) {
    store::v1::StoredActivityKind kind;
    ASSERT_TRUE(DecodeMessage(dump.at("meta").at(ActivityKindKey(kMember)), kind));
    kind.set_build_ordinal(1);
    database.Put("meta", ActivityKindKey(kMember), EncodeMessage(kind));
    for (const auto& [key, value] : dump.at("active_set")) {
      if (CustomerSetKey::Decode(key)->kind_number == kMember) {
        database.Delete("active_set", key);
      }
    }
  }));
  // The start took the build up again.
  while (store.store().view()->FindKind("member")->definition->build_ordinal() != 0) {
    RunCommand(store.store(), NewCommand());
  }
  EXPECT_THAT(VerifyNow(store.store()).differences, IsEmpty());
  EXPECT_THAT(FindFaults(store.Dump()), IsEmpty());
}

}  // namespace
}  // namespace emptychair::storage
