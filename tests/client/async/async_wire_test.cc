// AsyncX over a real connection.
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "common/base/errors.h"
#include "common/rpc/status_conversion.h"
#include "emptychair/client/client.h"
#include "emptychair/v1/survey_service.grpc.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/keyed_server.h"
#include "tests/helpers/status_matchers.h"

namespace emptychair {
namespace {

using ::emptychair::testing::HasField;
using ::emptychair::testing::HasReason;
using ::emptychair::testing::StatusIs;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::SizeIs;

using Response = absl::StatusOr<v1::GetSurveyResponse>;

// Answers GetSurvey by the id that is asked for.
class FakeSurveys final : public v1::SurveyService::Service {
 public:
  grpc::Status GetSurvey(grpc::ServerContext* context, const v1::GetSurveyRequest* request,
                         v1::GetSurveyResponse* response) override {
    const std::string& id = request->survey_id();
    int attempt = 0;
    {
      absl::MutexLock lock(&mutex_);
      arrived_.push_back(id);
      attempt = static_cast<int>(std::count(arrived_.begin(), arrived_.end(), id));
      peers_.insert(context->peer());
      const auto [begin, end] = context->client_metadata().equal_range("traceparent");
      for (auto at = begin; at != end; ++at) {
        traces_.emplace_back(at->second.data(), at->second.size());
      }
    }
    if (id == "held") {
      release.WaitForNotification();
    }
    if (id == "missing") {
      return ToGrpc(FieldError(v1::ERROR_REASON_SURVEY_NOT_FOUND, "survey_id", "is not there"));
    }
    if (id == "away" || (id == "third time" && attempt < 3)) {
      return ToGrpc(absl::UnavailableError("away"));
    }
    response->mutable_survey()->set_survey_id(id);
    return grpc::Status::OK;
  }

  // Waits until so many calls with this id came.
  void AwaitArrivals(const std::string& id, int count) ABSL_LOCKS_EXCLUDED(mutex_) {
    const auto have_come = [&]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
      return std::count(arrived_.begin(), arrived_.end(), id) >= count;
    };
    absl::MutexLock lock(&mutex_, absl::Condition(&have_come));
  }

  std::vector<std::string> arrived() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    return arrived_;
  }
  std::set<std::string> peers() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    return peers_;
  }
  std::vector<std::string> traces() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    return traces_;
  }

  absl::Notification release;

 private:
  absl::Mutex mutex_;
  std::vector<std::string> arrived_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> peers_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> traces_ ABSL_GUARDED_BY(mutex_);
};

v1::GetSurveyRequest Asking(const std::string& id) {
  v1::GetSurveyRequest request;
  request.set_survey_id(id);
  return request;
}

// Takes one answer, on whatever thread.
class Answer {
 public:
  // To be given to one call.
  AsyncCallback<v1::GetSurveyResponse> Take() {
    return [this](Response response) {
      response_ = std::move(response);
      thread_ = std::this_thread::get_id();
      done_.Notify();
    };
  }
  const Response& Await() {
    done_.WaitForNotification();
    return response_;
  }
  // Once it is there.
  std::thread::id thread() const { return thread_; }
  bool is_there() const { return done_.HasBeenNotified(); }

 private:
  absl::Notification done_;
  Response response_ = absl::UnknownError("none came");
  std::thread::id thread_;
};

class AsyncWireTest : public ::testing::Test {
 protected:
  void SetUp() override {
    int port = 0;
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&surveys_);
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr);
    options_.endpoint = absl::StrCat("127.0.0.1:", port);
    options_.timeout = absl::Minutes(10);
    options_.backoff_policy =
        std::make_shared<ExponentialBackoffPolicy>(absl::Milliseconds(1), absl::Milliseconds(1));
  }

  void TearDown() override {
    if (!surveys_.release.HasBeenNotified()) {
      surveys_.release.Notify();
    }
    server_->Shutdown();
  }

  std::unique_ptr<Client> Connect() {
    absl::StatusOr<Client> client = Client::Create(options_);
    EXPECT_OK(client);
    return std::make_unique<Client>(*std::move(client));
  }

  FakeSurveys surveys_;
  std::unique_ptr<grpc::Server> server_;
  ClientOptions options_;
};

