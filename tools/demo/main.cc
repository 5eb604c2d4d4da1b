// chairdemo: loads the demonstration into a running server and tells what the server holds.
#include <iostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "emptychair/client/client.h"
#include "tools/command_line/command_line.h"
#include "tools/demo/load.h"
#include "tools/demo/summary.h"

namespace emptychair::demo {
namespace {

absl::Status Run(const std::string& endpoint, bool load, bool summary) {
  ASSIGN_OR_RETURN(Client client,
                   Client::Create({.endpoint = endpoint, .timeout = absl::Seconds(60)}));
  if (load) {
    ASSIGN_OR_RETURN(const LoadResult result, Load(client, std::cerr));
    if (result == LoadResult::kDatabaseInUse) {
      std::cerr << "The database has surveys of its own: no demonstration is loaded.\n";
    }
  }
  if (summary) {
    ASSIGN_OR_RETURN(const std::string text, Summary(client));
    std::cout << text << std::flush;
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace emptychair::demo

int main(int argc, char** argv) {
  emptychair::Program program("Loads Empty Chair's demonstration into a running server.",
                              "chairdemo");
  const emptychair::CommandLine app = program.line();
  std::string endpoint = "127.0.0.1:7443";
  bool load = false;
  bool summary = false;
  app.Add("--endpoint", endpoint, "Where the server listens, HOST:PORT");
  app.Add("--load", load,
          "Load the demonstration if the database is new, or the rest of it if an earlier "
          "load was interrupted");
  app.Add("--summary", summary, "Tell what the database holds");
  emptychair::Parsed parsed =
      program.Parse(std::vector<std::string>(argv + 1, argv + argc), std::cout);
  if (parsed.is_answered) {
    return 0;
  }
  if (parsed.error.empty() && !load && !summary) {
    parsed.error = "--load or --summary is required";
  }
  if (!parsed.error.empty()) {
    std::cerr << parsed.error << "\nRun with --help for more information.\n";
    return 2;
  }
  if (const absl::Status status = emptychair::demo::Run(endpoint, load, summary); !status.ok()) {
    std::cerr << "error: " << status.message() << "\n";
    return 1;
  }
  return 0;
}
