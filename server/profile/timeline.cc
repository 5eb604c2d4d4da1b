#include "server/profile/timeline.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/base/status_macros.h"
#include "common/base/timestamp.h"
#include "common/base/uuid.h"
#include "server/customers/activity.h"
#include "server/customers/customer.h"
#include "server/feedback/feedback.h"
#include "server/request/page_token.h"
#include "storage/format/cube_row.h"
#include "storage/read/activities.h"
#include "storage/read/record_labels.h"
#include "storage/read/records.h"

namespace emptychair {
namespace {

// What an entry is. Of one time the greater is listed first. In page tokens: DO NOT CHANGE.
enum class EntryType : uint8_t { kActivity = 1, kAnswer = 2, kAmendment = 3, kExclusion = 4 };

// Position of an entry; the list is in descending order.
struct Position {
  int64_t time_ms = 0;
  EntryType type = EntryType::kActivity;
  uint32_t number = 0;  // Of the kind or survey.
  Uuid id;

  friend auto operator<=>(const Position&, const Position&) = default;
};

constexpr size_t kPositionBytes = 8 + 1 + 4 + Uuid::kSize;

void AppendInt(uint64_t value, size_t bytes, std::string& to) {
  for (size_t i = 0; i < bytes; ++i) {
    to.push_back(static_cast<char>(value >> (8 * i)));
  }
}

uint64_t TakeInt(size_t bytes, absl::string_view& from) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes; ++i) {
    value |= static_cast<uint64_t>(static_cast<uint8_t>(from[i])) << (8 * i);
  }
  from.remove_prefix(bytes);
  return value;
}

std::string Encode(const Position& position) {
  std::string bytes;
  AppendInt(static_cast<uint64_t>(position.time_ms), 8, bytes);
  AppendInt(static_cast<uint64_t>(position.type), 1, bytes);
  AppendInt(position.number, 4, bytes);
  absl::StrAppend(&bytes, position.id.AsBytes());
  return bytes;
}

// Nothing for bytes of a first page; others come from a token whose binding was checked.
std::optional<Position> Decode(absl::string_view bytes) {
  if (bytes.size() != kPositionBytes) {
    return std::nullopt;
  }
  Position position;
  position.time_ms = static_cast<int64_t>(TakeInt(8, bytes));
  position.type = static_cast<EntryType>(TakeInt(1, bytes));
  position.number = static_cast<uint32_t>(TakeInt(4, bytes));
  position.id = *Uuid::FromBytes(bytes);
  return position;
}

// An entry that can become one of the page.
struct Candidate {
  Position position;
  size_t bytes = 0;
  std::unique_ptr<v1::TimelineEntry> entry;

  // The newest first.
  friend bool operator<(const Candidate& a, const Candidate& b) { return a.position > b.position; }
};

// The newest candidates of one source, as many as make a page.
class Candidates {
 public:
  explicit Candidates(int32_t page_size) : count_max_(static_cast<size_t>(page_size)) {}

  // Whether those at hand make a page, so that older ones cannot be part of it.
  bool IsFull() const { return Fills(newest_.size(), bytes_); }

  // Whether an entry of this position can be part of the page. Remembers where one cannot.
  bool Admits(const Position& position) {
    const bool is_admitted = !IsFull() || position > newest_.front().position;
    has_left_out_ = has_left_out_ || !is_admitted;
    return is_admitted;
  }

  // Adds one that is admitted; lets go of the oldest, where the others make a page.
  void Add(const Position& position, v1::TimelineEntry entry) {
    Candidate added{position, entry.ByteSizeLong(), nullptr};
    added.entry = std::make_unique<v1::TimelineEntry>(std::move(entry));
    bytes_ += added.bytes;
    newest_.push_back(std::move(added));
    std::push_heap(newest_.begin(), newest_.end());
    while (Fills(newest_.size() - 1, bytes_ - newest_.front().bytes)) {
      bytes_ -= newest_.front().bytes;
      std::pop_heap(newest_.begin(), newest_.end());
      newest_.pop_back();
      has_left_out_ = true;
    }
  }

