// Counts calls that were refused, so that the audit can tell of them in few lines.
#ifndef EMPTYCHAIR_SERVER_ACCESS_DENIAL_COUNTER_H_
#define EMPTYCHAIR_SERVER_ACCESS_DENIAL_COUNTER_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "emptychair/store/v1/value.pb.h"
#include "emptychair/v1/access_types.pb.h"
#include "server/api/request_context.h"

namespace emptychair {

// Sums by caller, method, reason and hour. Whoever is refused a million times must not fill the
// disk: there are at most kRowsMax sums, the last of which has the rest; of hours that wait to be
// written each has one more for its rest. Thread-safe.
class DenialCounter {
 public:
  static constexpr size_t kRowsMax = 1'000;

  void Count(const Caller& caller, absl::string_view method, absl::string_view reason,
             absl::Time now);

  // Takes the sums of the hours that are over by `now`, in order; of all hours for InfiniteFuture.
  std::vector<store::v1::StoredAuditEvent> Take(absl::Time now);

  // Takes sums back that could not be put down, for the next time. They have room as new ones have.
  void Return(const std::vector<store::v1::StoredAuditEvent>& events);

 private:
  struct Row {
    int64_t hour = 0;  // Since 1970.
    v1::CallerKind kind = v1::CALLER_KIND_ANONYMOUS;
    uint64_t key_id = 0;
    std::string method;
    std::string reason;

    friend auto operator<=>(const Row&, const Row&) = default;
  };

  void Add(Row row, uint64_t count) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  absl::Mutex mutex_;
  std::map<Row, uint64_t> rows_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_ACCESS_DENIAL_COUNTER_H_
