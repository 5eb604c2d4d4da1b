// What a run of chairbench was asked for.
#ifndef EMPTYCHAIR_TOOLS_CHAIRBENCH_SERVERS_OPTIONS_H_
#define EMPTYCHAIR_TOOLS_CHAIRBENCH_SERVERS_OPTIONS_H_

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "emptychair/client/options.h"
#include "tools/chairbench/records/answers.h"

namespace emptychair::bench {

struct BenchOptions {
  // Time for which product and limit are measured, each.
  absl::Duration time = absl::Seconds(10);
  // Of a server that runs already; empty: one is started.
  std::string endpoint;
  // How that one is reached, but for the endpoint.
  ClientOptions client;
  // The server's program; empty: emptychaird beside this program.
  std::string server;
  // Where the temporary folder is made; empty: in the system's folder for such.
  std::string data;
  uint64_t seed = 1;
  // Unary calls under way at once, and the connections that they share.
  int in_flight = 256;
  int connections = 1;
  // Channels of the client library's that is measured beside one.
  int channels = 2;
  // Records of a batch, and batches under way at once.
  int batch_size = 1'000;
  int batches = 8;
  // Streams of batches.
  int streams = 2;
  // Beside streams, a question that needs columns is asked every so many seconds; 0: never.
  double ask_every = 0;
  // Answers that queries are asked of, and single commits that follow them.
  int64_t answers = 1'000'000;
  // Whom they come from: one of so many, each as likely ...
  int customers = kCustomers;
  // ... or, where this is not 0, from one who has answered before with this probability, else from
  // a new one.
  double returning = 0;
  // Whether they come with an external id and a time instead of a feedback_id.
  bool external_ids = false;
  // Whether they have a label that is no dimension.
  bool stores = false;
  // Whether scans and loyalty ask a server what another run has loaded.
  bool ask_only = false;
  int64_t small_commits = 0;
  // Whether the server that is started and this process each get half of the processors, where
  // there is more than one.
  bool apart = false;
  // Of loyalty: customers who buy, whether with amounts, a file to write the purchases to (empty:
  // none), and whether PostgreSQL is asked the same.
  int purchasers = 1'000'000;
  bool with_amounts = false;
  std::string rows_file;
  bool beside_postgresql = false;
  // Of scrape: surveys that the server holds.
  int surveys = 1'000;
  // Where PostgreSQL's programs are.
  std::string postgresql = "/usr/lib/postgresql/15/bin";
};

}  // namespace emptychair::bench

#endif  // EMPTYCHAIR_TOOLS_CHAIRBENCH_SERVERS_OPTIONS_H_
