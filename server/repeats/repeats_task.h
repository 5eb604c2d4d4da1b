// Keeps what is known of how much customers repeat themselves up to date, behind the writes.
#ifndef EMPTYCHAIR_SERVER_REPEATS_REPEATS_TASK_H_
#define EMPTYCHAIR_SERVER_REPEATS_REPEATS_TASK_H_

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "storage/store.h"

namespace emptychair {

// Where in the store's history effects were measured and stored.
struct MeasuredRepeats {
  uint64_t effects_sequence = 0;
  uint64_t sequence = 0;
};

// Measures a survey now and stores the result. Blocks. Errors: SURVEY_NOT_FOUND, ZONE_UNKNOWN,
// DISK_FULL, SHUTTING_DOWN, STORE_DAMAGED.
absl::StatusOr<MeasuredRepeats> MeasureAndStore(storage::Store& store, const std::string& survey_id,
                                                absl::Time as_of, const std::atomic<bool>& stop);

// Finds the surveys whose effects are to be measured: those with a change since a day ago that is
// not in them, and those where a twentieth of the answers is new or changed since. It follows the
// change log to know. Between two measurements it rests for so much longer than the one before took
// that they take a small part of the time, however quickly answers come. For one thread at a time.
class RepeatsTask {
 public:
  // Everything must outlive this.
  RepeatsTask(storage::Store* store, const Clock* clock) : store_(store), clock_(clock) {}

  // Ids of those that are due by now. Errors: SHUTTING_DOWN.
  absl::StatusOr<std::vector<std::string>> Due(const std::atomic<bool>& stop);

  // Measures one of them, which is then due again when something has changed. Errors: those of
  // MeasureAndStore.
  absl::Status Measure(const std::string& survey_id, const std::atomic<bool>& stop);

 private:
  struct Survey {
    uint64_t sequence = 0;  // Up to which it was measured.
    absl::Time time = absl::InfinitePast();
    int64_t changes = 0;  // Since then.
  };

  void Know(const storage::View& view);
  absl::Status FollowChanges(const storage::View& view, const std::atomic<bool>& stop);
  bool IsDue(const storage::SurveyView& survey, const Survey& known) const;

  storage::Store* const store_;
  const Clock* const clock_;
  absl::flat_hash_map<uint32_t, Survey> surveys_;  // By number.
  bool has_begun_ = false;
  uint64_t followed_ = 0;  // Changes up to this one are counted.
  absl::Time rests_until_ = absl::InfinitePast();
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_REPEATS_REPEATS_TASK_H_
