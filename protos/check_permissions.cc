// Run by the build: fails when a method of the API does not say what its caller must be allowed to
// do.
#include <cstdio>
#include <cstdlib>

#include "emptychair/v1/access_options.pb.h"
#include "google/protobuf/descriptor.h"

int main(int argc, char** argv) {
  int status = EXIT_SUCCESS;
  for (int i = 1; i < argc; ++i) {
    const google::protobuf::FileDescriptor* const file =
        google::protobuf::DescriptorPool::generated_pool()->FindFileByName(argv[i]);
    if (file == nullptr) {
      std::fprintf(stderr, "%s: is not in the library of messages\n", argv[i]);
      return EXIT_FAILURE;
    }
    for (int s = 0; s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m) {
        const google::protobuf::MethodDescriptor& method = *file->service(s)->method(m);
        if (method.options().GetExtension(emptychair::v1::permission) ==
            emptychair::v1::PERMISSION_UNSPECIFIED) {
          std::fprintf(stderr, "%s: %s has no option (emptychair.v1.permission)\n", argv[i],
                       method.full_name().c_str());
          status = EXIT_FAILURE;
        }
      }
    }
  }
  return status;
}
