#include "server/counting/column_source.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "absl/base/attributes.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "common/base/status_macros.h"
#include "server/counting/record_source.h"
#include "storage/columns/column_block.h"
#include "storage/columns/label_column.h"
#include "storage/columns/survey_columns.h"

namespace emptychair {
namespace {

using storage::ColumnBlock;
using storage::ColumnRow;
using storage::MsSpan;
using storage::SurveyColumns;

// Stands for series whose labels tell the group of an answer.
constexpr uint32_t kByLabels = storage::kNoGroup - 1;

// Rows between the one that is counted and the one whose customer is fetched from memory.
constexpr size_t kPrefetchRows = 24;

constexpr int64_t kMsPerDay = 24 * 3'600 * int64_t{1'000};

// The part of the survey's time that `all` is about, by the days that have answers.
absl::StatusOr<double> ShareOf(const storage::Store& store, const storage::View& view,
                               const storage::SurveyView& survey, const MsSpan& all) {
  ASSIGN_OR_RETURN(const auto days, store.cube().Extent(view, survey, storage::CubeUnit::kDay));
  if (!days.has_value()) {
    return 1;
  }
  const int64_t first = days->first * kMsPerDay;
  const int64_t past = (days->last + int64_t{1}) * kMsPerDay;
  const int64_t overlap = std::min(all.end_ms, past) - std::max(all.start_ms, first);
  return std::max(0.0, static_cast<double>(overlap) / static_cast<double>(past - first));
}

}  // namespace

class ColumnSource::LabelGroups {
 public:
  using Labels = std::vector<std::shared_ptr<const storage::LabelColumn>>;

  // `labels` are those of `keys`.
  LabelGroups(RecordFilter& filter, size_t survey, std::vector<std::string> keys, Labels labels)
      : filter_(filter), survey_(survey), keys_(std::move(keys)), labels_(std::move(labels)) {
    if (labels_.size() == 1) {
      of_code_.fill(std::vector<uint32_t>(labels_.front()->code_count, kByLabels));
    }
  }

  // Errors: TOO_MANY_POINTS.
  absl::StatusOr<uint32_t> GroupOf(size_t block, size_t row, uint32_t series) {
    uint32_t& verdict = VerdictOn(block, row, series);
    if (verdict == kByLabels) {
      ASSIGN_OR_RETURN(verdict, filter_.GroupOfLabels(survey_, series, BodyAt(block, row)));
    }
    return verdict == storage::kNoGroup || filter_.groups_by_labels(survey_)
               ? verdict
               : filter_.UnfilteredGroupOf(survey_, series);
  }

  // Most rows are left out by a label that was met before, and are to cost no more than this.
  class LeftOut {
   public:
    LeftOut(const LabelGroups& groups, size_t block)
        : is_one_(groups.labels_.size() == 1),
          codes_(is_one_ ? storage::NarrowNumbers::Reader(*groups.labels_.front()->codes[block])
                         : storage::NarrowNumbers::Reader()),
          verdicts_(groups.of_code_[0].data()),
          others_verdicts_(groups.of_code_[1].data()) {}

    // Whether the row is known to be left out.
    bool operator()(size_t row, uint32_t series) const {
      return is_one_ &&
             (series == storage::kOtherSeries ? others_verdicts_ : verdicts_)[codes_[row]] ==
                 storage::kNoGroup;
    }

   private:
    bool is_one_;
    storage::NarrowNumbers::Reader codes_;
    const uint32_t* verdicts_;
    const uint32_t* others_verdicts_;
  };

 private:
  // What is known of rows with these labels: kByLabels for nothing yet, kNoGroup, or the group of
  // one of them.
  uint32_t& VerdictOn(size_t block, size_t row, uint32_t series) {
    const bool is_other = series == storage::kOtherSeries;
    if (labels_.size() == 1) {
      return of_code_[is_other ? 1 : 0][(*labels_.front()->codes[block])[row]];
    }
    codes_.assign(1, is_other ? 1 : 0);
    for (const auto& label : labels_) {
      codes_.push_back((*label->codes[block])[row]);
    }
    return of_codes_.try_emplace(codes_, kByLabels).first->second;
  }

  // Of the labels alone that are asked for.
  store::v1::StoredFeedback BodyAt(size_t block, size_t row) const {
    store::v1::StoredFeedback body;
    for (size_t i = 0; i < labels_.size(); ++i) {
      const uint32_t code = (*labels_[i]->codes[block])[row];
      if (code != storage::LabelDictionary::kNoLabel) {
        store::v1::StoredLabel& label = *body.add_labels();
        label.set_key(keys_[i]);
        label.set_value(labels_[i]->dictionary->TextOf(code));
      }
    }
    return body;
  }

