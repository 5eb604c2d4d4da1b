// Random answers and random queries, against a plain recount.
#include "tests/service/metric_model.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/seed.h"
#include "tests/helpers/status_matchers.h"
#include "tests/service/backend.h"
#include "tests/service/requests.h"

namespace emptychair::testing {
namespace {

constexpr int kAnswersPerSurvey = 170;
constexpr int kQueriesPerZone = 80;

// A zone, and half a year in which its clock does something remarkable.
struct ZoneRow {
  const char* name;
  const char* start;
  // Moments around which answers gather.
  std::vector<const char*> moments;
};

const ZoneRow kZones[] = {
    {"UTC", "2023-10-01T00:00:00Z", {"2024-01-01T00:00:00Z", "2024-02-29T00:00:00Z"}},
    {"Europe/Berlin", "2023-10-01T00:00:00Z", {"2023-10-29T01:00:00Z", "2024-03-31T01:00:00Z"}},
    {"Asia/Kathmandu", "2023-12-01T00:00:00Z", {"2023-12-31T18:15:00Z"}},
    {"Australia/Lord_Howe", "2023-09-15T00:00:00Z", {"2023-09-30T15:30:00Z"}},
    // The clock goes back, and forth, at midnight.
    {"America/Sao_Paulo", "2018-01-15T00:00:00Z", {"2018-02-18T02:00:00Z"}},
    {"America/Sao_Paulo", "2018-09-15T00:00:00Z", {"2018-11-04T03:00:00Z"}},
    // At a minute past midnight it goes back into the day before.
    {"America/St_Johns", "2010-09-15T00:00:00Z", {"2010-11-07T02:31:00Z"}},
    // A date is skipped.
    {"Pacific/Apia", "2011-11-01T00:00:00Z", {"2011-12-30T10:00:00Z"}},
};

class ModelTest : public ::testing::Test {
 protected:
  ModelTest()
      : random_(SeedFromEnvOrRandom()),
        backend_(Backend::Start(BackendKind::kInProcess)),
        client_(MakeClient(backend_->endpoint())) {}

  int Uniform(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }
  bool OneIn(int n) { return Uniform(1, n) == 1; }

  template <typename Container>
  const auto& OneOf(const Container& container) {
    return container[Uniform(0, static_cast<int>(std::size(container)) - 1)];
  }

  // A time of the row's half year: anywhere, near a moment, or near a midnight of the zone.
  absl::Time RandomTime(const ZoneRow& row, const absl::TimeZone& zone) {
    const absl::Time anywhere = At(row.start) + absl::Hours(Uniform(0, 180 * 24)) +
                                absl::Milliseconds(Uniform(0, 3'600'000));
    switch (Uniform(0, 3)) {
      case 0:
        return anywhere;
      case 1:
        return At(OneOf(row.moments)) + absl::Milliseconds(Uniform(-10'000'000, 10'000'000));
      case 2:
        return At(OneOf(row.moments)) + absl::Minutes(Uniform(-120, 120)) +
               absl::Milliseconds(Uniform(-1, 1));
      default:
        return absl::FromCivil(absl::CivilMonth(zone.At(anywhere).cs), zone) +
               absl::Milliseconds(Uniform(-2, 2));
    }
  }

  ModelAnswer RandomAnswer(const ZoneRow& row, const absl::TimeZone& zone) {
    ModelAnswer answer;
    answer.time = RandomTime(row, zone);
    if (!OneIn(8)) {
      answer.score = Uniform(0, 10);
    }
    const std::pair<const char*, int> labels[] = {{"region", 4}, {"channel", 3}, {"agent", 3}};
    for (const auto& [key, values] : labels) {
      if (!OneIn(5)) {
        answer.labels[key] = absl::StrCat(key, Uniform(1, values));
      }
    }
    return answer;
  }

  void Load(ModelSurvey& survey, const ZoneRow& row, const absl::TimeZone& zone) {
    v1::Survey definition = NpsSurvey(survey.survey_id(), survey.dimensions(), row.name);
    definition.set_max_series(static_cast<int32_t>(survey.max_series()));
    Create(client_, definition);
    std::vector<v1::Feedback> batch;
    for (int i = 0; i < kAnswersPerSurvey; ++i) {
      const ModelAnswer answer = RandomAnswer(row, zone);
      v1::Feedback& feedback =
          batch.emplace_back(Answer(survey.survey_id(), absl::StrCat("row ", i), answer.time));
      if (answer.score.has_value()) {
        feedback.set_score(*answer.score);
      }
      feedback.mutable_labels()->insert(answer.labels.begin(), answer.labels.end());
      survey.Add(answer);
    }
    SubmitAll(client_, batch);
  }

