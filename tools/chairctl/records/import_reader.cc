#include "tools/chairctl/records/import_reader.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "client/utf8.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "tools/chairctl/base/csv.h"

namespace emptychair {
namespace {

using google::protobuf::Struct;
using google::protobuf::Value;

// What FeedbackBuilder makes of each is in its `Build`.
constexpr absl::string_view kFields[] = {"external_id", "feedback_id", "customer_id",
                                         "score",       "comment",     "occur_time"};

constexpr char kLineColumn[] = "error_line";
constexpr char kReasonColumn[] = "error_reason";

bool IsField(absl::string_view name) {
  return std::find(std::begin(kFields), std::end(kFields), name) != std::end(kFields) ||
         (absl::StartsWith(name, kLabelPrefix) && name.size() > kLabelPrefix.size());
}

absl::Status MapError(absl::string_view description) {
  return FieldError(v1::ERROR_REASON_FIELD_INVALID, "--map", description);
}

class CsvRecordReader final : public ImportReader {
 public:
  explicit CsvRecordReader(std::istream& in) : csv_(in) {}

  absl::Status Open() override { return csv_.ReadHeader(); }

  absl::Status Bind(Mapping mapping) override {
    for (const std::string& column : csv_.columns()) {
      if (IsField(column)) {
        mapping.columns.emplace(column, column);
      }
    }
    for (const auto& [field, column] : mapping.columns) {
      ASSIGN_OR_RETURN(positions_[field], PositionOf(field, column));
    }
    blanks_ = std::move(mapping.blanks);
    return absl::OkStatus();
  }

  bool CanHave(absl::string_view field) const override {
    return positions_.contains(std::string(field));
  }

  std::optional<Row> Next() override {
    std::optional<CsvRow> read = csv_.Next();
    if (!read.has_value()) {
      return std::nullopt;
    }
    Row row;
    row.line = read->line;
    row.status = std::move(read->status);
    if (row.status.ok()) {
      for (const auto& [field, position] : positions_) {
        const std::string& value = read->fields[position];
        row.fields[field] = blanks_.contains(value) ? "" : value;
      }
    }
    row.original = std::move(read->fields);
    return row;
  }

  bool failed() const override { return csv_.failed(); }

  std::string RejectsHeader() const override {
    std::vector<std::string> columns = csv_.columns();
    columns.emplace_back(kLineColumn);
    columns.emplace_back(kReasonColumn);
    return CsvLine(columns);
  }

  // A row with too many or too few fields keeps its text and still fits the header: what is too
  // much stays in the last column.
  std::string RejectedRow(const Row& row, absl::string_view reason) const override {
    std::vector<std::string> fields = row.original;
    const size_t wanted = csv_.columns().size();
    if (fields.size() > wanted) {
      const auto last = fields.begin() + static_cast<std::ptrdiff_t>(wanted) - 1;
      *last = absl::StrJoin(last, fields.end(), ",");
    }
    fields.resize(wanted);
    fields.push_back(absl::StrCat(row.line));
    fields.emplace_back(reason);
    return CsvLine(fields);
  }

 private:
  absl::StatusOr<size_t> PositionOf(absl::string_view field, const std::string& column) const {
    const std::vector<std::string>& columns = csv_.columns();
    const auto found = std::find(columns.begin(), columns.end(), column);
    if (found == columns.end()) {
      return MapError(absl::StrCat("maps ", field, " to the column ", Quoted(column),
                                   ", which the file does not have; it has ",
                                   absl::StrJoin(columns, ", ", QuotedFormatter)));
    }
    if (std::find(found + 1, columns.end(), column) != columns.end()) {
      return MapError(absl::StrCat("reads ", field, " from the column ", Quoted(column),
                                   ", which the file has twice; wanted a name of its own"));
    }
    return static_cast<size_t>(found - columns.begin());
  }

  static void QuotedFormatter(std::string* out, const std::string& column) {
    absl::StrAppend(out, Quoted(column));
  }

  CsvReader csv_;
  std::map<std::string, size_t> positions_;
  std::set<std::string> blanks_;
};

// The text of a JSON value: what a CSV field with the same meaning would hold.
absl::StatusOr<std::string> TextOf(absl::string_view column, const Value& value) {
  // From 2^53 on the double that JSON is read into does not tell neighbouring integers apart.
  constexpr double kInexactMin = 9007199254740992.0;
  switch (value.kind_case()) {
    case Value::kNullValue:
      return std::string();
    case Value::kStringValue:
      return value.string_value();
    case Value::kNumberValue: {
      const double number = value.number_value();
      if (std::abs(number) >= kInexactMin) {
        return FieldError(v1::ERROR_REASON_FIELD_INVALID, column,
                          "is a number of 2^53 or more; wanted such a number as a string");
      }
      char text[400];  // The smallest double takes fewer.
      const auto end =
          std::to_chars(std::begin(text), std::end(text), number, std::chars_format::fixed).ptr;
      return std::string(std::begin(text), end);
    }
    default:
      return FieldError(v1::ERROR_REASON_FIELD_INVALID, column,
                        "is no plain value; wanted a string, a number or null");
  }
}

class JsonLinesReader final : public ImportReader {
 public:
  explicit JsonLinesReader(std::istream& in) : in_(in) {}

