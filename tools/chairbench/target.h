// A server that is measured.
#ifndef EMPTYCHAIR_TOOLS_CHAIRBENCH_TARGET_H_
#define EMPTYCHAIR_TOOLS_CHAIRBENCH_TARGET_H_

#include <grpcpp/channel.h>

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
  // CPU time of its process, to 10 ms; absent for a server that was not started here.
  std::optional<absl::Duration> cpu;
  // The most memory that the process has had; absent likewise.
  std::optional<int64_t> peak_memory_bytes;
};

// Thread-safe, but for Stop.
class Target {
 public:
  // Runs the program `argv[0]`, which must write "listening on ADDRESS" to its standard output.
  static absl::StatusOr<std::unique_ptr<Target>> Start(const std::vector<std::string>& argv);
  // Uses a server that runs already at "HOST:PORT".
  static absl::StatusOr<std::unique_ptr<Target>> Attach(const std::string& endpoint);

  Client& client() { return client_; }
  // "HOST:PORT".
  const std::string& endpoint() const { return endpoint_; }

  // A new connection of its own.
  std::shared_ptr<grpc::Channel> Connect() const;

  absl::StatusOr<Usage> ReadUsage();

  // Lets the server rewrite its tables.
  absl::Status Compact() const;

  // Lets the server recount what it holds. DATA_LOSS names the first difference.
  absl::Status Verify() const;

  // Stops what was started here and waits for its end. An exit status other than 0 is an error.
  absl::Status Stop();

 private:
  Target(std::unique_ptr<Subprocess> process, std::string endpoint, Client client)
      : process_(std::move(process)), endpoint_(std::move(endpoint)), client_(std::move(client)) {}

  std::unique_ptr<Subprocess> process_;
  const std::string endpoint_;
  Client client_;
};

}  // namespace emptychair::bench

#endif  // EMPTYCHAIR_TOOLS_CHAIRBENCH_TARGET_H_
