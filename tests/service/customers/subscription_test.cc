// Subscriptions through the whole service.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"

namespace emptychair::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

class SubscriptionTest : public ServiceTest {
 protected:
  absl::StatusOr<v1::DefineActivityKindResponse> Define(const std::string& request) {
    return client().DefineActivityKind(FromText<v1::DefineActivityKindRequest>(request));
  }
  // "join" and "cancel" of Berlin, and the subscription "member".
  void DefineAll() {
    ASSERT_OK(Define("kind: 'join' time_zone: 'Europe/Berlin'"));
    ASSERT_OK(Define("kind: 'cancel' time_zone: 'Europe/Berlin'"));
    ASSERT_OK(Define("kind: 'member' start_kind: 'join' end_kind: 'cancel'"));
  }
  absl::StatusOr<v1::RecordActivityResponse> Record(const std::string& kind, const std::string& id,
                                                    absl::Time time = kTime) {
    v1::RecordActivityRequest request;
    v1::Activity& activity = *request.mutable_activity();
    activity.set_kind(kind);
    activity.set_activity_id(id);
    activity.set_customer_id("ann");
    *activity.mutable_occur_time() = Timestamp(time);
    return client().RecordActivity(request);
  }
  int64_t Sequence() { return Status(client()).sequence(); }
};

EMPTYCHAIR_ON_BOTH_BACKENDS(SubscriptionTest);

TEST_P(SubscriptionTest, IsDeclaredOnceAndListed) {
  ASSERT_NO_FATAL_FAILURE(DefineAll());
  const v1::DefineActivityKindResponse again =
      Value(Define("kind: 'member' start_kind: 'join' end_kind: 'cancel' "
                   "time_zone: 'Europe/Berlin'"));
  EXPECT_EQ(again.sequence(), 3) << "the same again";
  EXPECT_EQ(again.activity_kind().start_kind(), "join");
  EXPECT_EQ(again.activity_kind().end_kind(), "cancel");
  EXPECT_EQ(again.activity_kind().time_zone(), "Europe/Berlin") << "that of its kinds";
  const v1::ListActivityKindsResponse kinds = Value(client().ListActivityKinds());
  ASSERT_THAT(kinds.activity_kinds(), SizeIs(3));
  EXPECT_THAT(kinds.activity_kinds(2), EqualsMessage(again.activity_kind()));
  EXPECT_EQ(kinds.activity_kinds(0).start_kind(), "");
}

TEST_P(SubscriptionTest, IsRefusedWhereItIsNotSound) {
  ASSERT_NO_FATAL_FAILURE(DefineAll());
  ASSERT_OK(Define("kind: 'far' time_zone: 'Asia/Tokyo'"));
  const int64_t before = Sequence();
  const struct {
    const char* request;
    v1::ErrorReason reason;
    const char* field;
  } kBad[] = {
      {"kind: 'x' start_kind: 'join'", v1::ERROR_REASON_FIELD_REQUIRED, "end_kind"},
      {"kind: 'x' end_kind: 'cancel'", v1::ERROR_REASON_FIELD_REQUIRED, "start_kind"},
      {"kind: 'x' start_kind: 'Join' end_kind: 'cancel'", v1::ERROR_REASON_FIELD_INVALID,
       "start_kind"},
      {"kind: 'x' start_kind: 'join' end_kind: 'join'", v1::ERROR_REASON_FIELD_INVALID, "end_kind"},
      {"kind: 'x' start_kind: 'member' end_kind: 'cancel'", v1::ERROR_REASON_FIELD_INVALID,
       "start_kind"},
      {"kind: 'x' start_kind: 'join' end_kind: 'member'", v1::ERROR_REASON_FIELD_INVALID,
       "end_kind"},
      {"kind: 'x' start_kind: 'join' end_kind: 'far'", v1::ERROR_REASON_FIELD_INVALID, "end_kind"},
      {"kind: 'x' start_kind: 'join' end_kind: 'cancel' time_zone: 'Asia/Tokyo'",
       v1::ERROR_REASON_FIELD_INVALID, "time_zone"},
      {"kind: 'x' start_kind: 'join' end_kind: 'cancel' time_zone: 'Nowhere'",
       v1::ERROR_REASON_FIELD_INVALID, "time_zone"},
      {"kind: 'x' start_kind: 'none' end_kind: 'cancel'", v1::ERROR_REASON_KIND_NOT_FOUND, ""},
      {"kind: 'join' start_kind: 'join' end_kind: 'cancel'", v1::ERROR_REASON_FIELD_INVALID,
       "start_kind"},
      {"kind: 'member' start_kind: 'cancel' end_kind: 'join'", v1::ERROR_REASON_FIELD_INVALID,
       "start_kind"},
      {"kind: 'member' time_zone: 'Europe/Berlin'", v1::ERROR_REASON_FIELD_INVALID, "start_kind"},
      {"kind: 'cancel' time_zone: 'UTC'", v1::ERROR_REASON_IN_USE, "time_zone"},
  };
  for (const auto& bad : kBad) {
    const absl::Status status = Define(bad.request).status();
    EXPECT_THAT(status, HasReason(bad.reason)) << bad.request;
    EXPECT_EQ(MetadataOf(status)["field"], bad.field) << bad.request;
  }
  EXPECT_EQ(Sequence(), before);
}