  using Codes = absl::InlinedVector<uint32_t, 4>;

  RecordFilter& filter_;
  const size_t survey_;
  const std::vector<std::string> keys_;
  const Labels labels_;
  // Of answers with a series, and of those that are `(other)`; kByLabels: not known yet.
  std::array<std::vector<uint32_t>, 2> of_code_;   // By the code of the one label.
  absl::flat_hash_map<Codes, uint32_t> of_codes_;  // By the same two and the codes of all.
  Codes codes_;                                    // Kept for its memory.
};

// Goes through the rows of a survey in a span, newest or oldest first.
class ColumnSource::Cursor {
 public:
  Cursor(size_t survey, const SurveyColumns& columns, const MsSpan& span, bool newest_first)
      : survey_(survey),
        columns_(&columns),
        span_(span),
        newest_first_(newest_first),
        range_(columns.BlocksIn(span.start_ms, span.end_ms)) {
    Enter();
  }

  bool IsAtEnd() const { return range_.begin == range_.end; }
  size_t survey() const { return survey_; }
  size_t block() const { return newest_first_ ? range_.end - 1 : range_.begin; }
  size_t row() const { return newest_first_ ? end_ - 1 : begin_; }
  // The row here, and whether the one after it is its tie; not at the end. Ties are in one block.
  bool TiesWithFollowing() const {
    return end_ - begin_ > 1 &&
           columns_->blocks[block()]->TiesWithNext(newest_first_ ? end_ - 2 : begin_);
  }
  ColumnRow Row() const { return columns_->blocks[block()]->RowAt(row()); }

  void Next() {
    newest_first_ ? --end_ : ++begin_;
    if (begin_ == end_) {
      Leave();
      Enter();
    }
  }

 private:
  // Finds the rows of a block, of the first that has any.
  void Enter() {
    for (; !IsAtEnd(); Leave()) {
      const ColumnBlock& here = *columns_->blocks[block()];
      begin_ = here.LowerBound(span_.start_ms);
      end_ = here.LowerBound(span_.end_ms);
      if (begin_ < end_) {
        return;
      }
    }
  }
  void Leave() { newest_first_ ? --range_.end : ++range_.begin; }

  size_t survey_;
  const SurveyColumns* columns_;
  MsSpan span_;
  bool newest_first_;
  SurveyColumns::BlockRange range_;  // Blocks that are left.
  size_t begin_ = 0;                 // Rows that are left of the one at hand.
  size_t end_ = 0;
};

ColumnSource::Cursor& ColumnSource::NextOf(std::vector<Cursor>& cursors, bool newest_first) {
  return *std::min_element(cursors.begin(), cursors.end(), [&](const Cursor& a, const Cursor& b) {
    return newest_first ? b.Row() < a.Row() : a.Row() < b.Row();
  });
}

bool ColumnSource::TiesWithOthers(const Cursor& next, const std::vector<Cursor>& cursors) {
  return std::any_of(cursors.begin(), cursors.end(), [&](const Cursor& other) {
    return &other != &next && IsTie(other.Row(), next.Row());
  });
}

absl::StatusOr<std::optional<ColumnSource>> ColumnSource::Find(const storage::Store& store,
                                                               const MetricQuery& query,
                                                               const SeriesMap& series,
                                                               RecordFilter& filter,
                                                               const MsSpan& all) {
  ColumnSource source(store, query, series, filter);
  for (size_t survey = 0; survey < filter.surveys().size(); ++survey) {
    ASSIGN_OR_RETURN(const bool has_columns, source.AddPart(survey, all));
    if (!has_columns) {
      return std::nullopt;
    }
  }
  for (const Part& part : source.parts_) {
    if (part.columns->HasDamage(std::max(all.start_ms, source.covers_from_ms_), all.end_ms)) {
      return std::nullopt;
    }
  }
  return source;
}

