#include "server/access/audit_list.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/algorithm/container.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/key_id.h"
#include "common/base/status_macros.h"
#include "server/access/audit_event.h"
#include "server/request/page_token.h"
#include "server/request/selection.h"
#include "server/request/validation.h"

namespace emptychair {
namespace {

using store::v1::StoredAuditEvent;

// Which events are wanted.
struct Wanted {
  TimeSpan interval;
  std::optional<uint64_t> key_id;
  const v1::ListAuditEventsRequest& request;

  bool Has(const StoredAuditEvent& event) const {
    const absl::Time time = absl::FromUnixMillis(event.time_ms());
    if ((interval.start.has_value() && time < *interval.start) ||
        (interval.end.has_value() && time >= *interval.end)) {
      return false;
    }
    if (key_id.has_value() && event.key_id() != *key_id) {
      return false;
    }
    if (!request.method().empty() && event.method() != request.method()) {
      return false;
    }
    return request.survey_id().empty() ||
           absl::c_any_of(event.targets(), [&](const store::v1::StoredAuditTarget& target) {
             return target.kind() == "survey" && target.id() == request.survey_id();
           });
  }
};

}  // namespace

absl::Status ListAudit(const storage::Store& store, const v1::ListAuditEventsRequest& request,
                       v1::ListAuditEventsResponse& response) {
  ASSIGN_OR_RETURN(const TimeSpan interval, CheckInterval(request.interval()));
  Wanted wanted{.interval = interval, .key_id = std::nullopt, .request = request};
  if (!request.key_id().empty()) {
    wanted.key_id = ParseKeyId(request.key_id());
    if (!wanted.key_id.has_value()) {
      return FieldError(v1::ERROR_REASON_FIELD_INVALID, "key_id", "is no id of a key");
    }
  }
  if (!request.survey_id().empty()) {
    RETURN_IF_ERROR(CheckName("survey_id", request.survey_id()));
  }
  if (request.up_to_number() < 0) {
    return FieldError(
        v1::ERROR_REASON_FIELD_INVALID, "up_to_number",
        absl::StrCat("got ", request.up_to_number(), ", wanted the number of an event, or 0"));
  }
  ASSIGN_OR_RETURN(const int32_t page_size, CheckPageSize(request.page_size()));
  ASSIGN_OR_RETURN(const std::string position, ReadPageToken(store, request));
  const std::shared_ptr<const storage::View> view = store.view();
  const store::v1::StoredAuditHead& head = view->counters.audit();
  response.set_event_count(static_cast<int64_t>(head.count()));
  response.set_head_hash(absl::BytesToHexString(head.hash()));
  response.set_first_number(static_cast<int64_t>(head.first_kept()));
  response.set_hash_before_first(absl::BytesToHexString(head.hash_before_first()));
  uint64_t end = head.count() + 1;
  if (request.up_to_number() != 0) {
    end = std::min(end, static_cast<uint64_t>(request.up_to_number()) + 1);
  }
  if (!position.empty() && !absl::SimpleAtoi(position, &end)) {
    end = 0;
  }
  int64_t looked_at = 0;
  return store.audit().ReadBack(
      *view, end,
      [&](uint64_t number, const storage::AuditHash& hash, const StoredAuditEvent& event) {
        if (response.events_size() == page_size || ++looked_at > kPageLookedAtMax) {
          response.set_next_page_token(MakePageToken(store, request, absl::StrCat(number + 1)));
          return false;
        }
        if (wanted.Has(event)) {
          v1::AuditEvent& told = *response.add_events();
          told = ToApi(number, event);
          told.set_hash(absl::BytesToHexString(storage::ToView(hash)));
        }
        return true;
      });
}

}  // namespace emptychair
