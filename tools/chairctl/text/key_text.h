// Keys and callers, for people and as CSV.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_KEY_TEXT_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_KEY_TEXT_H_

#include <ostream>
#include <vector>

#include "emptychair/v1/access_service.pb.h"
#include "tools/chairctl/base/csv_writer.h"
#include "tools/chairctl/base/output.h"

namespace emptychair {

// One key: for CSV all its fields, always the same, with times in three digits; for a table those
// that are set, with times as people read them. Times are in UTC.
TextFields KeyFields(const v1::Key& key, OutputFormat format);

// Keys, one a row. The table has when each was revoked if `shows_revoked`.
void PrintKeysTable(const std::vector<v1::Key>& keys, bool shows_revoked, std::ostream& out);
void PrintKeysCsv(const std::vector<v1::Key>& keys, CsvWriter& csv);

// Who a caller is and what it may do.
TextFields CallerFields(const v1::GetCallerResponse& caller);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_KEY_TEXT_H_
