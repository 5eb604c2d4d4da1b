// Surveys and queries made by hand, without a store.
#ifndef EMPTYCHAIR_TESTS_SERVER_ANALYTICS_SURVEYS_H_
#define EMPTYCHAIR_TESTS_SERVER_ANALYTICS_SURVEYS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "server/counting/metric_query.h"
#include "storage/read/series_table.h"
#include "storage/read/view.h"

namespace emptychair {

// An NPS survey in UTC whose series, from 1 on, have the values given, one for each dimension; an
// empty one stands for a label that is absent.
inline std::shared_ptr<const storage::SurveyView> MakeSurvey(
    const std::string& survey_id, const std::vector<std::string>& dimensions,
    const std::vector<std::vector<std::string>>& series = {}) {
  store::v1::StoredSurvey definition;
  definition.set_survey_id(survey_id);
  definition.set_kind(v1::SURVEY_KIND_NPS);
  definition.mutable_scale()->set_max(10);
  definition.mutable_dimensions()->Add(dimensions.begin(), dimensions.end());
  definition.set_time_zone("UTC");
  definition.set_max_series(10'000);
  auto table = std::make_shared<storage::SeriesTable>();
  for (const std::vector<std::string>& values : series) {
    table->Add(std::vector<absl::string_view>(values.begin(), values.end()));
  }
  auto survey = std::make_shared<storage::SurveyView>();
  survey->definition = std::make_shared<const store::v1::StoredSurvey>(std::move(definition));
  survey->series_count = static_cast<uint32_t>(table->size());
  survey->series = std::move(table);
  return survey;
}

// A view of these surveys, with nothing behind it.
inline std::shared_ptr<const storage::View> MakeView(
    const std::vector<std::shared_ptr<const storage::SurveyView>>& surveys) {
  auto catalog = std::make_shared<storage::Catalog>();
  for (const auto& survey : surveys) {
    catalog->emplace(survey->definition->survey_id(), survey);
  }
  auto view = std::make_shared<storage::View>();
  view->catalog = std::move(catalog);
  return view;
}

}  // namespace emptychair

#endif  // EMPTYCHAIR_TESTS_SERVER_ANALYTICS_SURVEYS_H_
