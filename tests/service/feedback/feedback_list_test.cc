// Lists of records: order, conditions, pages.
#include <algorithm>
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
using ::testing::IsEmpty;
using ::testing::SizeIs;

class FeedbackListTest : public ServiceTest {
 protected:
  FeedbackListTest() {
    Create(client(), SurveyOf("pulse", "kind: SURVEY_KIND_NPS dimensions: 'region' max_series: 2"));
    Create(client(), NpsSurvey("other"));
    Add("pulse", "a", 0, 9, "ann", "north");
    Add("pulse", "b", 1, 3, "bob", "south");
    // Past max_series: both are in (other).
    Add("pulse", "c", 2, std::nullopt, "ann", "");
    Add("pulse", "d", 3, 7, "", "west");
    Add("other", "e", 4, 5, "ann", "");
  }

  void Add(const std::string& survey, const std::string& id, int minute, std::optional<int> score,
           const std::string& customer, const std::string& region) {
    v1::Feedback feedback = Answer(survey, id, kTime + absl::Minutes(minute));
    if (score.has_value()) {
      feedback.set_score(*score);
    }
    feedback.set_customer_id(customer);
    if (!region.empty()) {
      (*feedback.mutable_labels())["region"] = region;
    }
    stored_.push_back(Submit(client(), feedback).feedback());
  }

