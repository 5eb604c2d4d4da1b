// The binary under clients that mean it harm: its memory stays bounded, and it goes on serving.
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "common/rpc/status_conversion.h"
#include "emptychair/v1/feedback_service.grpc.pb.h"
#include "gmock/gmock.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"
#include "tests/helpers/temp_dir.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"

namespace emptychair::testing {
namespace {

constexpr int64_t kMebibyte = int64_t{1} << 20;

// `count` times the same bytes.
std::string Repeated(absl::string_view bytes, size_t count) {
  std::string all;
  all.reserve(bytes.size() * count);
  for (size_t i = 0; i < count; ++i) {
    all.append(bytes.data(), bytes.size());
  }
  return all;
}

// Refused for `reason`, or by gRPC, which ends calls and connections when memory is short.
void ExpectRefused(const absl::Status& status, v1::ErrorReason reason) {
  EXPECT_TRUE(ReasonOf(status) == reason || absl::IsResourceExhausted(status) ||
              absl::IsUnavailable(status))
      << status;
}

class HostileClientTest : public ::testing::Test {
 protected:
  void SetUp() override {
    server_ = StartServer();
    client_ = MakeClient(server_.endpoint);
    Create(client_, NpsSurvey("nps"));
  }

  // Every test ends with a server that serves.
  void TearDown() override {
    Submit(client_, Answer("nps", "last", kTime, 9));
    EXPECT_GE(Total(client_, "nps").answers(), 1);
    RecordProperty("peak_mebibytes", static_cast<int>(PeakBytes() / kMebibyte));
  }

  virtual RunningBinary StartServer() {
    absl::StatusOr<RunningBinary> binary = StartBinary(directory_.Join("data"));
    EXPECT_OK(binary);
    return binary.ok() ? *std::move(binary) : RunningBinary();
  }

  // The most memory that the server had at any time.
  int64_t PeakBytes() const {
    const std::optional<int64_t> bytes = server_.process->PeakMemoryBytes();
    EXPECT_TRUE(bytes.has_value());
    return bytes.value_or(0);
  }

  std::shared_ptr<grpc::Channel> NewChannel() const {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetMaxReceiveMessageSize(-1);
    return grpc::CreateCustomChannel(server_.endpoint, grpc::InsecureChannelCredentials(),
                                     arguments);
  }

