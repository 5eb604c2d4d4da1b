#include <charconv>
#include <cmath>
#include <deque>
#include <iterator>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "client/utf8.h"
#include "common/base/errors.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "tools/chairctl/records/json_text.h"
#include "tools/chairctl/rows/json_elements.h"
#include "tools/chairctl/rows/row_reader.h"
#include "tools/chairctl/rows/text_values.h"

namespace emptychair {
namespace {

using google::protobuf::Struct;
using google::protobuf::Value;

// Objects of a file can differ; past so many names the others are not looked at.
constexpr size_t kColumnsMax = 10'000;

absl::Status Parse(absl::string_view text, Struct& object) {
  if (!IsValidUtf8(text)) {
    return FieldError(v1::ERROR_REASON_FIELD_INVALID, "row",
                      absl::StrCat("has ", Quoted(text), "; wanted UTF-8"));
  }
  const auto parsed = google::protobuf::util::JsonStringToMessage(
      google::protobuf::StringPiece(text.data(), text.size()), &object);
  if (!parsed.ok()) {
    return FieldError(v1::ERROR_REASON_FIELD_INVALID, "row",
                      absl::StrCat("is ", Quoted(text), "; wanted a JSON object"));
  }
  return absl::OkStatus();
}

// A member of an object, as it stands in the text.
struct Member {
  absl::string_view name;  // Without its quotes, escapes and all.
  absl::string_view text;  // Name and value.
};

// The members of an object that was found to be one. Values are not read, so that they stay as they
// were written.
std::vector<Member> MembersOf(absl::string_view object) {
  std::vector<Member> members;
  int depth = 0;
  bool in_string = false;
  size_t begin = 0;     // Of the member.
  size_t name_end = 0;  // 0: not met yet.
  const auto take = [&](size_t end) {
    if (name_end > 0) {
      const size_t name_begin = object.find('"', begin) + 1;
      members.push_back({object.substr(name_begin, name_end - name_begin),
                         WithoutBlanks(object.substr(begin, end - begin))});
    }
    begin = end + 1;
    name_end = 0;
  };
  for (size_t i = 0; i < object.size(); ++i) {
    const char c = object[i];
    if (in_string) {
      i += c == '\\' ? 1 : 0;
      in_string = c != '"';
      name_end = !in_string && name_end == 0 ? i : name_end;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      begin = ++depth == 1 ? i + 1 : begin;
    } else if (c == ',' && depth == 1) {
      take(i);
    } else if ((c == '}' || c == ']') && --depth == 0) {
      take(i);
    }
  }
  return members;
}

// Objects within an object that an export has.
bool IsTakenApart(const std::string& name) {
  return name == "labels" || name == "exclusion" || name == "amount";
}

// The column that `object.key` is.
std::string ColumnOfPart(const std::string& object, const std::string& key) {
  if (object == "exclusion" && key == "reason") {
    return object;
  }
  if (object == "amount" && (key == "currencyCode" || key == "currency_code")) {
    return "currency";
  }
  return object == "labels" ? absl::StrCat("label.", key) : absl::StrCat(object, "_", key);
}

class JsonRowReader final : public RowReader {
 public:
  JsonRowReader(TextSource& source, bool is_array, int skip_rows)
      : is_empty_(source.start().empty()),
        elements_([&source](std::string& text) { return source.ReadMore(text); }, is_array),
        skip_rows_(skip_rows) {}

  absl::Status Open() override {
    if (is_empty_) {
      return FieldError(v1::ERROR_REASON_FIELD_INVALID, "file",
                        "is empty; wanted JSON objects, one a line or in an array");
    }
    JsonElement skipped;
    for (int i = 0; i < skip_rows_ && elements_.Next(skipped); ++i) {
    }
    return absl::OkStatus();
  }

  bool Next(Row& row) override {
    JsonElement element;
    while (elements_.Next(element)) {
      row.line = element.line;
      row.json = element.text;
      row.cells.clear();
      row.status = std::move(element.status);
      if (row.status.ok()) {
        row.status = ReadObject(row);
      }
      if (!row.status.ok() || !IsBlank(row)) {
        return true;
      }
    }
    return false;
  }

  std::vector<std::string> Keep(const Row& row) const override { return {std::string(row.json)}; }

