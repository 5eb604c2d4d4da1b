// Customers summed up, through the whole service.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/base/timestamp.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"

namespace emptychair::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

// Midnight in UTC.
absl::Time Day(absl::string_view text) {
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime("%Y-%m-%d", text, &time, &error)) << error;
  return time;
}

// Writes to whatever `client` reaches.
class Customers {
 public:
  explicit Customers(Client& client) : client_(client) {}

  v1::Feedback Say(const std::string& survey, absl::Time time, std::optional<int32_t> score,
                   const std::string& customer_id = "ann") {
    v1::Feedback answer = Answer(survey, absl::StrCat("a", ++last_id_), time);
    answer.set_customer_id(customer_id);
    if (score.has_value()) {
      answer.set_score(*score);
    } else {
      answer.set_comment("no score");
    }
    return Submit(client_, answer).feedback();
  }
  void Do(const std::string& kind, absl::Time time, const std::string& amount = "") {
    v1::RecordActivityRequest request;
    v1::Activity& activity = *request.mutable_activity();
    activity = FromText<v1::Activity>(amount.empty() ? "" : absl::StrCat("amount {", amount, "}"));
    activity.set_kind(kind);
    activity.set_activity_id(absl::StrCat("d", ++last_id_));
    activity.set_customer_id("ann");
    *activity.mutable_occur_time() = Timestamp(time);
    EXPECT_OK(client_.RecordActivity(request));
  }
  absl::StatusOr<v1::GetCustomerViewResponse> TryView(absl::Time as_of,
                                                      const std::string& customer_id = "ann") {
    v1::GetCustomerViewRequest request;
    request.set_customer_id(customer_id);
    *request.mutable_as_of() = Timestamp(as_of);
    return client_.GetCustomerView(request);
  }
  v1::GetCustomerViewResponse View(absl::Time as_of) { return Value(TryView(as_of)); }

 private:
  Client& client_;
  int last_id_ = 0;
};

class CustomerViewTest : public ServiceTest {
 protected:
  CustomerViewTest() : ann_(client()) {
    Create(client(), NpsSurvey("pulse"));
    Create(client(), SurveyOf("effort",
                              "kind: SURVEY_KIND_CES "
                              "scale { min: 1 max: 7 direction: SCALE_DIRECTION_EFFORT }"));
  }

  void Define(const std::string& request) {
    ASSERT_OK(client().DefineActivityKind(FromText<v1::DefineActivityKindRequest>(request)));
  }

  Customers ann_;
};

EMPTYCHAIR_ON_BOTH_BACKENDS(CustomerViewTest);

TEST_P(CustomerViewTest, HasTheNewestAnswerToEachSurveyAndItsTrend) {
  ann_.Say("pulse", kTime, 3);
  ann_.Say("pulse", kTime + absl::Hours(1), 7);
  const v1::Feedback excluded = ann_.Say("pulse", kTime + absl::Hours(2), 0);
  const v1::Feedback unscored = ann_.Say("pulse", kTime + absl::Hours(3), std::nullopt);
  ann_.Say("effort", kTime, 2);
  ann_.Say("effort", kTime + absl::Hours(1), 6);
  ann_.Say("pulse", kTime, 1, "bob");
  v1::ExcludeFeedbackRequest exclude;
  exclude.set_survey_id("pulse");
  exclude.set_feedback_id(excluded.feedback_id());
  exclude.set_reason(v1::EXCLUSION_REASON_STAFF);
  ASSERT_OK(client().ExcludeFeedback(exclude));
  ASSERT_OK(client().UpsertCustomer(FromText<v1::UpsertCustomerRequest>(
      "customer { customer_id: 'ann' attributes { key: 'plan' value: 'gold' } }")));

  const v1::GetCustomerViewResponse view = ann_.View(kTime + absl::Hours(4));
  EXPECT_EQ(view.customer().customer_id(), "ann");
  EXPECT_THAT(view.customer().attributes(), UnorderedElementsAre(Pair("plan", "gold")));
  EXPECT_THAT(view.as_of(), EqualsMessage(Timestamp(kTime + absl::Hours(4))));
  EXPECT_EQ(view.sequence(), Status(client()).sequence());
  EXPECT_THAT(view.kinds(), IsEmpty());
  ASSERT_THAT(view.surveys(), SizeIs(2));
  const v1::CustomerSurvey& effort = view.surveys(0);
  EXPECT_EQ(effort.survey_id(), "effort");
  EXPECT_EQ(effort.answers(), 2);
  EXPECT_EQ(effort.last_score(), 6);
  EXPECT_EQ(effort.previous_score(), 2);
  EXPECT_EQ(effort.trend(), v1::CHANGE_DIRECTION_WORSE) << "more effort";
  const v1::CustomerSurvey& pulse = view.surveys(1);
  EXPECT_EQ(pulse.survey_id(), "pulse");
  EXPECT_EQ(pulse.answers(), 4);
  EXPECT_THAT(pulse.last(), EqualsMessage(unscored));
  EXPECT_EQ(pulse.last_score(), 7) << "of the newest that is scored and counted";
  EXPECT_EQ(pulse.previous_score(), 3);
  EXPECT_EQ(pulse.trend(), v1::CHANGE_DIRECTION_BETTER);
}

