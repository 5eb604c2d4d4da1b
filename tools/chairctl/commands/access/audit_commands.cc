// The group `audit`.
#include <algorithm>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tools/chairctl/base/session.h"
#include "tools/chairctl/base/window.h"
#include "tools/chairctl/commands/commands.h"
#include "tools/chairctl/commands/selection_flags.h"
#include "tools/chairctl/text/audit_text.h"

namespace emptychair {
namespace {

constexpr int kPageSize = 1'000;

struct ListFlags {
  WindowFlags window;
  std::string key_id;
  std::string method;
  std::string survey_id;
  int limit = std::numeric_limits<int>::max();
};

// Appends all pages to `all`, up to the limit; what is said of the chain is from the first.
absl::Status ReadPages(const Session& session, v1::ListAuditEventsRequest request, int limit,
                       v1::ListAuditEventsResponse& all) {
  do {
    request.set_page_size(std::min(limit - all.events_size(), kPageSize));
    absl::StatusOr<v1::ListAuditEventsResponse> page =
        session.client.connection().ListAuditEvents(request);
    if (!page.ok()) {
      return page.status();
    }
    if (request.page_token().empty()) {
      all.set_event_count(page->event_count());
      all.set_head_hash(page->head_hash());
      all.set_first_number(page->first_number());
      all.set_hash_before_first(page->hash_before_first());
    }
    all.mutable_events()->MergeFrom(page->events());
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty() && all.events_size() < limit);
  return absl::OkStatus();
}

int List(Session& session, const ListFlags& flags) {
  v1::ListAuditEventsRequest request;
  int exit_code = kExitOk;
  if (!ReadWindows(session, {{flags.window, "", request.mutable_interval()}}, &exit_code)) {
    return exit_code;
  }
  request.set_key_id(flags.key_id);
  request.set_method(flags.method);
  request.set_survey_id(flags.survey_id);
  v1::ListAuditEventsResponse all;
  if (const absl::Status read = ReadPages(session, request, flags.limit, all); !read.ok()) {
    return ServiceError(session.environment, read);
  }
  switch (session.format) {
    case OutputFormat::kJson:
      session.out() << ToJson(all);
      break;
    case OutputFormat::kCsv: {
      CsvWriter csv = session.csv();
      PrintAuditCsv(all.events(), csv);
      break;
    }
    case OutputFormat::kTable:
      PrintAuditTable(all.events(), session.out());
      *session.environment.err << "chairctl: the head of the chain is " << all.event_count() << ":"
                               << Printable(all.head_hash()) << "\n";
      break;
  }
  return kExitOk;
}

}  // namespace

void AddAuditCommands(CommandLine app, Command* command) {
  CommandLine group = app.AddCommand("audit", "See who changed what");
  group.RequireCommand();
  group.Footer("Example:\n  chairctl audit list --last 7d");
  CommandLine list =
      group.AddCommand("list", "List what was done and what was refused, newest first");
  auto flags = std::make_shared<ListFlags>();
  AddWindowFlags(list, flags->window);
  list.Add("--key", flags->key_id, "Only what this key or certificate did");
  list.Add("--method", flags->method,
           "Only calls of this method, such as SurveyService/UpdateSurvey");
  list.Add("--survey", flags->survey_id, "Only what was about this survey");
  list.Add("--limit", flags->limit, "At most so many").Between(1, std::numeric_limits<int>::max());
  list.Footer(
      "Times are in UTC. The head, COUNT:HASH, is on the error stream, and in JSON: note it\n"
      "elsewhere, and `chairctl audit verify --head` can tell later whether it is still the same.\n"
      "Example:\n  chairctl audit list --last 7d --key 04hmasw9nf6y");
  list.OnChosen(
      [flags, command] { *command = [flags](Session& session) { return List(session, *flags); }; });
  AddAuditVerifyCommand(group, command);
}

}  // namespace emptychair
