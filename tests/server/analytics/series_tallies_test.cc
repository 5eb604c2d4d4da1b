#include "server/counting/series_tallies.h"

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/counting/metric_engine.h"
#include "storage/cube/cube_reader.h"
#include "tests/helpers/seed.h"
#include "tests/server/analytics/surveys.h"

namespace emptychair {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr size_t kScores = 11;

// What a plain count of a group's answers says.
struct PlainCounts {
  std::vector<int64_t> histogram = std::vector<int64_t>(kScores);
  int64_t unscored = 0;
  int64_t customers = 0;
  std::vector<int64_t> excluded = std::vector<int64_t>(statistics::kExclusionReasons);

  void Add(const PlainCounts& other) {
    for (size_t i = 0; i < histogram.size(); ++i) {
      histogram[i] += other.histogram[i];
    }
    unscored += other.unscored;
    customers += other.customers;
    for (size_t i = 0; i < excluded.size(); ++i) {
      excluded[i] += other.excluded[i];
    }
  }
};

statistics::MetricValue PlainValue(const MetricQuery& query, const PlainCounts& counts,
                                   bool include_histogram) {
  statistics::Tally tally{counts.histogram, counts.unscored, counts.excluded};
  if (query.respondent_rule != v1::RESPONDENT_RULE_ALL) {
    tally.customers = counts.customers;
  }
  statistics::MetricValue value;
  statistics::EvaluateMetric(*query.method, tally,
                             {query.confidence, query.min_sample, include_histogram}, value);
  return value;
}

// Random surveys with the dimensions "a" and "b", in either order, and some series of a few values.
class RandomSeries {
 public:
  explicit RandomSeries(std::mt19937_64& random) : random_(random) {
    const int surveys = Uniform(1, 3);
    for (int i = 0; i < surveys; ++i) {
      const bool swapped = Uniform(0, 1) == 1;
      std::vector<std::vector<std::string>> series;
      for (const char* a : {"", "x", "y", "z"}) {
        for (const char* b : {"", "x", "\xC3\xA9"}) {
          if (Uniform(0, 3) != 0) {
            series.push_back(swapped ? std::vector<std::string>{b, a}
                                     : std::vector<std::string>{a, b});
          }
        }
      }
      const std::string survey_id(1, static_cast<char>('r' + (i * 2) % 3));
      surveys_.push_back(MakeSurvey(
          survey_id,
          swapped ? std::vector<std::string>{"b", "a"} : std::vector<std::string>{"a", "b"},
          series));
    }
    query_.view = MakeView(surveys_);
    for (const auto& survey : surveys_) {
      query_.surveys.push_back(survey.get());
    }
    query_ = MakeMetricQuery(query_.view, query_.surveys).value();
    query_.min_sample = Uniform(0, 1) * 5;
    query_.respondent_rule =
        Uniform(0, 1) == 0 ? v1::RESPONDENT_RULE_ALL : v1::RESPONDENT_RULE_LATEST_PER_CUSTOMER;
    if (Uniform(0, 2) == 0) {
      v1::LabelFilter& filter = query_.filters.emplace_back();
      filter.set_key("a");
      filter.add_values("x");
      filter.set_negate(Uniform(0, 1) == 1);
    }
    if (Uniform(0, 2) == 0) {
      v1::LabelFilter& filter = query_.filters.emplace_back();
      filter.set_key("survey_id");
      filter.add_values("r");
      filter.set_negate(true);
    }
  }

  const MetricQuery& query() const { return query_; }

  // The counts of each series of each survey that is counted, none for some.
  using Counts = std::map<std::pair<size_t, uint32_t>, PlainCounts>;
  Counts DrawCounts(const SeriesMap& map) {
    Counts counts;
    for (size_t i = 0; i < surveys_.size(); ++i) {
      for (uint32_t series = 0; series < surveys_[i]->series_count; ++series) {
        if (map.group_of_series[i][series] == storage::kNoGroup || Uniform(0, 2) == 0) {
          continue;
        }
        PlainCounts& plain = counts[{i, series}];
        for (int answers = Uniform(1, 9); answers > 0; --answers) {
          ++plain.histogram[static_cast<size_t>(Uniform(0, kScores - 1))];
          ++plain.customers;
        }
        plain.unscored = Uniform(0, 2);
        plain.excluded[static_cast<size_t>(Uniform(0, 5))] = Uniform(0, 3);
      }
    }
    return counts;
  }

  // The group of a series by a key.
  GroupPart GroupOf(size_t survey, uint32_t series, const std::string& key) const {
    const storage::SurveyView& view = *surveys_[survey];
    return key == "survey_id" ? GroupPart{GroupPart::Kind::kValue, view.definition->survey_id()}
                              : PartOf(*view.series, *view.DimensionOf(key),
                                       view.series->CodeOf(series, *view.DimensionOf(key)));
  }

 private:
  int Uniform(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }

