// Texts as files for the parts of an import.
#ifndef EMPTYCHAIR_TESTS_CHAIRCTL_IMPORT_READER_HARNESS_H_
#define EMPTYCHAIR_TESTS_CHAIRCTL_IMPORT_READER_HARNESS_H_

#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tools/chairctl/import/import_rules.h"
#include "tools/chairctl/rows/dialect.h"
#include "tools/chairctl/rows/row_reader.h"
#include "tools/chairctl/rows/text_source.h"

namespace emptychair {

// A file that is open and can be read row by row.
struct OpenFile {
  std::istringstream in;
  std::unique_ptr<TextSource> source;
  Dialect dialect;
  std::unique_ptr<RowReader> reader;
};

// Opens `text` with what `rules` say of its form. The test has failed when it cannot be opened.
inline std::unique_ptr<OpenFile> OpenText(const std::string& text, const ImportRules& rules = {},
                                          const std::string& name = "") {
  auto file = std::make_unique<OpenFile>();
  file->in.str(text);
  auto source = TextSource::Open(file->in, rules.encoding);
  EXPECT_TRUE(source.ok()) << source.status();
  file->source = *std::move(source);
  const auto dialect = FindDialect(file->source->start(), name, rules.dialect);
  EXPECT_TRUE(dialect.ok()) << dialect.status();
  file->dialect = *dialect;
  file->reader = RowReader::Create(*file->source, file->dialect, rules.skip_rows);
  const absl::Status opened = file->reader->Open();
  EXPECT_TRUE(opened.ok()) << opened;
  return file;
}

// All rows as "LINE[name=value …]" with the values that are there, a bad one as "LINE!message".
inline std::vector<std::string> RowsOf(RowReader& reader) {
  std::vector<std::string> rows;
  Row row;
  while (reader.Next(row)) {
    if (!row.status.ok()) {
      rows.push_back(absl::StrCat(row.line, "!", row.status.message()));
      continue;
    }
    std::string text = absl::StrCat(row.line, "[");
    for (size_t i = 0; i < row.cells.size(); ++i) {
      if (row.cells[i].kind != Cell::Kind::kAbsent) {
        absl::StrAppend(&text, text.back() == '[' ? "" : " ", reader.columns()[i], "=",
                        row.cells[i].kind == Cell::Kind::kText      ? row.cells[i].text
                        : row.cells[i].kind == Cell::Kind::kInexact ? "(inexact)"
                                                                    : "(not plain)");
      }
    }
    rows.push_back(text + "]");
  }
  return rows;
}

// The rules that flags `NAME=VALUE` make. The test has failed when they are refused.
inline ImportRules RulesOf(const std::vector<std::pair<std::string, std::string>>& flags,
                           RecordType type = RecordType::kFeedback) {
  std::vector<GivenFlag> given;
  for (const auto& [name, value] : flags) {
    given.push_back({name, value, "flag"});
  }
  absl::StatusOr<ImportRules> rules = ReadRules(type, std::move(given));
  EXPECT_TRUE(rules.ok()) << rules.status();
  return rules.ok() ? *std::move(rules) : ImportRules();
}

}  // namespace emptychair

#endif  // EMPTYCHAIR_TESTS_CHAIRCTL_IMPORT_READER_HARNESS_H_
