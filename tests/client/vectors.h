// tests/vectors/clients.json, read.
#ifndef EMPTYCHAIR_TESTS_CLIENT_VECTORS_H_
#define EMPTYCHAIR_TESTS_CLIENT_VECTORS_H_

#include <string>

#include "absl/strings/string_view.h"
#include "google/protobuf/struct.pb.h"

namespace emptychair::testing {

// What stands for half a character, which no JSON of protobuf's can have.
inline constexpr absl::string_view kHalf = "(half a character)";

// The whole file.
const google::protobuf::Struct& Vectors();

// A member of an object; one without a value where there is none.
const google::protobuf::Value& MemberOf(const google::protobuf::Struct& from,
                                        const std::string& key);
// The text that a member is; empty where it is none.
const std::string& TextAt(const google::protobuf::Struct& from, const std::string& key);
// The entries of a section.
const google::protobuf::ListValue& Section(const std::string& name);

}  // namespace emptychair::testing

#endif  // EMPTYCHAIR_TESTS_CLIENT_VECTORS_H_
