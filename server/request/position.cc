#include "server/request/position.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "common/base/uuid.h"

namespace emptychair {
namespace {

constexpr size_t kEpochDigits = 16;

absl::Status StoreChanged(absl::string_view field, absl::string_view what,
                          const std::string& store_id) {
  return FieldError(v1::ERROR_REASON_STORE_CHANGED, field,
                    absl::StrCat(what, "; it was replaced or restored, so read everything anew"),
                    {{"store_id", store_id}});
}

absl::Status Required(absl::string_view field) {
  return FieldError(v1::ERROR_REASON_FIELD_REQUIRED, field,
                    "a position is store_id, epoch and sequence together; give all three as they "
                    "were answered");
}

absl::StatusOr<uint64_t> ParseEpoch(absl::string_view text) {
  uint64_t epoch = 0;
  if (text.size() != kEpochDigits ||
      text.find_first_not_of("0123456789abcdefABCDEF") != text.npos ||
      !absl::SimpleHexAtoi(text, &epoch)) {
    return FieldError(v1::ERROR_REASON_FIELD_INVALID, "epoch",
                      absl::StrCat("got ", Quoted(text), ", wanted 16 hex digits"));
  }
  return epoch;
}

absl::Status CheckStore(const storage::Store& store, absl::string_view store_id,
                        uint64_t sequence) {
  const std::optional<Uuid> id = Uuid::Parse(store_id);
  if (id.has_value() && store.SharesHistory(*id, sequence)) {
    return absl::OkStatus();
  }
  const std::string present = store.store_id().ToString();
  return StoreChanged("store_id", absl::StrCat("got ", Quoted(store_id), ", but this is ", present),
                      present);
}

}  // namespace

std::string EpochText(uint64_t epoch) { return absl::StrFormat("%016x", epoch); }

absl::StatusOr<uint64_t> CheckPosition(const storage::Store& store, const storage::View& view,
                                       const RequestedPosition& position) {
  const uint64_t newest = view.counters.sequence();
  const int64_t after = position.after_sequence.value_or(0);
  if (after < 0) {
    return FieldError(v1::ERROR_REASON_FIELD_INVALID, "after_sequence",
                      absl::StrCat("got ", after, ", wanted at least 0"));
  }
  const auto sequence = static_cast<uint64_t>(after);
  if (sequence > 0 && position.store_id.empty()) {
    return Required("store_id");
  }
  if (sequence > 0 && position.epoch.empty()) {
    return Required("epoch");
  }
  uint64_t epoch = 0;
  if (!position.epoch.empty()) {
    ASSIGN_OR_RETURN(epoch, ParseEpoch(position.epoch));
  }
  if (!position.store_id.empty()) {
    RETURN_IF_ERROR(CheckStore(store, position.store_id, sequence));
  }
  if (sequence > 0 && !view.epochs->Contains(epoch, sequence, newest)) {
    const std::string present = store.store_id().ToString();
    return sequence > newest
               ? StoreChanged("after_sequence",
                              absl::StrCat("got ", after,
                                           ", but the newest change of this store is ", newest),
                              present)
               : StoreChanged("epoch",
                              absl::StrCat("got ", position.epoch, ", but change ", after,
                                           " of this store was made in another history"),
                              present);
  }
  return position.after_sequence.has_value() ? sequence : newest;
}

}  // namespace emptychair
