// Pages of a timeline beside a plain list of what should be in it, with writes between the pages.
#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/timestamp.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/seed.h"
#include "tests/helpers/status_matchers.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"

namespace emptychair::testing {
namespace {

constexpr const char* kSurveys[] = {"first", "second", "third"};
constexpr const char* kKinds[] = {"walk", "buy", "ask"};

// What is known of an entry's place: time, then what it is, then survey or kind by age. The newest
// and the greatest come first. Between equal ones the service decides.
using Place = std::tuple<int64_t, int, int>;

// An entry by what it is, for ever: a change of it is another entry.
struct Listed {
  std::string name;
  Place place;

  friend auto operator<=>(const Listed&, const Listed&) = default;
};

class TimelineRandomTest : public ClockedServiceTest {
 protected:
  TimelineRandomTest() : random_(SeedFromEnvOrRandom()) {
    for (const char* survey : kSurveys) {
      Create(client(), NpsSurvey(survey));
    }
    for (const char* kind : kKinds) {
      v1::DefineActivityKindRequest request;
      request.set_kind(kind);
      EXPECT_OK(client().DefineActivityKind(request));
    }
  }

  struct Said {
    int survey = 0;
    std::string id;
    int64_t time_ms = 0;
    int64_t amend_ms = 0;    // 0: never.
    int64_t exclude_ms = 0;  // 0: counted.
  };
  struct Done {
    int kind = 0;
    std::string id;
    int64_t time_ms = 0;
  };

  size_t Draw(size_t below) { return random_() % below; }

  // Few times, so that many are shared; those of corrections among them.
  int64_t DrawTime() { return absl::ToUnixMillis(kFakeNow) - 20 + static_cast<int64_t>(Draw(40)); }

  void Write() {
    clock().Advance(absl::Milliseconds(Draw(2)));
    switch (Draw(8)) {
      case 0:
      case 1:
        return Say();
      case 2:
      case 3:
      case 4:
        return Do();
      case 5:
        return Correct();
      case 6:
        return Amend();
      default:
        return Erase();
    }
  }

  void Say() {
    Said said{.survey = static_cast<int>(Draw(3)), .time_ms = DrawTime()};
    v1::Feedback answer = Answer(kSurveys[said.survey], absl::StrCat("a", ++last_id_),
                                 absl::FromUnixMillis(said.time_ms), 5);
    answer.set_customer_id(Draw(5) == 0 ? "bob" : "ann");
    said.id = Submit(client(), answer).feedback().feedback_id();
    if (answer.customer_id() == "ann") {
      said_.push_back(said);
    }
  }
  void Do() {
    const Done done{static_cast<int>(Draw(3)), absl::StrCat("d", ++last_id_), DrawTime()};
    v1::RecordActivityRequest request;
    v1::Activity& activity = *request.mutable_activity();
    activity.set_kind(kKinds[done.kind]);
    activity.set_activity_id(done.id);
    activity.set_customer_id(Draw(5) == 0 ? "bob" : "ann");
    *activity.mutable_occur_time() = Timestamp(absl::FromUnixMillis(done.time_ms));
    EXPECT_OK(client().RecordActivity(request));
    if (activity.customer_id() == "ann") {
      done_.push_back(done);
    }
  }
  // Leaves an answer out, or takes it in again.
  void Correct() {
    if (said_.empty()) {
      return;
    }
    Said& said = said_[Draw(said_.size())];
    if (said.exclude_ms != 0) {
      v1::IncludeFeedbackRequest request;
      request.set_survey_id(kSurveys[said.survey]);
      request.set_feedback_id(said.id);
      EXPECT_OK(client().IncludeFeedback(request));
      said.exclude_ms = 0;
      return;
    }
    v1::ExcludeFeedbackRequest request;
    request.set_survey_id(kSurveys[said.survey]);
    request.set_feedback_id(said.id);
    request.set_reason(v1::EXCLUSION_REASON_STAFF);
    EXPECT_OK(client().ExcludeFeedback(request));
    said.exclude_ms = absl::ToUnixMillis(clock().Now());
  }
  void Amend() {
    if (said_.empty()) {
      return;
    }
    Said& said = said_[Draw(said_.size())];
    v1::AmendFeedbackRequest request;
    request.mutable_feedback()->set_survey_id(kSurveys[said.survey]);
    request.mutable_feedback()->set_feedback_id(said.id);
    request.mutable_feedback()->set_comment(absl::StrCat("c", ++last_id_));
    request.mutable_update_mask()->add_paths("comment");
    EXPECT_OK(client().AmendFeedback(request));
    said.amend_ms = absl::ToUnixMillis(clock().Now());
  }
  void Erase() {
    if (Draw(2) == 0 && !said_.empty()) {
      const auto said = said_.begin() + static_cast<int64_t>(Draw(said_.size()));
      v1::EraseFeedbackRequest request;
      request.set_survey_id(kSurveys[said->survey]);
      request.set_feedback_id(said->id);
      EXPECT_OK(client().EraseFeedback(request));
      said_.erase(said);
    } else if (!done_.empty()) {
      const auto done = done_.begin() + static_cast<int64_t>(Draw(done_.size()));
      v1::EraseActivityRequest request;
      request.set_kind(kKinds[done->kind]);
      request.set_activity_id(done->id);
      EXPECT_OK(client().EraseActivity(request));
      done_.erase(done);
    }
  }

