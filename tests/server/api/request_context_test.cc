#include "server/api/request_context.h"

#include <set>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"

namespace emptychair {
namespace {

using ::emptychair::testing::StatusIs;

TEST(RequestId, TakesWhatACallerChose) {
  const std::string longest(RequestId::kBytesMax, '~');
  for (const std::string& text : {std::string("!"), std::string("order-4711/a\"\\"), longest}) {
    const std::optional<RequestId> id = RequestId::FromCaller(text);
    ASSERT_TRUE(id.has_value()) << text;
    EXPECT_EQ(id->text(), text);
  }
}

TEST(RequestId, RefusesWhatCouldHarmALog) {
  const std::string too_long(RequestId::kBytesMax + 1, 'a');
  for (const std::string& text :
       {std::string(), too_long, std::string("two words"), std::string("a\nb"),
        std::string("a\x7f"), std::string("a\0b", 3), std::string("gr\xc3\xbcn")}) {
    EXPECT_FALSE(RequestId::FromCaller(text).has_value()) << text;
  }
}

TEST(RequestId, OfANumberHasSixteenDigits) {
  EXPECT_EQ(RequestId::FromNumber(0).text(), "0000000000000000");
  EXPECT_EQ(RequestId::FromNumber(0x123456789abcdef0).text(), "123456789abcdef0");
  EXPECT_EQ(RequestId::FromNumber(UINT64_MAX).text(), "ffffffffffffffff");
}

TEST(RequestIds, AreNeverAlike) {
  RequestIds ids(UINT64_MAX - 1);
  std::set<std::string> seen;
  for (int i = 0; i < 1'000; ++i) {
    seen.emplace(ids.Next().text());
  }
  EXPECT_EQ(seen.size(), 1'000u);
}

class Gone final : public Cancellation {
 public:
  bool IsCancelled() const override { return is_gone; }
  bool is_gone = false;
};

TEST(RequestContext, IsAwaitedUntilItsDeadlineOrItsCallerHasGone) {
  const absl::Time deadline = absl::FromUnixSeconds(100);
  Gone gone;
  const RequestContext context = {.deadline = deadline, .cancellation = &gone};
  EXPECT_OK(context.CheckAwaited(deadline - absl::Nanoseconds(1)));
  EXPECT_THAT(context.CheckAwaited(deadline), StatusIs(absl::StatusCode::kDeadlineExceeded));
  gone.is_gone = true;
  EXPECT_TRUE(context.IsCancelled());
  EXPECT_THAT(context.CheckAwaited(deadline - absl::Nanoseconds(1)),
              StatusIs(absl::StatusCode::kCancelled));
  // Transports cancel calls whose deadline has passed.
  EXPECT_THAT(context.CheckAwaited(deadline), StatusIs(absl::StatusCode::kDeadlineExceeded));
}

TEST(RequestContext, WithoutATransportIsAwaitedForEver) {
  const RequestContext context = {};
  EXPECT_FALSE(context.IsCancelled());
  EXPECT_OK(context.CheckAwaited(absl::FromUnixSeconds(1'000'000'000'000)));
}

}  // namespace
}  // namespace emptychair
