// What is answered about a customer of whom something stored cannot be read.
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/profile/customer_export.h"
#include "server/profile/customer_view.h"
#include "server/profile/timeline.h"
#include "tests/helpers/status_matchers.h"
#include "tests/storage/harness/activity_harness.h"
#include "tests/storage/harness/plain_database.h"
#include "tests/storage/harness/store_harness.h"

namespace emptychair {
namespace {

using ::emptychair::testing::HasReason;
using ::testing::SizeIs;

class DamagedCustomerTest : public ::testing::Test {
 protected:
  DamagedCustomerTest() : harness_(storage::Place::kMemory) {}

  void SetUp() override {
    ASSERT_OK(harness_.Open());
    ASSERT_OK(storage::CreateSurvey(store(), storage::NpsSurvey("nps")).error);
    ASSERT_OK(storage::DefineKind(store(), "visit", "UTC").error);
    for (int64_t time_ms = storage::kNoonMs - 3; time_ms < storage::kNoonMs; ++time_ms) {
      ASSERT_EQ(ToText(storage::SubmitOne(store(),
                                          {.time_ms = time_ms, .score = 9, .customer_id = "anna"})),
                "accepted");
    }
    storage::Record(store(), {{.id = "a"}, {.id = "b"}, {.id = "c"}});
  }

  storage::Store& store() { return harness_.store(); }

  // Makes the first value of the family one that nothing can be made of.
  void Damage(const std::string& family) {
    harness_.Close();
    {
      storage::PlainDatabase database(harness_.env(), harness_.directory(),
                                      storage::PlainDatabase::Mode::kWrite);
      const storage::DatabaseDump dump = database.Dump();
      ASSERT_FALSE(dump.at(family).empty());
      database.Put(family, dump.at(family).begin()->first, "damaged");
    }
    ASSERT_OK(harness_.Open());
  }

  absl::Status SumUp() {
    v1::GetCustomerViewRequest request;
    request.set_customer_id("anna");
    v1::GetCustomerViewResponse response;
    return SumUpCustomer(store(), request, absl::FromUnixMillis(storage::kNoonMs + 1), response);
  }
  absl::Status Export() {
    v1::ExportCustomerRequest request;
    request.set_customer_id("anna");
    absl::StatusOr<CustomerExport> all = CustomerExport::Prepare(&store(), request);
    EXPECT_OK(all);
    while (true) {
      v1::ExportCustomerResponse response;
      const absl::StatusOr<bool> has_message = all->Next(response);
      if (!has_message.ok() || !*has_message) {
        EXPECT_EQ(all->IsOver(), has_message.ok());
        return has_message.status();
      }
    }
  }
  v1::ListTimelineResponse List() {
    v1::ListTimelineRequest request;
    request.set_customer_id("anna");
    v1::ListTimelineResponse response;
    EXPECT_OK(ReadTimeline(store(), request, response));
    return response;
  }

  storage::StoreHarness harness_;
};

TEST_F(DamagedCustomerTest, IsSummedUpWholeWhereNothingIsDamaged) {
  EXPECT_OK(SumUp());
  EXPECT_OK(Export());
  EXPECT_THAT(List().entries(), SizeIs(6));
}

TEST_F(DamagedCustomerTest, IsNotSummedUpWithoutAnAnswerButListed) {
  Damage("feedback");
  EXPECT_THAT(SumUp(), HasReason(v1::ERROR_REASON_STORE_DAMAGED));
  EXPECT_THAT(Export(), HasReason(v1::ERROR_REASON_STORE_DAMAGED));
  EXPECT_THAT(List().entries(), SizeIs(5));
  EXPECT_EQ(store().Stats().undecodable_values, 1);
}

TEST_F(DamagedCustomerTest, IsNotSummedUpWithoutAnActivityButListed) {
  Damage("activity");
  EXPECT_THAT(SumUp(), HasReason(v1::ERROR_REASON_STORE_DAMAGED));
  EXPECT_THAT(Export(), HasReason(v1::ERROR_REASON_STORE_DAMAGED));
  EXPECT_THAT(List().entries(), SizeIs(5));
  EXPECT_EQ(store().Stats().undecodable_values, 1);
}

}  // namespace
}  // namespace emptychair