TEST_P(CustomerViewTest, HasNoTrendWithoutTwoScoresThatDiffer) {
  ann_.Say("pulse", kTime, 7);
  v1::CustomerSurvey pulse = ann_.View(kTime + absl::Hours(3)).surveys(0);
  EXPECT_EQ(pulse.last_score(), 7);
  EXPECT_FALSE(pulse.has_previous_score());
  EXPECT_EQ(pulse.trend(), v1::CHANGE_DIRECTION_NEITHER);
  ann_.Say("pulse", kTime + absl::Hours(1), 7);
  pulse = ann_.View(kTime + absl::Hours(3)).surveys(0);
  EXPECT_EQ(pulse.previous_score(), 7);
  EXPECT_EQ(pulse.trend(), v1::CHANGE_DIRECTION_NEITHER);
  ann_.Say("pulse", kTime + absl::Hours(2), 6);
  EXPECT_EQ(ann_.View(kTime + absl::Hours(3)).surveys(0).trend(), v1::CHANGE_DIRECTION_WORSE);
}

TEST_P(CustomerViewTest, LooksBackFromItsTime) {
  const v1::Feedback first = ann_.Say("pulse", kTime, 3);
  ann_.Say("pulse", kTime + absl::Hours(1), 7);
  ann_.Do("visit", kTime);
  ann_.Do("visit", kTime + absl::Hours(1));
  const v1::GetCustomerViewResponse at = ann_.View(kTime);
  EXPECT_THAT(at.surveys(), IsEmpty());
  EXPECT_THAT(at.kinds(), IsEmpty());
  for (const absl::Duration after : {absl::Nanoseconds(1), absl::Milliseconds(1), absl::Hours(1)}) {
    const v1::GetCustomerViewResponse view = ann_.View(kTime + after);
    ASSERT_THAT(view.surveys(), SizeIs(1));
    EXPECT_EQ(view.surveys(0).answers(), 1);
    EXPECT_THAT(view.surveys(0).last(), EqualsMessage(first));
    ASSERT_THAT(view.kinds(), SizeIs(1));
    EXPECT_EQ(view.kinds(0).activities(), 1);
  }
}

