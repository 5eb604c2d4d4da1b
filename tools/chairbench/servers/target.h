// A server that is measured.
#ifndef EMPTYCHAIR_TOOLS_CHAIRBENCH_SERVERS_TARGET_H_
#define EMPTYCHAIR_TOOLS_CHAIRBENCH_SERVERS_TARGET_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/security/credentials.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "emptychair/client/client.h"
#include "emptychair/client/options.h"
#include "tools/process/subprocess.h"

namespace emptychair::bench {

// Resources that a server has used so far.
struct Usage {
  // The server's version and the library that it stores with, for people.
  std::string server;
  // Since it started, by its own count.
  int64_t accepted = 0;
  int64_t refused = 0;
  int64_t groups = 0;
  // Records stored.
  int64_t feedback_count = 0;
  int64_t activity_count = 0;
  // What the store takes, in tables and in memory.
  int64_t stored_bytes = 0;
  std::vector<std::pair<std::string, double>> bytes_per_record;  // Of tables, by family.
  // Records in memory as columns, and the bytes that these take.
  int64_t column_feedback_count = 0;
  int64_t column_bytes = 0;
  // CPU time of its process; absent for a server that was not started here.
  std::optional<absl::Duration> cpu;
  // The most memory that the process has had; absent likewise.
  std::optional<int64_t> peak_memory_bytes;
};

// Thread-safe, but for Stop.
class Target {
 public:
  // Runs the program `argv[0]`, which must write "listening on ADDRESS" to its standard output.
  // `client` says how it is reached, but for the endpoint.
  static absl::StatusOr<std::unique_ptr<Target>> Start(const std::vector<std::string>& argv,
                                                       ClientOptions client = {});
  // Uses a server that runs already.
  static absl::StatusOr<std::unique_ptr<Target>> Attach(const ClientOptions& client);

  Client& client() { return client_; }
  // For calls that read the whole store: they may take an hour.
  absl::StatusOr<Client> PatientClient() const;
  // "HOST:PORT".
  const std::string& endpoint() const { return options_.endpoint; }

  // A new connection of its own, encrypted where the options say so. Calls over it go with the
  // options' key once AddKey has added it.
  std::shared_ptr<grpc::Channel> Connect() const;

  // Adds the key to a call; nothing without one.
  void AddKey(grpc::ClientContext& context) const;

  // What it has written to standard error; empty for a server that was not started here.
  std::string StandardError() const;

  absl::StatusOr<Usage> ReadUsage();

  // Lets the server rewrite its tables.
  absl::Status Compact() const;

  // Lets the server recount what it holds. DATA_LOSS names the first difference.
  absl::Status Verify() const;

  // Stops what was started here and waits for its end. An exit status other than 0 is an error.
  absl::Status Stop();

 private:
  Target(std::unique_ptr<Subprocess> process, ClientOptions options, Client client)
      : process_(std::move(process)), options_(std::move(options)), client_(std::move(client)) {}

  static absl::StatusOr<std::unique_ptr<Target>> Make(std::unique_ptr<Subprocess> process,
                                                      const ClientOptions& options);

  std::unique_ptr<Subprocess> process_;
  const ClientOptions options_;
  Client client_;
  // What calls over Connect need of the options.
  std::shared_ptr<grpc::ChannelCredentials> credentials_;
  std::string authorization_;
};

}  // namespace emptychair::bench

#endif  // EMPTYCHAIR_TOOLS_CHAIRBENCH_SERVERS_TARGET_H_
