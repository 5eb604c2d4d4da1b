#include "common/base/status_macros.h"

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"

namespace emptychair {
namespace {

using ::testing::IsEmpty;

absl::Status ReturnsEarly(const absl::Status& first, std::string& trace) {
  RETURN_IF_ERROR(first);
  trace += "went on";
  return absl::OkStatus();
}

TEST(ReturnIfError, ReturnsTheStatusAsItIs) {
  std::string trace;
  absl::Status status = absl::NotFoundError("gone");
  status.SetPayload("type", absl::Cord("detail"));
  EXPECT_EQ(ReturnsEarly(status, trace), status);
  EXPECT_THAT(trace, IsEmpty());
}

TEST(ReturnIfError, GoesOnAfterOk) {
  std::string trace;
  EXPECT_OK(ReturnsEarly(absl::OkStatus(), trace));
  EXPECT_EQ(trace, "went on");
}

TEST(ReturnIfError, EvaluatesItsExpressionOnce) {
  int calls = 0;
  const auto run = [&]() -> absl::Status {
    RETURN_IF_ERROR((++calls, absl::OkStatus()));
    return absl::OkStatus();
  };
  EXPECT_OK(run());
  EXPECT_EQ(calls, 1);
}

absl::StatusOr<int> SumOf(absl::StatusOr<int> a, absl::StatusOr<int> b) {
  ASSIGN_OR_RETURN(const int first, a);
  int second = 0;
  ASSIGN_OR_RETURN(second, b);
  return first + second;
}

TEST(AssignOrReturn, AssignsToDeclarationsAndVariables) {
  const absl::StatusOr<int> sum = SumOf(2, 3);
  ASSERT_OK(sum);
  EXPECT_EQ(*sum, 5);
}

TEST(AssignOrReturn, ReturnsTheFirstError) {
  EXPECT_EQ(SumOf(absl::AbortedError("a"), absl::DataLossError("b")).status(),
            absl::AbortedError("a"));
  EXPECT_EQ(SumOf(1, absl::DataLossError("b")).status(), absl::DataLossError("b"));
}

TEST(AssignOrReturn, MovesWhatCannotBeCopied) {
  const auto make = []() -> absl::StatusOr<std::unique_ptr<int>> {
    return std::make_unique<int>(7);
  };
  const auto run = [&]() -> absl::StatusOr<int> {
    ASSIGN_OR_RETURN(const std::unique_ptr<int> number, make());
    return *number;
  };
  const absl::StatusOr<int> number = run();
  ASSERT_OK(number);
  EXPECT_EQ(*number, 7);
}

}  // namespace
}  // namespace emptychair
