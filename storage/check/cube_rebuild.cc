#include "storage/check/cube_rebuild.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "common/base/status_macros.h"
#include "storage/check/cube_recount.h"
#include "storage/check/customer_set_rebuild.h"
#include "storage/state/command.h"

namespace emptychair::storage {
namespace {

// A command holds a group up for about a millisecond.
constexpr int64_t kCellsPerCommand = 4'096;

// Gathers corrections into commands.
class Corrections {
 public:
  explicit Corrections(CarryOut carry_out) : carry_out_(carry_out) {}

  absl::Status Correct(const CubeRowDifference& row) {
    const CubeCounts added = Subtract(row.recounted, row.stored);
    store::v1::CubeRowCorrection& correction = *Command().add_rows();
    correction.set_survey_number(row.key.survey_number);
    correction.set_unit(static_cast<uint32_t>(row.key.unit));
    correction.set_bucket(row.key.bucket);
    correction.set_chunk(row.key.chunk);
    correction.set_added(EncodeCubeRow(added));
    return Count(static_cast<int64_t>(added.size()));
  }

  absl::Status Correct(const SeriesKey& key, const store::v1::StoredSeries& series) {
    store::v1::SeriesCorrection& correction = *Command().add_series();
    correction.set_survey_number(key.survey_number);
    correction.set_series(key.series);
    *correction.mutable_values() = series;
    return Count(0);
  }

  absl::Status Remove(absl::string_view key) {
    Command().add_stray_keys(std::string(key));
    return Count(0);
  }

  absl::Status Flush() {
    cells_waiting_ = 0;
    return command_ == nullptr ? absl::OkStatus() : carry_out_(std::move(command_));
  }

  int64_t rows() const { return rows_; }
  int64_t cells() const { return cells_; }

 private:
  store::v1::CorrectCubeCommand& Command() {
    if (command_ == nullptr) {
      command_ = NewCommand();
    }
    return *command_->mutable_correct_cube();
  }

  // A row weighs as much as a count, so that rows without any do not pile up.
  absl::Status Count(int64_t cells) {
    ++rows_;
    cells_ += cells;
    cells_waiting_ += 1 + cells;
    return cells_waiting_ >= kCellsPerCommand ? Flush() : absl::OkStatus();
  }

  const CarryOut carry_out_;
  CommandPtr command_;
  int64_t cells_waiting_ = 0;
  int64_t rows_ = 0;
  int64_t cells_ = 0;
};

// Makes the two copies of each series the same.
absl::Status CorrectSeries(const Engine& engine, const View& view, uint32_t number,
                           uint32_t series_count, Corrections& corrections) {
  for (uint32_t series = kOtherSeries + 1; series < series_count; ++series) {
    const SeriesKey key{number, series};
    std::string first;
    std::string second;
    const rocksdb::Snapshot* snapshot = view.snapshot->get();
    ASSIGN_OR_RETURN(const bool has_first,
                     engine.Get(Family::kSeries, key.Encode(), &first, snapshot));
    ASSIGN_OR_RETURN(const bool has_second,
                     engine.Get(Family::kMeta, SeriesCopyKey(key), &second, snapshot));
    store::v1::StoredSeries sound;
    const bool is_first_sound = has_first && DecodeSeries(first, sound);
    if (is_first_sound && has_second && first == second) {
      continue;
    }
    if (is_first_sound || (has_second && DecodeSeries(second, sound))) {
      RETURN_IF_ERROR(corrections.Correct(key, sound));
    }
  }
  return absl::OkStatus();
}

// Counts the records of a survey beside its rows.
absl::StatusOr<int64_t> CorrectSurvey(const Engine& engine, const View& view, uint32_t number,
                                      const TaskSurvey& survey, TaskSteps& steps,
                                      Corrections& corrections) {
  CubeComparison comparison(engine, view, number, survey.scale_min(),
                            [&](const CubeRowDifference& row) { return corrections.Correct(row); });
  int64_t counted = 0;
  RETURN_IF_ERROR(
      ScanRecords(engine, view, number, [&](absl::string_view key_bytes, absl::string_view value) {
        RETURN_IF_ERROR(steps.StepRecord());
        const std::optional<FeedbackKey> key = FeedbackKey::Decode(key_bytes);
        const std::optional<FeedbackHeader> header = DecodeFeedbackHeader(value);
        if (!key.has_value() || !header.has_value() || header->is_erased ||
            WhyNotCounted(survey, *header).has_value()) {
          return absl::OkStatus();
        }
        ++counted;
        return comparison.Add(key->feedback_id.UnixMs(), *header);
      }));
  RETURN_IF_ERROR(comparison.Finish());
  return counted;
}

}  // namespace

absl::StatusOr<RebuildSummary> RebuildCube(const Engine& engine, const View& view,
                                           OnProgress on_progress, CarryOut carry_out) {
  ASSIGN_OR_RETURN(const TaskSurveys surveys, SurveysOf(engine, view));
  TaskSteps steps(engine.EstimatedKeys(Family::kFeedback) + engine.EstimatedKeys(Family::kCubeRow) +
                      engine.EstimatedKeys(Family::kActivity) +
                      engine.EstimatedKeys(Family::kActiveSet),
                  on_progress);
  Corrections corrections(carry_out);
  RebuildSummary summary;
  summary.sequence = view.counters.sequence();
  for (const auto& [number, survey] : surveys) {
    RETURN_IF_ERROR(steps.Begin("records", survey.id()));
    if (survey.view != nullptr) {
      RETURN_IF_ERROR(CorrectSeries(engine, view, number, survey.view->series_count, corrections));
    }
    ASSIGN_OR_RETURN(const int64_t counted,
                     CorrectSurvey(engine, view, number, survey, steps, corrections));
    summary.records_counted += counted;
  }
  RETURN_IF_ERROR(steps.Begin("cube"));
  RETURN_IF_ERROR(
      ScanFamily(engine, view, Family::kCubeRow, [&](absl::string_view key, absl::string_view) {
        RETURN_IF_ERROR(steps.Step());
        return RowOfSurvey(key, surveys).has_value() ? absl::OkStatus() : corrections.Remove(key);
      }));
  RETURN_IF_ERROR(corrections.Flush());
  ASSIGN_OR_RETURN(const int64_t sets, RebuildCustomerSets(engine, view, steps, carry_out));
  summary.rows_corrected = corrections.rows() + sets;
  summary.cells_corrected = corrections.cells();
  return summary;
}

}  // namespace emptychair::storage
