#include "server/rpc/stream_call.h"

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "common/base/errors.h"
#include "common/rpc/status_conversion.h"
#include "emptychair/v1/admin_service.grpc.pb.h"
#include "gmock/gmock.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"
#include "tests/server/rpc/call_harness.h"

namespace emptychair {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Message = v1::VerifyStoreResponse;
using Work = std::function<absl::Status(const RequestContext&, const v1::VerifyStoreRequest&,
                                        StreamWriter<Message>&)>;

Message Numbered(int64_t number, size_t padding = 0) {
  Message message;
  message.mutable_progress()->set_done(number);
  message.mutable_progress()->set_part(std::string(padding, 'x'));
  return message;
}

// A stream that a client reads.
struct Stream {
  explicit Stream(v1::AdminService::Stub& stub) : reader(stub.VerifyStore(&context, {})) {}

  absl::Status ReadAll() {
    for (Message message; reader->Read(&message);) {
      numbers.push_back(message.progress().done());
    }
    return FromGrpc(reader->Finish());
  }

  grpc::ClientContext context;
  std::unique_ptr<grpc::ClientReader<Message>> reader;
  std::vector<int64_t> numbers;
};

class StreamCallTest : public ServedTest {
 protected:
  StreamCallTest() : ServedTest({.maintenance = {.threads = 1, .queue_max = 1}}) {}

  // Serves streams of `work`.
  void Serve(Work work) {
    stub_ = v1::AdminService::NewStub(
        ServeOn(MethodSpec::StreamOn(Lane::kMaintenance, std::move(work))));
  }

  // Work that writes until it is refused, more than a client that does not read can be sent, and
  // tells with what it ended.
  Work Endless() {
    return [this](const auto&, const auto&, StreamWriter<Message>& writer) {
      absl::Status status;
      for (int i = 0; status.ok(); ++i) {
        status = writer.Write(Numbered(i, 10'000));
        if (i == 3) {
          is_writing_.Notify();
        }
      }
      ended_with_ = status;
      ended_.Notify();
      return status;
    };
  }

  std::unique_ptr<v1::AdminService::Stub> stub_;
  absl::Notification is_writing_;
  absl::Notification ended_;
  absl::Status ended_with_;
};

TEST_F(StreamCallTest, SendsItsMessagesInOrderAndThenItsStatus) {
  Serve([](const auto&, const auto&, StreamWriter<Message>& writer) {
    for (int i = 0; i < 100; ++i) {
      EXPECT_TRUE(writer.Check().ok());
      EXPECT_TRUE(writer.Write(Numbered(i)).ok());
    }
    return Error(v1::ERROR_REASON_STORE_DAMAGED, "enough");
  });
  Stream stream(*stub_);
  const absl::Status status = stream.ReadAll();
  EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_STORE_DAMAGED);
  ASSERT_EQ(stream.numbers.size(), 100u);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(stream.numbers[i], i);
  }
  server_->Shutdown();
  EXPECT_THAT(access_log_.lines(),
              ElementsAre("AdminService/VerifyStore DATA_LOSS STORE_DAMAGED 0"));
}

TEST_F(StreamCallTest, SendsNothingButTheStatusIfThereIsNothing) {
  Serve([](const auto&, const auto&, StreamWriter<Message>&) { return absl::OkStatus(); });
  Stream stream(*stub_);
  EXPECT_TRUE(stream.ReadAll().ok());
  EXPECT_THAT(stream.numbers, IsEmpty());
}

TEST_F(StreamCallTest, EndsWhenTheClientGoesWhileTheWriterWaitsForIt) {
  Serve(Endless());
  Stream stream(*stub_);
  is_writing_.WaitForNotification();
  stream.context.TryCancel();
  ended_.WaitForNotification();
  EXPECT_TRUE(absl::IsCancelled(ended_with_)) << ended_with_;
  EXPECT_TRUE(absl::IsCancelled(stream.ReadAll()));
  server_->Shutdown();
  EXPECT_THAT(access_log_.lines(), ElementsAre("AdminService/VerifyStore CANCELLED  0"));
  EXPECT_THAT(log_lines_.text(), IsEmpty());
}

TEST_F(StreamCallTest, EndsWhenTheServerStopsWhileTheWriterWaitsForTheClient) {
  Serve(Endless());
  Stream stream(*stub_);
  is_writing_.WaitForNotification();
  runner_.BeginShutdown();
  EXPECT_TRUE(*runner_.stop_signal());
  ended_.WaitForNotification();
  EXPECT_EQ(ReasonOf(ended_with_), v1::ERROR_REASON_SHUTTING_DOWN);
  // A client that reads on gets what was sent, and is told why there is no more.
  EXPECT_EQ(ReasonOf(stream.ReadAll()), v1::ERROR_REASON_SHUTTING_DOWN);
  EXPECT_TRUE(runner_.WaitUntilIdle(absl::Now() + absl::Seconds(60)));
}

TEST_F(StreamCallTest, IsRefusedWhenTheServerIsStopping) {
  Serve([](const auto&, const auto&, StreamWriter<Message>&) {
    ADD_FAILURE() << "refused work ran";
    return absl::OkStatus();
  });
  runner_.BeginShutdown();
  EXPECT_EQ(ReasonOf(Stream(*stub_).ReadAll()), v1::ERROR_REASON_SHUTTING_DOWN);
}

TEST_F(StreamCallTest, IsRefusedWhenItsLaneIsFull) {
  absl::Notification started;
  absl::Notification release;
  const auto block = [&] { release.WaitForNotification(); };
  ASSERT_TRUE(executor_
                  .Submit(Lane::kMaintenance,
                          [&] {
                            started.Notify();
                            block();
                          })
                  .ok());
  started.WaitForNotification();
  ASSERT_TRUE(executor_.Submit(Lane::kMaintenance, block).ok());
  Serve([](const auto&, const auto&, StreamWriter<Message>&) { return absl::OkStatus(); });
  EXPECT_EQ(ReasonOf(Stream(*stub_).ReadAll()), v1::ERROR_REASON_QUEUE_FULL);
  release.Notify();
  executor_.Stop();  // Before what its work waits for goes.
}

TEST_F(StreamCallTest, AnswersInternalWhenItsWorkThrows) {
  Serve([](const auto&, const auto&, StreamWriter<Message>&) -> absl::Status {
    throw std::runtime_error("secret");
  });
  EXPECT_TRUE(absl::IsInternal(Stream(*stub_).ReadAll()));
  server_->Shutdown();
  executor_.Stop();  // The line is written after the answer.
  EXPECT_THAT(log_lines_.text(), HasSubstr("handler threw"));
}

}  // namespace
}  // namespace emptychair
