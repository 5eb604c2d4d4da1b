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
#include "server/api/request_context.h"

namespace emptychair {

// Sums by caller, method, reason and hour. Whoever is refused a million times must not fill the
// disk: an hour has at most kRowsMax sums, the last of which has the rest. Thread-safe.
class DenialCounter {
 public:
  static constexpr size_t kRowsMax = 1'000;

  void Count(const Caller& caller, absl::string_view method, absl::string_view reason,
             absl::Time now);

  // Takes the sums of the hours that are over by `now`, in order; of all hours for InfiniteFuture.
  std::vector<store::v1::StoredAuditEvent> Take(absl::Time now);

 private:
  struct Row {
    int64_t hour = 0;  // Since 1970.
    Caller::Kind kind = Caller::Kind::kAnonymous;
    uint64_t key_id = 0;
    std::string method;
    std::string reason;

    friend auto operator<=>(const Row&, const Row&) = default;
  };

  absl::Mutex mutex_;
  std::map<Row, uint64_t> rows_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_ACCESS_DENIAL_COUNTER_H_
