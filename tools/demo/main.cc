// chairdemo: loads the demonstration into a running server and tells what the server holds.
#include <iostream>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "emptychair/client/client.h"
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
  CLI::App app("Loads Empty Chair's demonstration into a running server.");
  std::string endpoint = "127.0.0.1:7443";
  bool load = false;
  bool summary = false;
  app.add_option("--endpoint", endpoint, "Where the server listens, HOST:PORT");
  app.add_flag("--load", load,
               "Load the demonstration if the database is new, or the rest of it if an earlier "
               "load was interrupted");
  app.add_flag("--summary", summary, "Tell what the database holds");
  try {
    app.parse(argc, argv);
    if (!load && !summary) {
      throw CLI::RequiredError("--load or --summary");
    }
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (const absl::Status status = emptychair::demo::Run(endpoint, load, summary); !status.ok()) {
    std::cerr << "error: " << status.message() << "\n";
    return 1;
  }
  return 0;
}
