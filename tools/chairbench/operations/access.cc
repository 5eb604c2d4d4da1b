#include "tools/chairbench/operations/access.h"

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/random.h"
#include "common/base/status_macros.h"
#include "tools/chairbench/load/history.h"
#include "tools/chairbench/load/question_loop.h"
#include "tools/chairbench/load/sides.h"
#include "tools/chairbench/load/stream_loop.h"
#include "tools/process/subprocess.h"

namespace emptychair::bench {
namespace {

constexpr char kNoHttp[] = "--http_listen=off";
constexpr char kOpenSsl[] = "/usr/bin/openssl";

// The text of a new key that may send and ask. Keys are made over the admin socket of the data
// directory `data`.
absl::StatusOr<std::string> MakeKey(const std::string& data) {
  ASSIGN_OR_RETURN(const Client admin,
                   Client::Create({.endpoint = absl::StrCat("unix:", data, "/admin.sock")}));
  v1::CreateKeyRequest request;
  request.mutable_key()->set_name("chairbench");
  request.mutable_key()->set_role(v1::ROLE_EDITOR);
  request.mutable_key()->set_all_surveys(true);
  ASSIGN_OR_RETURN(const v1::CreateKeyResponse response, admin.CreateKey(request));
  return response.key_text();
}

// NPS by month, in total: the questions that cost least, so that a key shows most.
std::vector<v1::QueryMetricRequest> CheapQuestions(const Window& period, uint64_t seed) {
  constexpr size_t kWindows = 50;
  Random random(seed);
  std::vector<v1::QueryMetricRequest> questions;
  for (const Window& window : QueryWindows(period, kWindows, random)) {
    questions.push_back(QuestionOf(window, v1::GRANULARITY_MONTH));
  }
  return questions;
}

// A side that asks as `caller`, who calls `server`.
Side QuestionSide(Target& server, const Target& caller,
                  const std::vector<v1::QueryMetricRequest>& questions) {
  constexpr size_t kInFlight = 8;
  const std::shared_ptr<QuestionLoop> loop = MakeQuestionLoop(caller, kInFlight, questions);
  return {.server = &server,
          .run = [loop](absl::Duration time) { return loop->Run(time); },
          .counted_by = CountedBy::kLoop};
}

// Writes a certificate for this machine that signs itself, and its key.
absl::Status MakeCertificate(const std::string& certificate, const std::string& key) {
  ASSIGN_OR_RETURN(
      const FinishedProcess made,
      RunToEnd({kOpenSsl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                "-nodes", "-days", "2", "-keyout", key, "-out", certificate, "-subj",
                "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"}));
  return made.exit_status == 0
             ? absl::OkStatus()
             : absl::UnavailableError(absl::StrCat(kOpenSsl, " made no certificate, it ended with ",
                                                   made.exit_status, ": ", made.standard_error));
}

}  // namespace

absl::StatusOr<std::vector<Figure>> MeasureKeys(Workspace& workspace) {
  const BenchOptions& options = workspace.options();
  const Window period = ThreeYearsUpTo(absl::Now());
  ASSIGN_OR_RETURN(const std::unique_ptr<Target> server, workspace.StartServer("store", {kNoHttp}));
  ASSIGN_OR_RETURN(const std::string key, MakeKey(workspace.Path("store")));
  ASSIGN_OR_RETURN(
      const std::unique_ptr<Target> keyed,
      Target::Attach({.endpoint = server->endpoint(),
                      .api_key_source = [key]() -> absl::StatusOr<std::string> { return key; }}));
  ASSIGN_OR_RETURN(const LoopResult loaded,
                   LoadByStreams(*server, options, HistoricAnswers(options, period)));
  RETURN_IF_ERROR(server->Compact());

  const std::vector<v1::QueryMetricRequest> questions = CheapQuestions(period, options.seed);
  Side keyed_questions = QuestionSide(*server, *keyed, questions);
  Side open_questions = QuestionSide(*server, *server, questions);
  RETURN_IF_ERROR(TakeSideTurns({&keyed_questions, &open_questions}, options.time));
  Side keyed_unary = MakeUnarySide(*server, *keyed, options, options.seed);
  Side open_unary = MakeUnarySide(*server, *server, options, ~options.seed);
  RETURN_IF_ERROR(TakeSideTurns({&keyed_unary, &open_unary}, options.time));
  RETURN_IF_ERROR(Workspace::FinishServer(
      *server, loaded.accepted + keyed_unary.acknowledged() + open_unary.acknowledged()));

  std::vector<Figure> figures;
  AddSideFigures("key_unary", "calls_per_second", keyed_unary, open_unary, figures);
  AddSideFigures("key_query", "calls_per_second", keyed_questions, open_questions, figures);
  return figures;
}

absl::StatusOr<std::vector<Figure>> MeasureTls(Workspace& workspace) {
  const BenchOptions& options = workspace.options();
  const std::string certificate = workspace.Path("certificate.pem");
  const std::string key = workspace.Path("key.pem");
  RETURN_IF_ERROR(MakeCertificate(certificate, key));
  ASSIGN_OR_RETURN(const std::unique_ptr<Target> plain, workspace.StartServer("plain", {kNoHttp}));
  // Who may call is the same for both.
  ASSIGN_OR_RETURN(const std::unique_ptr<Target> encrypted,
                   workspace.StartServer("encrypted",
                                         {kNoHttp, "--anonymous=admin",
                                          absl::StrCat("--tls_certificate=", certificate),
                                          absl::StrCat("--tls_key=", key)},
                                         {.credentials = Tls{.ca_file = certificate}}));

  Side encrypted_unary = MakeUnarySide(*encrypted, *encrypted, options, options.seed);
  Side plain_unary = MakeUnarySide(*plain, *plain, options, options.seed);
  RETURN_IF_ERROR(TakeSideTurns({&encrypted_unary, &plain_unary}, options.time));
  Side encrypted_stream = MakeStreamSide(*encrypted, options, ~options.seed);
  Side plain_stream = MakeStreamSide(*plain, options, ~options.seed);
  RETURN_IF_ERROR(TakeSideTurns({&encrypted_stream, &plain_stream}, options.time));
  RETURN_IF_ERROR(Workspace::FinishServer(
      *encrypted, encrypted_unary.acknowledged() + encrypted_stream.acknowledged()));
  RETURN_IF_ERROR(
      Workspace::FinishServer(*plain, plain_unary.acknowledged() + plain_stream.acknowledged()));

  std::vector<Figure> figures;
  AddSideFigures("tls_unary", "calls_per_second", encrypted_unary, plain_unary, figures);
  AddSideFigures("tls_stream", "records_per_second", encrypted_stream, plain_stream, figures);
  return figures;
}

}  // namespace emptychair::bench
