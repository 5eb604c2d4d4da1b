#include "tools/chairctl/commands/cli.h"

#include <memory>

#include "absl/strings/str_cat.h"
#include "common/base/version.h"
#include "emptychair/client/client.h"
#include "emptychair/error.h"
#include "tools/chairctl/base/session.h"
#include "tools/chairctl/commands/commands.h"
#include "tools/chairctl/commands/settings.h"
#include "tools/command_line/command_line.h"

namespace emptychair {
namespace {

// How long a call that can take long is waited for: as long as a client can.
constexpr absl::Duration kPatience = absl::Hours(24);

void AddGlobalFlags(CommandLine app, SettingFlags& flags) {
  app.Add("--endpoint", flags.endpoint,
          "HOST:PORT or unix:PATH of the server (default 127.0.0.1:7443; EMPTYCHAIR_ENDPOINT)");
  app.Add("--output", flags.output, "table, json or csv (default table; EMPTYCHAIR_OUTPUT)");
  app.Add("--spreadsheet", flags.spreadsheet,
          "With --output csv: for reading in a spreadsheet, with a byte order mark, CRLF, and an "
          "apostrophe before text that it would compute; an import would keep the apostrophes");
  app.Add("--timeout", flags.timeout,
          "Time for a call (default 10s, for admin verify, rebuild and compact 24h, for an import "
          "that waits for its server 150s; EMPTYCHAIR_TIMEOUT)");
  app.Add("--config", flags.config,
          "File with these settings, such as endpoint = \"HOST:PORT\" (default "
          "~/.config/emptychair/chairctl.toml; EMPTYCHAIR_CONFIG)");
  CredentialFlags& credentials = flags.credentials;
  app.Add("--key-file", credentials.key_file,
          "File with the API key, or - for the first line of the standard input "
          "(EMPTYCHAIR_KEY_FILE)");
  app.Add("--tls", credentials.tls,
          "Encrypt the connection; --tls=false does not (EMPTYCHAIR_TLS)");
  app.Add("--ca-file", credentials.ca_file,
          "With --tls: file with the certificates of who may have issued the server's (default: "
          "those that this machine trusts; EMPTYCHAIR_CA_FILE)");
  app.Add("--cert-file", credentials.cert_file,
          "With --tls: file with a client certificate (EMPTYCHAIR_CERT_FILE)");
  app.Add("--cert-key-file", credentials.cert_key_file,
          "With --cert-file: file with its key (EMPTYCHAIR_CERT_KEY_FILE)");
  app.Add("--server-name", credentials.server_name,
          "With --tls: name that the server's certificate must have (default: the endpoint's host; "
          "EMPTYCHAIR_SERVER_NAME)");
}

// Tries again when the server asks for it. When nobody answers, the user decides.
class AskedRetryPolicy final : public RetryPolicy {
 public:
  std::unique_ptr<RetryPolicy> Clone() const override {
    return std::make_unique<AskedRetryPolicy>();
  }
  bool OnFailure(const absl::Status& status, absl::Duration) override {
    return IsRetryable(status) && RetryDelayOf(status).has_value();
  }
};

int RunCommand(const Command& command, const SettingFlags& flags, const Environment& environment) {
  const absl::StatusOr<Settings> settings = ResolveSettings(flags, environment);
  if (!settings.ok()) {
    return UsageError(environment, settings.status().message());
  }
  for (const std::string& warning : settings->warnings) {
    *environment.err << "chairctl: warning: " << Printable(warning) << "\n";
  }
  ClientOptions options = settings->client;
  options.retry_policy = std::make_shared<AskedRetryPolicy>();
  options.now = [&environment] { return environment.clock->Now(); };
  options.sleep = environment.sleep;
  absl::StatusOr<Client> client = Client::Create(options);
  if (!client.ok()) {
    return UsageError(environment, InFlags(client.status()));
  }
  ClientOptions patient = settings->client;
  if (!settings->has_timeout) {
    patient.timeout = kPatience;
  }
  absl::StatusOr<Client> patient_client = Client::Create(patient);
  if (!patient_client.ok()) {
    return UsageError(environment, InFlags(patient_client.status()));
  }
  Session session{
      environment,        settings->output, *std::move(client),   *std::move(patient_client),
      settings->csv_form, options,          settings->has_timeout};
  const int exit_code = command(session);
  if (!environment.out->flush()) {
    return ToolError(environment, "cannot write to the standard output");
  }
  return exit_code;
}

}  // namespace

int RunChairctl(const std::vector<std::string>& arguments, const Environment& environment) {
  SettingFlags flags;
  Command command;
  Program program("Asks and administers an Empty Chair server.", "chairctl");
  program.SetVersion(absl::StrCat("chairctl ", kVersion));
  const CommandLine app = program.line();
  app.RequireCommand();
  app.Footer(
      "These flags can also stand behind the command. Exit codes: 0; 1 a failure of this tool, or\n"
      "an import with rejected rows; 2 wrong usage; 64 + gRPC code for an error of the server.\n"
      "Example:\n"
      "  chairctl metric query support-nps --last 12m --by month");
  AddGlobalFlags(app, flags);
  AddSurveyCommands(app, &command);
  AddFeedbackCommands(app, &command);
  AddCustomerCommands(app, &command);
  AddActivityCommands(app, &command);
  AddMetricCommands(app, &command);
  AddAdminCommands(app, &command);
  AddBackupCommands(app, &command);
  AddKeyCommands(app, &command);
  AddAuditCommands(app, &command);
  const Parsed parsed = program.Parse(arguments, *environment.out);
  if (parsed.is_answered) {
    return kExitOk;
  }
  if (!parsed.error.empty()) {
    return UsageError(environment, parsed.error);
  }
  return RunCommand(command, flags, environment);
}

}  // namespace emptychair
