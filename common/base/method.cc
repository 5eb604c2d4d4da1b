#include "common/base/method.h"

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.pb.h"

namespace emptychair {

const google::protobuf::MethodDescriptor* FindMethod(const google::protobuf::Descriptor& request) {
  const google::protobuf::FileDescriptor& file = *request.file();
  for (int s = 0; s < file.service_count(); ++s) {
    const google::protobuf::ServiceDescriptor& service = *file.service(s);
    for (int m = 0; m < service.method_count(); ++m) {
      if (service.method(m)->input_type() == &request) {
        return service.method(m);
      }
    }
  }
  return nullptr;
}

Method ToMethod(const google::protobuf::MethodDescriptor& descriptor) {
  using Options = google::protobuf::MethodOptions;
  const Options& options = descriptor.options();
  const bool is_read_only = options.idempotency_level() == Options::NO_SIDE_EFFECTS;
  const google::protobuf::ServiceDescriptor& service = *descriptor.service();
  const bool is_of_api = descriptor.file()->package() == "emptychair.v1";
  return {.name = absl::StrCat(is_of_api ? service.name() : service.full_name(), "/",
                               descriptor.name()),
          .permission = options.GetExtension(v1::permission),
          .needs_all_surveys = options.GetExtension(v1::needs_all_surveys),
          .is_read_only = is_read_only,
          .is_idempotent = is_read_only || options.idempotency_level() == Options::IDEMPOTENT,
          .has_reasons = is_of_api};
}

}  // namespace emptychair
