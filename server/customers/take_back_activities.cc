#include "server/customers/take_back_activities.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "server/customers/activity_kind.h"
#include "server/request/page_token.h"
#include "server/request/validation.h"

namespace emptychair {
namespace {

constexpr int kActivitiesPerStep = 1'000;

}  // namespace

absl::Status TakeBackActivities(storage::Store& store, absl::string_view kind_name,
                                absl::string_view import_id, BeforeWork before_work,
                                OnManyProgress on_progress) {
  RETURN_IF_ERROR(CheckId("import_id", import_id));
  std::shared_ptr<const storage::View> view = store.view();
  ASSIGN_OR_RETURN(const storage::ActivityKindView* kind, FindKind(*view, "kind", kind_name));
  const std::optional<uint32_t> import_number = kind->imports->NumberOf(import_id);
  if (!import_number.has_value()) {
    return on_progress({.sequence = view->counters.sequence()});
  }
  RETURN_IF_ERROR(before_work());
  ManyProgress progress;
  progress.total = static_cast<int64_t>(view->counters.activity_count());
  storage::ActivityRange range{.kind_number = kind->number()};
  for (bool has_more = true; has_more;) {
    // Anew for each step, so that no view is held for as long as all takes.
    view = store.view();
    progress.sequence = view->counters.sequence();
    auto command = storage::NewCommand();
    store::v1::TakeBackActivitiesCommand& step = *command->mutable_take_back_activities();
    step.set_kind_number(range.kind_number);
    step.set_import_number(*import_number);
    has_more = false;
    int64_t looked_at = 0;
    Uuid last;
    RETURN_IF_ERROR(store.activities().Scan(
        *view, range, [&](const storage::ActivityRecord& record) -> absl::StatusOr<bool> {
          if (looked_at == kPageLookedAtMax || step.ids_size() == kActivitiesPerStep) {
            has_more = true;
            return false;
          }
          ++looked_at;
          last = record.id;
          if (record.body.import_number() == *import_number) {
            step.add_ids(std::string(record.id.AsBytes()));
          }
          return true;
        }));
    view = nullptr;
    range.after = last;
    if (step.ids_size() > 0) {
      const storage::CommandResult result = store.CarryOut(std::move(command));
      RETURN_IF_ERROR(result.error);
      progress.changed += result.changed;
      progress.sequence = result.sequence;
    }
    progress.done += looked_at;
    // More can have come meanwhile.
    progress.total = has_more ? std::max(progress.total, progress.done) : progress.done;
    RETURN_IF_ERROR(on_progress(progress));
  }
  return absl::OkStatus();
}

}  // namespace emptychair
