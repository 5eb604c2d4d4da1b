#include "storage/cube/cube_reader.h"

#include <array>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "storage/cube/cube_fold.h"
#include "storage/cube/cube_row_iterator.h"
#include "storage/cube/tally_grid.h"
#include "storage/engine/engine.h"
#include "storage/format/cube_row.h"
#include "storage/format/keys.h"
#include "storage/read/records.h"

namespace emptychair::storage {
namespace {

absl::Status DamagedRow(const SurveyView& survey) {
  return Error(v1::ERROR_REASON_STORE_DAMAGED,
               absl::StrCat("survey ", survey.definition->survey_id(),
                            ": a row of the cube cannot be decoded"),
               {{"survey_id", survey.definition->survey_id()}});
}

// What of the rows and records of one survey goes where.
struct Sum {
  const SurveyView& survey;
  absl::Span<const uint32_t> group_of_series;
  TallyGrid& grid;
  ReadCost& cost;

  uint32_t GroupOf(uint32_t series) const {
    return series < group_of_series.size() ? group_of_series[series] : kNoGroup;
  }
};

// Adds one row, or part of it when the grid gets full.
absl::Status AddRow(absl::string_view bytes, uint32_t first_series, uint32_t target, int64_t sign,
                    const Sum& sum) {
  CubeRowReader row(bytes);
  while (row.NextPiece()) {
    ++sum.cost.cells_read;
    const uint32_t group = sum.GroupOf(first_series + row.series());
    if (group != kNoGroup && !sum.grid.Add(group, target, row, sign)) {
      return absl::OkStatus();
    }
  }
  return row.ok() ? absl::OkStatus() : DamagedRow(sum.survey);
}

// Adds the rows of a run until the grid is full.
absl::Status AddRun(const CubeRun& run, bool normalizes, CubeRowIterator& it, const Sum& sum) {
  it->Seek(CubeRowKey{sum.survey.number(), run.unit, run.first_bucket, 0}.Encode());
  for (; it->Valid() && !sum.grid.is_full(); it->Next()) {
    const std::optional<CubeRowKey> key = CubeRowKey::Decode(ToView(it->key()));
    if (!key.has_value()) {
      return DamagedRow(sum.survey);
    }
    const int64_t position = int64_t{key->bucket} - run.first_bucket;
    if (position >= static_cast<int64_t>(run.targets.size())) {
      break;
    }
    absl::string_view bytes = ToView(it->value());
    std::optional<std::string> normalized;
    if (normalizes) {
      normalized = AddToCubeRow(bytes, {});
      if (!normalized.has_value()) {
        return DamagedRow(sum.survey);
      }
      bytes = *normalized;
    }
    RETURN_IF_ERROR(AddRow(bytes, key->chunk * kSeriesPerChunk, run.targets[position],
                           run.is_subtracted ? -1 : 1, sum));
  }
  return FromRocksDb(it->status(), "reading the cube");
}

// Whether all answers of the row were erased.
bool IsEmptyRow(absl::string_view bytes) {
  CubeRowReader row(bytes);
  int64_t sum = 0;
  while (row.NextPiece()) {
    row.ForEachBin([&](uint8_t, int64_t count) { sum = WrappingSum(sum, count); });
  }
  return row.ok() && sum == 0;
}

}  // namespace

absl::Status CubeReader::Read(const View& view, const SurveyView& survey, const CubePlan& plan,
                              absl::Span<const uint32_t> group_of_series, TallyGrid& grid,
                              ReadCost& cost) const {
  const Sum sum{survey, group_of_series, grid, cost};
  std::array<std::optional<CubeRowIterator>, kCubeUnits.size()> iterators;
  for (const CubeRun& run : plan.rows) {
    std::optional<CubeRowIterator>& unit_rows = iterators[static_cast<size_t>(run.unit) - 1];
    if (!unit_rows.has_value()) {
      unit_rows.emplace(engine_, view, survey.number(), run.unit);
    }
    RETURN_IF_ERROR(AddRun(run, plan.exact_groups, *unit_rows, sum));
    if (grid.is_full()) {
      return absl::OkStatus();
    }
  }
  const int32_t scale_min = survey.definition->scale().min();
  for (const RecordRun& run : plan.records) {
    RETURN_IF_ERROR(records_.Scan(
        view, {.surveys = {&survey}, .start_ms = run.span.start_ms, .end_ms = run.span.end_ms},
        [&](const ScannedRecord& record) {
          ++cost.records_scanned;
          const FeedbackHeader& header = record.header;
          const uint32_t group = sum.GroupOf(header.series);
          if (group != kNoGroup) {
            grid.Add(group, run.target, header.exclusion_reason, BinOf(header.score, scale_min), 1);
          }
          return !grid.is_full();
        }));
    if (grid.is_full()) {
      return absl::OkStatus();
    }
  }
  return grid.bins_past_scale() == 0 ? absl::OkStatus() : DamagedRow(survey);
}

absl::StatusOr<std::optional<BucketRange>> CubeReader::Extent(const View& view,
                                                              const SurveyView& survey,
                                                              CubeUnit unit) const {
  CubeRowIterator it(engine_, view, survey.number(), unit);
  // Rows whose answers were all erased stay behind, empty.
  const auto is_empty = [&] { return IsEmptyRow(ToView(it->value())); };
  it->SeekToFirst();
  while (it->Valid() && is_empty()) {
    it->Next();
  }
  std::optional<BucketRange> range;
  if (it->Valid()) {
    const std::optional<CubeRowKey> first = CubeRowKey::Decode(ToView(it->key()));
    it->SeekToLast();
    while (it->Valid() && is_empty()) {
      it->Prev();
    }
    const std::optional<CubeRowKey> last =
        it->Valid() ? CubeRowKey::Decode(ToView(it->key())) : std::nullopt;
    if (!first.has_value() || !last.has_value()) {
      return DamagedRow(survey);
    }
    range = BucketRange{first->bucket, last->bucket};
  }
  RETURN_IF_ERROR(FromRocksDb(it->status(), "reading the cube"));
  return range;
}

}  // namespace emptychair::storage