  void RandomInterval(const ZoneRow& row, const absl::TimeZone& zone,
                      v1::QueryMetricRequest& query) {
    absl::Time start = RandomTime(row, zone);
    absl::Time end = RandomTime(row, zone);
    if (end < start) {
      std::swap(start, end);
    }
    // Sometimes the points are too many, but rarely.
    if (query.granularity() == v1::GRANULARITY_HOUR && !OneIn(10)) {
      end = std::min(end, start + absl::Hours(300));
    }
    end = std::max(end, start + absl::Milliseconds(1));
    if (!OneIn(4)) {
      *query.mutable_interval()->mutable_start_time() = Timestamp(start);
    }
    if (!OneIn(4)) {
      *query.mutable_interval()->mutable_end_time() = Timestamp(end);
    }
  }

  v1::QueryMetricRequest RandomQuery(const ZoneRow& row, const absl::TimeZone& zone,
                                     const std::vector<const ModelSurvey*>& surveys) {
    v1::QueryMetricRequest query;
    std::vector<std::string> groupable = {"survey_id", "region"};
    for (const ModelSurvey* survey : surveys) {
      query.add_survey_ids(survey->survey_id());
    }
    if (surveys.size() == 1 && surveys[0]->dimensions().size() == 2) {
      groupable.push_back("channel");
    }
    query.set_granularity(static_cast<v1::Granularity>(Uniform(0, 7)));
    query.set_week_start(static_cast<v1::WeekStart>(Uniform(0, 2)));
    if (query.granularity() > v1::GRANULARITY_NONE && OneIn(3)) {
      query.set_trailing_buckets(Uniform(0, OneIn(4) ? 40 : 4));
    }
    RandomInterval(row, zone, query);
    std::shuffle(groupable.begin(), groupable.end(), random_);
    for (int i = Uniform(-1, static_cast<int>(groupable.size())); i > 0; --i) {
      query.add_group_by(groupable[i - 1]);
    }
    for (int i = Uniform(-1, 3); i > 0; --i) {
      v1::LabelFilter& filter = *query.add_filters();
      const char* const keys[] = {"region", "channel", "agent", "survey_id"};
      filter.set_key(OneOf(keys));
      filter.set_negate(OneIn(2));
      for (int j = Uniform(1, 3); j > 0; --j) {
        filter.add_values(filter.key() == "survey_id" ? OneOf(surveys)->survey_id()
                          : OneIn(4)                  ? "(none)"
                          : OneIn(4)                  ? "(other)"
                                                      : absl::StrCat(filter.key(), Uniform(1, 4)));
      }
    }
    const double confidences[] = {0, 0.80, 0.90, 0.95, 0.99};
    query.set_confidence(OneOf(confidences));
    query.set_min_sample(OneIn(3) ? Uniform(0, 20) : 0);
    query.set_include_histogram(OneIn(2));
    return query;
  }

