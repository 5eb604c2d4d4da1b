// What is understood of a file, or why it is refused.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_IMPORT_UNDERSTANDING_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_IMPORT_UNDERSTANDING_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tools/chairctl/import/import_plan.h"
#include "tools/chairctl/import/import_record.h"
#include "tools/chairctl/import/import_rules.h"
#include "tools/chairctl/import/import_target.h"
#include "tools/chairctl/import/record_builder.h"
#include "tools/chairctl/rows/row_reader.h"
#include "tools/chairctl/rows/text_source.h"

namespace emptychair {

// Reads the first rows of a file: 1,000, or as many as have 64 KiB if that is more.
std::vector<Row> ReadFirstRows(RowReader& reader);

// The layout of a file with these columns. FIELD_INVALID and FIELD_REQUIRED say what is missing or
// not understood, and which flag helps.
absl::StatusOr<RecordLayout> FindLayout(const ImportRules& rules, const ImportTarget& target,
                                        const ColumnMatcher& matcher,
                                        const std::vector<std::string>& names);

// What the first rows say of the file.
struct FirstRecords {
  // Those whose ids are derived.
  std::vector<ImportRecord> derived;
  // The kinds of activities, each once.
  std::vector<std::string> kinds;
  // Rows without a value that others have: score or amount.
  int64_t without_value = 0;
  int64_t without_time = 0;
  std::vector<std::string> odd;
};

// Makes records of the first rows with a builder of their own. FIELD_INVALID when one is of another
// survey or kind; FIELD_REQUIRED when none of the amounts says its currency.
absl::StatusOr<FirstRecords> LookAtFirstRows(const ImportTarget& target,
                                             const RecordBuilder& builder,
                                             const std::vector<Row>& rows);

// The plan, but for zone and kinds.
ImportPlan MakePlan(const ImportRules& rules, const TextSource& source, const Dialect& dialect,
                    const RecordLayout& layout, const std::vector<std::string>& names,
                    const FirstRecords& first);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_IMPORT_UNDERSTANDING_H_