TEST_P(CustomerViewTest, SumsUpWhatIsDoneByKindAndCurrency) {
  ann_.Do("visit", kTime);
  ann_.Do("buy", kTime + absl::Hours(1), "units: 2 nanos: 750000000 currency_code: 'EUR'");
  ann_.Do("buy", kTime + absl::Hours(2), "units: 1 nanos: 500000000 currency_code: 'EUR'");
  ann_.Do("buy", kTime + absl::Hours(3), "units: -5 currency_code: 'CHF'");
  ann_.Do("buy", kTime + absl::Hours(3), "nanos: -250000000 currency_code: 'CHF'");
  ann_.Do("buy", kTime + absl::Hours(4));
  const v1::GetCustomerViewResponse view = ann_.View(kTime + absl::Hours(24));
  ASSERT_THAT(view.kinds(), SizeIs(2));
  EXPECT_EQ(view.kinds(1).kind(), "visit");
  EXPECT_THAT(view.kinds(1).totals(), IsEmpty());
  const v1::CustomerKind& buy = view.kinds(0);
  EXPECT_EQ(buy.kind(), "buy");
  EXPECT_EQ(buy.activities(), 5);
  EXPECT_THAT(buy.first_time(), EqualsMessage(Timestamp(kTime + absl::Hours(1))));
  EXPECT_THAT(buy.last_time(), EqualsMessage(Timestamp(kTime + absl::Hours(4))));
  EXPECT_THAT(
      buy.totals(),
      ElementsAre(
          EqualsMessage(FromText<v1::Amount>("units: -5 nanos: -250000000 currency_code: 'CHF'")),
          EqualsMessage(FromText<v1::Amount>("units: 4 nanos: 250000000 currency_code: 'EUR'"))));
  EXPECT_EQ(buy.active_days(), 1);
  EXPECT_EQ(buy.silence_days(), 1);
  EXPECT_FALSE(buy.has_usual_days());
  EXPECT_FALSE(buy.has_limit_days());
  EXPECT_FALSE(buy.is_past_limit());
  EXPECT_FALSE(buy.has_is_subscribed());
}

// Customer 118 of the public purchase log.
TEST_P(CustomerViewTest, FindsTheRhythmOfARealCustomer) {
  for (const char* day : {"2014-07-28", "2014-07-29", "2014-08-06", "2014-08-10", "2014-08-11",
                          "2014-08-12", "2014-08-14", "2014-08-19", "2014-08-20", "2014-08-26",
                          "2014-09-07", "2014-09-07", "2014-09-07", "2014-09-21"}) {
    ann_.Do("purchase", Day(day));
  }
  const v1::CustomerKind late = ann_.View(Day("2014-11-01")).kinds(0);
  EXPECT_EQ(late.activities(), 14);
  EXPECT_EQ(late.active_days(), 12);
  EXPECT_EQ(late.usual_days(), 4);
  EXPECT_EQ(late.limit_days(), 12);
  EXPECT_EQ(late.silence_days(), 41);
  EXPECT_TRUE(late.is_past_limit());
  const v1::CustomerKind within = ann_.View(Day("2014-10-03")).kinds(0);
  EXPECT_EQ(within.silence_days(), 12);
  EXPECT_FALSE(within.is_past_limit());
  EXPECT_TRUE(ann_.View(Day("2014-10-04")).kinds(0).is_past_limit());
  // Five gaps before it: 1 8 4 1 1.
  const v1::CustomerKind early = ann_.View(Day("2014-08-13")).kinds(0);
  EXPECT_EQ(early.active_days(), 6);
  EXPECT_EQ(early.usual_days(), 1);
  EXPECT_EQ(early.limit_days(), 8);
  EXPECT_FALSE(ann_.View(Day("2014-08-12")).kinds(0).has_usual_days());
}

TEST_P(CustomerViewTest, CountsDaysOfTheKindsZone) {
  Define("kind: 'visit' time_zone: 'America/New_York'");
  // Both on the evening of the fourth, there; then the morning of the sixth.
  ann_.Do("visit", Day("2024-03-05") + absl::Hours(1));
  ann_.Do("visit", Day("2024-03-05") + absl::Hours(4));
  ann_.Do("visit", Day("2024-03-06") + absl::Hours(15));
  const v1::CustomerKind same_day = ann_.View(Day("2024-03-06") + absl::Hours(16)).kinds(0);
  EXPECT_EQ(same_day.activities(), 3);
  EXPECT_EQ(same_day.active_days(), 1) << "the day that is not over is left out";
  EXPECT_EQ(same_day.silence_days(), 2);
  const v1::CustomerKind next_day = ann_.View(Day("2024-03-07") + absl::Hours(5)).kinds(0);
  EXPECT_EQ(next_day.active_days(), 2);
  EXPECT_EQ(next_day.silence_days(), 1);
}

