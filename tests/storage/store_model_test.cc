// The store against a plain model of it. EMPTYCHAIR_MODEL_ROUNDS makes the test longer.
#include "tests/storage/harness/store_model.h"

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/time/time.h"
#include "common/base/local_day.h"
#include "storage/cube/cube_plan.h"
#include "storage/cube/tally_grid.h"
#include "tests/helpers/count.h"
#include "tests/helpers/seed.h"
#include "tests/storage/harness/store_harness.h"

namespace emptychair::storage {
namespace {

using ::testing::IsEmpty;

constexpr int64_t kHourMs = 3'600'000;
constexpr int64_t kDayMs = 24 * kHourMs;

// Where clocks change, the first days of 1970, and an ordinary day.
const int64_t kEras[] = {0,
                         1'162'000'000'000,   // 2006-10-28: St. John's.
                         1'325'100'000'000,   // 2011-12-28: Apia.
                         1'541'200'000'000,   // 2018-11-02: Sao Paulo and New York.
                         1'709'294'400'000};  // 2024-03-01.

class ModelRun {
 public:
  ModelRun(StoreHarness& harness, uint64_t seed) : harness_(harness), random_(seed) {
    AddSurvey("utc", "UTC", {"region", "channel"}, 10'000);
    AddSurvey("johns", "America/St_Johns", {"region"}, 3);
    AddSurvey("kolkata", "Asia/Kolkata", {}, 1);
    AddSurvey("apia", "Pacific/Apia", {"channel", "region", "agent"}, 8);
    AddSurvey("paulo", "America/Sao_Paulo", {"region"}, 10'000);
  }

  void Round() {
    const int64_t dice = Uniform(0, 99);
    if (dice < 5) {
      Reopen(/*flush=*/Uniform(0, 1) == 0, /*compact=*/Uniform(0, 1) == 0);
    } else if (dice < 8) {
      AddSurvey(absl::StrCat("late-", Uniform(0, 4)), "America/New_York", {"region"},
                static_cast<uint32_t>(Uniform(1, 3)));
    } else if (dice < 11) {
      Update();
    } else if (dice < 30) {
      CheckAQuery();
    } else {
      SubmitSome();
    }
  }

  // Everything, at the end.
  void CheckAll() {
    harness_.Close();
    const DatabaseDump dump = harness_.Dump();
    EXPECT_THAT(FindFaults(dump), IsEmpty());
    CheckRecords(dump);
    CheckCube(dump);
  }

 private:
  // A local unit's counts: survey, unit, bucket, series, bin.
  using Counts =
      std::map<std::tuple<uint32_t, int, int64_t, std::vector<std::string>, int>, int64_t>;

  int64_t Uniform(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random_);
  }

  void AddSurvey(const std::string& id, const std::string& zone,
                 const std::vector<std::string>& dimensions, uint32_t max_series) {
    store::v1::StoredSurvey survey = NpsSurvey(id, dimensions, max_series);
    survey.set_time_zone(zone);
    const std::string wanted = model_.Create(survey);
    const CommandResult result = CreateSurvey(harness_.store(), survey);
    EXPECT_EQ(result.error.ok() ? "ok" : ReasonNameOf(result.error), wanted) << id;
    EXPECT_EQ(result.sequence, model_.sequence());
  }

  // Which answers are past `max_series` shows once all are sliced anew, be it by another process.
  void Update() {
    const auto number = static_cast<uint32_t>(Uniform(1, model_.surveys().size()));
    std::vector<std::string> dimensions;
    for (const char* key : {"agent", "channel", "region"}) {
      if (Uniform(0, 2) != 0) {
        dimensions.emplace_back(key);
      }
    }
    std::shuffle(dimensions.begin(), dimensions.end(), random_);
    const auto max_series = static_cast<uint32_t>(Uniform(0, 2) == 0 ? 10'000 : Uniform(1, 40));
    const std::string survey_id = model_.surveys().at(number).definition.survey_id();
    auto command = NewCommand();
    store::v1::StoredSurvey& survey = *command->mutable_update_survey()->mutable_survey();
    survey = *harness_.store().view()->FindSurvey(survey_id)->definition;
    *survey.mutable_dimensions() = {dimensions.begin(), dimensions.end()};
    survey.set_max_series(max_series);
    model_.Update(number, dimensions, max_series);
    const CommandResult result = RunCommand(harness_.store(), std::move(command));
    EXPECT_OK(result.error);
    EXPECT_EQ(result.sequence, model_.sequence());
    if (Uniform(0, 1) == 0) {
      Reopen(/*flush=*/false, /*compact=*/false);
    }
    while (harness_.store().view()->FindSurvey(survey_id)->definition->has_reslice()) {
      RunCommand(harness_.store(), NewCommand());
    }
    EXPECT_EQ(harness_.store().view()->counters.sequence(), model_.sequence());
  }

  std::string Value(const std::string& prefix) {
    return Uniform(0, 5) == 0 ? "" : absl::StrCat(prefix, Uniform(0, 2));
  }

  Answer NewAnswer() {
    Answer answer;
    answer.survey =
        static_cast<uint32_t>(Uniform(1, model_.surveys().size() + (Uniform(0, 60) == 0)));
    answer.id = static_cast<uint64_t>(Uniform(0, 2'000));
    const int64_t era = kEras[answer.id % std::size(kEras)];
    answer.time_ms = era + static_cast<int64_t>(answer.id * 7'919'417 % (4 * kDayMs));
    if (Uniform(0, 4) != 0) {
      answer.score = static_cast<int32_t>(Uniform(0, Uniform(0, 50) == 0 ? 12 : 10));
    }
    if (Uniform(0, 2) == 0) {
      answer.external_id = absl::StrCat("e", Uniform(0, 3'000));
      answer.sends_id = Uniform(0, 1) == 0;
    }
    if (Uniform(0, 1) == 0) {
      answer.customer_id = absl::StrCat("c", Uniform(0, 50));
    }
    answer.comment = Uniform(0, 3) == 0 ? "words" : "";
    // In the order of their keys, as the server puts them.
    for (const char* key : {"agent", "channel", "region"}) {
      if (std::string value = Value(key); !value.empty()) {
        answer.labels.emplace_back(key, value);
      }
    }
    const auto survey = model_.surveys().find(answer.survey);
    if (survey != model_.surveys().end()) {
      answer.zone_offset_seconds =
          DayOffsetSeconds(survey->second.zone, absl::FromUnixMillis(answer.time_ms));
    }
    return answer;
  }

  Answer NextAnswer() {
    const int64_t dice = Uniform(0, 9);
    if (sent_.empty() || dice < 6) {
      Answer answer = NewAnswer();
      // For a survey that comes later it would have another zone's offset.
      if (model_.surveys().count(answer.survey) != 0) {
        sent_.push_back(answer);
      }
      return answer;
    }
    Answer again = sent_[Uniform(0, static_cast<int64_t>(sent_.size()) - 1)];
    switch (dice) {
      case 6:
        again.score = static_cast<int32_t>(Uniform(0, 11));
        break;
      case 7:
        again.comment = absl::StrCat("changed ", Uniform(0, 1));
        break;
      default:
        break;
    }
    return again;
  }

  // Several commands at once, so that groups of any size form.
  void SubmitSome() {
    std::vector<std::vector<Answer>> commands(Uniform(1, 8));
    std::vector<CommandResult> results(commands.size());
    absl::BlockingCounter left(static_cast<int>(commands.size()));
    for (size_t i = 0; i < commands.size(); ++i) {
      for (int64_t count = Uniform(1, 12); count > 0; --count) {
        commands[i].push_back(NextAnswer());
      }
      harness_.store().Enqueue(SubmitCommand(commands[i]), true, [&, i](CommandResult result) {
        results[i] = std::move(result);
        left.DecrementCount();
      });
    }
    left.Wait();
    for (size_t i = 0; i < commands.size(); ++i) {
      ASSERT_EQ(results[i].outcomes.size(), commands[i].size());
      for (size_t j = 0; j < commands[i].size(); ++j) {
        ASSERT_EQ(ToText(results[i].outcomes[j]), model_.Submit(commands[i][j]));
      }
      ASSERT_EQ(results[i].sequence, model_.sequence());
    }
    const auto view = harness_.store().view();
    EXPECT_EQ(view->counters.sequence(), model_.sequence());
    EXPECT_EQ(view->counters.feedback_count(), model_.records().size());
  }

  void Reopen(bool flush, bool compact) {
    harness_.Close();
    if (flush) {
      PlainDatabase(harness_.env(), harness_.directory(), PlainDatabase::Mode::kWrite)
          .Flush(compact);
    }
    ASSERT_OK(harness_.Open());
  }

  // The counts of one survey in a few spans, by series.
  void CheckAQuery() {
    const auto number = static_cast<uint32_t>(Uniform(1, model_.surveys().size()));
    const StoreModel::Survey& survey = model_.surveys().at(number);
    const auto view = harness_.store().view();
    const SurveyView* survey_view = view->FindSurvey(survey.definition.survey_id());
    ASSERT_NE(survey_view, nullptr);
    std::vector<MsSpan> spans;
    int64_t at = kEras[Uniform(0, std::size(kEras) - 1)] + Uniform(-kDayMs, 2 * kDayMs);
    for (int64_t count = Uniform(1, 4); count > 0; --count) {
      const int64_t length = Uniform(0, 2) == 0   ? Uniform(0, 200 * kDayMs)
                             : Uniform(0, 1) == 0 ? Uniform(0, 3 * kDayMs)
                                                  : Uniform(0, 3 * kHourMs);
      spans.push_back({at, at + length});
      at += length + Uniform(0, 1) * Uniform(0, kDayMs);
    }
    std::vector<uint32_t> group_of_series(survey_view->series_count);
    for (uint32_t series = 0; series < group_of_series.size(); ++series) {
      group_of_series[series] = series;
    }
    TallyGrid grid(
        {.buckets = spans.size(), .score_count = 11, .groups_max = group_of_series.size()},
        group_of_series.size());
    ReadCost cost;
    ASSERT_OK(harness_.store().cube().Read(*view, *survey_view, PlanCube(survey.zone, spans),
                                           group_of_series, grid, cost));
    // Span, series, bin.
    std::map<std::tuple<size_t, std::vector<std::string>, size_t>, int64_t> counted;
    for (uint32_t series = 0; series < grid.group_count(); ++series) {
      for (size_t span = 0; grid.IsUsed(series) && span < spans.size(); ++span) {
        for (size_t bin = 0; bin < grid.stride(); ++bin) {
          if (const int64_t count = grid.At(series, static_cast<uint32_t>(span))[bin]; count != 0) {
            counted[{span, NameOf(*survey_view, series), bin}] += count;
          }
        }
      }
    }
    std::map<std::tuple<size_t, std::vector<std::string>, size_t>, int64_t> wanted;
    for (const auto& [key, record] : model_.records()) {
      for (size_t span = 0; key.first == number && span < spans.size(); ++span) {
        const int64_t ms = record.answer.time_ms;
        if (spans[span].start_ms <= ms && ms < spans[span].end_ms) {
          ++wanted[{span, record.series,
                    static_cast<size_t>(record.answer.score.value_or(-1) + 1)}];
        }
      }
    }
    EXPECT_EQ(counted, wanted) << survey.definition.survey_id();
  }

  static std::vector<std::string> NameOf(const SurveyView& survey, uint32_t series) {
    std::vector<std::string> name;
    for (int i = 0; i < survey.definition->dimensions_size(); ++i) {
      name.push_back(survey.series->TextOf(i, survey.series->CodeOf(series, i)));
    }
    return series == kOtherSeries ? std::vector<std::string>{"(other)"} : name;
  }

  void CheckRecords(const DatabaseDump& dump) {
    const auto& stored = dump.at("feedback");
    ASSERT_EQ(stored.size(), model_.records().size());
    for (const auto& [key, record] : model_.records()) {
      const auto found = stored.find(FeedbackKey{key.first, key.second}.Encode());
      ASSERT_NE(found, stored.end()) << key.second.ToString();
      const auto header = DecodeFeedbackHeader(found->second);
      store::v1::StoredFeedback body;
      ASSERT_TRUE(header.has_value() && DecodeFeedbackBody(found->second, body));
      EXPECT_EQ(header->score, record.answer.score);
      EXPECT_EQ(header->sequence, record.sequence);
      EXPECT_EQ(header->zone_offset_seconds, record.answer.zone_offset_seconds);
      EXPECT_EQ(body.external_id(), record.answer.external_id);
      EXPECT_EQ(body.comment(), record.answer.comment);
      EXPECT_EQ(header->customer_ordinal == kAnonymous, record.answer.customer_id.empty());
    }
  }

  void CheckCube(const DatabaseDump& dump) {
    Counts wanted;
    for (const auto& [key, record] : model_.records()) {
      const absl::TimeZone& zone = model_.surveys().at(key.first).zone;
      const absl::Time time = absl::FromUnixMillis(record.answer.time_ms);
      absl::CivilDay day(zone.At(time).cs);
      // The day has begun although the clock was set back into the day before.
      day += FirstInstantOf(zone, day + 1) <= time ? 1 : 0;
      const int bin = record.answer.score.value_or(-1) + 1;
      ++wanted[{key.first, 2, day - absl::CivilDay(1970), record.series, bin}];
      ++wanted[{key.first, 3, absl::CivilMonth(day) - absl::CivilMonth(1970), record.series, bin}];
    }
    std::vector<std::string> faults;
    Counts counted;
    for (const auto& [cell, count] : StoredCube(dump, faults)) {
      const auto& [survey, unit, bucket, series, state, bin] = cell;
      EXPECT_EQ(state, 0);
      if (unit == 1) {
        continue;
      }
      std::vector<std::string> name = {"(other)"};
      if (series != kOtherSeries) {
        store::v1::StoredSeries stored;
        ASSERT_TRUE(
            DecodeMessage(dump.at("series").at(SeriesKey{survey, series}.Encode()), stored));
        name.assign(stored.values().begin(), stored.values().end());
        name.resize(model_.surveys().at(survey).definition.dimensions_size());
      }
      counted[{survey, unit, bucket, name, bin}] += count;
    }
    EXPECT_THAT(faults, IsEmpty());
    EXPECT_EQ(counted, wanted);
  }

  StoreHarness& harness_;
  std::mt19937_64 random_;
  StoreModel model_;
  std::vector<Answer> sent_;
};

class StoreModelTest : public ::testing::TestWithParam<Place> {};

INSTANTIATE_TEST_SUITE_P(Places, StoreModelTest, ::testing::Values(Place::kMemory, Place::kDisk),
                         PlaceName);

TEST_P(StoreModelTest, AnswersAndHoldsWhatTheModelDoes) {
  const int rounds =
      testing::CountFromEnvOr("EMPTYCHAIR_MODEL_ROUNDS", GetParam() == Place::kMemory ? 300 : 100);
  StoreHarness harness(GetParam());
  ASSERT_OK(harness.Open());
  ModelRun run(harness, testing::SeedFromEnvOrRandom());
  for (int round = 0; round < rounds; ++round) {
    ASSERT_NO_FATAL_FAILURE(run.Round()) << "round " << round;
    ASSERT_FALSE(::testing::Test::HasFailure()) << "round " << round;
  }
  run.CheckAll();
}

}  // namespace
}  // namespace emptychair::storage
