#include "common/base/trace_parent.h"

#include <string>

#include "gtest/gtest.h"

namespace emptychair {
namespace {

constexpr char kGood[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(TraceParent, HasTheTwoIds) {
  const std::optional<TraceParent> parent = TraceParent::Parse(kGood);
  ASSERT_TRUE(parent.has_value());
  EXPECT_EQ(parent->trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(parent->span_id(), "00f067aa0ba902b7");
  EXPECT_TRUE(
      TraceParent::Parse("00-00000000000000000000000000000001-1000000000000000-ff").has_value());
}

TEST(TraceParent, IsNothingButTheOneForm) {
  const std::string bad[] = {
      "",
      "00",
      "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
      "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-",
      "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01 ",
      " 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
      "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
      "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
      "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
      "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
      "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
      "00-4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7-01",
      "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7_01",
  };
  for (const std::string& text : bad) {
    EXPECT_FALSE(TraceParent::Parse(text).has_value()) << text;
  }
  // Any digit in upper case, or none at all.
  const std::string good = kGood;
  for (size_t i = 3; i < good.size(); ++i) {
    for (const char c : {'A', 'F', 'g', '"', '\n', '\0', '\x80'}) {
      std::string spoilt = good;
      spoilt[i] = c;
      EXPECT_FALSE(TraceParent::Parse(spoilt).has_value()) << i << " " << spoilt;
    }
  }
}

}  // namespace
}  // namespace emptychair
