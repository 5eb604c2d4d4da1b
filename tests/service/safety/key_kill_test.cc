// kill -9 in the middle of making and revoking keys: what was acknowledged is in force.
//
// EMPTYCHAIR_TEST_KILLS sets how often the server is killed, else 20.
#include <signal.h>

#include <iostream>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/count.h"
#include "tests/helpers/seed.h"
#include "tests/helpers/status_matchers.h"
#include "tests/helpers/temp_dir.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"

namespace emptychair::testing {
namespace {

constexpr int kSenders = 4;
// At most so many acknowledgements from a start to a kill: 50 on average, 1,000 in 20 kills.
constexpr int kAcknowledgedMax = 99;

// What is known of a key, by its name.
struct Sent {
  v1::CreateKeyResponse made;  // Empty until it is acknowledged.
  bool revocation_sent = false;
  bool is_revoked = false;  // Acknowledged.
};

// What senders sent and were told. Thread-safe.
class Observer {
 public:
  std::string NewName() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    const std::string name = absl::StrCat("key ", keys_.size());
    keys_.try_emplace(name);
    return name;
  }

  // These two answer whether this is the acknowledgement to kill the server at.
  bool Made(const std::string& name, v1::CreateKeyResponse made) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    in_force_.push_back(name);
    keys_[name].made = std::move(made);
    return Acknowledge();
  }
  bool Revoked(const std::string& name) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    keys_[name].is_revoked = true;
    return Acknowledge();
  }

  // A key that was made and that nobody else revokes; empty when there is none.
  std::string TakeToRevoke(uint64_t random) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    if (in_force_.empty()) {
      return "";
    }
    std::swap(in_force_[random % in_force_.size()], in_force_.back());
    std::string name = std::move(in_force_.back());
    in_force_.pop_back();
    keys_[name].revocation_sent = true;
    return name;
  }
  std::string IdOf(const std::string& name) const ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    return keys_.at(name).made.key().key_id();
  }

  void KillAfter(int acknowledged) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    until_kill_ = acknowledged;
  }
  int64_t acknowledged() const ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    return acknowledged_;
  }
  std::map<std::string, Sent> keys() const ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    return keys_;
  }

 private:
  bool Acknowledge() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    ++acknowledged_;
    return until_kill_ > 0 && --until_kill_ == 0;
  }

  mutable absl::Mutex mutex_;
  std::map<std::string, Sent> keys_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> in_force_ ABSL_GUARDED_BY(mutex_);
  int64_t acknowledged_ ABSL_GUARDED_BY(mutex_) = 0;
  int until_kill_ ABSL_GUARDED_BY(mutex_) = 0;
};

Client AdminOf(const std::string& data) {
  return MakeClient(absl::StrCat("unix:", data, "/admin.sock"));
}

absl::StatusOr<v1::CreateKeyResponse> TryMake(const Client& client, const std::string& name) {
  v1::CreateKeyRequest request;
  request.mutable_key()->set_name(name);
  request.mutable_key()->set_role(v1::ROLE_READER);
  request.mutable_key()->set_all_surveys(true);
  return client.CreateKey(request);
}

// Makes keys and revokes some of them until the server is gone.
void Load(const Client& admin, uint64_t seed, Observer& observer, Subprocess& server) {
  std::mt19937_64 random(seed);
  for (;;) {
    absl::Status status;
    bool is_the_last = false;
    const std::string revoked = random() % 2 == 0 ? observer.TakeToRevoke(random()) : "";
    if (!revoked.empty()) {
      v1::RevokeKeyRequest request;
      request.set_key_id(observer.IdOf(revoked));
      status = admin.RevokeKey(request).status();
      is_the_last = status.ok() && observer.Revoked(revoked);
    } else {
      const std::string name = observer.NewName();
      absl::StatusOr<v1::CreateKeyResponse> made = TryMake(admin, name);
      status = made.status();
      is_the_last = made.ok() && observer.Made(name, *std::move(made));
    }
    if (!status.ok()) {
      EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable));
      return;
    }
    if (is_the_last) {
      server.Signal(SIGKILL);
    }
  }
}

