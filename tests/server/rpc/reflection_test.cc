#include "server/rpc/reflection.h"

#include <string>

#include "gmock/gmock.h"
#include "google/protobuf/descriptor.pb.h"
#include "grpc/reflection/v1/reflection.pb.h"
#include "grpc/reflection/v1alpha/reflection.pb.h"
#include "gtest/gtest.h"
#include "server/rpc/health.h"
#include "tests/helpers/status_matchers.h"
#include "tests/server/services/direct_call.h"

namespace emptychair {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

template <typename Version>
class ReflectionTest : public ::testing::Test {
 protected:
  using Request = typename Version::Request;
  using Response = typename Version::Response;

  ReflectionTest() {
    health_.AddTo(api_);
    reflection_.AddTo(table_, api_);
  }

  Response Ask(const Request& request) {
    const absl::StatusOr<Response> response = CallDirectly<Response>(table_, request);
    EXPECT_TRUE(response.ok()) << response.status();
    return response.ok() ? *response : Response();
  }

  // The files of an answer, by their names.
  static std::vector<std::string> FilesOf(const Response& response) {
    std::vector<std::string> names;
    for (const std::string& bytes : response.file_descriptor_response().file_descriptor_proto()) {
      google::protobuf::FileDescriptorProto file;
      EXPECT_TRUE(file.ParseFromString(bytes));
      names.push_back(file.name());
    }
    return names;
  }

  Health health_;
  Reflection reflection_;
  MethodTable api_;
  MethodTable table_;
};

struct V1 {
  using Request = grpc::reflection::v1::ServerReflectionRequest;
  using Response = grpc::reflection::v1::ServerReflectionResponse;
};
struct V1Alpha {
  using Request = grpc::reflection::v1alpha::ServerReflectionRequest;
  using Response = grpc::reflection::v1alpha::ServerReflectionResponse;
};
using Versions = ::testing::Types<V1, V1Alpha>;
TYPED_TEST_SUITE(ReflectionTest, Versions);

TYPED_TEST(ReflectionTest, ListsTheServicesThatThereAre) {
  typename TypeParam::Request request;
  request.set_host("h");
  request.set_list_services("*");
  const auto response = this->Ask(request);
  std::vector<std::string> names;
  for (const auto& service : response.list_services_response().service()) {
    names.push_back(service.name());
  }
  EXPECT_THAT(names, ElementsAre("grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
                                 "grpc.reflection.v1alpha.ServerReflection"));
  EXPECT_EQ(response.valid_host(), "h");
  EXPECT_EQ(response.original_request().list_services(), "*");
}

TYPED_TEST(ReflectionTest, FindsFilesWithAllThatTheyImport) {
  typename TypeParam::Request request;
  request.set_file_containing_symbol("emptychair.v1.FeedbackService.SubmitFeedback");
  const std::vector<std::string> files = this->FilesOf(this->Ask(request));
  EXPECT_EQ(files.back(), "emptychair/v1/feedback_service.proto");
  EXPECT_THAT(files, Contains("google/protobuf/timestamp.proto").Times(1));
  EXPECT_THAT(files, Contains("google/protobuf/descriptor.proto").Times(1));
  request.set_file_by_filename("grpc/health/v1/health.proto");
  EXPECT_THAT(this->FilesOf(this->Ask(request)), ElementsAre("grpc/health/v1/health.proto"));
}

TYPED_TEST(ReflectionTest, FindsExtensions) {
  typename TypeParam::Request request;
  request.set_all_extension_numbers_of_type("google.protobuf.MethodOptions");
  auto response = this->Ask(request);
  const auto& numbers = response.all_extension_numbers_response();
  EXPECT_EQ(numbers.base_type_name(), "google.protobuf.MethodOptions");
  ASSERT_GT(numbers.extension_number_size(), 0);
  request.mutable_file_containing_extension()->set_containing_type("google.protobuf.MethodOptions");
  request.mutable_file_containing_extension()->set_extension_number(numbers.extension_number(0));
  EXPECT_THAT(this->FilesOf(this->Ask(request)), Contains("emptychair/v1/access_options.proto"));
}

TYPED_TEST(ReflectionTest, SaysWhatThereIsNot) {
  std::vector<typename TypeParam::Request> requests(6);
  requests[0].set_file_by_filename("no/such.proto");
  requests[1].set_file_containing_symbol("no.Such\x01");
  requests[2].set_all_extension_numbers_of_type("no.Such");
  requests[3].mutable_file_containing_extension()->set_containing_type("no.Such");
  requests[4].mutable_file_containing_extension()->set_containing_type(
      "google.protobuf.MethodOptions");
  for (int i = 0; i < 5; ++i) {
    const auto response = this->Ask(requests[i]);
    EXPECT_EQ(response.error_response().error_code(), 5) << i;
    EXPECT_THAT(response.error_response().error_message(), Not(HasSubstr("\x01"))) << i;
  }
  // Nothing at all was asked.
  EXPECT_EQ(this->Ask(requests[5]).error_response().error_code(), 3);
}

}  // namespace
}  // namespace emptychair
