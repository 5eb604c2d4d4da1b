// Random answers and random queries, against a plain recount.
#include "tests/service/model/metric_model.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/seed.h"
#include "tests/helpers/status_matchers.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"
#include "tests/service/model/metric_check.h"
#include "tests/service/model/metric_random.h"
#include "tests/service/model/words_check.h"

namespace emptychair::testing {
namespace {

constexpr int kAnswersPerSurvey = 170;
constexpr int kQueriesPerZone = 80;
constexpr int kQueriesPerKind = 40;
constexpr int kComparisonsPerZone = 80;
constexpr int kChangesPerZone = 80;
constexpr int kWordsPerZone = 80;

class ModelTest : public ::testing::Test {
 protected:
  ModelTest()
      : random_(SeedFromEnvOrRandom()),
        backend_(random_.OneIn(2) ? Backend::StartWithoutColumns()
                                  : Backend::Start(BackendKind::kInProcess)),
        client_(MakeClient(backend_->endpoint())) {}

  void Load(ModelSurvey& survey, const ZoneRow& row) {
    LoadScored(survey, row, NpsSurvey(survey.survey_id()), [this] { return random_.Score(); });
  }

  template <typename Score>
  void LoadScored(ModelSurvey& survey, const ZoneRow& row, v1::Survey definition, Score score) {
    for (const std::string& dimension : survey.Dimensions(/*retired=*/false)) {
      definition.add_dimensions(dimension);
    }
    definition.set_time_zone(row.name);
    definition.set_max_series(static_cast<int32_t>(survey.max_series()));
    Create(client_, definition);
    std::vector<v1::Feedback> batch;
    std::vector<ModelAnswer> answers;
    for (int i = 0; i < kAnswersPerSurvey; ++i) {
      ModelAnswer answer;
      answer.time = random_.Time(row);
      answer.score = score();
      answer.customer = random_.Customer();
      answer.labels = random_.Labels();
      answer.comment = random_.Comment();
      const std::string id = absl::StrCat("row ", i);
      v1::Feedback& feedback = batch.emplace_back(Answer(survey.survey_id(), id, answer.time));
      if (answer.score.has_value()) {
        feedback.set_score(*answer.score);
      }
      feedback.set_customer_id(answer.customer);
      feedback.set_comment(answer.comment);
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

  using ExplainedRow = std::pair<std::string, v1::CountedAs>;

  // The rows of all pages.
  absl::StatusOr<std::vector<ExplainedRow>> Explain(const v1::ExplainMetricRequest& request) {
    std::vector<ExplainedRow> rows;
    for (const absl::StatusOr<v1::ExplainMetricRow>& row : client_.ExplainMetric(request)) {
      if (!row.ok()) {
        return row.status();
      }
      rows.emplace_back(row->feedback().feedback_id(), row->counted_as());
    }
    return rows;
  }

  MetricRandom random_;
  std::unique_ptr<Backend> backend_;
  Client client_;
};

bool FoundSomething(const ModelResult& result) {
  for (const ModelPoint& point : result.total) {
    if (point.scored() + point.unscored > 0) {
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

// A kind of survey, and a method that it can be asked for, with the scores that the method counts
// as metrics.md has them.
struct KindRow {
  const char* survey;
  v1::MetricMethod method;
  std::optional<int> top_box_min;
  ModelMethod model;
};

std::vector<KindRow> KindRows() {
  using Value = ModelMethod::Value;
  const char* const csat5 = "kind: SURVEY_KIND_CSAT scale { min: 1 max: 5 }";
  const char* const csat10 = "kind: SURVEY_KIND_CSAT scale { min: 1 max: 10 }";
  const char* const ease7 =
      "kind: SURVEY_KIND_CES scale { min: 1 max: 7 direction: SCALE_DIRECTION_EASE }";
  const char* const ease5 =
      "kind: SURVEY_KIND_CES scale { min: 1 max: 5 direction: SCALE_DIRECTION_EASE }";
  const char* const effort7 =
      "kind: SURVEY_KIND_CES scale { min: 1 max: 7 direction: SCALE_DIRECTION_EFFORT }";
  const char* const effort5 =
      "kind: SURVEY_KIND_CES scale { min: 1 max: 5 direction: SCALE_DIRECTION_EFFORT }";
  const char* const rating = "kind: SURVEY_KIND_RATING scale { min: -3 max: 20 }";
  const char* const text = "kind: SURVEY_KIND_TEXT";
  return {
      {csat5, v1::METRIC_METHOD_UNSPECIFIED, {}, {Value::kShare, 1, 5, 4, 5}},
      {csat5, v1::METRIC_METHOD_MEAN, {}, {Value::kMean, 1, 5}},
      {csat10, v1::METRIC_METHOD_TOP_BOX, {}, {Value::kShare, 1, 10, 9, 10}},
      {csat10, v1::METRIC_METHOD_TOP_THREE, {}, {Value::kShare, 1, 10, 8, 10}},
      {ease7, v1::METRIC_METHOD_UNSPECIFIED, {}, {Value::kShare, 1, 7, 5, 7}},
      {ease7, v1::METRIC_METHOD_NET, {}, {Value::kNet, 1, 7, 6, 7, 1, 3}},
      {ease5, v1::METRIC_METHOD_AGREE, {}, {Value::kShare, 1, 5, 4, 5}},
      {ease5, v1::METRIC_METHOD_NET, {}, {Value::kNet, 1, 5, 5, 5, 1, 2}},
      {effort7, v1::METRIC_METHOD_AGREE, {}, {Value::kShare, 1, 7, 1, 3}},
      {effort7, v1::METRIC_METHOD_NET, {}, {Value::kNet, 1, 7, 1, 2, 5, 7}},
      {effort7, v1::METRIC_METHOD_MEAN, {}, {Value::kMean, 1, 7}},
      {effort5, v1::METRIC_METHOD_AGREE, {}, {Value::kShare, 1, 5, 1, 2}},
      {effort5, v1::METRIC_METHOD_NET, {}, {Value::kNet, 1, 5, 1, 1, 4, 5}},
      {rating, v1::METRIC_METHOD_UNSPECIFIED, {}, {Value::kMean, -3, 20}},
      {rating, v1::METRIC_METHOD_TOP_BOX, 12, {Value::kShare, -3, 20, 12, 20}},
      {text, v1::METRIC_METHOD_COUNT, {}, {Value::kCount}},
  };
}

TEST_F(ModelTest, EveryKindAndMethodIsThatOfAPlainRecount) {
  int asked = 0, found = 0;
  const std::vector<KindRow> kinds = KindRows();
  for (size_t number = 0; number < kinds.size(); ++number) {
    const KindRow& kind = kinds[number];
    const ZoneRow& row = random_.OneOf(ZoneRows());
    ModelCalendar calendar(Zone(row.name));
    ModelSurvey two(absl::StrCat("two-", number), {"region", "channel"}, 7);
    ModelSurvey one(absl::StrCat("one-", number), {"region"}, 100);
    for (ModelSurvey* survey : {&two, &one}) {
      LoadScored(*survey, row, SurveyOf(survey->survey_id(), kind.survey),
                 [&]() -> std::optional<int> {
                   if (kind.model.value == ModelMethod::Value::kCount || random_.OneIn(8)) {
                     return std::nullopt;
                   }
                   return random_.Uniform(kind.model.low, kind.model.high);
                 });
    }
    const std::vector<const ModelSurvey*> choices[] = {{&two}, {&one}, {&one, &two}};
    for (int i = 0; i < kQueriesPerKind; ++i) {
      const std::vector<const ModelSurvey*>& surveys = random_.OneOf(choices);
      v1::QueryMetricRequest query = random_.Query(row, surveys);
      query.set_method(kind.method);
      if (kind.top_box_min.has_value()) {
        query.set_top_box_min(*kind.top_box_min);
      }
      if (kind.model.value == ModelMethod::Value::kCount) {
        // Rules choose among scored answers.
        query.clear_respondent_rule();
        query.clear_interval_rule();
      }
      SCOPED_TRACE(absl::StrCat(kind.survey, ", ", row.name, ": ", query.DebugString()));
      const ModelResult model = Recount(query, surveys, calendar);
      ASSERT_NO_FATAL_FAILURE(ExpectResponse(query, model, client_.QueryMetric(query), kind.model));
      ++asked;
      found += FoundSomething(model);
    }
  }
  EXPECT_GT(found, asked / 2);
}

// The point's value, and the number of its rows of each kind.
void ExpectToAddUp(const v1::MetricValue& point, bool include_excluded,
                   const std::vector<std::pair<std::string, v1::CountedAs>>& rows) {
  std::map<v1::CountedAs, int64_t> counts;
  for (const auto& [id, counted_as] : rows) {
    ++counts[counted_as];
  }
  ASSERT_EQ(counts[v1::COUNTED_AS_PROMOTER], point.promoters());
  ASSERT_EQ(counts[v1::COUNTED_AS_PASSIVE], point.passives());
  ASSERT_EQ(counts[v1::COUNTED_AS_DETRACTOR], point.detractors());
  ASSERT_EQ(counts[v1::COUNTED_AS_UNSCORED], point.unscored());
  int64_t excluded = 0;
  for (const v1::ExcludedCount& count : point.excluded()) {
    excluded += include_excluded ? 0 : count.count();
  }
  ASSERT_EQ(counts[v1::COUNTED_AS_EXCLUDED], excluded);
}

TEST_F(ModelTest, EveryPointIsExplainedByItsAnswers) {
  int asked = 0, suppressed = 0, listed = 0;
  for (size_t number = 0; number < ZoneRows().size(); ++number) {
    const ZoneRow& row = ZoneRows()[number];
    const auto [two, one] = LoadZone(number);
    const std::vector<const ModelSurvey*> choices[] = {{&two}, {&one}, {&one, &two}};
    for (int i = 0; i < kQueriesPerZone; ++i) {
      const std::vector<const ModelSurvey*>& surveys = random_.OneOf(choices);
      v1::QueryMetricRequest query = random_.Query(row, surveys);
      query.clear_trailing_buckets();
      SCOPED_TRACE(absl::StrCat(row.name, ": ", query.DebugString()));
      const absl::StatusOr<v1::QueryMetricResponse> response = client_.QueryMetric(query);
      if (!response.ok() || response->buckets().empty() || response->series().empty()) {
        continue;
      }
      const int bucket = random_.Uniform(0, response->buckets_size() - 1);
      const bool of_all = random_.OneIn(3);
      const v1::MetricSeries& series =
          of_all ? response->total() : random_.OneOf(response->series());
      const v1::MetricValue& point = series.points(bucket);
      v1::ExplainMetricRequest request;
      *request.mutable_query() = query;
      request.mutable_query()->clear_interval_rule();
      *request.mutable_group_values() = series.group_values();
      *request.mutable_interval() = IntervalOf(response->buckets(bucket));
      request.set_page_size(random_.Uniform(1, 60));
      SCOPED_TRACE(request.DebugString());
      const absl::StatusOr<std::vector<ExplainedRow>> rows = Explain(request);
      ++asked;
      if (point.suppressed()) {
        ASSERT_THAT(rows, HasReason(v1::ERROR_REASON_SUPPRESSED));
        ++suppressed;
        continue;
      }
      ASSERT_OK(rows);
      const v1::MetricBucket& span = response->buckets(bucket);
      ASSERT_EQ(
          *rows,
          ExplainPoint(
              query, surveys, of_all ? std::nullopt : std::optional(GroupTexts(series)),
              {span.has_start_time() ? FromTimestamp(span.start_time()) : absl::InfinitePast(),
               span.has_end_time() ? FromTimestamp(span.end_time()) : absl::InfiniteFuture()}));
      ASSERT_NO_FATAL_FAILURE(ExpectToAddUp(point, query.include_excluded(), *rows));
      listed += !rows->empty();
    }
  }
  // Enough of either, or the test shows nothing.
  EXPECT_GT(listed, asked / 10);
  EXPECT_GT(suppressed, asked / 20);
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
      const bool can_share = CanShare(request, {&one, &two});
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

TEST_F(ModelTest, EveryDecompositionIsThatOfPlainRecounts) {
  int asked = 0, explained = 0, suppressed = 0, absent = 0;
  for (size_t number = 0; number < ZoneRows().size(); ++number) {
    const ZoneRow& row = ZoneRows()[number];
    ModelCalendar calendar(Zone(row.name));
    const auto [two, one] = LoadZone(number);
    const std::vector<const ModelSurvey*> choices[] = {{&two}, {&one}, {&one, &two}};
    for (int i = 0; i < kChangesPerZone; ++i) {
      const std::vector<const ModelSurvey*>& base = random_.OneOf(choices);
      const std::vector<const ModelSurvey*>& candidate = random_.OneOf(choices);
      const v1::DecomposeChangeRequest request = random_.Change(row, base, candidate);
      SCOPED_TRACE(absl::StrCat(row.name, ": ", request.DebugString()));
      v1::CompareMetricRequest sides;
      *sides.mutable_base() = request.base();
      *sides.mutable_candidate() = request.candidate();
      const absl::StatusOr<v1::DecomposeChangeResponse> response = client_.DecomposeChange(request);
      ASSERT_NO_FATAL_FAILURE(ExpectDecomposition(request, CanShare(sides, {&one, &two}), base,
                                                  candidate, calendar, response));
      ++asked;
      if (!response.ok()) {
        continue;
      }
      for (const v1::DimensionContributions& dimension : response->dimensions()) {
        explained += dimension.contributions_size() > 1;
        for (const v1::Contribution& contribution : dimension.contributions()) {
          suppressed += contribution.suppressed();
          absent += contribution.base().answers() == 0 || contribution.candidate().answers() == 0;
        }
      }
    }
  }
  // Enough of each, or the test shows nothing.
  EXPECT_GT(explained, asked / 5);
  EXPECT_GT(suppressed, asked / 20);
  EXPECT_GT(absent, asked / 20);
}

TEST_F(ModelTest, EveryWordIsThatOfAPlainRecount) {
  int asked = 0, found = 0, suppressed = 0;
  for (size_t number = 0; number < ZoneRows().size(); ++number) {
    const ZoneRow& row = ZoneRows()[number];
    const auto [two, one] = LoadZone(number);
    const std::vector<const ModelSurvey*> choices[] = {{&two}, {&one}, {&one, &two}};
    for (int i = 0; i < kWordsPerZone; ++i) {
      const std::vector<const ModelSurvey*>& base = random_.OneOf(choices);
      const std::vector<const ModelSurvey*>& candidate = random_.OneOf(choices);
      const v1::CompareWordsRequest request = random_.Words(row, base, candidate);
      SCOPED_TRACE(absl::StrCat(row.name, ": ", request.DebugString()));
      v1::CompareMetricRequest sides;
      *sides.mutable_base() = request.base();
      *sides.mutable_candidate() = request.candidate();
      const absl::StatusOr<v1::CompareWordsResponse> response = client_.CompareWords(request);
      ASSERT_NO_FATAL_FAILURE(ExpectWords(request,
                                          !request.by_class() && CanShare(sides, {&one, &two}),
                                          base, candidate, response));
      ++asked;
      found += response.ok() && !response->words().empty();
      suppressed += ReasonOf(response.status()) == v1::ERROR_REASON_SUPPRESSED;
    }
  }
  // Enough of either, or the test shows nothing.
  EXPECT_GT(found, asked / 5);
  EXPECT_GT(suppressed, asked / 20);
}

}  // namespace
}  // namespace emptychair::testing
