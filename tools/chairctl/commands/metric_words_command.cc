#include <memory>

#include "tools/chairctl/commands/commands.h"
#include "tools/chairctl/commands/metric_flags.h"
#include "tools/chairctl/commands/selection_flags.h"
#include "tools/chairctl/page/words_html.h"
#include "tools/chairctl/text/words_output.h"

namespace emptychair {
namespace {

struct WordsFlags {
  // Its filters are those of the selection.
  SidesFlags sides;
  // Of a comparison by class, its window.
  SelectionFlags selection;
  bool by_class = false;
  int32_t min_comments = 0;
  int32_t limit = 0;
};

// Fills in what to compare. On failure reports it, sets `*exit_code` and answers false.
bool ReadQuestion(Session& session, const WordsFlags& flags, v1::CompareWordsRequest& request,
                  int* exit_code) {
  if (flags.by_class) {
    v1::QueryMetricRequest& base = *request.mutable_base();
    base = MakeRequest(flags.sides.metric);
    request.set_by_class(true);
    return ReadSelection(session, flags.selection, flags.sides.metric.surveys.front(),
                         base.mutable_interval(), base.mutable_filters(), exit_code);
  }
  if (!flags.sides.base.window.has_value() || !flags.sides.candidate.window.has_value()) {
    *exit_code = UsageError(session.environment,
                            "wanted what to compare: both --base and --candidate, or --by-class");
    return false;
  }
  SidesFlags sides = flags.sides;
  sides.filters = flags.selection.filters;
  return ReadSides(session, sides, request.mutable_base(), request.mutable_candidate(), exit_code);
}

int Words(Session& session, const WordsFlags& flags) {
  v1::CompareWordsRequest request;
  int exit_code = kExitOk;
  if (!ReadQuestion(session, flags, request, &exit_code)) {
    return exit_code;
  }
  request.set_min_comments(flags.min_comments);
  request.set_limit(flags.limit);
  const std::string& html = flags.sides.metric.html;
  // Says how the sides are called, for people only.
  v1::Survey survey;
  if (session.format == OutputFormat::kTable || !html.empty()) {
    absl::StatusOr<v1::Survey> found = session.client.GetSurvey(flags.sides.metric.surveys.front());
    if (!found.ok()) {
      return ServiceError(session.environment, found.status());
    }
    survey = *std::move(found);
  }
  const WordSides sides = SidesOf(request, survey);
  return Report(
      session, html, session.client.CompareWords(request),
      [&](const auto& response) { PrintWordsCsv(response, session.out()); },
      [&](const auto& response) {
        PrintWordsTable(request, response, sides, ColumnsOf(session), session.out());
      },
      [&](const auto& response) { return WordsPage(request, response, sides); });
}

// Lets flags stand together only where both have a meaning.
void RelateFlags(CommandLine app) {
  const Flag by_class = app.Find("--by-class");
  for (const char* side : {"--base", "--candidate", "--base-filter", "--candidate-filter"}) {
    by_class.Excludes(app.Find(side));
  }
  for (const char* window : {"--window", "--from", "--to", "--last"}) {
    app.Find(window).Needs(by_class);
  }
}

}  // namespace

void AddMetricWordsCommand(CommandLine group, Command* command) {
  CommandLine words =
      group.AddCommand("words", "Find the words that tell two sets of comments apart");
  auto flags = std::make_shared<WordsFlags>();
  AddAnswerFlags(words, flags->sides.metric);
  AddSideFlags(words, flags->sides);
  words.Add("--by-class", flags->by_class,
            "Compare who scored high with who scored low, of one window");
  AddSelectionFlags(words, flags->selection);
  RelateFlags(words);
  words
      .Add("--min-comments", flags->min_comments,
           "Leave out words in fewer comments, both sides together (default 5)")
      .Between(1, 1'000'000);
  words.Add("--limit", flags->limit, "List at most so many words (default 50)").Between(1, 1'000);
  words.Footer(
      "Wants --base and --candidate, or --by-class with a window or without.\n"
      "z is the difference in standard errors; beyond about 2 it is more than chance for a word\n"
      "chosen beforehand. Times without an offset are in the survey's time zone.\n"
      "Example:\n"
      "  chairctl metric words support-nps --base 2023 --candidate 2024\n"
      "What do promoters say, and what detractors:\n"
      "  chairctl metric words support-nps --by-class --last 3m");
  words.OnChosen([flags, command] {
    *command = [flags](Session& session) { return Words(session, *flags); };
  });
}

}  // namespace emptychair
