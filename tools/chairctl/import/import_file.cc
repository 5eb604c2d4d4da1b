#include "tools/chairctl/import/import_file.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "tools/chairctl/base/written_time.h"
#include "tools/chairctl/import/earlier_import.h"
#include "tools/chairctl/import/import_run.h"
#include "tools/chairctl/import/understanding.h"

namespace emptychair {
namespace {

// An import from its file to its summary. Each step answers an exit code when it ends the import.
class FileImport {
 public:
  FileImport(Session& session, const std::string& survey_id, const std::string& file,
             const ImportRules& rules)
      : session_(session),
        environment_(session.environment),
        survey_id_(survey_id),
        file_name_(file),
        rules_(rules),
        notice_([this](const absl::Status& status) { SayThatItWaits(status); }) {}

  int Run() {
    std::optional<int> exit_code = Open();
    exit_code = exit_code.has_value() ? exit_code : ReadSurvey();
    exit_code = exit_code.has_value() ? exit_code : Understand();
    exit_code = exit_code.has_value() ? exit_code : MakeClient();
    exit_code = exit_code.has_value() ? exit_code : LookUpEarlierImport();
    exit_code = exit_code.has_value() ? exit_code : OpenRejects();
    return exit_code.has_value() ? *exit_code : Send();
  }

 private:
  using ExitCode = std::optional<int>;

  std::istream& in() { return file_name_ == "-" ? *environment_.in : file_; }

  int CannotRead() {
    return ToolError(environment_, absl::StrCat("cannot read ", Quoted(file_name_, 256)));
  }

  ExitCode Open() {
    if (file_name_ != "-") {
      file_.open(file_name_, std::ios::binary);
      if (!file_) {
        return ToolError(environment_, absl::StrCat("cannot open ", Quoted(file_name_, 256)));
      }
    }
    absl::StatusOr<std::unique_ptr<TextSource>> source = TextSource::Open(in(), rules_.encoding);
    if (in().bad()) {
      return CannotRead();
    }
    if (!source.ok()) {
      return UsageError(environment_, source.status().message());
    }
    source_ = *std::move(source);
    const absl::StatusOr<Dialect> dialect =
        FindDialect(source_->start(), file_name_, rules_.dialect);
    if (!dialect.ok()) {
      return UsageError(environment_, dialect.status().message());
    }
    dialect_ = *dialect;
    reader_ = RowReader::Create(*source_, dialect_, rules_.skip_rows);
    if (const absl::Status opened = reader_->Open(); !opened.ok()) {
      return UsageError(environment_, opened.message());
    }
    first_rows_ = ReadFirstRows(*reader_);
    return source_->failed() ? ExitCode(CannotRead()) : std::nullopt;
  }

  ExitCode ReadSurvey() {
    const absl::StatusOr<v1::Survey> survey = session_.client.GetSurvey(survey_id_);
    if (!survey.ok()) {
      return ServiceError(environment_, survey.status());
    }
    survey_ = *survey;
    const bool is_said = !rules_.time_zone.empty();
    plan_.zone = is_said ? rules_.time_zone : survey_.time_zone();
    plan_.zone_from = is_said ? "--time-zone" : "of the survey";
    const absl::StatusOr<absl::TimeZone> zone = FindZone(plan_.zone);
    if (!zone.ok()) {
      return is_said
                 ? UsageError(environment_, absl::StrCat("--time-zone: ", zone.status().message()))
                 : ToolError(environment_, zone.status().message());
    }
    zone_ = *zone;
    return std::nullopt;
  }

  // Names what the file has and has not.
  absl::Status FindOut() {
    const std::vector<std::string>& names = reader_->columns();
    matcher_.emplace(
        rules_, std::vector<std::string>(survey_.dimensions().begin(), survey_.dimensions().end()));
    ASSIGN_OR_RETURN(RecordLayout layout, FindLayout(rules_, survey_, *matcher_, names));
    ASSIGN_OR_RETURN(const TimeReader times, TimeReader::Create(zone_, rules_.time_format));
    ASSIGN_OR_RETURN(RecordBuilder builder,
                     RecordBuilder::Create(rules_, survey_, times, std::move(layout)));
    builder_.emplace(std::move(builder));
    ASSIGN_OR_RETURN(first_, LookAtFirstRows(survey_, *builder_, first_rows_));
    ImportPlan plan = MakePlan(rules_, *source_, dialect_, builder_->layout(), names, first_);
    plan.zone = plan_.zone;
    plan.zone_from = plan_.zone_from;
    plan.rows = static_cast<int64_t>(first_rows_.size());
    plan_ = std::move(plan);
    return absl::OkStatus();
  }

  ExitCode Understand() {
    if (first_rows_.empty() && dialect_.form != FileForm::kCsv) {
      *environment_.err << "chairctl: the file has no objects; nothing was stored.\n";
      return kExitOk;
    }
    if (const absl::Status found = FindOut(); !found.ok()) {
      return UsageError(environment_, found.message());
    }
    return std::nullopt;
  }

