// Faults that tests switch on, and that they must notice. Compiled in only where
// EMPTYCHAIR_FAIL_POINTS is defined, which no shipped target does.
#ifndef EMPTYCHAIR_STORAGE_ENGINE_FAIL_POINT_H_
#define EMPTYCHAIR_STORAGE_ENGINE_FAIL_POINT_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdlib>

#include "absl/strings/string_view.h"

namespace emptychair::storage {

// All of them. tests/README.md says which test notices each.
enum class FailPoint {
  // Commits.
  kNoSync,            // A group is not synced before its commands are completed.
  kAcknowledgeEarly,  // Commands are completed before their group is written.
  kSplitBatch,        // The cube's rows of a group are written apart from its records.
  kFollowUpTwice,     // What a command left to be done is proposed twice.
  kForgetInFlight,    // A group is applied without seeing the one that is being written.
  // Apply.
  kForgetIndex,         // A command that changes nothing does not raise the applied index.
  kSkipDuplicateCheck,  // A record that is stored already is stored again.
  kForgetNextStatus,    // A late start or end does not change the bucket of the next one.
  // What a group writes; each once.
  kDropIndexEntry,
  kDropChanges,
  kDropCell,
  kChangeCount,
  kDropSetChange,
  // Columns.
  kColumnsDropChanges,      // Those of one group are not logged.
  kColumnsForgetWhileMade,  // Changes of a survey whose columns are being made are not logged.
  kColumnsTooNew,           // Columns get changes that came after the view.
  kColumnsKeepRemoved,      // Rows of records that went stay.
  kColumnsWrongTie,         // New rows have the tie of another id.
  // Openings.
  kSkipWatermark,  // A store is opened without a look at its watermark.
  kCount,
};

// As the environment variable EMPTYCHAIR_FAIL_POINT names it.
constexpr absl::string_view FailPointName(FailPoint point) {
  constexpr std::array<absl::string_view, static_cast<size_t>(FailPoint::kCount)> kNames = {
      "no_sync",
      "acknowledge_early",
      "split_batch",
      "follow_up_twice",
      "forget_in_flight",
      "forget_index",
      "skip_duplicate_check",
      "forget_next_status",
      "drop_index_entry",
      "drop_changes",
      "drop_cell",
      "change_count",
      "drop_set_change",
      "columns_drop_changes",
      "columns_forget_while_made",
      "columns_too_new",
      "columns_keep_removed",
      "columns_wrong_tie",
      "skip_watermark",
  };
  return kNames[static_cast<size_t>(point)];
}

// Returns whether the fault is switched on.
inline bool IsOn(FailPoint point) {
#ifdef EMPTYCHAIR_FAIL_POINTS
  const char* wanted = std::getenv("EMPTYCHAIR_FAIL_POINT");
  return wanted != nullptr && FailPointName(point) == wanted;
#else
  return false;
#endif
}

// Returns whether the fault is switched on and has not happened yet.
inline bool IsOnOnce(FailPoint point) {
#ifdef EMPTYCHAIR_FAIL_POINTS
  static std::array<std::atomic<bool>, static_cast<size_t>(FailPoint::kCount)> has_happened{};
  return IsOn(point) && !has_happened[static_cast<size_t>(point)].exchange(true);
#else
  return false;
#endif
}

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_ENGINE_FAIL_POINT_H_
