// Activities and their kinds through the whole service.
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

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ActivityTest : public ServiceTest {
 protected:
  static v1::Activity Purchase(const std::string& id, const std::string& more = "") {
    v1::Activity activity = FromText<v1::Activity>(
        absl::StrCat("kind: 'purchase' customer_id: 'ann' activity_id: '", id, "' ", more));
    *activity.mutable_occur_time() = Timestamp(kTime);
    return activity;
  }
  absl::StatusOr<v1::RecordActivityResponse> Record(const v1::Activity& activity) {
    v1::RecordActivityRequest request;
    *request.mutable_activity() = activity;
    return client().RecordActivity(request);
  }
  absl::StatusOr<v1::DefineActivityKindResponse> Define(const std::string& request) {
    return client().DefineActivityKind(FromText<v1::DefineActivityKindRequest>(request));
  }
  std::vector<std::string> IdsOf(const std::string& request) {
    std::vector<std::string> ids;
    for (const absl::StatusOr<v1::Activity>& activity :
         client().ListActivities(FromText<v1::ListActivitiesRequest>(request))) {
      EXPECT_OK(activity);
      ids.push_back(activity.ok() ? activity->activity_id() : "");
    }
    return ids;
  }
};

EMPTYCHAIR_ON_BOTH_BACKENDS(ActivityTest);

TEST_P(ActivityTest, IsStoredOnceHoweverOftenItIsSent) {
  const v1::Activity sent = Purchase("o-1",
                                     "amount { units: 12 nanos: 500000000 currency_code: 'EUR' } "
                                     "labels { key: 'shop' value: 'berlin' }");
  const v1::RecordActivityResponse first = Value(Record(sent));
  EXPECT_TRUE(first.kind_created());
  EXPECT_FALSE(first.already_existed());
  EXPECT_THAT(first.activity().occur_time(), EqualsMessage(Timestamp(kTime)));
  const v1::RecordActivityResponse again = Value(Record(sent));
  EXPECT_TRUE(again.already_existed());
  EXPECT_FALSE(again.kind_created());
  EXPECT_EQ(again.sequence(), first.sequence());
  EXPECT_EQ(Status(client()).activity_count(), 1);

  EXPECT_THAT(IdsOf("kind: 'purchase'"), ElementsAre("o-1"));
  for (const absl::StatusOr<v1::Activity>& stored :
       client().ListActivities(FromText<v1::ListActivitiesRequest>("kind: 'purchase'"))) {
    v1::Activity expected = sent;
    *expected.mutable_receive_time() = stored->receive_time();
    expected.set_sequence(first.sequence());
    EXPECT_THAT(*stored, EqualsMessage(expected));
  }
}

TEST_P(ActivityTest, IsRefusedUnderAnIdThatHasAnotherContent) {
  ASSERT_OK(Record(Purchase("o-1")));
  v1::Activity other = Purchase("o-1");
  other.set_customer_id("bob");
  EXPECT_THAT(Record(other), HasReason(v1::ERROR_REASON_CONTENT_DIFFERS));
  EXPECT_THAT(Record(other).status().message(), HasSubstr("customer_id"));
  v1::Activity later = Purchase("o-1");
  *later.mutable_occur_time() = Timestamp(kTime + absl::Seconds(1));
  EXPECT_THAT(Record(later).status().message(), HasSubstr("occur_time"));
  v1::Activity untimed = Purchase("o-1");
  untimed.clear_occur_time();
  EXPECT_TRUE(Value(Record(untimed)).already_existed());
  EXPECT_THAT(IdsOf("kind: 'purchase' customer_id: 'bob'"), IsEmpty());
}