TEST_F(AsyncWireTest, AnswersWhatTheServiceAnswers) {
  const std::unique_ptr<Client> client = Connect();
  Answer found;
  Answer missing;
  client->AsyncGetSurvey(Asking("nps"), found.Take());
  client->AsyncGetSurvey(Asking("missing"), missing.Take());
  ASSERT_OK(found.Await());
  EXPECT_EQ(found.Await()->survey().survey_id(), "nps");
  EXPECT_THAT(missing.Await(), HasReason(v1::ERROR_REASON_SURVEY_NOT_FOUND));
  EXPECT_THAT(missing.Await(), HasField("survey_id"));
}

TEST_F(AsyncWireTest, CallbacksRunWhereTheExecutorRunsThem) {
  const CallbackExecutor thread = MakeThreadExecutor();
  absl::Notification known;
  std::thread::id id;
  thread([&] {
    id = std::this_thread::get_id();
    known.Notify();
  });
  known.WaitForNotification();
  options_.executor = thread;
  const std::unique_ptr<Client> client = Connect();
  for (const char* survey : {"nps", "missing", "third time", "\xFF"}) {
    Answer answer;
    client->AsyncGetSurvey(Asking(survey), answer.Take());
    answer.Await().status().IgnoreError();
    EXPECT_EQ(answer.thread(), id) << survey;
  }
}

TEST_F(AsyncWireTest, WithoutAnExecutorCallbacksHaveAThreadOfTheirOwnAndMayWaitThere) {
  const std::unique_ptr<Client> client = Connect();
  Answer first;
  client->AsyncGetSurvey(Asking("nps"), first.Take());
  first.Await().status().IgnoreError();
  Answer inside;
  absl::Status waited;
  absl::Notification done;
  std::thread::id thread;
  client->AsyncGetSurvey(Asking("nps"), [&](const Response&) {
    thread = std::this_thread::get_id();
    waited = client->GetSurvey("nps").status();
    client->AsyncGetSurvey(Asking("nps"), inside.Take());
    done.Notify();
  });
  done.WaitForNotification();
  EXPECT_OK(waited);
  EXPECT_OK(inside.Await());
  EXPECT_NE(thread, std::this_thread::get_id());
  EXPECT_EQ(first.thread(), thread);
  EXPECT_EQ(inside.thread(), thread);
}

TEST_F(AsyncWireTest, ACallbackThatTakesLongHoldsUpCallbacksAlone) {
  const std::unique_ptr<Client> client = Connect();
  absl::Notification go_on;
  absl::Notification is_inside;
  client->AsyncGetSurvey(Asking("nps"), [&](const Response&) {
    is_inside.Notify();
    go_on.WaitForNotification();
  });
  is_inside.WaitForNotification();
  Answer again;
  client->AsyncGetSurvey(Asking("third time"), again.Take());
  // Sent, refused, and sent again until the server has it.
  surveys_.AwaitArrivals("third time", 3);
  EXPECT_OK(client->GetSurvey("nps"));
  EXPECT_FALSE(again.is_there());
  go_on.Notify();
  EXPECT_OK(again.Await());
}

