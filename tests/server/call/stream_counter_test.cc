#include "server/call/stream_counter.h"

#include "common/base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"

namespace emptychair {
namespace {

using ::emptychair::testing::HasReason;

Caller CallerOf(Caller::Kind kind, uint64_t key_id) {
  Caller caller;
  caller.kind = kind;
  caller.key_id = key_id;
  return caller;
}

class StreamCounterTest : public ::testing::Test {
 protected:
  const Method method_{.name = "a/B"};
  const Method other_method_{.name = "a/C"};
  const Caller key_ = CallerOf(Caller::Kind::kKey, 7);
  StreamCounter counter_;
};

TEST_F(StreamCounterTest, ACallerHasAThousand) {
  const StreamOrigin origin;
  for (int i = 0; i < kStreamsPerCallerMax; ++i) {
    ASSERT_OK(counter_.Enter(i % 2 == 0 ? method_ : other_method_, key_, origin));
  }
  const absl::Status refused = counter_.Enter(method_, key_, origin);
  EXPECT_THAT(refused, HasReason(v1::ERROR_REASON_RATE_LIMITED));
  EXPECT_EQ(MetadataOf(refused)["limit"], "streams_per_caller");
  // Whoever is another one is not held up.
  for (const Caller& other :
       {CallerOf(Caller::Kind::kKey, 8), CallerOf(Caller::Kind::kCertificate, 7),
        CallerOf(Caller::Kind::kAdminSocket, 0), CallerOf(Caller::Kind::kAnonymous, 0)}) {
    EXPECT_OK(counter_.Enter(method_, other, origin));
  }
  counter_.Leave(method_, key_, origin);
  EXPECT_OK(counter_.Enter(method_, key_, origin));
  EXPECT_FALSE(counter_.Enter(method_, key_, origin).ok());
}

TEST_F(StreamCounterTest, AConnectionHasAsManyOfAMethodAsItSays) {
  const int first = 0;
  const int second = 0;
  const StreamOrigin here{.connection = &first, .per_connection_max = 2};
  const StreamOrigin there{.connection = &second, .per_connection_max = 2};
  EXPECT_OK(counter_.Enter(method_, key_, here));
  EXPECT_OK(counter_.Enter(method_, key_, here));
  const absl::Status refused = counter_.Enter(method_, CallerOf(Caller::Kind::kKey, 8), here);
  EXPECT_THAT(refused, HasReason(v1::ERROR_REASON_RATE_LIMITED));
  EXPECT_EQ(MetadataOf(refused)["limit"], "streams_per_connection");
  EXPECT_OK(counter_.Enter(other_method_, key_, here));
  EXPECT_OK(counter_.Enter(method_, key_, there));
  EXPECT_OK(counter_.Enter(method_, key_, {.connection = &first}));
  counter_.Leave(method_, key_, here);
  EXPECT_OK(counter_.Enter(method_, key_, here));
  EXPECT_FALSE(counter_.Enter(method_, key_, here).ok());
}

// One that was refused counts for nothing.
TEST_F(StreamCounterTest, WhatIsRefusedIsNotCounted) {
  const StreamOrigin origin{.connection = this, .per_connection_max = 1};
  EXPECT_OK(counter_.Enter(method_, key_, origin));
  for (int i = 0; i < 2 * kStreamsPerCallerMax; ++i) {
    EXPECT_FALSE(counter_.Enter(method_, key_, origin).ok());
  }
  counter_.Leave(method_, key_, origin);
  EXPECT_OK(counter_.Enter(method_, key_, origin));
}

}  // namespace
}  // namespace emptychair
