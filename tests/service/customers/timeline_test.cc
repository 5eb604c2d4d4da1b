// Timelines of customers through the whole service.
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/timestamp.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"

namespace emptychair::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class TimelineTest : public ServiceTest {
 protected:
  TimelineTest() {
    Create(client(), NpsSurvey("pulse"));
    Create(client(), NpsSurvey("other"));
  }

  v1::Feedback Say(const std::string& survey, const std::string& id, absl::Time time,
                   const std::string& comment = "") {
    v1::Feedback answer = Answer(survey, id, time, 9);
    answer.set_customer_id("ann");
    answer.set_comment(comment);
    return Submit(client(), answer).feedback();
  }
  void Do(const std::string& kind, const std::string& id, absl::Time time,
          const std::string& customer_id = "ann") {
    v1::RecordActivityRequest request;
    v1::Activity& activity = *request.mutable_activity();
    activity.set_kind(kind);
    activity.set_activity_id(id);
    activity.set_customer_id(customer_id);
    *activity.mutable_occur_time() = Timestamp(time);
    EXPECT_OK(client().RecordActivity(request));
  }
  v1::Feedback Amend(const v1::Feedback& answer, const std::string& comment) {
    v1::AmendFeedbackRequest request;
    request.mutable_feedback()->set_survey_id(answer.survey_id());
    request.mutable_feedback()->set_feedback_id(answer.feedback_id());
    request.mutable_feedback()->set_comment(comment);
    request.mutable_update_mask()->add_paths("comment");
    return Value(client().AmendFeedback(request)).feedback();
  }
  v1::Feedback Exclude(const v1::Feedback& answer) {
    v1::ExcludeFeedbackRequest request;
    request.set_survey_id(answer.survey_id());
    request.set_feedback_id(answer.feedback_id());
    request.set_reason(v1::EXCLUSION_REASON_TEST);
    request.set_note("ours");
    return Value(client().ExcludeFeedback(request)).feedback();
  }

  static v1::ListTimelineRequest Of(const std::string& customer_id, int32_t page_size = 0,
                                    const std::string& page_token = "") {
    v1::ListTimelineRequest request;
    request.set_customer_id(customer_id);
    request.set_page_size(page_size);
    request.set_page_token(page_token);
    return request;
  }
  absl::StatusOr<v1::ListTimelineResponse> Page(const v1::ListTimelineRequest& request) {
    return client().connection().ListTimeline(request);
  }
  std::vector<v1::TimelineEntry> List(const std::string& customer_id, int32_t page_size = 0) {
    std::vector<v1::TimelineEntry> entries;
    for (absl::StatusOr<v1::TimelineEntry> entry :
         client().ListTimeline(Of(customer_id, page_size))) {
      EXPECT_OK(entry);
      if (!entry.ok() || entries.size() == 5'000) {
        ADD_FAILURE() << "does not come to an end";
        break;
      }
      entries.push_back(*std::move(entry));
    }
    return entries;
  }
  static std::vector<std::string> TextsOf(const std::vector<v1::TimelineEntry>& entries) {
    std::vector<std::string> texts;
    for (const v1::TimelineEntry& entry : entries) {
      switch (entry.entry_case()) {
        case v1::TimelineEntry::kFeedback:
          texts.push_back(absl::StrCat("said ", entry.feedback().external_id()));
          break;
        case v1::TimelineEntry::kActivity:
          texts.push_back(
              absl::StrCat(entry.activity().kind(), " ", entry.activity().activity_id()));
          break;
        case v1::TimelineEntry::kCorrection:
          texts.push_back(v1::FeedbackCorrection::Kind_Name(entry.correction().kind()));
          break;
        case v1::TimelineEntry::ENTRY_NOT_SET:
          texts.push_back("nothing");
          break;
      }
    }
    return texts;
  }
};

EMPTYCHAIR_ON_BOTH_BACKENDS(TimelineTest);