  std::mt19937_64 random_;
  std::unique_ptr<Backend> backend_;
  Client client_;
};

double Quantile(double confidence) {
  return confidence == 0.80   ? 1.2815515655446004
         : confidence == 0.90 ? 1.6448536269514722
         : confidence == 0.99 ? 2.5758293035489004
                              : 1.959963984540054;
}

// Fails the test unless `point` says what `model` counted.
void ExpectPoint(const v1::QueryMetricRequest& query, const ModelPoint& model,
                 const v1::MetricValue& point) {
  const int64_t p = model.Count(9, 10);
  const int64_t d = model.Count(0, 6);
  const int64_t n = model.Count(0, 10);
  ASSERT_EQ(point.answers(), n);
  ASSERT_EQ(point.unscored(), model.unscored);
  ASSERT_EQ(point.suppressed(), n < query.min_sample());
  ASSERT_EQ(point.has_value(), n > 0 && n >= query.min_sample());
  const bool shows_histogram = query.include_histogram() && n >= query.min_sample();
  ASSERT_EQ(std::vector<int64_t>(point.histogram().begin(), point.histogram().end()),
            shows_histogram ? std::vector<int64_t>(model.histogram.begin(), model.histogram.end())
                            : std::vector<int64_t>());
  if (!point.has_value()) {
    ASSERT_FALSE(point.has_low() || point.has_high() || point.has_standard_error() ||
                 point.has_promoters() || point.has_denominator());
    return;
  }
  ASSERT_EQ(point.promoters(), p);
  ASSERT_EQ(point.passives(), n - p - d);
  ASSERT_EQ(point.detractors(), d);
  ASSERT_EQ(point.numerator(), p - d);
  ASSERT_EQ(point.denominator(), n);
  const double nps = static_cast<double>(p - d) / n;
  ASSERT_NEAR(point.value(), 100 * nps, 1e-9);
  ASSERT_NEAR(point.standard_error(),
              100 * std::sqrt(std::max(0.0, (static_cast<double>(p + d) / n - nps * nps) / n)),
              1e-5);
  const double adjusted = static_cast<double>(p - d) / (n + 3);
  const double se = std::sqrt(((p + d + 1.5) / (n + 3) - adjusted * adjusted) / (n + 3));
  const double reach = Quantile(query.confidence()) * se;
  ASSERT_NEAR(point.low(), std::max(-100.0, 100 * (adjusted - reach)), 1e-3);
  ASSERT_NEAR(point.high(), std::min(100.0, 100 * (adjusted + reach)), 1e-3);
}

void ExpectPoints(const v1::QueryMetricRequest& query, const std::vector<ModelPoint>& model,
                  const v1::MetricSeries& series) {
  ASSERT_EQ(series.points_size(), model.size());
  for (size_t i = 0; i < model.size(); ++i) {
    SCOPED_TRACE(absl::StrCat("bucket ", i));
    ASSERT_NO_FATAL_FAILURE(ExpectPoint(query, model[i], series.points(static_cast<int>(i))));
  }
}

// The order of groups: by bytes, none and other last.
std::vector<std::pair<int, std::string>> SortKey(const std::vector<std::string>& group) {
  std::vector<std::pair<int, std::string>> key;
  for (const std::string& value : group) {
    key.emplace_back(value == "(none)" ? 1 : value == "(other)" ? 2 : 0, value);
  }
  return key;
}

void ExpectResponse(const v1::QueryMetricRequest& query, const ModelResult& model,
                    const v1::QueryMetricResponse& response) {
  ASSERT_EQ(response.buckets_size(), model.buckets.size());
  for (int i = 0; i < response.buckets_size(); ++i) {
    const ModelSpan& span = model.buckets[i];
    const v1::TimeInterval& bucket = response.buckets(i);
    ASSERT_EQ(bucket.has_start_time(), span.start != absl::InfinitePast());
    ASSERT_EQ(bucket.has_end_time(), span.end != absl::InfiniteFuture());
    if (bucket.has_start_time()) {
      ASSERT_EQ(FromTimestamp(bucket.start_time()), span.start) << "bucket " << i;
    }
    if (bucket.has_end_time()) {
      ASSERT_EQ(FromTimestamp(bucket.end_time()), span.end) << "bucket " << i;
    }
  }
  ASSERT_EQ(response.series_size(), model.groups.size());
  std::vector<std::pair<int, std::string>> before;
  for (int i = 0; i < response.series_size(); ++i) {
    const std::vector<std::string> group = GroupTexts(response.series(i));
    SCOPED_TRACE(::testing::PrintToString(group));
    if (i > 0) {
      ASSERT_LT(before, SortKey(group));
    }
    before = SortKey(group);
    const auto expected = model.groups.find(group);
    ASSERT_NE(expected, model.groups.end());
    ASSERT_NO_FATAL_FAILURE(ExpectPoints(query, expected->second, response.series(i)));
  }
  SCOPED_TRACE("total");
  ASSERT_NO_FATAL_FAILURE(ExpectPoints(query, model.total, response.total()));
}

TEST_F(ModelTest, EveryAnswerIsThatOfAPlainRecount) {
  int answered = 0, refused = 0, filled = 0;
  for (size_t number = 0; number < std::size(kZones); ++number) {
    const ZoneRow& row = kZones[number];
    absl::TimeZone zone;
    ASSERT_TRUE(absl::LoadTimeZone(row.name, &zone)) << row.name;
    ModelCalendar calendar(zone);
    // The first has more combinations of values than it counts apart.
    ModelSurvey two(absl::StrCat("two-", number), {"region", "channel"}, 7);
    ModelSurvey one(absl::StrCat("one-", number), {"region"}, 100);
    Load(two, row, zone);
    Load(one, row, zone);
    const std::vector<const ModelSurvey*> choices[] = {{&two}, {&one}, {&one, &two}};
    for (int i = 0; i < kQueriesPerZone; ++i) {
      const std::vector<const ModelSurvey*>& surveys = OneOf(choices);
      const v1::QueryMetricRequest query = RandomQuery(row, zone, surveys);
      SCOPED_TRACE(absl::StrCat(row.name, ": ", query.DebugString()));
      const ModelResult model = Recount(query, surveys, calendar);
      const absl::StatusOr<v1::QueryMetricResponse> response = client_.QueryMetric(query);
      if (model.too_many) {
        ASSERT_THAT(response, HasReason(v1::ERROR_REASON_TOO_MANY_POINTS));
        ++refused;
        continue;
      }
      ASSERT_OK(response);
      ASSERT_NO_FATAL_FAILURE(ExpectResponse(query, model, *response));
      ++answered;
      for (const v1::MetricValue& point : response->total().points()) {
        if (point.answers() + point.unscored() > 0) {
          ++filled;
          break;
        }
      }
    }
  }
  // Most queries must have found something, or the test shows nothing.
  EXPECT_GT(filled, answered / 2) << answered << " answered, " << refused << " refused";
}

}  // namespace
}  // namespace emptychair::testing
