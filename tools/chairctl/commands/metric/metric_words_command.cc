#include <memory>

#include "tools/chairctl/commands/commands.h"
#include "tools/chairctl/commands/metric/metric_flags.h"
#include "tools/chairctl/commands/selection_flags.h"
#include "tools/chairctl/page/words_html.h"
#include "tools/chairctl/text/metric_text.h"
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
  SidesFlags sides = flags.sides;
  sides.filters = flags.selection.filters;
  sides.otherwise = "; or --by-class";
  return ReadSides(session, sides, {}, request.mutable_base(), request.mutable_candidate(),
                   exit_code);
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
  // Say how the sides are called, for people only.
  WordSides sides;
  if (session.format == OutputFormat::kTable || !html.empty()) {
    const absl::StatusOr<v1::Survey> base = session.client.GetSurvey(request.base().survey_ids(0));
    const absl::StatusOr<v1::Survey> candidate =
        flags.by_class || SameSurveys(request.base(), request.candidate())
            ? base
            : session.client.GetSurvey(request.candidate().survey_ids(0));
    for (const absl::StatusOr<v1::Survey>* survey : {&base, &candidate}) {
      if (!survey->ok()) {
        return ServiceError(session.environment, survey->status());
      }
    }
    sides = SidesOf(request, *base, *candidate);
  }
  return Report(
      session, html, session.client.CompareWords(request),
      [&](const auto& response, CsvWriter& csv) { PrintWordsCsv(response, csv); },
      [&](const auto& response) {
        PrintWordsTable(request, response, sides, ColumnsOf(session), session.out());
      },
      [&](const auto& response) { return WordsPage(request, response, sides); });
}

// Lets flags stand together only where both have a meaning.
void RelateFlags(CommandLine app) {
  const Flag by_class = app.Find("--by-class");
  for (const char* side : kSideFlags) {
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
      "Wants two sides, told apart by windows, filters or surveys; or --by-class with a window or\n"
      "without.\n"
      "z is the difference in standard errors. q is how often chance alone takes one of so many\n"
      "words as far: of those with q up to 0.05, 1 in 20 is expected to be chance.\n"
      "Times without an offset are in the survey's time zone.\n"
      "Example:\n"
      "  chairctl metric words support-nps --base 2023 --candidate 2024\n"
      "What do promoters say, and what detractors:\n"
      "  chairctl metric words support-nps --by-class --last 3m");
  words.OnChosen([flags, command] {
    *command = [flags](Session& session) { return Words(session, *flags); };
  });
}

}  // namespace emptychair
