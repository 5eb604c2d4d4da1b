#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "storage/check/cube_recount.h"
#include "storage/check/verify_columns.h"
#include "storage/check/verify_parts.h"

namespace emptychair::storage {
namespace {

// "series 5 (region=eu)".
std::string ToText(const TaskSurvey& survey, uint32_t series) {
  if (series == kOtherSeries) {
    return "series (other)";
  }
  std::string values;
  if (survey.view != nullptr && series < survey.view->series_count) {
    for (int i = 0;
         i < survey.definition->dimensions_size() && i < survey.view->definition->dimensions_size();
         ++i) {
      const std::string& text =
          survey.view->series->TextOf(i, survey.view->series->CodeOf(series, i));
      absl::StrAppend(&values, values.empty() ? " (" : ", ", survey.definition->dimensions(i), "=",
                      text.empty() ? "(none)" : text);
    }
  }
  return absl::StrCat("series ", series, values, values.empty() ? "" : ")");
}

std::string ToText(const TaskSurvey& survey, const CubeRowKey& key, const CubeCount& cell) {
  return absl::StrCat(
      "cell: survey ", survey.id(), ", ", NameOfBucket(key.unit, key.bucket), ", ",
      ToText(survey, key.chunk * kSeriesPerChunk + cell.series),
      cell.disposition == kCountedDisposition
          ? ""
          : absl::StrCat(", excluded for reason ", static_cast<int>(cell.disposition)),
      ", ",
      cell.bin == kUnscoredBin ? "no score"
                               : absl::StrCat("score ", survey.scale_min() + cell.bin - 1));
}

std::string ToText(const std::optional<ColumnRow>& row) {
  return row.has_value()
             ? absl::StrCat("customer ", row->customer, " at ", row->time_ms, " ms, series ",
                            row->series, ", bin ", static_cast<int>(row->bin), ", disposition ",
                            static_cast<int>(row->disposition), ", tie ", row->tie)
             : "";
}

// The records in the order of their keys, survey by survey, each beside its rows of the cube.
class RecordCheck {
 public:
  explicit RecordCheck(VerifyRun& run) : run_(run), next_(run.surveys.begin()) {}

  absl::Status Run() {
    RETURN_IF_ERROR(run_.steps.Begin("records"));
    RETURN_IF_ERROR(ScanFamily(
        run_.engine, run_.view, Family::kFeedback,
        [this](absl::string_view key, absl::string_view value) { return Check(key, value); }));
    RETURN_IF_ERROR(FinishSurvey());
    while (next_ != run_.surveys.end()) {
      RETURN_IF_ERROR(BeginNext());
      RETURN_IF_ERROR(FinishSurvey());
    }
    return CheckCount();
  }

 private:
  absl::Status Check(absl::string_view key_bytes, absl::string_view value) {
    RETURN_IF_ERROR(run_.steps.StepRecord());
    const std::optional<FeedbackKey> key = FeedbackKey::Decode(key_bytes);
    if (!key.has_value()) {
      return run_.Report([&] { return Undecodable("feedback", key_bytes); });
    }
    RETURN_IF_ERROR(MoveTo(key->survey_number));
    const std::optional<FeedbackHeader> header = DecodeFeedbackHeader(value);
    if (!header.has_value()) {
      ++undecodable_;
      return ReportUndecodable(*key, "a header that does not decode");
    }
    if (header->is_erased) {
      return CheckSequence(*key, *header);
    }
    ++decoded_;
    if (columns_ != nullptr) {
      columns_->Add(RowOf(key->feedback_id, *header, survey_->scale_min()));
    }
    // Counting needs the header alone.
    if (!DecodeFeedbackBody(value, body_)) {
      body_.Clear();
      RETURN_IF_ERROR(ReportUndecodable(*key, "a message that does not decode"));
    }
    const IndexEntries entries = EntriesOf(run_.hash, SurveyId(), *key, *header, body_);
    if (!entries.by_customer_key.empty() && IsFirstOfItsEntry(*key, header->customer_ordinal)) {
      run_.by_customer.Add(entries.by_customer_key, "");
    }
    if (!entries.by_external_id_key.empty()) {
      run_.by_external_id.Add(entries.by_external_id_key,
                              EncodeExternalIdEntries({entries.by_external_id}));
    }
    return CheckHeader(*key, *header);
  }

  // Records of one customer whose ids start alike have one entry by customer; in the order of keys
  // they are near each other.
  bool IsFirstOfItsEntry(const FeedbackKey& key, uint32_t customer_ordinal) {
    std::string start = FeedbackKeyPrefix(key.survey_number, StartOf(key.feedback_id));
    if (start != id_start_) {
      id_start_ = std::move(start);
      customers_of_start_.clear();
    }
    return customers_of_start_.insert(customer_ordinal).second;
  }

