#include "tests/chairctl/harness/html_query.h"

#include <cctype>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"
#include "tools/chairctl/base/output.h"

namespace emptychair {
namespace {

// Elements that have no end tag.
const std::set<std::string>& VoidElements() {
  static const auto* const names = new std::set<std::string>{"meta", "br", "hr"};
  return *names;
}

struct Tag {
  std::string name;
  Attributes attributes;
  bool is_end = false;
  bool closes_itself = false;
};

// Reads the tag behind `<` at `position` and moves to behind its `>`; false when it does not end.
bool ReadTag(const std::string& html, size_t& position, Tag& tag) {
  const auto name_ends = [](char c) { return c == '>' || c == '/' || c == '=' || std::isspace(c); };
  if (html[position] == '/') {
    tag.is_end = true;
    ++position;
  }
  while (position < html.size() && !name_ends(html[position])) {
    tag.name.push_back(html[position++]);
  }
  while (position < html.size() && html[position] != '>') {
    if (html[position] == '/') {
      tag.closes_itself = true;
      ++position;
    } else if (std::isspace(html[position])) {
      ++position;
    } else {
      std::string name;
      while (position < html.size() && !name_ends(html[position])) {
        name.push_back(html[position++]);
      }
      std::string& value = tag.attributes[name];
      if (position + 1 < html.size() && html[position] == '=' && html[position + 1] == '"') {
        const size_t end = html.find('"', position + 2);
        if (end == std::string::npos) {
          return false;
        }
        value = html.substr(position + 2, end - position - 2);
        position = end + 1;
      } else if (name.empty()) {
        return false;
      }
    }
  }
  return position++ < html.size();
}

// Visits every tag; answers what stopped it.
template <typename Visit>
std::string VisitTags(const std::string& html, Visit visit) {
  size_t position = 0;
  while ((position = html.find('<', position)) != std::string::npos) {
    const size_t start = position++;
    if (html[position] == '!') {
      continue;
    }
    Tag tag;
    if (!ReadTag(html, position, tag)) {
      return absl::StrCat("no tag: ", html.substr(start, 80));
    }
    if (std::string error = visit(tag); !error.empty()) {
      return absl::StrCat(error, " at: ", html.substr(start, 80));
    }
    // Content of these is no markup.
    if (tag.name == "style" && !tag.is_end) {
      position = html.find("</style>", position);
    }
  }
  return "";
}

void AddNumbers(const google::protobuf::Value& value, std::set<std::string>& numbers);

void AddNumbers(const google::protobuf::Struct& object, std::set<std::string>& numbers) {
  for (const auto& [name, value] : object.fields()) {
    AddNumbers(value, numbers);
  }
}

void AddNumbers(const google::protobuf::Value& value, std::set<std::string>& numbers) {
  switch (value.kind_case()) {
    case google::protobuf::Value::kNumberValue:
      numbers.insert(JsonNumber(value.number_value()));
      break;
    case google::protobuf::Value::kStringValue: {
      // Integers of 64 bits are strings in JSON.
      const std::string& text = value.string_value();
      if (!text.empty() && text.find_first_not_of("-0123456789") == std::string::npos) {
        numbers.insert(text);
      }
      break;
    }
    case google::protobuf::Value::kListValue:
      for (const google::protobuf::Value& element : value.list_value().values()) {
        AddNumbers(element, numbers);
      }
      break;
    case google::protobuf::Value::kStructValue:
      AddNumbers(value.struct_value(), numbers);
      break;
    default:
      break;
  }
}

}  // namespace

std::vector<Attributes> ElementsOf(const std::string& html, const std::string& name) {
  std::vector<Attributes> elements;
  const std::string error = VisitTags(html, [&](const Tag& tag) {
    if (tag.name == name && !tag.is_end) {
      elements.push_back(tag.attributes);
    }
    return std::string();
  });
  EXPECT_EQ(error, "");
  return elements;
}

std::set<std::string> DataValuesOf(const std::string& html) {
  std::set<std::string> values;
  const std::string error = VisitTags(html, [&](const Tag& tag) {
    if (const auto found = tag.attributes.find("data-value"); found != tag.attributes.end()) {
      values.insert(found->second);
    }
    return std::string();
  });
  EXPECT_EQ(error, "");
  return values;
}

std::set<std::string> NumbersOf(const google::protobuf::Message& message) {
  google::protobuf::Struct object;
  EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(ToJson(message), &object).ok());
  std::set<std::string> numbers;
  AddNumbers(object, numbers);
  return numbers;
}

std::string MarkupError(const std::string& html) {
  std::vector<std::string> open;
  std::string error = VisitTags(html, [&](const Tag& tag) -> std::string {
    if (!tag.is_end) {
      if (!tag.closes_itself && VoidElements().count(tag.name) == 0) {
        open.push_back(tag.name);
      }
      return "";
    }
    if (open.empty() || open.back() != tag.name) {
      return absl::StrCat("</", tag.name, "> does not close <", open.empty() ? "" : open.back(),
                          ">");
    }
    open.pop_back();
    return "";
  });
  if (error.empty() && !open.empty()) {
    error = absl::StrCat("<", open.back(), "> is not closed");
  }
  return error;
}

}  // namespace emptychair