TEST_P(ActivityTest, LeavesABatchButForItsFailures) {
  v1::BatchRecordActivitiesRequest request;
  request.set_import_id("march");
  *request.add_activities() = Purchase("o-1");
  *request.add_activities() = Purchase("o-2", "amount { units: 1 }");
  *request.add_activities() = Purchase("o-1");
  *request.add_activities() = Purchase("o-3");
  request.mutable_activities(3)->set_kind("visit");
  const v1::BatchRecordActivitiesResponse response = Value(client().BatchRecordActivities(request));
  EXPECT_EQ(response.accepted_count(), 2);
  EXPECT_THAT(response.already_existed_indexes(), ElementsAre(2));
  ASSERT_EQ(response.failures_size(), 1);
  EXPECT_EQ(response.failures(0).index(), 1);
  EXPECT_THAT(response.failures(0).status().message(), HasSubstr("currency_code"));
  EXPECT_THAT(response.created_kinds(), ElementsAre("purchase", "visit"));
  EXPECT_THAT(IdsOf("kind: 'purchase' import_id: 'march'"), ElementsAre("o-1"));

  v1::TakeBackImportRequest take_back;
  take_back.set_kind("purchase");
  take_back.set_import_id("march");
  int64_t changed = 0;
  for (const absl::StatusOr<v1::TakeBackImportResponse>& step :
       client().TakeBackImport(take_back)) {
    ASSERT_OK(step);
    changed = step->changed();
  }
  EXPECT_EQ(changed, 1);
  EXPECT_THAT(IdsOf("kind: 'purchase'"), IsEmpty());
  EXPECT_THAT(IdsOf("kind: 'visit'"), ElementsAre("o-3"));
  EXPECT_FALSE(Value(Record(Purchase("o-1"))).already_existed());
}

TEST_P(ActivityTest, IsErasedForEver) {
  ASSERT_OK(Record(Purchase("o-1")));
  const auto request = FromText<v1::EraseActivityRequest>("kind: 'purchase' activity_id: 'o-1'");
  const int64_t sequence = Value(client().EraseActivity(request)).sequence();
  EXPECT_EQ(Value(client().EraseActivity(request)).sequence(), sequence);
  EXPECT_THAT(Record(Purchase("o-1")), HasReason(v1::ERROR_REASON_ERASED));
  EXPECT_THAT(IdsOf("kind: 'purchase'"), IsEmpty());
  EXPECT_EQ(Status(client()).activity_count(), 0);
  EXPECT_THAT(client().EraseActivity(
                  FromText<v1::EraseActivityRequest>("kind: 'purchase' activity_id: 'o-2'")),
              HasReason(v1::ERROR_REASON_ACTIVITY_NOT_FOUND));
}

TEST_P(ActivityTest, IsListedByTimeInPages) {
  for (int i = 0; i < 7; ++i) {
    v1::Activity activity = Purchase(absl::StrCat("o-", i));
    activity.set_customer_id(i % 2 == 0 ? "ann" : "bob");
    *activity.mutable_occur_time() = Timestamp(kTime + absl::Hours(i));
    ASSERT_OK(Record(activity));
  }
  EXPECT_THAT(IdsOf("kind: 'purchase' page_size: 2"),
              ElementsAre("o-0", "o-1", "o-2", "o-3", "o-4", "o-5", "o-6"));
  EXPECT_THAT(IdsOf("kind: 'purchase' page_size: 3 order: ACTIVITY_ORDER_NEWEST_FIRST"),
              ElementsAre("o-6", "o-5", "o-4", "o-3", "o-2", "o-1", "o-0"));
  EXPECT_THAT(IdsOf("kind: 'purchase' page_size: 1 customer_id: 'bob'"),
              ElementsAre("o-1", "o-3", "o-5"));
  EXPECT_THAT(IdsOf("kind: 'purchase' page_size: 1 customer_id: 'ann' "
                    "order: ACTIVITY_ORDER_NEWEST_FIRST "
                    "interval { start_time { seconds: 1704074400 } "
                    "end_time { seconds: 1704088800 } }"),
              ElementsAre("o-4", "o-2"));
  EXPECT_THAT(IdsOf("kind: 'purchase' customer_id: 'nobody'"), IsEmpty());
}

