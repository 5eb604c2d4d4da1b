// Measures how much callers ask for, and holds them to their limits.
#ifndef EMPTYCHAIR_SERVER_ACCESS_KEY_METER_H_
#define EMPTYCHAIR_SERVER_ACCESS_KEY_METER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "emptychair/store/v1/command.pb.h"
#include "emptychair/store/v1/value.pb.h"

namespace emptychair {

// Token buckets, full at first: a bucket holds a second's worth, that of records 10,000 if that is
// more. A call or a batch is let in while its bucket has anything, and may take it below nothing:
// else a batch larger than the bucket would never pass. Keys without a limit are only counted.
// In memory; what was sent in a day begins with what the store knows of it. Thread-safe.
class KeyMeter {
 public:
  // Lets a call in. Errors: RATE_LIMITED.
  absl::Status AdmitCall(const store::v1::StoredAccess& entry, absl::Time now);

  // Lets records in. Errors: RATE_LIMITED, QUOTA_EXCEEDED.
  absl::Status AdmitRecords(const store::v1::StoredAccess& entry, int64_t records, absl::Time now);

  // How long until AdmitRecords lets any in; zero: now. What a stream waits before it is read on.
  absl::Duration RecordDelay(const store::v1::StoredAccess& entry, absl::Time now);

  // Takes what was used since it was taken last.
  std::vector<store::v1::AccessUse> Take();

  // Has uses that could not be put down taken again, with what comes until then.
  void Return(const std::vector<store::v1::AccessUse>& uses);

 private:
  // Tokens by a rate that can change.
  struct Bucket {
    double tokens = 0;
    absl::Time filled = absl::InfinitePast();

    void Fill(double rate, double burst, absl::Time now);
    absl::Duration Delay(double rate) const;
  };
  struct Meter {
    Bucket calls;
    Bucket records;
    uint32_t day = 0;
    int64_t records_of_day = 0;
    bool was_used = false;

    void Begin(uint32_t today);
  };
  // Callers of different keys rarely wait for each other.
  struct Shard {
    absl::Mutex mutex;
    absl::flat_hash_map<uint64_t, Meter> meters ABSL_GUARDED_BY(mutex);
  };

  Shard& ShardOf(uint64_t id) { return shards_[id % shards_.size()]; }
  static Meter& MeterOf(const store::v1::StoredAccess& entry, absl::Time now, Shard& shard)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);

  std::array<Shard, 16> shards_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_ACCESS_KEY_METER_H_