TEST_P(TimelineTest, ListsWhatWasSaidAndDoneNewestFirst) {
  Say("pulse", "a", kTime);
  Do("visit", "v", kTime + absl::Hours(1));
  Say("other", "b", kTime + absl::Hours(3), "fine");
  Do("buy", "o", kTime + absl::Hours(2));
  Do("buy", "p", kTime + absl::Hours(4));
  Do("buy", "q", kTime + absl::Hours(2), "bob");
  const std::vector<v1::TimelineEntry> entries = List("ann");
  ASSERT_THAT(TextsOf(entries), ElementsAre("buy p", "said b", "buy o", "visit v", "said a"));
  EXPECT_THAT(entries[1].time(), EqualsMessage(Timestamp(kTime + absl::Hours(3))));
  EXPECT_THAT(entries[1].feedback(),
              EqualsMessage(Value(GetByExternalId(client(), "other", "b")).feedback()));
  EXPECT_THAT(entries[2].time(), EqualsMessage(Timestamp(kTime + absl::Hours(2))));
  EXPECT_EQ(entries[2].activity().customer_id(), "ann");
  for (const absl::StatusOr<v1::Activity>& listed : client().ListActivities(
           FromText<v1::ListActivitiesRequest>("kind: 'visit' customer_id: 'ann'"))) {
    EXPECT_THAT(entries[3].activity(), EqualsMessage(*listed));
  }
  EXPECT_THAT(TextsOf(List("bob")), ElementsAre("buy q"));
  EXPECT_EQ(Value(Page(Of("ann"))).sequence(), Status(client()).sequence());
  for (int page_size : {1, 2, 3, 4, 5, 6}) {
    EXPECT_THAT(TextsOf(List("ann", page_size)), ElementsAreArray(TextsOf(entries)));
  }
}

TEST_P(TimelineTest, ListsWhatStaffDidToAnAnswer) {
  const v1::Feedback first = Say("pulse", "a", kTime, "fine");
  Say("pulse", "b", kTime + absl::Hours(1));
  Amend(first, "not fine");
  const v1::Feedback excluded = Exclude(first);
  const std::vector<v1::TimelineEntry> entries = List("ann");
  ASSERT_THAT(TextsOf(entries), ElementsAre("KIND_EXCLUDED", "KIND_AMENDED", "said b", "said a"));
  EXPECT_THAT(entries[3].feedback(), EqualsMessage(excluded)) << "as it is now";
  EXPECT_THAT(entries[0].time(), EqualsMessage(excluded.exclusion().time()));
  v1::FeedbackCorrection expected;
  expected.set_kind(v1::FeedbackCorrection::KIND_EXCLUDED);
  expected.set_survey_id("pulse");
  expected.set_feedback_id(first.feedback_id());
  expected.set_exclusion_reason(v1::EXCLUSION_REASON_TEST);
  expected.set_exclusion_note("ours");
  EXPECT_THAT(entries[0].correction(), EqualsMessage(expected));
  expected.set_kind(v1::FeedbackCorrection::KIND_AMENDED);
  expected.clear_exclusion_reason();
  expected.clear_exclusion_note();
  EXPECT_THAT(entries[1].correction(), EqualsMessage(expected));

  v1::IncludeFeedbackRequest include;
  include.set_survey_id("pulse");
  include.set_feedback_id(first.feedback_id());
  ASSERT_OK(client().IncludeFeedback(include));
  EXPECT_THAT(TextsOf(List("ann", 1)), ElementsAre("KIND_AMENDED", "said b", "said a"));
}

TEST_P(TimelineTest, HasOneOrderForWhatHappenedAtOneTime) {
  for (int i = 0; i < 4; ++i) {
    Say(i % 2 == 0 ? "pulse" : "other", absl::StrCat("a", i), kTime);
    Do("visit", absl::StrCat("v", i), kTime);
    Do("buy", absl::StrCat("o", i), kTime);
  }
  Say("pulse", "before", kTime - absl::Milliseconds(1));
  Do("visit", "after", kTime + absl::Milliseconds(1));
  const std::vector<std::string> all = TextsOf(List("ann", 100));
  ASSERT_THAT(all, SizeIs(14));
  for (int page_size = 1; page_size < 14; ++page_size) {
    EXPECT_THAT(TextsOf(List("ann", page_size)), ElementsAreArray(all)) << page_size;
  }
  EXPECT_EQ(all.front(), "visit after");
  EXPECT_EQ(all[1].substr(0, 4), "said");
  EXPECT_EQ(all[4].substr(0, 4), "said");
  EXPECT_EQ(all[5].substr(0, 4), "buy ");
  EXPECT_EQ(all[9].substr(0, 6), "visit ");
  EXPECT_EQ(all.back(), "said before");
}

TEST_P(TimelineTest, HasNothingOfWhatIsErasedOrDeleted) {
  const v1::Feedback said = Say("pulse", "a", kTime);
  Say("other", "b", kTime);
  Do("visit", "v", kTime);
  Do("buy", "o", kTime);
  Do("buy", "p", kTime);
  v1::EraseFeedbackRequest erase;
  erase.set_survey_id("pulse");
  erase.set_feedback_id(said.feedback_id());
  ASSERT_OK(client().EraseFeedback(erase));
  ASSERT_OK(
      client().EraseActivity(FromText<v1::EraseActivityRequest>("kind: 'buy' activity_id: 'o'")));
  ASSERT_OK(client().DeleteActivityKind(
      FromText<v1::DeleteActivityKindRequest>("kind: 'visit' confirm_kind: 'visit'")));
  ASSERT_OK(client().DeleteSurvey(
      FromText<v1::DeleteSurveyRequest>("survey_id: 'other' confirm_survey_id: 'other'")));
  EXPECT_THAT(TextsOf(List("ann")), ElementsAre("buy p"));
}