// False: it has no columns, or none of a label.
absl::StatusOr<bool> ColumnSource::AddPart(size_t survey, const MsSpan& all) {
  const storage::View& view = *query_.view;
  const storage::SurveyView& asked = *filter_.surveys()[survey];
  Part part;
  part.columns = store_.columns().Find(view, asked);
  if (part.columns == nullptr) {
    ASSIGN_OR_RETURN(const double share, ShareOf(store_, view, asked, all));
    part.columns = store_.columns().Get(view, asked, share);
  }
  if (part.columns == nullptr) {
    return false;
  }
  std::vector<std::string> keys = filter_.LabelKeys(survey);
  LabelGroups::Labels labels;
  const SurveyColumns::BlockRange blocks = part.columns->BlocksIn(all.start_ms, all.end_ms);
  for (const std::string& key : keys) {
    labels.push_back(store_.columns().GetLabels(view, asked, *part.columns, blocks, key));
    if (labels.back() == nullptr) {
      return false;
    }
  }
  part.by_labels =
      std::make_shared<LabelGroups>(filter_, survey, std::move(keys), std::move(labels));
  for (uint32_t series = 0; series < asked.series_count; ++series) {
    part.group_of_series.push_back(filter_.GroupOfSeries(survey, series).value_or(kByLabels));
  }
  covers_from_ms_ = std::max(covers_from_ms_, part.columns->covers_from_ms);
  parts_.push_back(std::move(part));
  return true;
}

absl::Status ColumnSource::Count(const MsSpan& span, bool newest_first, AnswerCounter& counter,
                                 storage::TallyGrid& grid, storage::ReadCost& cost) {
  if (query_.respondent_rule != v1::RESPONDENT_RULE_ALL) {
    return parts_.size() == 1 ? CountOneInOrder(span, newest_first, counter, grid, cost)
                              : CountInOrder(span, newest_first, counter, grid, cost);
  }
  for (size_t survey = 0; survey < parts_.size(); ++survey) {
    RETURN_IF_ERROR(CountInAnyOrder(survey, span, counter, grid, cost));
  }
  return absl::OkStatus();
}

// Counts rows of one block. Made for each, so that loops find all they need at hand.
class ColumnSource::BlockCounter {
 public:
  BlockCounter(const ColumnSource& source, size_t survey, size_t block, AnswerCounter& counter,
               storage::TallyGrid& grid)
      : source_(source),
        part_(source.parts_[survey]),
        block_(block),
        arrays_(*part_.columns->blocks[block]),
        group_of_series_(part_.group_of_series.data()),
        series_count_(part_.group_of_series.size()),
        is_left_out_(*part_.by_labels, block),
        erasing_(source.query_.view->erasing->empty() ? nullptr
                                                      : source.query_.view->erasing.get()),
        counter_(counter),
        grid_(grid) {}

  // Errors: STORE_DAMAGED, TOO_MANY_POINTS.
  ABSL_ATTRIBUTE_ALWAYS_INLINE absl::Status Count(size_t row) {
    if (erasing_ != nullptr && erasing_->Has(arrays_.customers[row])) {
      return absl::OkStatus();
    }
    const uint32_t series = arrays_.series[row];
    uint32_t group = series < series_count_ ? group_of_series_[series] : storage::kNoGroup;
    if (group >= kByLabels) {
      if (group == storage::kNoGroup) {
        source_.filter_.Skip();
        return absl::OkStatus();
      }
      if (is_left_out_(row, series)) {
        return absl::OkStatus();
      }
      ASSIGN_OR_RETURN(group, part_.by_labels->GroupOf(block_, row, series));
      if (group == storage::kNoGroup) {
        return absl::OkStatus();
      }
      grid_.KnowGroups(source_.series_.group_count);
    }
    return counter_.Count({.time_ms = arrays_.first_ms + arrays_.offsets[row],
                           .customer = arrays_.customers[row],
                           .bin = arrays_.bins[row],
                           .disposition = arrays_.dispositions[row]},
                          group);
  }

  void Prefetch(size_t row) const { counter_.Prefetch(arrays_.customers[row]); }

 private:
  const ColumnSource& source_;
  const Part& part_;
  const size_t block_;
  const ColumnBlock::Arrays arrays_;
  const uint32_t* const group_of_series_;
  const size_t series_count_;
  const LabelGroups::LeftOut is_left_out_;
  const storage::ErasingCustomers* const erasing_;  // Null: there are none.
  AnswerCounter& counter_;
  storage::TallyGrid& grid_;
};

absl::Status ColumnSource::CountInAnyOrder(size_t survey, const MsSpan& span,
                                           AnswerCounter& counter, storage::TallyGrid& grid,
                                           storage::ReadCost& cost) {
  const SurveyColumns& columns = *parts_[survey].columns;
  const SurveyColumns::BlockRange range = columns.BlocksIn(span.start_ms, span.end_ms);
  for (size_t block = range.begin; block < range.end; ++block) {
    const size_t begin = columns.blocks[block]->LowerBound(span.start_ms);
    const size_t end = columns.blocks[block]->LowerBound(span.end_ms);
    BlockCounter rows(*this, survey, block, counter, grid);
    for (size_t row = begin; row < end && !grid.is_full(); ++row) {
      ++cost.records_scanned;
      RETURN_IF_ERROR(rows.Count(row));
    }
  }
  return absl::OkStatus();
}