TEST_P(SubscriptionTest, TakesNoActivitiesOfItsOwn) {
  ASSERT_NO_FATAL_FAILURE(DefineAll());
  const int64_t before = Sequence();
  const absl::Status single = Record("member", "m-1").status();
  EXPECT_THAT(single, HasReason(v1::ERROR_REASON_FIELD_INVALID));
  EXPECT_EQ(MetadataOf(single)["field"], "activity.kind");
  v1::BatchRecordActivitiesRequest batch;
  *batch.add_activities() = FromText<v1::Activity>(
      "kind: 'member' activity_id: 'm-1' customer_id: 'ann' occur_time { seconds: 1709251200 }");
  *batch.add_activities() = batch.activities(0);
  batch.mutable_activities(1)->set_kind("join");
  const v1::BatchRecordActivitiesResponse response = Value(client().BatchRecordActivities(batch));
  EXPECT_EQ(response.accepted_count(), 1);
  ASSERT_THAT(response.failures(), SizeIs(1));
  EXPECT_EQ(response.failures(0).index(), 0);
  EXPECT_THAT(response.failures(0).status().message(), HasSubstr("kind"));
  EXPECT_EQ(Sequence(), before + 1);
}

TEST_P(SubscriptionTest, HoldsItsKindsUntilItIsDeleted) {
  ASSERT_NO_FATAL_FAILURE(DefineAll());
  v1::DeleteActivityKindRequest remove;
  remove.set_kind("join");
  remove.set_confirm_kind("join");
  const absl::Status refused = client().DeleteActivityKind(remove).status();
  EXPECT_THAT(refused, HasReason(v1::ERROR_REASON_IN_USE));
  EXPECT_EQ(MetadataOf(refused)["by"], "member");
  v1::DeleteActivityKindRequest subscription;
  subscription.set_kind("member");
  subscription.set_confirm_kind("member");
  ASSERT_OK(client().DeleteActivityKind(subscription));
  EXPECT_OK(client().DeleteActivityKind(remove));
}

TEST_P(SubscriptionTest, AnswersHowManyStaySubscribed) {
  // kTime is the first of January; what is recorded before the declaration counts too.
  ASSERT_OK(Define("kind: 'join' time_zone: 'Europe/Berlin'"));
  ASSERT_OK(Define("kind: 'cancel' time_zone: 'Europe/Berlin'"));
  ASSERT_OK(Record("join", "1"));
  ASSERT_OK(Define("kind: 'member' start_kind: 'join' end_kind: 'cancel'"));
  ASSERT_OK(Record("cancel", "2", kTime + absl::Hours(24 * 61)));
  v1::QueryRetentionRequest request = FromText<v1::QueryRetentionRequest>("kind: 'member'");
  *request.mutable_as_of() = Timestamp(kTime + absl::Hours(24 * 95));
  absl::StatusOr<v1::QueryRetentionResponse> response = client().QueryRetention(request);
  while (!response.ok() && ReasonOf(response.status()) == v1::ERROR_REASON_KIND_CHANGED) {
    response = client().QueryRetention(request);  // It is still being built.
  }
  ASSERT_OK(response);
  ASSERT_GE(response->points_size(), 2);
  EXPECT_EQ(response->points(0).customers_at_start(), 0);
  EXPECT_EQ(response->points(0).customers_at_end(), 1);
  EXPECT_EQ(response->points(0).new_customers(), 1);
  EXPECT_EQ(response->points(1).returning_customers(), 1);
  EXPECT_EQ(response->points(1).retention(), 100);
  const v1::RetentionPoint& last = response->points(response->points_size() - 1);
  EXPECT_EQ(last.customers_at_end(), 0);

  request.set_positive_amounts_only(true);
  EXPECT_EQ(MetadataOf(client().QueryRetention(request).status())["field"],
            "positive_amounts_only");
}

}  // namespace
}  // namespace emptychair::testing
