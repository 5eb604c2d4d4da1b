#include "tools/chairbench/servers/postgresql.h"

#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <random>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "common/base/status_macros.h"
#include "tools/chairbench/base/interrupt.h"

namespace emptychair::bench {
namespace {

constexpr char kUser[] = "postgres";
constexpr absl::Duration kRunMax = absl::Hours(24);
constexpr absl::Duration kStartMax = absl::Minutes(1);
constexpr int kPortsTried = 5;
constexpr absl::Duration kStopMax = absl::Minutes(5);

constexpr char kTable[] = R"(
CREATE TABLE feedback (
  survey_id text NOT NULL,
  feedback_id uuid PRIMARY KEY,
  customer_id text,
  occur_time timestamptz NOT NULL,
  score smallint,
  comment text,
  channel text, plan text, region text, tenure text, touchpoint text);
CREATE INDEX feedback_by_customer ON feedback (customer_id, occur_time);
)";

// As RandomAnswer makes them. Ids go up with time, as those of Empty Chair do, which is kind to the
// index.
constexpr char kInsert[] = R"(
\set customer random(0, 99999)
\set score random(0, 10)
\set scored random(0, 29)
\set commented random(0, 4)
INSERT INTO feedback VALUES ('chairbench',
  (lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') || '7' ||
   substr(replace(gen_random_uuid()::text, '-', ''), 14))::uuid,
  'customer-' || lpad(:customer::text, 8, '0'), clock_timestamp(),
  CASE WHEN :scored > 0 THEN :score::smallint END,
  CASE WHEN :commented = 0 THEN
    'The answer came quickly, but I had to ask twice before anyone understood it.' END,
  'app', 'family', 'central', 'established', 'billing')
ON CONFLICT DO NOTHING;
)";

absl::Status Failed(absl::string_view doing, absl::string_view reason) {
  return absl::UnavailableError(absl::StrCat("PostgreSQL: ", doing, ": ", reason));
}

// One that nobody listens on yet; 0 when there is none.
int FreePort() {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool is_bound = bind(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0 &&
                        getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  close(fd);
  return is_bound ? ntohs(address.sin_port) : 0;
}

std::string RandomPassword() {
  std::random_device device;
  std::string password;
  for (int i = 0; i < 4; ++i) {
    absl::StrAppend(&password, absl::Hex(device(), absl::kZeroPad8));
  }
  return password;
}

// The time that a line of psql tells, in milliseconds; nothing: it tells something else.
std::optional<double> TimeIn(absl::string_view line) {
  double milliseconds = 0;
  return absl::ConsumePrefix(&line, "Time: ") &&
                 absl::SimpleAtod(line.substr(0, line.find(' ')), &milliseconds)
             ? std::optional<double>(milliseconds)
             : std::nullopt;
}

// A row in COPY's text format, whose values here have nothing to escape.
void AppendRow(const BenchAnswer& answer, std::string& text) {
  absl::StrAppend(
      &text, BenchSurvey().survey_id(), "\t", answer.feedback_id.ToString(), "\t",
      CustomerId(answer.customer), "\t",
      absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::FromUnixMillis(answer.feedback_id.UnixMs()),
                       absl::UTCTimeZone()),
      "\t", answer.score.has_value() ? absl::StrCat(*answer.score) : "\\N", "\t",
      answer.comment.empty() ? "\\N" : answer.comment);
  for (const auto& [key, value] : CombinationOf(answer.combination)) {
    absl::StrAppend(&text, "\t", value);
  }
  text += '\n';
}

}  // namespace

PostgreSql::PostgreSql(std::string bin, std::string folder)
    : bin_(std::move(bin)),
      folder_(std::move(folder)),
      password_(RandomPassword()),
      options_{.environment = {{"PGHOST", "127.0.0.1"},
                               {"PGUSER", kUser},
                               {"PGPASSWORD", password_},
                               {"PGDATABASE", "postgres"}},
               // They complain of a working directory that their user cannot read.
               .working_directory = folder_} {}