  // External ids of all pages of the request written in text format.
  std::vector<std::string> List(const std::string& text, int page_size = 0) {
    auto request = FromText<v1::ListFeedbackRequest>(text);
    request.set_page_size(page_size);
    std::vector<std::string> ids;
    do {
      const v1::ListFeedbackResponse page = Value(client().connection().ListFeedback(request));
      EXPECT_EQ(page.sequence(), Status(client()).sequence());
      for (const v1::Feedback& feedback : page.feedback()) {
        ids.push_back(feedback.external_id());
        const auto stored = std::find_if(stored_.begin(), stored_.end(), [&](const auto& one) {
          return one.external_id() == feedback.external_id();
        });
        if (stored != stored_.end()) {
          EXPECT_THAT(feedback, EqualsMessage(*stored));
        }
      }
      request.set_page_token(page.next_page_token());
    } while (!request.page_token().empty() && ids.size() < 10'000);
    return ids;
  }

  std::vector<v1::Feedback> stored_;
};

EMPTYCHAIR_ON_BOTH_BACKENDS(FeedbackListTest);

TEST_P(FeedbackListTest, GoesFromTheNewestUnlessAskedOtherwise) {
  for (int page_size : {0, 1, 2, 3, 4, 5, 2'000}) {
    EXPECT_THAT(List("survey_id: 'pulse'", page_size), ElementsAre("d", "c", "b", "a"));
    EXPECT_THAT(List("survey_id: 'pulse' order: FEEDBACK_ORDER_OLDEST_FIRST", page_size),
                ElementsAre("a", "b", "c", "d"));
    EXPECT_THAT(List("customer_id: 'ann'", page_size), ElementsAre("e", "c", "a"));
    EXPECT_THAT(List("customer_id: 'ann' order: FEEDBACK_ORDER_OLDEST_FIRST", page_size),
                ElementsAre("a", "c", "e"));
    EXPECT_THAT(List("survey_id: 'pulse' customer_id: 'ann'", page_size), ElementsAre("c", "a"));
  }
  EXPECT_THAT(List("customer_id: 'nobody'"), IsEmpty());
  EXPECT_THAT(List("survey_id: 'pulse' customer_id: 'nobody'"), IsEmpty());
}

TEST_P(FeedbackListTest, KeepsToItsConditions) {
  const struct {
    std::string condition;
    std::vector<std::string> ids;
  } rows[] = {
      {"interval { start_time { seconds: 1704067260 } end_time { seconds: 1704067380 } }",
       {"c", "b"}},
      {"interval { start_time { seconds: 1704067380 } }", {"d"}},
      {"interval { end_time { seconds: 1704067200 } }", {}},
      {"min_score: 7", {"d", "a"}},
      {"max_score: 7", {"d", "b"}},
      {"min_score: 4 max_score: 8", {"d"}},
      {"filters { key: 'region' values: 'north' }", {"a"}},
      {"filters { key: 'region' values: ['north', 'south'] }", {"b", "a"}},
      {"filters { key: 'region' values: 'north' negate: true }", {"d", "c", "b"}},
      {"filters { key: 'region' values: '(none)' }", {"c"}},
      {"filters { key: 'region' values: '(none)' negate: true }", {"d", "b", "a"}},
      {"filters { key: 'region' values: '(other)' }", {"d", "c"}},
      {"filters { key: 'region' values: 'west' }", {"d"}},
      {"filters { key: 'region' values: '(other)' negate: true }", {"b", "a"}},
      {"filters { key: 'agent' values: '(none)' }", {"d", "c", "b", "a"}},
      {"filters { key: 'agent' values: '(other)' }", {}},
      {"filters { key: 'survey_id' values: 'other' }", {}},
      {"filters { key: 'region' values: ['north', 'south'] } min_score: 5", {"a"}},
      {"exclusion: EXCLUSION_FILTER_COUNTED", {"d", "c", "b", "a"}},
      {"exclusion: EXCLUSION_FILTER_EXCLUDED", {}},
      {"exclusion: EXCLUSION_FILTER_ANY", {"d", "c", "b", "a"}},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(List("survey_id: 'pulse' " + row.condition, 1), row.ids) << row.condition;
  }
  EXPECT_THAT(List("customer_id: 'ann' filters { key: 'survey_id' values: 'other' }"),
              ElementsAre("e"));
}

TEST_P(FeedbackListTest, TellsExcludedFromCounted) {
  v1::ExcludeFeedbackRequest exclude;
  exclude.set_survey_id("pulse");
  exclude.set_feedback_id(stored_[1].feedback_id());
  exclude.set_reason(v1::EXCLUSION_REASON_TEST);
  stored_[1] = Value(client().ExcludeFeedback(exclude)).feedback();
  EXPECT_THAT(List("survey_id: 'pulse' exclusion: EXCLUSION_FILTER_COUNTED"),
              ElementsAre("d", "c", "a"));
  EXPECT_THAT(List("survey_id: 'pulse' exclusion: EXCLUSION_FILTER_EXCLUDED"), ElementsAre("b"));
  EXPECT_THAT(List("survey_id: 'pulse'"), SizeIs(4));
}

TEST_P(FeedbackListTest, ListsWhatStaysOnceWhateverIsWrittenBetweenPages) {
  auto request = FromText<v1::ListFeedbackRequest>("survey_id: 'pulse' page_size: 2");
  const v1::ListFeedbackResponse first = Value(client().connection().ListFeedback(request));
  EXPECT_THAT(first.feedback(), SizeIs(2));
  // One newer than the page, one in the rest of the list, and the page's last one is gone.
  Add("pulse", "newer", 9, 1, "", "");
  Add("pulse", "older", -1, 1, "", "");
  v1::EraseFeedbackRequest erase;
  erase.set_survey_id("pulse");
  erase.set_feedback_id(first.feedback(1).feedback_id());
  Value(client().EraseFeedback(erase));
  request.set_page_token(first.next_page_token());
  request.set_page_size(100);
  const v1::ListFeedbackResponse second = Value(client().connection().ListFeedback(request));
  ASSERT_THAT(second.feedback(), SizeIs(3));
  EXPECT_EQ(second.feedback(0).external_id(), "b");
  EXPECT_EQ(second.feedback(1).external_id(), "a");
  EXPECT_EQ(second.feedback(2).external_id(), "older");
  EXPECT_EQ(second.next_page_token(), "");
}

TEST_P(FeedbackListTest, EndsAPageEarlyRatherThanLookingAtEverything) {
  std::vector<v1::Feedback> many;
  for (int i = 0; i < 20'500; ++i) {
    many.push_back(Answer("other", absl::StrCat("m", i), kTime - absl::Minutes(i), 10));
  }
  SubmitAll(client(), many);
  auto request = FromText<v1::ListFeedbackRequest>("survey_id: 'other' max_score: 5");
  request.set_order(v1::FEEDBACK_ORDER_OLDEST_FIRST);
  const v1::ListFeedbackResponse first = Value(client().connection().ListFeedback(request));
  EXPECT_THAT(first.feedback(), IsEmpty());
  request.set_page_token(first.next_page_token());
  const v1::ListFeedbackResponse second = Value(client().connection().ListFeedback(request));
  ASSERT_THAT(second.feedback(), SizeIs(1));
  EXPECT_EQ(second.feedback(0).external_id(), "e");
  EXPECT_EQ(second.next_page_token(), "");
}

TEST_P(FeedbackListTest, KeepsPagesOfLongCommentsSmall) {
  std::vector<v1::Feedback> many;
  for (int i = 0; i < 200; ++i) {
    many.push_back(Answer("other", absl::StrCat("m", i), kTime - absl::Minutes(i), 10));
    many.back().set_comment(std::string(16 << 10, 'x'));
  }
  for (const v1::Feedback& feedback : many) {
    Submit(client(), feedback);
  }
  auto request = FromText<v1::ListFeedbackRequest>("survey_id: 'other' page_size: 1000");
  const v1::ListFeedbackResponse page = Value(client().connection().ListFeedback(request));
  EXPECT_LT(page.ByteSizeLong(), size_t{3} << 19);
  EXPECT_NE(page.next_page_token(), "");
  EXPECT_THAT(List("survey_id: 'other'", 1'000), SizeIs(201));
}

TEST_P(FeedbackListTest, TakesAPageTokenForNothingElse) {
  auto request = FromText<v1::ListFeedbackRequest>("survey_id: 'pulse' page_size: 1");
  const std::string token = Value(client().connection().ListFeedback(request)).next_page_token();
  for (const char* other :
       {"survey_id: 'other'", "survey_id: 'pulse' min_score: 0", "customer_id: 'ann'",
        "survey_id: 'pulse' order: FEEDBACK_ORDER_OLDEST_FIRST"}) {
    auto changed = FromText<v1::ListFeedbackRequest>(other);
    changed.set_page_token(token);
    EXPECT_THAT(client().connection().ListFeedback(changed).status(),
                HasReason(v1::ERROR_REASON_PAGE_TOKEN_INVALID))
        << other;
  }
}

}  // namespace
}  // namespace emptychair::testing