  std::string RejectsHeader(const IdColumn&) const override { return ""; }

  // What is no object is kept as the text of a field `line`.
  std::string RejectedRow(std::vector<std::string> kept, int64_t line, absl::string_view reason,
                          absl::string_view id, const IdColumn& id_column) const override {
    const std::string id_name = id_column.place < 0
                                    ? std::string(id_column.name)
                                    : columns_[static_cast<size_t>(id_column.place)];
    std::string json;
    JsonText text(json, JsonText::Layout::kOneLine);
    text.Open('{');
    Struct object;
    if (!Parse(kept.front(), object).ok()) {
      text.Text("line", IsValidUtf8(kept.front()) ? kept.front()
                                                  : Quoted(kept.front(), kept.front().size()));
    } else {
      for (const Member& member : MembersOf(kept.front())) {
        const bool is_replaced = member.name == kErrorLineColumn ||
                                 member.name == kErrorReasonColumn ||
                                 (!id.empty() && member.name == id_name);
        if (!is_replaced) {
          text.Element();
          json += absl::StrReplaceAll(member.text, {{"\n", " "}, {"\r", " "}});
        }
      }
    }
    if (!id.empty()) {
      text.Text(id_name, id);
    }
    text.Word(kErrorLineColumn, absl::StrCat(line));
    text.Text(kErrorReasonColumn, reason);
    text.Close('}');
    return json + "\n";
  }

 private:
  static bool IsBlank(const Row& row) {
    for (const Cell& cell : row.cells) {
      if (cell.kind != Cell::Kind::kAbsent && !WithoutBlanks(cell.text).empty()) {
        return false;
      }
      if (cell.kind == Cell::Kind::kNotPlain || cell.kind == Cell::Kind::kInexact) {
        return false;
      }
    }
    return true;
  }

  absl::Status ReadObject(Row& row) {
    object_.Clear();
    texts_.clear();
    if (absl::Status status = Parse(row.json, object_); !status.ok()) {
      return status;
    }
    for (const auto& [name, value] : object_.fields()) {
      if (value.has_struct_value() && IsTakenApart(name)) {
        for (const auto& [key, inner] : value.struct_value().fields()) {
          Put(ColumnOfPart(name, key), inner, row);
        }
      } else {
        Put(name, value, row);
      }
    }
    return absl::OkStatus();
  }

  void Put(const std::string& name, const Value& value, Row& row) {
    auto found = positions_.find(name);
    if (found == positions_.end()) {
      if (columns_.size() == kColumnsMax) {
        return;
      }
      found = positions_.emplace(name, columns_.size()).first;
      columns_.push_back(name);
    }
    if (row.cells.size() <= found->second) {
      row.cells.resize(found->second + 1);
    }
    row.cells[found->second] = CellOf(value);
  }

  // What a cell of CSV with the same meaning would hold.
  Cell CellOf(const Value& value) {
    // From 2^53 on the double that JSON is read into does not tell neighbouring integers apart.
    constexpr double kInexactMin = 9007199254740992.0;
    switch (value.kind_case()) {
      case Value::kNullValue:
        return {"", Cell::Kind::kText};
      case Value::kStringValue:
        return {value.string_value(), Cell::Kind::kText};
      case Value::kBoolValue:
        return {value.bool_value() ? "true" : "false", Cell::Kind::kText};
      case Value::kNumberValue: {
        const double number = value.number_value();
        if (std::abs(number) >= kInexactMin) {
          return {"", Cell::Kind::kInexact};
        }
        char text[400];  // The smallest double takes fewer.
        const auto end =
            std::to_chars(std::begin(text), std::end(text), number, std::chars_format::fixed).ptr;
        return {texts_.emplace_back(std::begin(text), end), Cell::Kind::kText};
      }
      default:
        return {"", Cell::Kind::kNotPlain};
    }
  }

  const bool is_empty_;
  JsonElements elements_;
  const int skip_rows_;
  absl::flat_hash_map<std::string, size_t> positions_;
  // Of the row that was read last.
  Struct object_;
  std::deque<std::string> texts_;
};

}  // namespace

std::unique_ptr<RowReader> MakeJsonRowReader(TextSource& source, bool is_array, int skip_rows) {
  return std::make_unique<JsonRowReader>(source, is_array, skip_rows);
}

}  // namespace emptychair