  ExitCode MakeClient() {
    ClientOptions options = session_.options;
    options.timeout = session_.has_timeout ? options.timeout : kImportPatience;
    absl::StatusOr<Client> client = Client::Create(PatientOptions(std::move(options), notice_));
    if (!client.ok()) {
      return ServiceError(environment_, client.status());
    }
    client_ = *std::move(client);
    return std::nullopt;
  }

  ExitCode LookUpEarlierImport() {
    const absl::StatusOr<bool> found =
        WasImportedOtherwise(*client_, builder_->ids(), first_.derived);
    if (!found.ok()) {
      return ServiceError(environment_, found.status());
    }
    if (*found) {
      return UsageError(
          environment_,
          absl::StrCat("the survey has most of the first answers under other ids, derived for the ",
                       "source ", Quoted(rules_.source),
                       " in another way: they would count twice. "
                       "Wanted the same --map and --id-from as before, or --source NAME when these "
                       "are other answers"));
    }
    return std::nullopt;
  }

  // A path that does not work shows before anything is sent.
  ExitCode OpenRejects() {
    if (rules_.rejects.empty()) {
      return std::nullopt;
    }
    std::error_code error;
    if (std::filesystem::equivalent(file_name_, rules_.rejects, error)) {
      return ToolError(environment_, "--rejects: is the file that is imported; wanted another");
    }
    rejects_.open(rules_.rejects, std::ios::binary | std::ios::trunc);
    return rejects_ ? std::nullopt : ExitCode(CannotWriteRejects());
  }

  int CannotWriteRejects() {
    return ToolError(environment_, absl::StrCat("cannot write ", Quoted(rules_.rejects, 256)));
  }

  int Send() {
    if (!rules_.dry_run) {
      PrintPlan(plan_, environment_.err_is_terminal, *environment_.err);
    }
    const std::string import_id = rules_.import_id.empty() ? MakeImportId() : rules_.import_id;
    const ImportReport report{environment_.err, environment_.err_is_terminal,
                              rejects_.is_open() ? &rejects_ : nullptr};
    run_.emplace(rules_, *matcher_, *reader_, *builder_, rules_.dry_run ? nullptr : &*client_,
                 import_id, report, [this] { notice_.OnAnswer(); });
    const absl::Status status = run_->Run(std::move(first_rows_));
    if (rules_.dry_run) {
      PrintDryRun(plan_, run_->summary(), session_);
    } else {
      PrintSummary(run_->summary(), import_id, session_);
    }
    return status.ok() ? EndWell() : GiveUp(status);
  }

  int GiveUp(const absl::Status& status) {
    const int exit_code = ServiceError(environment_, status);
    *environment_.err << "All rows up to line " << run_->settled_line()
                      << " are settled; of those behind it some may be stored. Import the file "
                         "again: what is stored stays as it is.\n";
    return exit_code;
  }

  int EndWell() {
    if (source_->failed()) {
      return ToolError(environment_, absl::StrCat("cannot read on in ", Quoted(file_name_, 256)));
    }
    if (rejects_.is_open() && !rejects_.flush()) {
      return CannotWriteRejects();
    }
    const ImportSummary& summary = run_->summary();
    if (summary.read() == summary.skipped) {
      *environment_.err
          << (summary.read() == 0
                  ? "chairctl: the file has a header and no rows; nothing was stored.\n"
                  : "chairctl: no row was left by --where; nothing was stored.\n");
    }
    return summary.rejected == 0 || rules_.allow_rejects ? kExitOk : kExitFailure;
  }

  std::string MakeImportId() const {
    return absl::StrCat(
        absl::FormatTime("%Y%m%dT%H%M%SZ", environment_.clock->Now(), absl::UTCTimeZone()), "-",
        absl::StrFormat("%08x", std::random_device()()));
  }

  void SayThatItWaits(const absl::Status& status) {
    if (run_.has_value()) {
      run_->progress().Clear();
    }
    *environment_.err << "chairctl: the server is away (" << Printable(Describe(status))
                      << "); waiting for it.\n";
  }

  Session& session_;
  const Environment& environment_;
  const std::string& survey_id_;
  const std::string& file_name_;
  const ImportRules& rules_;
  OutageNotice notice_;
  std::ifstream file_;
  std::unique_ptr<TextSource> source_;
  Dialect dialect_;
  std::unique_ptr<RowReader> reader_;
  std::vector<Row> first_rows_;
  v1::Survey survey_;
  absl::TimeZone zone_;
  std::optional<ColumnMatcher> matcher_;
  std::optional<RecordBuilder> builder_;
  FirstRecords first_;
  ImportPlan plan_;
  std::optional<Client> client_;
  std::ofstream rejects_;
  std::optional<ImportRun> run_;
};

}  // namespace

int ImportFile(Session& session, const std::string& survey_id, const std::string& file,
               const ImportRules& rules) {
  return FileImport(session, survey_id, file, rules).Run();
}

}  // namespace emptychair
