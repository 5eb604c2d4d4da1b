#include "server/repeats/measure_repeats.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/time/civil_time.h"
#include "absl/types/span.h"
#include "common/base/errors.h"
#include "common/base/local_day.h"
#include "common/base/status_macros.h"
#include "server/repeats/group_repeats.h"
#include "server/repeats/repeat_sample.h"
#include "server/surveys/survey.h"
#include "storage/format/cube_row.h"

namespace emptychair {
namespace {

using statistics::ScoreMethod;
using store::v1::StoredRepeatEffects;

constexpr int kMonth = 30;
constexpr int kQuarter = 91;
constexpr int64_t kMsPerSecond = 1'000;
constexpr int64_t kMsPerDay = 24 * 3'600 * kMsPerSecond;
constexpr uint32_t kNoGroup = UINT32_MAX;
constexpr int64_t kRecordsPerLook = 4'096;

// The whole local days that are measured.
struct Days {
  int32_t first = 0;  // Since 1970.
  int count = 0;
  int64_t start_ms = 0;
  int64_t end_ms = 0;
};

absl::StatusOr<Days> DaysOf(const RepeatMeasurement& measurement) {
  ASSIGN_OR_RETURN(const absl::TimeZone zone, ZoneOf(*measurement.survey.definition));
  ASSIGN_OR_RETURN(const std::optional<storage::BucketRange> extent,
                   measurement.store.cube().Extent(measurement.view, measurement.survey,
                                                   storage::CubeUnit::kDay));
  const absl::CivilDay epoch(1970, 1, 1);
  const auto today = static_cast<int32_t>(absl::ToCivilDay(measurement.as_of, zone) - epoch);
  Days days;
  days.count = extent.has_value() ? std::clamp(today - extent->first, 0, kRepeatDaysMax) : 0;
  days.first = today - days.count;
  days.start_ms = absl::ToUnixMillis(FirstInstantOf(zone, epoch + days.first));
  days.end_ms = absl::ToUnixMillis(FirstInstantOf(zone, epoch + today));
  return days;
}

std::vector<int> LengthsIn(int days) {
  std::vector<int> lengths = {1};
  for (const int length : {kMonth, kQuarter}) {
    if (days > length) {
      lengths.push_back(length);
    }
  }
  lengths.push_back(days);
  return lengths;
}

absl::Status ReadAnswers(const RepeatMeasurement& measurement, const Days& days,
                         RepeatSample& sample) {
  const int32_t scale_min = measurement.survey.definition->scale().min();
  int64_t records = 0;
  return measurement.store.records().Scan(
      measurement.view,
      {.surveys = {&measurement.survey}, .start_ms = days.start_ms, .end_ms = days.end_ms},
      [&](const storage::ScannedRecord& record) -> absl::StatusOr<bool> {
        if (++records % kRecordsPerLook == 0 && measurement.stop) {
          return ShuttingDownError();
        }
        const storage::FeedbackHeader& header = record.header;
        if (!header.score.has_value() || header.exclusion_reason != 0) {
          return true;
        }
        const int64_t local_ms = record.occur_time_ms() + header.zone_offset_seconds * kMsPerSecond;
        const int64_t day = local_ms / kMsPerDay - days.first;
        if (day < 0 || day >= days.count) {
          return true;
        }
        const bool is_anonymous = header.customer_ordinal == storage::kAnonymous;
        // The low bits of an id are random, also those of one that is derived.
        const absl::string_view id = record.position.feedback_id.AsBytes();
        uint32_t identity = 0;
        for (const char byte : id.substr(id.size() - sizeof(identity))) {
          identity = identity << 8 | static_cast<uint8_t>(byte);
        }
        sample.Add({.customer = is_anonymous ? identity : header.customer_ordinal,
                    .series = header.series,
                    .day = static_cast<uint16_t>(day),
                    .bin = storage::BinOf(header.score, scale_min),
                    .is_anonymous = is_anonymous});
        return true;
      });
}

// The groups that the answers of a survey are measured in: one, or one for each value of a
// dimension.
struct Slicing {
  std::vector<uint32_t> group_of_series;
  std::vector<std::string> values;  // Of each group.
};

Slicing AllTogether(const storage::SurveyView& survey) {
  return {std::vector<uint32_t>(survey.series_count, 0), {""}};
}

// The values that most answers have. Answers past `max_series` are in none.
Slicing ByDimension(const storage::SurveyView& survey, size_t dimension,
                    const RepeatSample& sample) {
  std::vector<int64_t> answers_of_series(survey.series_count);
  for (const SampledAnswer& answer : sample.answers()) {
    ++answers_of_series[answer.series];
  }
  std::map<storage::ValueCode, int64_t> answers_of_code;
  for (uint32_t series = 0; series < survey.series_count; ++series) {
    answers_of_code[survey.series->CodeOf(series, dimension)] += answers_of_series[series];
  }
  answers_of_code.erase(storage::kOtherCode);
  std::vector<std::pair<int64_t, storage::ValueCode>> codes;
  for (const auto& [code, answers] : answers_of_code) {
    codes.emplace_back(-answers, code);
  }
  std::sort(codes.begin(), codes.end());
  codes.resize(std::min(codes.size(), kRepeatGroupsMax));
  Slicing slicing;
  std::map<storage::ValueCode, uint32_t> groups;
  for (const auto& [answers, code] : codes) {
    groups[code] = static_cast<uint32_t>(slicing.values.size());
    slicing.values.push_back(survey.series->TextOf(dimension, code));
  }
  for (uint32_t series = 0; series < survey.series_count; ++series) {
    const auto found = groups.find(survey.series->CodeOf(series, dimension));
    slicing.group_of_series.push_back(found == groups.end() ? kNoGroup : found->second);
  }
  return slicing;
}

// Measures the groups of a slicing.
class SlicingMeasure {
 public:
  SlicingMeasure(const Slicing& slicing, const std::vector<int>& lengths,
                 const std::vector<ScoreMethod>& methods)
      : slicing_(slicing), groups_(slicing.values.size(), GroupRepeats(lengths, methods)) {}

