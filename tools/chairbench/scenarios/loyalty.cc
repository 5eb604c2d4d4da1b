#include "tools/chairbench/scenarios/loyalty.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/random.h"
#include "common/base/status_macros.h"
#include "emptychair/v1/customer_service.grpc.pb.h"
#include "emptychair/v1/metrics_service.grpc.pb.h"
#include "emptychair/v1/survey_service.grpc.pb.h"
#include "tools/chairbench/base/statistics.h"
#include "tools/chairbench/load/service_calls.h"
#include "tools/chairbench/load/stream_loop.h"
#include "tools/chairbench/load/submit_loops.h"
#include "tools/chairbench/load/turns.h"
#include "tools/chairbench/records/answers.h"
#include "tools/chairbench/records/purchases.h"
#include "tools/chairbench/scenarios/loyalty_questions.h"
#include "tools/chairbench/servers/postgresql.h"

namespace emptychair::bench {
namespace {

constexpr absl::Duration kLoadMax = absl::Hours(24);
constexpr double kMebibyte = 1 << 20;

// The next purchase of a stream, or nothing at the end.
using PurchaseSource = std::function<std::optional<Purchase>(size_t stream)>;

PurchaseOptions PurchaseOptionsOf(const BenchOptions& options) {
  return {
      .seed = options.seed, .customers = options.purchasers, .with_amounts = options.with_amounts};
}

ActivityStreams StreamsOf(Target& server, const BenchOptions& options, PurchaseSource purchases) {
  const auto open = [client = server.client()](ActivityStream::OnAcknowledged on_acknowledged) {
    return client.StreamActivities(std::move(on_acknowledged));
  };
  const auto next = [purchases = std::move(purchases), size = options.batch_size](
                        size_t stream, v1::StreamActivitiesRequest& batch) {
    while (batch.activities_size() < size) {
      const std::optional<Purchase> purchase = purchases(stream);
      if (!purchase.has_value()) {
        break;
      }
      FillActivity(*purchase, *batch.add_activities());
    }
    return !batch.activities().empty();
  };
  return ActivityStreams({open, next}, static_cast<size_t>(options.streams));
}

absl::Status DeclarePurchases(const Target& server) {
  v1::DefineActivityKindRequest request;
  request.set_kind(std::string(kPurchaseKind));
  v1::DefineActivityKindResponse response;
  return ServiceCalls<v1::CustomerService>(server).Call(
      &v1::CustomerService::Stub::DefineActivityKind, request, response);
}

// The purchases from `begin` to `end`, each once. `history` must outlive the source.
PurchaseSource Slice(const PurchaseHistory& history, size_t begin, size_t end) {
  const auto next = std::make_shared<std::atomic<size_t>>(begin);
  return [&history, next, end](size_t) -> std::optional<Purchase> {
    const size_t index = next->fetch_add(1, std::memory_order_relaxed);
    return index < end ? std::optional(history.Get(index)) : std::nullopt;
  };
}

// So many answers of now, of the same customers, each as likely, known by ids of their senders as
// activities are.
AnswerSource AnswersOfPurchasers(const BenchOptions& options, uint64_t seed, size_t count) {
  const auto randoms = std::make_shared<std::vector<Random>>();
  for (int i = 0; i < options.streams; ++i) {
    randoms->emplace_back(Random(seed + i).Next());
  }
  const auto left = std::make_shared<std::atomic<int64_t>>(count);
  return
      [randoms, left, customers = options.purchasers](size_t stream) -> std::optional<BenchAnswer> {
        if (left->fetch_sub(1, std::memory_order_relaxed) <= 0) {
          return std::nullopt;
        }
        Random& random = (*randoms)[stream];
        BenchAnswer answer = RandomAnswer(absl::ToUnixMillis(absl::Now()), random);
        answer.customer = static_cast<uint32_t>(random.Below(customers));
        answer.external_id = absl::StrCat("order-", answer.feedback_id.ToString());
        return answer;
      };
}

// What came in.
struct Ingested {
  int64_t activities = 0;
  int64_t feedback = 0;
};

// Streams the history: four fifths at once, then the last one by turns with as many answers, so
// that both meet a store that has grown.
absl::StatusOr<Ingested> Load(Workspace& workspace, const PurchaseHistory& history,
                              std::vector<Figure>& figures) {
  const BenchOptions& options = workspace.options();
  Target& server = workspace.server();
  RETURN_IF_ERROR(DeclarePurchases(server));
  size_t begin = history.size() / 5 * 4;
  ActivityStreams first = StreamsOf(server, options, Slice(history, 0, begin));
  ASSIGN_OR_RETURN(const LoopResult loaded, first.Run(kLoadMax));
  figures.push_back({"activities_load_records_per_second",
                     static_cast<double>(loaded.accepted) / absl::ToDoubleSeconds(loaded.elapsed),
                     "records/s",
                     {}});
  Turns product;
  Turns limit;
  for (int turn = 1; turn <= kTurns; ++turn) {
    const size_t end = begin + (history.size() - begin) / (kTurns + 1 - turn);
    ActivityStreams activities = StreamsOf(server, options, Slice(history, begin, end));
    RETURN_IF_ERROR(TakeTurn(server, activities, kLoadMax, product));
    FeedbackStreams feedback = MakeFeedbackStreams(
        server, options, AnswersOfPurchasers(options, options.seed + turn, end - begin));
    RETURN_IF_ERROR(TakeTurn(server, feedback, kLoadMax, limit));
    begin = end;
  }
  figures.push_back({"activities_stream_records_per_second", Median(product.rates), "records/s",
                     Median(limit.rates)});
  figures.push_back({"activities_stream_median_ms", Median(product.latencies_ms), "ms",
                     Median(limit.latencies_ms)});
  if (!product.cpu_us.empty()) {
    figures.push_back({"activities_stream_server_cpu_us", Median(product.cpu_us), "us/record",
                       Median(limit.cpu_us)});
  }
  figures.push_back({"activities_stream_group_size", Median(product.group_sizes), "records",
                     Median(limit.group_sizes)});
  return Ingested{.activities = loaded.accepted + product.acknowledged,
                  .feedback = limit.acknowledged};
}

absl::Status WriteRows(const PurchaseHistory& history, const std::string& file) {
  constexpr size_t kBytesAtOnce = size_t{1} << 20;
  std::ofstream out(file, std::ios::binary);
  std::string text;
  for (size_t i = 0; i < history.size() && out; ++i) {
    AppendCsvLine(history.Get(i), text);
    if (text.size() > kBytesAtOnce || i + 1 == history.size()) {
      RETURN_IF_ERROR(CheckInterrupted());
      out << text;
      text.clear();
    }
  }
  return out.flush() ? absl::OkStatus()
                     : absl::UnavailableError(absl::StrCat("cannot write \"", file, "\""));
}

// PostgreSQL with the purchases.
absl::StatusOr<std::unique_ptr<PostgreSql>> StartPostgreSql(const Workspace& workspace,
                                                            const PurchaseHistory& history) {
  ASSIGN_OR_RETURN(std::unique_ptr<PostgreSql> postgresql,
                   PostgreSql::Start(workspace.options().postgresql, workspace.Path("postgresql")));
  const std::string file = workspace.Path("purchases.csv");
  RETURN_IF_ERROR(WriteRows(history, file));
  RETURN_IF_ERROR(postgresql->Execute(PurchaseTable()));
  RETURN_IF_ERROR(postgresql->Execute(absl::StrCat("\\copy purchase FROM '", file, "' CSV")));
  RETURN_IF_ERROR(postgresql->Execute("VACUUM ANALYZE purchase"));
  return postgresql;
}

// How long a call takes.
absl::StatusOr<double> AskMs(absl::FunctionRef<absl::Status()> ask) {
  RETURN_IF_ERROR(CheckInterrupted());
  const absl::Time start = absl::Now();
  RETURN_IF_ERROR(ask());
  return absl::ToDoubleMilliseconds(absl::Now() - start);
}

// Asks a question, `ask`, which answers what is counted and tells the rows of sets that were read;
// beside PostgreSQL by turns, where there is one.
absl::Status AskByTurns(const std::string& name,
                        absl::FunctionRef<absl::StatusOr<std::string>(int64_t& rows_read)> ask,
                        const std::string& statement, PostgreSql* postgresql,
                        std::vector<Figure>& figures) {
  constexpr int kTimesPerTurn = 5;
  int64_t rows_read = 0;
  std::string counts;
  const auto ask_once = [&] {
    ASSIGN_OR_RETURN(counts, ask(rows_read));
    return absl::OkStatus();
  };
  ASSIGN_OR_RETURN(const double first_ms, AskMs(ask_once));
  std::vector<double> ours_ms;
  std::vector<double> theirs_ms;
  for (int turn = 0; turn < kTurns; ++turn) {
    for (int i = 0; i < kTimesPerTurn; ++i) {
      ASSIGN_OR_RETURN(ours_ms.emplace_back(), AskMs(ask_once));
    }
    if (postgresql != nullptr) {
      RETURN_IF_ERROR(CheckInterrupted());
      ASSIGN_OR_RETURN(const PostgreSql::Answer answer, postgresql->Ask(statement));
      theirs_ms.push_back(answer.ms);
      if (answer.rows != counts) {
        return absl::DataLossError(absl::StrCat(name, ": PostgreSQL counts\n", answer.rows,
                                                "\nand the service\n", counts));
      }
    }
  }
  figures.push_back({absl::StrCat(name, "_first_ms"), first_ms, "ms", {}});
  figures.push_back({absl::StrCat(name, "_ms"), Median(ours_ms), "ms",
                     theirs_ms.empty() ? std::nullopt : std::optional(Median(theirs_ms))});
  figures.push_back({absl::StrCat(name, "_rows_read"), static_cast<double>(rows_read), "rows", {}});
  return absl::OkStatus();
}

absl::Status AskQuestions(Target& server, PostgreSql* postgresql, std::vector<Figure>& figures) {
  const ServiceCalls<v1::MetricsService> metrics(server);
  const auto retention = [&](int64_t& rows_read) -> absl::StatusOr<std::string> {
    v1::QueryRetentionResponse answer;
    RETURN_IF_ERROR(
        metrics.Call(&v1::MetricsService::Stub::QueryRetention, YearOfRetention(), answer));
    rows_read = answer.rows_read();
    return CountsOf(answer);
  };
  RETURN_IF_ERROR(
      AskByTurns("retention_year", retention, RetentionStatement(), postgresql, figures));
  const auto cohorts = [&](int64_t& rows_read) -> absl::StatusOr<std::string> {
    v1::QueryCohortsResponse answer;
    RETURN_IF_ERROR(
        metrics.Call(&v1::MetricsService::Stub::QueryCohorts, CohortTriangle(), answer));
    rows_read = answer.rows_read();
    return CountsOf(answer);
  };
  return AskByTurns("cohort_triangle", cohorts, CohortsStatement(), postgresql, figures);
}

// Asks for views of customers by turns with the survey. A server that has no views has no figures.
absl::Status AskViews(Workspace& workspace, std::vector<Figure>& figures) {
  constexpr int kTimes = 500;
  const BenchOptions& options = workspace.options();
  const ServiceCalls<v1::CustomerService> customers(workspace.server());
  const ServiceCalls<v1::SurveyService> surveys(workspace.server());
  Random random(options.seed);
  std::vector<double> view_ms;
  std::vector<double> survey_ms;
  for (int i = 0; i < kTimes; ++i) {
    v1::GetCustomerViewRequest request;
    request.set_customer_id(CustomerId(static_cast<uint32_t>(random.Below(options.purchasers))));
    const absl::StatusOr<double> took_ms = AskMs([&] {
      v1::GetCustomerViewResponse view;
      return customers.Call(&v1::CustomerService::Stub::GetCustomerView, request, view);
    });
    if (absl::IsUnimplemented(took_ms.status())) {
      return absl::OkStatus();
    }
    RETURN_IF_ERROR(took_ms.status());
    view_ms.push_back(*took_ms);
    ASSIGN_OR_RETURN(survey_ms.emplace_back(), AskMs([&] {
                       v1::GetSurveyRequest survey;
                       survey.set_survey_id(BenchSurvey().survey_id());
                       v1::GetSurveyResponse response;
                       return surveys.Call(&v1::SurveyService::Stub::GetSurvey, survey, response);
                     }));
  }
  for (const auto& [name, percent] : {std::pair("median", 50), std::pair("p99", 99)}) {
    const double view = Percentile(view_ms, percent);
    const double survey = Percentile(survey_ms, percent);
    figures.push_back({absl::StrCat("customer_view_", name, "_ms"), view, "ms", survey});
    figures.push_back(
        {absl::StrCat("customer_view_over_survey_", name, "_ms"), view - survey, "ms", {}});
  }
  return absl::OkStatus();
}

// Checks that all that was acknowledged is there, and adds what it takes.
absl::Status AddUsage(Target& server, int64_t activities, std::vector<Figure>& figures) {
  ASSIGN_OR_RETURN(const Usage usage, server.ReadUsage());
  if (usage.activity_count != activities) {
    return absl::DataLossError(absl::StrCat("the server holds ", usage.activity_count,
                                            " activities, and should hold ", activities));
  }
  if (usage.peak_memory_bytes.has_value()) {
    figures.push_back({"loyalty_peak_memory_mebibytes",
                       static_cast<double>(*usage.peak_memory_bytes) / kMebibyte,
                       "MiB",
                       {}});
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<Figure>> MeasureLoyalty(Workspace& workspace) {
  const BenchOptions& options = workspace.options();
  Target& server = workspace.server();
  std::vector<Figure> figures;
  std::unique_ptr<PostgreSql> postgresql;
  Ingested ingested;
  ASSIGN_OR_RETURN(const Usage before, server.ReadUsage());
  if (!options.ask_only || !options.rows_file.empty() || options.beside_postgresql) {
    const PurchaseHistory history(PurchaseOptionsOf(options));
    if (!options.rows_file.empty()) {
      RETURN_IF_ERROR(WriteRows(history, options.rows_file));
    }
    if (!options.ask_only) {
      ASSIGN_OR_RETURN(ingested, Load(workspace, history, figures));
    }
    if (options.beside_postgresql) {
      ASSIGN_OR_RETURN(postgresql, StartPostgreSql(workspace, history));
    }
  }
  RETURN_IF_ERROR(AskQuestions(server, postgresql.get(), figures));
  if (postgresql != nullptr) {
    RETURN_IF_ERROR(postgresql->Stop());
  }
  if (options.ask_only) {
    return figures;
  }
  RETURN_IF_ERROR(AskViews(workspace, figures));
  RETURN_IF_ERROR(AddUsage(server, before.activity_count + ingested.activities, figures));
  RETURN_IF_ERROR(workspace.Finish(ingested.feedback));
  return figures;
}

}  // namespace emptychair::bench
