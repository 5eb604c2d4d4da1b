// What an import has understood of a file, said before anything is sent.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_IMPORT_IMPORT_PLAN_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_IMPORT_IMPORT_PLAN_H_

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "tools/chairctl/base/session.h"
#include "tools/chairctl/import/import_rules.h"
#include "tools/chairctl/rows/dialect.h"

namespace emptychair {

struct ImportPlan {
  RecordType type = RecordType::kFeedback;
  struct Column {
    std::string field;
    std::string column;
    // How it was found.
    std::string how;
  };
  std::vector<Column> columns;
  std::vector<std::string> unused;
  // Columns of an export that the server sets anew.
  std::vector<std::string> left_out;
  Dialect dialect;
  std::string encoding;
  std::string zone;
  // `--time-zone`, or the survey or kind.
  std::string zone_from;
  // Of activities: each kind of the first rows, and whether the import declares it.
  std::vector<std::string> kinds;
  // Where ids come from, in words.
  std::string ids;
  // An export of this service, whose texts are taken as they are.
  bool is_export = false;
  // Among the first rows, of which there are `rows`.
  int64_t rows = 0;
  // Without a score or an amount.
  int64_t rows_without_value = 0;
  int64_t rows_without_time = 0;
  std::vector<GivenFlag> flags;
  std::vector<std::string> odd;
};

// What became of the rows of a file: `read` is the sum of the others.
struct ImportSummary {
  int64_t accepted = 0;
  int64_t already_existed = 0;
  int64_t updated = 0;
  int64_t rejected = 0;
  int64_t skipped = 0;
  // Of a dry run: rows that would be sent.
  int64_t sendable = 0;

  int64_t read() const {
    return accepted + already_existed + updated + rejected + skipped + sendable;
  }
};

// The plan for people: a table and facts below it, or one fact a line.
void PrintPlan(const ImportPlan& plan, bool as_table, std::ostream& out);

// The plan of a dry run, and the counts of the whole file.
void PrintDryRun(const ImportPlan& plan, const ImportSummary& summary, const Session& session);

// The counts that an import ends with, and its id.
void PrintSummary(const ImportSummary& summary, const std::string& import_id,
                  const Session& session);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_IMPORT_IMPORT_PLAN_H_
