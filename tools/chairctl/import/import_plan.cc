#include "tools/chairctl/import/import_plan.h"

#include <functional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/errors.h"
#include "tools/chairctl/records/json_text.h"

namespace emptychair {
namespace {

std::string QuotedList(const std::vector<std::string>& texts) {
  return absl::StrJoin(texts, ", ", [](std::string* out, const std::string& text) {
    absl::StrAppend(out, Quoted(text));
  });
}

std::string FlagText(const GivenFlag& flag) {
  const bool is_switch = KindOfImportFlag(flag.name) == ImportFlagKind::kSwitch;
  return is_switch && flag.value == "true" ? absl::StrCat("--", flag.name)
                                           : absl::StrCat("--", flag.name, " ", flag.value);
}

// All that is no column, in the order in which it is shown.
TextFields Facts(const ImportPlan& plan) {
  TextFields facts;
  if (!plan.unused.empty()) {
    facts.emplace_back("columns not used", QuotedList(plan.unused));
  }
  if (!plan.left_out.empty()) {
    facts.emplace_back("columns left out", QuotedList(plan.left_out));
  }
  facts.emplace_back("form", FormName(plan.dialect.form));
  if (plan.dialect.form == FileForm::kCsv) {
    facts.emplace_back("delimiter", DelimiterName(plan.dialect.delimiter));
    facts.emplace_back("header", absl::StrCat("line ", plan.dialect.header_line));
  }
  facts.emplace_back("encoding", plan.encoding);
  if (!plan.dialect.line_ends.empty()) {
    facts.emplace_back("line ends", plan.dialect.line_ends);
  }
  facts.emplace_back("time zone", absl::StrCat(plan.zone, " (", plan.zone_from, ")"));
  for (const std::string& kind : plan.kinds) {
    facts.emplace_back("kind", kind);
  }
  facts.emplace_back("ids", plan.ids);
  if (plan.is_export) {
    facts.emplace_back("texts", "as they are: the file is an export");
  }
  if (plan.rows_without_value > 0) {
    facts.emplace_back(plan.type == RecordType::kFeedback ? "without score" : "without amount",
                       absl::StrCat(plan.rows_without_value, " of the first ", plan.rows, " rows"));
  }
  if (plan.rows_without_time > 0) {
    facts.emplace_back("without time",
                       absl::StrCat(plan.rows_without_time, " of the first ", plan.rows, " rows"));
  }
  for (const GivenFlag& flag : plan.flags) {
    facts.emplace_back("flag", flag.source == "flag"
                                   ? FlagText(flag)
                                   : absl::StrCat(FlagText(flag), " (", flag.source, ")"));
  }
  for (const std::string& odd : plan.odd) {
    facts.emplace_back("look at", odd);
  }
  return facts;
}

std::string JsonString(absl::string_view text) {
  std::string json;
  AppendJsonString(text, json);
  return json;
}

std::string JsonList(const std::vector<std::string>& texts) {
  return absl::StrCat("[",
                      absl::StrJoin(texts, ", ",
                                    [](std::string* out, const std::string& text) {
                                      absl::StrAppend(out, JsonString(text));
                                    }),
                      "]");
}

std::string JsonColumns(const ImportPlan& plan) {
  std::vector<std::string> columns;
  for (const ImportPlan::Column& column : plan.columns) {
    columns.push_back(absl::StrCat("{\"field\": ", JsonString(column.field),
                                   ", \"column\": ", JsonString(column.column),
                                   ", \"foundBy\": ", JsonString(column.how), "}"));
  }
  return absl::StrCat("[", absl::StrJoin(columns, ", "), "]");
}

std::string JsonFlags(const ImportPlan& plan) {
  std::vector<std::string> flags;
  for (const GivenFlag& flag : plan.flags) {
    flags.push_back(absl::StrCat("{\"flag\": ", JsonString(flag.name),
                                 ", \"value\": ", JsonString(flag.value),
                                 ", \"source\": ", JsonString(flag.source), "}"));
  }
  return absl::StrCat("[", absl::StrJoin(flags, ", "), "]");
}

std::string JsonPlan(const ImportPlan& plan, const ImportSummary& summary) {
  std::vector<std::string> members = {
      absl::StrCat("\"columns\": ", JsonColumns(plan)),
      absl::StrCat("\"unused\": ", JsonList(plan.unused)),
      absl::StrCat("\"leftOut\": ", JsonList(plan.left_out)),
      absl::StrCat("\"form\": ", JsonString(FormName(plan.dialect.form))),
      absl::StrCat("\"delimiter\": ", plan.dialect.form == FileForm::kCsv
                                          ? JsonString(DelimiterName(plan.dialect.delimiter))
                                          : "null"),
      absl::StrCat("\"headerLine\": ",
                   plan.dialect.form == FileForm::kCsv ? plan.dialect.header_line : 0),
      absl::StrCat("\"encoding\": ", JsonString(plan.encoding)),
      absl::StrCat("\"lineEnds\": ", JsonString(plan.dialect.line_ends)),
      absl::StrCat("\"timeZone\": ", JsonString(plan.zone)),
      absl::StrCat("\"timeZoneFrom\": ", JsonString(plan.zone_from)),
      absl::StrCat("\"ids\": ", JsonString(plan.ids)),
      absl::StrCat(
          plan.type == RecordType::kFeedback ? "\"withoutScore\": " : "\"withoutAmount\": ",
          plan.rows_without_value),
      absl::StrCat("\"withoutTime\": ", plan.rows_without_time),
      absl::StrCat("\"isExport\": ", plan.is_export ? "true" : "false"),
      absl::StrCat("\"flags\": ", JsonFlags(plan)),
      absl::StrCat("\"lookAt\": ", JsonList(plan.odd)),
      absl::StrCat("\"read\": ", summary.read()),
      absl::StrCat("\"rejected\": ", summary.rejected),
      absl::StrCat("\"skipped\": ", summary.skipped)};
  if (plan.type == RecordType::kActivity) {
    members.push_back(absl::StrCat("\"kinds\": ", JsonList(plan.kinds)));
  }
  return absl::StrCat("{", absl::StrJoin(members, ",\n "), "}\n");
}

}  // namespace

void PrintPlan(const ImportPlan& plan, bool as_table, std::ostream& out) {
  if (!as_table) {
    for (const ImportPlan::Column& column : plan.columns) {
      out << Printable(absl::StrCat("column: ", Quoted(column.column), " is ", column.field, " (",
                                    column.how, ")"))
          << "\n";
    }
    for (const auto& [name, value] : Facts(plan)) {
      out << Printable(absl::StrCat(name, ": ", TextOf(value))) << "\n";
    }
    return;
  }
  Table table;
  table.AddColumn("field", Table::Align::kLeft);
  table.AddColumn("column", Table::Align::kLeft);
  table.AddColumn("found by", Table::Align::kLeft);
  for (const ImportPlan::Column& column : plan.columns) {
    table.AddRow({column.field, column.column, column.how});
  }
  table.Print(out);
  out << "\n";
  PrintFields(Facts(plan), out);
}

void PrintDryRun(const ImportPlan& plan, const ImportSummary& summary, const Session& session) {
  std::ostream& out = session.out();
  const TextFields counts = {{"read", absl::StrCat(summary.read())},
                             {"rejected", absl::StrCat(summary.rejected)},
                             {"skipped", absl::StrCat(summary.skipped)}};
  if (session.format == OutputFormat::kJson) {
    out << JsonPlan(plan, summary);
    return;
  }
  if (session.format == OutputFormat::kCsv) {
    CsvWriter csv = session.csv();
    csv.Write({"fact", "value"});
    for (const ImportPlan::Column& column : plan.columns) {
      csv.Write({"column", absl::StrCat(column.field, "=", column.column, " (", column.how, ")")});
    }
    TextFields facts = Facts(plan);
    facts.insert(facts.end(), counts.begin(), counts.end());
    for (const auto& [name, value] : facts) {
      csv.Write({name, value});
    }
    return;
  }
  PrintPlan(plan, session.environment.out_is_terminal, out);
  for (const auto& [name, value] : counts) {
    out << name << ": " << TextOf(value) << "\n";
  }
}

void PrintSummary(const ImportSummary& summary, const std::string& import_id,
                  const Session& session) {
  std::ostream& out = session.out();
  switch (session.format) {
    case OutputFormat::kJson:
      out << absl::StrCat("{\"read\": ", summary.read(), ", \"accepted\": ", summary.accepted,
                          ", \"alreadyExisted\": ", summary.already_existed,
                          ", \"updated\": ", summary.updated, ", \"rejected\": ", summary.rejected,
                          ", \"skipped\": ", summary.skipped,
                          ", \"importId\": ", JsonString(import_id), "}\n");
      break;
    case OutputFormat::kCsv: {
      const TextFields fields = {{"read", absl::StrCat(summary.read())},
                                 {"accepted", absl::StrCat(summary.accepted)},
                                 {"already_existed", absl::StrCat(summary.already_existed)},
                                 {"updated", absl::StrCat(summary.updated)},
                                 {"rejected", absl::StrCat(summary.rejected)},
                                 {"skipped", absl::StrCat(summary.skipped)},
                                 {"import_id", import_id}};
      CsvWriter csv = session.csv();
      WriteNames(fields, csv);
      WriteValues(fields, csv);
      break;
    }
    case OutputFormat::kTable:
      out << absl::StrCat(summary.read(), " rows read: ", summary.accepted, " accepted, ",
                          summary.already_existed, " already existed, ", summary.updated,
                          " updated, ", summary.rejected, " rejected, ", summary.skipped,
                          " skipped\nimport id: ")
          << Printable(import_id) << "\n";
      break;
  }
}

}  // namespace emptychair
