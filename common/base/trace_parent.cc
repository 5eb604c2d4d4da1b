#include "common/base/trace_parent.h"

#include <algorithm>

#include "absl/strings/match.h"

namespace emptychair {
namespace {

constexpr absl::string_view kVersion = "00-";
constexpr size_t kFlagsSize = 2;
constexpr size_t kSpanIdAt = kVersion.size() + TraceParent::kTraceIdSize + 1;
constexpr size_t kFlagsAt = kSpanIdAt + TraceParent::kSpanIdSize + 1;

bool IsLowerHex(absl::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool IsId(absl::string_view text) {
  return IsLowerHex(text) && text.find_first_not_of('0') != absl::string_view::npos;
}

}  // namespace

std::optional<TraceParent> TraceParent::Parse(absl::string_view text) {
  if (text.size() != kFlagsAt + kFlagsSize || !absl::StartsWith(text, kVersion) ||
      text[kSpanIdAt - 1] != '-' || text[kFlagsAt - 1] != '-') {
    return std::nullopt;
  }
  const absl::string_view trace_id = text.substr(kVersion.size(), kTraceIdSize);
  const absl::string_view span_id = text.substr(kSpanIdAt, kSpanIdSize);
  if (!IsId(trace_id) || !IsId(span_id) || !IsLowerHex(text.substr(kFlagsAt))) {
    return std::nullopt;
  }
  TraceParent parent;
  std::copy(trace_id.begin(), trace_id.end(), parent.trace_id_.begin());
  std::copy(span_id.begin(), span_id.end(), parent.span_id_.begin());
  return parent;
}

}  // namespace emptychair
