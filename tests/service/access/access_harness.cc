#include "tests/service/access/access_harness.h"

#include <cstdlib>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
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
      // A stream that goes on is not waited for; one that ends is read to its end, before which it
      // does not tell its status.
      for (bool has_more = true; has_more;) {
        grpc::ByteBuffer more;
        call->Read(&more, nullptr);
        void* tag = nullptr;
        if (queue.AsyncNext(&tag, &has_more,
                            absl::ToChronoTime(absl::Now() + absl::Milliseconds(50))) ==
            grpc::CompletionQueue::TIMEOUT) {
          context.TryCancel();
          has_more = Next(queue);
        }
      }
    }
  }
  grpc::Status status;
  call->Finish(&status, nullptr);
  Next(queue);
  answer.status = FromGrpc(status);
  return answer;
}

AccessServer::AccessServer(const std::string& anonymous, ListensBy listens_by)
    : clock_(kFakeNow),
      anonymous_(anonymous),
      listens_by_(listens_by),
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
  if (listens_by_ == ListensBy::kTls) {
    config.tls.certificate_file = folder_.Join("server.pem");
    config.tls.key_file = folder_.Join("server.key");
    config.tls.client_ca_file = folder_.Join("ca.pem");
    const IssuedCertificate own = authority_.Issue();
    ReplaceFile(config.tls.certificate_file, own.certificate_pem);
    ReplaceFile(config.tls.key_file, own.key_pem);
    ReplaceFile(config.tls.client_ca_file, authority_.certificate_pem());
  }
  ServerEnvironment environment;
  environment.clock = &clock_;
  absl::StatusOr<std::unique_ptr<Server>> server =
      Server::Start(config, &log_, std::move(environment));
  if (!server.ok()) {
    Abort(absl::StrCat("no server for this test: ", server.status().ToString()));
  }
  server_ = *std::move(server);
  listener_ = listens_by_ == ListensBy::kTls
                  ? ByTls({})
                  : grpc::CreateChannel(server_->address(), grpc::InsecureChannelCredentials());
  admin_socket_ =
      grpc::CreateChannel(absl::StrCat("unix:", socket_path()), grpc::InsecureChannelCredentials());
}

std::shared_ptr<grpc::Channel> AccessServer::ByTls(const IssuedCertificate& own) const {
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = authority_.certificate_pem();
  options.pem_cert_chain = own.certificate_pem;
  options.pem_private_key = own.key_pem;
  return grpc::CreateChannel(server_->address(), grpc::SslCredentials(options));
}

std::shared_ptr<grpc::Channel> AccessServer::WithCertificate(
    const std::vector<std::string>& names) {
  return ByTls(authority_.Issue({.names = names}));
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

std::vector<const google::protobuf::MethodDescriptor*> MethodsOfTheApi() {
  std::vector<const google::protobuf::MethodDescriptor*> methods;
  for (const absl::string_view proto : absl::StrSplit(EMPTYCHAIR_API_PROTOS, ',')) {
    const auto* const file =
        google::protobuf::DescriptorPool::generated_pool()->FindFileByName(std::string(proto));
    for (int s = 0; s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m) {
        methods.push_back(file->service(s)->method(m));
      }
    }
  }
  return methods;
}

std::string NameOf(const google::protobuf::MethodDescriptor& method) {
  return absl::StrCat(method.service()->name(), "/", method.name());
}

std::string PathOf(const google::protobuf::MethodDescriptor& method) {
  return absl::StrCat("/", method.service()->full_name(), "/", method.name());
}

std::string PathOf(const google::protobuf::Message& request) {
  return PathOf(*FindMethod(*request.GetDescriptor()));
}

}  // namespace emptychair::testing
