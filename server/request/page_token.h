// Pages of lists.
#ifndef EMPTYCHAIR_SERVER_REQUEST_PAGE_TOKEN_H_
#define EMPTYCHAIR_SERVER_REQUEST_PAGE_TOKEN_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"
#include "storage/store.h"

namespace emptychair {

// A page ends when it has so many bytes, or when so many records were looked at: a call stays short
// whatever it asks for, and its answer within what clients accept.
inline constexpr size_t kPageBytesMax = size_t{1} << 20;
inline constexpr int64_t kPageLookedAtMax = 20'000;

// Returns the number of items of a page of `page_size` as requested: 100 for 0, at most 1,000.
// Errors: FIELD_INVALID for less than 0.
absl::StatusOr<int32_t> CheckPageSize(int32_t page_size);

// A token with which `request`, a message with `page_size` and `page_token`, goes on behind
// `position`. It is bound to all other fields of the request and to the store.
std::string MakePageToken(const storage::Store& store, const google::protobuf::Message& request,
                          absl::string_view position);

// The position in the request's `page_token`; empty for the first page.
// Errors: PAGE_TOKEN_INVALID.
absl::StatusOr<std::string> ReadPageToken(const storage::Store& store,
                                          const google::protobuf::Message& request);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_REQUEST_PAGE_TOKEN_H_