  // Whether there are older ones than those at hand.
  bool has_left_out() const { return has_left_out_; }

  // Moves all of them to the end of `all`.
  void MoveTo(std::vector<Candidate>& all) && {
    std::move(newest_.begin(), newest_.end(), std::back_inserter(all));
  }

 private:
  bool Fills(size_t count, size_t bytes) const {
    return count >= count_max_ || bytes >= kPageBytesMax;
  }

  const size_t count_max_;
  size_t bytes_ = 0;
  std::vector<Candidate> newest_;  // A heap whose first is the oldest.
  bool has_left_out_ = false;
};

// Reads one page.
class TimelinePage {
 public:
  TimelinePage(const storage::Store& store, const storage::View& view, std::string customer_id,
               uint32_t customer_ordinal, int32_t page_size, std::optional<Position> after)
      : store_(store),
        view_(view),
        customer_id_(std::move(customer_id)),
        customer_ordinal_(customer_ordinal),
        page_size_(page_size),
        after_(std::move(after)),
        answers_(page_size),
        corrections_(page_size),
        activities_(page_size) {
    for (const auto& [id, survey] : *view.catalog) {
      surveys_[survey->number()] = survey.get();
    }
  }

  // Reads what can be part of the page. Errors: STORE_DAMAGED.
  absl::Status Read() {
    RETURN_IF_ERROR(ReadAnswers());
    return ReadActivities();
  }

  // Hands the newest of what was read to `response`. Returns the last, behind which the next page
  // begins; nothing at the end.
  std::optional<Position> Fill(v1::ListTimelineResponse& response) && {
    const bool has_left_out =
        answers_.has_left_out() || corrections_.has_left_out() || activities_.has_left_out();
    std::vector<Candidate> all;
    std::move(answers_).MoveTo(all);
    std::move(corrections_).MoveTo(all);
    std::move(activities_).MoveTo(all);
    std::sort(all.begin(), all.end());
    size_t bytes = 0;
    for (size_t i = 0; i < all.size(); ++i) {
      if (i == static_cast<size_t>(page_size_) || bytes >= kPageBytesMax) {
        return all[i - 1].position;
      }
      bytes += all[i].bytes;
      *response.add_entries() = std::move(*all[i].entry);
    }
    return has_left_out ? std::make_optional(all.back().position) : std::nullopt;
  }

 private:
  bool IsBehind(const Position& position) const {
    return !after_.has_value() || position < *after_;
  }

  absl::Status ReadAnswers() {
    storage::RecordRange range;
    range.customer_ordinal = customer_ordinal_;
    range.newest_first = true;
    range.skip_damaged = true;
    return store_.records().Scan(view_, range, [this](const storage::ScannedRecord& scanned) {
      // Absent: a deleted survey's, on its way out.
      const auto survey = surveys_.find(scanned.position.survey_number);
      if (survey != surveys_.end()) {
        VisitAnswer(scanned, *survey->second);
      }
      return true;
    });
  }

  void VisitAnswer(const storage::ScannedRecord& scanned, const storage::SurveyView& survey) {
    record_.survey_number = scanned.position.survey_number;
    record_.feedback_id = scanned.position.feedback_id;
    record_.header = scanned.header;
    record_.customer_id = customer_id_;
    if (!storage::DecodeBody(survey.all_series(), scanned.header, scanned.value, record_.body)) {
      store_.CountUndecodable();
      return;
    }
    if (const Position position = PositionOf(scanned.occur_time_ms(), EntryType::kAnswer);
        IsBehind(position) && answers_.Admits(position)) {
      v1::TimelineEntry entry;
      FillFeedback(record_, survey, *entry.mutable_feedback());
      Add(position, std::move(entry), answers_);
    }
    if (record_.body.amend_time_ms() != 0) {
      AddCorrection(PositionOf(record_.body.amend_time_ms(), EntryType::kAmendment), survey);
    }
    if (record_.header.exclusion_reason != storage::kCountedDisposition) {
      AddCorrection(PositionOf(record_.body.exclusion_time_ms(), EntryType::kExclusion), survey);
    }
  }

