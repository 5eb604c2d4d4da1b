#include "server/http/request_head.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace emptychair {
namespace {

using Fault = std::optional<std::string>;

struct Field {
  absl::string_view name;
  absl::string_view value;
};

bool IsDigits(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), absl::ascii_isdigit);
}

bool IsHost(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return absl::ascii_isalnum(c) ||
           absl::string_view("-._~:[]%").find(c) != absl::string_view::npos;
  });
}

// Method, target and version.
Fault FaultOfRequestLine(const std::vector<absl::string_view>& parts) {
  if (parts.size() != 3) {
    return "the request line is not METHOD TARGET VERSION";
  }
  const absl::string_view method = parts[0];
  const absl::string_view target = parts[1];
  const absl::string_view version = parts[2];
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    return "the version is neither HTTP/1.1 nor HTTP/1.0";
  }
  if (method.empty() || !std::all_of(method.begin(), method.end(), absl::ascii_isupper) ||
      method == "CONNECT") {
    return "the method is CONNECT, or not in upper case";
  }
  if (!absl::StartsWith(target, "/") ||
      !std::all_of(target.begin(), target.end(), absl::ascii_isgraph)) {
    return "the target does not begin with a slash, or is not of visible ASCII";
  }
  return std::nullopt;
}

// Values of the fields of one name, which is in lower case.
std::vector<absl::string_view> ValuesOf(const std::vector<Field>& fields, absl::string_view name) {
  std::vector<absl::string_view> values;
  for (const Field& field : fields) {
    if (absl::EqualsIgnoreCase(field.name, name)) {
      values.push_back(field.value);
    }
  }
  return values;
}

Fault FaultOfHost(const std::vector<Field>& fields, bool is_1_1) {
  const std::vector<absl::string_view> hosts = ValuesOf(fields, "host");
  if (hosts.size() > 1 || (hosts.empty() && is_1_1)) {
    return "there is not exactly one Host";
  }
  if (!hosts.empty() && !IsHost(hosts[0])) {
    return "Host is no name or address with a port";
  }
  return std::nullopt;
}

Fault FaultOfBody(const std::vector<Field>& fields, absl::string_view method, bool is_1_1) {
  const std::vector<absl::string_view> lengths = ValuesOf(fields, "content-length");
  const std::vector<absl::string_view> codings = ValuesOf(fields, "transfer-encoding");
  if (lengths.size() > 1 || (!lengths.empty() && !IsDigits(lengths[0]))) {
    return "Content-Length is there twice, or is not a number";
  }
  if (codings.size() > 1 || (!codings.empty() && codings[0] != "chunked")) {
    return "Transfer-Encoding is there twice, or is not chunked";
  }
  if (!codings.empty() && (!is_1_1 || !lengths.empty())) {
    return "Transfer-Encoding does not go with HTTP/1.0, nor with Content-Length";
  }
  const bool has_body =
      !codings.empty() ||
      (!lengths.empty() && lengths[0].find_first_not_of('0') != absl::string_view::npos);
  if (has_body && (method == "GET" || method == "HEAD")) {
    return "a body does not go with GET or HEAD";
  }
  return std::nullopt;
}

}  // namespace

Fault FaultOfHead(absl::string_view head) {
  if (!absl::ConsumeSuffix(&head, "\r\n\r\n")) {
    return "the head does not end with an empty line";
  }
  const std::vector<absl::string_view> lines = absl::StrSplit(head, "\r\n");
  if (lines.size() > kHttpFieldsMax + 1) {
    return absl::StrCat("there are more than ", kHttpFieldsMax, " fields");
  }
  const std::vector<absl::string_view> parts = absl::StrSplit(lines[0], ' ');
  if (Fault fault = FaultOfRequestLine(parts); fault.has_value()) {
    return fault;
  }
  std::vector<Field> fields;
  for (size_t i = 1; i < lines.size(); ++i) {
    const size_t colon = lines[i].find(':');
    // A folded line begins with white space, and a name that has some can hide another.
    if (colon == absl::string_view::npos || colon == 0 ||
        !std::all_of(lines[i].begin(), lines[i].begin() + colon, absl::ascii_isgraph)) {
      return "a field is folded, or has no name";
    }
    fields.push_back(
        {lines[i].substr(0, colon), absl::StripAsciiWhitespace(lines[i].substr(colon + 1))});
  }
  const bool is_1_1 = parts[2] == "HTTP/1.1";
  if (Fault fault = FaultOfHost(fields, is_1_1); fault.has_value()) {
    return fault;
  }
  if (!ValuesOf(fields, "upgrade").empty()) {
    return "there is no other protocol to upgrade to";
  }
  return FaultOfBody(fields, parts[0], is_1_1);
}

}  // namespace emptychair
