// Files to import: whatever is in them, each row becomes a record or is rejected, and what is
// rejected can be written and read again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <sstream>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "tools/chairctl/base/csv.h"
#include "tools/chairctl/rows/csv_reader.h"
#include "tools/chairctl/rows/dialect.h"
#include "tools/chairctl/rows/row_reader.h"
#include "tools/chairctl/rows/text_source.h"
#include "tools/chairctl/targets/activity_builder.h"
#include "tools/chairctl/targets/feedback_builder.h"

namespace emptychair {
namespace {

void Demand(bool holds) {
  if (!holds) {
    std::abort();
  }
}

absl::StatusOr<std::unique_ptr<RecordBuilder>> MakeBuilder(const ImportRules& rules,
                                                           RecordLayout layout) {
  if (rules.type == RecordType::kActivity) {
    return ActivityBuilder::Create(rules, {}, std::move(layout));
  }
  v1::Survey survey;
  survey.set_survey_id("pulse");
  return FeedbackBuilder::Create(rules, survey, absl::UTCTimeZone(), std::move(layout));
}

// Reads a file as an import does, with the encoding, the form and the type of record that `choice`
// stands for.
void Import(const std::string& text, uint8_t choice) {
  constexpr const char* kEncodings[] = {"", "utf-16", "windows-1252", "utf-16be"};
  constexpr const char* kFormats[] = {"", "csv", "json"};
  std::istringstream in(text);
  const auto source = TextSource::Open(in, kEncodings[choice % 4]);
  if (!source.ok()) {
    return;
  }
  const auto dialect = FindDialect((*source)->start(), "", {.format = kFormats[choice / 4 % 3]});
  if (!dialect.ok()) {
    return;
  }
  const std::unique_ptr<RowReader> reader = RowReader::Create(**source, *dialect, 0);
  if (!reader->Open().ok()) {
    return;
  }
  ImportRules rules;
  rules.type = choice / 12 % 2 == 0 ? RecordType::kFeedback : RecordType::kActivity;
  rules.time_is_now = true;
  const ColumnMatcher matcher(rules, {"channel"});
  auto columns = matcher.Match(reader->columns());
  if (!columns.ok()) {
    return;
  }
  auto builder = MakeBuilder(rules, {.columns = *std::move(columns)});
  Demand(builder.ok());
  Row row;
  BuiltRecord built;
  for (int64_t line = 0; reader->Next(row); line = row.line) {
    Demand(row.line >= line);
    (*builder)->Build(row.Copy(), built);
    if (!built.status.ok()) {
      const std::string rejected = reader->RejectedRow(reader->Keep(row), row.line, "no", "id", {});
      Demand(!rejected.empty() && rejected.back() == '\n');
    }
  }
}

// What CsvLine writes of a row reads back cell by cell.
void WriteAndReadBack(const std::string& text) {
  const auto all_at_once = [](std::string content) {
    return [content = std::move(content)](std::string& out) mutable {
      out += std::exchange(content, "");
      return false;
    };
  };
  CsvReader reader(all_at_once(text), ',');
  CsvRow row;
  if (!reader.Next(row) || !row.status.ok()) {
    return;
  }
  const std::vector<std::string> cells = [&row] {
    std::vector<std::string> copy;
    for (const absl::string_view cell : row.cells) {
      copy.emplace_back(cell);
    }
    return copy;
  }();
  CsvReader again(all_at_once(CsvLine(cells)), ',');
  Demand(again.Next(row) && row.status.ok() && row.cells.size() == cells.size());
  for (size_t i = 0; i < cells.size(); ++i) {
    Demand(row.cells[i] == cells[i]);
  }
}

}  // namespace
}  // namespace emptychair

// The first byte chooses encoding, form and type of record.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) {
    return 0;
  }
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  emptychair::Import(text, data[0]);
  emptychair::WriteAndReadBack(text);
  return 0;
}