  void Add(const std::vector<SampledAnswer>& answers) {
    for (auto begin = answers.begin(); begin != answers.end();) {
      auto end = begin + 1;
      while (end != answers.end() && !begin->is_anonymous && !end->is_anonymous &&
             end->customer == begin->customer) {
        ++end;
      }
      AddCustomer(absl::MakeConstSpan(&*begin, static_cast<size_t>(end - begin)));
      begin = end;
    }
  }

  void Write(uint64_t step, StoredRepeatEffects& effects) const {
    for (size_t group = 0; group < groups_.size(); ++group) {
      if (groups_[group].customers() >= kRepeatCustomersMin) {
        store::v1::StoredGroupEffects& stored = *effects.add_groups();
        stored.set_value(slicing_.values[group]);
        groups_[group].Write(stored);
        stored.set_customers(stored.customers() * static_cast<int64_t>(step));
      }
    }
  }

  const GroupRepeats& group(size_t group) const { return groups_[group]; }

 private:
  // By group, each by day.
  void AddCustomer(absl::Span<const SampledAnswer> answers) {
    in_group_.clear();
    for (const SampledAnswer& answer : answers) {
      if (const uint32_t group = slicing_.group_of_series[answer.series]; group != kNoGroup) {
        in_group_.push_back({group, {answer.day, answer.bin}});
      }
    }
    if (in_group_.size() > 1) {
      std::stable_sort(in_group_.begin(), in_group_.end(),
                       [](const auto& a, const auto& b) { return a.first < b.first; });
    }
    for (size_t begin = 0; begin < in_group_.size();) {
      const uint32_t group = in_group_[begin].first;
      customer_.clear();
      for (; begin < in_group_.size() && in_group_[begin].first == group; ++begin) {
        customer_.push_back(in_group_[begin].second);
      }
      groups_[group].AddCustomer(customer_);
    }
  }

  const Slicing& slicing_;
  std::vector<GroupRepeats> groups_;
  // Kept for their memory.
  std::vector<std::pair<uint32_t, DayScore>> in_group_;
  std::vector<DayScore> customer_;
};

}  // namespace

std::vector<ScoreMethod> RepeatMethods(const store::v1::StoredSurvey& survey) {
  std::vector<ScoreMethod> methods;
  for (int i = v1::METRIC_METHOD_UNSPECIFIED + 1; i < v1::MetricMethod_ARRAYSIZE; ++i) {
    absl::StatusOr<ScoreMethod> method = ScoreMethod::Resolve(
        survey.kind(), survey.scale(), static_cast<v1::MetricMethod>(i), std::nullopt);
    if (method.ok() && method->kind() != ScoreMethod::Kind::kCount) {
      methods.push_back(*method);
    }
  }
  return methods;
}

absl::StatusOr<store::v1::PutRepeatEffects> MeasureRepeats(const RepeatMeasurement& measurement) {
  const storage::SurveyView& survey = measurement.survey;
  store::v1::PutRepeatEffects measured;
  measured.set_survey_number(survey.number());
  measured.set_computed_at_sequence(measurement.view.counters.sequence());
  measured.mutable_all()->set_measure_time_ms(absl::ToUnixMillis(measurement.as_of));
  const std::vector<ScoreMethod> methods = RepeatMethods(*survey.definition);
  ASSIGN_OR_RETURN(const Days days, DaysOf(measurement));
  if (methods.empty() || days.count < kRepeatDaysMin) {
    return measured;
  }
  RepeatSample sample(measurement.bytes_max);
  RETURN_IF_ERROR(ReadAnswers(measurement, days, sample));
  sample.Sort();
  const std::vector<int> lengths = LengthsIn(days.count);
  const auto measure = [&](const Slicing& slicing, StoredRepeatEffects& effects) {
    SlicingMeasure slices(slicing, lengths, methods);
    slices.Add(sample.answers());
    for (const ScoreMethod& method : methods) {
      effects.add_methods(method.method());
    }
    effects.set_measure_time_ms(measured.all().measure_time_ms());
    effects.set_days(static_cast<uint32_t>(days.count));
    effects.set_answers(static_cast<int64_t>(sample.answers().size() * sample.step()));
    slices.Write(sample.step(), effects);
    return slices;
  };
  const Slicing together = AllTogether(survey);
  measured.mutable_all()->set_repeat_share(
      measure(together, *measured.mutable_all()).group(0).RepeatShare(kMonth));
  for (size_t place = 0; place < static_cast<size_t>(survey.definition->dimensions_size());
       ++place) {
    if (measurement.stop) {
      return ShuttingDownError();
    }
    StoredRepeatEffects& effects = *measured.add_dimensions();
    if (survey.SlicedDimensionOf(survey.definition->dimensions(static_cast<int>(place)))
            .has_value()) {
      measure(ByDimension(survey, place, sample), effects);
    }
  }
  return measured;
}

}  // namespace emptychair