absl::StatusOr<std::unique_ptr<PostgreSql>> PostgreSql::Start(const std::string& bin,
                                                              const std::string& folder) {
  if (!std::filesystem::exists(bin + "/postgres")) {
    return absl::FailedPreconditionError(absl::StrCat("there is no PostgreSQL in ", bin,
                                                      "; `tools/install_packages peers` installs "
                                                      "it, --postgresql names another folder"));
  }
  std::unique_ptr<PostgreSql> database(new PostgreSql(bin, folder));
  RETURN_IF_ERROR(database->MakeFolder());
  RETURN_IF_ERROR(database->MakeDatabase());
  RETURN_IF_ERROR(database->StartServer());
  RETURN_IF_ERROR(database->Execute(kTable));
  return database;
}

// PostgreSQL takes no port 0, and whoever needs one can be quicker with one that was free.
absl::Status PostgreSql::StartServer() {
  absl::Status status;
  const auto environment = options_.environment;
  for (int i = 0; i < kPortsTried; ++i) {
    const std::string port = absl::StrCat(FreePort());
    options_.environment = environment;
    options_.environment.emplace_back("PGPORT", port);
    ASSIGN_OR_RETURN(server_, Subprocess::Start(Command(
                                  "postgres", {"-D", Path("data"), "-k", "", "-p", port, "-c",
                                               "listen_addresses=127.0.0.1", "-c",
                                               "shared_buffers=256MB", "-c", "max_wal_size=4GB"})));
    status = WaitUntilReady();
    if (status.ok() || !absl::StrContains(status.message(), "Address already in use")) {
      break;
    }
  }
  return status;
}

absl::Status PostgreSql::MakeFolder() {
  std::error_code failed;
  std::filesystem::create_directory(folder_, failed);
  std::filesystem::permissions(folder_, std::filesystem::perms::owner_all, failed);
  if (failed) {
    return Failed("making its folder", failed.message());
  }
  if (geteuid() != 0) {
    return absl::OkStatus();
  }
  const passwd* const user = getpwnam(kUser);
  if (user == nullptr) {
    return Failed("making its folder", "there is no user postgres to run it");
  }
  if (chown(folder_.c_str(), user->pw_uid, user->pw_gid) != 0) {
    return Failed("making its folder", std::strerror(errno));
  }
  // The user must get there.
  std::filesystem::permissions(std::filesystem::path(folder_).parent_path(),
                               std::filesystem::perms::others_exec,
                               std::filesystem::perm_options::add, failed);
  return failed ? Failed("making its folder", failed.message()) : absl::OkStatus();
}

absl::Status PostgreSql::MakeDatabase() {
  const std::string file = Path("password");
  std::ofstream(file) << password_ << '\n';
  return Run("initdb", {"-D", Path("data"), "-U", kUser, "-A", "scram-sha-256", "--pwfile", file,
                        "-E", "UTF8", "--locale=C"})
      .status();
}

absl::Status PostgreSql::WaitUntilReady() {
  const absl::Time deadline = absl::Now() + kStartMax;
  while (!Run("pg_isready", {"-q"}).ok()) {
    RETURN_IF_ERROR(CheckInterrupted());
    if (absl::Now() > deadline || server_->Wait(absl::ZeroDuration()).ok()) {
      return Failed("starting", server_->StandardError());
    }
    absl::SleepFor(absl::Milliseconds(50));
  }
  return absl::OkStatus();
}

absl::StatusOr<absl::Duration> PostgreSql::Copy(int64_t count,
                                                absl::FunctionRef<BenchAnswer(int64_t index)> row) {
  const std::string file = Path("rows");
  std::ofstream out(file, std::ios::binary);
  std::string text;
  for (int64_t i = 0; i < count && out; ++i) {
    AppendRow(row(i), text);
    if (text.size() > (size_t{1} << 20) || i + 1 == count) {
      RETURN_IF_ERROR(CheckInterrupted());
      out << text;
      text.clear();
    }
  }
  if (!out.flush()) {
    return Failed("writing rows to a file", std::strerror(errno));
  }
  const absl::Time start = absl::Now();
  RETURN_IF_ERROR(Execute(absl::StrCat("\\copy feedback FROM '", file, "'")));
  const absl::Duration spent = absl::Now() - start;
  std::error_code ignored;
  std::filesystem::remove(file, ignored);
  return spent;
}

