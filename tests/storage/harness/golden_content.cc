#include "tests/storage/harness/golden_content.h"

#include <cstdlib>
#include <iostream>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "emptychair/store/v1/value.pb.h"
#include "storage/format/changes.h"
#include "storage/format/cube_row.h"
#include "storage/format/external_ids.h"
#include "storage/format/keys.h"
#include "storage/format/values.h"
#include "tests/storage/harness/golden_access.h"
#include "tests/storage/harness/golden_activities.h"

namespace emptychair::storage {
namespace {

constexpr int64_t kHourMs = 3'600'000;
constexpr int64_t kDayMs = 24 * kHourMs;

// Numbers of the surveys in the order in which they are made.
constexpr uint32_t kShop = 1;
constexpr uint32_t kDepth = 2;
constexpr uint32_t kIdeas = 3;
constexpr uint32_t kMistake = 4;

void Check(bool good, const absl::Status& error) {
  if (!good) {
    std::cerr << "the golden database cannot be filled: " << error << std::endl;
    std::abort();
  }
}

// With two dimensions and room for two series only.
store::v1::StoredSurvey Shop() {
  store::v1::StoredSurvey survey = NpsSurvey("shop", {"channel", "region"}, 2);
  survey.set_question("How likely are you to recommend us? 🪑");
  survey.set_time_zone("Europe/Berlin");
  return survey;
}

// With a scale below zero.
store::v1::StoredSurvey Depth() {
  store::v1::StoredSurvey survey = NpsSurvey("depth");
  survey.set_kind(v1::SURVEY_KIND_RATING);
  survey.mutable_scale()->set_min(-50);
  survey.mutable_scale()->set_max(50);
  return survey;
}

// Without a scale.
store::v1::StoredSurvey Ideas() {
  store::v1::StoredSurvey survey = NpsSurvey("ideas");
  survey.set_kind(v1::SURVEY_KIND_TEXT);
  survey.clear_scale();
  survey.set_time_zone("America/St_Johns");
  return survey;
}

std::vector<Answer> FirstAnswers() {
  return {
      {.survey = kShop,
       .id = 1,
       .score = 9,
       .external_id = "order-1",
       .customer_id = "ann",
       .comment = "schnell und nett – danke",
       .labels = {{"channel", "web"}, {"region", "south"}, {"agent", "7"}},
       .zone_offset_seconds = 3'600},
      {.survey = kShop,
       .id = 2,
       .time_ms = kNoonMs + kHourMs,
       .score = 0,
       .customer_id = "bob",
       .labels = {{"channel", "mail"}},
       .zone_offset_seconds = 3'600},
      // A third combination: (other).
      {.survey = kShop,
       .id = 3,
       .time_ms = kNoonMs + kDayMs,
       .score = 7,
       .labels = {{"channel", "shop"}, {"region", "north"}},
       .zone_offset_seconds = 3'600},
      // Unscored, and in the next local day already.
      {.survey = kShop,
       .id = 4,
       .time_ms = kNoonMs + 11 * kHourMs,
       .customer_id = "ann",
       .labels = {{"channel", "web"}, {"region", "south"}},
       .zone_offset_seconds = 3'600},
  };
}

std::vector<Answer> SecondAnswers() {
  return {
      {.survey = kDepth,
       .id = 5,
       .time_ms = kNoonMs - 40 * kDayMs,
       .sends_id = false,
       .score = -50,
       .external_id = "dive-1",
       .customer_id = "ann"},
      {.survey = kDepth, .id = 6, .time_ms = 0, .score = 50},
      {.survey = kIdeas,
       .id = 7,
       .customer_id = "Zoë 李",
       .comment = "Open earlier",
       .zone_offset_seconds = -12'600},
      // In a row of the cube that the tables have already.
      {.survey = kShop,
       .id = 8,
       .time_ms = kNoonMs + 1,
       .score = 9,
       .external_id = "order-2",
       .labels = {{"channel", "web"}, {"region", "south"}},
       .zone_offset_seconds = 3'600},
  };
}

// Of an import; one came excluded.
std::vector<Answer> ImportedAnswers() {
  return {
      {.survey = kIdeas,
       .id = 9,
       .time_ms = kNoonMs - 1,
       .sends_id = false,
       .sends_time = true,
       .external_id = "row-1",
       .comment = "Longer tables",
       .zone_offset_seconds = -12'600},
      {.survey = kIdeas,
       .id = 10,
       .time_ms = kNoonMs - 2,
       .external_id = "row-2",
       .zone_offset_seconds = -12'600,
       .exclusion = v1::EXCLUSION_REASON_TEST},
  };
}

void Create(Store& store, const store::v1::StoredSurvey& survey) {
  const CommandResult result = CreateSurvey(store, survey);
  Check(result.survey != nullptr, result.error);
}

void SubmitAll(Store& store, const std::vector<Answer>& answers, const char* import_id = "") {
  for (const SubmissionOutcome& outcome :
       RunCommand(store, SubmitCommand(answers, import_id)).outcomes) {
    Check(outcome.kind == SubmissionOutcome::Kind::kAccepted, outcome.error);
  }
}

// Of all answers, and of two values of a dimension.
store::v1::PutRepeatEffects ShopEffects() {
  store::v1::PutRepeatEffects effects;
  effects.set_survey_number(kShop);
  effects.set_computed_at_sequence(3);
  for (auto* by : {effects.mutable_all(), effects.add_dimensions()}) {
    by->set_measure_time_ms(kNoonMs);
    by->set_days(40);
    by->set_answers(900);
    by->add_methods(v1::METRIC_METHOD_NET_PROMOTER);
    for (const char* value : {"", "web"}) {
      store::v1::StoredGroupEffects& group = *by->add_groups();
      group.set_value(value);
      group.set_customers(300);
      for (const uint32_t days : {1u, 30u, 40u}) {
        store::v1::StoredWindowEffects& windows = *group.add_windows();
        windows.set_days(days);
        windows.set_answers_per_customer(1 + 0.125 * days);
        windows.add_design_effects(1 + 0.0625 * days);
      }
    }
  }
  effects.mutable_all()->set_repeat_share(0.25);
  effects.mutable_all()->mutable_groups()->RemoveLast();
  return effects;
}

template <typename Message>
std::string MessageText(absl::string_view value) {
  Message message;
  return DecodeMessage(value, message) ? message.ShortDebugString() : "damaged";
}

std::string MetaText(const std::string& key, const std::string& value) {
  if (key == FormatKey()) {
    return absl::StrCat("format ", DecodeFormat(value).value_or(0));
  }
  if (key == IdentityKey()) {
    return absl::StrCat("identity ", MessageText<store::v1::StoredIdentity>(value));
  }
  if (key == CountersKey()) {
    return absl::StrCat("counters ", MessageText<store::v1::StoredCounters>(value));
  }
  if (const auto number = DecodeSurveyKey(key)) {
    return absl::StrCat("survey ", *number, " ", MessageText<store::v1::StoredSurvey>(value));
  }
  if (key == EpochsKey()) {
    return absl::StrCat("epochs ", MessageText<store::v1::StoredEpochs>(value));
  }
  if (const auto number = DecodeFormerSurveyKey(key)) {
    return absl::StrCat("former survey ", *number, " ",
                        MessageText<store::v1::StoredFormerSurvey>(value));
  }
  if (const auto series = DecodeSeriesCopyKey(key)) {
    return absl::StrCat("series ", series->series, " of survey ", series->survey_number, " again ",
                        MessageText<store::v1::StoredSeries>(value));
  }
  if (const auto number = DecodeActivityKindKey(key)) {
    return absl::StrCat("activity kind ", *number, " ",
                        MessageText<store::v1::StoredActivityKind>(value));
  }
  if (const auto number = DecodeImportKey(key)) {
    return absl::StrCat("import ", *number, " ", MessageText<store::v1::StoredImport>(value));
  }
  return "unknown";
}

std::string RecordText(const std::string& key, const std::string& value) {
  const auto record = FeedbackKey::Decode(key);
  const auto header = DecodeFeedbackHeader(value);
  store::v1::StoredFeedback body;
  if (!record.has_value() || !header.has_value() || !DecodeFeedbackBody(value, body)) {
    return "damaged";
  }
  if (header->is_erased) {
    return absl::StrCat("survey ", record->survey_number, " id ", record->feedback_id.ToString(),
                        " erased, sequence ", header->sequence);
  }
  return absl::StrCat("survey ", record->survey_number, " id ", record->feedback_id.ToString(),
                      " score ", header->score.has_value() ? absl::StrCat(*header->score) : "none",
                      " exclusion ", header->exclusion_reason, " customer ",
                      header->customer_ordinal, " series ", header->series, " offset ",
                      header->zone_offset_seconds, " sequence ", header->sequence, " ",
                      body.ShortDebugString());
}

std::string ByCustomerText(const std::string& key, const std::string& value) {
  const auto entry = FeedbackByCustomerKey::Decode(key);
  if (!entry.has_value() || !value.empty()) {
    return "damaged";
  }
  const std::string start(entry->id_start.begin(), entry->id_start.end());
  return absl::StrCat("customer ", entry->customer_ordinal, " id ", absl::BytesToHexString(start),
                      " survey ", entry->survey_number);
}

std::string ByExternalIdText(const std::string& key, const std::string& value) {
  const auto decoded_key = ExternalIdKey::Decode(key);
  const auto entries = DecodeExternalIdEntries(value);
  if (!decoded_key.has_value() || !entries.has_value()) {
    return "damaged";
  }
  std::string text = absl::StrCat("survey ", decoded_key->survey_number);
  for (const ExternalIdEntry& entry : *entries) {
    absl::StrAppend(&text, " [kind ", static_cast<int>(entry.kind), " time ", entry.unix_ms, " id ",
                    entry.feedback_id.ToString(), "]");
  }
  return text;
}

std::string SeriesText(const std::string& key, const std::string& value) {
  const auto series = SeriesKey::Decode(key);
  return series.has_value()
             ? absl::StrCat("survey ", series->survey_number, " series ", series->series, " ",
                            MessageText<store::v1::StoredSeries>(value))
             : "damaged";
}

std::string CellText(const std::string& key, const std::string& value) {
  const auto row = CubeRowKey::Decode(key);
  const auto counts = DecodeCubeRow(value);
  if (!row.has_value() || !counts.has_value()) {
    return "damaged";
  }
  std::string text =
      absl::StrCat("survey ", row->survey_number, " unit ", static_cast<int>(row->unit), " bucket ",
                   row->bucket, " chunk ", row->chunk);
  for (const CubeCount& count : *counts) {
    absl::StrAppend(&text, " [series ", count.series, " disposition ", count.disposition, " bin ",
                    count.bin, ": ", count.count, "]");
  }
  return text;
}

std::string CustomerText(const std::string& key, const std::string& value) {
  if (DecodeCustomerByIdKey(key).has_value()) {
    const auto ordinals = DecodeOrdinals(value);
    return ordinals.has_value() ? absl::StrCat("ordinals ", absl::StrJoin(*ordinals, " "))
                                : "damaged";
  }
  const auto ordinal = DecodeCustomerByOrdinalKey(key);
  if (!ordinal.has_value()) {
    return "damaged";
  }
  return absl::StrCat("ordinal ", *ordinal, " is ", MessageText<store::v1::StoredCustomer>(value));
}

std::string ChangeText(const std::string& key, const std::string& value) {
  const auto first = DecodeChangeKey(key);
  const auto changes = DecodeChanges(value);
  if (!first.has_value() || !changes.has_value()) {
    return "damaged";
  }
  std::string text = absl::StrCat("from ", *first);
  for (const ChangeLogEntry& change : *changes) {
    absl::StrAppend(&text, " [kind ", static_cast<int>(change.kind), " entity ",
                    static_cast<int>(change.entity), " number ", change.number, " id ",
                    change.id.ToString(), "]");
  }
  return text;
}

std::string DerivedText(const std::string& key, const std::string& value) {
  const auto effects = RepeatEffectsKey::Decode(key);
  return effects.has_value() ? absl::StrCat("effects of survey ", effects->survey_number,
                                            " dimension ", effects->dimension, " ",
                                            MessageText<store::v1::StoredRepeatEffects>(value))
                             : "damaged";
}

std::string LedgerText(const std::string& key, const std::string& value) {
  const auto id = DecodeLedgerKey(key);
  return id.has_value() ? absl::StrCat("entry ", id->ToString(), " ",
                                       MessageText<store::v1::StoredLedgerEntry>(value))
                        : "damaged";
}

std::string EntryText(const std::string& family, const std::string& key, const std::string& value) {
  if (family == "meta") return MetaText(key, value);
  if (family == "feedback") return RecordText(key, value);
  if (family == "feedback_by_customer") return ByCustomerText(key, value);
  if (family == "feedback_by_external_id") return ByExternalIdText(key, value);
  if (family == "series") return SeriesText(key, value);
  if (family == "cell") return CellText(key, value);
  if (family == "change") return ChangeText(key, value);
  if (family == "derived") return DerivedText(key, value);
  if (family == "customer") return CustomerText(key, value);
  if (family == "access") return AccessEntryText(key, value);
  if (family == "audit") return AuditEntryText(key, value);
  if (family == "ledger") return LedgerText(key, value);
  return ActivityEntryText(family, key, value);
}

}  // namespace

std::vector<Answer> GoldenAnswers() {
  std::vector<Answer> answers = FirstAnswers();
  for (const std::vector<Answer>& more : {ImportedAnswers(), SecondAnswers()}) {
    answers.insert(answers.end(), more.begin(), more.end());
  }
  return answers;
}

void FillFirstHalf(Store& store) {
  Create(store, Shop());
  SubmitAll(store, FirstAnswers());
  FillFirstActivities(store);
}

// A new kind of command gets an example of each of its effects here, behind what there is.
void FillSecondHalf(Store& store) {
  Create(store, Depth());
  Create(store, Ideas());
  SubmitAll(store, SecondAnswers());
  SubmitAll(store, ImportedAnswers(), "ideas of 2024");
  const std::vector<Answer> first = FirstAnswers();
  const CommandResult excluded =
      Exclude(store, first[1], v1::EXCLUSION_REASON_STAFF, "one of ours");
  Check(excluded.error.ok(), excluded.error);
  auto amend = NewCommand();
  *amend->mutable_amend_feedback()->mutable_target() = TargetOf(first[3]);
  amend->mutable_amend_feedback()->set_set_score(true);
  amend->mutable_amend_feedback()->set_score(8);
  const CommandResult amended = RunCommand(store, std::move(amend));
  Check(amended.error.ok(), amended.error);
  const CommandResult erased = Erase(store, SecondAnswers()[3]);
  Check(erased.error.ok(), erased.error);
  auto update = NewCommand();
  store::v1::StoredSurvey& survey = *update->mutable_update_survey()->mutable_survey();
  survey = *store.view()->FindSurvey("shop")->definition;
  survey.clear_dimensions();
  survey.add_dimensions("channel");
  survey.add_dimensions("agent");
  const CommandResult updated = RunCommand(store, std::move(update));
  Check(updated.error.ok(), updated.error);
  auto archive = NewCommand();
  archive->mutable_archive_survey()->set_survey_number(kIdeas);
  archive->mutable_archive_survey()->set_archive_time_ms(kNoonMs + kDayMs);
  const CommandResult archived = RunCommand(store, std::move(archive));
  Check(archived.error.ok(), archived.error);
  auto correct = NewCommand();
  store::v1::CubeRowCorrection& row = *correct->mutable_correct_cube()->add_rows();
  row.set_survey_number(kShop);
  row.set_unit(static_cast<uint32_t>(CubeUnit::kDay));
  row.set_bucket(static_cast<int32_t>(kNoonMs / kDayMs));
  row.set_added(EncodeCubeRow({}));
  const CommandResult corrected = RunCommand(store, std::move(correct));
  Check(corrected.error.ok(), corrected.error);
  auto derive = NewCommand();
  *derive->mutable_put_derived()->mutable_repeat_effects() = ShopEffects();
  const CommandResult derived = RunCommand(store, std::move(derive));
  Check(derived.error.ok(), derived.error);
  auto upsert = NewCommand();
  upsert->mutable_upsert_customer()->set_customer_id("eve");
  for (const char* key : {"channel", "size"}) {
    store::v1::StoredLabel& attribute = *upsert->mutable_upsert_customer()->add_attributes();
    attribute.set_key(key);
    attribute.set_value("large");
  }
  const CommandResult upserted = RunCommand(store, std::move(upsert));
  Check(upserted.error.ok(), upserted.error);
  Create(store, NpsSurvey("mistake"));
  auto remove = NewCommand();
  remove->mutable_delete_survey()->set_survey_number(kMistake);
  remove->mutable_delete_survey()->set_delete_time_ms(kNoonMs + 2 * kDayMs);
  const CommandResult removed = RunCommand(store, std::move(remove));
  Check(removed.error.ok(), removed.error);
  FillSecondActivities(store);
  FillAccess(store);
  // A survey and a kind are purged by commands that come between these.
  for (int i = 0; i < 20; ++i) {
    RunCommand(store, NewCommand());
  }
}

std::string GoldenText(const DatabaseDump& dump) {
  std::string text;
  for (const auto& [family, entries] : dump) {
    for (const auto& [key, value] : entries) {
      absl::StrAppend(&text, family, " ", absl::BytesToHexString(key), ": ",
                      EntryText(family, key, value), "\n");
    }
  }
  return text;
}

}  // namespace emptychair::storage
