// Early returns for absl::Status and absl::StatusOr, under the names that later abseil versions
// use.
#ifndef EMPTYCHAIR_COMMON_BASE_STATUS_MACROS_H_
#define EMPTYCHAIR_COMMON_BASE_STATUS_MACROS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Returns the status of `expr` from the enclosing function unless it is OK.
#define RETURN_IF_ERROR(expr)                                               \
  do {                                                                      \
    if (absl::Status emptychair_status = (expr); !emptychair_status.ok()) { \
      return emptychair_status;                                             \
    }                                                                       \
  } while (false)

#define EMPTYCHAIR_CONCAT_INNER(a, b) a##b
#define EMPTYCHAIR_CONCAT(a, b) EMPTYCHAIR_CONCAT_INNER(a, b)

// Assigns the value of the StatusOr `expr` to `lhs`, or returns its status from the enclosing
// function.
#define ASSIGN_OR_RETURN(lhs, expr) \
  EMPTYCHAIR_ASSIGN_OR_RETURN(EMPTYCHAIR_CONCAT(emptychair_or_, __LINE__), lhs, expr)

#define EMPTYCHAIR_ASSIGN_OR_RETURN(or_name, lhs, expr) \
  auto or_name = (expr);                                \
  if (!or_name.ok()) {                                  \
    return std::move(or_name).status();                 \
  }                                                     \
  lhs = *std::move(or_name)

#endif  // EMPTYCHAIR_COMMON_BASE_STATUS_MACROS_H_
