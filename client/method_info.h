// What the .proto files say of a method that the client calls.
#ifndef EMPTYCHAIR_CLIENT_METHOD_INFO_H_
#define EMPTYCHAIR_CLIENT_METHOD_INFO_H_

#include <string>

#include "absl/strings/str_cat.h"
#include "client/retry_loop.h"
#include "common/base/method.h"
#include "google/protobuf/descriptor.h"

namespace emptychair {

struct MethodInfo {
  std::string path;  // As gRPC names it.
  Idempotency idempotency = Idempotency::kNotIdempotent;
};

// Of the method that takes `request`.
inline MethodInfo MakeMethodInfo(const google::protobuf::Descriptor& request) {
  const google::protobuf::MethodDescriptor& method = *FindMethod(request);
  return {.path = absl::StrCat("/", method.service()->full_name(), "/", method.name()),
          .idempotency = ToMethod(method).is_idempotent ? Idempotency::kIdempotent
                                                        : Idempotency::kNotIdempotent};
}

// The same, made once. Never destroyed: calls can outlive statics.
template <typename Request>
const MethodInfo& MethodInfoOf() {
  static const MethodInfo& info = *new MethodInfo(MakeMethodInfo(*Request::descriptor()));
  return info;
}

}  // namespace emptychair

#endif  // EMPTYCHAIR_CLIENT_METHOD_INFO_H_
