// A server whose callers are told apart, and calls to it as bytes.
#ifndef EMPTYCHAIR_TESTS_SERVICE_ACCESS_ACCESS_HARNESS_H_
#define EMPTYCHAIR_TESTS_SERVICE_ACCESS_ACCESS_HARNESS_H_

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "emptychair/v1/access_service.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "grpcpp/grpcpp.h"
#include "server/server.h"
#include "tests/helpers/certificates.h"
#include "tests/helpers/temp_dir.h"

namespace emptychair::testing {

using Metadata = std::vector<std::pair<std::string, std::string>>;

// What a call came to.
struct RawAnswer {
  absl::Status status;
  // The first message of the answer; empty where there was none.
  std::string message;
};

// Calls any method, whatever its shape, with one message; ends a stream after its first message.
RawAnswer CallRaw(const std::shared_ptr<grpc::Channel>& channel, const std::string& path,
                  const std::string& body, const Metadata& metadata = {});

// How a server listens, beside the admin socket.
enum class ListensBy { kPlainText, kTls };

// A server on files in a folder of its own, whose clock the test sets.
class AccessServer {
 public:
  // `anonymous` as the flag. By TLS it asks clients for certificates, and does without. Aborts when
  // it does not start.
  explicit AccessServer(const std::string& anonymous = "none",
                        ListensBy listens_by = ListensBy::kPlainText);
  ~AccessServer();

  // The store again, in another server.
  void Restart();

  FakeClock& clock() { return clock_; }
  // To the listener, without a certificate of the client's.
  std::shared_ptr<grpc::Channel> listener() const { return listener_; }
  // By TLS, with a certificate that has these names ("URI:spiffe://example.org/shop").
  std::shared_ptr<grpc::Channel> WithCertificate(const std::vector<std::string>& names);
  std::shared_ptr<grpc::Channel> admin_socket() const { return admin_socket_; }
  std::string socket_path() const { return folder_.Join("data/admin.sock"); }
  std::string endpoint() const { return server_->address(); }
  std::string log() const { return log_text_; }

  // Calls by the admin socket. Aborts on an error.
  template <typename Response>
  Response Admin(const google::protobuf::Message& request) {
    Response response;
    AdminCall(request, response);
    return response;
  }

  // Makes a key of what the text format says, and returns the value of its `authorization`.
  std::string MakeKey(const std::string& key);
  // Of the key that was made last.
  const std::string& key_id() const { return key_id_; }

 private:
  void Start();
  std::shared_ptr<grpc::Channel> ByTls(const IssuedCertificate& own) const;
  void AdminCall(const google::protobuf::Message& request, google::protobuf::Message& response);

  TempDir folder_;
  FakeClock clock_;
  const std::string anonymous_;
  const ListensBy listens_by_;
  TestAuthority authority_;  // Of the server and of its clients.
  std::string log_text_;
  ServerLog log_;
  std::unique_ptr<Server> server_;
  std::shared_ptr<grpc::Channel> listener_;
  std::shared_ptr<grpc::Channel> admin_socket_;
  std::string key_id_;
};

// Every method that the API has.
std::vector<const google::protobuf::MethodDescriptor*> MethodsOfTheApi();

// "SurveyService/GetSurvey".
std::string NameOf(const google::protobuf::MethodDescriptor& method);
// "/emptychair.v1.SurveyService/GetSurvey".
std::string PathOf(const google::protobuf::MethodDescriptor& method);
// The same of the message that the method takes.
std::string PathOf(const google::protobuf::Message& request);

// The metadata with which a key is sent.
inline Metadata By(const std::string& authorization) {
  return authorization.empty() ? Metadata() : Metadata{{"authorization", authorization}};
}

}  // namespace emptychair::testing

#endif  // EMPTYCHAIR_TESTS_SERVICE_ACCESS_ACCESS_HARNESS_H_
