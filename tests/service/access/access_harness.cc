#include "tests/service/access/access_harness.h"

#include <cstdlib>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "common/base/method.h"
#include "common/rpc/status_conversion.h"
#include "google/protobuf/text_format.h"
#include "grpcpp/generic/generic_stub.h"
#include "tests/service/harness/backend.h"

namespace emptychair::testing {
namespace {

[[noreturn]] void Abort(const std::string& what) {
  std::cerr << what << std::endl;
  std::abort();
}

// Waits for the one thing that is under way; whether it went well.
bool Next(grpc::CompletionQueue& queue) {
  void* tag = nullptr;
  bool ok = false;
  return queue.Next(&tag, &ok) && ok;
}

grpc::ByteBuffer ToBuffer(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return {&slice, 1};
}

std::string ToBytes(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  (void)buffer.Dump(&slices);
  std::string bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

}  // namespace

RawAnswer CallRaw(const std::shared_ptr<grpc::Channel>& channel, const std::string& path,
                  const std::string& body, const Metadata& metadata) {
  grpc::ClientContext context;
  for (const auto& [key, value] : metadata) {
    context.AddMetadata(key, value);
  }
  context.set_deadline(absl::ToChronoTime(absl::Now() + kLong));
  grpc::GenericStub stub(channel);
  grpc::CompletionQueue queue;
  const auto call = stub.PrepareCall(&context, path, &queue);
  call->StartCall(nullptr);
  RawAnswer answer;
  if (Next(queue)) {
    call->WriteLast(ToBuffer(body), grpc::WriteOptions(), nullptr);
    Next(queue);
    grpc::ByteBuffer message;
    call->Read(&message, nullptr);
    if (Next(queue)) {
      answer.message = ToBytes(message);
      grpc::ByteBuffer more;
      call->Read(&more, nullptr);
      // A stream that goes on is not waited for: of the others this is the end.
      void* tag = nullptr;
      bool ok = false;
      if (queue.AsyncNext(&tag, &ok, absl::ToChronoTime(absl::Now() + absl::Milliseconds(50))) ==
          grpc::CompletionQueue::TIMEOUT) {
        context.TryCancel();
        Next(queue);
      }
    }
  }
  grpc::Status status;
  call->Finish(&status, nullptr);
  Next(queue);
  answer.status = FromGrpc(status);
  return answer;
}

AccessServer::AccessServer(const std::string& anonymous)
    : clock_(kFakeNow),
      anonymous_(anonymous),
      log_(&clock_, [this](absl::string_view line) { absl::StrAppend(&log_text_, line); }) {
  Start();
}

AccessServer::~AccessServer() = default;

void AccessServer::Start() {
  ServerConfig config;
  config.data_directory = folder_.Join("data");
  config.listen_address = "127.0.0.1:0";
  config.http_listen = kHttpOff;
  config.backup_directory = folder_.Join("backups");
  config.access_log = folder_.Join("access.log");
  config.anonymous = anonymous_;
  config.access_period = absl::Milliseconds(20);
  config.steward_period = absl::ZeroDuration();
  ServerEnvironment environment;
  environment.clock = &clock_;
  absl::StatusOr<std::unique_ptr<Server>> server =
      Server::Start(config, &log_, std::move(environment));
  if (!server.ok()) {
    Abort(absl::StrCat("no server for this test: ", server.status().ToString()));
  }
  server_ = *std::move(server);
  plain_ = grpc::CreateChannel(server_->address(), grpc::InsecureChannelCredentials());
  admin_socket_ =
      grpc::CreateChannel(absl::StrCat("unix:", socket_path()), grpc::InsecureChannelCredentials());
}

void AccessServer::Restart() {
  server_.reset();
  Start();
}

void AccessServer::AdminCall(const google::protobuf::Message& request,
                             google::protobuf::Message& response) {
  const RawAnswer answer = CallRaw(admin_socket_, PathOf(request), request.SerializeAsString());
  if (!answer.status.ok() || !response.ParseFromString(answer.message)) {
    Abort(absl::StrCat(PathOf(request), ": ", answer.status.ToString()));
  }
}

std::string AccessServer::MakeKey(const std::string& key) {
  v1::CreateKeyRequest request;
  if (!google::protobuf::TextFormat::ParseFromString(key, request.mutable_key())) {
    Abort(key);
  }
  const auto made = Admin<v1::CreateKeyResponse>(request);
  key_id_ = made.key().key_id();
  return absl::StrCat("Bearer ", made.key_text());
}

std::string PathOf(const google::protobuf::Message& request) {
  const google::protobuf::MethodDescriptor* method = FindMethod(*request.GetDescriptor());
  return absl::StrCat("/", method->service()->full_name(), "/", method->name());
}

}  // namespace emptychair::testing
