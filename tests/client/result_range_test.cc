#include "emptychair/client/result_range.h"

#include <deque>
#include <memory>
#include <ranges>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "client/paged_range.h"
#include "common/base/errors.h"
#include "emptychair/client/client.h"
#include "emptychair/client/mocks/mock_connection.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace emptychair {
namespace {

using ::testing::_;
using ::testing::ElementsAre;
using ::testing::Return;
using ::testing::StrictMock;

static_assert(std::ranges::input_range<ResultRange<int>>);
static_assert(std::movable<ResultRange<int>>);
static_assert(!std::copyable<ResultRange<int>>);

// What a loop sees: values as they are, errors by their message.
template <typename T, typename ToText>
std::vector<std::string> TextsOf(ResultRange<T> range, ToText to_text) {
  std::vector<std::string> texts;
  for (absl::StatusOr<T>& result : range) {
    texts.push_back(result.ok() ? to_text(*result) : std::string(result.status().message()));
  }
  return texts;
}

std::vector<std::string> IntsOf(std::vector<absl::StatusOr<int>> results) {
  return TextsOf(MakeRange(std::move(results)), [](int i) { return absl::StrCat(i); });
}

TEST(ResultRange, GivesEveryResultOnce) {
  EXPECT_THAT(IntsOf({}), ElementsAre());
  EXPECT_THAT(IntsOf({1}), ElementsAre("1"));
  EXPECT_THAT(IntsOf({1, 2, 3}), ElementsAre("1", "2", "3"));
}

TEST(ResultRange, EndsBehindTheFirstError) {
  EXPECT_THAT(IntsOf({absl::InternalError("oops")}), ElementsAre("oops"));
  EXPECT_THAT(IntsOf({1, absl::InternalError("oops"), 3}), ElementsAre("1", "oops"));
}

TEST(ResultRange, FetchesNothingBeforeItIsAskedFor) {
  int fetched = 0;
  ResultRange<int> range([&fetched] { return absl::StatusOr<int>(++fetched); });
  EXPECT_EQ(fetched, 0);
  auto it = range.begin();
  EXPECT_EQ(fetched, 1);
  EXPECT_EQ(**it, 1);
  EXPECT_EQ(it->value(), 1);
  ++it;
  EXPECT_EQ(**it, 2);
  EXPECT_EQ(fetched, 2);
}

TEST(ResultRange, BeginAgainGoesOnWhereThePassStands) {
  ResultRange<int> range = MakeRange<int>({1, 2});
  EXPECT_EQ(**range.begin(), 1);
  EXPECT_EQ(**range.begin(), 1);
  ++range.begin();
  EXPECT_EQ(**range.begin(), 2);
  ++range.begin();
  EXPECT_TRUE(range.begin() == range.end());
  EXPECT_TRUE(range.begin() == range.end());
}

TEST(ResultRange, LetsGoOfItsSourceAtTheEndAndAfterAnError) {
  for (const bool fails : {false, true}) {
    auto held = std::make_shared<int>();
    const std::weak_ptr<int> watch = held;
    ResultRange<int> range([held = std::move(held), fails]() -> std::optional<absl::StatusOr<int>> {
      return fails ? std::make_optional<absl::StatusOr<int>>(absl::InternalError("oops"))
                   : std::nullopt;
    });
    EXPECT_FALSE(watch.expired());
    range.begin();
    EXPECT_TRUE(watch.expired());
  }
}

TEST(ResultRange, ResultsCanBeMovedOut) {
  ResultRange<std::unique_ptr<int>> range(
      [] { return absl::StatusOr<std::unique_ptr<int>>(std::make_unique<int>(7)); });
  const std::unique_ptr<int> value = *std::move(*range.begin());
  EXPECT_EQ(*value, 7);
}

class PagedRangeTest : public ::testing::Test {
 protected:
  static v1::ListSurveysResponse Page(const std::vector<std::string>& ids,
                                      const std::string& next_page_token) {
    v1::ListSurveysResponse page;
    for (const std::string& id : ids) {
      page.add_surveys()->set_survey_id(id);
    }
    page.set_next_page_token(next_page_token);
    return page;
  }

  // What the pages hold, asked for from `page_token` on.
  std::vector<std::string> Ids(const std::string& page_token = "") {
    v1::ListSurveysRequest request;
    request.set_include_archived(true);
    request.set_page_token(page_token);
    return TextsOf(PagedRange<v1::Survey>(connection_, request, &Connection::ListSurveys,
                                          &v1::ListSurveysResponse::mutable_surveys),
                   [](const v1::Survey& survey) { return survey.survey_id(); });
  }

  void ExpectPage(const std::string& page_token, absl::StatusOr<v1::ListSurveysResponse> answer) {
    EXPECT_CALL(*connection_,
                ListSurveys(::testing::AllOf(
                    ::testing::Property(&v1::ListSurveysRequest::page_token, page_token),
                    ::testing::Property(&v1::ListSurveysRequest::include_archived, true))))
        .WillOnce(Return(std::move(answer)));
  }

  static v1::ListFeedbackResponse Records(const std::vector<std::string>& ids,
                                          const std::string& next_page_token) {
    v1::ListFeedbackResponse page;
    for (const std::string& id : ids) {
      page.add_feedback()->set_feedback_id(id);
    }
    page.set_next_page_token(next_page_token);
    return page;
  }

