// Reads what the API's .proto files say of a method, so that server and client cannot differ.
#ifndef EMPTYCHAIR_COMMON_BASE_METHOD_H_
#define EMPTYCHAIR_COMMON_BASE_METHOD_H_

#include <string>

#include "emptychair/v1/access_options.pb.h"
#include "google/protobuf/descriptor.h"

namespace emptychair {

// The properties of a method that do not depend on who serves or calls it.
struct Method {
  // Service and method, for example "FeedbackService/SubmitFeedback"; of those that gRPC defines
  // with their package, "grpc.health.v1.Health/Check". A closed set but for methods that are
  // unknown, whose names are escaped and cut: fit for logs.
  std::string name;
  // What a caller must be allowed to do.
  v1::Permission permission = v1::PERMISSION_UNSPECIFIED;
  // A caller needs a key for all surveys: what the method is about belongs to no single one.
  bool needs_all_surveys = false;
  // A call changes nothing: NO_SIDE_EFFECTS in the .proto.
  bool is_read_only = false;
  // Sending a call twice is the same as once, so that a client may retry: NO_SIDE_EFFECTS or
  // IDEMPOTENT in the .proto.
  bool is_idempotent = false;
  // Errors have a reason of ErrorReason: of methods of the API, not of those that gRPC defines.
  bool has_reasons = true;
  // Its place among all that a server serves, where what is kept of it is found; -1: it has none.
  int number = -1;
};

// Finds the method that takes `request`, in the file that declares it; null when there is none.
// Each method of the API has a request message of its own.
const google::protobuf::MethodDescriptor* FindMethod(const google::protobuf::Descriptor& request);

Method ToMethod(const google::protobuf::MethodDescriptor& descriptor);

}  // namespace emptychair

#endif  // EMPTYCHAIR_COMMON_BASE_METHOD_H_
