// JSON as Protobuf's printer lays it out, written token by token.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_RECORDS_JSON_TEXT_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_RECORDS_JSON_TEXT_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "google/protobuf/timestamp.pb.h"

namespace emptychair {

// Appends `text`, which is UTF-8, as a string of JSON with its quotes. Escapes what JSON wants, and
// what Protobuf's printer escapes beyond: `<`, `>` and characters that are not seen.
void AppendJsonString(absl::string_view text, std::string& out);

// Appends tokens to a text. Commas, line breaks and indents come by themselves. For one thread.
class JsonText {
 public:
  enum class Layout { kOneLine, kALineEach };

  // `depth` is how many objects and lists are open in `out`.
  JsonText(std::string& out, Layout layout, int depth = 0)
      : out_(out), layout_(layout), depth_(depth) {}

  // An object or a list: `{` or `[`, and what closes it.
  void Open(char bracket);
  void Close(char bracket);

  // What comes in front of the value of a field, and of an element of a list.
  void Name(absl::string_view name);
  void Element();

  // Fields with a value each. int64 is a string, as Protobuf has it.
  void Text(absl::string_view name, absl::string_view value);
  void Number(absl::string_view name, int32_t value);
  void BigNumber(absl::string_view name, int64_t value);
  void Word(absl::string_view name, absl::string_view value);
  void Time(absl::string_view name, const google::protobuf::Timestamp& value);
  // The value's name, or its number when it has none.
  void Enum(absl::string_view name, absl::string_view value_name, int value);

 private:
  void NextLine();

  std::string& out_;
  const Layout layout_;
  int depth_;
  bool is_first_ = true;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_RECORDS_JSON_TEXT_H_
