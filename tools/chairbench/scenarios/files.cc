#include "tools/chairbench/scenarios/files.h"

#include <algorithm>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/status_macros.h"
#include "tools/chairbench/load/history.h"
#include "tools/chairbench/load/stream_loop.h"
#include "tools/chairctl/base/csv.h"
#include "tools/process/subprocess.h"

namespace emptychair::bench {
namespace {

constexpr absl::Duration kLoadMax = absl::Hours(24);
// Between two looks at the memory of chairctl.
constexpr absl::Duration kLook = absl::Milliseconds(20);
constexpr double kMebibyte = 1 << 20;
constexpr char kImported[] = "chairbench-import";

// One run of chairctl.
struct Run {
  absl::Duration elapsed;
  int64_t peak_memory_bytes = 0;
};

// What chairctl is told of the server.
std::vector<std::string> ServerArguments(Workspace& workspace) {
  const ClientOptions& client = workspace.options().client;
  std::vector<std::string> arguments = {"--endpoint", workspace.server().endpoint()};
  const auto add = [&](const char* flag, const std::string& value) {
    if (!value.empty()) {
      arguments.insert(arguments.end(), {flag, value});
    }
  };
  add("--key-file", client.api_key_file);
  if (const Tls* const tls = std::get_if<Tls>(&client.credentials)) {
    arguments.emplace_back("--tls");
    add("--ca-file", tls->ca_file);
    add("--cert-file", tls->certificate_file);
    add("--cert-key-file", tls->key_file);
    add("--server-name", tls->server_name);
  }
  return arguments;
}

// Runs chairctl with its output in a file of the folder, and waits for its end.
absl::StatusOr<Run> RunChairctl(Workspace& workspace, std::vector<std::string> arguments) {
  // The shell becomes chairctl, so that the memory is chairctl's.
  std::vector<std::string> argv = {
      "/bin/sh", "-c", absl::StrCat("exec \"$0\" \"$@\" > '", workspace.Path("output"), "'"),
      workspace.Beside("chairctl")};
  const std::vector<std::string> server = ServerArguments(workspace);
  argv.insert(argv.end(), server.begin(), server.end());
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  Run run;
  const absl::Time start = absl::Now();
  ASSIGN_OR_RETURN(const std::unique_ptr<Subprocess> chairctl, Subprocess::Start(argv));
  absl::StatusOr<int> status;
  do {
    run.peak_memory_bytes =
        std::max(run.peak_memory_bytes, chairctl->PeakMemoryBytes().value_or(0));
    status = chairctl->Wait(kLook);
  } while (absl::IsDeadlineExceeded(status.status()) && absl::Now() - start < kLoadMax);
  RETURN_IF_ERROR(status.status());
  if (*status != 0) {
    return absl::InternalError(absl::StrCat("chairctl ", arguments[0], " ", arguments[1],
                                            " ended with ", *status, ": ",
                                            chairctl->StandardError()));
  }
  run.elapsed = absl::Now() - start;
  return run;
}

void AddFigures(const std::string& name, const Run& run, int64_t records,
                std::optional<double> limit, std::vector<Figure>& figures) {
  figures.push_back({absl::StrCat(name, "_records_per_second"),
                     static_cast<double>(records) / absl::ToDoubleSeconds(run.elapsed), "records/s",
                     limit});
  figures.push_back({absl::StrCat(name, "_peak_memory_mebibytes"),
                     static_cast<double>(run.peak_memory_bytes) / kMebibyte,
                     "MiB",
                     {}});
}

// The answers as another program would have written them, seven columns.
absl::Status WriteFile(const BenchOptions& options, const Window& period, const std::string& path) {
  std::ofstream file(path, std::ios::binary);
  file << "Ticket,Answered,Rating,Client,Remark,Via,Area\n";
  for (int64_t i = 0; i < options.answers; ++i) {
    const BenchAnswer answer = HistoricAnswer(options, period, i);
    const auto labels = CombinationOf(answer.combination);
    file << CsvLine(
        {answer.feedback_id.ToString(),
         absl::FormatTime("%Y-%m-%d %H:%M:%E3S", absl::FromUnixMillis(answer.feedback_id.UnixMs()),
                          absl::UTCTimeZone()),
         answer.score.has_value() ? absl::StrCat(*answer.score) : "", CustomerId(answer.customer),
         answer.comment, std::string(labels[0].value), std::string(labels[2].value)});
  }
  return file.flush() ? absl::OkStatus()
                      : absl::UnavailableError(absl::StrCat("cannot write \"", path, "\""));
}

std::vector<std::string> ImportArguments(const std::string& path) {
  std::vector<std::string> arguments = {"feedback", "import", kImported, path};
  for (const char* map :
       {"external_id=Ticket", "occur_time=Answered", "score=Rating", "customer_id=Client",
        "comment=Remark", "label.channel=Via", "label.region=Area"}) {
    arguments.insert(arguments.end(), {"--map", map});
  }
  return arguments;
}

}  // namespace

absl::StatusOr<std::vector<Figure>> MeasureFiles(Workspace& workspace) {
  const BenchOptions& options = workspace.options();
  const Window period = ThreeYearsUpTo(absl::Now());
  const std::string survey = BenchSurvey().survey_id();
  ASSIGN_OR_RETURN(const LoopResult loaded,
                   LoadByStreams(workspace.server(), options, HistoricAnswers(options, period)));
  const double stream_rate =
      static_cast<double>(loaded.accepted) / absl::ToDoubleSeconds(loaded.elapsed);
  std::vector<Figure> figures = {{"stream_records_per_second", stream_rate, "records/s", {}}};

  const std::pair<const char*, std::vector<std::string>> reads[] = {
      {"export_csv", {"feedback", "export", survey, "--output", "csv"}},
      {"export_json", {"feedback", "export", survey}},
      {"list", {"feedback", "list", survey, "--output", "json"}}};
  for (const auto& [name, arguments] : reads) {
    ASSIGN_OR_RETURN(const Run run, RunChairctl(workspace, arguments));
    AddFigures(name, run, loaded.accepted, {}, figures);
  }

  const std::string path = workspace.Path("answers.csv");
  RETURN_IF_ERROR(WriteFile(options, period, path));
  v1::CreateSurveyRequest request;
  *request.mutable_survey() = BenchSurvey();
  request.mutable_survey()->set_survey_id(kImported);
  RETURN_IF_ERROR(workspace.server().client().CreateSurvey(request).status());
  ASSIGN_OR_RETURN(const Run run, RunChairctl(workspace, ImportArguments(path)));
  AddFigures("import", run, options.answers, stream_rate, figures);
  RETURN_IF_ERROR(workspace.Finish(loaded.accepted + options.answers));
  return figures;
}

}  // namespace emptychair::bench
