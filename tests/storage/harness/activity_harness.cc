#include "tests/storage/harness/activity_harness.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "storage/format/external_ids.h"

namespace emptychair::storage {
namespace {

store::v1::RecordedActivity ToRecorded(const Deed& deed, const KeyedHash& hash) {
  store::v1::RecordedActivity recorded;
  recorded.set_kind_number(deed.kind_number);
  recorded.set_kind(deed.kind_number == 0 ? deed.kind : "");
  recorded.set_id(std::string(IdOf(deed, hash).AsBytes()));
  recorded.set_customer_id(deed.customer_id);
  recorded.set_zone_offset_seconds(deed.zone_offset_seconds);
  recorded.set_zone_revision(deed.zone_revision);
  recorded.set_time_was_sent(deed.sends_time);
  if (deed.amount.has_value()) {
    recorded.mutable_amount()->set_units(deed.amount->units);
    recorded.mutable_amount()->set_nanos(deed.amount->nanos);
    recorded.mutable_amount()->set_currency_code(
        std::string(deed.amount->currency.begin(), deed.amount->currency.end()));
  }
  store::v1::StoredActivity& body = *recorded.mutable_body();
  body.set_activity_id(deed.id);
  body.set_receive_time_ms(kNoonMs + 1'000);
  auto labels = deed.labels;
  std::sort(labels.begin(), labels.end());
  for (const auto& [key, value] : labels) {
    store::v1::StoredLabel& label = *body.add_labels();
    label.set_key(key);
    label.set_value(value);
  }
  return recorded;
}

}  // namespace

Amount Euros(int64_t units, int32_t nanos) { return {units, nanos, {'E', 'U', 'R'}}; }

Uuid IdOf(const Deed& deed, const KeyedHash& hash) {
  return DerivedActivityId(hash, deed.kind, deed.id, deed.time_ms);
}

CommandPtr RecordCommand(const KeyedHash& hash, const std::vector<Deed>& deeds,
                         const std::string& import_id) {
  auto command = NewCommand();
  store::v1::RecordActivitiesCommand& record = *command->mutable_record_activities();
  record.set_import_id(import_id);
  record.set_time_ms(kNoonMs);
  for (const Deed& deed : deeds) {
    *record.add_activities() = ToRecorded(deed, hash);
  }
  return command;
}

CommandPtr DefineKindCommand(const std::string& kind, const std::string& time_zone) {
  auto command = NewCommand();
  command->mutable_define_activity_kind()->set_kind(kind);
  command->mutable_define_activity_kind()->set_time_zone(time_zone);
  command->mutable_define_activity_kind()->set_create_time_ms(kNoonMs);
  return command;
}

CommandPtr DefineSubscriptionCommand(const std::string& kind, const std::string& time_zone,
                                     uint32_t start_kind, uint32_t end_kind) {
  CommandPtr command = DefineKindCommand(kind, time_zone);
  command->mutable_define_activity_kind()->set_start_kind_number(start_kind);
  command->mutable_define_activity_kind()->set_end_kind_number(end_kind);
  return command;
}

CommandPtr DeleteKindCommand(uint32_t kind_number) {
  auto command = NewCommand();
  command->mutable_delete_activity_kind()->set_kind_number(kind_number);
  command->mutable_delete_activity_kind()->set_delete_time_ms(kNoonMs);
  return command;
}

CommandPtr EraseActivityCommand(uint32_t kind_number, const std::string& activity_id) {
  auto command = NewCommand();
  command->mutable_erase_activity()->set_kind_number(kind_number);
  command->mutable_erase_activity()->set_activity_id(activity_id);
  return command;
}

CommandPtr TakeBackCommand(uint32_t kind_number, uint32_t import_number,
                           const std::vector<Uuid>& ids) {
  auto command = NewCommand();
  store::v1::TakeBackActivitiesCommand& take_back = *command->mutable_take_back_activities();
  take_back.set_kind_number(kind_number);
  take_back.set_import_number(import_number);
  for (const Uuid& id : ids) {
    take_back.add_ids(std::string(id.AsBytes()));
  }
  return command;
}

std::vector<std::string> Record(Store& store, const std::vector<Deed>& deeds,
                                const std::string& import_id) {
  const CommandResult result = RunCommand(store, RecordCommand(store.hash(), deeds, import_id));
  EXPECT_OK(result.error);
  return ToText(result.outcomes);
}

std::string RecordOne(Store& store, const Deed& deed) { return Record(store, {deed}).at(0); }

CommandResult DefineKind(Store& store, const std::string& kind, const std::string& time_zone) {
  return RunCommand(store, DefineKindCommand(kind, time_zone));
}

std::vector<ActivityRecord> ActivitiesOf(const Store& store, const std::string& kind,
                                         std::optional<uint32_t> customer_ordinal) {
  const std::shared_ptr<const View> view = store.view();
  std::vector<ActivityRecord> activities;
  const ActivityKindView* found = view->FindKind(kind);
  if (found == nullptr) {
    ADD_FAILURE() << "no kind " << kind;
    return activities;
  }
  EXPECT_OK(store.activities().Scan(
      *view, {.kind_number = found->number(), .customer_ordinal = customer_ordinal},
      [&](const ActivityRecord& activity) {
        activities.push_back(activity);
        return true;
      }));
  return activities;
}

std::vector<std::string> IdsThatShareTheirStart(const KeyedHash& hash, const std::string& kind,
                                                int64_t time_ms, size_t count) {
  std::map<IdStart, std::vector<std::string>> by_start;
  for (int i = 0;; ++i) {
    const std::string id = absl::StrCat("shares-", i);
    std::vector<std::string>& ids = by_start[StartOf(DerivedActivityId(hash, kind, id, time_ms))];
    ids.push_back(id);
    if (ids.size() == count) {
      return ids;
    }
  }
}

}  // namespace emptychair::storage
