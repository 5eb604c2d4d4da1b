// What is understood of a file, or why it is refused.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_IMPORT_UNDERSTANDING_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_IMPORT_UNDERSTANDING_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "emptychair/v1/survey_service.pb.h"
#include "tools/chairctl/import/import_plan.h"
#include "tools/chairctl/import/import_rules.h"
#include "tools/chairctl/import/record_builder.h"
#include "tools/chairctl/import/row_reader.h"
#include "tools/chairctl/import/text_source.h"

namespace emptychair {

// Reads the first rows of a file: 1,000, or as many as have 64 KiB if that is more.
std::vector<Row> ReadFirstRows(RowReader& reader);

// The layout of a file with these columns. FIELD_INVALID and FIELD_REQUIRED say what is missing or
// not understood, and which flag helps.
absl::StatusOr<RecordLayout> FindLayout(const ImportRules& rules, const v1::Survey& survey,
                                        const ColumnMatcher& matcher,
                                        const std::vector<std::string>& names);

// What the first rows say of the file.
struct FirstRecords {
  // Those whose ids are derived.
  std::vector<v1::Feedback> derived;
  int64_t without_score = 0;
  int64_t without_time = 0;
  std::vector<std::string> odd;
};

// Makes records of the first rows with a builder of their own. FIELD_INVALID when one is of another
// survey.
absl::StatusOr<FirstRecords> LookAtFirstRows(const v1::Survey& survey, RecordBuilder builder,
                                             const std::vector<Row>& rows);

// The plan, but for the zone.
ImportPlan MakePlan(const ImportRules& rules, const TextSource& source, const Dialect& dialect,
                    const RecordLayout& layout, const std::vector<std::string>& names,
                    const FirstRecords& first);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_IMPORT_UNDERSTANDING_H_
