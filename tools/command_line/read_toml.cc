#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "toml++/toml.h"
#include "tools/command_line/command_line.h"

namespace emptychair {
namespace {

// The text of a value that is no list and no table; nothing for these.
std::optional<std::string> TextOf(const toml::node& node) {
  if (const auto* text = node.as_string()) {
    return text->get();
  }
  if (node.is_value()) {
    std::ostringstream text;
    node.visit([&text](const auto& value) {
      if constexpr (toml::is_value<decltype(value)>) {
        text << std::boolalpha << value.get();
      }
    });
    return text.str();
  }
  return std::nullopt;
}

absl::Status Append(const std::string& prefix, const toml::table& table,
                    std::vector<ConfigItem>& items) {
  for (const auto& [key, node] : table) {
    const std::string name =
        absl::StrCat(prefix, absl::string_view(key.str().data(), key.str().size()));
    if (const toml::table* inner = node.as_table()) {
      if (absl::Status status = Append(name + ".", *inner, items); !status.ok()) {
        return status;
      }
      continue;
    }
    ConfigItem item{name, {}};
    if (const toml::array* list = node.as_array()) {
      for (const toml::node& element : *list) {
        item.values.push_back(TextOf(element).value_or(""));
        if (element.is_array() || element.is_table()) {
          return absl::InvalidArgumentError(absl::StrCat(name, " has a list within a list"));
        }
      }
    } else {
      item.values.push_back(*TextOf(node));
    }
    items.push_back(std::move(item));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<ConfigItem>> ReadToml(std::istream& in) {
  std::ostringstream text;
  text << in.rdbuf();
  try {
    std::vector<ConfigItem> items;
    const absl::Status status = Append("", toml::parse(text.str()), items);
    if (!status.ok()) {
      return status;
    }
    return items;
  } catch (const toml::parse_error& failure) {
    return absl::InvalidArgumentError(
        absl::StrCat("line ", failure.source().begin.line, ": ", failure.what()));
  }
}

}  // namespace emptychair
