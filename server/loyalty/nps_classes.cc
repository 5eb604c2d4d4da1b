#include "server/loyalty/nps_classes.h"

#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "emptychair/v1/survey_service.pb.h"
#include "server/surveys/survey.h"
#include "storage/columns/column_block.h"
#include "storage/columns/column_row.h"
#include "storage/format/cube_row.h"

namespace emptychair {
namespace {

using storage::ColumnBlock;
using storage::kCustomersPerChunk;

// The scale of every NPS survey starts at 0.
constexpr int32_t kScaleMin = 0;
constexpr int32_t kPromotersMin = 9;
constexpr int32_t kPassivesMin = 7;

uint8_t ClassOf(uint8_t bin) {
  const int32_t score = bin - 1 + kScaleMin;
  if (score >= kPromotersMin) {
    return kPromoters;
  }
  return score >= kPassivesMin ? kPromoters + 1 : kDetractors;
}

}  // namespace

absl::StatusOr<const storage::SurveyView*> FindNpsSurvey(const storage::View& view,
                                                         absl::string_view field,
                                                         absl::string_view survey_id) {
  ASSIGN_OR_RETURN(const storage::SurveyView* const survey, FindSurvey(view, field, survey_id));
  const v1::SurveyKind kind = survey->definition->kind();
  if (kind != v1::SURVEY_KIND_NPS) {
    return FieldError(
        v1::ERROR_REASON_FIELD_INVALID, field,
        absl::StrCat("got ", survey_id, ", a survey of the kind ", v1::SurveyKind_Name(kind),
                     ", wanted one of the kind ", v1::SurveyKind_Name(v1::SURVEY_KIND_NPS)));
  }
  return survey;
}

absl::StatusOr<NpsClasses> NpsClasses::Read(const LoyaltySources& sources,
                                            const storage::View& view,
                                            const storage::SurveyView& survey,
                                            std::vector<int64_t> starts_ms) {
  NpsClasses classes(std::move(starts_ms));
  const int64_t end_ms = classes.starts_ms_.back();
  std::shared_ptr<const storage::SurveyColumns> columns =
      sources.columns.Get(view, survey, /*share=*/1);
  if (columns != nullptr && columns->HasDamage(columns->covers_from_ms, end_ms)) {
    columns = nullptr;
  }
  RETURN_IF_ERROR(
      classes.ReadRecords(sources, view, survey,
                          columns == nullptr ? end_ms : std::min(end_ms, columns->covers_from_ms)));
  if (columns != nullptr) {
    RETURN_IF_ERROR(classes.ReadColumns(sources, view, survey, *columns));
  }
  std::vector<uint8_t>().swap(classes.class_of_);
  return classes;
}

absl::Status NpsClasses::ReadRecords(const LoyaltySources& sources, const storage::View& view,
                                     const storage::SurveyView& survey, int64_t end_ms) {
  return sources.answers.Scan(view, {.surveys = {&survey}, .end_ms = end_ms},
                              [&](const storage::ScannedRecord& record) -> absl::StatusOr<bool> {
                                ++answers_read_;
                                Add(record.occur_time_ms(), record.header.customer_ordinal,
                                    storage::BinOf(record.header.score, kScaleMin),
                                    record.header.exclusion_reason);
                                return true;
                              });
}

absl::Status NpsClasses::ReadColumns(const LoyaltySources& sources, const storage::View& view,
                                     const storage::SurveyView& survey,
                                     const storage::SurveyColumns& columns) {
  const int64_t start_ms = columns.covers_from_ms;
  const int64_t end_ms = starts_ms_.back();
  const storage::SurveyColumns::BlockRange range = columns.BlocksIn(start_ms, end_ms);
  for (size_t at = range.begin; at < range.end; ++at) {
    const ColumnBlock& block = *columns.blocks[at];
    const size_t end = block.LowerBound(end_ms);
    bool is_tied = false;
    for (size_t row = block.LowerBound(start_ms); row < end; ++row) {
      ++answers_read_;
      // Rows have a part of the id alone: the last one of ties stands for all of them.
      if (row + 1 < end && block.TiesWithNext(row)) {
        is_tied = true;
        continue;
      }
      if (view.erasing->Has(block.CustomerAt(row))) {
        is_tied = false;
      } else if (is_tied) {
        is_tied = false;
        RETURN_IF_ERROR(ReadTies(sources, view, survey, block.RowAt(row)));
      } else {
        Add(block.TimeAt(row), block.CustomerAt(row), block.BinAt(row), block.DispositionAt(row));
      }
    }
  }
  return absl::OkStatus();
}

absl::Status NpsClasses::ReadTies(const LoyaltySources& sources, const storage::View& view,
                                  const storage::SurveyView& survey,
                                  const storage::ColumnRow& row) {
  return sources.answers.Scan(view,
                              {.surveys = {&survey},
                               .customer_ordinal = row.customer,
                               .start_ms = row.time_ms,
                               .end_ms = row.time_ms + 1},
                              [&](const storage::ScannedRecord& record) -> absl::StatusOr<bool> {
                                if (storage::TieOf(record.position.feedback_id) == row.tie) {
                                  Add(row.time_ms, row.customer,
                                      storage::BinOf(record.header.score, kScaleMin),
                                      record.header.exclusion_reason);
                                }
                                return true;
                              });
}

void NpsClasses::Add(int64_t time_ms, uint32_t customer, uint8_t bin, uint8_t disposition) {
  while (period_ < starts_ms_.size() && starts_ms_[period_] <= time_ms) {
    ++period_;
  }
  if (customer == storage::kAnonymous || bin == storage::kUnscoredBin ||
      disposition != storage::kCountedDisposition || period_ == starts_ms_.size()) {
    return;
  }
  if (customer >= class_of_.size()) {
    class_of_.resize(std::max<size_t>(size_t{customer} + 1, 2 * class_of_.size()), kNoClass);
  }
  const uint8_t nps_class = ClassOf(bin);
  if (class_of_[customer] == nps_class) {
    return;
  }
  class_of_[customer] = nps_class;
  const size_t chunk = customer / kCustomersPerChunk;
  if (chunk >= changes_.size()) {
    changes_.resize(chunk + 1);
  }
  changes_[chunk].push_back({static_cast<uint16_t>(customer % kCustomersPerChunk),
                             static_cast<uint16_t>(period_), nps_class});
}

NpsClasses::OfChunk::OfChunk(const NpsClasses& classes, uint16_t chunk) {
  if (chunk < classes.changes_.size()) {
    changes_ = classes.changes_[chunk];
  }
}

void NpsClasses::OfChunk::MoveTo(size_t period) {
  for (; next_ < changes_.size() && changes_[next_].period <= period; ++next_) {
    const Change& change = changes_[next_];
    for (storage::CustomerSetRow& row : rows_) {
      row.Remove(change.member);
    }
    rows_[change.nps_class].Add(change.member);
  }
}

NpsClasses::OfChunk::History NpsClasses::OfChunk::HistoryOf(uint32_t customer) {
  const auto by_member = [](const Change& a, const Change& b) { return a.member < b.member; };
  if (by_customer_.size() != changes_.size()) {
    by_customer_.assign(changes_.begin(), changes_.end());
    std::stable_sort(by_customer_.begin(), by_customer_.end(), by_member);
  }
  const auto [begin, end] = std::equal_range(
      by_customer_.begin(), by_customer_.end(),
      Change{.member = static_cast<uint16_t>(customer % kCustomersPerChunk)}, by_member);
  return History(absl::MakeConstSpan(by_customer_)
                     .subspan(static_cast<size_t>(begin - by_customer_.begin()),
                              static_cast<size_t>(end - begin)));
}

size_t NpsClasses::OfChunk::History::ClassIn(size_t period) const {
  for (auto change = changes_.rbegin(); change != changes_.rend(); ++change) {
    if (change->period <= period) {
      return change->nps_class;
    }
  }
  return kNoClass;
}

}  // namespace emptychair
