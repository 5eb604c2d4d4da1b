#include "server/api/request_context.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "server/api/gatekeeper.h"

namespace emptychair {

std::optional<RequestId> RequestId::FromCaller(absl::string_view text) {
  if (text.empty() || text.size() > kBytesMax ||
      !std::all_of(text.begin(), text.end(), absl::ascii_isgraph)) {
    return std::nullopt;
  }
  RequestId id;
  std::copy(text.begin(), text.end(), id.text_.begin());
  id.size_ = static_cast<uint8_t>(text.size());
  return id;
}

RequestId RequestId::FromNumber(uint64_t number) {
  constexpr char kDigits[] = "0123456789abcdef";
  RequestId id;
  id.size_ = 16;
  for (size_t i = id.size_; i-- > 0; number >>= 4) {
    id.text_[i] = kDigits[number & 0xf];
  }
  return id;
}

absl::Status RequestContext::AdmitRecords(int64_t records) const {
  if (record_count != nullptr) {
    record_count->fetch_add(records, std::memory_order_relaxed);
  }
  return gatekeeper == nullptr ? absl::OkStatus() : gatekeeper->AdmitRecords(caller, records);
}

absl::Status RequestContext::CheckAwaited(absl::Time now) const {
  // A transport cancels a call when its deadline passes, so the deadline is asked first.
  if (deadline <= now) {
    return absl::DeadlineExceededError("the deadline passed before the server began its work");
  }
  if (IsCancelled()) {
    return absl::CancelledError("the call was cancelled before the server began its work");
  }
  return absl::OkStatus();
}

}  // namespace emptychair