TEST_P(ActivityTest, HasAKindWhoseZoneIsFixedByTheFirst) {
  EXPECT_EQ(Value(Define("kind: 'purchase'")).activity_kind().time_zone(), "UTC");
  EXPECT_EQ(
      Value(Define("kind: 'purchase' time_zone: 'Europe/Berlin'")).activity_kind().time_zone(),
      "Europe/Berlin");
  EXPECT_FALSE(Value(Record(Purchase("o-1"))).kind_created());
  EXPECT_THAT(Define("kind: 'purchase' time_zone: 'UTC'"),
              HasReason(v1::ERROR_REASON_KIND_HAS_ACTIVITIES));
  ASSERT_OK(Define("kind: 'purchase' time_zone: 'Europe/Berlin'"));
  EXPECT_THAT(Value(client().ListActivityKinds()).activity_kinds(), SizeIs(1));

  EXPECT_THAT(client().DeleteActivityKind(FromText<v1::DeleteActivityKindRequest>(
                  "kind: 'purchase' confirm_kind: 'purchases'")),
              HasReason(v1::ERROR_REASON_FIELD_INVALID));
  ASSERT_OK(client().DeleteActivityKind(
      FromText<v1::DeleteActivityKindRequest>("kind: 'purchase' confirm_kind: 'purchase'")));
  EXPECT_THAT(Value(client().ListActivityKinds()).activity_kinds(), IsEmpty());
  EXPECT_TRUE(Value(Record(Purchase("o-1"))).kind_created());
}

TEST_P(ActivityTest, NamesWhatIsWrong) {
  ASSERT_OK(Record(Purchase("o-1")));
  const int64_t sequence = Status(client()).sequence();
  const struct {
    const char* activity;
    v1::ErrorReason reason;
    const char* field;
  } rows[] = {
      {"customer_id: 'a' activity_id: 'x'", v1::ERROR_REASON_FIELD_REQUIRED, "activity.kind"},
      {"kind: 'Buy' customer_id: 'a' activity_id: 'x'", v1::ERROR_REASON_FIELD_INVALID,
       "activity.kind"},
      {"kind: 'buy' customer_id: 'a'", v1::ERROR_REASON_ID_REQUIRED, "activity.activity_id"},
      {"kind: 'buy' activity_id: 'x'", v1::ERROR_REASON_FIELD_REQUIRED, "activity.customer_id"},
      {"kind: 'buy' customer_id: 'a' activity_id: 'x' occur_time {}",
       v1::ERROR_REASON_FIELD_INVALID, "activity.occur_time"},
      {"kind: 'buy' customer_id: 'a' activity_id: 'x' occur_time { seconds: 99999999999 }",
       v1::ERROR_REASON_TIME_OUT_OF_RANGE, "activity.occur_time"},
      {"kind: 'buy' customer_id: 'a' activity_id: 'x' amount { units: 1 }",
       v1::ERROR_REASON_FIELD_REQUIRED, "activity.amount.currency_code"},
      {"kind: 'buy' customer_id: 'a' activity_id: 'x' amount { units: 1 currency_code: 'eur' }",
       v1::ERROR_REASON_FIELD_INVALID, "activity.amount.currency_code"},
      {"kind: 'buy' customer_id: 'a' activity_id: 'x' "
       "amount { units: 1 nanos: -1 currency_code: 'EUR' }",
       v1::ERROR_REASON_FIELD_INVALID, "activity.amount.nanos"},
      {"kind: 'buy' customer_id: 'a' activity_id: 'x' "
       "amount { nanos: 1000000000 currency_code: 'EUR' }",
       v1::ERROR_REASON_FIELD_INVALID, "activity.amount.nanos"},
      {"kind: 'buy' customer_id: 'a' activity_id: 'x' "
       "amount { units: 1000000000001 currency_code: 'EUR' }",
       v1::ERROR_REASON_FIELD_INVALID, "activity.amount.units"},
      {"kind: 'buy' customer_id: 'a' activity_id: 'x' labels { key: 'K' value: 'v' }",
       v1::ERROR_REASON_FIELD_INVALID, "activity.labels"},
  };
  for (const auto& row : rows) {
    const auto response = Record(FromText<v1::Activity>(row.activity));
    EXPECT_THAT(response, HasReason(row.reason)) << row.activity;
    EXPECT_THAT(response.status().message(), HasSubstr(row.field)) << row.activity;
  }
  EXPECT_THAT(Define("kind: 'visit' time_zone: 'Berlin'"),
              HasReason(v1::ERROR_REASON_FIELD_INVALID));
  EXPECT_THAT(client().BatchRecordActivities({}), HasReason(v1::ERROR_REASON_FIELD_REQUIRED));
  EXPECT_EQ(Status(client()).sequence(), sequence);
  EXPECT_THAT(Value(client().ListActivityKinds()).activity_kinds(), SizeIs(1));
}

}  // namespace
}  // namespace emptychair::testing