  absl::Status CheckSequence(const FeedbackKey& key, const FeedbackHeader& header) {
    const uint64_t newest = run_.view.counters.sequence();
    if (header.sequence == 0 || header.sequence > newest) {
      return ReportRecord(key, absl::StrCat("sequence ", header.sequence),
                          absl::StrCat("1 to ", newest));
    }
    return absl::OkStatus();
  }

  absl::Status CheckHeader(const FeedbackKey& key, const FeedbackHeader& header) {
    RETURN_IF_ERROR(CheckSequence(key, header));
    const store::v1::StoredCounters& counters = run_.view.counters;
    if (header.customer_ordinal > counters.last_customer_ordinal()) {
      RETURN_IF_ERROR(ReportRecord(key, absl::StrCat("customer ", header.customer_ordinal),
                                   absl::StrCat("0 to ", counters.last_customer_ordinal())));
    }
    if (comparison_ == nullptr) {
      return run_.Report([&] {
        return Difference{DifferenceKind::kUnknownSurvey, "", NameOfRecord(run_, key), "a record",
                          ""};
      });
    }
    if (survey_->view != nullptr && !body_.is_anonymized() &&
        run_.IsLeftOver(header.customer_ordinal)) {
      RETURN_IF_ERROR(ReportRecord(key, "a customer who was erased", "none"));
    }
    if (survey_->view != nullptr && !survey_->view->imports->Has(body_.import_number())) {
      RETURN_IF_ERROR(ReportRecord(key, absl::StrCat("import ", body_.import_number()),
                                   "an import of its survey"));
    }
    if (const std::optional<std::string> fault = WhyNotCounted(*survey_, header)) {
      return ReportRecord(key, *fault, "one that its survey has");
    }
    if (survey_->view != nullptr && !body_.labels().empty() &&
        !AddSeriesLabels(survey_->view->all_series(), header.series, body_)) {
      RETURN_IF_ERROR(ReportRecord(key, "a label that its series says", "the others alone"));
    }
    RETURN_IF_ERROR(zones_.Check(run_, SurveyId(), key.feedback_id.UnixMs(),
                                 header.zone_offset_seconds,
                                 [&] { return NameOfRecord(run_, key); }));
    return comparison_->Add(key.feedback_id.UnixMs(), header);
  }

  absl::Status ReportUndecodable(const FeedbackKey& key, absl::string_view stored) {
    return run_.Report([&] {
      return Difference{DifferenceKind::kUndecodable, SurveyId(), NameOfRecord(run_, key),
                        std::string(stored), ""};
    });
  }

  absl::Status ReportRecord(const FeedbackKey& key, const std::string& stored,
                            const std::string& expected) {
    return run_.Report([&] {
      return Difference{DifferenceKind::kRecord, SurveyId(), NameOfRecord(run_, key), stored,
                        expected};
    });
  }

  // Goes on to the survey `number`, which may be none, over all that have no records.
  absl::Status MoveTo(uint32_t number) {
    if (number_ == number) {
      return absl::OkStatus();
    }
    RETURN_IF_ERROR(FinishSurvey());
    while (next_ != run_.surveys.end() && next_->first < number) {
      RETURN_IF_ERROR(BeginNext());
      RETURN_IF_ERROR(FinishSurvey());
    }
    if (next_ != run_.surveys.end() && next_->first == number) {
      RETURN_IF_ERROR(BeginNext());
    }
    number_ = number;
    return absl::OkStatus();
  }

  absl::Status BeginNext() {
    const auto& [number, survey] = *next_++;
    number_ = number;
    survey_ = &survey;
    zones_.Begin(survey.definition->time_zone());
    comparison_ = std::make_unique<CubeComparison>(
        run_.engine, run_.view, number, survey.scale_min(),
        [this](const CubeRowDifference& row) { return ReportRow(row); });
    if (const auto columns = run_.survey_columns.find(number);
        columns != run_.survey_columns.end()) {
      columns_ = std::make_unique<ColumnComparison>(columns->second);
    }
    return run_.steps.Begin("records", survey.id());
  }

  absl::Status FinishSurvey() {
    if (comparison_ != nullptr) {
      RETURN_IF_ERROR(comparison_->Finish());
      run_.summary.cube_cells += comparison_->cells_compared();
      comparison_.reset();
    }
    if (const auto columns = std::exchange(columns_, nullptr); columns != nullptr) {
      RETURN_IF_ERROR(FinishColumns(*columns));
    }
    survey_ = nullptr;
    return absl::OkStatus();
  }