// What the server says to somebody who sends the key.
absl::StatusOr<v1::GetCallerResponse> CallBy(const std::string& endpoint,
                                             const std::string& key_text) {
  ClientOptions options{.endpoint = endpoint, .timeout = kLong};
  options.retry_policy = std::make_shared<LimitedAttemptsRetryPolicy>(1);
  options.api_key_source = [key_text] { return absl::StatusOr<std::string>(key_text); };
  const absl::StatusOr<Client> client = Client::Create(options);
  return client.ok() ? client->GetCaller() : client.status();
}

void ExpectAsAcknowledged(const std::string& endpoint, const std::string& name, const Sent& sent) {
  const auto caller = CallBy(endpoint, sent.made.key_text());
  if (sent.is_revoked) {
    EXPECT_THAT(caller, HasReason(v1::ERROR_REASON_KEY_REVOKED)) << name;
  } else if (caller.ok() || !sent.revocation_sent) {
    ASSERT_OK(caller);
    EXPECT_EQ(caller->kind(), v1::CALLER_KIND_KEY) << name;
    EXPECT_EQ(caller->key().key_id(), sent.made.key().key_id()) << name;
    EXPECT_EQ(caller->key().name(), name);
  } else {
    EXPECT_THAT(caller, HasReason(v1::ERROR_REASON_KEY_REVOKED)) << name;
  }
}

// The list has each key once, with what was acknowledged of it, and none that was never sent.
void ExpectListed(const Client& admin, const std::map<std::string, Sent>& keys) {
  v1::ListKeysRequest request;
  request.set_include_revoked(true);
  std::set<std::string> listed;
  for (const absl::StatusOr<v1::Key>& key : admin.ListKeys(request)) {
    ASSERT_OK(key);
    EXPECT_TRUE(listed.insert(key->name()).second) << key->name();
    const auto sent = keys.find(key->name());
    ASSERT_NE(sent, keys.end()) << key->name();
    EXPECT_TRUE(!key->has_revoke_time() || sent->second.revocation_sent) << key->name();
    EXPECT_TRUE(key->has_revoke_time() || !sent->second.is_revoked) << key->name();
  }
  for (const auto& [name, sent] : keys) {
    EXPECT_TRUE(sent.made.key_text().empty() || listed.contains(name)) << name;
  }
}

void ExpectVerified(const Client& admin) {
  bool has_ended = false;
  for (const absl::StatusOr<v1::VerifyStoreResponse>& message : admin.VerifyStore()) {
    ASSERT_OK(message);
    EXPECT_FALSE(message->has_difference()) << message->ShortDebugString();
    has_ended = has_ended || message->has_summary();
  }
  EXPECT_TRUE(has_ended);
}

TEST(KeyKillTest, WhatWasAcknowledgedOfKeysIsInForceAfterEveryKill) {
  std::mt19937_64 random(SeedFromEnvOrRandom());
  const int kills = CountFromEnvOr("EMPTYCHAIR_TEST_KILLS", 20);
  TempDir directory;
  const std::string data = directory.Join("data");
  Observer observer;
  for (int kill = 0; kill < kills; ++kill) {
    SCOPED_TRACE(absl::StrCat("kill ", kill));
    ASSERT_OK_AND_ASSIGN(RunningBinary server, StartBinary(data));
    observer.KillAfter(1 + static_cast<int>(random() % kAcknowledgedMax));
    std::vector<std::thread> senders;
    for (int i = 0; i < kSenders; ++i) {
      senders.emplace_back(
          [&, seed = random()] { Load(AdminOf(data), seed, observer, *server.process); });
    }
    for (std::thread& sender : senders) {
      sender.join();
    }
    ASSERT_THAT(server.process->Wait(kLong), IsOkAndHolds(128 + SIGKILL));

    ASSERT_OK_AND_ASSIGN(server, StartBinary(data));
    const std::map<std::string, Sent> keys = observer.keys();
    ExpectListed(AdminOf(data), keys);
    for (const auto& [name, sent] : keys) {
      if (!sent.made.key_text().empty()) {
        ExpectAsAcknowledged(server.endpoint, name, sent);
      }
    }
    ASSERT_FALSE(::testing::Test::HasFailure());
  }
  ASSERT_OK_AND_ASSIGN(const RunningBinary server, StartBinary(data));
  ExpectVerified(AdminOf(data));
  std::cout << kills << " kills, " << observer.acknowledged()
            << " keys made and revoked of which it was told\n";
}

}  // namespace
}  // namespace emptychair::testing
