#include "tools/chairctl/base/csv.h"

#include <algorithm>


namespace emptychair {

void AppendCsvField(absl::string_view field, std::string& line) {
  const auto is_special = [](char c) { return c == ',' || c == '"' || c == '\r' || c == '\n'; };
  if (std::none_of(field.begin(), field.end(), is_special)) {
    line.append(field.data(), field.size());
    return;
  }
  line.push_back('"');
  for (const char c : field) {
    line.append(c == '"' ? 2 : 1, c);
  }
  line.push_back('"');
}

std::string CsvLine(const std::vector<std::string>& fields) {
  std::string line;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) {
      line.push_back(',');
    }
    AppendCsvField(fields[i], line);
  }
  line.push_back('\n');
  return line;
}

}  // namespace emptychair
