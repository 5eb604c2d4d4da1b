#include "server/rpc/reflection.h"

#include <set>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "grpc/reflection/v1/reflection.pb.h"
#include "grpc/reflection/v1alpha/reflection.pb.h"

namespace emptychair {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;

const DescriptorPool& Pool() { return *DescriptorPool::generated_pool(); }

template <typename Response>
void SetNotFound(absl::string_view what, const std::string& name, Response& response) {
  response.mutable_error_response()->set_error_code(static_cast<int>(absl::StatusCode::kNotFound));
  response.mutable_error_response()->set_error_message(
      absl::StrCat("there is no ", what, " ", Quoted(name, 256)));
}

// Adds `file` behind all that it imports, each file once.
template <typename Files>
void AddFile(const FileDescriptor& file, absl::flat_hash_set<const FileDescriptor*>& seen,
             Files& files) {
  if (!seen.insert(&file).second) {
    return;
  }
  for (int i = 0; i < file.dependency_count(); ++i) {
    AddFile(*file.dependency(i), seen, files);
  }
  google::protobuf::FileDescriptorProto proto;
  file.CopyTo(&proto);
  proto.SerializeToString(files.Add());
}

// Answers with the file, or that there is no such thing.
template <typename Response>
void SetFile(const FileDescriptor* file, absl::string_view what, const std::string& name,
             Response& response) {
  if (file == nullptr) {
    SetNotFound(what, name, response);
    return;
  }
  absl::flat_hash_set<const FileDescriptor*> seen;
  AddFile(*file, seen,
          *response.mutable_file_descriptor_response()->mutable_file_descriptor_proto());
}

template <typename Response>
void SetExtensionNumbers(const std::string& name, Response& response) {
  const Descriptor* const type = Pool().FindMessageTypeByName(name);
  if (type == nullptr) {
    SetNotFound("message", name, response);
    return;
  }
  std::vector<const FieldDescriptor*> extensions;
  Pool().FindAllExtensions(type, &extensions);
  auto& answer = *response.mutable_all_extension_numbers_response();
  answer.set_base_type_name(name);
  for (const FieldDescriptor* extension : extensions) {
    answer.add_extension_number(extension->number());
  }
}

// The file of the extension `number` of a message; null when there is none.
const FileDescriptor* FileOfExtension(const std::string& type_name, int number) {
  const Descriptor* const type = Pool().FindMessageTypeByName(type_name);
  const FieldDescriptor* const extension =
      type == nullptr ? nullptr : Pool().FindExtensionByNumber(type, number);
  return extension == nullptr ? nullptr : extension->file();
}

template <typename Request, typename Response>
void Answer(const std::vector<std::string>& services, const Request& request, Response& response) {
  response.set_valid_host(request.host());
  *response.mutable_original_request() = request;
  switch (request.message_request_case()) {
    case Request::kFileByFilename:
      SetFile(Pool().FindFileByName(request.file_by_filename()), "file", request.file_by_filename(),
              response);
      break;
    case Request::kFileContainingSymbol:
      SetFile(Pool().FindFileContainingSymbol(request.file_containing_symbol()), "symbol",
              request.file_containing_symbol(), response);
      break;
    case Request::kFileContainingExtension: {
      const auto& wanted = request.file_containing_extension();
      SetFile(FileOfExtension(wanted.containing_type(), wanted.extension_number()), "extension of",
              wanted.containing_type(), response);
      break;
    }
    case Request::kAllExtensionNumbersOfType:
      SetExtensionNumbers(request.all_extension_numbers_of_type(), response);
      break;
    case Request::kListServices:
      for (const std::string& service : services) {
        response.mutable_list_services_response()->add_service()->set_name(service);
      }
      break;
    case Request::MESSAGE_REQUEST_NOT_SET:
      response.mutable_error_response()->set_error_code(
          static_cast<int>(absl::StatusCode::kInvalidArgument));
      response.mutable_error_response()->set_error_message("the request asks for nothing");
      break;
  }
}

template <typename Request, typename Response>
MethodSpec ReflectionOf(const Reflection* reflection) {
  return MethodSpec::PipelineOn(
             Lane::kQuery, [](absl::AnyInvocable<void()> resume) { resume(); },
             [reflection](const RequestContext&, const Request& request, Response& response,
                          ReplyHandle reply) {
               Answer(reflection->services(), request, response);
               reply(absl::OkStatus());
             })
      .WithStreamsPerConnection(kReflectionStreamsPerConnectionMax)
      .Needing(v1::PERMISSION_ANY);
}

}  // namespace

void Reflection::AddTo(MethodTable& table, const MethodTable& api) {
  table.push_back(ReflectionOf<grpc::reflection::v1::ServerReflectionRequest,
                               grpc::reflection::v1::ServerReflectionResponse>(this));
  table.push_back(ReflectionOf<grpc::reflection::v1alpha::ServerReflectionRequest,
                               grpc::reflection::v1alpha::ServerReflectionResponse>(this));
  std::set<std::string> names;
  for (const MethodTable* const methods : {&api, static_cast<const MethodTable*>(&table)}) {
    for (const MethodSpec& method : *methods) {
      names.insert(method.descriptor->service()->full_name());
    }
  }
  services_.assign(names.begin(), names.end());
}

}  // namespace emptychair