  absl::Status FinishColumns(ColumnComparison& columns) {
    const std::optional<ColumnComparison::Difference> difference = columns.Finish();
    if (!difference.has_value()) {
      return absl::OkStatus();
    }
    run_.columns.Drop(*number_);
    return run_.Report([&] {
      return Difference{DifferenceKind::kColumnMismatch, SurveyId(),
                        absl::StrCat("columns of ", SurveyId(), " in memory"),
                        ToText(difference->column), ToText(difference->record)};
    });
  }

  absl::Status ReportRow(const CubeRowDifference& row) {
    if (!row.is_row) {
      return run_.Report([&] {
        return Difference{
            DifferenceKind::kUndecodable, SurveyId(),
            absl::StrCat("row of the cube: survey ", SurveyId(), ", ",
                         NameOfBucket(row.key.unit, row.key.bucket), ", chunk ", row.key.chunk),
            "bytes that do not decode",
            absl::StrCat("a row with ", row.recounted.size(), " counts")};
      });
    }
    auto stored = row.stored.begin();
    auto recounted = row.recounted.begin();
    while (stored != row.stored.end() || recounted != row.recounted.end()) {
      CubeCount cell;
      int64_t stored_count = 0;
      int64_t expected_count = 0;
      const bool has_stored =
          stored != row.stored.end() &&
          (recounted == row.recounted.end() || stored->Position() <= recounted->Position());
      const bool has_recounted =
          recounted != row.recounted.end() &&
          (stored == row.stored.end() || recounted->Position() <= stored->Position());
      if (has_recounted) {
        cell = *recounted;
        expected_count = (recounted++)->count;
      }
      if (has_stored) {
        cell = *stored;
        stored_count = (stored++)->count;
      }
      if (stored_count != expected_count) {
        RETURN_IF_ERROR(run_.Report([&] {
          return Difference{DifferenceKind::kCellCount, SurveyId(), ToText(*survey_, row.key, cell),
                            absl::StrCat(stored_count), absl::StrCat(expected_count)};
        }));
      }
    }
    return absl::OkStatus();
  }

  // A record that does not decode may or may not have been counted.
  absl::Status CheckCount() {
    run_.summary.records = decoded_ + undecodable_;
    const auto counted = static_cast<int64_t>(run_.view.counters.feedback_count());
    if (counted >= decoded_ && counted <= decoded_ + undecodable_) {
      return absl::OkStatus();
    }
    return run_.Report([&] {
      return Difference{DifferenceKind::kCounter, "", "meta: the count of feedback records",
                        absl::StrCat(counted), absl::StrCat(decoded_)};
    });
  }

  std::string SurveyId() const { return survey_ == nullptr ? "" : survey_->id(); }

  VerifyRun& run_;
  TaskSurveys::const_iterator next_;
  std::optional<uint32_t> number_;
  const TaskSurvey* survey_ = nullptr;
  std::unique_ptr<CubeComparison> comparison_;  // Of `survey_`.
  std::unique_ptr<ColumnComparison> columns_;   // Of `survey_`; null: it has none.
  ZoneCheck zones_;                             // Of `survey_`.
  store::v1::StoredFeedback body_;
  std::string id_start_;
  std::set<uint32_t> customers_of_start_;
  int64_t decoded_ = 0;
  int64_t undecodable_ = 0;
};

// Rows that the comparison never meets.
absl::Status CheckRowKeys(VerifyRun& run) {
  RETURN_IF_ERROR(run.steps.Begin("cube"));
  return ScanFamily(
      run.engine, run.view, Family::kCubeRow, [&](absl::string_view key, absl::string_view) {
        RETURN_IF_ERROR(run.steps.Step());
        if (RowOfSurvey(key, run.surveys).has_value()) {
          return absl::OkStatus();
        }
        return run.Report([&] {
          Difference difference = Undecodable("cell", key);
          if (const auto row = CubeRowKey::Decode(key)) {
            difference = {DifferenceKind::kUnknownSurvey, "",
                          absl::StrCat("row of the cube: survey ", run.NameOf(row->survey_number),
                                       ", ", NameOfBucket(row->unit, row->bucket)),
                          "a row", ""};
          }
          return difference;
        });
      });
}

}  // namespace

absl::Status CheckRecords(VerifyRun& run) {
  RETURN_IF_ERROR(RecordCheck(run).Run());
  return CheckRowKeys(run);
}

}  // namespace emptychair::storage
