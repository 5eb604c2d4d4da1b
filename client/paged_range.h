// Lists that come in pages, as one range.
#ifndef EMPTYCHAIR_CLIENT_PAGED_RANGE_H_
#define EMPTYCHAIR_CLIENT_PAGED_RANGE_H_

#include <memory>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "emptychair/client/connection.h"
#include "emptychair/client/result_range.h"
#include "google/protobuf/repeated_field.h"

namespace emptychair {

// The items of all pages from the one that `request` asks for. `fetch` is the list's method, and
// `items` its response's field, for example `&v1::ListSurveysResponse::mutable_surveys`.
template <typename Item, typename Request, typename Response>
ResultRange<Item> PagedRange(std::shared_ptr<Connection> connection, Request request,
                             absl::StatusOr<Response> (Connection::*fetch)(const Request&),
                             google::protobuf::RepeatedPtrField<Item>* (Response::*items)()) {
  return ResultRange<Item>([connection = std::move(connection), request = std::move(request), fetch,
                            items, page = Response(), next = 0,
                            is_last = false]() mutable -> std::optional<absl::StatusOr<Item>> {
    while (next == (page.*items)()->size()) {
      if (is_last) {
        return std::nullopt;
      }
      absl::StatusOr<Response> fetched = ((*connection).*fetch)(request);
      if (!fetched.ok()) {
        return std::move(fetched).status();
      }
      page = *std::move(fetched);
      next = 0;
      is_last = page.next_page_token().empty();
      request.set_page_token(page.next_page_token());
    }
    return std::move(*(page.*items)()->Mutable(next++));
  });
}

}  // namespace emptychair

#endif  // EMPTYCHAIR_CLIENT_PAGED_RANGE_H_
