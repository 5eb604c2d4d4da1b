// Verify finds nothing in a store that works. Linked to a store with deliberate faults and asked
// for one, the same test must find it.
#include "absl/strings/str_cat.h"
#include "tests/storage/check/verify_harness.h"
#include "tests/storage/harness/activity_harness.h"

namespace emptychair::storage {
namespace {

TEST(VerifyMutant, FindsNothingInAStoreThatWorks) {
  StoreHarness harness(Place::kMemory);
  ASSERT_OK(harness.Open());
  ASSERT_OK(CreateSurvey(harness.store(), NpsSurvey("pulse", {"region"})).error);
  Submit(harness.store(), {{.id = 1, .score = 9, .external_id = "order-1", .customer_id = "ann"},
                           {.id = 2, .score = 3, .external_id = "order-2", .customer_id = "bob"}});
  ASSERT_OK(DefineKind(harness.store(), "visit", "UTC").error);
  ASSERT_OK(DefineKind(harness.store(), "cancel", "UTC").error);
  ASSERT_OK(RunCommand(harness.store(), DefineSubscriptionCommand("member", "UTC", 1, 2)).error);
  Record(harness.store(), {{.id = "v-1"}, {.id = "v-2", .amount = Euros(5)}});
  // The second end comes late, and leaves nothing for the first.
  constexpr int64_t kDayMs = 86'400'000;
  for (const int64_t day : {50, 40}) {
    Record(harness.store(), {{.kind_number = 2,
                              .kind = "cancel",
                              .id = absl::StrCat("c-", day),
                              .time_ms = kNoonMs + day * kDayMs}});
  }
  for (const std::string& difference : VerifyNow(harness.store()).differences) {
    ADD_FAILURE() << "Verify found: " << difference;
  }
}

}  // namespace
}  // namespace emptychair::storage
