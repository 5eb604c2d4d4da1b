// What the rows of a file become: the one interface between an import and the types of record.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_IMPORT_IMPORT_TARGET_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_IMPORT_IMPORT_TARGET_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "emptychair/client/client.h"
#include "tools/chairctl/base/session.h"
#include "tools/chairctl/import/derived_ids.h"
#include "tools/chairctl/import/import_plan.h"
#include "tools/chairctl/import/import_record.h"
#include "tools/chairctl/import/import_rules.h"
#include "tools/chairctl/import/odd_values.h"
#include "tools/chairctl/import/record_builder.h"
#include "tools/chairctl/import/record_sender.h"

namespace emptychair {

// Where records go, such as a survey. Not thread-safe. The rules that are given must outlive the
// target.
class ImportTarget {
 public:
  virtual ~ImportTarget() = default;

  // The file's type of record.
  virtual RecordType type() const = 0;
  // `the survey`, for sentences.
  virtual absl::string_view name() const = 0;
  // The field of the ids that are given or derived, and the one whose rejected values are counted.
  virtual RecordField id_field() const = 0;
  virtual RecordField value_field() const = 0;

  // Asks the service what has to be known before the file is understood. On failure reports it and
  // answers the exit code.
  virtual std::optional<int> Ask(Session& session, const ImportRules& rules) = 0;

  // Keys of labels whose columns can have the key alone as their name.
  virtual std::vector<std::string> dimensions() const = 0;

  // FIELD_REQUIRED and FIELD_INVALID say what the columns lack, and which flag helps.
  virtual absl::Status CheckLayout(const ImportRules& rules, const RecordLayout& layout,
                                   const std::vector<std::string>& names) const = 0;

  // FIELD_INVALID for flags that cannot be read.
  virtual absl::StatusOr<std::unique_ptr<RecordBuilder>> MakeBuilder(const ImportRules& rules,
                                                                     RecordLayout layout) const = 0;

  virtual OddValues MakeOddValues() const = 0;
  // Looks at a record of the first rows. Whether it lacks a value that others have.
  virtual bool LacksValue(const RecordLayout& layout, const ImportRecord& record) const = 0;

  // Zone and kinds, once the first records were seen.
  virtual void Describe(const ImportRules& rules, const std::vector<std::string>& kinds,
                        ImportPlan& plan) const = 0;

  // Whether more of the records, whose ids are all derived, are stored under another id of the same
  // source than under their own. Errors of the service as they come.
  virtual absl::StatusOr<bool> WasImportedOtherwise(
      const Client& client, const DerivedIds& ids,
      const std::vector<ImportRecord>& records) const = 0;

  // Both must outlive the sender.
  virtual std::unique_ptr<RecordSender> MakeSender(const Client& client, SenderOptions options) = 0;

  // Makes the stored record say what `record` does, but for what constants stand for (bit i:
  // constant i of the rules). Whether anything was changed; errors of the service.
  virtual absl::StatusOr<bool> Update(const Client& client, const ImportRules& rules,
                                      ImportRecordView record, uint64_t constants) const = 0;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_IMPORT_IMPORT_TARGET_H_
