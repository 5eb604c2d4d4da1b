#include "tools/chairctl/rows/text_source.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/utf8.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "unicode/ucnv.h"
#include "unicode/ustring.h"

namespace emptychair {
namespace {

constexpr absl::string_view kUtf8Mark = "\xEF\xBB\xBF";
constexpr absl::string_view kUtf16LittleMark = "\xFF\xFE";
constexpr absl::string_view kUtf16BigMark = "\xFE\xFF";

constexpr absl::string_view kEncodings[] = {"utf-8",    "utf-16",       "utf-16le",
                                            "utf-16be", "windows-1252", "iso-8859-1"};

// The encoding that the first bytes of a file say that it has; `named` is what the user said.
std::string EncodingOf(absl::string_view bytes, absl::string_view named) {
  if (named.empty() || named == "utf-16") {
    if (absl::StartsWith(bytes, kUtf16LittleMark)) {
      return "utf-16le";
    }
    if (absl::StartsWith(bytes, kUtf16BigMark)) {
      return "utf-16be";
    }
  }
  if (named == "utf-16") {
    // Without a mark: a header is mostly ASCII, whose high byte is 0.
    return !bytes.empty() && bytes.front() == '\0' ? "utf-16be" : "utf-16le";
  }
  return named.empty() ? "utf-8" : std::string(named);
}

// The mark that can stand in front of a text in `encoding`.
absl::string_view MarkOf(absl::string_view encoding) {
  return encoding == "utf-8"      ? kUtf8Mark
         : encoding == "utf-16le" ? kUtf16LittleMark
         : encoding == "utf-16be" ? kUtf16BigMark
                                  : absl::string_view();
}

// A mark says more than a person does, who may have the flag from another file.
absl::Status CheckMark(absl::string_view bytes, absl::string_view encoding) {
  for (absl::string_view marked : {"utf-8", "utf-16le", "utf-16be"}) {
    if (absl::StartsWith(bytes, MarkOf(marked)) && marked != encoding) {
      return FieldError(v1::ERROR_REASON_FIELD_INVALID, "--encoding",
                        absl::StrCat("is ", encoding, ", and the file begins with the mark of ",
                                     marked, "; wanted that, or no flag"));
    }
  }
  return absl::OkStatus();
}

// How many bytes at the end of `text` begin a character that is not whole.
size_t UnfinishedBytes(absl::string_view text) {
  for (size_t i = 1; i <= std::min<size_t>(3, text.size()); ++i) {
    const auto c = static_cast<unsigned char>(text[text.size() - i]);
    if (c >= 0xC0) {
      return i < (c >= 0xF0 ? 4u : c >= 0xE0 ? 3u : 2u) ? i : 0;
    }
    if (c < 0x80) {
      return 0;
    }
  }
  return 0;
}

int64_t LineEnds(absl::string_view text) {
  int64_t count = std::count(text.begin(), text.end(), '\n');
  for (size_t i = 0; i + 1 < text.size(); ++i) {
    count += text[i] == '\r' && text[i + 1] != '\n';
  }
  return count;
}

absl::Status NotUtf8(int64_t line, absl::string_view text) {
  return FieldError(
      v1::ERROR_REASON_FIELD_INVALID, "file",
      absl::StrCat("is not UTF-8: line ", line, " has ", Quoted(text),
                   "; say what it is written in with --encoding, which takes ",
                   TextSource::EncodingNames(), " (spreadsheets often write windows-1252)"));
}

// FIELD_INVALID for the first line of `text` that is not UTF-8; `line` is the number of the first.
absl::Status CheckLines(absl::string_view text, int64_t line) {
  if (IsValidUtf8(text)) {
    return absl::OkStatus();
  }
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of("\r\n"), text.size());
    const absl::string_view content = text.substr(0, end);
    if (!IsValidUtf8(content)) {
      return NotUtf8(line, content);
    }
    text.remove_prefix(end);
    if (!text.empty()) {
      text.remove_prefix(absl::StartsWith(text, "\r\n") ? 2 : 1);
      ++line;
    }
  }
  return absl::OkStatus();
}

}  // namespace

// Turns the bytes of an encoding that is not UTF-8 into UTF-8, chunk by chunk.
class Decoder {
 public:
  explicit Decoder(const std::string& encoding) {
    UErrorCode status = U_ZERO_ERROR;
    converter_.reset(ucnv_open(encoding.c_str(), &status));
    if (converter_ != nullptr) {
      ucnv_setToUCallBack(converter_.get(), UCNV_TO_U_CALLBACK_STOP, nullptr, nullptr, nullptr,
                          &status);
    }
    is_ok_ = U_SUCCESS(status) != 0;
  }

  // False when this machine's ICU does not have the encoding.
  bool is_ok() const { return is_ok_; }

