// Page tokens: any text is refused with PAGE_TOKEN_INVALID, and a token that was made reads back.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/base/errors.h"
#include "emptychair/v1/feedback_service.pb.h"
#include "rocksdb/env.h"
#include "server/request/page_token.h"
#include "storage/store.h"

namespace emptychair {
namespace {

void Demand(bool holds) {
  if (!holds) {
    std::abort();
  }
}

const storage::Store& InMemory() {
  static const storage::Store* const kStore = [] {
    static rocksdb::Env* const kEnv = rocksdb::NewMemEnv(rocksdb::Env::Default());
    storage::StoreOptions options;
    options.directory = "/store";
    options.env = kEnv;
    absl::StatusOr<std::unique_ptr<storage::Store>> store =
        storage::Store::Open(std::move(options));
    Demand(store.ok());
    return store->release();
  }();
  return *kStore;
}

}  // namespace
}  // namespace emptychair

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using emptychair::Demand;
  const std::string text(reinterpret_cast<const char*>(data), size);
  emptychair::v1::ListFeedbackRequest request;
  request.set_survey_id("pulse");
  request.set_page_token(text);
  const auto position = emptychair::ReadPageToken(emptychair::InMemory(), request);
  Demand(text.empty() ? position.ok()
                      : emptychair::ReasonOf(position.status()) ==
                            emptychair::v1::ERROR_REASON_PAGE_TOKEN_INVALID);
  request.set_page_token(emptychair::MakePageToken(emptychair::InMemory(), request, text));
  const auto made = emptychair::ReadPageToken(emptychair::InMemory(), request);
  Demand(made.ok() && *made == text);
  return 0;
}
