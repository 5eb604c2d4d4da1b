#include "storage/restore/replay.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "storage/backup/file_tree.h"
#include "storage/backup/ledger_file.h"

namespace emptychair::storage {
namespace {

// Records taken back by one command.
constexpr int kIdsPerCommand = 1'000;
// Records looked at under one view.
constexpr int kLookedAtMax = 100'000;

constexpr absl::string_view kAdvice =
    " Restore what is missing, or give --without_ledger: then everything that was erased since the "
    "backup is back.";

// A step of a take-back enters nothing: the entry that it comes from is entered itself.
void EnterNothing(store::v1::Command& command) { command.set_ledger_entry_id(""); }

// Removes the records of an import, and goes on behind `after`. False: there are no more.
absl::StatusOr<bool> TakeBackSome(Store& store, const store::v1::StoredLedgerEntry& entry,
                                  std::optional<RecordPosition>& after) {
  const std::shared_ptr<const View> view = store.view();
  const SurveyView* const survey = view->FindSurvey(entry.survey_id());
  const std::optional<uint32_t> number =
      survey == nullptr ? std::nullopt : survey->imports->NumberOf(entry.import_id());
  if (!number.has_value()) {
    return false;
  }
  CommandPtr command = NewCommand();
  store::v1::TakeBackFeedbackCommand& step = *command->mutable_take_back_feedback();
  step.set_survey_number(survey->number());
  step.set_import_number(*number);
  int looked_at = 0;
  bool has_more = false;
  store::v1::StoredFeedback body;
  RETURN_IF_ERROR(store.records().Scan(
      *view, {.surveys = {survey}, .after = after, .skip_damaged = true},
      [&](const ScannedRecord& record) -> absl::StatusOr<bool> {
        if (looked_at == kLookedAtMax || step.feedback_ids_size() == kIdsPerCommand) {
          has_more = true;
          return false;
        }
        ++looked_at;
        after = record.position;
        if (DecodeFeedbackBody(record.value, body) && body.import_number() == *number) {
          step.add_feedback_ids(std::string(record.position.feedback_id.AsBytes()));
        }
        return true;
      }));
  EnterNothing(*command);
  RETURN_IF_ERROR(store.CarryOut(std::move(command)).error);
  return has_more;
}

// The same of activities.
absl::StatusOr<bool> TakeBackSome(Store& store, const store::v1::StoredLedgerEntry& entry,
                                  std::optional<Uuid>& after) {
  const std::shared_ptr<const View> view = store.view();
  const ActivityKindView* const kind = view->FindKind(entry.activity_kind());
  const std::optional<uint32_t> number =
      kind == nullptr ? std::nullopt : kind->imports->NumberOf(entry.import_id());
  if (!number.has_value()) {
    return false;
  }
  CommandPtr command = NewCommand();
  store::v1::TakeBackActivitiesCommand& step = *command->mutable_take_back_activities();
  step.set_kind_number(kind->number());
  step.set_import_number(*number);
  int looked_at = 0;
  bool has_more = false;
  RETURN_IF_ERROR(store.activities().Scan(
      *view, {.kind_number = kind->number(), .after = after},
      [&](const ActivityRecord& activity) -> absl::StatusOr<bool> {
        if (looked_at == kLookedAtMax || step.ids_size() == kIdsPerCommand) {
          has_more = true;
          return false;
        }
        ++looked_at;
        after = activity.id;
        if (activity.body.import_number() == *number) {
          step.add_ids(std::string(activity.id.AsBytes()));
        }
        return true;
      }));
  EnterNothing(*command);
  RETURN_IF_ERROR(store.CarryOut(std::move(command)).error);
  return has_more;
}

absl::Status TakeBack(Store& store, const store::v1::StoredLedgerEntry& entry) {
  std::optional<RecordPosition> after_record;
  std::optional<Uuid> after_activity;
  for (bool has_more = true; has_more;) {
    ASSIGN_OR_RETURN(has_more, entry.activity_kind().empty()
                                   ? TakeBackSome(store, entry, after_record)
                                   : TakeBackSome(store, entry, after_activity));
  }
  return absl::OkStatus();
}

bool IsOfKey(store::v1::LedgerKind kind) {
  return kind == store::v1::LEDGER_KIND_KEY_REVOKED || kind == store::v1::LEDGER_KIND_KEY_ROTATED ||
         kind == store::v1::LEDGER_KIND_KEY_NARROWED;
}

// The ids of the entries that the store has.
absl::StatusOr<absl::flat_hash_set<Uuid>> HeldBy(const Store& store) {
  absl::flat_hash_set<Uuid> held;
  RETURN_IF_ERROR(store.VisitLedger(*store.view(), Uuid(), [&](const LedgerItem& item) {
    held.insert(item.id);
    return absl::OkStatus();
  }));
  return held;
}

absl::Status ReplayOne(Store& store, const LedgerItem& item, RestoreReport& report) {
  const store::v1::StoredLedgerEntry& entry = item.entry;
  const std::shared_ptr<const View> view = store.view();
  if (IsOfKey(entry.kind()) && view->access->Find(entry.access_id()) == nullptr &&
      std::count(report.keys_gone.begin(), report.keys_gone.end(), entry.access_id()) == 0) {
    report.keys_gone.push_back(entry.access_id());
  }
  if (entry.kind() == store::v1::LEDGER_KIND_IMPORT_TAKEN_BACK) {
    RETURN_IF_ERROR(TakeBack(store, entry));
  }
  CommandPtr command = NewCommand();
  store::v1::ReplayLedgerCommand& replay = *command->mutable_replay_ledger();
  replay.set_entry_id(std::string(item.id.AsBytes()));
  *replay.mutable_entry() = entry;
  const CommandResult result = store.CarryOut(std::move(command));
  RETURN_IF_ERROR(result.error);
  ++report.replayed[entry.kind()];
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<LedgerItem>> ReadLedgers(const BackupDirectory& directory,
                                                    const Uuid& store_id) {
  rocksdb::Env* const env = directory.env();
  if (env->FileExists(directory.LedgerPath(store_id)).IsNotFound()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the ledger of the backup's store, \"", directory.LedgerPath(store_id),
                     "\", is not there, so it is not known what was erased since.", kAdvice));
  }
  ASSIGN_OR_RETURN(const std::vector<std::string> names, NamesIn(env, directory.LedgerFolder()));
  std::vector<LedgerItem> items;
  absl::flat_hash_set<Uuid> known;
  for (const std::string& name : names) {
    if (!absl::EndsWith(name, ".log")) {
      continue;
    }
    absl::StatusOr<LedgerContent> content =
        ReadLedgerFile(env, absl::StrCat(directory.LedgerFolder(), "/", name));
    if (!content.ok()) {
      return Error(v1::ERROR_REASON_BACKUP_DAMAGED,
                   absl::StrCat(content.status().message(), ".", kAdvice),
                   {{"file", absl::StrCat("ledger/", name)}});
    }
    // What was entered out of order, after a time without the directory, keeps its place by its own
    // store's order.
    for (LedgerItem& item : content->items) {
      if (known.insert(item.id).second) {
        items.push_back(std::move(item));
      }
    }
  }
  std::stable_sort(items.begin(), items.end(), [](const LedgerItem& a, const LedgerItem& b) {
    return std::pair(a.entry.time_ms(), a.id) < std::pair(b.entry.time_ms(), b.id);
  });
  return items;
}

absl::Status ReplayLedger(Store& store, const std::vector<LedgerItem>& items,
                          absl::FunctionRef<absl::Status()> check, RestoreReport& report) {
  ASSIGN_OR_RETURN(const absl::flat_hash_set<Uuid> held, HeldBy(store));
  for (const LedgerItem& item : items) {
    RETURN_IF_ERROR(check());
    if (held.contains(item.id)) {
      ++report.held;
    } else {
      RETURN_IF_ERROR(ReplayOne(store, item, report));
    }
  }
  report.waiting = store.view()->counters.ledger_waiting_count();
  return absl::OkStatus();
}

}  // namespace emptychair::storage
