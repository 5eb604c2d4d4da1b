#include "client/testing/failing_gate.h"

#include <string>
#include <vector>

#include "common/base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"

namespace emptychair::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kSubmit[] = "FeedbackService/SubmitFeedback";
constexpr char kQuery[] = "MetricsService/QueryMetric";

// Says what it was asked, and refuses whom it is told to refuse.
class RecordingGate final : public Gatekeeper {
 public:
  absl::Status Identify(const Credentials&, Caller&) override { return Note("Identify"); }
  absl::Status Authorize(const Method& method, const Caller&) override {
    return Note("Authorize " + method.name);
  }
  void Denied(const Method& method, const Caller&, const absl::Status&) override {
    asked.push_back("Denied " + method.name);
  }
  absl::Status AdmitRecords(const Caller&, int64_t records) override {
    return Note("AdmitRecords " + std::to_string(records));
  }
  absl::Duration RecordDelay(const Caller&) override { return absl::Seconds(7); }
  absl::Status Recheck(const Method& method, const Caller&) override {
    return Note("Recheck " + method.name);
  }

  std::vector<std::string> asked;
  absl::Status answer;

 private:
  absl::Status Note(const std::string& what) {
    asked.push_back(what);
    return answer;
  }
};

class FailingGateTest : public ::testing::Test {
 protected:
  static Method Named(const char* name) { return {.name = name}; }
  absl::Status Authorize(const char* name) { return gate_.Authorize(Named(name), Caller()); }

  RecordingGate own_;
  FailurePlan plan_;
  FailingGate gate_{&own_, &plan_};
};

TEST_F(FailingGateTest, AsksTheServersOwnWhenNothingIsToFail) {
  own_.answer = Error(v1::ERROR_REASON_KEY_INVALID, "no");
  Caller caller;
  EXPECT_EQ(gate_.Identify(Credentials(), caller), own_.answer);
  EXPECT_EQ(Authorize(kSubmit), own_.answer);
  EXPECT_EQ(gate_.AdmitRecords(caller, 3), own_.answer);
  EXPECT_EQ(gate_.RecordDelay(caller), absl::Seconds(7));
  EXPECT_EQ(gate_.Recheck(Named(kQuery), caller), own_.answer);
  EXPECT_THAT(own_.asked, ElementsAre("Identify", "Authorize FeedbackService/SubmitFeedback",
                                      "AdmitRecords 3", "Recheck MetricsService/QueryMetric"));
}

TEST_F(FailingGateTest, FailsAsOftenAsItWasAskedForAndForNoOtherMethod) {
  plan_.Add(kSubmit, absl::UnavailableError("away"), 2);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(Authorize(kSubmit), absl::UnavailableError("away"));
    EXPECT_THAT(own_.asked, IsEmpty());
  }
  EXPECT_OK(Authorize(kQuery));
  EXPECT_OK(Authorize(kSubmit));
}

TEST_F(FailingGateTest, AMethodsOwnFailuresComeBeforeThoseOfAll) {
  plan_.Add("", absl::InternalError("all"), 2);
  plan_.Add(kSubmit, absl::UnavailableError("own"), 1);
  EXPECT_EQ(Authorize(kSubmit), absl::UnavailableError("own"));
  EXPECT_EQ(Authorize(kSubmit), absl::InternalError("all"));
  EXPECT_EQ(Authorize(kQuery), absl::InternalError("all"));
  EXPECT_OK(Authorize(kSubmit));
}

TEST_F(FailingGateTest, TheLastWordAboutAMethodCounts) {
  plan_.Add(kSubmit, absl::UnavailableError("first"), 5);
  plan_.Add(kSubmit, absl::InternalError("last"), 1);
  EXPECT_EQ(Authorize(kSubmit), absl::InternalError("last"));
  EXPECT_OK(Authorize(kSubmit));
}

TEST_F(FailingGateTest, OnlyRefusalsOfTheServersOwnAreDenials) {
  const Method method = Named(kSubmit);
  gate_.Denied(method, Caller(), absl::PermissionDeniedError("asked for"));
  EXPECT_THAT(own_.asked, IsEmpty());
  gate_.Denied(method, Caller(), Error(v1::ERROR_REASON_NOT_PERMITTED, "no"));
  EXPECT_THAT(own_.asked, ElementsAre("Denied FeedbackService/SubmitFeedback"));
}

}  // namespace
}  // namespace emptychair::testing
