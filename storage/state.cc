#include "storage/state.h"

#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "storage/keys.h"
#include "storage/values.h"

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

absl::StatusOr<std::unique_ptr<State>> State::Load(const Engine& engine) {
  ASSIGN_OR_RETURN(auto identity,
                   ReadMessage<store::v1::StoredIdentity>(engine, IdentityKey(), "identity"));
  if (identity.hash_secret().size() != KeyedHash::kSecretSize ||
      identity.store_id().size() != Uuid::kSize) {
    return Damaged("identity");
  }
  ASSIGN_OR_RETURN(auto counters,
                   ReadMessage<store::v1::StoredCounters>(engine, CountersKey(), "counters"));
  std::unique_ptr<State> state(new State(std::move(identity), std::move(counters)));
  RETURN_IF_ERROR(state->LoadSurveys(engine));
  RETURN_IF_ERROR(state->LoadSeries(engine));
  return state;
}

State::State(store::v1::StoredIdentity identity, store::v1::StoredCounters counters)
    : identity_(std::move(identity)), hash_(SecretOf(identity_)), counters_(std::move(counters)) {}

absl::Status State::LoadSurveys(const Engine& engine) {
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
    AddSurvey(std::move(definition));
  }
  return FromRocksDb(it->status(), "reading surveys");
}

absl::Status State::LoadSeries(const Engine& engine) {
  std::unique_ptr<rocksdb::Iterator> it(
      engine.db()->NewIterator(rocksdb::ReadOptions(), engine.handle(Family::kSeries)));
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    const std::optional<SeriesKey> key = SeriesKey::Decode(ToView(it->key()));
    store::v1::StoredSeries stored;
    WorkingSurvey* survey = key.has_value() ? FindSurvey(key->survey_number) : nullptr;
    if (survey == nullptr || !DecodeMessage(ToView(it->value()), stored) ||
        static_cast<size_t>(stored.values_size()) > kDimensionsMax ||
        survey->series->size() != key->series) {
      return Damaged("series");
    }
    const std::vector<absl::string_view> values(stored.values().begin(), stored.values().end());
    survey->series->Add(values);
  }
  return FromRocksDb(it->status(), "reading series");
}

WorkingSurvey* State::FindSurvey(uint32_t survey_number) {
  auto found = surveys_.find(survey_number);
  return found == surveys_.end() ? nullptr : &found->second;
}

WorkingSurvey* State::FindSurvey(absl::string_view survey_id) {
  auto found = numbers_.find(survey_id);
  return found == numbers_.end() ? nullptr : FindSurvey(found->second);
}

void State::AddSurvey(store::v1::StoredSurvey definition) {
  const uint32_t number = definition.survey_number();
  numbers_[definition.survey_id()] = number;
  surveys_[number] = {std::make_shared<const store::v1::StoredSurvey>(std::move(definition)),
                      std::make_shared<SeriesTable>()};
  MarkCatalogChanged();
}

std::shared_ptr<const Catalog> State::PublishedCatalog() {
  if (std::exchange(catalog_changed_, false)) {
    auto catalog = std::make_shared<Catalog>();
    for (const auto& [number, survey] : surveys_) {
      (*catalog)[survey.definition->survey_id()] = std::make_shared<const SurveyView>(SurveyView{
          survey.definition, survey.series, static_cast<uint32_t>(survey.series->size())});
    }
    catalog_ = std::move(catalog);
  }
  return catalog_;
}

}  // namespace emptychair::storage
