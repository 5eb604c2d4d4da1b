#include "emptychair/client/position.h"

#include "emptychair/v1/admin_service.pb.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"

namespace emptychair {
namespace {

TEST(Position, IsReadFromItsOwnText) {
  const Position position{"0190b2a4-7c00-4000-8000-000000000001", "00ff00ff00ff00ff", 41};
  EXPECT_EQ(ToText(position), "0190b2a4-7c00-4000-8000-000000000001:00ff00ff00ff00ff:41");
  EXPECT_THAT(ParsePosition(ToText(position)), testing::IsOkAndHolds(position));
  EXPECT_THAT(ParsePosition("0"), testing::IsOkAndHolds(Position()));
}

TEST(Position, IsNothingElse) {
  for (const char* text : {"", "1", "00", "-1", "a:b", "a:b:c", "a:b:", "a:b:-1", ":b:1", "a::1",
                           "a:b:1:", "a:b:9223372036854775808"}) {
    EXPECT_THAT(ParsePosition(text), testing::HasReason(v1::ERROR_REASON_FIELD_INVALID)) << text;
  }
}

TEST(Position, TravelsFromAnAnswerIntoARequest) {
  v1::GetStatusResponse status;
  status.set_store_id("store");
  status.set_epoch("epoch");
  status.set_sequence(7);
  v1::WatchFeedbackRequest request;
  GoOnFrom(PositionOf(status), request);
  EXPECT_EQ(request.store_id(), "store");
  EXPECT_EQ(request.epoch(), "epoch");
  EXPECT_EQ(request.after_sequence(), 7);
}

}  // namespace
}  // namespace emptychair
