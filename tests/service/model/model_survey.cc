#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/service/model/metric_model.h"

namespace emptychair::testing {

void ModelSurvey::Add(const std::string& id, ModelAnswer answer) {
  had_answers_ = true;
  Slice(answer);
  answers_[id] = std::move(answer);
}

void ModelSurvey::Relabel(const std::string& id, const std::map<std::string, std::string>& labels) {
  ModelAnswer& answer = answers_.at(id);
  if (answer.labels != labels) {
    answer.labels = labels;
    Slice(answer);
  }
}

void ModelSurvey::Redefine(const std::vector<std::string>& dimensions, size_t max_series) {
  const std::vector<std::string> before = Dimensions(/*retired=*/false);
  const bool had_room = has_room();
  Declare(dimensions);
  max_series_ = max_series;
  const bool gained = std::any_of(dimensions.begin(), dimensions.end(), [&](const auto& key) {
    return std::find(before.begin(), before.end(), key) == before.end();
  });
  if (had_answers_ && (gained || (!had_room && has_room()))) {
    for (auto& [id, answer] : answers_) {
      Slice(answer);
    }
  }
}

void ModelSurvey::Declare(const std::vector<std::string>& dimensions) {
  retired_.clear();
  if (!had_answers_) {
    dimensions_ = dimensions;
    return;
  }
  retired_.insert(dimensions_.begin(), dimensions_.end());
  for (const std::string& key : dimensions) {
    if (retired_.erase(key) == 0) {
      dimensions_.push_back(key);
    }
  }
}

std::vector<std::string> ModelSurvey::Dimensions(bool retired) const {
  std::vector<std::string> keys;
  std::copy_if(dimensions_.begin(), dimensions_.end(), std::back_inserter(keys),
               [&](const std::string& key) { return (retired_.count(key) == 1) == retired; });
  return keys;
}

bool ModelSurvey::IsDimension(const std::string& key) const {
  return std::find(dimensions_.begin(), dimensions_.end(), key) != dimensions_.end();
}

// Of a retired dimension the value stays that the answer had.
void ModelSurvey::Slice(ModelAnswer& answer) {
  const std::map<std::string, std::string> before = std::exchange(answer.slice, {});
  for (const std::string& key : dimensions_) {
    const auto label = answer.labels.find(key);
    const auto had = before.find(key);
    const bool has_had = !answer.is_other && had != before.end();
    if (label != answer.labels.end() &&
        (retired_.count(key) == 0 || (has_had && had->second == label->second))) {
      answer.slice.insert(*label);
    }
  }
  answer.is_other = combinations_.count(answer.slice) == 0 && !has_room();
  if (!answer.is_other) {
    combinations_.insert(answer.slice);
  }
}

std::string ModelSurvey::ValueOf(const ModelAnswer& answer, const std::string& key) const {
  if (key == "survey_id") {
    return survey_id_;
  }
  if (IsDimension(key) && answer.is_other) {
    return "(other)";
  }
  const auto value = answer.labels.find(key);
  return value == answer.labels.end() ? "(none)" : value->second;
}

std::set<std::string> ModelSurvey::NamesOf(const ModelAnswer& answer,
                                           const std::string& key) const {
  if (key == "survey_id") {
    return {survey_id_};
  }
  const auto label = answer.labels.find(key);
  std::set<std::string> names = {label == answer.labels.end() ? "(none)" : label->second};
  if (IsDimension(key) && answer.is_other) {
    names.insert("(other)");
  }
  return names;
}

}  // namespace emptychair::testing
