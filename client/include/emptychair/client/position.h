// Positions in the feed of changes, as text.
#ifndef EMPTYCHAIR_CLIENT_POSITION_H_
#define EMPTYCHAIR_CLIENT_POSITION_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "emptychair/v1/feedback_service.pb.h"

namespace emptychair {

// Says up to which change a store was read: what WatchFeedback, ListFeedback and GetStatus answer,
// and what WatchFeedback goes on from.
struct Position {
  std::string store_id;
  std::string epoch;
  int64_t sequence = 0;

  friend bool operator==(const Position&, const Position&) = default;
};

// The position of an answer that has one.
template <typename Response>
Position PositionOf(const Response& response) {
  return {response.store_id(), response.epoch(), response.sequence()};
}

// "STORE_ID:EPOCH:SEQUENCE".
std::string ToText(const Position& position);

// Reads what ToText writes, and `0`, which stands before the oldest change that is kept. Error:
// FIELD_INVALID. Whether the store has the position is for the server to say.
absl::StatusOr<Position> ParsePosition(absl::string_view text);

// Has `request` go on behind the position.
void GoOnFrom(const Position& position, v1::WatchFeedbackRequest& request);

}  // namespace emptychair

#endif  // EMPTYCHAIR_CLIENT_POSITION_H_