  // Of the answer at hand, or of a correction of it.
  Position PositionOf(int64_t time_ms, EntryType type) const {
    return {time_ms, type, record_.survey_number, record_.feedback_id};
  }

  void AddCorrection(const Position& position, const storage::SurveyView& survey) {
    if (!IsBehind(position) || !corrections_.Admits(position)) {
      return;
    }
    v1::TimelineEntry entry;
    v1::FeedbackCorrection& correction = *entry.mutable_correction();
    correction.set_survey_id(survey.definition->survey_id());
    correction.set_feedback_id(record_.feedback_id.ToString());
    if (position.type == EntryType::kAmendment) {
      correction.set_kind(v1::FeedbackCorrection::KIND_AMENDED);
    } else {
      correction.set_kind(v1::FeedbackCorrection::KIND_EXCLUDED);
      correction.set_exclusion_reason(
          static_cast<v1::ExclusionReason>(record_.header.exclusion_reason));
      correction.set_exclusion_note(record_.body.exclusion_note());
    }
    Add(position, std::move(entry), corrections_);
  }

  absl::Status ReadActivities() {
    std::optional<storage::ActivityPosition> after;
    if (after_.has_value() && after_->type == EntryType::kActivity) {
      after = {after_->time_ms, after_->number, after_->id};
    } else if (after_.has_value()) {
      // All of that time come behind.
      after = {after_->time_ms, UINT32_MAX, Uuid()};
    }
    return store_.activities().ScanAllKinds(
        view_, customer_ordinal_, after,
        [this](const storage::ActivityRecord& record, const storage::ActivityKindView& kind) {
          const Position position{record.id.UnixMs(), EntryType::kActivity, record.kind_number,
                                  record.id};
          if (!activities_.Admits(position)) {
            return false;
          }
          v1::TimelineEntry entry;
          FillActivity(record, kind, *entry.mutable_activity());
          entry.mutable_activity()->set_customer_id(customer_id_);
          Add(position, std::move(entry), activities_);
          return true;
        });
  }

  static void Add(const Position& position, v1::TimelineEntry entry, Candidates& to) {
    *entry.mutable_time() = ToTimestamp(absl::FromUnixMillis(position.time_ms));
    to.Add(position, std::move(entry));
  }

  const storage::Store& store_;
  const storage::View& view_;
  const std::string customer_id_;
  const uint32_t customer_ordinal_;
  const int32_t page_size_;
  const std::optional<Position> after_;
  absl::flat_hash_map<uint32_t, const storage::SurveyView*> surveys_;
  storage::FeedbackRecord record_;  // The one visited; its memory serves for the next.
  Candidates answers_;
  Candidates corrections_;
  Candidates activities_;
};

}  // namespace

absl::Status ReadTimeline(const storage::Store& store, const v1::ListTimelineRequest& request,
                          v1::ListTimelineResponse& response) {
  const std::shared_ptr<const storage::View> view = store.view();
  ASSIGN_OR_RETURN(const int32_t page_size, CheckPageSize(request.page_size()));
  ASSIGN_OR_RETURN(const std::string position, ReadPageToken(store, request));
  ASSIGN_OR_RETURN(const uint32_t ordinal,
                   FindCustomerOrdinal(store, *view, request.customer_id()));
  TimelinePage page(store, *view, request.customer_id(), ordinal, page_size, Decode(position));
  RETURN_IF_ERROR(page.Read());
  const std::optional<Position> next = std::move(page).Fill(response);
  if (next.has_value()) {
    response.set_next_page_token(MakePageToken(store, request, Encode(*next)));
  }
  response.set_sequence(static_cast<int64_t>(view->counters.sequence()));
  return absl::OkStatus();
}

}  // namespace emptychair
