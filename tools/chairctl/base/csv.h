// CSV as RFC 4180 defines it.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_BASE_CSV_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_BASE_CSV_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace emptychair {

// Appends `field` to a line of CSV: quoted where needed.
void AppendCsvField(absl::string_view field, std::string& line);

// `fields` as a line of CSV, with its LF.
std::string CsvLine(const std::vector<std::string>& fields);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_BASE_CSV_H_
