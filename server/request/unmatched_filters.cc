#include "server/request/unmatched_filters.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "common/base/status_macros.h"
#include "server/request/selection.h"
#include "server/request/validation.h"
#include "storage/format/values.h"
#include "storage/read/records.h"

namespace emptychair {
namespace {

using storage::SurveyView;

constexpr size_t kKnownMax = 10;

// Enough to meet a label that one answer in some thousand has; about 20 ms.
constexpr int kRecordsLookedAtMax = 20'000;

bool IsReserved(absl::string_view value) { return value == kNoneValue || value == kOtherValue; }

// Values of the dimension that the survey's series have.
absl::flat_hash_set<absl::string_view> ValuesOf(const SurveyView& survey, size_t dimension) {
  absl::flat_hash_set<absl::string_view> values;
  std::vector<bool> is_known = {true, true};  // Codes are dense, the first those of no value.
  static_assert(storage::kNoneCode < 2 && storage::kOtherCode < 2);
  for (uint32_t series = 0; series < survey.series_count; ++series) {
    const storage::ValueCode code = survey.series->CodeOf(series, dimension);
    if (code >= is_known.size()) {
      is_known.resize(code + 1);
    }
    if (!is_known[code]) {
      is_known[code] = true;
      values.insert(survey.series->TextOf(dimension, code));
    }
  }
  return values;
}

}  // namespace

void AddKnownName(absl::string_view name, std::set<std::string>& names) {
  if (names.size() == kKnownMax && name >= *names.rbegin()) {
    return;
  }
  names.emplace(name);
  if (names.size() > kKnownMax) {
    names.erase(std::prev(names.end()));
  }
}

v1::UnmatchedFilter MakeUnmatched(const std::string& key, const std::optional<std::string>& value,
                                  const std::set<std::string>& known) {
  v1::UnmatchedFilter unmatched;
  unmatched.set_key(key);
  if (value.has_value()) {
    unmatched.set_value(*value);
  }
  unmatched.mutable_known()->Assign(known.begin(), known.end());
  return unmatched;
}

void UnmatchedFilters::Begin() {
  if (!std::exchange(has_begun_, true)) {
    for (const v1::LabelFilter& filter : filters_) {
      Ask(filter);
    }
  }
}

void UnmatchedFilters::Ask(const v1::LabelFilter& filter) {
  const std::string& key = filter.key();
  absl::flat_hash_set<absl::string_view> values;
  bool is_dimension = key == kSurveyIdKey;
  bool series_tell_all = true;
  for (const SurveyView* survey : surveys_) {
    if (key == kSurveyIdKey) {
      values.insert(survey->definition->survey_id());
      continue;
    }
    if (const std::optional<size_t> dimension = survey->DimensionOf(key)) {
      is_dimension = true;
      values.merge(ValuesOf(*survey, *dimension));
    }
    series_tell_all &= survey->SlicedDimensionOf(key).has_value() && !survey->IsFull();
  }
  if (!is_dimension) {
    open_[key].key_is_in_doubt = true;
    return;
  }
  for (absl::string_view value : values) {
    AddKnownName(value, known_values_[key]);
  }
  for (const std::string& value : filter.values()) {
    if (!IsReserved(value) && !values.contains(value)) {
      if (series_tell_all) {
        unmatched_.insert({key, value});
      } else {
        open_[key].values.insert(value);
      }
    }
  }
}

void UnmatchedFilters::See(const store::v1::StoredFeedback& body) {
  for (auto at = open_.begin(); at != open_.end();) {
    auto& [key, asked] = *at;
    const absl::string_view label = LabelOf(body, key);
    if (label != kNoneValue) {
      asked.key_is_in_doubt = false;
      if (const auto met = asked.values.find(label); met != asked.values.end()) {
        asked.values.erase(met);
      }
    }
    at = !asked.key_is_in_doubt && asked.values.empty() ? open_.erase(at) : std::next(at);
  }
}

// Nothing that was read fits what is open.
void UnmatchedFilters::SettleOpen() {
  for (const auto& [key, asked] : open_) {
    if (asked.key_is_in_doubt) {
      unmatched_.insert({key, std::nullopt});
    }
    for (const std::string& value : asked.values) {
      unmatched_.insert({key, value});
    }
  }
}

// Reads the surveys' first records until nothing is open. Says whether those were all.
absl::StatusOr<bool> UnmatchedFilters::Look(const storage::Store& store,
                                            const storage::View& view) {
  std::vector<std::string> keys_of_values;
  for (const auto& [key, asked] : open_) {
    if (!asked.values.empty()) {
      keys_of_values.push_back(key);
    }
  }
  store::v1::StoredFeedback body;
  int looked_at = 0;
  RETURN_IF_ERROR(store.records().Scan(
      view, {.surveys = surveys_, .skip_damaged = true},
      [&](const storage::ScannedRecord& record) -> absl::StatusOr<bool> {
        ++looked_at;
        const auto survey =
            std::find_if(surveys_.begin(), surveys_.end(), [&record](const SurveyView* asked) {
              return asked->number() == record.position.survey_number;
            });
        if (storage::DecodeBody((*survey)->all_series(), record.header, record.value, body)) {
          See(body);
          for (const store::v1::StoredLabel& label : body.labels()) {
            AddKnownName(label.key(), known_keys_);
          }
          for (const std::string& key : keys_of_values) {
            if (const absl::string_view label = LabelOf(body, key); label != kNoneValue) {
              AddKnownName(label, known_values_[key]);
            }
          }
        }
        return is_open() && looked_at < kRecordsLookedAtMax;
      }));
  return looked_at < kRecordsLookedAtMax;
}

absl::Status UnmatchedFilters::AddTo(
    const storage::Store& store, const storage::View& view,
    google::protobuf::RepeatedPtrField<v1::UnmatchedFilter>& unmatched) {
  Begin();
  if (is_open()) {
    ASSIGN_OR_RETURN(const bool was_all, Look(store, view));
    if (was_all || has_seen_all_) {
      SettleOpen();
    }
    open_.clear();
  }
  for (const SurveyView* survey : surveys_) {
    for (const std::string& key : survey->definition->dimensions()) {
      AddKnownName(key, known_keys_);
    }
  }
  for (const auto& [key, value] : unmatched_) {
    if (unmatched.size() == kUnmatchedMax) {
      break;
    }
    const bool is_told = std::any_of(
        unmatched.begin(), unmatched.end(), [&, &key = key, &value = value](const auto& told) {
          return told.key() == key && told.has_value() == value.has_value() &&
                 told.value() == value.value_or("");
        });
    if (is_told) {
      continue;
    }
    *unmatched.Add() =
        MakeUnmatched(key, value, value.has_value() ? known_values_[key] : known_keys_);
  }
  return absl::OkStatus();
}

}  // namespace emptychair
