// Records for the service out of rows of a file.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_IMPORT_RECORD_BUILDER_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_IMPORT_RECORD_BUILDER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "emptychair/v1/feedback_service.pb.h"
#include "emptychair/v1/survey_service.pb.h"
#include "tools/chairctl/import/columns.h"
#include "tools/chairctl/import/derived_ids.h"
#include "tools/chairctl/import/import_rules.h"
#include "tools/chairctl/import/row_reader.h"
#include "tools/chairctl/import/time_reader.h"

namespace emptychair {

// Where a record's id comes from.
enum class IdOrigin { kGiven, kAnswer, kKeys };

// What became of a row.
struct BuiltRecord {
  v1::Feedback feedback;
  // Why the row is rejected.
  absl::Status status;
  // A condition leaves the row out.
  bool is_skipped = false;
  IdOrigin id_origin = IdOrigin::kGiven;
  // Bit i: constant i of the rules stands for what the row does not have.
  uint64_t constants = 0;
  // The row says neither when they answered nor a feedback_id.
  bool is_without_time = false;
};

// What is known of a file before its rows become records.
struct RecordLayout {
  Columns columns;
  // Of each condition of the rules, and of each column of --id-from.
  std::vector<size_t> where;
  std::vector<size_t> id_from;
  // The file is an export of this service: what it has is taken as it is, outer blanks too.
  bool is_export = false;
};

// Makes the records of one file, whose rows are given in their order. Not thread-safe.
class RecordBuilder {
 public:
  static constexpr size_t kConstantsMax = 64;

  // FIELD_INVALID for constants that cannot be read, and for more than `kConstantsMax`. `rules`
  // must outlive the builder.
  static absl::StatusOr<RecordBuilder> Create(const ImportRules& rules, const v1::Survey& survey,
                                              TimeReader times, RecordLayout layout);

  // Reads a column more from now on.
  void AddColumn(const ColumnUse& use);

  // The record of `row`, in place of what `built` was.
  void Build(const Row& row, BuiltRecord& built);

  // Whether the row is one of another survey that was not asked for.
  bool IsOfAnotherSurvey(const Row& row) const;

  const RecordLayout& layout() const { return layout_; }
  DerivedIds& ids() { return ids_; }
  // The text that the row has for a field, before anything is made of it; empty when there is none.
  absl::string_view TextOf(const Row& row, RecordField field) const;

  // What a row that was rejected before it became a record gets as its `external_id`, so that the
  // mended one is a new answer. Empty when the row says its id itself, or will by --id-from.
  std::string IdOfRejected(const Row& row, const std::vector<std::string>& kept) const;

 private:
  struct Target {
    TargetField field;
    // What words stand for; null: nothing.
    const absl::flat_hash_map<std::string, std::string>* values = nullptr;
    size_t column = 0;
  };
  struct Exclusion {
    absl::string_view note;
    absl::string_view time;
  };

  RecordBuilder(const ImportRules& rules, const v1::Survey& survey, TimeReader times,
                RecordLayout layout);

  absl::Status ReadConstants();
  absl::Status CheckConditionCells(const Row& row) const;
  bool FitsConditions(const Row& row) const;
  absl::StatusOr<absl::string_view> ValueOf(const Row& row, const Target& target) const;
  absl::Status ReadFields(const Row& row, BuiltRecord& built);
  absl::Status SetField(const Target& target, absl::string_view value, v1::Feedback& feedback);
  absl::Status SetScore(absl::string_view value, v1::Feedback& feedback) const;
  absl::Status SetTime(const Row& row, BuiltRecord& built) const;
  absl::StatusOr<std::string> TimeText(const Row& row) const;
  absl::Status SetExclusion(v1::Feedback& feedback) const;
  void SetConstants(BuiltRecord& built) const;
  absl::Status SetId(const Row& row, BuiltRecord& built);

  const ImportRules& rules_;
  const v1::Survey survey_;
  const TimeReader times_;
  RecordLayout layout_;
  std::vector<Target> targets_;
  std::vector<Target> time_targets_;
  std::optional<absl::Time> constant_time_;
  size_t constant_time_index_ = 0;
  bool takes_all_surveys_ = false;
  DerivedIds ids_;
  // Of the row that is being read.
  Exclusion exclusion_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_IMPORT_RECORD_BUILDER_H_