  std::mt19937_64& random_;
  std::vector<std::shared_ptr<const storage::SurveyView>> surveys_;
  MetricQuery query_;
};

// A grid of the counts in the groups of `map`.
storage::TallyGrid GridOf(const RandomSeries::Counts& counts, const SeriesMap& map) {
  storage::TallyGrid grid({.buckets = 1, .score_count = kScores, .groups_max = 100},
                          map.group_count);
  for (const auto& [key, plain] : counts) {
    const uint32_t group = map.group_of_series[key.first][key.second];
    for (size_t score = 0; score < kScores; ++score) {
      grid.AddCounted(group, 0, static_cast<uint8_t>(1 + score), plain.histogram[score]);
    }
    grid.AddCounted(group, 0, storage::kUnscoredBin, plain.unscored);
    grid.AddChosen(group, 0, storage::kUnscoredBin, plain.customers);
    grid.AddCounted(group, 0, storage::kUnscoredBin, -plain.customers);
    for (size_t i = 0; i < plain.excluded.size(); ++i) {
      grid.AddExcluded(group, 0, static_cast<uint8_t>(1 + i), plain.excluded[i]);
    }
  }
  return grid;
}

PointTallies TalliesOf(const RandomSeries::Counts& counts, const SeriesMap& map) {
  return PointTallies{.buckets = {}, .grid = GridOf(counts, map)};
}

TEST(SeriesTallies, FoldsByEachKeyLikeAPlainCount) {
  std::mt19937_64 random(testing::SeedFromEnvOrRandom());
  size_t slices = 0;
  for (int round = 0; round < 200; ++round) {
    SCOPED_TRACE(round);
    RandomSeries drawn(random);
    const SeriesMap map = MapEachSeries(drawn.query());
    const RandomSeries::Counts counts = drawn.DrawCounts(map);
    const SeriesTallies tallies(drawn.query(), map, TalliesOf(counts, map),
                                /*estimated=*/std::nullopt);
    PlainCounts total;
    for (const auto& [key, plain] : counts) {
      total.Add(plain);
    }
    EXPECT_EQ(tallies.Total().value, PlainValue(drawn.query(), total, /*include_histogram=*/false));
    for (const std::string key : {"a", "b", "survey_id"}) {
      SCOPED_TRACE(key);
      std::map<GroupPart, PlainCounts> wanted;
      for (const auto& [series, plain] : counts) {
        wanted[drawn.GroupOf(series.first, series.second, key)].Add(plain);
      }
      const std::vector<Slice> folded = tallies.By(key);
      ASSERT_THAT(folded, SizeIs(wanted.size()));
      auto slice = folded.begin();
      for (const auto& [group, plain] : wanted) {
        EXPECT_EQ(slice->group, group);
        EXPECT_EQ(slice->value, PlainValue(drawn.query(), plain, /*include_histogram=*/true));
        ++slice;
        ++slices;
      }
    }
  }
  EXPECT_GT(slices, 200u);
}

TEST(SeriesTallies, FoldsIntoTheGroupsOfAQueryByTheKey) {
  std::mt19937_64 random(testing::SeedFromEnvOrRandom());
  for (int round = 0; round < 100; ++round) {
    SCOPED_TRACE(round);
    RandomSeries drawn(random);
    const SeriesMap map = MapEachSeries(drawn.query());
    const RandomSeries::Counts counts = drawn.DrawCounts(map);
    const SeriesTallies tallies(drawn.query(), map, TalliesOf(counts, map),
                                /*estimated=*/std::nullopt);
    for (const std::string key : {"a", "b", "survey_id"}) {
      SCOPED_TRACE(key);
      MetricQuery grouped = drawn.query();
      grouped.group_by = {key};
      const SeriesGroups groups(grouped);
      const storage::TallyGrid grid = GridOf(counts, groups.series());
      const std::vector<Slice> folded = tallies.By(key);
      auto slice = folded.begin();
      for (const auto& [parts, group] : groups.groups()) {
        if (!grid.IsUsed(group)) {
          continue;
        }
        ASSERT_NE(slice, folded.end());
        EXPECT_EQ(slice->group, parts.front());
        statistics::MetricValue value;
        EvaluateTally(grouped, grid, grid.At(group, 0), /*repeats=*/{},
                      /*include_histogram=*/true, value);
        EXPECT_EQ(slice->value, value);
        ++slice;
      }
      EXPECT_EQ(slice, folded.end());
    }
  }
}

TEST(SeriesTallies, OfNothingHasNoSlices) {
  const auto survey = MakeSurvey("nps", {"a"}, {{"x"}});
  const MetricQuery query = MakeMetricQuery(MakeView({survey}), {survey.get()}).value();
  const SeriesMap map = MapEachSeries(query);
  const SeriesTallies tallies(query, map, TalliesOf({}, map), /*estimated=*/std::nullopt);
  EXPECT_FALSE(tallies.Total().value.estimate.has_value());
  EXPECT_THAT(tallies.By("a"), IsEmpty());
}

TEST(MapEachSeries, NumbersWhatTheFiltersLetThrough) {
  const auto one = MakeSurvey("one", {"a"}, {{"x"}, {"y"}});
  const auto two = MakeSurvey("two", {"a"}, {{"y"}});
  MetricQuery query = MakeMetricQuery(MakeView({one, two}), {one.get(), two.get()}).value();
  v1::LabelFilter& filter = query.filters.emplace_back();
  filter.set_key("a");
  filter.add_values("y");
  const SeriesMap map = MapEachSeries(query);
  EXPECT_EQ(map.group_count, 2u);
  EXPECT_THAT(
      map.group_of_series,
      ::testing::ElementsAre(::testing::ElementsAre(storage::kNoGroup, storage::kNoGroup, 0),
                             ::testing::ElementsAre(storage::kNoGroup, 1)));
}

}  // namespace
}  // namespace emptychair
