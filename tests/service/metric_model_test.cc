// Random answers and random queries, against a plain recount.
#include "tests/service/metric_model.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/seed.h"
#include "tests/helpers/status_matchers.h"
#include "tests/service/backend.h"
#include "tests/service/metric_check.h"
#include "tests/service/metric_random.h"
#include "tests/service/requests.h"

namespace emptychair::testing {
namespace {

constexpr int kAnswersPerSurvey = 170;
constexpr int kQueriesPerZone = 80;
constexpr int kComparisonsPerZone = 80;

class ModelTest : public ::testing::Test {
 protected:
  ModelTest()
      : random_(SeedFromEnvOrRandom()),
        backend_(Backend::Start(BackendKind::kInProcess)),
        client_(MakeClient(backend_->endpoint())) {}

  void Load(ModelSurvey& survey, const ZoneRow& row) {
    v1::Survey definition =
        NpsSurvey(survey.survey_id(), survey.Dimensions(/*retired=*/false), row.name);
    definition.set_max_series(static_cast<int32_t>(survey.max_series()));
    Create(client_, definition);
    std::vector<v1::Feedback> batch;
    std::vector<ModelAnswer> answers;
    for (int i = 0; i < kAnswersPerSurvey; ++i) {
      ModelAnswer answer;
      answer.time = random_.Time(row);
      answer.score = random_.Score();
      answer.customer = random_.Customer();
      answer.labels = random_.Labels();
      const std::string id = absl::StrCat("row ", i);
      v1::Feedback& feedback = batch.emplace_back(Answer(survey.survey_id(), id, answer.time));
      if (answer.score.has_value()) {
        feedback.set_score(*answer.score);
      }
      feedback.set_customer_id(answer.customer);
      feedback.mutable_labels()->insert(answer.labels.begin(), answer.labels.end());
      answers.push_back(std::move(answer));
    }
    SubmitAll(client_, batch);
    for (int i = 0; i < kAnswersPerSurvey; ++i) {
      const v1::Feedback stored =
          Value(GetByExternalId(client_, survey.survey_id(), batch[i].external_id())).feedback();
      ModelAnswer& answer = answers[i];
      if (random_.OneIn(10)) {
        answer.exclusion = static_cast<v1::ExclusionReason>(random_.Uniform(1, 6));
        Exclude(stored, answer.exclusion);
      }
      survey.Add(stored.feedback_id(), answer);
    }
  }

  void Exclude(const v1::Feedback& feedback, v1::ExclusionReason reason) {
    v1::ExcludeFeedbackRequest request;
    request.set_survey_id(feedback.survey_id());
    request.set_feedback_id(feedback.feedback_id());
    request.set_reason(reason);
    ASSERT_OK(client_.ExcludeFeedback(request));
  }

  // The surveys of a row of ZoneRows, with their answers. The first has more combinations of values
  // than it counts apart.
  std::pair<ModelSurvey, ModelSurvey> LoadZone(size_t number) {
    const ZoneRow& row = ZoneRows()[number];
    ModelSurvey two(absl::StrCat("two-", number), {"region", "channel"}, 7);
    ModelSurvey one(absl::StrCat("one-", number), {"region"}, 100);
    Load(two, row);
    Load(one, row);
    return {std::move(two), std::move(one)};
  }

  MetricRandom random_;
  std::unique_ptr<Backend> backend_;
  Client client_;
};

bool FoundSomething(const ModelResult& result) {
  for (const ModelPoint& point : result.total) {
    if (point.Count(0, 10) + point.unscored > 0) {
      return true;
    }
  }
  return false;
}

TEST_F(ModelTest, EveryAnswerIsThatOfAPlainRecount) {
  int asked = 0, found = 0;
  for (size_t number = 0; number < ZoneRows().size(); ++number) {
    const ZoneRow& row = ZoneRows()[number];
    ModelCalendar calendar(Zone(row.name));
    const auto [two, one] = LoadZone(number);
    const std::vector<const ModelSurvey*> choices[] = {{&two}, {&one}, {&one, &two}};
    for (int i = 0; i < kQueriesPerZone; ++i) {
      const std::vector<const ModelSurvey*>& surveys = random_.OneOf(choices);
      const v1::QueryMetricRequest query = random_.Query(row, surveys);
      SCOPED_TRACE(absl::StrCat(row.name, ": ", query.DebugString()));
      const ModelResult model = Recount(query, surveys, calendar);
      ASSERT_NO_FATAL_FAILURE(ExpectResponse(query, model, client_.QueryMetric(query)));
      ++asked;
      found += FoundSomething(model);
    }
  }
  // Most queries must have found something, or the test shows nothing.
  EXPECT_GT(found, asked / 2);
}

TEST_F(ModelTest, EveryComparisonIsThatOfPlainRecounts) {
  int asked = 0, refused = 0, tested = 0;
  for (size_t number = 0; number < ZoneRows().size(); ++number) {
    const ZoneRow& row = ZoneRows()[number];
    ModelCalendar calendar(Zone(row.name));
    const auto [two, one] = LoadZone(number);
    const std::vector<const ModelSurvey*> choices[] = {{&two}, {&one}, {&one, &two}};
    for (int i = 0; i < kComparisonsPerZone; ++i) {
      const std::vector<const ModelSurvey*>& base = random_.OneOf(choices);
      const std::vector<const ModelSurvey*>& candidate = random_.OneOf(choices);
      const v1::CompareMetricRequest request = random_.Comparison(row, base, candidate);
      SCOPED_TRACE(absl::StrCat(row.name, ": ", request.DebugString()));
      const bool can_share = CanShare(request);
      ASSERT_TRUE(can_share || CountShared(request, {&one, &two}) == 0);
      const absl::StatusOr<v1::CompareMetricResponse> response = client_.CompareMetric(request);
      ASSERT_NO_FATAL_FAILURE(
          ExpectComparison(request, can_share, Recount(request.base(), base, calendar),
                           Recount(request.candidate(), candidate, calendar), response));
      ++asked;
      refused += can_share;
      tested += response.ok() && response->has_z();
    }
  }
  // Enough of either, or the test shows nothing.
  EXPECT_GT(refused, asked / 10);
  EXPECT_GT(tested, asked / 10);
}

}  // namespace
}  // namespace emptychair::testing
