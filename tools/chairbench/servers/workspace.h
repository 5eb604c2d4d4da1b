// Folder, server and echo server of a run.
#ifndef EMPTYCHAIR_TOOLS_CHAIRBENCH_SERVERS_WORKSPACE_H_
#define EMPTYCHAIR_TOOLS_CHAIRBENCH_SERVERS_WORKSPACE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tools/chairbench/servers/echo_server.h"
#include "tools/chairbench/servers/options.h"
#include "tools/chairbench/servers/target.h"

namespace emptychair::bench {

// A temporary folder with a server that holds the empty survey. Removed with it. Not thread-safe.
class Workspace {
 public:
  static absl::StatusOr<std::unique_ptr<Workspace>> Open(const BenchOptions& options);
  // Without a server: what is measured starts its own, and does not use server().
  static absl::StatusOr<std::unique_ptr<Workspace>> OpenFolder(const BenchOptions& options);
  ~Workspace();

  const BenchOptions& options() const { return options_; }
  Target& server() { return *server_; }
  // What it is, or the first that was started beside it, for people; empty before.
  const std::string& server_name() const { return server_name_; }

  // `name` in the folder.
  std::string Path(absl::string_view name) const;

  // The program `name` beside this one.
  std::string Beside(absl::string_view name) const;

  absl::StatusOr<std::unique_ptr<Target>> StartEcho(const EchoOptions& options) const;

  // Starts a server beside, over the store `name` in the folder, with further flags. `client` says
  // how it is reached, but for the endpoint. A store that is new gets the empty survey.
  absl::StatusOr<std::unique_ptr<Target>> StartServer(absl::string_view name,
                                                      const std::vector<std::string>& flags = {},
                                                      const ClientOptions& client = {});

  // Checks that a server which was started beside, over an empty store, holds `accepted` records,
  // then stops it.
  static absl::Status FinishServer(Target& server, int64_t accepted);

  // Checks that the server holds `accepted` records more than when it was opened, then stops it.
  absl::Status Finish(int64_t accepted);

 private:
  explicit Workspace(const BenchOptions& options) : options_(options) {}

  absl::Status MakeFolder();
  absl::Status StartOwnServer();
  // The command that starts the server's program, but for the processors that it may use.
  std::vector<std::string> ServerCommand(absl::string_view store) const;

  const BenchOptions options_;
  std::string folder_;
  std::unique_ptr<Target> server_;
  std::string server_name_;
  int64_t feedback_count_before_ = 0;
};

}  // namespace emptychair::bench

#endif  // EMPTYCHAIR_TOOLS_CHAIRBENCH_SERVERS_WORKSPACE_H_
