// Positions in the feed of changes, as calls carry them.
#ifndef EMPTYCHAIR_SERVER_REQUEST_POSITION_H_
#define EMPTYCHAIR_SERVER_REQUEST_POSITION_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/read/view.h"
#include "storage/store.h"

namespace emptychair {

// An epoch as calls carry it: 16 lower-case hex digits.
std::string EpochText(uint64_t epoch);

// A position as a request has it.
struct RequestedPosition {
  std::optional<int64_t> after_sequence;
  absl::string_view store_id;
  absl::string_view epoch;
};

// Checks a position against the store's history at `view`, and returns the sequence behind which to
// go on: that of the newest change when `after_sequence` is absent. Errors: FIELD_REQUIRED for a
// sequence above 0 without the rest, FIELD_INVALID, STORE_CHANGED for a position that the history
// does not have.
absl::StatusOr<uint64_t> CheckPosition(const storage::Store& store, const storage::View& view,
                                       const RequestedPosition& position);

// Fills in the position `sequence` of `response`, which has fields for it.
template <typename Response>
void FillPosition(const storage::Store& store, const storage::View& view, uint64_t sequence,
                  Response& response) {
  response.set_sequence(static_cast<int64_t>(sequence));
  response.set_store_id(store.store_id().ToString());
  response.set_epoch(EpochText(view.epochs->EpochOf(sequence)));
}

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_REQUEST_POSITION_H_
