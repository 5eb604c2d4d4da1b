// `chairctl audit verify`.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "tools/chairctl/base/progress_line.h"
#include "tools/chairctl/base/session.h"
#include "tools/chairctl/commands/commands.h"

namespace emptychair {
namespace {

constexpr int kExitDamage = kExitService + static_cast<int>(absl::StatusCode::kDataLoss);
// It cannot be told.
constexpr int kExitNotKept = kExitService + static_cast<int>(absl::StatusCode::kOutOfRange);

constexpr size_t kHashDigits = 64;

// The chain as somebody noted it.
struct Head {
  int64_t count = 0;
  std::string hash;
};

// Nothing for what is not "COUNT:HASH".
std::optional<Head> ParseHead(absl::string_view text) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(text, absl::MaxSplits(':', 1));
  Head head{.hash = absl::AsciiStrToLower(parts.second)};
  if (!absl::SimpleAtoi(parts.first, &head.count) || head.count < 1 ||
      head.hash.size() != kHashDigits ||
      head.hash.find_first_not_of("0123456789abcdef") != std::string::npos) {
    return std::nullopt;
  }
  return head;
}

// How a head that was noted compares with the chain.
struct Comparison {
  Head head;
  const char* result = "";
  int exit_code = kExitOk;
  std::string why;  // Empty: it is the same.
};

Comparison Compare(Head head, const v1::ListAuditEventsResponse& chain) {
  const int64_t count = head.count;
  Comparison comparison{.head = std::move(head)};
  if (count > chain.event_count()) {
    comparison.result = "past-the-end";
    comparison.exit_code = kExitDamage;
    comparison.why = absl::StrCat(
        "the chain has ", chain.event_count(), " events, and had ", count,
        ": it was cut, or this store was restored from a backup of before; see `chairctl audit "
        "list --method restored`");
    return comparison;
  }
  const bool is_before_first = count == chain.first_number() - 1;
  if (count < chain.first_number() && !is_before_first) {
    comparison.result = "not-kept";
    comparison.exit_code = kExitNotKept;
    comparison.why = absl::StrCat("the oldest event that is kept is ", chain.first_number(),
                                  ": what was up to ", count, " cannot be told any more");
    return comparison;
  }
  const bool is_same = is_before_first
                           ? chain.hash_before_first() == comparison.head.hash
                           : chain.events_size() == 1 && chain.events(0).number() == count &&
                                 chain.events(0).hash() == comparison.head.hash;
  comparison.result = is_same ? "same" : "different";
  if (!is_same) {
    comparison.exit_code = kExitDamage;
    comparison.why = absl::StrCat(
        "up to ", count,
        " the events are not those that were noted: they were changed, or this store was restored "
        "from a backup of before; see `chairctl audit list --method restored`");
  }
  return comparison;
}

// Has the server check its chain, and tells what it finds. Answers the number of differences; on
// failure reports it, sets `*exit_code` and answers nothing.
std::optional<int64_t> CheckChain(Session& session, int* exit_code) {
  ProgressLine line(session.environment.err, session.environment.err_is_terminal);
  v1::VerifyStoreRequest request;
  request.set_only_audit(true);
  std::optional<int64_t> differences;
  absl::Status status;
  for (const absl::StatusOr<v1::VerifyStoreResponse>& message :
       session.patient_client.VerifyStore(request)) {
    if (!message.ok()) {
      status = message.status();
    } else if (message->has_progress()) {
      line.Show("the audit is being checked");
    } else if (message->has_difference()) {
      line.Clear();
      const v1::StoreDifference& difference = message->difference();
      *session.environment.err << "chairctl: " << Printable(difference.where()) << ": stored "
                               << Printable(difference.stored()) << ", expected "
                               << Printable(difference.expected()) << "\n";
    } else if (message->has_summary()) {
      differences = message->summary().difference_count();
    }
  }
  line.Clear();
  if (!status.ok()) {
    *exit_code = ServiceError(session.environment, status);
    return std::nullopt;
  }
  if (!differences.has_value()) {
    *exit_code = ToolError(session.environment, "the check ended without a summary");
  }
  return differences;
}

void Print(const Session& session, const std::vector<Comparison>& comparisons,
           const v1::ListAuditEventsResponse& chain, int64_t differences) {
  if (session.format == OutputFormat::kJson) {
    session.out() << "{\"heads\": ["
                  << absl::StrJoin(comparisons, ", ",
                                   [](std::string* out, const Comparison& comparison) {
                                     absl::StrAppend(out, "{\"count\": \"", comparison.head.count,
                                                     "\", \"hash\": \"", comparison.head.hash,
                                                     "\", \"result\": \"", comparison.result,
                                                     "\"}");
                                   })
                  << "], \"eventCount\": \"" << chain.event_count() << "\", \"firstNumber\": \""
                  << chain.first_number() << "\", \"headHash\": \"" << Printable(chain.head_hash())
                  << "\", \"differenceCount\": \"" << differences << "\"}\n";
    return;
  }
  CsvWriter csv = session.csv();
  Table table;
  table.AddColumn("count", Table::Align::kRight);
  table.AddColumn("hash", Table::Align::kLeft);
  table.AddColumn("result", Table::Align::kLeft);
  if (session.format == OutputFormat::kCsv) {
    csv.Write({"count", "hash", "result"});
  }
  for (const Comparison& comparison : comparisons) {
    const std::string count = absl::StrCat(comparison.head.count);
    if (session.format == OutputFormat::kCsv) {
      csv.Write({CsvNumber{count}, comparison.head.hash, comparison.result});
    } else {
      table.AddRow({count, comparison.head.hash, comparison.result});
    }
  }
  if (session.format == OutputFormat::kTable && !comparisons.empty()) {
    table.Print(session.out());
  }
}

int Verify(Session& session, const std::vector<std::string>& texts) {
  std::vector<Head> heads;
  for (const std::string& text : texts) {
    std::optional<Head> head = ParseHead(text);
    if (!head.has_value()) {
      return UsageError(session.environment,
                        absl::StrCat("--head: is \"", Printable(text),
                                     "\"; wanted COUNT:HASH, such as `chairctl audit list` shows"));
    }
    heads.push_back(*std::move(head));
  }
  int exit_code = kExitOk;
  const std::optional<int64_t> differences = CheckChain(session, &exit_code);
  if (!differences.has_value()) {
    return exit_code;
  }
  // The last one tells of the chain as a whole.
  heads.emplace_back();
  std::vector<Comparison> comparisons;
  v1::ListAuditEventsResponse chain;
  for (Head& head : heads) {
    v1::ListAuditEventsRequest request;
    request.set_up_to_number(head.count);
    request.set_page_size(1);
    absl::StatusOr<v1::ListAuditEventsResponse> page =
        session.client.connection().ListAuditEvents(request);
    if (!page.ok()) {
      return ServiceError(session.environment, page.status());
    }
    chain = *std::move(page);
    if (head.count != 0) {
      comparisons.push_back(Compare(std::move(head), chain));
    }
  }
  Print(session, comparisons, chain, *differences);
  exit_code = *differences == 0 ? kExitOk : kExitDamage;
  for (const Comparison& comparison : comparisons) {
    if (!comparison.why.empty()) {
      *session.environment.err << "chairctl: " << comparison.why << "\n";
    }
    // Damage is more than what cannot be told.
    exit_code = std::max(exit_code, comparison.exit_code);
  }
  if (session.format == OutputFormat::kTable) {
    *session.environment.err << "chairctl: the head of the chain is " << chain.event_count() << ":"
                             << Printable(chain.head_hash()) << "\n";
  }
  return exit_code;
}

}  // namespace

void AddAuditVerifyCommand(CommandLine group, Command* command) {
  CommandLine verify = group.AddCommand(
      "verify", "Check that no event was changed, and compare with what was noted elsewhere");
  auto heads = std::make_shared<std::vector<std::string>>();
  verify.Add("--head", *heads,
             "COUNT:HASH as of then: from the server's log (`audit head`), a backup, or `audit "
             "list`; several: each");
  verify.Footer(
      "The server checks that each event follows from those before it. Whoever can write all "
      "files\n"
      "of the store could make all events anew; only a head that was noted elsewhere shows that.\n"
      "Exit code 79: there is damage, or a head is not as it was noted. 75: a head is older than\n"
      "what is kept, so that it cannot be told.\n"
      "Example:\n  chairctl audit verify --head \"$(cat noted-head)\"");
  verify.OnChosen([heads, command] {
    *command = [heads](Session& session) { return Verify(session, *heads); };
  });
}

}  // namespace emptychair