  absl::Status Open() override {
    if (in_.peek() == std::istream::traits_type::eof() && !in_.bad()) {
      return FieldError(v1::ERROR_REASON_FIELD_INVALID, "file",
                        "is empty; wanted a JSON object on each line");
    }
    return absl::OkStatus();
  }

  absl::Status Bind(Mapping mapping) override {
    mapping_ = std::move(mapping);
    return absl::OkStatus();
  }

  bool CanHave(absl::string_view field) const override { return true; }

  std::optional<Row> Next() override {
    std::string text;
    while (std::getline(in_, text)) {
      ++line_;
      if (line_ == 1) {
        text = std::string(absl::StripPrefix(text, "\xEF\xBB\xBF"));
      }
      if (!text.empty() && text.back() == '\r') {
        text.pop_back();
      }
      if (text.empty()) {
        continue;
      }
      Row row;
      row.line = line_;
      row.status = ReadFields(text, row.fields);
      row.original = {std::move(text)};
      return row;
    }
    return std::nullopt;
  }

  bool failed() const override { return in_.bad(); }

  std::string RejectsHeader() const override { return ""; }

  // A line that is no object is kept as the text of a field `line`.
  std::string RejectedRow(const Row& row, absl::string_view reason) const override {
    Struct object;
    const std::string& text = row.original.front();
    if (!Parse(text, object).ok()) {
      object.Clear();
      (*object.mutable_fields())["line"].set_string_value(IsValidUtf8(text) ? text : Quoted(text));
    }
    (*object.mutable_fields())[kLineColumn].set_number_value(static_cast<double>(row.line));
    (*object.mutable_fields())[kReasonColumn].set_string_value(std::string(reason));
    std::string json;
    (void)google::protobuf::util::MessageToJsonString(object, &json);
    return json + "\n";
  }

 private:
  static absl::Status Parse(const std::string& text, Struct& object) {
    if (!IsValidUtf8(text)) {
      return FieldError(v1::ERROR_REASON_FIELD_INVALID, "row", "is not UTF-8");
    }
    const auto parsed = google::protobuf::util::JsonStringToMessage(text, &object);
    if (!parsed.ok()) {
      return FieldError(v1::ERROR_REASON_FIELD_INVALID, "row",
                        absl::StrCat("is ", Quoted(text), "; wanted a JSON object"));
    }
    return absl::OkStatus();
  }

  absl::Status ReadFields(const std::string& text, std::map<std::string, std::string>& fields) {
    Struct object;
    RETURN_IF_ERROR(Parse(text, object));
    std::map<std::string, std::string> read;
    for (const auto& [field, column] : mapping_.columns) {
      const auto found = object.fields().find(column);
      read[field];
      if (found != object.fields().end()) {
        ASSIGN_OR_RETURN(read[field], TextOf(column, found->second));
      }
    }
    RETURN_IF_ERROR(ReadOwnFields("", object, read));
    const auto labels = object.fields().find("labels");
    if (labels != object.fields().end() && labels->second.has_struct_value()) {
      RETURN_IF_ERROR(ReadOwnFields(kLabelPrefix, labels->second.struct_value(), read));
    }
    for (auto& [field, value] : read) {
      if (mapping_.blanks.contains(value)) {
        value.clear();
      }
    }
    fields = std::move(read);
    return absl::OkStatus();
  }

  // Reads the values whose names, behind `prefix`, are fields that no flag maps.
  absl::Status ReadOwnFields(absl::string_view prefix, const Struct& object,
                             std::map<std::string, std::string>& fields) const {
    for (const auto& [name, value] : object.fields()) {
      const std::string field = absl::StrCat(prefix, name);
      if (IsField(field) && !mapping_.columns.contains(field)) {
        ASSIGN_OR_RETURN(fields[field], TextOf(field, value));
      }
    }
    return absl::OkStatus();
  }

  std::istream& in_;
  int64_t line_ = 0;
  Mapping mapping_;
};

}  // namespace

std::string FieldNames() { return absl::StrCat(absl::StrJoin(kFields, ", "), ", label.KEY"); }

absl::StatusOr<Mapping> ParseMapping(const std::vector<std::string>& maps,
                                     const std::vector<std::string>& blanks) {
  Mapping mapping;
  mapping.blanks.insert(blanks.begin(), blanks.end());
  for (const std::string& map : maps) {
    const size_t equals = map.find('=');
    const std::string field = map.substr(0, equals);
    if (equals == std::string::npos || equals + 1 == map.size()) {
      return MapError(absl::StrCat("is ", Quoted(map), "; wanted FIELD=COLUMN"));
    }
    if (!IsField(field)) {
      return MapError(
          absl::StrCat("names the field ", Quoted(field), "; wanted one of ", FieldNames()));
    }
    if (!mapping.columns.emplace(field, map.substr(equals + 1)).second) {
      return MapError(absl::StrCat("maps ", field, " twice; wanted each field once"));
    }
  }
  return mapping;
}

std::unique_ptr<ImportReader> ImportReader::ForCsv(std::istream& in) {
  return std::make_unique<CsvRecordReader>(in);
}

std::unique_ptr<ImportReader> ImportReader::ForJsonLines(std::istream& in) {
  return std::make_unique<JsonLinesReader>(in);
}

}  // namespace emptychair
