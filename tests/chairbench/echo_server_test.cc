#include "tools/chairbench/servers/echo_server.h"

#include <fstream>
#include <sstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"
#include "tests/helpers/temp_dir.h"

namespace emptychair::bench {
namespace {

using ::emptychair::testing::TempDir;

// The other half, that the echo answers from what it read, is in the end-to-end test of queries.
TEST(EchoServer, RefusesToServeRecordingsThatAreNotThere) {
  TempDir folder;
  std::ostringstream out;
  EXPECT_EQ(RunEchoServer({.recordings = folder.Join("absent")}, out).code(),
            absl::StatusCode::kInvalidArgument);

  ASSERT_OK(WriteRecordings({}, folder.Join("empty")));
  EXPECT_EQ(RunEchoServer({.recordings = folder.Join("empty")}, out).code(),
            absl::StatusCode::kInvalidArgument);

  Recording recording;
  recording.first.add_survey_ids("shop");
  recording.second.mutable_method_info()->set_time_zone("UTC");
  ASSERT_OK(WriteRecordings({recording, recording}, folder.Join("whole")));
  std::ifstream whole(folder.Join("whole"), std::ios::binary);
  std::stringstream bytes;
  bytes << whole.rdbuf();
  std::ofstream(folder.Join("cut"), std::ios::binary)
      << bytes.str().substr(0, bytes.str().size() - 1);
  EXPECT_EQ(RunEchoServer({.recordings = folder.Join("cut")}, out).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(out.str(), "");
}

TEST(EchoServer, SaysWhichFileItCannotWrite) {
  TempDir folder;
  EXPECT_THAT(WriteRecordings({}, folder.Join("no/such/folder/file")).message(),
              ::testing::HasSubstr("no/such/folder/file"));
}

}  // namespace
}  // namespace emptychair::bench
