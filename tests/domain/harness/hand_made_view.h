// Makes views of surveys that never were in a store.
#ifndef EMPTYCHAIR_TESTS_DOMAIN_HARNESS_HAND_MADE_VIEW_H_
#define EMPTYCHAIR_TESTS_DOMAIN_HARNESS_HAND_MADE_VIEW_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "server/surveys/survey.h"
#include "storage/read/series_table.h"
#include "storage/read/view.h"
#include "tests/helpers/status_matchers.h"

namespace emptychair::testing {

template <typename T>
T Parse(const std::string& text) {
  T message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

// A survey with the series of these values, each aligned with its dimensions; the number of the
// first is 1. An empty value is none.
struct HandMadeSurvey {
  std::string definition;  // A v1.Survey as text.
  std::vector<std::vector<absl::string_view>> series;
};

// A view that has these surveys, numbered from 1, and no snapshot: for what reads nothing from
// disk.
inline std::shared_ptr<const storage::View> ViewOf(const std::vector<HandMadeSurvey>& surveys) {
  auto catalog = std::make_shared<storage::Catalog>();
  uint32_t number = 0;
  for (const HandMadeSurvey& survey : surveys) {
    // A zone is taken that this machine does not know, as in a stored survey.
    const auto declared = Parse<v1::Survey>(survey.definition);
    store::v1::StoredSurvey stored;
    stored.set_time_zone(declared.time_zone());
    auto definition = DefineSurvey(declared, absl::UnixEpoch(), &stored);
    EXPECT_OK(definition);
    definition->set_survey_number(++number);
    auto table = std::make_shared<storage::SeriesTable>();
    for (const std::vector<absl::string_view>& values : survey.series) {
      table->Add(values);
    }
    auto view = std::make_shared<storage::SurveyView>();
    view->series_count = static_cast<uint32_t>(table->size());
    view->series = std::move(table);
    const std::string survey_id = definition->survey_id();
    view->definition = std::make_shared<const store::v1::StoredSurvey>(*std::move(definition));
    (*catalog)[survey_id] = std::move(view);
  }
  auto view = std::make_shared<storage::View>();
  view->catalog = std::move(catalog);
  return view;
}

}  // namespace emptychair::testing

#endif  // EMPTYCHAIR_TESTS_DOMAIN_HARNESS_HAND_MADE_VIEW_H_
