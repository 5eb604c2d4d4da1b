// Verify finds nothing in a store that works. Linked to a store with deliberate faults and asked
// for one, the same test must find it.
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
  Record(harness.store(), {{.id = "v-1"}, {.id = "v-2", .amount = Euros(5)}});
  for (const std::string& difference : VerifyNow(harness.store()).differences) {
    ADD_FAILURE() << "Verify found: " << difference;
  }
}

}  // namespace
}  // namespace emptychair::storage
