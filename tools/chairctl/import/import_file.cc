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
#include "tools/chairctl/import/import_run.h"
#include "tools/chairctl/import/understanding.h"

namespace emptychair {
namespace {

// An import from its file to its summary. Each step answers an exit code when it ends the import.
class FileImport {
 public:
  FileImport(Session& session, ImportTarget& target, const std::string& file,
             const ImportRules& rules)
      : session_(session),
        environment_(session.environment),
        target_(target),
        file_name_(file),
        rules_(rules),
        notice_([this](const absl::Status& status) { SayThatItWaits(status); }) {}

  int Run() {
    std::optional<int> exit_code = Open();
    exit_code = exit_code.has_value() ? exit_code : target_.Ask(session_, rules_);
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

  // Names what the file has and has not.
  absl::Status FindOut() {
    const std::vector<std::string>& names = reader_->columns();
    matcher_.emplace(rules_, target_.dimensions());
    ASSIGN_OR_RETURN(RecordLayout layout, FindLayout(rules_, target_, *matcher_, names));
    ASSIGN_OR_RETURN(builder_, target_.MakeBuilder(rules_, std::move(layout)));
    ASSIGN_OR_RETURN(first_, LookAtFirstRows(target_, *builder_, first_rows_));
    plan_ = MakePlan(rules_, *source_, dialect_, builder_->layout(), names, first_);
    target_.Describe(rules_, first_.kinds, plan_);
    plan_.rows = static_cast<int64_t>(first_rows_.size());
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
        target_.WasImportedOtherwise(*client_, builder_->ids(), first_.derived);
    if (!found.ok()) {
      return ServiceError(environment_, found.status());
    }
    if (*found) {
      return UsageError(
          environment_,
          absl::StrCat(target_.name(), " has most of the first ",
                       target_.type() == RecordType::kFeedback ? "answers" : "activities",
                       " under other ids, derived for the source ", Quoted(rules_.source),
                       " in another way: they would count twice. "
                       "Wanted the same --map and --id-from as before, or --source NAME when these "
                       "are others"));
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
    run_.emplace(rules_, target_, *matcher_, *reader_, *builder_,
                 rules_.dry_run ? nullptr : &*client_, import_id, report,
                 [this] { notice_.OnAnswer(); });
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
  ImportTarget& target_;
  const std::string& file_name_;
  const ImportRules& rules_;
  OutageNotice notice_;
  std::ifstream file_;
  std::unique_ptr<TextSource> source_;
  Dialect dialect_;
  std::unique_ptr<RowReader> reader_;
  std::vector<Row> first_rows_;
  std::optional<ColumnMatcher> matcher_;
  std::unique_ptr<RecordBuilder> builder_;
  FirstRecords first_;
  ImportPlan plan_;
  std::optional<Client> client_;
  std::ofstream rejects_;
  std::optional<ImportRun> run_;
};

}  // namespace

int ImportFile(Session& session, ImportTarget& target, const std::string& file,
               const ImportRules& rules) {
  return FileImport(session, target, file, rules).Run();
}

}  // namespace emptychair
