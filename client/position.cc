#include "emptychair/client/position.h"

#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/errors.h"

namespace emptychair {

std::string ToText(const Position& position) {
  return absl::StrCat(position.store_id, ":", position.epoch, ":", position.sequence);
}

absl::StatusOr<Position> ParsePosition(absl::string_view text) {
  if (text == "0") {
    return Position();
  }
  const std::vector<absl::string_view> parts = absl::StrSplit(text, ':');
  Position position;
  if (parts.size() != 3 || parts[0].empty() || parts[1].empty() ||
      !absl::SimpleAtoi(parts[2], &position.sequence) || position.sequence < 0) {
    return FieldError(v1::ERROR_REASON_FIELD_INVALID, "position",
                      absl::StrCat("got ", Quoted(text),
                                   ", wanted STORE_ID:EPOCH:SEQUENCE as it was answered, or 0 for "
                                   "the oldest change that is kept"));
  }
  position.store_id = std::string(parts[0]);
  position.epoch = std::string(parts[1]);
  return position;
}

void GoOnFrom(const Position& position, v1::WatchFeedbackRequest& request) {
  request.set_after_sequence(position.sequence);
  request.set_store_id(position.store_id);
  request.set_epoch(position.epoch);
}

}  // namespace emptychair
