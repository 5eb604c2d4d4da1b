#include "tests/client/vectors.h"

#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"

namespace emptychair::testing {

using ::google::protobuf::ListValue;
using ::google::protobuf::Struct;
using ::google::protobuf::Value;

const Struct& Vectors() {
  static const Struct& vectors = *[] {
    std::ifstream file(EMPTYCHAIR_CLIENT_VECTORS);
    std::string text(std::istreambuf_iterator<char>(file), {});
    text =
        absl::StrReplaceAll(text, {{"\\ud800", kHalf}, {"\"\\udc00", absl::StrCat("\"", kHalf)}});
    auto* parsed = new Struct();
    const auto status = google::protobuf::util::JsonStringToMessage(text, parsed);
    EXPECT_TRUE(status.ok()) << status.ToString();
    return parsed;
  }();
  return vectors;
}

const Value& MemberOf(const Struct& from, const std::string& key) {
  static const Value none;
  const auto found = from.fields().find(key);
  return found == from.fields().end() ? none : found->second;
}
const std::string& TextAt(const Struct& from, const std::string& key) {
  return MemberOf(from, key).string_value();
}
const ListValue& Section(const std::string& name) { return MemberOf(Vectors(), name).list_value(); }

}  // namespace emptychair::testing
