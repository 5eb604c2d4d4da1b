// A plain model of the store.
#ifndef EMPTYCHAIR_TESTS_STORAGE_HARNESS_STORE_MODEL_H_
#define EMPTYCHAIR_TESTS_STORAGE_HARNESS_STORE_MODEL_H_

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "tests/storage/harness/store_harness.h"

namespace emptychair::storage {

// What the store should hold and answer, in maps.
class StoreModel {
 public:
  struct Survey {
    store::v1::StoredSurvey definition;
    absl::TimeZone zone;
    std::set<std::vector<std::string>> combinations;
  };
  struct Record {
    Answer answer;
    uint64_t sequence = 0;
    // The values of its dimensions; {"(other)"} past the limit.
    std::vector<std::string> series;
  };
  using RecordKey = std::pair<uint32_t, Uuid>;

  std::string Create(const store::v1::StoredSurvey& wanted) {
    for (const auto& [number, survey] : surveys_) {
      if (survey.definition.survey_id() == wanted.survey_id()) {
        return Declared(survey.definition).SerializeAsString() == wanted.SerializeAsString()
                   ? "ok"
                   : "SURVEY_EXISTS";
      }
    }
    Survey survey{wanted, absl::UTCTimeZone(), {}};
    EXPECT_TRUE(absl::LoadTimeZone(wanted.time_zone(), &survey.zone));
    ++sequence_;
    surveys_[static_cast<uint32_t>(surveys_.size() + 1)] = std::move(survey);
    return "ok";
  }

  std::string Submit(const Answer& answer) {
    const auto survey = surveys_.find(answer.survey);
    if (survey == surveys_.end()) {
      return "SURVEY_NOT_FOUND";
    }
    RecordKey key{answer.survey, IdOf(answer)};
    if (!answer.external_id.empty()) {
      const auto known = external_ids_.find({answer.survey, answer.external_id});
      if (known != external_ids_.end()) {
        key.second = known->second;
      }
    }
    if (const auto existing = records_.find(key); existing != records_.end()) {
      return SameAsSent(key.second, existing->second.answer, answer) ? "existed"
                                                                     : "CONTENT_DIFFERS";
    }
    if (answer.score.has_value() && (*answer.score < 0 || *answer.score > 10)) {
      return "SCORE_OUT_OF_RANGE";
    }
    if (!answer.external_id.empty()) {
      external_ids_[{answer.survey, answer.external_id}] = key.second;
    }
    records_[key] = {answer, ++sequence_, SeriesOf(answer, {}, survey->second)};
    return "accepted";
  }

  // Other dimensions in use and room, which slices older answers anew when it says more of them.
  void Update(uint32_t number, const std::vector<std::string>& dimensions, uint32_t max_series) {
    Survey& survey = surveys_.at(number);
    store::v1::StoredSurvey& definition = survey.definition;
    const std::vector<std::string> before = InUse(definition);
    const store::v1::StoredSurvey old = definition;
    const bool had_room = survey.combinations.size() < definition.max_series();
    definition.set_max_series(max_series);
    const auto first = records_.lower_bound({number, Uuid()});
    const bool has_answers = first != records_.end() && first->first.first == number;
    if (!has_answers) {
      *definition.mutable_dimensions() = {dimensions.begin(), dimensions.end()};
    } else {
      definition.clear_retired_dimensions();
      for (const std::string& key : old.dimensions()) {
        if (!Contains(dimensions, key)) {
          definition.add_retired_dimensions(key);
        }
      }
      for (const std::string& key : dimensions) {
        if (!Contains(old.dimensions(), key)) {
          definition.add_dimensions(key);
        }
      }
    }
    sequence_ += old.SerializeAsString() == definition.SerializeAsString() ? 0 : 1;
    const auto size = static_cast<size_t>(definition.dimensions_size());
    std::set<std::vector<std::string>> combinations;
    for (std::vector<std::string> values : survey.combinations) {
      values.resize(size);
      combinations.insert(std::move(values));
    }
    survey.combinations = std::move(combinations);
    const bool has_room = survey.combinations.size() < max_series;
    const bool slices_anew =
        (!had_room && has_room) ||
        std::any_of(dimensions.begin(), dimensions.end(),
                    [&](const std::string& key) { return !Contains(before, key); });
    for (auto record = first; record != records_.end() && record->first.first == number; ++record) {
      std::vector<std::string>& series = record->second.series;
      const bool is_other = series == std::vector<std::string>{"(other)"};
      if (!is_other) {
        series.resize(size);
      }
      if (slices_anew) {
        series =
            SeriesOf(record->second.answer, is_other ? std::vector<std::string>() : series, survey);
      }
    }
  }

  uint64_t sequence() const { return sequence_; }
  const std::map<uint32_t, Survey>& surveys() const { return surveys_; }
  const std::map<RecordKey, Record>& records() const { return records_; }

 private:
  // Of the ids those count that `sent` has.
  static bool SameAsSent(const Uuid& stored_id, const Answer& stored, const Answer& sent) {
    return (!sent.sends_id || IdOf(sent) == stored_id) &&
           (sent.external_id.empty() || sent.external_id == stored.external_id) &&
           sent.score == stored.score && sent.customer_id == stored.customer_id &&
           sent.comment == stored.comment && sent.labels == stored.labels;
  }

  template <typename Keys>
  static bool Contains(const Keys& keys, const std::string& key) {
    return std::find(keys.begin(), keys.end(), key) != keys.end();
  }

  static std::vector<std::string> InUse(const store::v1::StoredSurvey& survey) {
    std::vector<std::string> keys;
    for (const std::string& key : survey.dimensions()) {
      if (!Contains(survey.retired_dimensions(), key)) {
        keys.push_back(key);
      }
    }
    return keys;
  }

  static store::v1::StoredSurvey Declared(store::v1::StoredSurvey survey) {
    const std::vector<std::string> keys = InUse(survey);
    *survey.mutable_dimensions() = {keys.begin(), keys.end()};
    survey.clear_retired_dimensions();
    return survey;
  }

  // Of a retired dimension the value stays that the answer had in `before`, its values so far.
  static std::vector<std::string> SeriesOf(const Answer& answer,
                                           const std::vector<std::string>& before, Survey& survey) {
    std::vector<std::string> values;
    for (const std::string& dimension : survey.definition.dimensions()) {
      values.emplace_back();
      for (const auto& [key, value] : answer.labels) {
        if (key == dimension) {
          values.back() = value;
        }
      }
      const size_t at = values.size() - 1;
      if (Contains(survey.definition.retired_dimensions(), dimension) &&
          (at >= before.size() || before[at] != values[at])) {
        values[at].clear();
      }
    }
    if (survey.combinations.count(values) == 0) {
      if (survey.combinations.size() >= survey.definition.max_series()) {
        return {"(other)"};
      }
      survey.combinations.insert(values);
    }
    return values;
  }

  uint64_t sequence_ = 0;
  std::map<uint32_t, Survey> surveys_;
  std::map<RecordKey, Record> records_;
  std::map<std::pair<uint32_t, std::string>, Uuid> external_ids_;
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_TESTS_STORAGE_HARNESS_STORE_MODEL_H_