  void Decode(absl::string_view bytes, bool is_last, std::string& text) {
    const char* from = bytes.data();
    const char* const end = from + bytes.size();
    units_.resize(bytes.size() + 16);
    do {
      UChar* to = units_.data();
      UErrorCode status = U_ZERO_ERROR;
      ucnv_toUnicode(converter_.get(), &to, units_.data() + units_.size(), &from, end, nullptr,
                     static_cast<UBool>(is_last), &status);
      Append(static_cast<int32_t>(to - units_.data()), text);
      if (U_FAILURE(status) && status != U_BUFFER_OVERFLOW_ERROR) {
        text.push_back('\xFF');
        if (from == end) {
          ucnv_resetToUnicode(converter_.get());
          return;
        }
      }
    } while (from != end);
  }

 private:
  struct Close {
    void operator()(UConverter* converter) const { ucnv_close(converter); }
  };

  void Append(int32_t count, std::string& text) {
    const size_t before = text.size();
    text.resize(before + 3 * static_cast<size_t>(count));
    int32_t written = 0;
    UErrorCode status = U_ZERO_ERROR;
    u_strToUTF8(text.data() + before, 3 * count, &written, units_.data(), count, &status);
    text.resize(before + (U_SUCCESS(status) ? static_cast<size_t>(written) : 0));
  }

  std::unique_ptr<UConverter, Close> converter_;
  bool is_ok_ = false;
  std::vector<UChar> units_;
};

TextSource::TextSource(std::istream& in) : in_(in) {}
TextSource::~TextSource() = default;

std::string TextSource::EncodingNames() { return absl::StrJoin(kEncodings, ", "); }

absl::StatusOr<std::unique_ptr<TextSource>> TextSource::Open(std::istream& in,
                                                             absl::string_view encoding) {
  const std::string named = absl::AsciiStrToLower(encoding);
  if (!named.empty() &&
      std::find(std::begin(kEncodings), std::end(kEncodings), named) == std::end(kEncodings)) {
    return FieldError(v1::ERROR_REASON_FIELD_INVALID, "--encoding",
                      absl::StrCat("is ", Quoted(encoding), "; wanted one of ", EncodingNames()));
  }
  std::unique_ptr<TextSource> source(new TextSource(in));
  std::string bytes = source->ReadBytes();
  source->encoding_ = EncodingOf(bytes, named);
  RETURN_IF_ERROR(CheckMark(bytes, source->encoding_));
  const absl::string_view mark = MarkOf(source->encoding_);
  if (!mark.empty() && absl::StartsWith(bytes, mark)) {
    bytes.erase(0, mark.size());
  }
  if (source->encoding_ == "utf-8") {
    source->start_ = std::move(bytes);
    RETURN_IF_ERROR(source->CheckUtf8());
    return source;
  }
  source->decoder_ = std::make_unique<Decoder>(source->encoding_);
  if (!source->decoder_->is_ok()) {
    return FieldError(v1::ERROR_REASON_FIELD_INVALID, "--encoding",
                      absl::StrCat("is ", source->encoding_, ", which this machine does not know"));
  }
  source->decoder_->Decode(bytes, in.eof(), source->start_);
  return source;
}

// A chunk of the file; empty at its end.
std::string TextSource::ReadBytes() {
  std::string bytes(kStartBytes, '\0');
  in_.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<size_t>(in_.gcount()));
  return bytes;
}

bool TextSource::ReadMore(std::string& text) {
  if (!start_was_read_) {
    start_was_read_ = true;
    text += start_;
    return !start_.empty();
  }
  const size_t before = text.size();
  while (text.size() == before && in_) {
    const std::string bytes = ReadBytes();
    if (decoder_ != nullptr) {
      decoder_->Decode(bytes, in_.eof(), text);
    } else {
      text += bytes;
    }
  }
  return text.size() != before;
}

// Looks through all of the file where it can be read twice, so that nothing of a file in another
// encoding is sent.
absl::Status TextSource::CheckUtf8() {
  const size_t whole = start_.size() - (in_.eof() ? 0 : UnfinishedBytes(start_));
  RETURN_IF_ERROR(CheckLines(absl::string_view(start_).substr(0, whole), 1));
  const std::istream::pos_type position = in_.eof() ? std::istream::pos_type(-1) : in_.tellg();
  if (position == std::istream::pos_type(-1)) {
    in_.clear(in_.rdstate() & ~std::ios::failbit);
    return absl::OkStatus();
  }
  std::string text = start_.substr(whole);
  int64_t line = 1 + LineEnds(absl::string_view(start_).substr(0, whole));
  absl::Status status;
  while (in_ && status.ok()) {
    text += ReadBytes();
    const size_t checked = text.size() - (in_ ? UnfinishedBytes(text) : 0);
    status = CheckLines(absl::string_view(text).substr(0, checked), line);
    line += LineEnds(absl::string_view(text).substr(0, checked));
    text.erase(0, checked);
  }
  if (!in_.bad()) {
    in_.clear();
    in_.seekg(position);
  }
  return status;
}

}  // namespace emptychair
