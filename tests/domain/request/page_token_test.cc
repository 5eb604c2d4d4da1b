#include "server/request/page_token.h"

#include <string>

#include "emptychair/v1/feedback_service.pb.h"
#include "emptychair/v1/survey_service.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/domain/harness/hand_made_view.h"
#include "tests/helpers/status_matchers.h"
#include "tests/storage/harness/store_harness.h"

namespace emptychair::testing {
namespace {

using ::testing::AllOf;

MATCHER(IsRefused, "") {
  return ::testing::ExplainMatchResult(
      AllOf(HasReason(v1::ERROR_REASON_PAGE_TOKEN_INVALID), HasField("page_token")), arg,
      result_listener);
}

class PageTokenTest : public ::testing::Test {
 protected:
  PageTokenTest() : harness_(storage::Place::kMemory) {}
  void SetUp() override { ASSERT_OK(harness_.Open()); }

  const storage::Store& store() { return harness_.store(); }

  storage::StoreHarness harness_;
  v1::ListFeedbackRequest request_ =
      Parse<v1::ListFeedbackRequest>("survey_id: 'nps' page_size: 5");
};

TEST_F(PageTokenTest, GoesOnBehindItsPosition) {
  EXPECT_THAT(ReadPageToken(store(), request_), IsOkAndHolds(""));
  const std::string position("a\0b\xff", 4);
  request_.set_page_token(MakePageToken(store(), request_, position));
  EXPECT_THAT(ReadPageToken(store(), request_), IsOkAndHolds(position));
  request_.set_page_size(7);
  EXPECT_THAT(ReadPageToken(store(), request_), IsOkAndHolds(position));
}

TEST_F(PageTokenTest, IsBoundToAllOtherFieldsAndToTheMethod) {
  const std::string token = MakePageToken(store(), request_, "p");
  request_.set_page_token(token);
  request_.set_min_score(3);
  EXPECT_THAT(ReadPageToken(store(), request_), IsRefused());
  v1::ListSurveysRequest other;
  other.set_page_token(token);
  EXPECT_THAT(ReadPageToken(store(), other), IsRefused());
}

TEST_F(PageTokenTest, IsBoundToTheStore) {
  storage::StoreHarness other(storage::Place::kMemory);
  ASSERT_OK(other.Open());
  request_.set_page_token(MakePageToken(other.store(), request_, "p"));
  EXPECT_OK(ReadPageToken(other.store(), request_));
  EXPECT_THAT(ReadPageToken(store(), request_), IsRefused());
}

TEST_F(PageTokenTest, RefusesATokenOfWhichOneCharacterIsDifferent) {
  const std::string token = MakePageToken(store(), request_, "position");
  for (size_t i = 0; i < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    request_.set_page_token(changed);
    EXPECT_THAT(ReadPageToken(store(), request_), IsRefused()) << i;
  }
  request_.set_page_token("!");
  EXPECT_THAT(ReadPageToken(store(), request_), IsRefused());
}

TEST(CheckPageSize, IsAHundredByDefaultAndAtMostAThousand) {
  EXPECT_THAT(CheckPageSize(0), IsOkAndHolds(100));
  EXPECT_THAT(CheckPageSize(1), IsOkAndHolds(1));
  EXPECT_THAT(CheckPageSize(1'001), IsOkAndHolds(1'000));
  EXPECT_THAT(CheckPageSize(-1),
              AllOf(HasReason(v1::ERROR_REASON_FIELD_INVALID), HasField("page_size")));
}

}  // namespace
}  // namespace emptychair::testing