TEST_F(AsyncWireTest, CancelEndsACallThatTheServerHas) {
  const std::unique_ptr<Client> client = Connect();
  Answer answer;
  const AsyncCall call = client->AsyncGetSurvey(Asking("held"), answer.Take());
  surveys_.AwaitArrivals("held", 1);
  call.Cancel();
  EXPECT_THAT(answer.Await(), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_THAT(surveys_.arrived(), ElementsAre("held"));
}

TEST_F(AsyncWireTest, CancelEndsTheWaitBetweenAttempts) {
  options_.timeout = absl::Hours(24);
  options_.backoff_policy =
      std::make_shared<ExponentialBackoffPolicy>(absl::Hours(1), absl::Hours(1));
  const std::unique_ptr<Client> client = Connect();
  Answer answer;
  const AsyncCall call = client->AsyncGetSurvey(Asking("away"), answer.Take());
  surveys_.AwaitArrivals("away", 1);
  call.Cancel();
  EXPECT_THAT(answer.Await(), StatusIs(absl::StatusCode::kCancelled));
}

TEST_F(AsyncWireTest, ACallEndsAtTheTimeout) {
  options_.timeout = absl::Milliseconds(50);
  const std::unique_ptr<Client> client = Connect();
  Answer answer;
  client->AsyncGetSurvey(Asking("held"), answer.Take());
  EXPECT_THAT(answer.Await(), StatusIs(absl::StatusCode::kDeadlineExceeded));
}

TEST_F(AsyncWireTest, TheEndOfTheClientIsThatOfItsCallsAndCallbacks) {
  std::unique_ptr<Client> client = Connect();
  std::vector<absl::Status> statuses;
  AsyncCall handle;
  for (int i = 0; i < 20; ++i) {
    handle = client->AsyncGetSurvey(
        Asking("held"), [&](const Response& response) { statuses.push_back(response.status()); });
  }
  surveys_.AwaitArrivals("held", 1);
  client.reset();
  // All of them have run.
  EXPECT_THAT(statuses, SizeIs(20));
  EXPECT_THAT(statuses, Each(StatusIs(absl::StatusCode::kCancelled)));
  handle.Cancel();
}

TEST_F(AsyncWireTest, ACallbackCanLetTheClientGo) {
  const CallbackExecutor inside = [](const std::function<void()>& task) { task(); };
  for (const CallbackExecutor& executor :
       {CallbackExecutor(nullptr), inside, MakeThreadExecutor()}) {
    options_.executor = executor;
    std::shared_ptr<Client> client = Connect();
    Answer held;
    client->AsyncGetSurvey(Asking("held"), held.Take());
    absl::Notification begin;
    client->AsyncGetSurvey(Asking("nps"), [&begin, last = client](const Response&) mutable {
      begin.WaitForNotification();
      last.reset();
    });
    const std::weak_ptr<Client> gone = client;
    client.reset();
    begin.Notify();
    EXPECT_THAT(held.Await(), StatusIs(absl::StatusCode::kCancelled));
    EXPECT_TRUE(gone.expired());
  }
}

TEST_F(AsyncWireTest, WhatCannotBeSentIsRefusedOnTheExecutor) {
  const std::unique_ptr<Client> client = Connect();
  Answer answer;
  client->AsyncGetSurvey(Asking("\xFF"), answer.Take());
  EXPECT_THAT(answer.Await(), HasField("survey_id"));
  absl::Notification done;
  absl::Status status;
  v1::SubmitFeedbackRequest request;
  request.mutable_feedback()->set_comment("caf\xE9");
  client->AsyncSubmitFeedback(request, [&](const auto& response) {
    status = response.status();
    done.Notify();
  });
  done.WaitForNotification();
  EXPECT_THAT(status, HasField("feedback.comment"));
  EXPECT_THAT(surveys_.arrived(), SizeIs(0));
}

TEST_F(AsyncWireTest, ACallbackOfWhatCannotBeSentCanLetTheClientGo) {
  const CallbackExecutor inside = [](const std::function<void()>& task) { task(); };
  for (const CallbackExecutor& executor : {CallbackExecutor(nullptr), inside}) {
    options_.executor = executor;
    std::unique_ptr<Client> client = Connect();
    Answer first;  // After it the thread is there.
    client->AsyncGetSurvey(Asking("\xFF"), first.Take());
    EXPECT_THAT(first.Await(), HasField("survey_id"));
    absl::Notification done;
    Client& calling = *client;
    calling.AsyncGetSurvey(Asking("\xFF"), [&](const Response&) {
      client.reset();
      done.Notify();
    });
    done.WaitForNotification();
  }
}

TEST_F(AsyncWireTest, EveryAttemptHasTheTraceOfTheThreadThatMadeTheCall) {
  const std::string trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  options_.traceparent = [&, caller = std::this_thread::get_id()] {
    return std::this_thread::get_id() == caller ? trace : std::string();
  };
  const std::unique_ptr<Client> client = Connect();
  Answer answer;
  client->AsyncGetSurvey(Asking("third time"), answer.Take());
  EXPECT_OK(answer.Await());
  EXPECT_THAT(surveys_.traces(), ElementsAre(trace, trace, trace));
}

TEST_F(AsyncWireTest, ManyCallsFromManyThreadsHaveOneAnswerEach) {
  constexpr int kThreads = 4;
  constexpr int kCalls = 100;
  options_.channels = 2;
  const std::unique_ptr<Client> client = Connect();
  absl::BlockingCounter open(kThreads * kCalls);
  absl::Mutex mutex;
  std::multiset<std::string> answered;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kCalls; ++i) {
        const std::string id = absl::StrCat(t, "-", i);
        const AsyncCall call =
            client->AsyncGetSurvey(Asking(id), [&, id](const Response& response) {
              {
                absl::MutexLock lock(&mutex);
                answered.insert(response.ok() ? response->survey().survey_id() : id + " cancelled");
              }
              open.DecrementCount();
            });
        if (i % 10 == 0) {
          call.Cancel();
        }
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  open.Wait();
  std::set<std::string> ids;
  for (const std::string& answer : answered) {
    ids.insert(answer.substr(0, answer.find(' ')));
  }
  EXPECT_THAT(answered, SizeIs(kThreads * kCalls));
  EXPECT_THAT(ids, SizeIs(kThreads * kCalls));
}

TEST_F(AsyncWireTest, CallsTakeTheConnectionsInTurn) {
  for (const int channels : {1, 3}) {
    FakeSurveys& surveys = surveys_;
    const size_t before = surveys.peers().size();
    options_.channels = channels;
    const std::unique_ptr<Client> client = Connect();
    // Those that are waited for and those that are not have turns of their own.
    for (int i = 0; i < channels; ++i) {
      EXPECT_OK(client->GetSurvey("nps"));
    }
    EXPECT_EQ(surveys.peers().size() - before, static_cast<size_t>(channels));
    for (int i = 0; i < channels; ++i) {
      Answer answer;
      client->AsyncGetSurvey(Asking("nps"), answer.Take());
      EXPECT_OK(answer.Await());
    }
    EXPECT_EQ(surveys.peers().size() - before, static_cast<size_t>(channels));
  }
}

TEST(AsyncKey, ACallThatIsRefusedForItsKeyGoesOnWithANewOne) {
  KeyedServer server("eck_0000000000aa_old");
  std::string key = "eck_0000000000aa_old";
  ClientOptions options{.endpoint = absl::StrCat("127.0.0.1:", server.port())};
  options.api_key_source = [&]() -> absl::StatusOr<std::string> { return key; };
  const absl::StatusOr<Client> client = Client::Create(options);
  ASSERT_OK(client);
  server.SetKey("eck_0000000000aa_new");
  Answer refused;
  client->AsyncGetSurvey({}, refused.Take());
  EXPECT_THAT(refused.Await(), HasReason(v1::ERROR_REASON_KEY_INVALID));
  key = "eck_0000000000aa_new";
  Answer answer;
  client->AsyncGetSurvey({}, answer.Take());
  EXPECT_OK(answer.Await());
  EXPECT_THAT(server.calls(), ElementsAre("GetSurvey: Bearer eck_0000000000aa_old",
                                          "GetSurvey: Bearer eck_0000000000aa_old",
                                          "GetSurvey: Bearer eck_0000000000aa_new"));
}

}  // namespace
}  // namespace emptychair
