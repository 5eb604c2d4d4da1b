// W3C Trace Context: which trace of the callers' a call belongs to.
#ifndef EMPTYCHAIR_COMMON_BASE_TRACE_PARENT_H_
#define EMPTYCHAIR_COMMON_BASE_TRACE_PARENT_H_

#include <array>
#include <cstddef>
#include <optional>

#include "absl/strings/string_view.h"

namespace emptychair {

// The ids in a `traceparent`, for logs. A value without parts on the heap.
class TraceParent {
 public:
  static constexpr size_t kTraceIdSize = 32;
  static constexpr size_t kSpanIdSize = 16;

  // Takes "00-", 32 hexadecimal digits, "-", 16, "-", 2, in lower case, neither id all zeros, as
  // https://www.w3.org/TR/trace-context/ has version 00. Nothing for anything else.
  static std::optional<TraceParent> Parse(absl::string_view text);

  // 32 and 16 hexadecimal digits.
  absl::string_view trace_id() const { return {trace_id_.data(), trace_id_.size()}; }
  absl::string_view span_id() const { return {span_id_.data(), span_id_.size()}; }

 private:
  std::array<char, kTraceIdSize> trace_id_{};
  std::array<char, kSpanIdSize> span_id_{};
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_COMMON_BASE_TRACE_PARENT_H_
