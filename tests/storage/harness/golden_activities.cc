#include "tests/storage/harness/golden_activities.h"

#include <cstdlib>
#include <iostream>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "storage/format/activities.h"
#include "storage/format/customer_set.h"
#include "storage/format/external_ids.h"
#include "storage/format/keys.h"

namespace emptychair::storage {
namespace {

constexpr int64_t kHourMs = 3'600'000;
constexpr int64_t kDayMs = 24 * kHourMs;

// Numbers of the kinds in the order in which they are made.
constexpr uint32_t kVisit = 1;
constexpr uint32_t kCall = 2;
constexpr uint32_t kMistake = 3;
constexpr uint32_t kLeave = 4;

// Noon of 2024-03-01, as a day since 1970.
constexpr int32_t kNoonDay = static_cast<int32_t>(kNoonMs / kDayMs);

void Check(bool good, const absl::Status& error) {
  if (!good) {
    std::cerr << "the golden database cannot be filled: " << error << std::endl;
    std::abort();
  }
}

void Run(Store& store, CommandPtr command) {
  const CommandResult result = RunCommand(store, std::move(command));
  Check(result.error.ok(), result.error);
  for (const SubmissionOutcome& outcome : result.outcomes) {
    Check(outcome.kind == SubmissionOutcome::Kind::kAccepted, outcome.error);
  }
}

Deed Visit(const std::string& id, const std::string& customer_id, int64_t time_ms) {
  return {.kind_number = kVisit,
          .zone_revision = 1,
          .id = id,
          .customer_id = customer_id,
          .time_ms = time_ms,
          .zone_offset_seconds = 3'600};
}

std::vector<Deed> FirstDeeds() {
  std::vector<Deed> deeds = {Visit("v-1", "ann", kNoonMs),
                             // In the next local day already.
                             Visit("v-2", "bob", kNoonMs + 11 * kHourMs),
                             // Of someone who has answered nothing, in another month.
                             Visit("v-3", "Zoë 李", kNoonMs - 40 * kDayMs)};
  deeds[0].amount = Euros(12, 500'000'000);
  deeds[0].labels = {{"shop", "Köln"}, {"channel", "web"}};
  return deeds;
}

// With two that share an entry by customer, and one earlier than the first.
std::vector<Deed> SecondDeeds(const KeyedHash& hash) {
  std::vector<Deed> deeds = {Visit("v-4", "ann", kNoonMs + 1), Visit("v-5", "bob", 0)};
  deeds[0].amount = Euros(-2, -750'000'000);
  deeds[1].amount = Amount{0, 0, {'U', 'S', 'D'}};
  deeds[1].sends_time = false;
  for (const std::string& id : IdsThatShareTheirStart(hash, "visit", kNoonMs + kDayMs, 2)) {
    deeds.push_back(Visit(id, "ann", kNoonMs + kDayMs));
  }
  deeds[3].amount = Euros(1'000'000'000'000);
  return deeds;
}

// Of an import, of a kind that is not declared.
std::vector<Deed> ImportedDeeds() {
  return {{.kind_number = 0, .kind = "call", .id = "row-1", .customer_id = "ann"},
          {.kind_number = 0, .kind = "call", .id = "row-2", .customer_id = "bob"}};
}

// Of the kind that ends the subscription.
Deed Leaving() {
  return {.kind_number = kLeave,
          .kind = "leave",
          .id = "l-1",
          .customer_id = "ann",
          .time_ms = kNoonMs + 40 * kDayMs,
          .zone_offset_seconds = 7'200};
}

Deed ErasedDeed() { return Visit("v-9", "bob", kNoonMs + 2 * kDayMs); }

std::string ActivityText(const std::string& key, const std::string& value) {
  const auto activity = ActivityKey::Decode(key);
  const auto header = DecodeActivityHeader(value);
  store::v1::StoredActivity body;
  if (!activity.has_value() || !header.has_value() ||
      (!header->is_erased && !DecodeActivityBody(value, body))) {
    return "damaged";
  }
  const std::string id =
      absl::StrCat("kind ", activity->kind_number, " id ", activity->id.ToString());
  if (header->is_erased) {
    return absl::StrCat(id, " erased, sequence ", header->sequence);
  }
  std::string amount = "none";
  if (header->amount.has_value()) {
    const Amount::Currency& currency = header->amount->currency;
    amount = absl::StrCat(header->amount->units, " ", header->amount->nanos, " ",
                          std::string(currency.begin(), currency.end()));
  }
  return absl::StrCat(id, " customer ", header->customer_ordinal, " offset ",
                      header->zone_offset_seconds, " amount ", amount, " sequence ",
                      header->sequence, " ", body.ShortDebugString());
}

std::string ByCustomerText(const std::string& key, const std::string& value) {
  const auto entry = ActivityByCustomerKey::Decode(key);
  const auto mark = DecodeActivityMark(value);
  if (!entry.has_value() || !mark.has_value()) {
    return "damaged";
  }
  const std::string start(entry->id_start.begin(), entry->id_start.end());
  return absl::StrCat("customer ", entry->customer_ordinal, " kind ", entry->kind_number, " id ",
                      absl::BytesToHexString(start), mark->is_positive ? " positive" : "",
                      " offset ", mark->zone_offset_seconds);
}

std::string ByIdText(const std::string& key, const std::string& value) {
  const auto decoded_key = ActivityIdKey::Decode(key);
  const auto entries = DecodeExternalIdEntries(value);
  if (!decoded_key.has_value() || !entries.has_value()) {
    return "damaged";
  }
  std::string text = absl::StrCat("kind ", decoded_key->kind_number);
  for (const ExternalIdEntry& entry : *entries) {
    absl::StrAppend(&text, " [kind ", static_cast<int>(entry.kind), " time ", entry.unix_ms, " id ",
                    entry.feedback_id.ToString(), "]");
  }
  return text;
}

std::string SetText(const std::string& key, const std::string& value) {
  const auto row = CustomerSetKey::Decode(key);
  CustomerSetRow members;
  if (!row.has_value() || !members.Read(value)) {
    return "damaged";
  }
  return absl::StrCat("kind ", row->kind_number, " set ", static_cast<int>(row->set), " unit ",
                      static_cast<int>(row->unit), " bucket ", row->bucket, " chunk ", row->chunk,
                      " [", absl::StrJoin(members.Members(), " "), "]");
}

}  // namespace

std::vector<Deed> GoldenDeeds(const KeyedHash& hash) {
  std::vector<Deed> deeds = FirstDeeds();
  for (const std::vector<Deed>& more :
       {SecondDeeds(hash), ImportedDeeds(), std::vector<Deed>{ErasedDeed()}}) {
    deeds.insert(deeds.end(), more.begin(), more.end());
  }
  return deeds;
}

void FillFirstActivities(Store& store) {
  Run(store, DefineKindCommand("visit", "UTC"));
  Run(store, DefineKindCommand("visit", "Europe/Berlin"));
  Run(store, RecordCommand(store.hash(), FirstDeeds()));
}

void FillSecondActivities(Store& store) {
  const KeyedHash& hash = store.hash();
  // Rows of sets that the tables have already.
  Run(store, RecordCommand(hash, SecondDeeds(hash)));
  std::vector<Deed> imported = ImportedDeeds();
  imported.push_back({.kind_number = 0, .kind = "call", .id = "row-3", .customer_id = "bob"});
  Run(store, RecordCommand(hash, imported, "calls of 2024"));
  const uint32_t import = *store.view()->FindKind("call")->imports->NumberOf("calls of 2024");
  Run(store, TakeBackCommand(kCall, import, {IdOf(imported[2], hash)}));
  Run(store, RecordCommand(hash, {ErasedDeed()}));
  Run(store, EraseActivityCommand(kVisit, ErasedDeed().id));
  auto correct = NewCommand();
  store::v1::CustomerSetCorrection& row = *correct->mutable_correct_customer_sets()->add_rows();
  row.set_kind_number(kVisit);
  row.set_set(static_cast<uint32_t>(CustomerSet::kActive));
  row.set_unit(static_cast<uint32_t>(CubeUnit::kDay));
  row.set_bucket(kNoonDay);
  row.add_members(1);
  Run(store, std::move(correct));
  Run(store, RecordCommand(hash, {{.kind_number = 0, .kind = "mistake"}}));
  Run(store, DeleteKindCommand(kMistake));
  // A subscription of visits that are there, and of an end that comes later.
  Run(store, DefineKindCommand("leave", "Europe/Berlin"));
  Run(store, DefineSubscriptionCommand("member", "Europe/Berlin", kVisit, kLeave));
  while (store.view()->FindKind("member")->definition->build_ordinal() != 0) {
    RunCommand(store, NewCommand());
  }
  Run(store, RecordCommand(hash, {Leaving()}));
}

std::string ActivityEntryText(const std::string& family, const std::string& key,
                              const std::string& value) {
  if (family == "activity") return ActivityText(key, value);
  if (family == "activity_by_customer") return ByCustomerText(key, value);
  if (family == "activity_by_id") return ByIdText(key, value);
  if (family == "active_set") return SetText(key, value);
  return absl::StrCat("unknown ", absl::BytesToHexString(value));
}

}  // namespace emptychair::storage
