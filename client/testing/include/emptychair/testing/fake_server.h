// A real server for the tests of programs that use the client, with its store in memory.
#ifndef EMPTYCHAIR_TESTING_FAKE_SERVER_H_
#define EMPTYCHAIR_TESTING_FAKE_SERVER_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace emptychair::testing {

struct FakeServerOptions {
  // Where the server's clock stands until SetTime: after 1970-01-01T00:00:00Z and before the year
  // 10000. Default: the machine's time.
  absl::Time time = absl::Now();
};

// Empty Chair itself in the calling process: it answers, refuses and counts as the service does,
// and starts in milliseconds, on a port of loopback that it chooses. Its store is gone with the
// object. Callers need no key. Warnings go to stderr. Thread-safe.
class FakeServer {
 public:
  // Serving when it returns. Errors: INVALID_ARGUMENT names the option; what the system says.
  static absl::StatusOr<std::unique_ptr<FakeServer>> Start(FakeServerOptions options = {});

  // Cuts what is under way.
  ~FakeServer();
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;

  // "127.0.0.1:PORT": the same for the life of the object.
  const std::string& endpoint() const;

  // Sets the server's clock, forwards or backwards; it stands there. Deadlines of calls go by the
  // machine's clock. Errors: INVALID_ARGUMENT for a time outside the range of
  // FakeServerOptions::time.
  absl::Status SetTime(absl::Time time);

  // Lets the next `count` calls of `method` fail before anything is read or stored for them.
  // `method` is a full name, such as "emptychair.v1.FeedbackService/SubmitFeedback", or empty for
  // every method; asked for again, it replaces what was left. A call counts towards its own method
  // first. Each attempt of a client is a call; a stream is one, when it begins. An empty `message`
  // becomes one that says that the error was asked for.
  // Errors: INVALID_ARGUMENT, with the field (`FieldsOf` in emptychair/error.h), for a method that
  // the API does not have, for OK and for a count below 1.
  absl::Status FailNext(absl::string_view method, absl::StatusCode code, int count,
                        absl::string_view message = "");

  // Cuts all connections in the middle of what is under way, and says how many there were. Clients
  // see a connection that is reset and can connect again at once; the server goes on with what it
  // has received.
  int DropConnections();

  // Cuts all connections, stops the server and starts it anew, on the same store at the same
  // endpoint. Clients that connect meanwhile wait. Clock and failures that are still due stay.
  // Errors: what the system says, after which there is no server any more.
  absl::Status Restart();

 private:
  class Impl;

  explicit FakeServer(std::unique_ptr<Impl> impl);

  const std::unique_ptr<Impl> impl_;
};

}  // namespace emptychair::testing

#endif  // EMPTYCHAIR_TESTING_FAKE_SERVER_H_
