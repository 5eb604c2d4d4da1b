#include "common/base/loopback.h"

#include "gtest/gtest.h"

namespace emptychair {
namespace {

TEST(IsLoopback, KnowsTheAddressesOfThisMachineAlone) {
  for (const char* host : {"127.0.0.1", "127.255.255.254", "localhost", "LocalHost", "::1",
                           "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1"}) {
    EXPECT_TRUE(IsLoopback(host)) << host;
  }
  for (const char* host :
       {"", "0.0.0.0", "128.0.0.1", "126.255.255.255", "127.1", "127.0.0.1.example", "localhost.",
        "localhost.example", "::", "::2", "::127.0.0.1", "::ffff:10.0.0.1", "[::1]", "example.com",
        "ipv4:127.0.0.1", "127.0.0.1:80,10.0.0.1"}) {
    EXPECT_FALSE(IsLoopback(host)) << host;
  }
}

}  // namespace
}  // namespace emptychair
