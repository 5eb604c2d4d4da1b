#include "server/customers/activity_list.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/status_macros.h"
#include "server/customers/activity.h"
#include "server/customers/activity_kind.h"
#include "server/request/page_token.h"
#include "server/request/selection.h"
#include "server/request/validation.h"

namespace emptychair {
namespace {

// Fills in who did what: the customers of a page are looked up together. Those that cannot be read
// are counted, and their activities left out.
void FillCustomers(const storage::Store& store, const storage::View& view,
                   const std::vector<uint32_t>& ordinals, CustomerNames& names,
                   v1::ListActivitiesResponse& response) {
  std::vector<uint32_t> distinct = ordinals;
  std::sort(distinct.begin(), distinct.end());
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  const std::vector<std::optional<std::string>> ids = names.Find(view, distinct);
  auto& activities = *response.mutable_activities();
  int kept = 0;
  for (int i = 0; i < activities.size(); ++i) {
    const auto found = std::lower_bound(distinct.begin(), distinct.end(), ordinals[i]);
    const std::optional<std::string>& id = ids[found - distinct.begin()];
    if (!id.has_value()) {
      store.CountUndecodable();
      continue;
    }
    activities[i].set_customer_id(*id);
    activities.SwapElements(kept++, i);
  }
  activities.DeleteSubrange(kept, activities.size() - kept);
}

}  // namespace

absl::StatusOr<ActivityList> PrepareActivityList(const storage::Store& store,
                                                 const v1::ListActivitiesRequest& request) {
  ActivityList list;
  list.view = store.view();
  list.request = request;
  ASSIGN_OR_RETURN(const storage::ActivityKindView* kind,
                   FindKind(*list.view, "kind", request.kind()));
  list.range.kind_number = kind->number();
  if (!request.customer_id().empty()) {
    RETURN_IF_ERROR(CheckId("customer_id", request.customer_id()));
  }
  RETURN_IF_ERROR(CheckImportId(request.import_id()));
  ASSIGN_OR_RETURN(const TimeSpan interval, CheckInterval(request.interval()));
  if (interval.start.has_value()) {
    list.range.start_ms = absl::ToUnixMillis(*interval.start);
  }
  if (interval.end.has_value()) {
    list.range.end_ms = absl::ToUnixMillis(*interval.end);
  }
  RETURN_IF_ERROR(CheckEnum("order", request.order(), v1::ActivityOrder_IsValid));
  list.range.newest_first = request.order() == v1::ACTIVITY_ORDER_NEWEST_FIRST;
  ASSIGN_OR_RETURN(list.page_size, CheckPageSize(request.page_size()));
  ASSIGN_OR_RETURN(const std::string position, ReadPageToken(store, request));
  list.range.after = Uuid::FromBytes(position);
  return list;
}

absl::Status RunActivityList(const storage::Store& store, const ActivityList& list,
                             CustomerNames& names, v1::ListActivitiesResponse& response) {
  response.set_sequence(static_cast<int64_t>(list.view->counters.sequence()));
  storage::ActivityRange range = list.range;
  if (!list.request.customer_id().empty()) {
    ASSIGN_OR_RETURN(range.customer_ordinal,
                     store.records().CustomerOrdinal(*list.view, list.request.customer_id()));
    if (!range.customer_ordinal.has_value()) {
      return absl::OkStatus();
    }
  }
  const storage::ActivityKindView& kind = *list.view->FindKind(list.request.kind());
  std::vector<uint32_t> ordinals;
  std::optional<Uuid> last;
  bool has_more = false;
  int64_t looked_at = 0;
  size_t bytes = 0;
  RETURN_IF_ERROR(store.activities().Scan(
      *list.view, range, [&](const storage::ActivityRecord& record) -> absl::StatusOr<bool> {
        if (response.activities_size() == list.page_size || looked_at == kPageLookedAtMax ||
            bytes >= kPageBytesMax) {
          has_more = true;
          return false;
        }
        ++looked_at;
        last = record.id;
        if (list.request.import_id().empty() ||
            kind.imports->IdOf(record.body.import_number()) == list.request.import_id()) {
          v1::Activity& activity = *response.add_activities();
          FillActivity(record, kind, activity);
          ordinals.push_back(record.header.customer_ordinal);
          bytes += activity.ByteSizeLong();
        }
        return true;
      }));
  FillCustomers(store, *list.view, ordinals, names, response);
  if (has_more) {
    response.set_next_page_token(MakePageToken(store, list.request, last->AsBytes()));
  }
  return absl::OkStatus();
}

}  // namespace emptychair
