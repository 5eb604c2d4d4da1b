#include <limits>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "emptychair/client/backoff_policy.h"
#include "emptychair/client/position.h"
#include "emptychair/client/retry_policy.h"
#include "tools/chairctl/base/enum_flag.h"
#include "tools/chairctl/base/session.h"
#include "tools/chairctl/commands/commands.h"
#include "tools/chairctl/commands/feedback/feed_flags.h"
#include "tools/chairctl/records/record_text.h"
#include "tools/chairctl/text/feedback_output.h"

namespace emptychair {
namespace {

constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max();
constexpr absl::Duration kFirstWait = absl::Milliseconds(100);
constexpr absl::Duration kLongestWait = absl::Seconds(2);

struct WatchFlags {
  std::vector<std::string> surveys;
  std::string after;  // Empty: from now on.
  int64_t limit = kNoLimit;
};

// For people: a line each, in columns that fit what is usual.
void PrintChangeLine(const v1::FeedbackChange& change, std::ostream& out) {
  const v1::Feedback& feedback = change.feedback();
  out << absl::StrFormat("%8d  %-8s  %-20s  %5s  %s  %s\n", change.sequence(),
                         EnumFlag(change.kind()), Printable(feedback.survey_id()),
                         feedback.has_score() ? absl::StrCat(feedback.score()) : "-",
                         Printable(feedback.feedback_id()), Printable(feedback.comment()));
}

// A watch over as many connections as it takes.
class Watcher {
 public:
  Watcher(Session& session, v1::WatchFeedbackRequest request, int64_t limit)
      : session_(session), request_(std::move(request)), limit_(limit) {
    if (session.format != OutputFormat::kTable) {
      text_.emplace(RecordFormOf(session, RecordForm::kJsonLines), session.out());
      text_->BeginChanges();
      text_->Flush();
    }
  }

  int Run() {
    while (true) {
      const absl::Status ended = WatchOnce();
      if (watched_ >= limit_) {
        PrintPosition(session_, absl::StrCat("watched ", watched_, " changes"), "--after",
                      *position_);
        return kExitOk;
      }
      // Before the first message there is nothing to go on from, and a slip is likelier.
      if (!position_.has_value() || !IsRetryable(ended)) {
        return ServiceError(session_.environment, ended);
      }
      WaitAfter(ended);
    }
  }

 private:
  // Prints changes until the limit is reached, or there is an error, which it answers.
  absl::Status WatchOnce() {
    for (const absl::StatusOr<v1::WatchFeedbackResponse>& message :
         session_.client.WatchFeedback(request_)) {
      if (!message.ok()) {
        return message.status();
      }
      Print(*message);
      position_ = PositionOf(*message);
      GoOnFrom(*position_, request_);
      backoff_.reset();
      watched_ += message->changes_size();
      if (watched_ >= limit_) {
        break;
      }
    }
    return absl::OkStatus();
  }

  void Print(const v1::WatchFeedbackResponse& message) {
    if (text_.has_value()) {
      text_->Add(message);
      text_->Flush();
    } else {
      for (const v1::FeedbackChange& change : message.changes()) {
        PrintChangeLine(change, session_.out());
      }
    }
    session_.out().flush();
  }

  void WaitAfter(const absl::Status& status) {
    if (backoff_ == nullptr) {
      backoff_ = std::make_unique<ExponentialBackoffPolicy>(kFirstWait, kLongestWait);
      *session_.environment.err << absl::StrCat("chairctl: ", Printable(Describe(status)),
                                                "; waiting for the server, to go on after ",
                                                ToText(*position_), "\n");
    }
    session_.environment.sleep(backoff_->OnFailure(status));
  }

  Session& session_;
  v1::WatchFeedbackRequest request_;  // From behind what is printed.
  const int64_t limit_;
  std::optional<RecordText> text_;  // Nothing for a table.
  std::optional<Position> position_;
  int64_t watched_ = 0;
  std::unique_ptr<BackoffPolicy> backoff_;  // While the server is away.
};

int Watch(Session& session, const WatchFlags& flags) {
  v1::WatchFeedbackRequest request;
  return MakeFeedRequest(session, flags.surveys, "--after", flags.after, request)
             ? Watcher(session, std::move(request), flags.limit).Run()
             : kExitUsage;
}

}  // namespace

void AddFeedbackWatchCommand(CommandLine group, Command* command) {
  CommandLine app = group.AddCommand("watch", "Show every change of an answer as it happens");
  auto flags = std::make_shared<WatchFlags>();
  AddFeedSurveys(app, flags->surveys);
  app.Add("--after", flags->after,
          "Begin behind this position, STORE_ID:EPOCH:SEQUENCE as an earlier watch or export "
          "named it; 0: with the oldest change that is kept; else: from now on");
  app.Add("--limit", flags->limit, "End after at least so many changes")
      .Between(int64_t{1}, kNoLimit);
  app.Footer(
      "JSON is a message a line; `storeId`, `epoch` and `sequence` of the last are where --after\n"
      "goes on. While the server is away it waits, and then goes on without gaps or repeats.\n"
      "Example:\n  chairctl feedback watch support-nps --output json");
  app.OnChosen([flags, command] {
    *command = [flags](Session& session) { return Watch(session, *flags); };
  });
}

}  // namespace emptychair
