#include "tests/client/keyed_server.h"

#include <cstdlib>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/errors.h"
#include "common/rpc/status_conversion.h"
#include "emptychair/v1/feedback_service.pb.h"

namespace emptychair {
namespace {

std::string BytesOf(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (buffer.Dump(&slices).ok()) {
    for (const grpc::Slice& slice : slices) {
      bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
    }
  }
  return bytes;
}

grpc::ByteBuffer BufferOf(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return {&slice, 1};
}

// One call, answered as the header says.
class Reactor final : public grpc::ServerGenericBidiReactor {
 public:
  Reactor(std::string method, const absl::Status& refusal) : method_(std::move(method)) {
    if (!refusal.ok()) {
      Finish(ToGrpc(refusal));
    } else {
      StartRead(&request_);
    }
  }

  void OnReadDone(bool ok) override {
    const bool is_upload = absl::StrContains(method_, "/Stream");
    if (!ok) {
      Finish(grpc::Status::OK);
    } else if (is_upload) {
      // Activities have their number in the same field.
      v1::StreamFeedbackRequest batch;
      batch.ParseFromString(BytesOf(request_));
      v1::StreamFeedbackResponse acknowledgement;
      acknowledgement.set_batch_number(batch.batch_number());
      response_ = BufferOf(acknowledgement.SerializeAsString());
      StartWrite(&response_);
    } else if (absl::EndsWith(method_, "/WatchFeedback")) {
      v1::WatchFeedbackResponse change;
      change.set_sequence(7);
      response_ = BufferOf(change.SerializeAsString());
      StartWriteAndFinish(&response_, {}, {grpc::StatusCode::OUT_OF_RANGE, "planned"});
    } else {
      response_ = BufferOf("");
      StartWriteAndFinish(&response_, {}, grpc::Status::OK);
    }
  }

  void OnWriteDone(bool ok) override { ok ? StartRead(&request_) : Finish(grpc::Status::OK); }
  void OnDone() override { delete this; }

 private:
  const std::string method_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer response_;
};

}  // namespace

class KeyedServer::Service final : public grpc::CallbackGenericService {
 public:
  explicit Service(std::string key) : key_(std::move(key)) {}

  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override {
    std::vector<std::string> values;
    const auto [first, last] = context->client_metadata().equal_range("authorization");
    for (auto value = first; value != last; ++value) {
      values.emplace_back(value->second.data(), value->second.size());
    }
    const std::string& method = context->method();
    absl::MutexLock lock(&mutex_);
    calls_.push_back(
        absl::StrCat(method.substr(method.rfind('/') + 1), ": ", absl::StrJoin(values, ", ")));
    const bool is_right = values == std::vector<std::string>{"Bearer " + key_};
    return new Reactor(method, refusal_.has_value() ? *refusal_
                               : is_right           ? absl::OkStatus()
                                          : Error(v1::ERROR_REASON_KEY_INVALID, "no such key"));
  }

  void SetKey(const std::string& key) {
    absl::MutexLock lock(&mutex_);
    key_ = key;
  }
  void RefuseAll(absl::Status status) {
    absl::MutexLock lock(&mutex_);
    refusal_ = std::move(status);
  }
  std::vector<std::string> calls() const {
    absl::MutexLock lock(&mutex_);
    return calls_;
  }

 private:
  mutable absl::Mutex mutex_;
  std::string key_ ABSL_GUARDED_BY(mutex_);
  std::optional<absl::Status> refusal_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> calls_ ABSL_GUARDED_BY(mutex_);
};

KeyedServer::KeyedServer(const std::string& key,
                         std::shared_ptr<grpc::ServerCredentials> credentials,
                         const std::string& address)
    : service_(std::make_unique<Service>(key)) {
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address, std::move(credentials), &port_);
  builder.RegisterCallbackGenericService(service_.get());
  server_ = builder.BuildAndStart();
  if (server_ == nullptr) {
    std::abort();
  }
}

KeyedServer::~KeyedServer() { server_->Shutdown(std::chrono::system_clock::now()); }

void KeyedServer::SetKey(const std::string& key) { service_->SetKey(key); }
void KeyedServer::RefuseAll(absl::Status status) { service_->RefuseAll(std::move(status)); }
std::vector<std::string> KeyedServer::calls() const { return service_->calls(); }

}  // namespace emptychair
