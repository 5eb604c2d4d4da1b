// Lists that come in pages, as one range.
#ifndef EMPTYCHAIR_CLIENT_PAGED_RANGE_H_
#define EMPTYCHAIR_CLIENT_PAGED_RANGE_H_

#include <future>
#include <memory>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "emptychair/client/connection.h"
#include "emptychair/client/result_range.h"
#include "google/protobuf/repeated_field.h"

namespace emptychair {

// A page of a list: `fetch` is the list's method.
template <typename Request, typename Response>
using FetchPage = absl::StatusOr<Response> (Connection::*)(const Request&);

// When a page is asked for.
enum class PageFetch {
  // Once all of the page before is handed out.
  kWhenReached,
  // As the page before is handed out, on a thread of its own: the service works on it meanwhile. To
  // destroy the source waits for a page that is under way.
  kAhead,
};

// Hands out all pages from the one that `request` asks for.
template <typename Request, typename Response>
typename ResultRange<Response>::Source PageSource(std::shared_ptr<Connection> connection,
                                                  Request request,
                                                  FetchPage<Request, Response> fetch,
                                                  PageFetch when) {
  return [connection = std::move(connection), request = std::move(request), fetch, when,
          ahead = std::future<absl::StatusOr<Response>>(),
          is_last = false]() mutable -> std::optional<absl::StatusOr<Response>> {
    if (is_last) {
      return std::nullopt;
    }
    absl::StatusOr<Response> page = ahead.valid() ? ahead.get() : ((*connection).*fetch)(request);
    if (!page.ok()) {
      return page;
    }
    is_last = page->next_page_token().empty();
    request.set_page_token(page->next_page_token());
    if (when == PageFetch::kAhead && !is_last) {
      ahead = std::async(std::launch::async,
                         [connection, request, fetch] { return ((*connection).*fetch)(request); });
    }
    return page;
  };
}

// The items of all pages from the one that `request` asks for. `items` is the field of the response
// that has them, for example `&v1::ListSurveysResponse::mutable_surveys`.
template <typename Item, typename Request, typename Response>
ResultRange<Item> PagedRange(std::shared_ptr<Connection> connection, Request request,
                             FetchPage<Request, Response> fetch,
                             google::protobuf::RepeatedPtrField<Item>* (Response::*items)(),
                             PageFetch when = PageFetch::kWhenReached) {
  return ResultRange<Item>(
      [pages = PageSource(std::move(connection), std::move(request), fetch, when), items,
       page = Response(), next = 0]() mutable -> std::optional<absl::StatusOr<Item>> {
        while (next == (page.*items)()->size()) {
          std::optional<absl::StatusOr<Response>> fetched = pages();
          if (!fetched.has_value()) {
            return std::nullopt;
          }
          if (!fetched->ok()) {
            return std::move(*fetched).status();
          }
          page = **std::move(fetched);
          next = 0;
        }
        return std::move(*(page.*items)()->Mutable(next++));
      });
}

}  // namespace emptychair

#endif  // EMPTYCHAIR_CLIENT_PAGED_RANGE_H_