TEST_P(TimelineTest, HasAtMostAThousandEntriesAndAMebibyteInAPage) {
  v1::BatchRecordActivitiesRequest batch;
  for (int i = 0; i < 1'001; ++i) {
    v1::Activity& activity = *batch.add_activities();
    activity.set_kind("visit");
    activity.set_activity_id(absl::StrCat(i));
    activity.set_customer_id("ann");
    *activity.mutable_occur_time() = Timestamp(kTime + absl::Seconds(i / 2));
  }
  ASSERT_EQ(Value(client().BatchRecordActivities(batch)).accepted_count(), 1'001);
  EXPECT_THAT(Value(Page(Of("ann"))).entries(), SizeIs(100));
  const v1::ListTimelineResponse most = Value(Page(Of("ann", 1'001)));
  EXPECT_THAT(most.entries(), SizeIs(1'000));
  EXPECT_THAT(Value(Page(Of("ann", 1'000, most.next_page_token()))).entries(), SizeIs(1));

  for (int i = 0; i < 100; ++i) {
    Say("pulse", absl::StrCat("a", i), kTime + absl::Seconds(i), std::string(16 << 10, 'x'));
  }
  const v1::ListTimelineResponse page = Value(Page(Of("ann", 1'000)));
  EXPECT_LT(page.ByteSizeLong(), size_t{3} << 19);
  EXPECT_NE(page.next_page_token(), "");
  EXPECT_THAT(List("ann", 1'000), SizeIs(1'101));
}

TEST_P(TimelineTest, IsEmptyForACustomerWhoDidNothingYet) {
  ASSERT_OK(client().UpsertCustomer(
      FromText<v1::UpsertCustomerRequest>("customer { customer_id: 'new' }")));
  const v1::ListTimelineResponse page = Value(Page(Of("new")));
  EXPECT_THAT(page.entries(), IsEmpty());
  EXPECT_EQ(page.next_page_token(), "");
}

TEST_P(TimelineTest, NamesWhatIsWrong) {
  Say("pulse", "a", kTime);
  Do("visit", "v", kTime);
  Do("visit", "w", kTime, "bob");
  const int64_t sequence = Status(client()).sequence();
  EXPECT_THAT(Page(Of("")), HasReason(v1::ERROR_REASON_FIELD_REQUIRED));
  EXPECT_THAT(Page(Of("")).status(), HasField("customer_id"));
  EXPECT_THAT(Page(Of("a\nb")), HasReason(v1::ERROR_REASON_FIELD_INVALID));
  EXPECT_THAT(Page(Of("a\nb")).status(), HasField("customer_id"));
  EXPECT_THAT(Page(Of("nobody")), HasReason(v1::ERROR_REASON_CUSTOMER_NOT_FOUND));
  EXPECT_THAT(Page(Of("ann", -1)), HasReason(v1::ERROR_REASON_FIELD_INVALID));
  EXPECT_THAT(Page(Of("ann", -1)).status(), HasField("page_size"));

  const std::string token = Value(Page(Of("ann", 1))).next_page_token();
  ASSERT_NE(token, "");
  EXPECT_OK(Page(Of("ann", 7, token)));
  std::string forged = token;
  forged[forged.size() / 2] = forged[forged.size() / 2] == 'A' ? 'B' : 'A';
  for (const v1::ListTimelineRequest& request :
       {Of("bob", 1, token), Of("ann", 1, forged), Of("ann", 1, "x")}) {
    EXPECT_THAT(Page(request), HasReason(v1::ERROR_REASON_PAGE_TOKEN_INVALID));
    EXPECT_THAT(Page(request).status(), HasField("page_token"));
  }
  auto activities = FromText<v1::ListActivitiesRequest>("kind: 'visit' customer_id: 'ann'");
  activities.set_page_token(token);
  EXPECT_THAT(client().connection().ListActivities(activities),
              HasReason(v1::ERROR_REASON_PAGE_TOKEN_INVALID));
  EXPECT_EQ(Status(client()).sequence(), sequence);
}

}  // namespace
}  // namespace emptychair::testing
