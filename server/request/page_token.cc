#include "server/request/page_token.h"

#include <algorithm>
#include <memory>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/base/deterministic_bytes.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "emptychair/store/v1/page_token.pb.h"
#include "server/request/validation.h"

namespace emptychair {
namespace {

constexpr int32_t kPageSizeDefault = 100;
constexpr int32_t kPageSizeMax = 1'000;
constexpr absl::string_view kPageSizeField = "page_size";
constexpr absl::string_view kPageTokenField = "page_token";

const google::protobuf::FieldDescriptor* Field(const google::protobuf::Message& request,
                                               absl::string_view name) {
  return request.GetDescriptor()->FindFieldByName(std::string(name));
}

std::string BindingOf(const storage::Store& store, const google::protobuf::Message& request,
                      absl::string_view position) {
  std::unique_ptr<google::protobuf::Message> rest(request.New());
  rest->CopyFrom(request);
  rest->GetReflection()->ClearField(rest.get(), Field(*rest, kPageSizeField));
  rest->GetReflection()->ClearField(rest.get(), Field(*rest, kPageTokenField));
  const storage::IdHash binding =
      store.hash()(storage::HashPurpose::kPageToken,
                   absl::StrCat(store.store_id().AsBytes(), request.GetDescriptor()->full_name(),
                                "\n", position.size(), "\n", position, DeterministicBytes(*rest)));
  return std::string(binding.begin(), binding.end());
}

}  // namespace

absl::StatusOr<int32_t> CheckPageSize(int32_t page_size) {
  RETURN_IF_ERROR(CheckRange(kPageSizeField, page_size, 0, INT32_MAX));
  return page_size == 0 ? kPageSizeDefault : std::min(page_size, kPageSizeMax);
}

std::string MakePageToken(const storage::Store& store, const google::protobuf::Message& request,
                          absl::string_view position) {
  store::v1::PageToken token;
  token.set_binding(BindingOf(store, request, position));
  token.set_position(std::string(position));
  return absl::WebSafeBase64Escape(token.SerializeAsString());
}

absl::StatusOr<std::string> ReadPageToken(const storage::Store& store,
                                          const google::protobuf::Message& request) {
  const std::string text =
      request.GetReflection()->GetString(request, Field(request, kPageTokenField));
  if (text.empty()) {
    return "";
  }
  std::string bytes;
  store::v1::PageToken token;
  if (!absl::WebSafeBase64Unescape(text, &bytes) || !token.ParseFromString(bytes) ||
      token.binding() != BindingOf(store, request, token.position())) {
    return FieldError(v1::ERROR_REASON_PAGE_TOKEN_INVALID, kPageTokenField,
                      "got a token that is damaged, or that belongs to another request or another "
                      "store; start again without one");
  }
  return token.position();
}

}  // namespace emptychair
