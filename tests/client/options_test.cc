// Options and their defaults, and what a writer says by itself, are those of all clients.
#include <fstream>
#include <functional>
#include <map>
#include <string>

#include "client/writer/spool_format.h"
#include "common/base/errors.h"
#include "emptychair/client/client.h"
#include "gmock/gmock.h"
#include "google/protobuf/struct.pb.h"
#include "gtest/gtest.h"
#include "tests/client/vectors.h"
#include "tests/client/writer/writer_harness.h"
#include "tests/helpers/temp_dir.h"

namespace emptychair {
namespace {

using ::emptychair::testing::MemberOf;
using ::emptychair::testing::Section;
using ::emptychair::testing::TempDir;
using ::emptychair::testing::TextAt;
using ::google::protobuf::ListValue;
using ::google::protobuf::Struct;
using ::google::protobuf::Value;
using ::testing::ElementsAre;

class OptionsTest : public WriterTest {};

TEST_F(OptionsTest, ClientOptions) {
  const ListValue& section = Section("client_options");
  ClientOptions options;
  EXPECT_EQ(options.endpoint, TextAt(section.values(0).struct_value(), "default"));
  const Struct& timeout = section.values(1).struct_value();
  EXPECT_EQ(options.timeout, absl::Milliseconds(MemberOf(timeout, "default").number_value()));
  options.timeout = absl::Milliseconds(MemberOf(timeout, "most").number_value());
  EXPECT_OK(Client::Create(options).status());
  options.timeout += absl::Milliseconds(1);
  EXPECT_THAT(FieldsOf(Client::Create(options).status()), ElementsAre("timeout"));
}

// How the tests of options get at a number of FeedbackWriterOptions, a time in milliseconds.
struct WriterOption {
  std::string name;
  std::function<double(const FeedbackWriterOptions&)> get;
  std::function<void(FeedbackWriterOptions&, double)> set;
};

WriterOption DurationOption(const std::string& name,
                            absl::Duration FeedbackWriterOptions::*option) {
  return {name, [option](const auto& o) { return absl::ToDoubleMilliseconds(o.*option); },
          [option](auto& o, double ms) { o.*option = absl::Milliseconds(ms); }};
}

template <typename Number>
WriterOption NumberOption(const std::string& name, Number FeedbackWriterOptions::*option) {
  return {name, [option](const auto& o) { return static_cast<double>(o.*option); },
          [option](auto& o, double value) { o.*option = static_cast<Number>(value); }};
}

TEST_F(OptionsTest, WriterOptions) {
  using O = FeedbackWriterOptions;
  const std::map<std::string, WriterOption> numbers = {
      {"batch_records", NumberOption("batch_records", &O::batch_records)},
      {"batch_bytes", NumberOption("batch_bytes", &O::batch_bytes)},
      {"linger_ms", DurationOption("linger", &O::linger)},
      {"queue_bytes", NumberOption("queue_bytes", &O::queue_bytes)},
      {"block_timeout_ms", DurationOption("block_timeout", &O::block_timeout)},
      {"in_flight_batches", NumberOption("in_flight_batches", &O::in_flight_batches)},
      {"give_up_after_ms", DurationOption("give_up_after", &O::give_up_after)},
      {"spool_bytes",
       {"spool.bytes_max", [](const O& o) { return static_cast<double>(o.spool.bytes_max); },
        [](O& o, double value) { o.spool.bytes_max = static_cast<int64_t>(value); }}},
  };
  size_t seen = 0;
  for (const Value& value : Section("writer_options").values()) {
    const Struct& entry = value.struct_value();
    const std::string& name = TextAt(entry, "name");
    SCOPED_TRACE(name);
    const Value& wanted = MemberOf(entry, "default");
    if (name == "when_full" || name == "sync") {
      EXPECT_EQ(wanted.string_value(), name == "sync" ? "INTERVAL" : "REFUSE");
      EXPECT_EQ(O().when_full, WhenFull::kRefuse);
      EXPECT_EQ(O().spool.sync, SpoolOptions::Sync::kInterval);
      continue;
    }
    ++seen;
    ASSERT_TRUE(numbers.contains(name));
    const WriterOption& option = numbers.at(name);
    EXPECT_EQ(option.get(O()), wanted.number_value());
    const auto start = [&](const std::string& end, double more) {
      options_ = {};
      option.set(options_, MemberOf(entry, end).number_value() + more);
      return WriterCore::Start(options_, &clock_, server_.OpenStream()).status();
    };
    EXPECT_OK(start("least", 0));
    EXPECT_OK(start("most", 0));
    for (const absl::Status& status : {start("least", -1), start("most", 1)}) {
      EXPECT_EQ(ReasonNameOf(status), "FIELD_INVALID");
      EXPECT_THAT(FieldsOf(status), ElementsAre(option.name));
    }
  }
  EXPECT_EQ(seen, numbers.size());
}

class WriterErrorsTest : public WriterTest {
 protected:
  WriterErrorsTest() {
    server_.SetScript([](int, const auto&) { return ScriptedServer::Answer{.is_held = true}; });
    options_.on_result = [this](const FeedbackResult& result) { status_ = result.status; };
  }

  absl::Status Of(const std::string& name) {
    if (name == "spool_in_use") {
      options_.spool.directory = folder_.path();
      Start();
    } else if (name == "spool_damaged") {
      options_.spool.directory = folder_.path();
      std::ofstream(folder_.Join(SpoolFileName(0))) << "ECSPOOL2";
    } else if (name == "spool_not_usable") {
      options_.spool.directory = folder_.Join("no/such");
    } else if (name == "option_out_of_range") {
      options_.in_flight_batches = 9;
    }
    if (!options_.spool.directory.empty() || name == "option_out_of_range") {
      return WriterCore::Start(options_, &clock_, server_.OpenStream()).status();
    }
    options_.batch_records = 1;
    options_.in_flight_batches = 1;
    options_.queue_bytes = name == "full" ? 1 : 40;
    options_.when_full = WhenFull::kDropOldest;
    Start();
    if (name == "full") {
      return writer_->Add(Record("a"), {});
    }
    const size_t before = server_.received().size();
    Add("a");
    AwaitBatches(before + 1);
    if (name == "flush_in_vain") {
      return writer_->Flush(absl::ZeroDuration());
    }
    if (name == "dropped") {
      AddAll({"b", "c", "d"});
      AwaitResults(1);
    } else {
      const absl::Status closed = writer_->Close(absl::ZeroDuration());
      if (name == "close_in_vain") {
        return closed;
      }
      if (name == "added_after_close") {
        return writer_->Add(Record("b"), {});
      }
      EXPECT_EQ(name, "left_at_close");
    }
    return status_;
  }

  const TempDir folder_;
  // Of the last result: there is one alone, and it is awaited.
  absl::Status status_;
};

TEST_F(WriterErrorsTest, AreThoseOfAllClients) {
  for (const Value& value : Section("writer_errors").values()) {
    const Struct& entry = value.struct_value();
    const std::string& name = TextAt(entry, "case");
    SCOPED_TRACE(name);
    const FeedbackWriterOptions options = options_;
    const absl::Status status = Of(name);
    EXPECT_EQ(absl::StatusCodeToString(status.code()), TextAt(entry, "code"));
    EXPECT_EQ(ReasonNameOf(status), TextAt(entry, "reason"));
    End();
    options_ = options;
  }
}

}  // namespace
}  // namespace emptychair
