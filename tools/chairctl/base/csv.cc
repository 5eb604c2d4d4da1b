#include "tools/chairctl/base/csv.h"

#include <algorithm>

namespace emptychair {

void AppendCsvField(absl::string_view field, std::string& line) {
  const auto is_special = [](char c) { return c == ',' || c == '"' || c == '\r' || c == '\n'; };
  if (std::none_of(field.begin(), field.end(), is_special)) {
    line.append(field.data(), field.size());
    return;
  }
  const auto quotes = static_cast<size_t>(std::count(field.begin(), field.end(), '"'));
  const size_t begin = line.size();
  line.resize(begin + field.size() + quotes + 2, '"');
  char* next = line.data() + begin + 1;
  for (const char c : field) {
    *next = c;
    next += c == '"' ? 2 : 1;  // The second is there.
  }
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
