// Files to import: whatever is in them, each row becomes a record or is rejected, and what is
// rejected can be written and read again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <sstream>
#include <string>

#include "absl/time/time.h"
#include "tools/chairctl/base/csv.h"
#include "tools/chairctl/records/feedback_builder.h"
#include "tools/chairctl/records/import_reader.h"

namespace emptychair {
namespace {

void Demand(bool holds) {
  if (!holds) {
    std::abort();
  }
}

void Import(ImportReader& reader) {
  if (!reader.Open().ok() || !reader.Bind({}).ok()) {
    return;
  }
  FeedbackBuilder builder("pulse", absl::UTCTimeZone(), "");
  int64_t line = 0;
  while (const std::optional<Row> row = reader.Next()) {
    Demand(row->line > line);
    line = row->line;
    if (row->status.ok() && builder.Build(*row).ok()) {
      continue;
    }
    const std::string rejected = reader.RejectedRow(*row, "no");
    Demand(!rejected.empty() && rejected.back() == '\n');
  }
}

// What CsvLine writes reads back field by field.
void WriteAndReadBack(const std::string& text) {
  std::istringstream in(text);
  CsvReader reader(in);
  if (!reader.ReadHeader().ok()) {
    return;
  }
  std::istringstream written(CsvLine(reader.columns()));
  CsvReader again(written);
  Demand(again.ReadHeader().ok() && again.columns() == reader.columns());
}

}  // namespace
}  // namespace emptychair

// The first byte chooses the form.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) {
    return 0;
  }
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::istringstream in(text);
  if (data[0] % 2 == 0) {
    emptychair::Import(*emptychair::ImportReader::ForCsv(in));
    emptychair::WriteAndReadBack(text);
  } else {
    emptychair::Import(*emptychair::ImportReader::ForJsonLines(in));
  }
  return 0;
}
