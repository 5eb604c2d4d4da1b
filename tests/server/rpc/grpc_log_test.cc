#include "server/rpc/grpc_log.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace emptychair {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class GrpcLogTest : public ::testing::Test {
 protected:
  // As gRPC does when it is begun.
  GrpcLogTest() { gpr_set_log_verbosity(GPR_LOG_SEVERITY_DEBUG); }

  static void Say(const std::string& text, gpr_log_severity severity = GPR_LOG_SEVERITY_ERROR) {
    gpr_log_message("/a/b/c.cc", 7, severity, text.c_str());
  }

  FakeClock clock_{absl::FromUnixSeconds(1'700'000'000)};
  std::vector<std::string> lines_;
  ServerLog log_{&clock_, [this](absl::string_view line) { lines_.emplace_back(line); }};
};

TEST_F(GrpcLogTest, MakesEventsOfLines) {
  const GrpcLog grpc_log(&log_, &clock_);
  Say("broken \"pipe\"");
  Say("fine", GPR_LOG_SEVERITY_INFO);
  ASSERT_THAT(lines_, SizeIs(2));
  EXPECT_THAT(lines_[0], EndsWith("\"severity\":\"ERROR\",\"event\":\"grpc\",\"source\":\"c.cc:7\","
                                  "\"message\":\"broken \\\"pipe\\\"\"}\n"));
  EXPECT_THAT(lines_[1], HasSubstr("\"severity\":\"INFO\""));
}

TEST_F(GrpcLogTest, SaysTenLinesASecondAndCountsTheRest) {
  const GrpcLog grpc_log(&log_, &clock_);
  for (int i = 0; i < 25; ++i) {
    Say("again");
  }
  EXPECT_THAT(lines_, SizeIs(10));
  EXPECT_THAT(lines_.back(), Not(HasSubstr("dropped_before")));
  clock_.Advance(absl::Seconds(1));
  Say("later");
  Say("and later");
  ASSERT_THAT(lines_, SizeIs(12));
  EXPECT_THAT(lines_[10], AllOf(HasSubstr("later"), HasSubstr("\"dropped_before\":\"15\"")));
  EXPECT_THAT(lines_[11], Not(HasSubstr("dropped_before")));
}

TEST_F(GrpcLogTest, CutsLongLines) {
  const GrpcLog grpc_log(&log_, &clock_);
  Say(std::string(10'000, 'x'));
  EXPECT_LT(lines_.front().size(), 1'000u);
}

TEST_F(GrpcLogTest, EndsWithTheObject) {
  { const GrpcLog grpc_log(&log_, &clock_); }
  Say("to stderr");
  EXPECT_THAT(lines_, IsEmpty());
}

}  // namespace
}  // namespace emptychair
