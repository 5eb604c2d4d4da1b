// Protobuf messages as bytes that can be compared.
#ifndef EMPTYCHAIR_COMMON_BASE_DETERMINISTIC_BYTES_H_
#define EMPTYCHAIR_COMMON_BASE_DETERMINISTIC_BYTES_H_

#include <string>

#include "google/protobuf/message_lite.h"

namespace emptychair {

// The message serialized with maps in order: equal messages give equal bytes in one build of the
// program, though not across versions of Protobuf. Never keep them.
std::string DeterministicBytes(const google::protobuf::MessageLite& message);

}  // namespace emptychair

#endif  // EMPTYCHAIR_COMMON_BASE_DETERMINISTIC_BYTES_H_
