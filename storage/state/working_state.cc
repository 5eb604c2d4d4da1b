#include "storage/state/working_state.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "storage/format/effects.h"
#include "storage/format/key_text_hash.h"
#include "storage/format/keys.h"
#include "storage/format/values.h"

namespace emptychair::storage {
namespace {

absl::Status Damaged(absl::string_view what) {
  return Error(v1::ERROR_REASON_STORE_DAMAGED,
               absl::StrCat("the stored ", what, " cannot be decoded"));
}

template <typename Message>
absl::StatusOr<Message> ReadMessage(const Engine& engine, const std::string& key,
                                    absl::string_view what) {
  std::string value;
  ASSIGN_OR_RETURN(const bool found, engine.Get(Family::kMeta, key, &value));
  Message message;
  if (!found || !DecodeMessage(value, message)) {
    return Damaged(what);
  }
  return message;
}

KeyedHash::Secret SecretOf(const store::v1::StoredIdentity& identity) {
  KeyedHash::Secret secret;
  std::memcpy(secret.data(), identity.hash_secret().data(), secret.size());
  return secret;
}

}  // namespace

absl::StatusOr<std::unique_ptr<WorkingState>> WorkingState::Load(const Engine& engine) {
  ASSIGN_OR_RETURN(auto identity,
                   ReadMessage<store::v1::StoredIdentity>(engine, IdentityKey(), "identity"));
  if (identity.hash_secret().size() != KeyedHash::kSecretSize ||
      identity.access_secret().size() != KeyTextHash::kSecretSize ||
      identity.store_id().size() != Uuid::kSize) {
    return Damaged("identity");
  }
  ASSIGN_OR_RETURN(auto counters,
                   ReadMessage<store::v1::StoredCounters>(engine, CountersKey(), "counters"));
  if (!counters.digest().empty() && counters.digest().size() != std::tuple_size_v<IdHash>) {
    return Damaged("counters");
  }
  std::unique_ptr<WorkingState> state(new WorkingState(std::move(identity), std::move(counters)));
  RETURN_IF_ERROR(state->LoadEpochs(engine));
  RETURN_IF_ERROR(state->LoadFormerSurveys(engine));
  RETURN_IF_ERROR(state->LoadSurveys(engine));
  RETURN_IF_ERROR(state->kinds_.Load(engine));
  RETURN_IF_ERROR(state->access_.Load(engine));
  RETURN_IF_ERROR(state->LoadErasures(engine));
  RETURN_IF_ERROR(state->LoadImports(engine));
  RETURN_IF_ERROR(state->kinds_.LoadWhetherUsed(engine));
  RETURN_IF_ERROR(state->LoadRepeatEffects(engine));
  RETURN_IF_ERROR(state->LoadNewestAnswers(engine));
  RETURN_IF_ERROR(state->LoadSeries(engine));
  return state;
}

WorkingState::WorkingState(store::v1::StoredIdentity identity, store::v1::StoredCounters counters)
    : identity_(std::move(identity)), hash_(SecretOf(identity_)), counters_(std::move(counters)) {
  std::memcpy(digest_.data(), counters_.digest().data(), counters_.digest().size());
}

void WorkingState::SetApplied(uint64_t index, const IdHash& digest) {
  counters_.set_applied_index(index);
  digest_ = digest;
}

uint64_t WorkingState::NextSequence(WriteGroup& group) {
  const uint64_t sequence = counters_.sequence() + 1;
  counters_.set_sequence(sequence);
  if (command_epoch_ != 0 && command_epoch_ != epochs_->last()) {
    auto epochs = std::make_shared<Epochs>(*epochs_);
    epochs->Begin(command_epoch_, sequence);
    group.Put(Family::kMeta, EpochsKey(), EncodeMessage(epochs->stored()));
    epochs_ = std::move(epochs);
  }
  return sequence;
}

void WorkingState::PutCounters(WriteGroup& group) {
  counters_.set_digest(digest_.data(), digest_.size());
  group.Put(Family::kMeta, CountersKey(), EncodeMessage(counters_));
}

std::shared_ptr<View> WorkingState::MakeView() {
  auto view = std::make_shared<View>();
  view->counters = counters_;
  view->catalog = PublishedCatalog();
  view->kinds = kinds_.Published();
  view->access = access_.Published();
  view->former_surveys = former_surveys_;
  view->epochs = epochs_;
  view->erasing = published_erasing_;
  view->last_customer_erasure = last_customer_erasure_;
  return view;
}

void WorkingState::AddErasing(uint32_t customer_ordinal, v1::EraseMode mode) {
  erasing_[customer_ordinal] = mode;
  last_customer_erasure_ = counters_.sequence();
  PublishErasing();
}

void WorkingState::ForgetErasing(uint32_t customer_ordinal) {
  erasing_.erase(customer_ordinal);
  PublishErasing();
}

void WorkingState::PublishErasing() {
  absl::flat_hash_set<uint32_t> ordinals;
  absl::flat_hash_set<uint32_t> leaving;
  for (const auto& [ordinal, mode] : erasing_) {
    ordinals.insert(ordinal);
    if (mode == v1::ERASE_MODE_DELETE) {
      leaving.insert(ordinal);
    }
  }
  published_erasing_ =
      std::make_shared<const ErasingCustomers>(std::move(ordinals), std::move(leaving));
}

absl::Status WorkingState::LoadErasures(const Engine& engine) {
  const std::string prefix = ErasureKeyPrefix();
  std::unique_ptr<rocksdb::Iterator> it(
      engine.db()->NewIterator(rocksdb::ReadOptions(), engine.handle(Family::kMeta)));
  for (it->Seek(prefix); it->Valid() && absl::StartsWith(ToView(it->key()), prefix); it->Next()) {
    const std::optional<uint32_t> ordinal = DecodeErasureKey(ToView(it->key()));
    store::v1::StoredErasure erasure;
    if (!ordinal.has_value() || !DecodeMessage(ToView(it->value()), erasure)) {
      return Damaged("erasure of a customer");
    }
    erasing_[*ordinal] = erasure.mode();
  }
  PublishErasing();
  return FromRocksDb(it->status(), "reading erasures");
}

absl::Status WorkingState::LoadEpochs(const Engine& engine) {
  std::string value;
  ASSIGN_OR_RETURN(const bool found, engine.Get(Family::kMeta, EpochsKey(), &value));
  store::v1::StoredEpochs epochs;
  if (found && !DecodeMessage(value, epochs)) {
    return Damaged("epochs");
  }
  epochs_ = std::make_shared<const Epochs>(std::move(epochs));
  return absl::OkStatus();
}

absl::Status WorkingState::LoadFormerSurveys(const Engine& engine) {
  auto former = std::make_shared<FormerSurveys>();
  const std::string prefix = FormerSurveyKeyPrefix();
  std::unique_ptr<rocksdb::Iterator> it(
      engine.db()->NewIterator(rocksdb::ReadOptions(), engine.handle(Family::kMeta)));
  for (it->Seek(prefix); it->Valid() && absl::StartsWith(ToView(it->key()), prefix); it->Next()) {
    const std::optional<uint32_t> number = DecodeFormerSurveyKey(ToView(it->key()));
    store::v1::StoredFormerSurvey survey;
    if (!number.has_value() || !DecodeMessage(ToView(it->value()), survey)) {
      return Damaged("id of a deleted survey");
    }
    (*former)[*number] = survey.survey_id();
  }
  former_surveys_ = std::move(former);
  return FromRocksDb(it->status(), "reading the ids of deleted surveys");
}

absl::Status WorkingState::LoadSurveys(const Engine& engine) {
  std::unique_ptr<rocksdb::Iterator> it(
      engine.db()->NewIterator(rocksdb::ReadOptions(), engine.handle(Family::kMeta)));
  for (it->Seek(SurveyKeyPrefix());
       it->Valid() && absl::StartsWith(ToView(it->key()), SurveyKeyPrefix()); it->Next()) {
    store::v1::StoredSurvey definition;
    const std::optional<uint32_t> number = DecodeSurveyKey(ToView(it->key()));
    if (!number.has_value() || !DecodeMessage(ToView(it->value()), definition) ||
        definition.survey_number() != *number) {
      return Damaged("survey");
    }
    PutSurvey(std::move(definition));
  }
  return FromRocksDb(it->status(), "reading surveys");
}

absl::Status WorkingState::LoadImports(const Engine& engine) {
  const std::string prefix = ImportKeyPrefix();
  std::unique_ptr<rocksdb::Iterator> it(
      engine.db()->NewIterator(rocksdb::ReadOptions(), engine.handle(Family::kMeta)));
  for (it->Seek(prefix); it->Valid() && absl::StartsWith(ToView(it->key()), prefix); it->Next()) {
    const std::optional<uint32_t> number = DecodeImportKey(ToView(it->key()));
    store::v1::StoredImport stored;
    if (!number.has_value() || !DecodeMessage(ToView(it->value()), stored)) {
      return Damaged("import");
    }
    const auto survey = surveys_.find(stored.survey_number());
    const WorkingKind* kind = kinds_.FindAny(stored.kind_number());
    if (survey == surveys_.end() && kind == nullptr) {
      return Damaged("import");
    }
    ImportTable& imports = kind != nullptr ? *kind->imports : *survey->second.imports;
    imports.Add(*number, stored.import_id());
  }
  return FromRocksDb(it->status(), "reading imports");
}

// What does not decode is left out: it is measured again.
absl::Status WorkingState::LoadRepeatEffects(const Engine& engine) {
  absl::flat_hash_map<uint32_t, std::vector<store::v1::StoredRepeatEffects>> by_survey;
  const std::string prefix = RepeatEffectsKeyPrefix();
  std::unique_ptr<rocksdb::Iterator> it(
      engine.db()->NewIterator(rocksdb::ReadOptions(), engine.handle(Family::kDerived)));
  for (it->Seek(prefix); it->Valid() && absl::StartsWith(ToView(it->key()), prefix); it->Next()) {
    const std::optional<RepeatEffectsKey> key = RepeatEffectsKey::Decode(ToView(it->key()));
    store::v1::StoredRepeatEffects effects;
    if (!key.has_value() || key->dimension > kDimensionsMax ||
        !DecodeRepeatEffects(ToView(it->value()), effects)) {
      engine.CountUndecodable();
      continue;
    }
    std::vector<store::v1::StoredRepeatEffects>& stored = by_survey[key->survey_number];
    stored.resize(std::max<size_t>(stored.size(), size_t{key->dimension} + 1));
    stored[key->dimension] = std::move(effects);
  }
  for (auto& [number, stored] : by_survey) {
    WorkingSurvey* survey = FindSurvey(number);
    if (survey != nullptr && stored.front().computed_at_sequence() != 0) {
      store::v1::StoredRepeatEffects all = std::move(stored.front());
      stored.erase(stored.begin());
      survey->effects = std::make_shared<const RepeatEffects>(std::move(all), std::move(stored));
    }
  }
  return FromRocksDb(it->status(), "reading design effects");
}

absl::Status WorkingState::LoadNewestAnswers(const Engine& engine) {
  std::unique_ptr<rocksdb::Iterator> it(
      engine.db()->NewIterator(rocksdb::ReadOptions(), engine.handle(Family::kFeedback)));
  for (auto& [number, survey] : surveys_) {
    const std::string prefix = SurveyDataPrefix(number);
    it->SeekForPrev(ToSlice(prefix + std::string(Uuid::kSize, '\xff')));
    RETURN_IF_ERROR(FromRocksDb(it->status(), "reading records"));
    const bool has_records = it->Valid() && absl::StartsWith(ToView(it->key()), prefix);
    // An import that was taken back has left no record.
    survey.has_answers = has_records || !survey.imports->Numbers().empty();
    if (has_records) {
      const std::optional<FeedbackKey> newest = FeedbackKey::Decode(ToView(it->key()));
      recent_ids_.SetHorizon(number, newest.has_value() ? newest->feedback_id.UnixMs()
                                                        : std::numeric_limits<int64_t>::max());
    }
  }
  return absl::OkStatus();
}

// Goes through both copies side by side, so that one can stand in for the other.
absl::Status WorkingState::LoadSeries(const Engine& engine) {
  std::unique_ptr<rocksdb::Iterator> it(
      engine.db()->NewIterator(rocksdb::ReadOptions(), engine.handle(Family::kSeries)));
  std::unique_ptr<rocksdb::Iterator> copy(
      engine.db()->NewIterator(rocksdb::ReadOptions(), engine.handle(Family::kMeta)));
  it->SeekToFirst();
  copy->Seek(SeriesCopyKeyPrefix());
  const auto has_copy = [&copy] {
    return copy->Valid() && absl::StartsWith(ToView(copy->key()), SeriesCopyKeyPrefix());
  };
  while (it->Valid() || has_copy()) {
    const std::string copy_key =
        has_copy() ? std::string(ToView(copy->key()).substr(SeriesCopyKeyPrefix().size())) : "";
    const bool takes_first = it->Valid() && (!has_copy() || ToView(it->key()) <= copy_key);
    const bool takes_copy = has_copy() && (!it->Valid() || copy_key <= ToView(it->key()));
    const std::optional<SeriesKey> key =
        SeriesKey::Decode(takes_first ? ToView(it->key()) : copy_key);
    if (!key.has_value()) {
      return Damaged("series");
    }
    RETURN_IF_ERROR(LoadSeriesOf(*key, takes_first ? ToView(it->value()) : "",
                                 takes_copy ? ToView(copy->value()) : ""));
    if (takes_first) {
      it->Next();
    }
    if (takes_copy) {
      copy->Next();
    }
  }
  RETURN_IF_ERROR(FromRocksDb(it->status(), "reading series"));
  return FromRocksDb(copy->status(), "reading series");
}

absl::Status WorkingState::LoadSeriesOf(const SeriesKey& key, absl::string_view value,
                                        absl::string_view copy) {
  if (FindDeletedSurvey(key.survey_number) != nullptr) {
    return absl::OkStatus();
  }
  WorkingSurvey* survey = FindSurvey(key.survey_number);
  store::v1::StoredSeries stored;
  if (survey == nullptr || !(DecodeSeries(value, stored) || DecodeSeries(copy, stored)) ||
      survey->series->size() != key.series) {
    return Damaged("series");
  }
  const std::vector<absl::string_view> values(stored.values().begin(), stored.values().end());
  survey->series->Add(values);
  return absl::OkStatus();
}

void WorkingState::BeginLedger(absl::string_view first_entry_id) {
  first_ledger_id_ = Uuid::FromBytes(first_entry_id);
  ledger_entries_of_command_ = 0;
}

std::optional<Uuid> WorkingState::NextLedgerId() {
  if (!first_ledger_id_.has_value()) {
    return std::nullopt;
  }
  Uuid id = *first_ledger_id_;
  uint32_t count = ledger_entries_of_command_++;
  // The proposer has left these 4 bytes zero.
  for (size_t place = Uuid::kSize; place-- > Uuid::kSize - sizeof(count); count >>= 8) {
    id.bytes[place] = static_cast<uint8_t>(count);
  }
  return id;
}

WorkingSurvey* WorkingState::FindSurvey(uint32_t survey_number) {
  auto found = surveys_.find(survey_number);
  return found == surveys_.end() || found->second.is_deleted() ? nullptr : &found->second;
}

WorkingSurvey* WorkingState::FindSurvey(absl::string_view survey_id) {
  auto found = numbers_.find(survey_id);
  return found == numbers_.end() ? nullptr : FindSurvey(found->second);
}

void WorkingState::PutSurvey(store::v1::StoredSurvey definition) {
  WorkingSurvey& survey = surveys_[definition.survey_number()];
  if (survey.series == nullptr) {
    survey.series = std::make_shared<SeriesTable>();
  }
  survey.definition = std::make_shared<const store::v1::StoredSurvey>(std::move(definition));
  if (!survey.is_deleted()) {
    numbers_[survey.definition->survey_id()] = survey.definition->survey_number();
  } else if (auto found = numbers_.find(survey.definition->survey_id());
             found != numbers_.end() && found->second == survey.definition->survey_number()) {
    numbers_.erase(found);
  }
  MarkCatalogChanged();
}

std::vector<uint32_t> WorkingState::DeletedSurveys() const {
  std::vector<uint32_t> numbers;
  for (const auto& [number, survey] : surveys_) {
    if (survey.is_deleted()) {
      numbers.push_back(number);
    }
  }
  return numbers;
}

std::vector<std::shared_ptr<const store::v1::StoredSurvey>> WorkingState::UnslicedSurveys() const {
  std::vector<std::shared_ptr<const store::v1::StoredSurvey>> unsliced;
  for (const auto& [number, survey] : surveys_) {
    if (!survey.is_deleted() && survey.definition->has_reslice()) {
      unsliced.push_back(survey.definition);
    }
  }
  return unsliced;
}

WorkingSurvey* WorkingState::FindDeletedSurvey(uint32_t survey_number) {
  auto found = surveys_.find(survey_number);
  return found == surveys_.end() || !found->second.is_deleted() ? nullptr : &found->second;
}

void WorkingState::ForgetSurvey(uint32_t survey_number) { surveys_.erase(survey_number); }

void WorkingState::AddFormerSurvey(uint32_t survey_number, const std::string& survey_id) {
  auto former = std::make_shared<FormerSurveys>(*former_surveys_);
  (*former)[survey_number] = survey_id;
  former_surveys_ = std::move(former);
}

std::shared_ptr<const Catalog> WorkingState::PublishedCatalog() {
  if (std::exchange(catalog_changed_, false)) {
    auto catalog = std::make_shared<Catalog>();
    for (const auto& [survey_id, number] : numbers_) {
      const WorkingSurvey& survey = surveys_.at(number);
      (*catalog)[survey_id] = std::make_shared<const SurveyView>(
          SurveyView{survey.definition, survey.series, static_cast<uint32_t>(survey.series->size()),
                     survey.imports, survey.effects});
    }
    catalog_ = std::move(catalog);
  }
  return catalog_;
}

}  // namespace emptychair::storage
