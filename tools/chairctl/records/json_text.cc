#include "tools/chairctl/records/json_text.h"

#include <array>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "tools/chairctl/base/written_time.h"

namespace emptychair {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

// Characters beyond ASCII that are escaped: controls, and marks that are not seen.
constexpr Range kEscaped[] = {
    {0x80, 0x9F},     {0xAD, 0xAD},     {0x600, 0x603},     {0x6DD, 0x6DD},     {0x70F, 0x70F},
    {0x17B4, 0x17B5}, {0x200B, 0x200F}, {0x2028, 0x202E},   {0x2060, 0x2064},   {0x206A, 0x206F},
    {0xFEFF, 0xFEFF}, {0xFFF9, 0xFFFB}, {0x1D173, 0x1D17A}, {0xE0001, 0xE0001}, {0xE0020, 0xE007F},
};

bool IsEscaped(char32_t character) {
  for (const Range& range : kEscaped) {
    if (character <= range.last) {
      return character >= range.first;
    }
  }
  return false;
}

// Bytes that are not simply copied: those that are escaped, and the first of a character beyond
// ASCII. The others of such a character are, when it is.
constexpr std::array<bool, 256> kNeedsALook = [] {
  std::array<bool, 256> needs{};
  for (size_t c = 0; c < needs.size(); ++c) {
    needs[c] = c < 0x20 || c == '"' || c == '\\' || c == '<' || c == '>' || c == 0x7F || c >= 0xC0;
  }
  return needs;
}();

void AppendUnit(uint32_t unit, std::string& out) {
  constexpr absl::string_view kDigits = "0123456789abcdef";
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) {
    out += kDigits[(unit >> shift) & 0xF];
  }
}

void AppendEscape(char32_t character, std::string& out) {
  switch (character) {
    case '"':
    case '\\':
      out += '\\';
      out += static_cast<char>(character);
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  if (character > 0xFFFF) {
    AppendUnit(0xD800 + ((character - 0x10000) >> 10), out);
    AppendUnit(0xDC00 + ((character - 0x10000) & 0x3FF), out);
  } else {
    AppendUnit(character, out);
  }
}

// Bytes of the character that begins with `first`.
size_t LengthOf(unsigned char first) {
  return first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}

char32_t Decode(absl::string_view bytes) {
  if (bytes.size() == 1) {
    return static_cast<unsigned char>(bytes[0]);
  }
  char32_t character = static_cast<unsigned char>(bytes[0]) & (0x7F >> bytes.size());
  for (const char c : bytes.substr(1)) {
    character = (character << 6) | (static_cast<unsigned char>(c) & 0x3F);
  }
  return character;
}

}  // namespace

void AppendJsonString(absl::string_view text, std::string& out) {
  out += '"';
  size_t copied = 0;
  for (size_t i = 0; i < text.size();) {
    const auto first = static_cast<unsigned char>(text[i]);
    if (!kNeedsALook[first]) {
      ++i;
      continue;
    }
    const size_t length = LengthOf(first);
    if (length > text.size() - i) {
      break;
    }
    const char32_t character = Decode(text.substr(i, length));
    if (first < 0x80 || IsEscaped(character)) {
      out.append(text.data() + copied, i - copied);
      AppendEscape(character, out);
      copied = i + length;
    }
    i += length;
  }
  out.append(text.data() + copied, text.size() - copied);
  out += '"';
}

void JsonText::NextLine() {
  if (layout_ == Layout::kALineEach) {
    out_ += '\n';
    out_.append(static_cast<size_t>(depth_), ' ');
  }
}

void JsonText::Open(char bracket) {
  out_ += bracket;
  ++depth_;
  is_first_ = true;
}

void JsonText::Close(char bracket) {
  --depth_;
  if (!is_first_) {
    NextLine();
  }
  out_ += bracket;
  is_first_ = false;
}

void JsonText::Element() {
  if (!is_first_) {
    out_ += ',';
  }
  is_first_ = false;
  NextLine();
}

void JsonText::Name(absl::string_view name) {
  Element();
  AppendJsonString(name, out_);
  out_ += layout_ == Layout::kALineEach ? ": " : ":";
}

void JsonText::Text(absl::string_view name, absl::string_view value) {
  Name(name);
  AppendJsonString(value, out_);
}

void JsonText::Number(absl::string_view name, int32_t value) {
  Name(name);
  absl::StrAppend(&out_, value);
}

void JsonText::BigNumber(absl::string_view name, int64_t value) {
  Name(name);
  absl::StrAppend(&out_, "\"", value, "\"");
}

void JsonText::Word(absl::string_view name, absl::string_view value) {
  Name(name);
  out_.append(value.data(), value.size());
}

void JsonText::Time(absl::string_view name, const google::protobuf::Timestamp& value) {
  Name(name);
  out_ += '"';
  AppendTimestampText(value, out_);
  out_ += '"';
}

void JsonText::Enum(absl::string_view name, absl::string_view value_name, int value) {
  if (value_name.empty()) {
    Number(name, value);
  } else {
    Text(name, value_name);
  }
}

}  // namespace emptychair
