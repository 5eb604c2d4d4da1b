// What one customer did of several kinds, put in one order.
#include "storage/read/customer_activities.h"

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/seed.h"
#include "tests/helpers/status_matchers.h"
#include "tests/storage/harness/activity_harness.h"
#include "tests/storage/harness/store_harness.h"

namespace emptychair::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kKinds[] = {"visit", "buy", "ask"};

class CustomerActivitiesTest : public ::testing::Test {
 protected:
  CustomerActivitiesTest() : harness_(Place::kMemory), random_(testing::SeedFromEnvOrRandom()) {}

  void SetUp() override {
    ASSERT_OK(harness_.Open());
    for (const char* kind : kKinds) {
      ASSERT_OK(DefineKind(store(), kind, "UTC").error);
    }
  }

  Store& store() { return harness_.store(); }

  uint32_t OrdinalOf(const std::string& customer_id) {
    const auto ordinal = store().records().CustomerOrdinal(*store().view(), customer_id);
    EXPECT_OK(ordinal);
    return ordinal.ok() && ordinal->has_value() ? **ordinal : 0;
  }

  // The positions of all behind `after`, at most so many.
  std::vector<ActivityPosition> Newest(uint32_t ordinal,
                                       const std::optional<ActivityPosition>& after,
                                       size_t count_max = SIZE_MAX) {
    std::vector<ActivityPosition> positions;
    EXPECT_OK(store().activities().ScanAllKinds(
        *store().view(), ordinal, after,
        [&](const ActivityRecord& record, const ActivityKindView& kind) {
          EXPECT_EQ(kind.number(), record.kind_number);
          EXPECT_EQ(record.header.customer_ordinal, ordinal);
          if (positions.size() == count_max) {
            return false;
          }
          positions.push_back(PositionOf(record));
          return true;
        }));
    return positions;
  }

  std::vector<std::string> KindsOf(uint32_t ordinal) {
    std::vector<std::string> names;
    const auto kinds = store().activities().KindsOf(*store().view(), ordinal);
    EXPECT_OK(kinds);
    for (const auto& kind : *kinds) {
      names.push_back(kind->definition->kind());
    }
    return names;
  }

  StoreHarness harness_;
  std::mt19937_64 random_;
};

TEST_F(CustomerActivitiesTest, GoOnBehindEveryPosition) {
  std::vector<Deed> deeds;
  std::vector<ActivityPosition> expected;
  const auto add = [&](int kind, const std::string& id, int64_t time_ms,
                       const std::string& customer_id) {
    deeds.push_back({.kind_number = static_cast<uint32_t>(kind) + 1,
                     .kind = kKinds[kind],
                     .id = id,
                     .customer_id = customer_id,
                     .time_ms = time_ms});
    if (customer_id == "anna") {
      expected.push_back({time_ms, deeds.back().kind_number, IdOf(deeds.back(), store().hash())});
    }
  };
  for (int i = 0; i < 120; ++i) {
    add(static_cast<int>(random_() % 3), absl::StrCat(i),
        kNoonMs + static_cast<int64_t>(random_() % 12), random_() % 4 == 0 ? "bert" : "anna");
  }
  // One entry of the index leads to all of these.
  for (const std::string& id : IdsThatShareTheirStart(store().hash(), "buy", kNoonMs, 4)) {
    add(1, id, kNoonMs, "anna");
  }
  Record(store(), deeds);
  std::sort(expected.rbegin(), expected.rend());

  const uint32_t ordinal = OrdinalOf("anna");
  EXPECT_THAT(Newest(ordinal, std::nullopt), ElementsAreArray(expected));
  for (size_t i = 0; i < expected.size(); ++i) {
    const std::vector<ActivityPosition> rest(expected.begin() + static_cast<int64_t>(i) + 1,
                                             expected.end());
    ASSERT_THAT(Newest(ordinal, expected[i]), ElementsAreArray(rest)) << i;
  }
  EXPECT_THAT(Newest(ordinal, std::nullopt, 7), SizeIs(7));
  EXPECT_THAT(Newest(ordinal, ActivityPosition{kNoonMs, 0, Uuid()}), IsEmpty());
  EXPECT_THAT(Newest(ordinal, ActivityPosition{kNoonMs + 11, UINT32_MAX, Uuid()}),
              ElementsAreArray(expected));
}

TEST_F(CustomerActivitiesTest, AreOfTheKindsThatTheCustomerHas) {
  Record(store(), {{.id = "v"}, {.kind_number = 3, .kind = "ask", .id = "a"}});
  Record(store(), {{.kind_number = 2, .kind = "buy", .id = "b", .customer_id = "bert"}});
  const uint32_t anna = OrdinalOf("anna");
  EXPECT_THAT(KindsOf(anna), ElementsAre("ask", "visit"));
  EXPECT_THAT(KindsOf(OrdinalOf("bert")), ElementsAre("buy"));
  EXPECT_THAT(KindsOf(1'000), IsEmpty());
  ASSERT_OK(RunCommand(store(), EraseActivityCommand(3, "a")).error);
  EXPECT_THAT(KindsOf(anna), ElementsAre("visit"));
  ASSERT_OK(RunCommand(store(), DeleteKindCommand(1)).error);
  EXPECT_THAT(KindsOf(anna), IsEmpty());
  EXPECT_THAT(Newest(anna, std::nullopt), IsEmpty());
}

}  // namespace
}  // namespace emptychair::storage