// The same as CountInOrder for the one survey that there is, at the speed of memory.
absl::Status ColumnSource::CountOneInOrder(const MsSpan& span, bool newest_first,
                                           AnswerCounter& counter, storage::TallyGrid& grid,
                                           storage::ReadCost& cost) {
  const SurveyColumns& columns = *parts_.front().columns;
  SurveyColumns::BlockRange range = columns.BlocksIn(span.start_ms, span.end_ms);
  for (; range.begin < range.end; newest_first ? --range.end : ++range.begin) {
    const size_t at = newest_first ? range.end - 1 : range.begin;
    const ColumnBlock& block = *columns.blocks[at];
    const size_t begin = block.LowerBound(span.start_ms);
    const size_t end = block.LowerBound(span.end_ms);
    BlockCounter rows(*this, 0, at, counter, grid);
    bool is_tied = false;
    for (size_t i = begin; i < end && !grid.is_full(); ++i) {
      const size_t row = newest_first ? end - 1 - (i - begin) : i;
      if (i + kPrefetchRows < end) {
        rows.Prefetch(newest_first ? row - kPrefetchRows : row + kPrefetchRows);
      }
      ++cost.records_scanned;
      // The last one of ties stands for all of them.
      if (i + 1 < end && block.TiesWithNext(newest_first ? row - 1 : row)) {
        is_tied = true;
        continue;
      }
      if (is_tied) {
        is_tied = false;
        RETURN_IF_ERROR(CountTies(block.RowAt(row), newest_first, counter, grid));
      } else {
        RETURN_IF_ERROR(rows.Count(row));
      }
    }
  }
  return absl::OkStatus();
}

// Merges the surveys' rows. Ties are counted as their records say, which have whole ids.
absl::Status ColumnSource::CountInOrder(const MsSpan& span, bool newest_first,
                                        AnswerCounter& counter, storage::TallyGrid& grid,
                                        storage::ReadCost& cost) {
  std::vector<Cursor> cursors;
  for (size_t survey = 0; survey < parts_.size(); ++survey) {
    cursors.emplace_back(survey, *parts_[survey].columns, span, newest_first);
  }
  const auto drop_ended = [&cursors] {
    cursors.erase(std::remove_if(cursors.begin(), cursors.end(),
                                 [](const Cursor& cursor) { return cursor.IsAtEnd(); }),
                  cursors.end());
  };
  drop_ended();
  while (!cursors.empty() && !grid.is_full()) {
    Cursor& next = NextOf(cursors, newest_first);
    if (next.TiesWithFollowing() || TiesWithOthers(next, cursors)) {
      const ColumnRow row = next.Row();
      for (Cursor& cursor : cursors) {
        for (; !cursor.IsAtEnd() && IsTie(cursor.Row(), row); cursor.Next()) {
          ++cost.records_scanned;
        }
      }
      RETURN_IF_ERROR(CountTies(row, newest_first, counter, grid));
      drop_ended();
      continue;
    }
    ++cost.records_scanned;
    RETURN_IF_ERROR(
        BlockCounter(*this, next.survey(), next.block(), counter, grid).Count(next.row()));
    next.Next();
    if (next.IsAtEnd()) {
      drop_ended();
    }
  }
  return absl::OkStatus();
}

// Reads the customer's records of that millisecond and tie, of all surveys, in the order of their
// ids.
absl::Status ColumnSource::CountTies(const ColumnRow& row, bool newest_first,
                                     AnswerCounter& counter, storage::TallyGrid& grid) {
  return store_.records().Scan(
      *query_.view,
      {.surveys = filter_.surveys(),
       .customer_ordinal = row.customer,
       .start_ms = row.time_ms,
       .end_ms = row.time_ms + 1,
       .newest_first = newest_first},
      [&](const storage::ScannedRecord& record) -> absl::StatusOr<bool> {
        if (storage::TieOf(record.position.feedback_id) == row.tie) {
          RETURN_IF_ERROR(CountRecord(query_, record, filter_, series_, counter, grid));
        }
        return !grid.is_full();
      });
}

}  // namespace emptychair
