#include "tests/helpers/status_matchers.h"

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace emptychair::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(StatusMatchers, TellOkFromErrors) {
  EXPECT_OK(absl::OkStatus());
  EXPECT_OK(absl::StatusOr<int>(3));
  EXPECT_THAT(absl::InternalError("broken"), Not(IsOk()));
  EXPECT_THAT(absl::StatusOr<int>(absl::InternalError("broken")), Not(IsOk()));
}

TEST(StatusMatchers, LookAtTheValue) {
  EXPECT_THAT(absl::StatusOr<int>(3), IsOkAndHolds(3));
  EXPECT_THAT(absl::StatusOr<int>(3), Not(IsOkAndHolds(4)));
  EXPECT_THAT(absl::StatusOr<std::string>("chair"), IsOkAndHolds(HasSubstr("hai")));
  EXPECT_THAT(absl::StatusOr<int>(absl::InternalError("broken")), Not(IsOkAndHolds(3)));
}

TEST(StatusMatchers, LookAtCodeAndMessage) {
  const absl::Status status = absl::NotFoundError("no such survey");
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kNotFound, HasSubstr("survey")));
  EXPECT_THAT(status, Not(StatusIs(absl::StatusCode::kNotFound, HasSubstr("record"))));
  EXPECT_THAT(status, Not(StatusIs(absl::StatusCode::kAborted)));
  EXPECT_THAT(absl::StatusOr<int>(status), StatusIs(absl::StatusCode::kNotFound));
}

TEST(StatusMatchers, LookAtReasonAndField) {
  const absl::Status status =
      FieldError(v1::ERROR_REASON_FIELD_INVALID, "feedback.comment", "came too long");
  EXPECT_THAT(status, HasReason(v1::ERROR_REASON_FIELD_INVALID));
  EXPECT_THAT(status, HasField("feedback.comment"));
  EXPECT_THAT(status, Not(HasReason(v1::ERROR_REASON_FIELD_REQUIRED)));
  EXPECT_THAT(status, Not(HasField("feedback")));
  EXPECT_THAT(absl::OkStatus(), Not(HasReason(v1::ERROR_REASON_FIELD_INVALID)));
}

TEST(StatusMatchers, AssignMovesTheValueOut) {
  ASSERT_OK_AND_ASSIGN(std::unique_ptr<int> value,
                       absl::StatusOr<std::unique_ptr<int>>(std::make_unique<int>(3)));
  EXPECT_EQ(*value, 3);
}

}  // namespace
}  // namespace emptychair::testing