  // Sends `bytes` as the request of a unary method, `calls` times at once, each over a connection
  // of its own; answers the errors.
  std::vector<absl::Status> Send(const std::string& method, const std::string& bytes, int calls,
                                 const std::function<void(grpc::ClientContext&)>& prepare = {}) {
    const grpc::Slice slice(bytes);
    std::vector<absl::Status> statuses(calls);
    std::vector<std::thread> threads;
    for (int i = 0; i < calls; ++i) {
      threads.emplace_back([&, i] {
        grpc::GenericStub stub(NewChannel());
        grpc::ClientContext context;
        context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
        if (prepare) {
          prepare(context);
        }
        const grpc::ByteBuffer request(&slice, 1);
        grpc::ByteBuffer response;
        absl::Notification done;
        stub.UnaryCall(&context, "/emptychair.v1." + method, grpc::StubOptions(), &request,
                       &response, [&](const grpc::Status& status) {
                         statuses[i] = FromGrpc(status);
                         done.Notify();
                       });
        done.WaitForNotification();
      });
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
    return statuses;
  }

  const TempDir directory_;
  RunningBinary server_;
  Client client_{nullptr};
};

// Two bytes each, which would take two hundred once parsed.
TEST_F(HostileClientTest, BatchesOfMillionsOfEmptyRecordsAreRefusedUnparsed) {
  const std::string flood = Repeated(absl::string_view("\x0a\x00", 2), 2'000'000);
  for (const absl::Status& status : Send("FeedbackService/BatchSubmitFeedback", flood, 16)) {
    ExpectRefused(status, v1::ERROR_REASON_BATCH_TOO_LARGE);
  }
  EXPECT_LT(PeakBytes(), 400 * kMebibyte);
}

TEST_F(HostileClientTest, StreamsOfMillionsOfEmptyRecordsEndUnparsed) {
  const std::string flood = Repeated(absl::string_view("\x12\x00", 2), 2'000'000);
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      grpc::GenericStub stub(NewChannel());
      grpc::ClientContext context;
      grpc::CompletionQueue queue;
      const auto call =
          stub.PrepareCall(&context, "/emptychair.v1.FeedbackService/StreamFeedback", &queue);
      void* tag = nullptr;
      bool ok = false;
      const auto wait = [&] { return queue.Next(&tag, &ok) && ok; };
      call->StartCall(nullptr);
      const grpc::Slice slice(flood);
      if (wait()) {
        call->Write(grpc::ByteBuffer(&slice, 1), nullptr);
        wait();
      }
      grpc::Status status;
      call->Finish(&status, nullptr);
      wait();
      EXPECT_EQ(ReasonOf(FromGrpc(status)), v1::ERROR_REASON_BATCH_TOO_LARGE)
          << status.error_message();
      queue.Shutdown();
      while (queue.Next(&tag, &ok)) {
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_LT(PeakBytes(), 400 * kMebibyte);
}

TEST_F(HostileClientTest, QueriesOfMillionsOfEmptyFiltersAreRefusedUnparsed) {
  // Field 9 of QueryMetricRequest, `filters`.
  const int field = v1::QueryMetricRequest::kFiltersFieldNumber;
  const char tag[] = {static_cast<char>(field << 3 | 2), 0};
  const std::string flood = Repeated(absl::string_view(tag, 2), 2'000'000);
  for (const absl::Status& status : Send("MetricsService/QueryMetric", flood, 64)) {
    ExpectRefused(status, v1::ERROR_REASON_FIELD_INVALID);
  }
  EXPECT_LT(PeakBytes(), 400 * kMebibyte);
}

// As large as a request may be, of fields of two bytes each that no version knows, and that take
// sixteen once parsed. All wait for the same lane.
TEST_F(HostileClientTest, RequestsThatWaitTakeNoMoreThanTheirBytes) {
  const std::string flood = Repeated(absl::string_view("\x78\x01", 2), (size_t{2} << 20) / 2);
  for (const char* method :
       {"SurveyService/GetSurvey", "FeedbackService/SubmitFeedback", "AdminService/CompactStore"}) {
    Send(method, flood, 64);
  }
  EXPECT_LT(PeakBytes(), 400 * kMebibyte);
}

// A word of letters alone for each number.
std::string Word(absl::string_view prefix, int number) {
  std::string word(prefix);
  for (; number > 0; number /= 26) {
    word += static_cast<char>('a' + number % 26);
  }
  return word;
}

TEST_F(HostileClientTest, CommentsOfMillionsOfWordsAreComparedInParts) {
  constexpr int kComments = 600;
  constexpr int kWordsOfOne = 2'000;
  int next = 0;
  for (int batch = 0; batch < 6; ++batch) {
    std::vector<v1::Feedback> answers;
    for (int i = batch; i < kComments; i += 6) {
      const bool is_promoter = i % 2 == 0;
      v1::Feedback& answer = answers.emplace_back(
          Answer("nps", absl::StrCat("row ", i), kTime + absl::Minutes(i), is_promoter ? 10 : 0));
      std::string comment = is_promoter ? "fast" : "slow";
      if (is_promoter) {
        absl::StrAppend(&comment, " ", Word("gem", i / 2 % 60));
      }
      for (int j = 0; j < kWordsOfOne; ++j) {
        absl::StrAppend(&comment, " ", Word("z", ++next));
      }
      answer.set_comment(comment);
    }
    EXPECT_EQ(Value(TryBatch(client_, answers)).accepted_count(), kComments / 6);
  }
  v1::CompareWordsRequest request;
  request.mutable_base()->add_survey_ids("nps");
  request.set_by_class(true);
  request.set_min_comments(2);
  request.set_limit(1'000);
  const v1::CompareWordsResponse response = Value(client_.CompareWords(request));
  EXPECT_EQ(response.base_comments(), kComments / 2);
  EXPECT_EQ(response.candidate_comments(), kComments / 2);
  EXPECT_GT(response.records_scanned(), 2 * kComments);
  std::map<std::string, std::pair<int64_t, int64_t>> counts;
  for (const v1::WordComparison& word : response.words()) {
    counts[word.word()] = {word.base_count(), word.candidate_count()};
  }
  std::map<std::string, std::pair<int64_t, int64_t>> wanted = {{"fast", {0, kComments / 2}},
                                                               {"slow", {kComments / 2, 0}}};
  for (int i = 0; i < 60; ++i) {
    wanted[Word("gem", i)] = {0, kComments / 2 / 60};
  }
  EXPECT_EQ(counts, wanted);
  EXPECT_LT(PeakBytes(), 400 * kMebibyte);
}

TEST_F(HostileClientTest, MessagesOfAHundredMebibytesAreNotKept) {
  const std::string zeros(static_cast<size_t>(100 * kMebibyte), '\0');
  for (const absl::Status& status : Send("FeedbackService/BatchSubmitFeedback", zeros, 4)) {
    EXPECT_TRUE(absl::IsResourceExhausted(status) || absl::IsUnavailable(status)) << status;
  }
  EXPECT_LT(PeakBytes(), 400 * kMebibyte);
}

TEST_F(HostileClientTest, CompressedMessagesAreRefusedPacked) {
  const std::string zeros(static_cast<size_t>(200 * kMebibyte), '\0');
  for (const absl::Status& status :
       Send("FeedbackService/BatchSubmitFeedback", zeros, 2, [](grpc::ClientContext& context) {
         context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
       })) {
    EXPECT_TRUE(absl::IsUnimplemented(status) || absl::IsUnavailable(status)) << status;
  }
  EXPECT_LT(PeakBytes(), 200 * kMebibyte);
}

TEST_F(HostileClientTest, WatchersThatDoNotReadCostLittleEach) {
  for (int batch = 0; batch < 10; ++batch) {
    std::vector<v1::Feedback> records;
    for (int i = 0; i < 500; ++i) {
      records.push_back(Answer("nps", absl::StrCat(batch, " ", i), kTime, 9));
      records.back().set_comment(std::string(4'000, 'x'));
    }
    SubmitAll(client_, records);
  }
  v1::WatchFeedbackRequest request;
  request.set_after_sequence(0);
  struct Watcher {
    std::shared_ptr<grpc::Channel> channel;
    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientReader<v1::WatchFeedbackResponse>> reader;
  };
  std::vector<std::unique_ptr<Watcher>> watchers;
  for (int i = 0; i < 200; ++i) {
    auto watcher = std::make_unique<Watcher>();
    watcher->channel = i % 20 == 0 ? NewChannel() : watchers.back()->channel;
    watcher->reader =
        v1::FeedbackService::NewStub(watcher->channel)->WatchFeedback(&watcher->context, request);
    watcher->reader->WaitForInitialMetadata();
    watchers.push_back(std::move(watcher));
  }
  EXPECT_EQ(Total(client_, "nps").answers(), 5'000);
  EXPECT_LT(PeakBytes(), 600 * kMebibyte);
  for (const auto& watcher : watchers) {
    watcher->context.TryCancel();
    v1::WatchFeedbackResponse message;
    while (watcher->reader->Read(&message)) {
    }
    watcher->reader->Finish();
  }
}

// Few descriptors, for this process and the server that it starts.
class FewDescriptorsTest : public HostileClientTest {
 protected:
  RunningBinary StartServer() override {
    rlimit before{};
    getrlimit(RLIMIT_NOFILE, &before);
    rlimit few = before;
    few.rlim_cur = 200;
    setrlimit(RLIMIT_NOFILE, &few);
    RunningBinary server = HostileClientTest::StartServer();
    setrlimit(RLIMIT_NOFILE, &before);
    return server;
  }

  // Connects and says nothing.
  int Connect() const {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int port = 0;
    EXPECT_TRUE(absl::SimpleAtoi(server_.endpoint.substr(server_.endpoint.rfind(':') + 1), &port));
    address.sin_port = htons(static_cast<uint16_t>(port));
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    return fd;
  }
};

TEST_F(FewDescriptorsTest, ConnectionsThatSayNothingDoNotKeepOthersOutForEver) {
  std::vector<int> connections;
  for (int i = 0; i < 400; ++i) {
    connections.push_back(Connect());
  }
  // Who is connected is served, and the store has descriptors for its files.
  SubmitAll(client_, NpsAnswers("nps", 2'000, 0, 0, kTime));
  for (const int connection : connections) {
    close(connection);
  }
  // Whoever comes then is served.
  Client late = MakeClient(server_.endpoint);
  absl::StatusOr<v1::GetStatusResponse> status = late.GetStatus();
  for (const absl::Time start = absl::Now(); !status.ok() && absl::Now() - start < kLong;) {
    status = late.GetStatus();
  }
  EXPECT_OK(status);
}

}  // namespace
}  // namespace emptychair::testing
