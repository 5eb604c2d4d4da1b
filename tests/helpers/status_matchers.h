// GoogleTest matchers for absl::Status and absl::StatusOr, and for what this project's errors
// carry. Each takes a Status or a StatusOr.
#ifndef EMPTYCHAIR_TESTS_HELPERS_STATUS_MATCHERS_H_
#define EMPTYCHAIR_TESTS_HELPERS_STATUS_MATCHERS_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_join.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "emptychair/v1/error_reason.pb.h"
#include "gmock/gmock.h"

namespace emptychair::testing {
namespace internal {

inline const absl::Status& StatusOf(const absl::Status& status) { return status; }

template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& status_or) {
  return status_or.status();
}

}  // namespace internal

MATCHER(IsOk, negation ? "is not OK" : "is OK") {
  *result_listener << internal::StatusOf(arg).ToString();
  return internal::StatusOf(arg).ok();
}

// A StatusOr that is OK and whose value matches `value_matcher`.
MATCHER_P(IsOkAndHolds, value_matcher, "is OK and holds what is expected") {
  if (!arg.ok()) {
    *result_listener << arg.status().ToString();
    return false;
  }
  *result_listener << "whose value is " << ::testing::PrintToString(*arg) << " ";
  return ::testing::ExplainMatchResult(value_matcher, *arg, result_listener);
}

// A status with `code` whose message matches `message_matcher`.
MATCHER_P2(StatusIs, code, message_matcher,
           std::string(negation ? "does not have" : "has") + " the code " +
               absl::StatusCodeToString(code) + " and the expected message") {
  const absl::Status& status = internal::StatusOf(arg);
  *result_listener << status.ToString() << " ";
  return status.code() == code &&
         ::testing::ExplainMatchResult(message_matcher, std::string(status.message()),
                                       result_listener);
}

// A status with `code`, whatever its message.
inline auto StatusIs(absl::StatusCode code) { return StatusIs(code, ::testing::_); }

// An error of the service with `reason`.
MATCHER_P(HasReason, reason,
          std::string(negation ? "does not have" : "has") + " the reason " +
              v1::ErrorReason_Name(reason)) {
  const absl::Status& status = internal::StatusOf(arg);
  *result_listener << status.ToString() << " with the reason \"" << ReasonNameOf(status) << "\"";
  return ReasonOf(status) == reason;
}

// An error of the service about the one field `path`.
MATCHER_P(HasField, path,
          std::string(negation ? "is not" : "is") + " about the field " +
              ::testing::PrintToString(path)) {
  const absl::Status& status = internal::StatusOf(arg);
  const std::vector<std::string> fields = FieldsOf(status);
  *result_listener << status.ToString() << " about [" << absl::StrJoin(fields, ", ") << "]";
  return fields.size() == 1 && fields[0] == path;
}

}  // namespace emptychair::testing

#define EXPECT_OK(expression) EXPECT_THAT((expression), ::emptychair::testing::IsOk())
#define ASSERT_OK(expression) ASSERT_THAT((expression), ::emptychair::testing::IsOk())

// Assigns the value of the StatusOr `expression` to `lhs`, which can be a declaration, or fails the
// test.
#define ASSERT_OK_AND_ASSIGN(lhs, expression) \
  EMPTYCHAIR_ASSERT_OK_AND_ASSIGN(EMPTYCHAIR_CONCAT(emptychair_or_, __LINE__), lhs, expression)

#define EMPTYCHAIR_ASSERT_OK_AND_ASSIGN(or_name, lhs, expression) \
  auto or_name = (expression);                                    \
  ASSERT_OK(or_name.status());                                    \
  lhs = *std::move(or_name)

#endif  // EMPTYCHAIR_TESTS_HELPERS_STATUS_MATCHERS_H_