TEST_P(CustomerViewTest, SaysWhoIsSubscribed) {
  Define("kind: 'start'");
  Define("kind: 'stop'");
  Define("kind: 'member' start_kind: 'start' end_kind: 'stop'");
  ann_.Do("start", kTime);
  ann_.Do("stop", kTime + absl::Hours(1));
  ann_.Do("start", kTime + absl::Hours(1));
  ann_.Do("start", kTime + absl::Hours(2));
  ann_.Do("stop", kTime + absl::Hours(3));
  ann_.Do("stop", kTime + absl::Hours(4));
  const auto is_subscribed = [&](absl::Duration after) {
    const v1::GetCustomerViewResponse view = ann_.View(kTime + after);
    for (const v1::CustomerKind& kind : view.kinds()) {
      if (kind.kind() == "member") {
        EXPECT_TRUE(kind.has_is_subscribed());
        EXPECT_EQ(kind.activities(), 0);
        EXPECT_FALSE(kind.has_first_time());
        return kind.is_subscribed() ? "yes" : "no";
      }
    }
    return "nothing known";
  };
  EXPECT_STREQ(is_subscribed(absl::ZeroDuration()), "nothing known");
  EXPECT_STREQ(is_subscribed(absl::Minutes(1)), "yes");
  EXPECT_STREQ(is_subscribed(absl::Hours(1)), "yes") << "before the end at that time";
  EXPECT_STREQ(is_subscribed(absl::Hours(1) + absl::Minutes(1)), "yes") << "the end comes first";
  EXPECT_STREQ(is_subscribed(absl::Hours(3) + absl::Minutes(1)), "no");
  EXPECT_STREQ(is_subscribed(absl::Hours(5)), "no");
  const v1::GetCustomerViewResponse view = ann_.View(kTime + absl::Hours(5));
  ASSERT_THAT(view.kinds(), SizeIs(3));
  EXPECT_EQ(view.kinds(1).kind(), "start");
  EXPECT_FALSE(view.kinds(1).has_is_subscribed());
}

TEST_P(CustomerViewTest, NamesWhatIsWrong) {
  ann_.Do("visit", kTime);
  const int64_t sequence = Status(client()).sequence();
  EXPECT_THAT(client().GetCustomerView({}), HasReason(v1::ERROR_REASON_FIELD_REQUIRED));
  EXPECT_THAT(client().GetCustomerView({}).status(), HasField("customer_id"));
  EXPECT_THAT(ann_.TryView(kTime, "a\nb"), HasReason(v1::ERROR_REASON_FIELD_INVALID));
  EXPECT_THAT(ann_.TryView(kTime, "nobody"), HasReason(v1::ERROR_REASON_CUSTOMER_NOT_FOUND));
  const absl::Status before_1970 = ann_.TryView(absl::UnixEpoch() - absl::Nanoseconds(1)).status();
  EXPECT_THAT(before_1970, HasReason(v1::ERROR_REASON_FIELD_INVALID));
  EXPECT_THAT(before_1970, HasField("as_of"));
  auto request = FromText<v1::GetCustomerViewRequest>("customer_id: 'ann' as_of { nanos: -1 }");
  EXPECT_THAT(client().GetCustomerView(request), HasReason(v1::ERROR_REASON_FIELD_INVALID));
  EXPECT_THAT(ann_.View(absl::UnixEpoch()).kinds(), IsEmpty());
  EXPECT_EQ(Status(client()).sequence(), sequence);
}

class ClockedCustomerViewTest : public ClockedServiceTest {};

TEST_F(ClockedCustomerViewTest, LooksBackFromTheServersClock) {
  Customers ann(client());
  ann.Do("visit", kFakeNow - absl::Hours(1));
  ann.Do("visit", kFakeNow + absl::Minutes(1));
  v1::GetCustomerViewRequest request;
  request.set_customer_id("ann");
  v1::GetCustomerViewResponse view = Value(client().GetCustomerView(request));
  EXPECT_THAT(view.as_of(), EqualsMessage(Timestamp(kFakeNow)));
  EXPECT_EQ(view.kinds(0).activities(), 1);
  clock().Advance(absl::Minutes(2));
  view = Value(client().GetCustomerView(request));
  EXPECT_EQ(view.kinds(0).activities(), 2);
}

}  // namespace
}  // namespace emptychair::testing