  // The page is answered, and `asked` notified when it is asked for.
  void ExpectRecords(const std::string& page_token, absl::StatusOr<v1::ListFeedbackResponse> answer,
                     absl::Notification* asked = nullptr) {
    EXPECT_CALL(*connection_,
                ListFeedback(::testing::Property(&v1::ListFeedbackRequest::page_token, page_token)))
        .WillOnce([asked, answer = std::move(answer)](const v1::ListFeedbackRequest&) {
          if (asked != nullptr) {
            asked->Notify();
          }
          return answer;
        });
  }

  std::shared_ptr<StrictMock<MockConnection>> connection_ =
      std::make_shared<StrictMock<MockConnection>>();
};

TEST_F(PagedRangeTest, AsksForOnePageAfterTheOther) {
  ExpectPage("", Page({"a", "b"}, "2"));
  ExpectPage("2", Page({"c"}, "3"));
  ExpectPage("3", Page({"d", "e"}, ""));
  EXPECT_THAT(Ids(), ElementsAre("a", "b", "c", "d", "e"));
}

TEST_F(PagedRangeTest, AnEmptyListHasOnePage) {
  ExpectPage("", Page({}, ""));
  EXPECT_THAT(Ids(), ElementsAre());
}

TEST_F(PagedRangeTest, AnEmptyPageWithANextTokenIsNotTheEnd) {
  ExpectPage("", Page({}, "2"));
  ExpectPage("2", Page({"a"}, "3"));
  ExpectPage("3", Page({}, "4"));
  ExpectPage("4", Page({}, "5"));
  ExpectPage("5", Page({"b"}, "6"));
  ExpectPage("6", Page({}, ""));
  EXPECT_THAT(Ids(), ElementsAre("a", "b"));
}

TEST_F(PagedRangeTest, StartsAtThePageThatIsAskedFor) {
  ExpectPage("3", Page({"d"}, ""));
  EXPECT_THAT(Ids("3"), ElementsAre("d"));
}

TEST_F(PagedRangeTest, AnErrorInTheMiddleComesBehindWhatWasBefore) {
  ExpectPage("", Page({"a", "b"}, "2"));
  ExpectPage("2", Error(v1::ERROR_REASON_PAGE_TOKEN_INVALID, "bad token"));
  EXPECT_THAT(Ids(), ElementsAre("a", "b", "bad token"));
}

TEST_F(PagedRangeTest, ALoopThatIsLeftAsksForNoMore) {
  ExpectPage("", Page({"a", "b"}, "2"));
  v1::ListSurveysRequest request;
  request.set_include_archived(true);
  for (const auto& survey : PagedRange<v1::Survey>(connection_, request, &Connection::ListSurveys,
                                                   &v1::ListSurveysResponse::mutable_surveys)) {
    EXPECT_TRUE(survey.ok());
    if (survey->survey_id() == "b") {
      break;
    }
  }
}

TEST_F(PagedRangeTest, RecordsAreAskedForAPageAhead) {
  absl::Notification asked;
  ExpectRecords("", Records({"a", "b"}, "2"));
  ExpectRecords("2", Records({}, "3"), &asked);
  ExpectRecords("3", Records({"c"}, ""));
  ResultRange<v1::Feedback> range = Client(connection_).ListFeedback({});
  EXPECT_EQ((*range.begin())->feedback_id(), "a");
  asked.WaitForNotification();
  EXPECT_THAT(TextsOf(std::move(range), [](const v1::Feedback& f) { return f.feedback_id(); }),
              ElementsAre("a", "b", "c"));
}

TEST_F(PagedRangeTest, AnErrorOfAPageAheadComesBehindWhatWasBefore) {
  absl::Notification asked;
  ExpectRecords("", Records({"a", "b"}, "2"));
  ExpectRecords("2", absl::InternalError("oops"), &asked);
  ResultRange<v1::Feedback> range = Client(connection_).ListFeedback({});
  range.begin();
  asked.WaitForNotification();
  EXPECT_THAT(TextsOf(std::move(range), [](const v1::Feedback& f) { return f.feedback_id(); }),
              ElementsAre("a", "b", "oops"));
}

TEST_F(PagedRangeTest, LeavingWaitsForThePageAheadAndAsksForNoMore) {
  ExpectRecords("", Records({"a"}, "2"));
  ExpectRecords("2", Records({"b"}, "3"));
  { Client(connection_).ListFeedback({}).begin(); }
  ::testing::Mock::VerifyAndClearExpectations(connection_.get());
}

TEST_F(PagedRangeTest, PagesOfRecordsHaveTheirPosition) {
  v1::ListFeedbackResponse first = Records({"a"}, "2");
  first.set_sequence(7);
  ExpectRecords("", first);
  ExpectRecords("2", Records({"b"}, ""));
  EXPECT_THAT(TextsOf(Client(connection_).ListFeedbackPages({}),
                      [](const v1::ListFeedbackResponse& page) {
                        return absl::StrCat(page.sequence(), page.feedback(0).feedback_id());
                      }),
              ElementsAre("7a", "0b"));
}

}  // namespace
}  // namespace emptychair