  // What a list should have now.
  std::set<Listed> Expected() const {
    std::set<Listed> entries;
    for (const Said& said : said_) {
      entries.insert({absl::StrCat("said ", said.id), {said.time_ms, 2, said.survey}});
      if (said.amend_ms != 0) {
        entries.insert({absl::StrCat("amended ", said.id), {said.amend_ms, 3, said.survey}});
      }
      if (said.exclude_ms != 0) {
        entries.insert({absl::StrCat("excluded ", said.id), {said.exclude_ms, 4, said.survey}});
      }
    }
    for (const Done& done : done_) {
      entries.insert({absl::StrCat("did ", done.id), {done.time_ms, 1, done.kind}});
    }
    return entries;
  }

  static int IndexOf(const char* const (&names)[3], const std::string& name) {
    return static_cast<int>(std::find(std::begin(names), std::end(names), name) -
                            std::begin(names));
  }

  static Listed ToListed(const v1::TimelineEntry& entry) {
    const int64_t ms = absl::ToUnixMillis(FromTimestamp(entry.time()));
    switch (entry.entry_case()) {
      case v1::TimelineEntry::kFeedback:
        return {absl::StrCat("said ", entry.feedback().feedback_id()),
                {ms, 2, IndexOf(kSurveys, entry.feedback().survey_id())}};
      case v1::TimelineEntry::kActivity:
        return {absl::StrCat("did ", entry.activity().activity_id()),
                {ms, 1, IndexOf(kKinds, entry.activity().kind())}};
      default:
        break;
    }
    const v1::FeedbackCorrection& correction = entry.correction();
    const bool is_amendment = correction.kind() == v1::FeedbackCorrection::KIND_AMENDED;
    return {absl::StrCat(is_amendment ? "amended " : "excluded ", correction.feedback_id()),
            {ms, is_amendment ? 3 : 4, IndexOf(kSurveys, correction.survey_id())}};
  }

  // Lists ann's timeline in pages, `writes` times writing between two of them.
  void ListAndCompare(size_t page_size, size_t writes) {
    std::set<Listed> always = Expected();
    std::set<Listed> ever = always;
    std::vector<Listed> listed;
    v1::ListTimelineRequest request;
    request.set_customer_id("ann");
    request.set_page_size(static_cast<int32_t>(page_size));
    do {
      const v1::ListTimelineResponse page = Value(client().connection().ListTimeline(request));
      ASSERT_LE(static_cast<size_t>(page.entries_size()), page_size);
      ASSERT_LT(listed.size(), 5'000u) << "does not come to an end";
      for (const v1::TimelineEntry& entry : page.entries()) {
        listed.push_back(ToListed(entry));
      }
      request.set_page_token(page.next_page_token());
      for (size_t i = 0; i < writes && !request.page_token().empty(); ++i) {
        Write();
        const std::set<Listed> now = Expected();
        ever.insert(now.begin(), now.end());
        std::erase_if(always, [&](const Listed& entry) { return !now.contains(entry); });
      }
    } while (!request.page_token().empty());

    std::set<Listed> distinct(listed.begin(), listed.end());
    EXPECT_EQ(distinct.size(), listed.size()) << "an entry came twice";
    for (const Listed& entry : always) {
      EXPECT_TRUE(distinct.contains(entry)) << entry.name << " stayed and was not listed";
    }
    for (size_t i = 0; i < listed.size(); ++i) {
      EXPECT_TRUE(ever.contains(listed[i])) << listed[i].name << " was never there";
      EXPECT_TRUE(i == 0 || listed[i].place <= listed[i - 1].place) << listed[i].name;
    }
    if (writes == 0) {
      EXPECT_EQ(listed.size(), always.size());
    }
  }

  std::mt19937_64 random_;
  int last_id_ = 0;
  std::vector<Said> said_;
  std::vector<Done> done_;
};

TEST_F(TimelineRandomTest, ListsWhatStaysOnceWhateverIsWrittenBetweenPages) {
  while (said_.empty()) {
    Say();
  }
  for (int round = 0; round < 16 && !HasFailure(); ++round) {
    SCOPED_TRACE(absl::StrCat("round ", round));
    for (size_t i = 0; i < 10; ++i) {
      Write();
    }
    ListAndCompare(1 + Draw(12), 0);
    // More is written than a page has, so that lists end by chance.
    ListAndCompare(3 + Draw(10), Draw(3));
  }
}

}  // namespace
}  // namespace emptychair::testing