absl::StatusOr<double> PostgreSql::InsertsPerSecond(int clients, absl::Duration time) {
  const std::string file = Path("insert.sql");
  std::ofstream(file) << kInsert;
  // A second can be over before all clients of a busy machine are connected.
  constexpr int kTries = 4;
  auto seconds = std::max<int64_t>(1, absl::ToInt64Seconds(time));
  std::string report;
  for (int left = kTries; left > 0; --left, seconds *= 3) {
    ASSIGN_OR_RETURN(report, Run("pgbench", {"-n", "-M", "prepared", "-c", absl::StrCat(clients),
                                             "-j", "2", "-T", absl::StrCat(seconds), "-f", file}));
    for (absl::string_view line : absl::StrSplit(report, '\n')) {
      double rate = 0;
      if (absl::ConsumePrefix(&line, "tps = ") &&
          absl::SimpleAtod(line.substr(0, line.find(' ')), &rate)) {
        return rate;
      }
    }
  }
  return Failed("inserting rows", report);
}

absl::Status PostgreSql::Execute(absl::string_view sql) {
  return Run("psql", {"-q", "-X", "-v", "ON_ERROR_STOP=1", "-c", std::string(sql)}).status();
}

// What psql prints of the statements, with the time of each.
absl::StatusOr<std::string> PostgreSql::RunTimed(const std::vector<std::string>& statements) const {
  const std::string file = Path("statements.sql");
  std::ofstream out(file);
  out << "\\timing on\n";
  for (const std::string& statement : statements) {
    out << statement << ";\n";
  }
  if (!out.flush()) {
    return Failed("writing statements to a file", std::strerror(errno));
  }
  return Run("psql", {"-q", "-X", "-A", "-t", "-F", " ", "-v", "ON_ERROR_STOP=1", "-f", file});
}

absl::StatusOr<std::vector<double>> PostgreSql::Time(const std::vector<std::string>& statements) {
  ASSIGN_OR_RETURN(const std::string output, RunTimed(statements));
  std::vector<double> times;
  for (const absl::string_view line : absl::StrSplit(output, '\n')) {
    if (const std::optional<double> time_ms = TimeIn(line); time_ms.has_value()) {
      times.push_back(*time_ms);
    }
  }
  return times.size() == statements.size()
             ? absl::StatusOr<std::vector<double>>(std::move(times))
             : Failed("timing statements", absl::StrCat("it told ", times.size(), " times"));
}

absl::StatusOr<PostgreSql::Answer> PostgreSql::Ask(const std::string& statement) {
  ASSIGN_OR_RETURN(const std::string output, RunTimed({statement}));
  std::optional<double> told_ms;
  std::vector<absl::string_view> rows;
  for (const absl::string_view line : absl::StrSplit(output, '\n', absl::SkipEmpty())) {
    if (const std::optional<double> time_ms = TimeIn(line); time_ms.has_value()) {
      told_ms = time_ms;
    } else {
      rows.push_back(line);
    }
  }
  return told_ms.has_value() ? absl::StatusOr<Answer>({*told_ms, absl::StrJoin(rows, "\n")})
                             : Failed("timing a statement", "it told no time");
}

absl::Status PostgreSql::Stop() {
  // Ends the connections that there are, and itself.
  server_->Signal(SIGINT);
  ASSIGN_OR_RETURN(const int exit_status, server_->Wait(kStopMax));
  return exit_status == 0 ? absl::OkStatus() : Failed("stopping", server_->StandardError());
}

std::string PostgreSql::Path(absl::string_view name) const {
  return absl::StrCat(folder_, "/", name);
}

std::vector<std::string> PostgreSql::Command(const std::string& program,
                                             const std::vector<std::string>& arguments) const {
  std::vector<std::string> command;
  if (geteuid() == 0) {
    command = {"/usr/bin/setpriv", "--reuid", kUser, "--regid", kUser, "--clear-groups", "--"};
  }
  command.push_back(absl::StrCat(bin_, "/", program));
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

absl::StatusOr<std::string> PostgreSql::Run(const std::string& program,
                                            const std::vector<std::string>& arguments) const {
  ASSIGN_OR_RETURN(const FinishedProcess finished,
                   RunToEnd(Command(program, arguments), kRunMax, options_));
  if (finished.exit_status != 0) {
    return Failed(program, finished.standard_error);
  }
  return finished.standard_output;
}

}  // namespace emptychair::bench
