#include "server/call/stream_counter.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/base/errors.h"

namespace emptychair {
namespace {

// One that was refused comes again when others may have ended.
constexpr absl::Duration kRetryDelay = absl::Seconds(1);

absl::Status TooMany(absl::string_view limit, absl::string_view who, int max) {
  return RetryableError(v1::ERROR_REASON_RATE_LIMITED,
                        absl::StrCat(who, " has ", max,
                                     " streams open, which is as many as it may; end one of them, "
                                     "or wait until one ends"),
                        kRetryDelay, {{"limit", limit}});
}

template <typename Counts, typename Key>
void CountDown(Counts& counts, const Key& key) {
  const auto found = counts.find(key);
  if (--found->second == 0) {
    counts.erase(found);
  }
}

}  // namespace

absl::Status StreamCounter::Enter(const Method& method, const Caller& caller,
                                  const StreamOrigin& origin) {
  const std::pair of_caller(caller.kind, caller.key_id);
  if (const auto found = of_callers_.find(of_caller);
      found != of_callers_.end() && found->second >= kStreamsPerCallerMax) {
    return TooMany("streams_per_caller", "the caller", kStreamsPerCallerMax);
  }
  if (origin.per_connection_max > 0) {
    const std::pair of_connection(origin.connection, &method);
    if (const auto found = of_connections_.find(of_connection);
        found != of_connections_.end() && found->second >= origin.per_connection_max) {
      return TooMany("streams_per_connection",
                     absl::StrCat("the connection, of ", method.name, ","),
                     origin.per_connection_max);
    }
    ++of_connections_[of_connection];
  }
  ++of_callers_[of_caller];
  return absl::OkStatus();
}

void StreamCounter::Leave(const Method& method, const Caller& caller, const StreamOrigin& origin) {
  CountDown(of_callers_, std::pair(caller.kind, caller.key_id));
  if (origin.per_connection_max > 0) {
    CountDown(of_connections_, std::pair(origin.connection, &method));
  }
}

}  // namespace emptychair
