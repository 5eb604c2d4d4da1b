// Records for the service out of rows of a file: what answers and activities have in common.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_IMPORT_RECORD_BUILDER_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_IMPORT_RECORD_BUILDER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/map.h"
#include "tools/chairctl/import/columns.h"
#include "tools/chairctl/import/derived_ids.h"
#include "tools/chairctl/import/import_record.h"
#include "tools/chairctl/import/import_rules.h"
#include "tools/chairctl/import/time_reader.h"
#include "tools/chairctl/rows/row_reader.h"

namespace emptychair {

// Where a record's id comes from.
enum class IdOrigin { kGiven, kContent, kKeys };

// What became of a row.
struct BuiltRecord {
  ImportRecord record;
  // Why the row is rejected.
  absl::Status status;
  // A condition leaves the row out.
  bool is_skipped = false;
  IdOrigin id_origin = IdOrigin::kGiven;
  // Bit i: constant i of the rules stands for what the row does not have.
  uint64_t constants = 0;
  // The row says neither when it was nor an id that has its time.
  bool is_without_time = false;

  const v1::Feedback& feedback() const { return std::get<v1::Feedback>(record); }
  const v1::Activity& activity() const { return std::get<v1::Activity>(record); }
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

// How a record's times are read, and the time of rows that have none, where --set says one.
struct RecordTimes {
  TimeReader reader;
  std::optional<absl::Time> constant;

  // FIELD_INVALID for a format or a constant that cannot be read.
  static absl::StatusOr<RecordTimes> Create(const ImportRules& rules, absl::TimeZone zone);
};

// Makes the records of one file, whose rows are given in their order: what all types of record have
// in common. Not thread-safe.
class RecordBuilder {
 public:
  static constexpr size_t kConstantsMax = 64;

  virtual ~RecordBuilder() = default;

  // A builder of its own that goes on where this one is.
  virtual std::unique_ptr<RecordBuilder> Clone() const = 0;

  // Reads a column more from now on.
  void AddColumn(const ColumnUse& use);

  // The record of `row`, in place of what `built` was.
  void Build(const Row& row, BuiltRecord& built);

  // Whether the row is one of another survey or kind that was not asked for.
  bool IsOfAnother(const Row& row) const;

  const RecordLayout& layout() const { return layout_; }
  DerivedIds& ids() { return ids_; }
  const DerivedIds& ids() const { return ids_; }
  // The text that the row has for a field, before anything is made of it; empty when there is none.
  absl::string_view TextOf(const Row& row, RecordField field) const;

  // What a row that was rejected before it became a record gets as its id, so that the mended one
  // is a new record. Empty when the row says its id itself, or will by --id-from.
  std::string IdOfRejected(const Row& row, const std::vector<std::string>& kept) const;

 protected:
  // `owner_field` says in which survey or kind a row belongs, and `owner` is the one that was asked
  // for; empty: any. `rules` must outlive the builder.
  RecordBuilder(const ImportRules& rules, RecordField owner_field, std::string owner,
                RecordLayout layout);
  RecordBuilder(const RecordBuilder&) = default;

  // What Create of each type begins with: FIELD_INVALID for more than `kConstantsMax` constants.
  absl::Status TakeColumns();

  // Makes `record` an empty one.
  virtual void Begin(ImportRecord& record) = 0;
  // Reads the text of a field, which is not empty.
  virtual absl::Status SetField(const TargetField& field, absl::string_view text,
                                ImportRecord& record) = 0;
  // Puts together what several fields say, once all are read.
  virtual absl::Status Complete(ImportRecord& record) = 0;
  // Sets a field to a constant where the record has none; whether it did.
  virtual bool SetConstant(const TargetField& field, const std::string& value,
                           ImportRecord& record) const = 0;
  // Checks what no field says wrong, once all that rows and flags say is there.
  virtual absl::Status Check(const ImportRecord& record) const = 0;
  virtual absl::StatusOr<const RecordTimes*> TimesOf(const ImportRecord& record) = 0;
  virtual void SetTime(absl::Time time, ImportRecord& record) const = 0;
  // Whether the record has an id, and one that says its time.
  virtual bool HasId(const ImportRecord& record) const = 0;
  virtual bool HasIdWithTime(const ImportRecord& record) const = 0;
  // Gives the record the id that is made of its content, or of the values of some columns.
  virtual void SetIdOfContent(ImportRecord& record) = 0;
  virtual void SetIdOfKeys(const std::vector<std::string>& keys, ImportRecord& record) const = 0;

  absl::Status SetLabels(absl::string_view key, absl::string_view text,
                         google::protobuf::Map<std::string, std::string>& labels) const;

  const ImportRules& rules() const { return rules_; }
  const std::string& owner() const { return owner_; }

 private:
  struct Target {
    TargetField field;
    // What words stand for; null: nothing.
    const absl::flat_hash_map<std::string, std::string>* values = nullptr;
    size_t column = 0;
  };

  absl::Status CheckConditionCells(const Row& row) const;
  bool FitsConditions(const Row& row) const;
  absl::StatusOr<absl::string_view> ValueOf(const Row& row, const Target& target) const;
  absl::Status ReadFields(const Row& row, BuiltRecord& built);
  absl::Status ReadTime(const Row& row, BuiltRecord& built);
  absl::StatusOr<std::string> TimeText(const Row& row) const;
  void SetConstants(BuiltRecord& built) const;
  absl::Status SetId(const Row& row, BuiltRecord& built);

  const ImportRules& rules_;
  const RecordField owner_field_;
  const std::string owner_;
  RecordLayout layout_;
  std::vector<Target> targets_;
  std::vector<Target> time_targets_;
  bool takes_all_owners_ = false;
  DerivedIds ids_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_IMPORT_RECORD_BUILDER_H_
