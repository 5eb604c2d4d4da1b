#include "tools/chairbench/cli.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/status_macros.h"
#include "tools/chairbench/base/figure.h"
#include "tools/chairbench/honesty/honesty.h"
#include "tools/chairbench/operations/access.h"
#include "tools/chairbench/operations/backups.h"
#include "tools/chairbench/operations/restore.h"
#include "tools/chairbench/operations/telemetry.h"
#include "tools/chairbench/records/purchases.h"
#include "tools/chairbench/scenarios/client.h"
#include "tools/chairbench/scenarios/files.h"
#include "tools/chairbench/scenarios/ingest.h"
#include "tools/chairbench/scenarios/loyalty.h"
#include "tools/chairbench/scenarios/overload.h"
#include "tools/chairbench/scenarios/peers.h"
#include "tools/chairbench/scenarios/query.h"
#include "tools/chairbench/scenarios/scans.h"
#include "tools/chairbench/scenarios/soak.h"
#include "tools/chairbench/servers/echo_server.h"
#include "tools/chairbench/servers/workspace.h"
#include "tools/command_line/command_line.h"

namespace emptychair::bench {
namespace {

constexpr int kExitFailure = 1;
constexpr int kExitUsage = 2;

using Measure = absl::StatusOr<std::vector<Figure>> (*)(Workspace&);

struct Flags {
  BenchOptions bench;
  bool encrypt = false;
  Tls tls;
  double seconds = 10;
  std::string output = "table";
  EchoOptions echo;
  HonestyOptions honesty;
  // Absent for honesty, which has rows instead of figures.
  Measure measure = nullptr;
  // What is measured starts its servers itself, with flags of its own.
  bool starts_servers = false;
};

CommandLine AddCommand(CommandLine app, const std::string& name, const std::string& description,
                       Measure measure, Flags& flags) {
  const CommandLine command = app.AddCommand(name, description);
  command.OnChosen([&flags, measure] { flags.measure = measure; });
  return command;
}

// What starts servers with flags of its own.
CommandLine AddOperation(CommandLine app, const std::string& name, const std::string& description,
                         Measure measure, Flags& flags) {
  const CommandLine command = app.AddCommand(name, description);
  command.OnChosen([&flags, measure] {
    flags.measure = measure;
    flags.starts_servers = true;
  });
  return command;
}

// How the server of --endpoint is reached, by the names that chairctl has for it.
void AddCredentials(CommandLine app, Flag endpoint, Flags& flags) {
  app.Add("--key-file", flags.bench.client.api_key_file,
          "With --endpoint: file with the API key to send")
      .Needs(endpoint);
  const Flag encrypt = app.Add("--tls", flags.encrypt, "With --endpoint: encrypt the connection");
  encrypt.Needs(endpoint);
  app.Add("--ca-file", flags.tls.ca_file,
          "With --tls: file with the certificates of who may have issued the server's")
      .Needs(encrypt);
  const Flag certificate =
      app.Add("--cert-file", flags.tls.certificate_file, "With --tls: file with a certificate");
  certificate.Needs(encrypt);
  const Flag key =
      app.Add("--cert-key-file", flags.tls.key_file, "With --cert-file: file with its key");
  key.Needs(certificate);
  certificate.Needs(key);
  app.Add("--server-name", flags.tls.server_name,
          "With --tls: name that the server's certificate must have")
      .Needs(encrypt);
}

void AddFlags(CommandLine app, Flags& flags) {
  constexpr double kSecondsMax = 86'400;
  app.Add("--seconds", flags.seconds,
          "Time for which product and limit are measured, each (default 10)")
      .Between(0.1, kSecondsMax);
  app.Add("--output", flags.output, "table or json (default table)").OneOf({"table", "json"});
  const Flag endpoint =
      app.Add("--endpoint", flags.bench.endpoint,
              "HOST:PORT of a server that runs already; it gets a survey \"chairbench\". "
              "Default: starts one of its own");
  AddCredentials(app, endpoint, flags);
  app.Add("--server", flags.bench.server,
          "The server's program (default: emptychaird beside chairbench)");
  app.Add("--data", flags.bench.data,
          "Folder on the disk to measure; all is kept in a temporary folder in it, which "
          "is removed at the end (default: the system's temporary folder)")
      .ExistingFolder();
  app.Add("--seed", flags.bench.seed, "Of the random answers and windows (default 1)");
}

void AddInFlight(CommandLine command, const std::string& description, int& in_flight) {
  command.Add("--in-flight", in_flight, description).Between(1, 1'000);
}

void AddSingleCalls(CommandLine command, Flags& flags) {
  AddInFlight(command, "Single calls under way (default 256)", flags.bench.in_flight);
  command
      .Add("--connections", flags.bench.connections,
           "Connections that single calls share (default 1)")
      .Between(1, 1'000);
}

void AddBatchSize(CommandLine command, Flags& flags) {
  command.Add("--batch-size", flags.bench.batch_size, "Answers of a batch (default 1000)")
      .Between(1, 10'000);
}

void AddStreams(CommandLine command, Flags& flags) {
  AddBatchSize(command, flags);
  command.Add("--streams", flags.bench.streams, "Streams under way (default 2)").Between(1, 1'000);
}

void AddAnswers(CommandLine command, Flags& flags) {
  command
      .Add("--answers", flags.bench.answers,
           "Answers to load first, over three years (default 1000000)")
      .Between(int64_t{1}, int64_t{1'000'000'000});
}

void AddCustomers(CommandLine command, Flags& flags) {
  command
      .Add("--customers", flags.bench.customers,
           "Answers come from so many customers, each as likely (default 100000)")
      .Between(1, 1'000'000'000);
  command
      .Add("--returning", flags.bench.returning,
           "Instead, answers come from customers who have answered before with this probability, "
           "else from new ones (for example 0.3)")
      .Between(0.0, 0.999);
}

void AddPostgreSql(CommandLine command, Flags& flags) {
  command.Add("--postgresql", flags.bench.postgresql,
              "Folder of PostgreSQL's programs (default /usr/lib/postgresql/15/bin)");
}

void AddLoyalty(CommandLine app, Flags& flags) {
  const CommandLine loyalty =
      AddCommand(app, "loyalty",
                 "Activities by the stream, a year of retention, cohorts and customers' views over "
                 "two years of purchases",
                 MeasureLoyalty, flags);
  loyalty
      .Add("--customers", flags.bench.purchasers,
           "Customers, of about twelve purchases each (default 1000000)")
      .Between(1, PurchaseHistory::kPurchasersMax);
  loyalty.Add("--amounts", flags.bench.with_amounts, "Purchases have amounts");
  AddStreams(loyalty, flags);
  loyalty.Add("--ask-only", flags.bench.ask_only,
              "Load nothing and ask for retention and cohorts alone: the server of --endpoint has "
              "the purchases of another run");
  loyalty.Add("--rows", flags.bench.rows_file, "Also writes the purchases to this file, as CSV");
  loyalty.Add("--beside-postgresql", flags.bench.beside_postgresql,
              "Asks PostgreSQL the same, by turns; it must count the same");
  AddPostgreSql(loyalty, flags);
}

void AddOperations(CommandLine app, Flags& flags) {
  const CommandLine keys =
      AddOperation(app, "keys", "Single answers and questions with a key, beside the same without",
                   MeasureKeys, flags);
  AddAnswers(keys, flags);
  AddStreams(keys, flags);
  AddSingleCalls(keys, flags);

  const CommandLine tls = AddOperation(
      app, "tls", "Single answers and streams over TLS, beside plain text", MeasureTls, flags);
  AddStreams(tls, flags);
  AddSingleCalls(tls, flags);

  const CommandLine telemetry = AddOperation(
      app, "telemetry",
      "Single answers to a server that is scraped every second, beside one that is not",
      MeasureTelemetry, flags);
  AddSingleCalls(telemetry, flags);

  AddOperation(app, "scrape", "Processor time of a scrape; ten a second, for --seconds",
               MeasureScrape, flags)
      .Add("--surveys", flags.bench.surveys, "Surveys that the server holds (default 1000)")
      .Between(1, 100'000);

  const CommandLine backups =
      AddOperation(app, "backups", "Streams and single answers while backups are made, beside none",
                   MeasureBackups, flags);
  AddAnswers(backups, flags);
  AddStreams(backups, flags);

  const CommandLine increments = AddOperation(
      app, "increments", "What backups copy: of all, of an idle store, after each hundredth more",
      MeasureIncrements, flags);
  AddAnswers(increments, flags);
  AddStreams(increments, flags);

  const CommandLine restore = AddOperation(
      app, "restore", "A restore by the chairstore beside this program", MeasureRestore, flags);
  AddAnswers(restore, flags);
  AddStreams(restore, flags);
}

void AddHonesty(CommandLine app, Flags& flags) {
  const CommandLine honesty =
      app.AddCommand("honesty",
                     "Whether intervals hold the truth, and verdicts are right, as often as they "
                     "say; starts a server of its own");
  honesty.Add("--scale", flags.honesty.scale, "Of replicates; less is a quick look (default 1)")
      .Between(0.001, 1.0);
  honesty.Add("--only", flags.honesty.only,
              "Only what has this in its name: once-each, means, repeats, comparisons, power, "
              "scorecards, decompositions, looks or estimates");
  AddStreams(honesty, flags);
}

void AddClient(CommandLine app, Flags& flags) {
  const CommandLine writer =
      AddCommand(app, "writer", "Answers by the client library's writer, beside its streams",
                 MeasureWriter, flags);
  AddStreams(writer, flags);

  const CommandLine client =
      AddCommand(app, "client",
                 "Single answers by the client library, without waiting for each, over one channel "
                 "and over several",
                 MeasureClient, flags);
  AddInFlight(client, "Single calls under way (default 256)", flags.bench.in_flight);
  client.Add("--channels", flags.bench.channels, "Beside one (default 2)").Between(2, 64);
}

void AddCommands(CommandLine app, Flags& flags) {
  CommandLine unary = AddCommand(app, "unary", "Single answers, each durable before its call ends",
                                 MeasureUnary, flags);
  AddSingleCalls(unary, flags);

  CommandLine batch = AddCommand(app, "batch", "Batches of answers", MeasureBatch, flags);
  AddBatchSize(batch, flags);
  AddInFlight(batch, "Batches under way (default 8)", flags.bench.batches);

  CommandLine stream =
      AddCommand(app, "stream", "Batches of answers by the stream", MeasureStream, flags);
  AddStreams(stream, flags);
  stream
      .Add("--ask-every", flags.bench.ask_every,
           "Seconds between questions for each customer's last answer, so that columns follow what "
           "comes in; 0: none (the default)")
      .Between(0.0, 3'600.0);

  CommandLine overload =
      AddCommand(app, "overload",
                 "What is stored of 3 and 10 times as much as can be; for figures to rely "
                 "on, give it --seconds 20 or more",
                 MeasureOverload, flags);
  AddBatchSize(overload, flags);

  CommandLine query = AddCommand(
      app, "query", "NPS by month and by day, in total and by dimensions", MeasureQuery, flags);
  AddAnswers(query, flags);
  query
      .Add("--small-commits", flags.bench.small_commits,
           "Answers submitted one by one into the current month after that (default 0)")
      .Between(int64_t{0}, int64_t{1'000'000'000});

  AddCustomers(query, flags);

  CommandLine scans = AddCommand(app, "scans",
                                 "Questions that no sum answers: one answer a customer, filters on "
                                 "labels that are no dimension, windows of milliseconds",
                                 MeasureScans, flags);
  AddAnswers(scans, flags);
  AddStreams(scans, flags);
  AddCustomers(scans, flags);
  scans.Add("--ask-only", flags.bench.ask_only,
            "Load nothing: the server of --endpoint has the answers of another run");

  CommandLine soak =
      AddCommand(app, "soak", "Rate, memory, bytes on disk and queries as the store grows",
                 MeasureSoak, flags);
  AddAnswers(soak, flags);
  AddStreams(soak, flags);
  AddCustomers(soak, flags);
  soak.Add("--external-ids", flags.bench.external_ids,
           "Answers come with an external id and a time instead of a feedback_id");

  CommandLine files =
      AddCommand(app, "files", "Export, list and import by the chairctl beside this program",
                 MeasureFiles, flags);
  AddAnswers(files, flags);
  AddStreams(files, flags);

  CommandLine peers = AddCommand(app, "peers", "The same answers and questions as PostgreSQL's",
                                 MeasurePeers, flags);
  AddAnswers(peers, flags);
  AddStreams(peers, flags);
  AddSingleCalls(peers, flags);
  AddPostgreSql(peers, flags);
}

absl::StatusOr<std::vector<Figure>> Run(const Flags& flags, std::ostream& err) {
  // Figures of one build say little about another.
  if (!flags.starts_servers) {
    ASSIGN_OR_RETURN(const std::unique_ptr<Workspace> workspace, Workspace::Open(flags.bench));
    err << workspace->server_name() << std::endl;
    return flags.measure(*workspace);
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<Workspace> workspace, Workspace::OpenFolder(flags.bench));
  absl::StatusOr<std::vector<Figure>> figures = flags.measure(*workspace);
  if (!workspace->server_name().empty()) {
    err << workspace->server_name() << std::endl;
  }
  return figures;
}

template <typename Row>
int Report(const absl::StatusOr<std::vector<Row>>& rows, const Flags& flags, std::ostream& out,
           std::ostream& err) {
  if (!rows.ok()) {
    err << "chairbench: " << rows.status().message() << "\n";
    return kExitFailure;
  }
  if (flags.output == "json") {
    for (const Row& row : *rows) {
      out << ToJsonLine(row);
    }
  } else {
    PrintTable(*rows, out);
  }
  return out.flush() ? 0 : kExitFailure;
}

absl::StatusOr<HonestyRows> TryHonesty(const Flags& flags, std::ostream& err) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Workspace> workspace, Workspace::Open(flags.bench));
  err << workspace->server_name() << std::endl;
  return CheckHonesty(*workspace, flags.honesty, err);
}

int RunHonesty(const Flags& flags, std::ostream& out, std::ostream& err) {
  const absl::StatusOr<HonestyRows> rows = TryHonesty(flags, err);
  const int exit_code = Report(rows, flags, out, err);
  const auto holds = [](const HonestyRow& row) { return row.Holds(); };
  return rows.ok() && !std::all_of(rows->begin(), rows->end(), holds) ? kExitFailure : exit_code;
}

}  // namespace

int RunChairbench(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err) {
  Flags flags;
  Program program(
      "Measures an Empty Chair server, and beside it in the same run what cannot be beaten.",
      "chairbench");
  const CommandLine app = program.line();
  app.RequireCommand();
  app.Footer(
      "limit: unary and query, an echo of the same messages by a gRPC server that does nothing "
      "else;\nbatch and stream, the same bytes written plainly to RocksDB in synced groups of the "
      "same size;\nwriter, the streams; client, bare stubs, and one channel beside several;\n"
      "overload, the peak; files, the import, the stream; peers, what PostgreSQL took "
      "for the same;\nloyalty, PostgreSQL, the stream of answers, and GetSurvey; keys, tls, "
      "telemetry and backups, "
      "the same\nwithout them.\n"
      "ratio: value / limit. For rates the share of the limit that is reached (more is better); "
      "for\ntimes how many times the limit's it takes (less is better).\n"
      "Exit codes: 0; 1 the run failed or was interrupted, or a row of honesty does not hold; "
      "2 wrong usage.");
  AddFlags(app, flags);
  AddCommands(app, flags);
  AddClient(app, flags);
  AddLoyalty(app, flags);
  AddOperations(app, flags);
  AddHonesty(app, flags);
  const CommandLine echo = app.AddCommand("echo-server", "");
  echo.Hide();
  echo.Add("--recordings", flags.echo.recordings);
  echo.Add("--log", flags.echo.log);
  bool is_echo = false;
  echo.OnChosen([&is_echo] { is_echo = true; });
  const Parsed parsed = program.Parse(arguments, out);
  if (parsed.is_answered) {
    return 0;
  }
  if (!parsed.error.empty()) {
    err << parsed.error << "\nRun with --help for more information.\n";
    return kExitUsage;
  }
  if (is_echo) {
    const absl::Status status = RunEchoServer(flags.echo, out);
    return status.ok() ? 0 : Report<Figure>(status, flags, out, err);
  }
  const bool is_honesty = flags.measure == nullptr;
  if (!flags.bench.endpoint.empty() && (is_honesty || flags.starts_servers)) {
    err << "--endpoint: this command needs servers of its own, and starts them\n";
    return kExitUsage;
  }
  if (is_honesty) {
    return RunHonesty(flags, out, err);
  }
  // Else the sender would take from the server what it asks too much of.
  flags.bench.apart = flags.measure == MeasureOverload;
  flags.bench.time = absl::Seconds(flags.seconds);
  if (flags.encrypt) {
    flags.bench.client.credentials = flags.tls;
  }
  return Report(Run(flags, err), flags, out, err);
}

}  // namespace emptychair::bench
